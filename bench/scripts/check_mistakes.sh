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
#   BUILD= MAKE= [WINE=] sh bench/scripts/check_mistakes.sh PATCH...
#   BUILD= COMPILE= LINK= LDLIBS= OBJECTS= [WINE= ONLY=NAME FOR=SERVER JOBS=] \
#       sh bench/scripts/check_mistakes.sh TEXT...
set -u

case $1 in
*/bugs/*) folder=$BUILD/bugs verb=caught head='Caught by' ;;
*/solutions/*) folder=$BUILD/solutions verb=right head='Checked by' ;;
*) folder=$BUILD/mutants verb=killed ;;
esac
mistakes=$folder/list
mkdir -p "$folder" || exit 1

# Writes the mutants that are asked for to $BUILD/mutants/NAME.c, as far as they
# fit, and prints a line for each: SERVER|NAME|PROGRAM|CASES|FILE
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
                if (i > olds && ++found)
                    where = at
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
        function end_block(    i, server) {
            if (olds > 0)
                change()
            server = said["server"] ? said["server"] : substr(file, 1, 2)
            if (name != "" && (only == "" || only == name) &&
                (wanted == "" || substr(wanted, 1, 2) == server)) {
                print server "|" name "|" folder name "|" said["case"] "|" file
                if (broken != "")
                    print broken >"/dev/stderr"
                for (i = 1; i <= lines && broken == ""; i++)
                    if (text[i] != "\001")
                        print text[i] >(folder name ".c")
                close(folder name ".c")
            }
            name = said["server"] = broken = ""
        }
        { sub(/\r$/, "") }
        FNR == 1 || /^$/ { end_block() }
        /^[a-z]+: / {
            said[substr($1, 1, length($1) - 1)] = substr($0, length($1) + 2)
            name = said["name"]
        }
        /^file: / {
            file = said["file"]
            for (lines = 0; (getline line <file) > 0; )
                text[++lines] = line
            close(file)
        }
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
    name=${1%%/*}_$(basename "$1" .patch)
    echo "${1%%_*}|$name|$folder/$name|$(sed -n "/^---/q; s/^$head: //p" "$1")|"
}

# Runs the cases ($4) with a program ($3): a solution must pass, others fail.
# Says what came of it.
look_at() {
    wrong='' pattern='[0-9]* passed, [1-9][0-9]* failed, 0 skipped'
    [ $verb != right ] || pattern='[1-9][0-9]* passed, 0 failed, 0 skipped'
    [ -e "$3.exe" ] || wrong=' does not fit or does not build'
    [ "$wrong" ] || for case in $4; do
        # shellcheck disable=SC2086 # WINE is empty on Windows
        ${WINE:-} "$BUILD/check.exe" --server "$1" --program "$3.exe" \
            --case "$case" >>"$3.log" 2>&1 </dev/null
        tail -n 1 "$3.log" | tr -d '\r' | grep -qx "$pattern" ||
            wrong="$wrong not $verb by $case;"
    done
    [ "$wrong" ] || { echo "$verb    $2 by $4" && return; }
    echo "WRONG     $2:$wrong"
    tail -n 15 "$3.log" 2>/dev/null | sed 's/^/    /'
}

# Every second mistake: a case waits more than it computes, so there are two.
look_at_those() {
    awk -v odd="$1" 'NR % 2 == odd' "$mistakes" |
        while IFS='|' read -r server name program cases _; do
            look_at "$server" "$name" "$program" "$cases"
        done | tee -a "$mistakes.results"
}

if [ "$1" = --build ]; then # of itself: NAME SERVER FILE
    build_mutant "$2" "$3" "$4" >"$BUILD/mutants/$2.log" 2>&1
    exit 0
fi
rm -f "$folder"/*.exe "$folder"/*.log # a stale one must not be tried
if [ $verb = killed ]; then
    rm -f "$folder"/*.c
    write_mutants "$@" >"$mistakes"
    echo "building $(wc -l <"$mistakes") mutants ..."
    awk -F '|' '{ print $2, $1, $5 }' "$mistakes" |
        xargs -r -n 3 -P "${JOBS:-2}" sh "$0" --build
else
    for patch; do describe_patch "$patch"; done >"$mistakes"
    # shellcheck disable=SC2046,SC2086 # lists of words are meant
    $MAKE -k $(awk -F '|' '{ print $3 ".exe" }' "$mistakes") >/dev/null 2>&1
fi
[ -s "$mistakes" ] || { echo "there is no mutant $ONLY" >&2 && exit 2; }

: >"$mistakes.results"
look_at_those 0 &
other=$!
trap 'kill $other 2>/dev/null; exit 130' INT TERM HUP
look_at_those 1
wait $other
failed=$(grep -c '^WRONG ' "$mistakes.results")
echo "$(grep -c "^$verb " "$mistakes.results") passed, $failed failed"
[ "$failed" -eq 0 ]
