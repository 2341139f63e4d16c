#!/bin/sh
# restore-postgres.sh BACKUP ["TIME"]    [pgkeep restore's options]
#
# Stops the server, restores BACKUP (a path or a name) to the end of the archived WAL or to TIME, and starts the server again.
# Shows the plan and asks first; without a terminal it needs --yes. Run as root: sudo scripts/restore-postgres.sh BACKUP
set -eu

case ${1-} in
'' | -*)
    echo "usage: ${0##*/} BACKUP [\"YYYY-MM-DD HH:MM:SS\"] [OPTION]..." >&2
    exit 2
    ;;
esac
backup=$1
shift
case ${1--} in
-*) ;;
*)
    time=$1
    shift
    set -- --target-time "$time" "$@"
    ;;
esac

self=$(readlink -f -- "$0")
home=${self%/scripts/*}
for pgkeep in "$home/pgkeep" "$home/artifacts/native/pgkeep" pgkeep; do
    ! command -v "$pgkeep" >/dev/null || exec "$pgkeep" restore "$backup" --stop-server "$@"
done
echo "error: there is no pgkeep in \"$home\", nor on PATH" >&2
exit 10
