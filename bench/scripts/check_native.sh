#!/bin/sh
# Runs unit test programs. One that prints "N passed, N failed" last counts as
# that; another counts as one test, by its exit status.
#   sh bench/scripts/check_native.sh PROGRAM...
set -u

passed=0 failed=0
for program; do
    output=$("$program" 2>&1)
    status=$?
    output=$(printf '%s\n' "$output" | tr -d '\r')
    printf '%s\n' "$output" | sed "s|^|${program##*/}: |"
    # shellcheck disable=SC2046 # two words are meant
    set -- $(printf '%s\n' "$output" |
        sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*$/\1 \2/p' | tail -n 1)
    [ $# -eq 2 ] || set -- $((status == 0)) 0
    # A sanitizer may end a program after it has printed its count.
    [ "$status" -eq 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1
    passed=$((passed + $1)) failed=$((failed + $2))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
