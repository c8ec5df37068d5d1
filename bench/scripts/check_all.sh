#!/bin/sh
# Runs the parts of `make check`, whatever their outcome, and ends with the sum.
# Each part is a make target that prints a line "N passed, N failed[, N skipped]"
# last. Those before "--" compute and need no Wine; they run one after the other
# beside those after it, which mostly wait, and are shown when all have ended.
#   MAKE=... sh bench/scripts/check_all.sh TARGET... -- TARGET...
set -u

logs=$(mktemp -d) || exit 1
beside=
trap 'rm -rf "$logs"' EXIT
trap 'kill $beside 2>/dev/null; exit 130' INT
trap 'kill $beside 2>/dev/null; exit 143' TERM HUP

# Runs one part; what came of it goes into a file: "PART PASSED FAILED SKIPPED
# SECONDS".
run() {
    begin=$(date +%s)
    printf '\n== %s\n' "$1"
    { $MAKE "$1" 2>&1; echo $? >"$logs/$1.status"; } | tee "$logs/$1.log"
    tr -d '\r' <"$logs/$1.log" | awk -v part="$1" \
        -v status="$(cat "$logs/$1.status")" \
        -v seconds=$(($(date +%s) - begin)) '
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            passed = $1; failed = $3; skipped = $5 + 0
        }
        END { # ended badly without counting a failure: it has failed as one
            if (status != 0 && failed + 0 == 0) failed = 1
            print part, passed + 0, failed + 0, skipped + 0, seconds
        }' >>"$logs/results"
}

run_beside() {
    for part; do
        [ "$part" != -- ] || break
        run "$part"
    done
}

run_beside "$@" >"$logs/beside" 2>&1 &
beside=$!
while [ "$1" != -- ]; do
    shift
done
shift
for part; do
    run "$part"
done
wait
cat "$logs/beside"

printf '\n'
echo 'left out, because they take long: make mutants, check-guard, faults,' \
    'soak, and make check-servers ARGS=--long'
awk '{
        passed += $2; failed += $3; skipped += $4
        times = times (times == "" ? "" : ", ") $1 " " $5 " s"
        if ($3 > 0) broken = broken " " $1
    }
    END {
        print "it took: " times
        if (broken != "") print "not well:" broken
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0
    }' "$logs/results"
