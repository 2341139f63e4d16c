#!/bin/sh
# check-backups.sh    [pgkeep check's options]
#
# For monitoring: ends with 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN, and the first line says why.
self=$(readlink -f -- "$0")
home=${self%/scripts/*}
for pgkeep in "$home/pgkeep" "$home/artifacts/native/pgkeep" pgkeep; do
    command -v "$pgkeep" >/dev/null || continue
    "$pgkeep" check "$@"
    status=$?
    [ $status -gt 3 ] || exit $status
    echo "UNKNOWN: $pgkeep check ended with $status"
    exit 3
done
echo "UNKNOWN: there is no pgkeep in \"$home\", nor on PATH"
exit 3
