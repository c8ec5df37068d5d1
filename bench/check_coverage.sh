#!/bin/sh
# How many error paths the suite reaches. Runs cases against servers that are
# built with gcov, and prints for each server.c, and each file of common/ given:
#   lines         run / all
#   branches      taken / all (both ways of an if count as one each)
#   call sites    failed / all: the places that call something that the seam can
#                 fail, and of these the ones at which it has failed once
# and then what was not reached. Fails when something of that is not listed, with
# its reason, in bench/coverage.txt:
#   FILE|line|TEXT OF THE LINE|why it cannot be reached here
#   FILE|call|TEXT OF THE LINE|why it cannot be failed here
#   BUILD= GCOV= OBJDUMP= ADDR2LINE= [WINE=] \
#       sh bench/check_coverage.sh [NN] COMMON.c...
set -u

only=$1
shift
built=$BUILD/coverage
listed=bench/coverage.txt
every='every_call_all'
forms='every_call' # of each form that is an option
others='ready bad_args port_in_use bind_scope max_clients idle_timeout
    idle_owed halfclose_blocked boundary_fd_set boundary_63 serve_one
    rst_mid_echo conns_130 fault_accept fault_at_n short_at_n stop_owed stop_ctrl_c'

# Everything that ran before has left its counts.
find "$built" -name '*.gcda' -exec rm -f {} +
rm -f "$built"/*.failed "$built"/*.sites
: >"$built/failures"
cp "$BUILD/check.exe" "$built/" || exit 1

servers=
for program in "$built"/0*.exe; do
    name=$(basename "$program" .exe)
    [ -z "$only" ] || [ "${name%%_*}" = "${only%%_*}" ] || continue
    servers="$servers $name"
done
[ -n "$servers" ] || { echo "no server is called $only" >&2; exit 2; }

# Cases $3 of server $1, with more options $2.
run() {
    for case in $3; do
        # shellcheck disable=SC2086 # lists of words
        FAILED_CALLS=$built/$1.failed ${WINE:-} "$built/check.exe" \
            --server "${1%%_*}" --case "$case" $2 >"$built/check.log" 2>&1
        case $? in
        0) grep "$case" "$built/check.log" ;;
        2) ;; # not for this server
        *) tee -a "$built/failures" <"$built/check.log" ;;
        esac
    done
}

# Prints "FILE:LINE" of each address of program $1 that is read. An address is
# where a call returns to; the call itself is before it.
places() {
    awk '{ print "0x" $1 }' | "$ADDR2LINE" -e "$1" | tr -d '\r' |
        sed "s|^$(pwd -P)/||; s| .*||"
}

# Prints the address behind each call of program $1 that the seam can fail.
# AcceptEx is called through a pointer.
call_sites() {
    "$OBJDUMP" -d --no-show-raw-insn "$1" | tr -d '\r' | awk '
        /^[0-9a-f]+ <.*>:$/ { inside = $2; pointer = 0 }
        wanted { sub(/:$/, "", $1); print $1; wanted = 0 }
        inside ~ /<observe_/ { next }
        /\(%rip\),%r.*<accept_ex>/ { pointer = 1 }
        /call .*<observe_(begin|end|SleepEx|closesocket|WSACloseEvent|CloseHandle|free)>/ {
            next
        }
        /call .*<observe_/ { wanted = 1 }
        pointer && /call +\*/ { wanted = 1; pointer = 0 }'
}

