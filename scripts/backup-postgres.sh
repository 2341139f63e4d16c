#!/bin/sh
# backup-postgres.sh base | verify [BACKUP] | cleanup | stats    [pgkeep's options]
#
# Run as the server's account: sudo -u postgres scripts/backup-postgres.sh base
set -eu

case ${1-} in
base) verb=backup ;;
verify | cleanup | stats) verb=$1 ;;
*)
    echo "usage: ${0##*/} base | verify [BACKUP] | cleanup | stats    [OPTION]..." >&2
    exit 2
    ;;
esac
shift

self=$(readlink -f -- "$0")
home=${self%/scripts/*}
for pgkeep in "$home/pgkeep" "$home/artifacts/native/pgkeep" pgkeep; do
    ! command -v "$pgkeep" >/dev/null || exec "$pgkeep" "$verb" "$@"
done
echo "error: there is no pgkeep in \"$home\", nor on PATH" >&2
exit 10
