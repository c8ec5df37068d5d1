#!/bin/sh
# Runs the labs of all chapters and compares each verdict with the one that the
# table of claims shows; and lets each lab judge made-up outcomes, to see that
# every verdict can be reached.
#   BUILD=... [WINE=...] sh bench/check_labs.sh common/claims.md
# The last line is "N passed, N failed": two for each claim.
set -u

log=$BUILD/check-labs.log
for program in "$BUILD"/labs_*.exe; do
    echo "program $program"
    # shellcheck disable=SC2086 # WINE is empty on Windows
    ${WINE:-} "$program" --simulate || echo "ended $?"
    # shellcheck disable=SC2086
    ${WINE:-} "$program" || echo "ended $?"
done 2>&1 | tr -d '\r' | tee "$log" | grep -E '^(program|[0-9])'

# What Wine 8 shows is in the table; elsewhere any verdict will do.
# shellcheck disable=SC2086
known=$(${WINE:-false} --version 2>/dev/null | grep -c '^wine-8\.')
tr -d '\r' <"$1" | awk -F ' *[|] *' -v log_file="$log" -v known="$known" '
    $2 ~ /^[0-9]\.[0-9]+$/ { wanted[$2] = $5 }
    function wrong(id, text) { print id ": " text; failed++ }
    END {
        while ((getline line <log_file) > 0) {
            if (line ~ /^[0-9]\.[0-9]+ +holds; does not hold; not on this platform$/) {
                sub(/ .*/, "", line); simulated[line] = 1
            } else if (line ~ /^[0-9]\.[0-9]+ /) {
                id = line; sub(/ .*/, "", id); tried[id] = 1
            } else if (line ~ /^ +(holds|does not hold|not on this platform)$/) {
                sub(/^ +/, "", line); verdict[id] = line
            } else if (line ~ /^ended /)
                wrong("a program", "its exit status was not 0: see " log_file)
        }
        for (id in wanted) tried[id] = 1
        for (id in tried) {
            if (simulated[id]) passed++
            else wrong(id, "a made-up outcome got the wrong verdict, or there is no such lab")
            if (!(id in verdict)) wrong(id, "came to no verdict")
            else if (!(id in wanted)) wrong(id, "is not in the table of claims")
            else if (known && verdict[id] != wanted[id])
                wrong(id, "came out as \"" verdict[id] "\", the table says \"" wanted[id] "\"")
            else passed++
        }
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0
    }'
