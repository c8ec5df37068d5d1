#!/bin/sh
# `make check-page`: looks at the report's page in headless Chromium, in light
# and dark; tests/page/layout.js says at which widths and for what.
#   sh bench/scripts/check_page.sh [PAGE]
# The last line is "N passed, N failed, N skipped"; without Chromium (Debian's
# package chromium) all is skipped. BROWSER=... takes another one.
set -u

tests=$(dirname "$0")/../tests
page=${1-$tests/golden/report.html}
checks=21 passed=0 failed=0

for browser in "${BROWSER-}" chromium chromium-browser; do
    [ -n "$browser" ] && command -v "$browser" >/dev/null && break
    browser=
done
if [ -z "$browser" ]; then
    echo 'skipped: there is no chromium (Debian: apt-get install chromium)'
    echo "0 passed, 0 failed, $((2 * checks)) skipped"
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

for scheme in dark light; do # the first is number 0 to the browser, then 1
    {
        printf '<!DOCTYPE html><meta charset="utf-8"><body><pre></pre><script>'
        printf 'const scheme = "%s", page = "' $scheme
        base64 <"$page" | tr -d '\n'
        printf '";\n'
        cat "$tests/page/layout.js"
        echo '</script>'
    } >"$work/harness.html"
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu \
        --no-first-run \
        --disable-background-networking --disable-component-update \
        --disable-sync --user-data-dir="$work/$scheme" --dump-dom \
        --blink-settings=preferredColorScheme="$([ $scheme = dark ] && echo 0 ||
            echo 1)" --virtual-time-budget=20000 "file://$work/harness.html" \
        2>"$work/log" | sed -n 's/^\(ok\|FAILED\) /&/p' >"$work/verdicts"
    grep FAILED "$work/verdicts"
    ok=$(grep -c '^ok' "$work/verdicts")
    [ "$ok" -gt 0 ] || tail -n 3 "$work/log"
    passed=$((passed + ok)) failed=$((failed + checks - ok))
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
