#!/bin/sh
# What `make dist` made, as somebody with nothing but Windows has it: unpacked
# in a folder with a blank and Korean letters, and run.cmd in it. Then with
# programs in it that hang, crash, are missing, or have found something.
#   BUILD=... CC=... [WINE=... WINEPREFIX=...] sh bench/scripts/check_kit.sh
# The last line is "N passed, N failed".
set -u
export LC_ALL=C.UTF-8 # for Wine: names of files

top=$(pwd -P) passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'kill $running 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
running=

# $1: what must be so; the rest: the command that succeeds if it is.
expect() {
    what=$1
    shift
    "$@" && passed=$((passed + 1)) && return
    failed=$((failed + 1))
    printf 'kit: %s: not so. It printed:\n' "$what"
    cat "$work/seen"
}
shows() { grep -qF "$1" "$page"; }

# Runs kit by run.cmd. $status is then its status, and $page is its page.
run() {
    # For MSYS2: /c is no folder.
    MSYS2_ARG_CONV_EXCL='*' ${WINE:-} cmd /c run.cmd "$@" \
        </dev/null >"$work/seen" 2>&1
    status=$?
    find_page
}
find_page() {
    page=$(tr -d '\r' <"$work/seen" | tr '\134' / |
        sed -n 's/^  \(.*index.html\)$/\1/p')
    case ${WINE:+wine}$page in
    wineZ:*) page=${page#Z:} ;;
    wineC:*) page=$WINEPREFIX/drive_c${page#C:} ;;
    '' | wine) page=$work/none ;;
    esac
}

# Puts a program that does $2 into the place of $1.
replace() {
    printf '#include <%s.h>\n' windows process stdio >"$work/$1.c"
    printf 'int main(void) { %s }\n' "$2" >>"$work/$1.c"
    $CC -o "build/$1.exe" "$work/$1.c" || exit 1
}

lead_somewhere() {
    for text in README.md */README.md */*/README.md common/*.md; do
        # shellcheck disable=SC2016 # nothing to expand
        sed '/^```/,/^```/d' "$text" | grep -oE '\]\([^)#]+' | sed 's/^](//' |
            grep -v '^http' | while IFS= read -r target; do
            [ -e "${text%"${text##*/}"}$target" ] || echo "$text: $target"
        done
    done >"$work/seen"
    [ ! -s "$work/seen" ]
}

mkdir -p "$work/x y/한글" && cd "$work/x y/한글" || exit 1
case ${OS:-} in
Windows_NT) "$SYSTEMROOT/System32/tar.exe" -xf "$top/$BUILD"/iomodels-*.zip ;;
*) unzip -q "$top/$BUILD"/iomodels-*.zip ;;
esac || exit 1
cd iomodels-* || exit 1
expect 'links of the texts lead somewhere' lead_somewhere

run trial
first=$page
expect 'run.cmd ends with 0' [ $status -eq 0 ]
expect 'all parts are over and good' \
    shows '11 of 11 parts are over, 11 were good.'
expect 'sums are in it' shows ' passed, 0 failed, 0 skipped'
expect 'nothing was found' shows '<li>None: '
expect 'the charts are beside the page' [ -s "${page%/*}/bench.html" ]
cp "$page" "$work/first"

run longer
expect 'a wrong word ends it with 2' [ $status -eq 2 ]
expect 'one line tells why' [ "$(wc -l <"$work/seen")" -eq 1 ]

replace labs_01 'puts("finding: <two> packets"); return 0;'
replace labs_02 '_spawnl(_P_NOWAIT, "..\\build\\01_blocking.exe", "01",
    "--port", "0", (char *)0); Sleep(INFINITE);'
replace labs_03 '*(volatile int *)0 = 1;'
rm build/labs_04.exe
cp README.md build/labs_05.exe
run trial --limit 10
expect 'a run with failures ends with 1' [ $status -eq 1 ]
expect 'all parts are over' shows '11 of 11 parts are over, '
expect 'what was found is told' shows '<li>&lt;two&gt; packets'
expect 'one that hangs is ended' \
    grep -q '<b>took too long and was ended</b><td>[0-9][0-9] s' "$page"
expect 'a crash is told' shows '<b>crashed (0xC0000005)</b>'
expect 'a missing program is told' shows '(error 2: it is missing)</b>'
expect 'what is no program is told' shows '(error 193)</b>'
expect 'the first page is as it was' cmp -s "$first" "$work/first"
port=$(sed -n 's/^listening 127.0.0.1:\([0-9]*\).*/\1/p' \
    "${page%/*}/labs-02.txt")
expect 'the one that hung had a child' [ "$port" ]
${WINE:-} build/client.exe --port "${port:-1}" --message x >"$work/seen" 2>&1
status=$?
expect 'its child has been ended as well' [ $status -eq 1 ]

# Ctrl+C, which no shell can send on Windows; and a place that cannot be had.
if [ "${WINE:-}" ]; then
    $WINE build/kit.exe trial --into nowhere >"$work/seen" 2>&1 &
    running=$!
    until grep -q '^part 1' "$work/seen" || ! kill -0 $running; do
        sleep 0.1
    done
    kill -INT $running
    wait $running
    status=$?
    running=
    find_page
    expect 'Ctrl+C ends it with 130' [ $status -eq 130 ]
    expect 'what ran was ended' shows '<b>ended by Ctrl+C</b>'
    expect 'the rest was not run' shows '<b>not run</b>'
    expect 'it says where the page is' grep -q '^Nothing can be' "$work/seen"
    rm -r "${page%/*}"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
