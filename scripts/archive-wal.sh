#!/bin/sh
# archive_command = '/path/to/scripts/archive-wal.sh %p %f'
#
# The server calls this for every WAL segment, so it starts no process but pgkeep itself. It always ends with 0 (stored) or
# 1 to 125 (try again): a higher code, or a signal, would make PostgreSQL restart its archiver.

# Through a link to this file the directory is found by one more process; a link to the directory needs none.
self=$0
[ ! -h "$self" ] || self=$(readlink -f -- "$self")
case $self in
*/*) pgkeep=${self%/*}/../artifacts/native/pgkeep ;;
*) pgkeep=../artifacts/native/pgkeep ;;
esac
[ -x "$pgkeep" ] || pgkeep=pgkeep

"$pgkeep" archive-wal "$@"
status=$?
[ $status -gt 125 ] || exit $status

echo "error: $pgkeep ended with $status (126: may not be run, 127: not found, more: a signal); is it built? run ./pgkeep --version beside scripts/" >&2
exit 125
