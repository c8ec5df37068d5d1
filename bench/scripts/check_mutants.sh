#!/bin/sh
# Mutants: servers with one small mistake each, made by hand. For each the case
# that should see it is run, and must fail. bench/mutants/*.txt describes them,
# in blocks with an empty line between two:
#   name: thread_handle_leak
#   file: 01_blocking/server.c       what is changed
#   server: 01                       which server runs; from file if not given
#   case: churn_100                  the case, or cases, that must fail
#   - CloseHandle(thread);           these lines, which must stand in the file
#   + ;                              exactly once, become these; more such
#                                    pairs may follow. Blanks around a line and
#                                    a comment at its end are not compared
# In the place of "case:", "equal: why" says that no case can tell it here.
#   COMPILE= LINK= LDLIBS= OBJECTS= BUILD= [WINE=] [ONLY=NAME] [FOR=SERVER] \
#       sh bench/scripts/check_mutants.sh FILE...
# Fails when less than 90 % of the others are killed, or a case of the suite,
# but for its instruments, kills none of them and nothing in the museum.
set -u

# Prints the blocks of the files, one line each: name|file|server|cases|equal
list() {
    awk '
        function flush() {
            if (name != "") {
                if (server == "")
                    server = substr(file, 1, 2)
                print name "|" file "|" server "|" cases "|" equal
            }
            name = file = server = cases = equal = ""
        }
        function value() { sub(/^[a-z]*: */, ""); return $0 }
        FNR == 1 { flush() }
        { sub(/\r$/, "") }
        /^$/ { flush() }
        /^name: / { name = value() }
        /^file: / { file = value() }
        /^server: / { server = value() }
        /^case: / { cases = value() }
        /^equal: / { equal = value() }
        END { flush() }' "$@"
}

# Prints file $2 with the changes of mutant $1, of the files after it; nothing,
# and status 1, when they do not fit.
apply() {
    mutant=$1 source=$2
    shift 2
    awk -v mutant="$mutant" -v source="$source" '
        function bare(line) {
            sub(/[ \t\r]*\/\*.*$/, "", line)
            gsub(/^[ \t]+|[ \t\r]+$/, "", line)
            return line
        }
        function indent(line) { sub(/[^ \t].*/, "", line); return line }
        function change(    at, i, found, head) {
            for (at = 1; at <= lines - old_count + 1; at++) {
                for (i = 1; i <= old_count; i++)
                    if (bare(text[at + i - 1]) != old[i])
                        break
                if (i > old_count) {
                    found++
                    where = at
                }
            }
            if (found != 1) {
                print mutant ": \"" old[1] "\" stands " found + 0 \
                    " times in " source >"/dev/stderr"
                failed = 1
                exit
            }
            head = indent(text[where])
            fresh = ""
            for (i = 1; i <= new_count; i++)
                fresh = fresh head new[i] "\n"
            sub(/\n$/, "", fresh)
            text[where] = fresh
            for (i = 1; i < old_count; i++)
                text[where + i] = "\001"
            old_count = new_count = 0
        }
        FILENAME == source { text[++lines] = $0; next }
        { sub(/\r$/, "") }
        /^name: / { mine = $2 == mutant }
        !mine { next }
        /^-/ {
            if (new_count > 0)
                change()
            old[++old_count] = bare(substr($0, 2))
        }
        /^\+/ { line = substr($0, 2); sub(/^ /, "", line); new[++new_count] = line }
        END {
            if (!failed && old_count > 0)
                change()
            if (failed)
                exit 1
            for (i = 1; i <= lines; i++)
                if (text[i] != "\001")
                    print text[i]
        }' "$source" "$@"
}

