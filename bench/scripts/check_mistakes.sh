#!/bin/sh
# Changed servers: those with a mistake, which the suite must see, and solutions
# of exercises, which must pass. The patches in bugs/ and solutions/ name their
# cases in their heads, after "Caught by:" and "Checked by:". Mutants, small
# mistakes made by hand, stand in bench/mutants/*.txt, in blocks with an empty
# line between two:
#   name: thread_handle_leak
#   file: 01_blocking/server.c       what is changed
#   server: 01                       which server runs; from file if not given
#   case: churn_100                  the case, or cases, that must fail
#   - CloseHandle(thread);           these lines, which must stand in the file
#   + ;                              exactly once, become these; more such
#                                    pairs may follow. Blanks around a line and
#                                    a comment at its end are not compared
# In the place of "case:", "equal: why" says that no case can tell it here.
#   BUILD= MAKE= [WINE=] sh bench/scripts/check_mistakes.sh PATCH...
#   BUILD= COMPILE= LINK= LDLIBS= OBJECTS= [WINE= ONLY=NAME FOR=SERVER JOBS=] \
#       sh bench/scripts/check_mistakes.sh TEXT...
# All mutants together have failed when less than 90 % are killed, or a case of
# the suite, but for its instruments, sees no mutant and nothing in the museum.
set -u

case $1 in
*/bugs/*) folder=$BUILD/bugs ;;
*/solutions/*) folder=$BUILD/solutions ;;
*) folder=$BUILD/mutants ;;
esac
mistakes=$folder/list
mkdir -p "$folder" || exit 1

# Writes the mutants that are asked for to $BUILD/mutants/NAME.c, as far as they
# fit, and prints a line for each: VERB|SERVER|NAME|PROGRAM|CASES|EQUAL|FILE
write_mutants() {
    awk -v folder="$folder/" -v only="${ONLY:-}" -v wanted="${FOR:-}" '
        function bare(line) {
            sub(/[ \t\r]*\/\*.*$/, "", line)
            gsub(/^[ \t]+|[ \t\r]+$/, "", line)
            return line
        }
        function change(    at, i, found, where, head) {
            for (at = 1; at <= lines - olds + 1; at++) {
                for (i = 1; i <= olds && bare(text[at + i - 1]) == old[i]; )
                    i++
                if (i > olds) {
                    found++
                    where = at
                }
            }
            if (found != 1)
                broken = name ": \"" old[1] "\" stands " found + 0 " times"
            head = text[where]
            sub(/[^ \t].*/, "", head)
            for (i = 0; i < olds; i++)
                text[where + i] = "\001" # not there any more
            text[where] = head new[1]
            for (i = 2; i <= news; i++)
                text[where] = text[where] "\n" head new[i]
            olds = news = 0
        }
        function end_block(    i) {
            if (olds > 0)
                change()
            if (server == "")
                server = substr(file, 1, 2)
            if (name != "" && (only == "" || only == name) &&
                (wanted == "" || substr(wanted, 1, 2) == server)) {
                print "killed|" server "|" name "|" folder name "|" cases "|" \
                    equal "|" file
                if (broken != "")
                    print broken >"/dev/stderr"
                for (i = 1; i <= lines && broken == ""; i++)
                    if (text[i] != "\001")
                        print text[i] >(folder name ".c")
                close(folder name ".c")
            }
            name = file = server = cases = equal = broken = ""
        }
        function value() { sub(/^[a-z]*: */, ""); return $0 }
        { sub(/\r$/, "") }
        FNR == 1 || /^$/ { end_block() }
        /^name: / { name = value() }
        /^file: / {
            file = value()
            for (lines = 0; (getline line <file) > 0; )
                text[++lines] = line
            close(file)
        }
        /^server: / { server = value() }
        /^case: / { cases = value() }
        /^equal: / { equal = value() }
        /^-/ {
            if (news > 0)
                change()
            old[++olds] = bare(substr($0, 2))
        }
        /^\+/ { new[++news] = substr($0, substr($0, 2, 1) == " " ? 3 : 2) }
        END { end_block() }' "$@"
}

# Builds mutant $1, made of file $3, for server $2.
# shellcheck disable=SC2086 # lists of words are meant
build_mutant() {
    program=$BUILD/mutants/$1 others=''
    case $3 in common/*) others=$(echo "$BUILD"/obj/"$2"_*/server.o) ;; esac
    for object in $OBJECTS; do
        [ "$object" = "$BUILD/obj/${3%.c}.o" ] || others="$others $object"
    done
    # eval, because a -D within may be quoted; -w: a mutant may look odd.
    eval "$COMPILE -w -c -o $program.o $program.c" &&
        $LINK -o "$program.exe" "$program.o" $others $LDLIBS
}

