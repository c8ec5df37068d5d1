#!/bin/sh
# `make check-page`: makes a report out of a plain sample and another out of the
# oddest figures and names there can be, and looks at both in a browser.
#   sh bench/check_page.sh TEST_PAGE FOLDER
# TEST_PAGE is the test program that can also print those pages. The last
# line is "N passed, N failed, N skipped".
set -u

passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT

for page in page odd; do
    "$1" --print "$page" >"$2/$page.html" || exit 1
    sh bench/tests/page/check_page.sh "$2/$page.html" | tee "$log"
    # shellcheck disable=SC2046 # three words are meant
    set -- "$1" "$2" $(awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
        print $1, $3, $5 }' "$log")
    passed=$((passed + ${3:-0})) failed=$((failed + ${4:-1}))
    skipped=$((skipped + ${5:-0}))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
