#!/bin/sh
# The conformance suite over all servers, two of them at a time: its cases wait
# far more than they compute.
#   BUILD=... [WINE=...] sh bench/check_servers.sh [ARGUMENTS]
# The last line is "N passed, N failed, N skipped".
set -u

# $1...: servers, one after the other. Prints their lines; keeps their sums.
run() {
    for server; do
        # shellcheck disable=SC2086 # WINE is empty on Windows
        ${WINE:-} "$BUILD/check.exe" --server "$server" $arguments 2>&1 |
            tr -d '\r' | awk -v sums="$sums" '
                /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
                    print >>sums; close(sums); next
                }
                { print; fflush() }'
    done
}

arguments=$*
sums=$BUILD/check-servers.sums
: >"$sums"
# A wineserver that one of the two starts would keep its pipe open until the other
# ends as well. with_wine.sh ends this one.
# shellcheck disable=SC2086 # WINESERVER may be a command with arguments
[ -z "${WINESERVER:-}" ] || $WINESERVER -p >"$BUILD/wineserver.log" 2>&1

run 02 04 &
one=$!
run 01 03 05 &
other=$!
# check.exe hears of Ctrl+C by itself; the loops over the servers do not.
trap 'kill $one $other 2>/dev/null; exit 130' INT TERM HUP
wait
# A server without a sum ended before its cases did.
awk '{ passed += $1; failed += $3; skipped += $5 }
    END {
        failed += 5 - NR
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0
    }' "$sums"
