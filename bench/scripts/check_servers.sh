#!/bin/sh
# The conformance suite over all servers, in two series at the same time: its
# cases wait far more than they compute. Under Wine the second series has a
# prefix of its own, so that neither waits for the other's wineserver.
#   BUILD=... [WINE=... WINEPREFIX=...] sh bench/scripts/check_servers.sh
# It repeats at the end what failed; its last line is the sum of both.
set -u

log=$BUILD/check-servers

# Both series take the next server that the other one has not taken.
if [ "${1:-}" = series ]; then
    for server in 05 02 04 01 03; do
        mkdir "$log.$server" 2>/dev/null || continue
        # shellcheck disable=SC2086 # WINE is empty on Windows
        ${WINE:-} "$BUILD/check.exe" --server "$server"
    done
    exit
fi

rm -rf "$log".*
: >"$log.1"
: >"$log.2"
# Into files: a wineserver that a series starts would keep a pipe open.
sh "$0" series >"$log.1" 2>&1 &
first=$!
${WINE:+env WINEPREFIX="$WINEPREFIX-second" sh bench/scripts/with_wine.sh} \
    sh "$0" series >"$log.2" 2>&1 &
second=$!
tail -q -n +1 -f "$log.1" "$log.2" &
progress=$!
# check.exe hears of Ctrl+C by itself; the series do not.
trap 'kill $first $second $progress 2>/dev/null; exit 130' INT TERM HUP
wait $first $second
sleep 1 # tail looks once a second
kill $progress

printf '\nwhat failed, once more:\n'
cat "$log.1" "$log.2" | tr -d '\r' | awk '
    /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
        passed += $1; failed += $3; skipped += $5; sums++; next
    }
    !/^    / { failure = / FAILED / }
    failure # the line of the case, and those below it that say why
    END {
        if (sums < 5) print "a series ended before its cases did"
        failed += 5 - sums
        if (failed == 0) print "nothing"
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0
    }'
