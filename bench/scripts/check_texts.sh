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
# Each command has a session, and so a process group, of its own; these are
# those of the block. A signal reaches all of the group, as from a terminal.
sessions='' servers='' holders='' others=''
signal() {
    for group in $2; do
        kill "-$1" "-$group" 2>/dev/null
    done
}
trap 'signal KILL "$sessions"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Takes text $1 apart: $work/BLOCK.at says where the block begins, and its
# flags; for each command $work/BLOCK.I.who, .command and .shown.
take_apart() {
    rm -f "$work"/*
    tr -d '\r' <"$1" | awk -v to="$work/" '
        /^```console *$/ {
            in_block = 1; commands = 0; name = to sprintf("%03d", ++blocks)
            print NR, flags >(name ".at")
        }
        !in_block { flags = /^<!--/ ? flags $0 : ""; next }
        /^```$/ { in_block = 0 }
        in_block && /^[a-z0-9]*\$ / {
            command = name "." ++commands
            who = $0
            sub(/\$ .*/, "", who)
            print who >(command ".who")
            sub(/^[a-z0-9]*\$ /, "")
            print >(command ".command")
            printf "" >(command ".shown")
            next
        }
        in_block && commands { print >(command ".shown") }'
}

# Waits up to 30 s until a command succeeds.
until_true() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return 1
        sleep 0.05
    done
}
is_over() { # a zombie is over
    case $(cat "/proc/$1/stat" 2>/dev/null) in
    '' | *') Z '*) ;;
    *) false ;;
    esac
}
are_over() { for one in $1; do is_over "$one" || return; done; }
begun_or_over() {
    grep -qE "^(listening|connected:) " "$1.seen" || is_over "$2"
}
# How many connections there are to the port that servers have in the texts.
connections() {
    awk '$2 ~ /:1B5F$/ && $4 == "01"' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        wc -l
}
more_or_over() { [ "$(connections)" -gt "$1" ] || is_over "$2"; }

# Ends what a block has started: clients by themselves, holders, then servers.
end_block() {
    until_true are_over "$others"
    for kind in "$holders" "$servers"; do
        signal INT "$kind"
        until_true are_over "$kind"
    done
    signal KILL "$sessions" # what did not end in time
    wait
    sessions='' servers='' holders='' others=''
}

# Runs command $1, a path without ending.
run_command() {
    who=$(cat "$1.who")
    [ "$who" ] || end_block
    before=$(connections)
    : >"$1.seen"
    setsid sh -c "$(cat "$1.command")" >"$1.seen" 2>&1 </dev/null &
    sessions="$sessions $!"
    case $who in
    '' | client) until_true is_over $! || until_true is_over $! ;;
    server) servers="$servers $!" && until_true begun_or_over "$1" $! ;;
    holder) holders="$holders $!" && until_true begun_or_over "$1" $! ;;
    *) others="$others $!" && until_true more_or_over "$before" $! ;;
    esac
}

# Compares what was shown ($1) with what was seen ($2); prints the first
# difference. $3: whether all numbers may vary.
compare() {
    tr -d '\r' <"$2" |
        grep -vE '^  (cc|link) |^make(\[[0-9]+\])?: |^setting up a Wine' |
        awk -v vary="$3" -v shown="$1" '
        function plain(line) {
            gsub(/[0-9]+\.[0-9]+/, "N.N", line)
            if (vary) gsub(/[0-9]+/, "N", line)
            gsub(/[ \t]+/, " ", line)
            sub(/ $/, "", line)
            return line
        }
        function same(s, l) {
            if (s ~ / \.\.\.$/) # anything may follow
                return index(l, substr(s, 1, length(s) - 3)) == 1
            return s == l
        }
        # Whether want[i...] describes have[j...]; best is how far it went.
        function fits(i, j) {
            if (i > best) { best = i; at = j }
            if (i > wants) return j > haves
            if (want[i] != "...")
                return j <= haves && same(want[i], have[j]) && \
                    fits(i + 1, j + 1)
            for (; j <= haves + 1; j++) if (fits(i + 1, j)) return 1
            return 0
        }
        BEGIN { while ((getline line <shown) > 0) want[++wants] = plain(line) }
        { have[++haves] = plain($0); raw[haves] = $0 }
        END {
            while (wants > 0 && want[wants] == "") wants--
            while (haves > 0 && have[haves] == "") haves--
            if (fits(1, 1)) exit
            print "    expected: " (best > wants ? "no more" : want[best])
            print "    printed:  " (at > haves ? "no more" : raw[at])
        }'
}

# Runs block $1 (a path without ending) of text $2, and counts it.
check_block() {
    read -r line flags <"$1.at"
    case ${LONG:+long}$flags in
    long*) ;;
    *'<!-- slow -->'*) skipped=$((skipped + 1)) && return ;;
    esac
    vary=0
    case $flags in *'<!-- numbers vary -->'*) vary=1 ;; esac
    for command in "$1".*.who; do
        run_command "${command%.who}"
    done
    end_block
    wrong=$(for command in "$1".*.who; do
        command=${command%.who}
        difference=$(compare "$command.shown" "$command.seen" $vary)
        [ -z "$difference" ] ||
            printf '  %s\n%s\n' "$(cat "$command.command")" "$difference"
    done)
    [ "$wrong" ] || { passed=$((passed + 1)) && return; }
    failed=$((failed + 1))
    printf '%s, the block that begins at %s:\n%s\n' "$2" "$line" "$wrong"
}

if [ -z "${WINE:-}" ]; then
    echo 'the commands of the texts are tried where /proc and setsid are'
    echo '0 passed, 0 failed, 1 skipped'
    exit
fi
# The first program that Wine runs takes long; some blocks have time limits.
make client ARGS=--version >/dev/null 2>&1
for text; do
    take_apart "$text"
    for at in "$work"/*.at; do
        [ ! -e "$at" ] || check_block "${at%.at}" "$text"
    done
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