# The same line as for a mutant, for patch $1.
describe_patch() {
    name=${1%%/*}_${1##*/}
    case $1 in */bugs/*) verb=caught head='Caught by' ;;
    *) verb=right head='Checked by' ;; esac
    echo "$verb|${1%%_*}|${name%.patch}|$folder/${name%.patch}|$(
        sed -n "/^---/q; s/^$head: //p" "$1")||"
}

# Runs the cases ($5) with a program ($4): a solution must pass, others fail.
# Says what came of it.
look_at() {
    wrong=
    [ -e "$4.exe" ] || wrong=' does not fit or does not build'
    pattern='[0-9]* passed, [1-9][0-9]* failed' expected=1
    [ "$1" != right ] || pattern='[1-9][0-9]* passed, 0 failed' expected=0
    [ "$wrong$6" ] || for case in $5; do
        # shellcheck disable=SC2086 # WINE is empty on Windows
        ${WINE:-} "$BUILD/check.exe" --server "$2" --program "$4.exe" \
            --case "$case" >>"$4.log" 2>&1 </dev/null
        [ $? -eq $expected ] && tail -n 1 "$4.log" | tr -d '\r' |
            grep -q "^$pattern, 0 skipped" || wrong="$wrong not $1 by $case;"
    done
    if [ "$wrong" ]; then
        echo "WRONG     $3:$wrong"
        tail -n 15 "$4.log" 2>/dev/null | sed 's/^/    /'
    elif [ "$6" ]; then
        echo "equal     $3: $6"
    else
        echo "$1    $3 by $5"
    fi
}

# Every second mistake: a case waits more than it computes, so there are two.
look_at_those() {
    awk -v odd="$1" 'NR % 2 == odd' "$mistakes" |
        while IFS='|' read -r verb server name program cases equal _; do
            look_at "$verb" "$server" "$name" "$program" "$cases" "$equal"
        done | tee -a "$mistakes.results"
}

if [ "$1" = --build ]; then # of itself: NAME SERVER FILE
    build_mutant "$2" "$3" "$4" >"$BUILD/mutants/$2.log" 2>&1
    exit 0
fi
rm -f "$folder"/*.exe "$folder"/*.log # a stale one must not be tried
case $1 in
*.txt)
    rm -f "$folder"/*.c
    write_mutants "$@" >"$mistakes"
    echo "building $(wc -l <"$mistakes") mutants ..."
    awk -F '|' '{ print $3, $2, $7 }' "$mistakes" |
        xargs -r -n 3 -P "${JOBS:-2}" sh "$0" --build
    ;;
*)
    for patch; do describe_patch "$patch"; done >"$mistakes"
    # shellcheck disable=SC2046,SC2086 # lists of words are meant
    $MAKE -k $(awk -F '|' '{ print $4 ".exe" }' "$mistakes") >/dev/null 2>&1
    ;;
esac

: >"$mistakes.results"
look_at_those 0 &
other=$!
trap 'kill $other 2>/dev/null; exit 130' INT TERM HUP
look_at_those 1
wait $other

passed=$(grep -cE '^(killed|caught|right) ' "$mistakes.results")
failed=$(grep -c '^WRONG ' "$mistakes.results")
[ -s "$mistakes" ] || {
    echo "there is none ${ONLY:+called $ONLY}" >&2
    exit 2
}
allowed=0
case $1 in *.txt)
    share=$((passed + failed > 0 ? 100 * passed / (passed + failed) : 100))
    echo "killed: $share % of those that can be"
    [ "$share" -lt 90 ] || allowed=$failed
    ;;
esac
if [ -z "${ONLY:-}${FOR:-}" ] && [ "$#" -gt 1 ] && [ "$1" != "${1%.txt}" ]; then
    cat "$@" 0*/bugs/*.patch | tr -d '\r' |
        sed -n 's/^case: //p; s/^Caught by: //p' |
        tr ' ' '\n' >"$mistakes.cases"
    # shellcheck disable=SC2086 # as above
    useless=$(${WINE:-} "$BUILD/check.exe" --list | tr -d '\r' |
        grep -v -e '(--long)$' -e ' instrument: ' | sed 's/ .*//' |
        grep -vxFf "$mistakes.cases" | tr '\n' ' ')
    [ -z "$useless" ] || echo "WRONG     these cases see nothing: $useless"
    failed=$((failed + $(echo "$useless" | wc -w)))
fi
echo "$passed passed, $failed failed"
[ "$failed" -le "$allowed" ]
