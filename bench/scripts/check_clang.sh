#!/bin/sh
# Builds programs with clang, and with clang-PROCESSOR all objects for that one.
# Each counts as one test.
#   MAKE=... sh bench/scripts/check_clang.sh [PROGRAM | clang-PROCESSOR]...
set -u

command -v clang >/dev/null || {
    echo 'skipped: clang is not here'
    echo '0 passed, 0 failed, 1 skipped'
    exit 0
}

passed=0 failed=0 programs=
for goal; do
    case $goal in
    clang-*) ;;
    *) programs="$programs $goal" ;;
    esac
done
$MAKE -k clang-build GOAL="$programs" && echo 'built with clang, no warning'
for goal; do
    # Once more one by one, to see which are there and up to date.
    case $goal in
    clang-*) $MAKE -k "$goal" ;;
    *) $MAKE clang-build GOAL="$goal" >/dev/null 2>&1 ;;
    esac && passed=$((passed + 1)) && continue
    echo "clang cannot build $goal"
    failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
