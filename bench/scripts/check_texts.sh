#!/bin/sh
# Runs every command of the texts and compares what it prints with what the text
# says. Commands stand in fenced blocks that begin with ```console:
#   server$ command    starts, says "listening", and gets Ctrl+C when the block
#                      is over, or a command with $ comes
#   client$ command    runs to its end, while the server runs
#   holder$ command    a client that stays connected, and gets Ctrl+C likewise
#   NAME$ command      any other name: a client that runs meanwhile, to its end
#   $ command          runs to its end, when all others have ended
# Below a command stands all that it prints. There a line "..." is any number of
# lines, and " ..." at the end of a line is anything. A number with a decimal
# point may be another one; any number may, if "<!-- numbers vary -->" stands on
# the line before the block. "<!-- slow -->": only run when LONG=1. What make
# says of building is left out.
#   WINE=... [LONG=1] sh bench/scripts/check_texts.sh TEXT...
# The last line is "N passed, N failed, N skipped": one for each block.
set -u

passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 1
running= # sessions that were started and may have to be ended

# The processes of session $1 that are Windows programs.
programs_of() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v session="$1" '
        { id = $1; sub(/.*\) /, ""); if ($4 == session) print id }' |
        while read -r process; do
            first=$({ tr '\0' '\n' <"/proc/$process/cmdline" | sed q; } 2>/dev/null)
            case $first in *.exe) echo "$process" ;; esac
        done
}

end_all() {
    for session in $running; do
        # shellcheck disable=SC2046 # words are meant
        kill -KILL $(programs_of "$session") 2>/dev/null
    done
    rm -rf "$work"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Takes text $1 apart: $work/BLOCK.at says where the block begins, and its flags;
# for each command $work/BLOCK.I.who, .command and .shown.
take_apart() {
    rm -f "$work"/*
    tr -d '\r' <"$1" | awk -v to="$work/" '
        /^```console *$/ {
            in_block = 1; commands = 0; name = to sprintf("%03d", ++blocks)
            print NR (vary ? " vary" : "") (slow ? " slow" : "") >(name ".at")
            next
        }
        in_block && /^```/ { in_block = 0 }
        in_block && /^[a-z0-9]*\$ / {
            command = name "." ++commands
            who = $0; sub(/\$ .*/, "", who)
            print who >(command ".who")
            sub(/^[a-z0-9]*\$ /, ""); print >(command ".command")
            printf "" >(command ".shown")
            next
        }
        in_block { print >(command ".shown"); next }
        { vary = /<!-- numbers vary -->/ || (vary && /<!--/)
          slow = /<!-- slow -->/ || (slow && /<!--/) }'
}

# How many connections there are to the port that servers have in the texts.
connections() {
    awk '$2 ~ /:1B5F$/ && $4 == "01"' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        wc -l
}

# Waits up to 20 s until a command succeeds.
until_true() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || return 1
        sleep 0.05
    done
}
listens() { grep -q '^listening ' "$1" 2>/dev/null; }
is_over() { # a zombie is over
    case $(cat "/proc/$1/stat" 2>/dev/null) in '' | *') Z '*) ;; *) false ;; esac
}
connected_or_over() { grep -q '^connected: ' "$1" 2>/dev/null || is_over "$2"; }
more_or_over() { [ "$(connections)" -gt "$1" ] || is_over "$2"; }

# Runs command $1 (a path without ending) in the background.
start() {
    setsid sh -c "$(cat "$1.command")" >"$1.seen" 2>&1 </dev/null &
    running="$running $!"
    started=$!
}

# Ends what a block has started: clients by themselves, holders, then servers.
end_block() {
    for one in $others; do
        until_true is_over "$one"
    done
    for one in $holders $servers; do
        # shellcheck disable=SC2046 # words are meant
        kill -INT $(programs_of "$one") 2>/dev/null
        until_true is_over "$one"
    done
    for session in $running; do # what did not end in time
        is_over "$session" && continue
        # shellcheck disable=SC2046 # words are meant
        kill -KILL $(programs_of "$session") 2>/dev/null
    done
    wait
    running='' servers='' holders='' others=''
}

