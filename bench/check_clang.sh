#!/bin/sh
# Builds programs with clang. Each counts as one test.
#   MAKE=... sh bench/check_clang.sh PROGRAM...
set -u

command -v clang >/dev/null || {
    echo 'skipped: clang is not here'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
}

passed=0 failed=0
$MAKE -k clang-build GOAL="$*" && echo 'built with clang, no warning'
for program; do
    # Once more one by one, to see which are there and up to date.
    if $MAKE clang-build GOAL="$program" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        echo "clang cannot build $program"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
