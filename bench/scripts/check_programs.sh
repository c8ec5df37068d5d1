#!/bin/sh
# Runs commands, and shows what those print that fail. One that prints "N
# passed, N failed[, N skipped]" last counts as that; another as one test, by
# its status.
#   [WINE=...] sh bench/scripts/check_programs.sh COMMAND...
set -u

passed=0 failed=0 skipped=0
for command; do
    case $command in *.exe) command="${WINE:-} $command" ;; esac
    output=$($command 2>&1)
    status=$?
    # Seen on Wine 8, twice in seventy starts of one program on a busy machine:
    # status 1 and not a word, though our programs say why they end.
    if [ "${WINE:-}" ] && [ "$status$output" = 1 ]; then
        echo "$command: ended without a word, and is started again"
        output=$($command 2>&1)
        status=$?
    fi
    # A sanitizer may end a program after it has printed its count.
    # shellcheck disable=SC2046 # three words are meant
    set -- $(printf '%s\n' "$output" | tr -d '\r' | awk -v status="$status" '
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            passed = $1; failed = $3; skipped = $5; found = 1
        }
        END {
            if (!found) passed = status == 0
            print passed + 0, status != 0 && !failed ? 1 : failed + 0,
                skipped + 0
        }')
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    [ "$2" -eq 0 ] || printf '%s:\n%s\n' "$command" "$output"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
