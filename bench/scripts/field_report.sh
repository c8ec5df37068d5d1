#!/bin/sh
# `make field-report`: everything that one machine can tell, in one folder with
# one page. Made for a person with Windows, whose figures nobody here has.
#   MAKE=... CC=... BUILD=... sh bench/scripts/field_report.sh
# Every part runs, whatever became of the one before it; a part that failed is
# on the page as such.
set -u

folder=$BUILD/field-report count=0 failed=0
rm -rf "$folder"
mkdir -p "$folder" || exit 1
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# $1: name, $2: what it is, $3...: what is run. Keeps all that it printed.
part() {
    name=$1 what=$2 result=ok
    shift 2
    echo "== $name: $what"
    count=$((count + 1))
    "$@" >"$folder/$name.txt" 2>&1 ||
        { result="status $?" failed=$((failed + 1)); }
    tail -n 1 "$folder/$name.txt"
    echo "<tr><td><a href=\"$name.txt\">$name</a></td><td>$what</td>" \
        "<td>$result</td></tr>" >>"$folder/parts"
}

versions() {
    ${CC:-cc} --version
    make --version | sed q
    uname -a
    git describe --always --dirty
}

part versions 'the tools and the system' versions
# shellcheck disable=SC2086 # $MAKE is a command with arguments
{
    part check 'every test' $MAKE check
    part labs 'what courses claim, measured' $MAKE labs
    part bench 'every scenario, with every figure' $MAKE bench-full \
        ARGS="--details --export-csv $folder/bench.csv"
    cp "$BUILD/report.html" "$BUILD/report.json" "$folder/" 2>/dev/null
    for chapter in 01 02 03 04 05; do
        part "ladder-$chapter" "one trick of chapter $chapter after the other" \
            $MAKE ladder SERVER=$chapter ARGS=--details
    done
}
sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' "$folder/versions.txt" \
    >"$folder/versions"
grep -h '^finding: ' "$folder"/*.txt | sort -u |
    sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' >"$folder/findings"
sed -e "/^@versions/{r $folder/versions" -e 'd' -e '}' \
    -e "/^@findings/{r $folder/findings" -e 'd' -e '}' \
    -e "/^@parts/{r $folder/parts" -e 'd' -e '}' \
    bench/scripts/field_report.html >"$folder/index.html"
rm "$folder/parts" "$folder/versions" "$folder/findings"
echo "wrote $folder/index.html; $failed of $count parts failed"
[ "$failed" -eq 0 ]
