#!/bin/sh
# Runs the conformance suite on patched servers. A patch in bugs/ (the museum)
# turns a chapter's server into one with a known mistake, and the suite must
# fail; one in solutions/ is the answer to an exercise, and the suite must pass.
# Before its first "---" line it says what it is:
#   Bug: the echo is lost when the client half-closes
#   Seen in: where such code was published
#   Caught by: CASE[ CASE...]
# or
#   Exercise: what was to be written
#   How: how this solution does it
#   Checked by: CASE[ CASE...]
#   MAKE=... BUILD=... [WINE=...] sh bench/scripts/check_patches.sh NN_name/KIND/X.patch...
set -u

# What the head of a patch says about $1.
head_of_patch() {
    tr -d '\r' <"$patch" | sed -n "/^---/q; s/^$1: *//p"
}

# Runs one case against the patched server; true if as many cases failed as
# should: $2 is a pattern for that number, $3 the exit status.
comes_out() {
    # shellcheck disable=SC2086 # WINE is empty on Windows
    ${WINE:-} "$BUILD/check.exe" --server "${patch%%_*}" \
        --program "$program.exe" --case "$1" >>"$program.log" 2>&1
    status=$?
    tr -d '\r' <"$program.log" | tail -n 1 |
        grep -q "^$2, 0 skipped" && [ "$status" -eq "$3" ]
}

program_of() {
    kind=${1#*/} name=${1##*/}
    echo "$BUILD/${kind%%/*}/${1%%/*}_${name%.patch}"
}

# Looks at one patch, and keeps what came of it in a file.
look_at() {
    patch=$1
    program=$(program_of "$patch")
    case $patch in
    */bugs/*)
        what=$(head_of_patch Bug) why=$(head_of_patch 'Seen in')
        cases=$(head_of_patch 'Caught by') heads='Bug:, Seen in: or Caught by:'
        verb=caught pattern='[0-9]* passed, [1-9][0-9]* failed' expected=1
        ;;
    *)
        what=$(head_of_patch Exercise) why=$(head_of_patch How)
        cases=$(head_of_patch 'Checked by') heads='Exercise:, How: or Checked by:'
        verb=right pattern='[1-9][0-9]* passed, 0 failed' expected=0
        ;;
    esac
    wrong=
    if [ -z "$what" ] || [ -z "$cases" ] || [ -z "$why" ]; then
        wrong="its head lacks $heads"
    elif [ ! -e "$program.exe" ]; then
        wrong="does not apply or does not build: make $program.exe"
    else
        for case in $cases; do
            comes_out "$case" "$pattern" "$expected" ||
                wrong="$wrong not $verb by $case (exit status $status);"
        done
    fi
    if [ -z "$wrong" ]; then
        printf '%-7s %s (%s) by %s\n' "$verb" "${program##*/}" "$what" "$cases" |
            tee -a "$results"
    else
        echo "WRONG   ${program##*/} ($what): $wrong" | tee -a "$results"
        tail -n 15 "$program.log" 2>/dev/null | sed 's/^/    /'
    fi
}

# The cases wait more than they compute: two patches at a time.
every_other() {
    while [ $# -gt 0 ]; do
        look_at "$1"
        shift "$(($# > 1 ? 2 : 1))"
    done
}

programs=
for patch; do
    program=$(program_of "$patch")
    rm -f "$program.log" "$program.exe" # a stale one must not be tried
    programs="$programs $program.exe"
done
# shellcheck disable=SC2086 # a list of words is meant
[ -z "$programs" ] || $MAKE -k $programs >/dev/null 2>&1 # all jobs at once

results=$BUILD/check-patches.results
: >"$results"
every_other "$@" &
one=$!
trap 'kill $one 2>/dev/null; exit 130' INT TERM HUP
[ $# -eq 0 ] || shift
every_other "$@"
wait
failed=$(grep -c '^WRONG' "$results")
echo "$(($(wc -l <"$results") - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
