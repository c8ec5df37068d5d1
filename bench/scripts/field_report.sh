#!/bin/sh
# `make field-report`: everything that one machine can tell, in one folder with
# one page. Made for a person with Windows, whose figures nobody here has.
#   MAKE=... BUILD=... sh bench/scripts/field_report.sh
# Every part runs, whatever became of the one before it; a part that failed is
# on the page as such.
set -u

folder=$BUILD/field-report
rows=
count=0
failed=0
rm -rf "$folder"
mkdir -p "$folder" || exit 1
trap 'exit 130' INT
trap 'exit 143' TERM HUP

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

# $1: name, $2: what it is, $3...: what is run. Keeps all that it printed.
part() {
    name=$1 what=$2
    shift 2
    echo "== $name: $what"
    "$@" >"$folder/$name.txt" 2>&1
    status=$?
    count=$((count + 1))
    [ $status -eq 0 ] || failed=$((failed + 1))
    tail -n 1 "$folder/$name.txt"
    result=$([ $status -eq 0 ] && echo ok || echo "status $status")
    rows="$rows<tr><td><a href=\"$name.txt\">$name</a></td><td>$what</td><td>$result</td></tr>
"
}

# shellcheck disable=SC2016,SC2086 # $MAKE is a command with arguments
part versions 'the tools and the system' sh -c \
    '${CC:-cc} --version; make --version | head -n 1; uname -a; git describe --always --dirty'
# shellcheck disable=SC2086
part check 'every test' $MAKE check
# shellcheck disable=SC2086
part bench 'every scenario, with every figure' $MAKE bench-full \
    ARGS="--details --export-csv $folder/bench.csv"
cp "$BUILD/report.html" "$BUILD/report.json" "$folder/" 2>/dev/null
for chapter in 01 02 03 04 05; do
    # shellcheck disable=SC2086
    part "ladder-$chapter" "one trick of chapter $chapter after the other" \
        $MAKE ladder SERVER=$chapter ARGS=--details
done

{
    cat <<'PAGE'
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Field report</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:auto;padding:1em}
table{border-collapse:collapse}td,th{border:1px solid;padding:.3em;text-align:left;vertical-align:top}
pre{overflow-x:auto}</style></head><body><h1>Field report</h1>
PAGE
    printf '<pre>'
    escape <"$folder/versions.txt"
    printf '</pre><p>The benchmark as a <a href="report.html">page</a>, <a href="report.json">JSON</a> and <a href="bench.csv">CSV</a>.</p>\n'
    printf '<h2>The parts</h2><table>%s</table>\n' "$rows"
    cat <<'PAGE'
<h2>What was expected on Windows, and what came out</h2>
<p>From Microsoft's documentation and from reading; not measured before. The last column is for whoever runs this.</p>
<table><tr><th>expected</th><th>source</th><th>look at</th><th>came out</th></tr>
<tr><td>Waiting threads of a port wake last in, first out: with few connections 05 keeps one worker busy.</td><td>I/O Completion Ports</td><td>ladder-05, 4 workers</td><td></td></tr>
<tr><td>With concurrency 1 no more than one worker runs at a time.</td><td>CreateIoCompletionPort function</td><td>ladder-05, concurrency 1</td><td></td></tr>
<tr><td>Skip-on-success saves a dequeue for each operation that is done at once.</td><td>SetFileCompletionNotificationModes function</td><td>ladder-05, no skip: calls, dequeue, server us</td><td></td></tr>
<tr><td>GetQueuedCompletionStatusEx takes many packets in one call.</td><td>GetQueuedCompletionStatusEx function</td><td>ladder-05, batches: found/wait</td><td></td></tr>
<tr><td>A zero-byte receive costs one call more; it saves locked pages, not the working set.</td><td>WSARecv function</td><td>ladder-05, zero-byte recv</td><td></td></tr>
<tr><td>select and WSAPoll cost more with every socket, a port does not.</td><td>select function; WSAPoll function</td><td>bench, work and idle: server us and calls of 02 beside 05, with more and more connections; ladder-02</td><td></td></tr>
<tr><td>A thread of 01 reserves its stack but commits little of it: far less than the 1 MB that Wine shows.</td><td>Thread Stack Size</td><td>bench, idle: KB of each connection; ladder-01</td><td></td></tr>
<tr><td>CPU times of a process come in steps of 10 to 16 ms, and the case cpu_read reads its 500 ms.</td><td>GetProcessTimes function</td><td>check</td><td></td></tr>
<tr><td>No run is short of ports: connections are closed with a reset, and churn keeps to 12,000.</td><td>Settings that can be modified to improve network performance</td><td>bench, churn</td><td></td></tr>
</table></body></html>
PAGE
} >"$folder/index.html"
echo "wrote $folder/index.html; $failed of $count parts failed"
[ "$failed" -eq 0 ]