# Reads gcov's text and prints "FILE|run|LINE|TEXT" or "FILE|never|LINE|TEXT" for
# each line with code, and "FILE|branch|taken or not" for each branch.
covered() {
    directory=$built/obj/$(dirname "$1")
    $GCOV -b -c -t -o "$directory" "$1" 2>/dev/null | tr -d '\r' | awk -v file="$1" '
        /^ *-: *0:Source:/ { mine = index($0, file) > 0; next }
        !mine { next }
        /^branch / { print file "|branch|" ($4 > 0 ? "taken" : "not"); next }
        /^ *[0-9#=-]+\*?: *[0-9]+:/ {
            count = number = text = $0
            sub(/:.*/, "", count)
            gsub(/[ *]/, "", count)
            sub(/^[^:]*: */, "", number)
            sub(/:.*/, "", number)
            sub(/^[^:]*:[^:]*: */, "", text)
            if (count != "-")
                print file "|" (count ~ /[#=]/ ? "never" : "run") "|" number "|" text
        }'
}

for name in $servers; do
    echo "== $name"
    for option in --help --version; do
        ${WINE:-} "$built/$name.exe" $option >/dev/null 2>&1 ||
            echo "FAILED  $name $option" | tee -a "$built/failures"
    done
    run "$name" '--forms default' "$every"
    run "$name" '--form server' "$forms $others"
    : >>"$built/$name.failed"
    # The notes are relative to where the program was loaded; on disk it begins
    # at 140000000, ld's image base.
    tr -d '\r' <"$built/$name.failed" |
        sed 's/^/0000000/; s/.*\(.......\)$/14\1/' |
        awk 'NR == FNR { failed[$1]; next }
            { print $1, (($1 in failed) ? "failed" : "never") }' - \
            /dev/fd/3 3<<END >"$built/$name.addresses"
$(call_sites "$built/$name.exe")
END
    cut -d ' ' -f 1 "$built/$name.addresses" | places "$built/$name.exe" |
        paste -d ' ' - "$built/$name.addresses" |
        awk '{ print $1, $3 }' >"$built/$name.sites"
done

files="$(for name in $servers; do echo "$name/server.c"; done) $*"
for file in $files; do
    covered "$file"
done >"$built/lines"

# A place in common/ has been failed if it has in one of the servers.
cat "$built"/*.sites | sort | awk '
    $1 != last && last != "" { print last, state }
    $1 != last { last = $1; state = "never" }
    $2 == "failed" { state = $2 }
    END { if (last != "") print last, state }' >"$built/sites"

awk -F '|' -v files="$files" -v all="${only:-all}" '
    FILENAME ~ /coverage.txt$/ {
        sub(/\r$/, "")
        if ($0 !~ /^#/ && NF >= 4)
            why[$1 "|" $2 "|" $3] = $4
        next
    }
    FILENAME ~ /lines$/ && $2 == "branch" {
        branches[$1]++
        taken[$1] += $3 == "taken"
        next
    }
    FILENAME ~ /lines$/ {
        line = $0
        sub(/^[^|]*\|[^|]*\|[^|]*\|/, "", line)
        text[$1 ":" $3] = line
        lines[$1]++
        run[$1] += $2 == "run"
        if ($2 == "never")
            missed[++misses] = $1 "|line|" line
        next
    }
    {
        split($1, word, " ")
        file = place = word[1]
        sub(/:.*/, "", file)
        sites[file]++
        failed[file] += word[2] == "failed"
        if (word[2] != "failed" && (file in lines))
            missed[++misses] = file "|call|" text[place]
    }
    END {
        printf "\n%-32s %11s %11s %11s\n", "", "lines", "branches", "call sites"
        n = split(files, file_list, /[ \n]+/)
        for (i = 1; i <= n; i++) {
            file = file_list[i]
            if (lines[file] == 0)
                continue
            printf "%-32s %5d /%4d %5d /%4d %5d /%4d\n", file, run[file],
                lines[file], taken[file], branches[file], failed[file],
                sites[file]
            all_failed += failed[file]
            all_sites += sites[file]
        }
        printf "call sites failed / all: %d / %d\n", all_failed, all_sites
        for (i = 1; i <= misses; i++) {
            split(missed[i], part, "|")
            reason = why[missed[i]]
            seen[missed[i]]
            if (reason == "" && (all == "all" || part[1] !~ /^common/)) {
                print "NOT REACHED  " missed[i]
                bad++
            } else if (reason != "")
                print "listed       " missed[i] "  (" reason ")"
        }
        if (all == "all")
            for (entry in why)
                if (!(entry in seen)) {
                    print "REACHED      though listed: " entry
                    bad++
                }
        print n " passed, " bad + failures " failed"
        exit bad + failures > 0
    }' failures="$(grep -c 'FAILED ' "$built/failures")" "$listed" \
    "$built/lines" "$built/sites"
