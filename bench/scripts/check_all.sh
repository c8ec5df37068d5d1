#!/bin/sh
# Runs the parts of `make check`, whatever their outcome, and ends with the sum
# and what failed. Each part is a make target whose last line is "N passed, N
# failed[, N skipped]". Those before "--" compute and need no Wine; they run one
# after the other beside those after it, which mostly wait, and are shown last.
#   MAKE=... sh bench/scripts/check_all.sh TARGET... -- TARGET...
set -u

logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
trap 'kill $beside 2>/dev/null; exit 130' INT
trap 'kill $beside 2>/dev/null; exit 143' TERM HUP

# Runs parts up to "--"; $logs/results gets PART SECONDS PASSED FAILED SKIPPED.
run() {
    for part; do
        [ "$part" != -- ] || break
        begin=$(date +%s)
        printf '\n== %s\n' "$part"
        { $MAKE "$part" 2>&1 || echo 'it failed'; } | tee "$logs/$part"
        tr -d '\r' <"$logs/$part" | awk \
            -v part="$part $(($(date +%s) - begin))" '
            /^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3; s = $5 }
            END { # failed without a count: as one
                print part, p + 0, f + 0 ? f : $0 == "it failed", s + 0
            }' >>"$logs/results"
    done
}

run "$@" >"$logs/beside" 2>&1 &
beside=$!
while [ "$1" != -- ]; do
    shift
done
shift
run "$@"
wait
cat "$logs/beside"

awk '$4 > 0 { print $1 }' "$logs/results" | while read -r part; do
    printf '\n== make %s failed:\n' "$part"
    grep -v '^make' "$logs/$part" | tail -n 12
done
printf '\nleft out, because they take long: make mutants, faults, soak,'
printf ' and make check-servers ARGS=--long\n'
awk '
    {
        passed += $3; failed += $4; skipped += $5
        times = times (times == "" ? "" : ", ") $1 " " $2 " s"
        if ($4 > 0) broken = broken " " $1
    }
    END {
        print "it took: " times
        if (broken != "") print "what failed:" broken
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0
    }' "$logs/results"
