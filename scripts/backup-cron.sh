#!/bin/sh
# backup-cron.sh install | status | remove
#
# Lets cron take a backup and clean up. Run as root: sudo scripts/backup-cron.sh install
set -eu
asked=${CRON_TIME-}

# When: minute, hour, day of the month, month, day of the week. CRON_TIME in the environment wins; so does backup.env's
# while this is the default.
CRON_TIME="0 2 * * *"

if [ -n "$asked" ]; then
    CRON_TIME=$asked
elif [ "$CRON_TIME" = "0 2 * * *" ]; then
    unset CRON_TIME
fi
[ -z "${CRON_TIME-}" ] || export CRON_TIME

case ${1-} in
install | status | remove) ;;
*)
    echo "usage: ${0##*/} install | status | remove    [OPTION]..." >&2
    exit 2
    ;;
esac

self=$(readlink -f -- "$0")
home=${self%/scripts/*}
for pgkeep in "$home/pgkeep" "$home/artifacts/native/pgkeep" pgkeep; do
    ! command -v "$pgkeep" >/dev/null || exec "$pgkeep" cron "$@"
done
echo "error: there is no pgkeep in \"$home\", nor on PATH" >&2
exit 10
