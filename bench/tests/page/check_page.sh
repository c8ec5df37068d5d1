#!/bin/sh
# Looks at a report.html in headless Chromium, at the widths of a phone, a
# laptop and a desk, in light and dark: layout.js says what is looked at. Also
# shows that each kind of mistake is found, on pages that have it.
#   sh bench/tests/page/check_page.sh REPORT.html [FOLDER]
# FOLDER: keep pictures of the page there. The last line is
# "N passed, N failed, N skipped"; without Chromium (Debian's package chromium)
# everything is skipped. BROWSER=... takes another one.
set -u

page=$1
pictures=${2-}
here=$(dirname "$0")
passed=0 failed=0 skipped=0
rules=11 widths='400, 1024, 1600'

for browser in "${BROWSER-}" chromium chromium-browser; do
    [ -n "$browser" ] && command -v "$browser" >/dev/null && break
    browser=
done
if [ -z "$browser" ]; then
    echo 'skipped: there is no chromium (Debian: apt-get install chromium)'
    echo "0 passed, 0 failed, $((2 * (3 * rules + 1))) skipped"
    exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Runs the browser with a new, empty profile. $1: light or dark.
browse() {
    scheme=$1
    shift
    rm -rf "$work/profile"
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu \
        --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars \
        --user-data-dir="$work/profile" \
        --blink-settings=preferredColorScheme="$([ "$scheme" = dark ] &&
            echo 0 || echo 1)" "$@" 2>"$work/browser.log"
}

# Prints the verdict lines on a page. $1: file, $2: light or dark.
examine() {
    {
        printf '<!DOCTYPE html><meta charset="utf-8"><body>'
        printf '<meta name="color-scheme" content="light dark">'
        printf '<pre id="verdict"></pre><script>\nconst page = "%s";\n' \
            "$(base64 <"$1" | tr -d '\n')"
        printf 'const widths = [%s];\nconst scheme = "%s";\n' "$widths" "$2"
        cat "$here/layout.js"
        echo '</script>'
    } >"$work/harness.html"
    browse "$2" --virtual-time-budget=20000 --dump-dom \
        "file://$work/harness.html" |
        sed -n '/^BEGIN$/,/^END$/{/^BEGIN$/d;/^END$/d;p;}'
}

# Counts the verdict on the page itself.
check_page() {
    examine "$page" "$1" >"$work/verdict"
    ok=$(grep -c '^ok' "$work/verdict")
    bad=$(grep -c '^FAILED' "$work/verdict")
    grep -v '^ok' "$work/verdict"
    if [ $((ok + bad)) -ne $((3 * rules + 1)) ]; then
        echo "$((ok + bad)) verdicts, not $((3 * rules + 1)):" \
            "the page could not be examined"
        tail -n 3 "$work/browser.log"
        bad=$((bad + 1))
    fi
    passed=$((passed + ok)) failed=$((failed + bad))
}

# A page with one mistake must fail the rule that is about it.
# $1: rule, $2: what is added before the end of the page.
check_mistake() {
    # shellcheck disable=SC2016 # awk's own $0
    awk -v more="$2" '{ sub("</body>", more "</body>"); print }' \
        "$page" >"$work/broken.html"
    if examine "$work/broken.html" light | grep -q "^FAILED.*$1"; then
        passed=$((passed + 1))
    else
        echo "a mistake was not found: $1"
        failed=$((failed + 1))
    fi
}

check_page light
check_page dark
widths=400
check_mistake 'nothing reaches out of the page' \
    '<div style=\"width:1000px\">too wide</div>'
check_mistake 'nothing lies over anything' \
    '<p>one</p><p style=\"margin-top:-40px\">over the other</p>'
check_mistake 'reaches out of a drawing' \
    '<svg viewBox=\"0 0 100 20\"><text x=\"80\" y=\"15\">cut off</text></svg>'
check_mistake 'no text lies over another' \
    '<svg viewBox=\"0 0 300 40\"><text x=\"9\" y=\"20\">one</text><text x=\"19\" y=\"22\">two</text></svg>'
check_mistake 'texts are large enough' \
    '<svg viewBox=\"0 0 2000 40\"><text x=\"9\" y=\"20\">tiny</text></svg>'
check_mistake 'drawings hold numbers only' \
    '<svg viewBox=\"0 0 300 40\"><line x1=\"nan\" y1=\"2\"/></svg>'
check_mistake 'texts stand out' '<p style=\"color:#999\">grey on white</p>'
check_mistake 'is self-contained' '<img src=\"x.png\" alt=\"\">'
check_mistake 'each with a sentence' \
    '<figure><svg viewBox=\"0 0 9 9\"></svg></figure>'

if [ -n "$pictures" ]; then
    mkdir -p "$pictures"
    for width in 400 1024 1600; do
        for scheme in light dark; do
            # A window cannot be as narrow as a phone: a frame in it can.
            printf '<!DOCTYPE html><meta name="color-scheme" content="%s"><body style="margin:0"><iframe style="border:0;width:%spx;height:30000px" src="page.html"></iframe>' \
                'light dark' $width >"$work/frame.html"
            cp "$page" "$work/page.html"
            browse $scheme --window-size=$((width < 500 ? 500 : width)),9000 \
                --screenshot="$pictures/$width-$scheme.png" \
                "file://$work/frame.html" >/dev/null
        done
    done
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
