#!/bin/sh
# The checks of the texts, checked: faults are planted in a copy of the sources
# and texts, and each must be found, in one run of check_steps.sh. The same for
# check_texts.sh, with two texts that are right and wrong in each block.
#   sh bench/check_checks.sh CHAPTER...
# The last line is "N passed, N failed".
# shellcheck disable=SC2016 # nothing to expand in a sed command
set -u

passed=0 failed=0
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
git ls-files README.md common bench "$@" | tar -c -T - | tar -x -C "$copy"

expected=$copy/expected
# Changes file $1 with the sed command $2; a line with $3 must come out.
plant() {
    sed "$2" "$copy/$1" >"$copy/planted"
    if cmp -s "$copy/planted" "$copy/$1"; then
        echo "nothing was planted in $1 by $2"
        failed=$((failed + 1))
        return
    fi
    cat "$copy/planted" >"$copy/$1"
    printf '%s\n' "$3" >>"$expected"
}

plant 01_blocking/server.c 's/\[S4\]/(S4)/' '[S4] is marked 0 times'
plant 01_blocking/README.md 's/^### S5.*/### Step five/' 'no heading for S5'
plant 01_blocking/README.md 's/_beginthreadex(NULL, (unsigned)/_beginthread(NULL, (int)/' \
    'not in the source'
plant 01_blocking/README.md '$s/$/ (server.c:12)/' 'names a line number'
plant 01_blocking/README.md '/^| send_once |/d' 'no row for 01_blocking/bugs/send_once'
plant 02_nonblocking/README.md '/^| spin |/d' 'no row for 02_nonblocking/forms/spin'
plant 05_iocp/forms/batches.patch 's/^Why:/Because:/' 'no "Why:" before'
plant 02_nonblocking/forms/spin.c 's/gcc spin.c/gcc minimal.c/' \
    'its first comment does not say "gcc spin.c'
plant 02_nonblocking/minimal.c 's/gcc minimal.c/gcc server.c/' \
    'its first comment does not say'
plant 02_nonblocking/README.md 's|figures/timeline.svg|figures/missing.svg|' \
    'link to figures/missing.svg leads nowhere'
plant 02_nonblocking/README.md '$s/$/ *A new term*/' \
    'explains "a new term", the glossary does not'
plant 03_overlapped_event/README.md 's/!\[[^]]*\](figures\/timeline/![](figures\/timeline/' \
    'picture figures/timeline.svg has no text'
plant 04_overlapped_apc/README.md 's/ insertions(+)/ insertions (+)/' ', not "'
plant 04_overlapped_apc/server.c 's/^\(static bool begin_turn.*\)/\1 \/* *\//' \
    'begin_turn is not the same in'
plant 05_iocp/README.md 's/^cl \/std:c11/cl \/std:c17/' 'no line "cl /std:c11 /I'
plant common/README.md 's/^lib \/out:common.lib acceptor.obj /lib \/out:common.lib /' \
    'no line "lib /out:common.lib'
plant common/README.md 's/`slowloris`/`slow_loris`/' 'there is no case slow_loris'
plant common/glossary.md 's/^| \*\*back-pressure\*\*/| **back pressure**/' \
    'it has "back pressure", which no chapter explains'
plant README.md 's/^| `minimal.c` | +/| `minimal.c` | +9/' 'it has no row "| `minimal.c` |'
solution=$(cd "$copy" && echo 01_blocking/solutions/*.patch)
solution=${solution%% *}
plant "$solution" 's/^How:/So:/' "$solution: no \"How:\""

(cd "$copy" && sh bench/check_steps.sh "$@") >"$copy/seen" 2>&1
while IFS= read -r line; do
    if grep -qF "$line" "$copy/seen"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "check_steps.sh did not say \"$line\""
    fi
done <"$expected"

# $1 of bench/tests/texts: check_texts.sh must count so many.
check_texts() {
    if WINE=none sh bench/check_texts.sh "bench/tests/texts/$1" |
        grep -qx "$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "check_texts.sh did not count \"$2\" in $1"
    fi
}
if [ -d /proc/self ] && command -v setsid >/dev/null; then
    check_texts right.md '6 passed, 0 failed, 1 skipped'
    check_texts wrong.md '0 passed, 7 failed, 0 skipped'
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
