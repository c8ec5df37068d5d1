#!/bin/sh
# Runs the parts of `make check` one after the other, whatever their outcome,
# and ends with the sum. Each part is a make target that prints a line
# "N passed, N failed[, N skipped]" last.
#   MAKE=... sh bench/check_all.sh TARGET...
set -u

passed=0 failed=0 skipped=0 broken='' times=''
log=$(mktemp) || exit 1
trap 'rm -f "$log" "$log.status"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for part; do
    printf '\n== %s\n' "$part"
    begin=$(date +%s)
    { $MAKE "$part" 2>&1; echo $? >"$log.status"; } | tee "$log"
    status=$(cat "$log.status")
    # shellcheck disable=SC2046 # three words are meant
    set -- $(tr -d '\r' <"$log" | awk '
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            passed = $1; failed = $3; skipped = $5 + 0; seen = 1
        }
        END { if (seen) print passed, failed, skipped; else print 0, 0, 0 }')
    # A part that ended badly without counting a failure has failed as one.
    [ "$status" -ne 0 ] && [ "$2" -eq 0 ] && set -- "$1" 1 "$3"
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    [ "$2" -eq 0 ] || broken="$broken $part"
    times="$times $part $(($(date +%s) - begin)) s,"
done

printf '\n'
echo 'left out, because they take long: make mutants, check-guard, faults,' \
    'coverage, check-handles, soak, and make check-servers ARGS=--long'
echo "it took:${times%,}"
[ -z "$broken" ] || echo "not well:$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
