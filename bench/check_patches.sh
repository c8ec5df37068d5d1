#!/bin/sh
# The bug museum. Each patch turns a chapter's server into one with a known
# mistake, and says before its first "---" line what that is:
#   Bug: the echo is lost when the client half-closes
#   Seen in: where such code was published
#   Caught by: CASE[ CASE...]
# The conformance suite must fail in each of these cases.
#   MAKE=... BUILD=... [WINE=...] sh bench/check_bugs.sh NN_name/bugs/X.patch...
set -u

# What the head of a patch says about $1.
head_of_patch() {
    tr -d '\r' <"$patch" | sed -n "/^---/q; s/^$1: *//p"
}

# Runs one case against the broken server; true if the suite caught it.
catches() {
    # shellcheck disable=SC2086 # WINE is empty on Windows
    ${WINE:-} "$BUILD/check.exe" --server "${patch%%_*}" \
        --program "$program.exe" --case "$1" >>"$program.log" 2>&1
    status=$?
    tr -d '\r' <"$program.log" | tail -n 1 |
        grep -q '^[0-9]* passed, [1-9][0-9]* failed' && [ "$status" -eq 1 ]
}

# Looks at one patch, and keeps what came of it in a file.
look_at() {
    patch=$1
    name=${patch%.patch}
    name=${name%%/*}_${name##*/}
    program=$BUILD/bugs/$name
    bug=$(head_of_patch Bug)
    cases=$(head_of_patch 'Caught by')
    missed=
    if [ -z "$bug" ] || [ -z "$cases" ] || [ -z "$(head_of_patch 'Seen in')" ]
    then
        missed="its head lacks Bug:, Seen in: or Caught by:"
    elif [ ! -e "$program.exe" ]; then
        missed="does not apply or does not build: make $program.exe"
    else
        for case in $cases; do
            catches "$case" ||
                missed="$missed not caught by $case (exit status $status);"
        done
    fi
    if [ -z "$missed" ]; then
        echo "caught  $name ($bug) by $cases" | tee -a "$results"
    else
        echo "MISSED  $name ($bug): $missed" | tee -a "$results"
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
    name=${patch%.patch}
    program=$BUILD/bugs/${name%%/*}_${name##*/}
    rm -f "$program.log" "$program.exe" # a stale one must not be tried
    programs="$programs $program.exe"
done
# shellcheck disable=SC2086 # a list of words is meant
[ -z "$programs" ] || $MAKE -k $programs >/dev/null 2>&1 # all jobs at once

results=$BUILD/check-bugs.results
: >"$results"
every_other "$@" &
one=$!
trap 'kill $one 2>/dev/null; exit 130' INT TERM HUP
[ $# -eq 0 ] || shift
every_other "$@"
wait
passed=$(grep -c '^caught' "$results")
failed=$(grep -c '^MISSED' "$results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
