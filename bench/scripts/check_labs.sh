#!/bin/sh
# Runs the labs of all chapters: under Wine 8 each ends with status 1 if a claim
# gets another verdict than its table says. And common/claims.md, which `make
# texts` has just written from the tables, must be as it was committed.
#   BUILD=... [WINE=...] sh bench/scripts/check_labs.sh
# The last line is "N passed, N failed".
set -u

log=$BUILD/check-labs.log passed=0 failed=0
count() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# Shows the sum; of claims only those that came out otherwise, or did not end.
run_labs() {
    # shellcheck disable=SC2086 # WINE is empty on Windows
    ${WINE:-} "$1" >"$log" 2>&1
    status=$?
    tr -d '\r' <"$log" |
        awk -v RS= '!/\n +because: / || /\n +under Wine 8 it was: /'
    return $status
}

for program in "$BUILD"/labs_*.exe; do
    count run_labs "$program"
done
count git diff --exit-code -- common/claims.md
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