# Builds $BUILD/mutants/$1.exe out of file $2 for server $3. Quoted nothing: all
# these variables are lists of words.
# shellcheck disable=SC2086
build() {
    out=$BUILD/mutants/$1
    own=
    case $2 in common/*) own=$(echo "$BUILD"/obj/"$3"_*/server.o) ;; esac
    others=
    for object in $OBJECTS $own; do
        [ "$object" = "$BUILD/obj/${2%.c}.o" ] || others="$others $object"
    done
    # eval, because a -D within may be quoted; -w: a mutant may look odd.
    eval "$COMPILE -w -c -o $out.o $out.c" &&
        $LINK -o "$out.exe" "$out.o" $others $LDLIBS
}

if [ "$1" = --build ]; then # of itself: name file server
    build "$2" "$3" "$4" >"$BUILD/mutants/$2.log" 2>&1
    exit 0
fi

mkdir -p "$BUILD/mutants" || exit 1
rm -f "$BUILD"/mutants/*.exe
all=$BUILD/mutants/list
list "$@" | awk -F '|' -v only="${ONLY:-}" -v server="${FOR:-}" \
    '(only == "" || $1 == only) && (server == "" || $3 == substr(server, 1, 2))' \
    >"$all"
sed 's/|.*//' "$all" | sort | uniq -d | sed 's/^/two mutants are called /' |
    grep . && exit 1

# All are built first, some at a time.
echo "building $(wc -l <"$all") mutants ..."
while IFS='|' read -r name file server _; do
    apply "$name" "$file" "$@" >"$BUILD/mutants/$name.c" ||
        rm -f "$BUILD/mutants/$name.c"
    [ ! -f "$BUILD/mutants/$name.c" ] || echo "$name $file $server"
done <"$all" | xargs -P "${JOBS:-2}" -L 1 sh "$0" --build

passed=0 failed=0 equal_count=0
while IFS='|' read -r name file server cases equal <&3; do
    program=$BUILD/mutants/$name
    if [ ! -f "$program.exe" ]; then
        echo "BROKEN    $server $name: does not fit or does not build"
        head -n 5 "$program.log" 2>/dev/null
        failed=$((failed + 1))
        continue
    fi
    if [ -n "$equal" ]; then
        echo "equal     $server $name: $equal"
        equal_count=$((equal_count + 1))
        continue
    fi
    for case in $cases; do
        # shellcheck disable=SC2086 # WINE is empty on Windows
        ${WINE:-} "$BUILD/check.exe" --server "$server" --case "$case" \
            --program "$program.exe" >"$program.log" 2>&1
        status=$?
        if [ "$status" -eq 1 ] && tr -d '\r' <"$program.log" | tail -n 1 |
            grep -q ' [1-9][0-9]* failed'; then
            echo "killed    $server $name by $case"
            passed=$((passed + 1))
        else
            echo "SURVIVED  $server $name: $case (exit status $status)"
            failed=$((failed + 1))
        fi
    done
done 3<"$all"

[ "$((passed + failed))" -gt 0 ] || {
    echo "no mutant is called ${ONLY:-that}" >&2
    exit 2
}
share=$((100 * passed / (passed + failed)))

useless=0
if [ -z "${ONLY:-}${FOR:-}" ] && [ $# -gt 1 ]; then
    {
        cut -d '|' -f 4 "$all"
        sed -n 's/\r$//; s/^Caught by: //p' ./*/bugs/*.patch
    } | tr ' ' '\n' | sort -u >"$BUILD/mutants/named"
    # shellcheck disable=SC2086 # as above
    ${WINE:-} "$BUILD/check.exe" --list | tr -d '\r' |
        grep -v -e '(--long)$' -e ' instrument: ' |
        sed 's/ .*//' | grep -vxFf "$BUILD/mutants/named" |
        sed 's/^/USELESS   kills no mutant and no bug of the museum: /' \
            >"$BUILD/mutants/useless"
    cat "$BUILD/mutants/useless"
    useless=$(wc -l <"$BUILD/mutants/useless")
fi
echo "killed: $share %, of those that can be; $equal_count more cannot be told" \
    "apart here"
echo "$passed passed, $((failed + useless)) failed"
[ "$share" -ge 90 ] && [ "$useless" -eq 0 ]