run_block() {
    block=$1 servers='' holders='' others=''
    for who in "$block".*.who; do
        command=${who%.who}
        case $(cat "$who") in
        '')
            end_block
            start "$command"
            until_true is_over "$started" || until_true is_over "$started"
            ;;
        client)
            start "$command"
            until_true is_over "$started" || until_true is_over "$started"
            ;;
        server)
            start "$command"
            servers="$servers $started"
            until_true listens "$command.seen"
            ;;
        holder)
            start "$command"
            holders="$holders $started"
            until_true connected_or_over "$command.seen" "$started"
            ;;
        *)
            before=$(connections)
            start "$command"
            others="$others $started"
            until_true more_or_over "$before" "$started"
            ;;
        esac
    done
    end_block
}

# Compares what was shown ($1) with what was seen ($2); prints the first
# difference. $3: whether all numbers may vary.
compare() {
    tr -d '\r' <"$2" | grep -vE '^  (cc|link) |^make(\[[0-9]+\])?: |^setting up a Wine prefix' |
        awk -v vary="$3" -v shown="$1" '
        function plain(line) {
            gsub(/[0-9]+\.[0-9]+/, "N.N", line)
            if (vary) gsub(/[0-9]+/, "N", line)
            gsub(/[ \t]+/, " ", line)
            sub(/ $/, "", line)
            return line
        }
        function same(s, l) {
            if (s ~ / \.\.\.$/) {
                s = substr(s, 1, length(s) - 3)
                return substr(l, 1, length(s)) == s
            }
            return s == l
        }
        # Whether shown[i...] describes seen[j...]; best is how far it went.
        function fits(i, j) {
            if (i > best) { best = i; at = j }
            if (i > shown_count) return j > seen_count
            if (want[i] == "...") {
                for (; j <= seen_count + 1; j++) if (fits(i + 1, j)) return 1
                return 0
            }
            return j <= seen_count && same(want[i], have[j]) && fits(i + 1, j + 1)
        }
        BEGIN { while ((getline line <shown) > 0) want[++shown_count] = plain(line) }
        { have[++seen_count] = plain($0); raw[seen_count] = $0 }
        END {
            while (shown_count > 0 && want[shown_count] == "") shown_count--
            while (seen_count > 0 && have[seen_count] == "") seen_count--
            if (fits(1, 1)) exit
            print "    expected: " (best > shown_count ? "no more" : want[best])
            print "    printed:  " (at > seen_count ? "no more" : raw[at])
        }'
}

check_text() {
    text=$1
    take_apart "$text"
    for at in "$work"/*.at; do
        [ -e "$at" ] || return
        block=${at%.at}
        read -r line flags <"$at"
        case $flags in
        *slow*)
            [ -n "${LONG:-}" ] || {
                skipped=$((skipped + 1))
                continue
            }
            ;;
        esac
        vary=0
        case $flags in *vary*) vary=1 ;; esac
        run_block "$block"
        wrong=$(for who in "$block".*.who; do
            difference=$(compare "${who%.who}.shown" "${who%.who}.seen" $vary)
            [ -z "$difference" ] ||
                printf '  %s\n%s\n' "$(cat "${who%.who}.command")" "$difference"
        done)
        if [ -z "$wrong" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf '%s, the block that begins at %s:\n%s\n' "$text" "$line" "$wrong"
        fi
    done
}

if [ -z "${WINE:-}" ]; then
    echo 'the commands of the texts are tried where /proc and setsid are'
    echo '0 passed, 0 failed, 1 skipped'
    exit
fi
# The first program that Wine runs takes long; some blocks have time limits.
make client ARGS=--version >/dev/null 2>&1
for text; do
    check_text "$text"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
