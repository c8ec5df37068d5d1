#!/bin/sh
# Makes the table of costs that README.md shows out of what
# `make bench ARGS=--details` has printed into a file.
#   sh bench/costs.sh bench/last_run.txt
set -u

tr -d '\r' <"$1" | awk '
    NR == 1 { print; print "" }
    /^== / { block = $0; gsub(/^== | ==$/, "", block) }
    # A header names its columns, each right-aligned over its figures.
    /^                 *[^ ]/ {
        count = split($0, names, /   +/)
        for (i = 2; i <= count; i++) column[i - 1] = names[i]
        next
    }
    /^[0-9][0-9] +/ && block != "" && !/again/ {
        row = $0; sub(/^[0-9]+ +/, "", row)
        n = split(row, cells, /   +/)
        for (i = 1; i <= n; i++) {
            verdict = "" # it may stand beside a figure
            if (match(cells[i], /  (less|more|same within 10 %|cannot tell)/))
                verdict = " (" substr(cells[i], RSTART + 2, RLENGTH - 2) ")"
            sub(/  .*/, verdict, cells[i])
            value[block, column[i], $1] = cells[i]
        }
    }
    function show(title, block, name,    i, line) {
        line = "| " title " |"
        for (i = 1; i <= 5; i++) line = line " " value[block, name, "0" i] " |"
        print line
    }
    END {
        work = "work, 16 connections, 64 bytes"
        print "| | 01 blocking | 02 non-blocking | 03 events | 04 APC | 05 IOCP |"
        print "| --- | ---: | ---: | ---: | ---: | ---: |"
        show("calls for an echo, 1 connection", "speed, 1 connection, 64 bytes", "calls")
        show("calls for an echo, 16 connections", work, "calls")
        show("threads, 16 connections", work, "threads")
        show("KB for an idle connection", "memory, 100 idle connections", "KB/idle")
        show("work for an echo, 16 connections, us", work, "us/echo")
        show("the same, times 01", work, "times")
        show("speed, 1 connection, times 01", "speed, 1 connection, 64 bytes", "times")
        show("speed, 16 connections, times 01", "speed, 16 connections, 64 bytes", "times")
        show("speed, 64 connections, times 01", "speed, 64 connections, 64 bytes", "times")
    }'
