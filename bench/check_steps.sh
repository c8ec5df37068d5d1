#!/bin/sh
# Steps S1 to S9: the source and the text of each chapter must say the same.
#   - server.c has each step as a marker, exactly once: "[S4]" at the beginning
#     of a comment, which stands directly over a function or within one. A step
#     that the model does not have is "[S7] None" in the source, or not there,
#     and "S7: none" in the README.
#   - README.md has a heading for each step.
#   - A fenced c snippet under such a heading, or with a marker in it, stands
#     in server.c line by line; indentation does not count. A line that is only
#     "..." stands for lines left out.
#   - No text names a line number: they drift.
#   - The table of the bug museum has a row for each patch, with its cases.
#   sh bench/check_steps.sh CHAPTER...
set -u

passed=0 failed=0

# Runs a check, the rest of the arguments, on the file $1. It has passed when it
# prints nothing.
count() {
    about=$1
    shift
    wrong=$("$@")
    if [ -z "$wrong" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\n' "$wrong" | sed "s|^|$about: |"
    fi
}

# Markers in source $1, of which README $2 may say that there is none.
check_markers() {
    awk '
        { sub(/\r$/, "") }
        FILENAME ~ /\.md$/ {
            line = tolower($0)
            for (i = 1; i <= 9; i++)
                if (line ~ "(^|[^a-z0-9])s" i "[^a-z0-9 ]*: none")
                    none[i] = 1
            next
        }
        # After a comment with markers the next code must begin a function.
        want != "" && !in_comment && !/^\/\*/ {
            code = code $0 " "
            if (code ~ /[{;=]/ || $0 == "") {
                if (code !~ /^[A-Za-z_][^{;=]*\([^;]*\{/)
                    print want "does not stand over a function"
                want = ""
            }
        }
        /^\/\*/ { in_comment = 1; code = "" }
        /^ *(\/\*|\*) \[S[1-9]\]/ {
            within = !in_comment
            line = $0
            sub(/^[^[]*/, "", line)
            while (line ~ /^\[S[1-9]\]/) { # "[S4] [S5]": one function does both
                step = substr(line, 3, 1)
                sub(/^\[S[1-9]\] */, "", line)
                seen[step]++
                if (tolower(line) ~ /^none/)
                    absent[step] = 1
                else if (!within)
                    want = want "[S" step "] "
            }
        }
        /\*\// { in_comment = 0 }
        END {
            for (i = 1; i <= 9; i++) {
                if (none[i] && seen[i] && !absent[i])
                    print "[S" i "] is marked, but the README says \"none\""
                else if (absent[i] && !none[i])
                    print "[S" i "] says None, but the README does not say" \
                        " \"S" i ": none\""
                else if (!none[i] && seen[i] != 1)
                    print "[S" i "] is marked " seen[i] + 0 " times, not once"
            }
        }' "$2" "$1"
}

check_headings() {
    awk '
        /^```/ { in_code = !in_code }
        !in_code && /^#/ {
            for (i = 1; i <= 9; i++)
                if ($0 ~ "(^|[^A-Za-z0-9])S" i "([^A-Za-z0-9]|$)")
                    seen[i] = 1
        }
        END {
            for (i = 1; i <= 9; i++)
                if (!seen[i])
                    print "no heading for S" i
        }' "$1"
}

# Snippets of README $2 that are not in source $1.
check_snippets() {
    awk '
        function trimmed(line) {
            sub(/\r$/, "", line)
            sub(/^[ \t]+/, "", line)
            sub(/[ \t]+$/, "", line)
            return line
        }
        # Whether lines first to last of the snippet follow each other in the
        # source somewhere.
        function stands(first, last,    at, i) {
            for (at = 1; at <= lines - (last - first); at++) {
                for (i = first; i <= last; i++)
                    if (source[at + i - first] != snippet[i])
                        break
                if (i > last)
                    return 1
            }
            return 0
        }
        function check_snippet(    first, i) {
            first = 1
            snippet[size + 1] = "..."
            for (i = 1; i <= size + 1; i++)
                if (snippet[i] == "...") {
                    if (i > first && !stands(first, i - 1))
                        print "not in the source: \"" snippet[first] \
                            "\" and what follows"
                    first = i + 1
                }
        }
        FILENAME ~ /\.c$/ { source[++lines] = trimmed($0); next }
        !in_code && /^#/ {
            in_step = $0 ~ /(^|[^A-Za-z0-9])S[1-9]([^A-Za-z0-9]|$)/
        }
        in_code && /^ *```/ {
            if (is_c && carries_step)
                check_snippet()
            in_code = 0
            next
        }
        !in_code && /^ *```/ {
            in_code = 1
            is_c = trimmed($0) ~ /^```c( |$)/
            carries_step = in_step
            size = 0
            next
        }
        in_code {
            snippet[++size] = trimmed($0)
            if ($0 ~ /\[S[1-9]\]/)
                carries_step = 1
        }' "$1" "$2"
}

check_line_numbers() {
    grep -nE '(^|[^A-Za-z])[Ll]ines? [0-9]+|\.[ch]:[0-9]+|#L[0-9]+' "$@" \
        /dev/null | sed 's/$/   <- names a line number/'
}

# Every bug of the museum has a row in the chapter's table, with its cases.
check_museum() {
    for patch in "$1"/bugs/*.patch; do
        [ -f "$patch" ] || continue
        row=$(grep "^| $(basename "$patch" .patch) |" "$2") || {
            echo "$2: no row for $patch"
            continue
        }
        # shellcheck disable=SC2013 # words are meant
        for case in $(sed -n 's/^Caught by: //p' "$patch"); do
            case $row in
            *"$case"*) ;;
            *) echo "$2: the row of $patch does not name $case" ;;
            esac
        done
    done
}

for chapter; do
    source=$chapter/server.c readme=$chapter/README.md
    for file in "$source" "$readme"; do
        [ -f "$file" ] || {
            count "$file" echo missing
            continue 2
        }
    done
    count "$source" check_markers "$source" "$readme"
    count "$readme" check_headings "$readme"
    count "$readme" check_snippets "$source" "$readme"
    count "$chapter" check_line_numbers "$source" "$readme"
    count "$chapter/bugs" check_museum "$chapter" "$readme"
done
for text in README.md bench/README.md; do
    [ ! -f "$text" ] || count "$text" check_line_numbers "$text"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
