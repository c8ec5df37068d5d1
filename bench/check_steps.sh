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
#   - The tables of bugs and forms have a row for each patch; a bug's names its
#     cases. A form's patch says what it is; each form is run and measured.
#   - minimal.c and the programs in forms/ fit on a page, stand alone and say how
#     they are built; so does the README for server.c, with Microsoft's compiler.
#   - Each solution of an exercise says what it is, and its chapter names it.
#   - Links lead somewhere; a picture has a text beside it, and each is shown.
#   - Terms: what a chapter sets in italics is in common/glossary.md, and what is
#     there some chapter explains. Each claim of a chapter has a lab.
#   - README.md has the table of costs of the last run kept.
#   - What common/README.md says of each case stands beside a case that there is.
#   - What 03, 04 and 05 share is the same to the letter, and from one to the
#     next no more lines change than they must; the figures that the texts
#     give for that are those that git counts.
#   sh bench/check_steps.sh CHAPTER...
set -u

minimal_lines=156 # and of programs in forms/
program_lines=156
# What 03, 04 and 05 have in common, with the comment above it.
shared='start_listening on_complete begin_turn'
# Files, and how many lines may differ between them.
distances='minimal.c 03 04 90
minimal.c 04 05 90
server.c 03 04 225
server.c 04 05 290
server.c 03 05 365'

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

# Every form has a row in the chapter's table and in those of check and bench, and
# its patch says what it is.
check_forms() {
    for form in "$1"/forms/*.patch "$1"/forms/*.c; do
        [ -f "$form" ] || continue
        file=${form##*/}
        name=${file%.*}
        for word in Form Why Costs; do
            [ "$file" = "$name.c" ] || sed '/^---/,$d' "$form" |
                grep -q "^$word: *[^ ]" ||
                echo "$form: no \"$word:\" before its first ---"
        done
        grep -q "^| $name |" "$2" || echo "$2: no row for $form"
        grep -q "\"$1\", \"$name\"" bench/check.c ||
            echo "bench/check.c: no form $name of $1"
        grep -q "\"forms/$file\"" bench/result/plan.c ||
            echo "bench/result/plan.c: no rung forms/$file"
    done
}

# Each solution has a head, and the chapter's text names it.
check_solutions() {
    for patch in "$1"/solutions/*.patch; do
        [ -f "$patch" ] || continue
        for word in Exercise How 'Checked by'; do
            sed '/^---/,$d' "$patch" | grep -q "^$word: *[^ ]" ||
                echo "$patch: no \"$word:\" before its first ---"
        done
        grep -qF "$(basename "$patch" .patch)" "$2" ||
            echo "$2: does not name $patch"
    done
}

# Links of text $1 to places within the repository, and its pictures.
check_links() {
    folder=$(dirname "$1")
    # shellcheck disable=SC2016 # nothing to expand
    tr -d '\r' <"$1" | sed '/^```/,/^```/d' | grep -oE '!?\[[^]]*\]\([^)]+\)' |
        while IFS= read -r link; do
            target=${link##*\(}
            target=${target%)}
            case $link in '![]'*) echo "picture $target has no text" ;; esac
            case $target in http*) continue ;; esac
            file=$folder/${target%%#*}
            [ "${target%%#*}" ] || file=$1
            [ -e "$file" ] || echo "link to $target leads nowhere"
            case $target in
            *#*) has_heading "$file" "${target##*#}" ||
                echo "link to $target: there is no such heading" ;;
            esac
        done
    for picture in "$folder"/figures/*.svg; do
        [ -f "$picture" ] || continue
        grep -qF "/${picture##*/})" "$1" README.md || echo "does not show $picture"
        grep -q '<title>' "$picture" && grep -q '<desc>' "$picture" ||
            echo "$picture has no <title> and <desc>"
    done
}

# Whether text $1 has a heading whose anchor, as GitHub makes it, is $2.
has_heading() {
    grep '^#' "$1" | sed 's/^#* *//' | tr '[:upper:]' '[:lower:]' |
        tr -d '\r' | sed 's/[^a-z0-9 _-]//g; s/ /-/g' | grep -qxF "$2"
}

# The terms that text $1 sets in italics, one in a line.
terms_of() {
    # shellcheck disable=SC2016 # nothing to expand
    tr -d '\r' <"$1" | sed '/^ *```/,/^ *```/d; s/`[^`]*`//g; s/\*\*[^*]*\*\*//g' |
        tr '\n' ' ' | tr -s ' ' | grep -oE '(^|[^*[:alnum:]])\*[^* ][^*]*\*' |
        sed 's/^[^*]*//; s/\*//g' | tr '[:upper:]' '[:lower:]'
}

# Glossary $1 against the texts after it.
check_glossary() {
    glossary=$1
    shift
    known=$(tr -d '\r' <"$glossary" | sed -n 's/^| \*\*\([^*]*\)\*\* |.*/\1/p' |
        tr '[:upper:]' '[:lower:]')
    used=$(for text; do terms_of "$text"; done)
    echo "$used" | sort -u | while IFS= read -r term; do
        echo "$known" | grep -qxF "$term" ||
            echo "a chapter explains \"$term\", the glossary does not"
    done
    echo "$known" | while IFS= read -r term; do
        echo "$used" | grep -qxF "$term" ||
            echo "it has \"$term\", which no chapter explains"
    done
    echo "$known" | LC_ALL=C sort -c 2>&1 | sed 's/.*/is not in alphabetical order: &/'
}

# Each lab of chapter $1 is in table $2, and the other way round.
check_claims() {
    number=${1%%_*}
    labs=$(sed -n 's/^ *{"\([0-9]\.[0-9]*\)",.*/\1/p' "$1/labs.c" | sort)
    rows=$(sed -n "s/^| \\(${number#0}\\.[0-9]*\\) |.*/\\1/p" "$2" | sort)
    [ "$labs" = "$rows" ] ||
        echo "its labs are not those of $2:" \
            "$(printf '%s\n' "$labs" "$rows" | sort | uniq -u | tr '\n' ' ')"
}

# Program $1 of at most $2 lines.
check_program() {
    lines=$(wc -l <"$1")
    [ "$lines" -le "$2" ] || echo "$lines lines, more than $2"
    grep '^ *# *include *"' "$1" | sed 's/$/   <- stands not alone/'
    name=$(basename "$1" .c)
    for line in "gcc $name.c -o $name -lws2_32" \
        "cl /std:c11 $name.c ws2_32.lib"; do
        sed '/\*\//q' "$1" | grep -qF "$line" ||
            echo "its first comment does not say \"$line\""
    done
}

# Prints function $2 of source $1 with the comment above it.
print_function() {
    awk -v name="$2" '
        in_body { print; if (/^}/) exit; next }
        /^$/ { head = ""; found = 0; next }
        { head = head $0 "\n" }
        /^\/\*/ { in_comment = 1 }
        !in_comment && $0 ~ "^[a-z].*[ *]" name "\\(" { found = 1 }
        !in_comment && found && /{$/ { printf "%s", head; in_body = 1 }
        !in_comment && /;$/ { head = ""; found = 0 } # a prototype
        /\*\// { in_comment = 0 }' "$1"
}

# Function $1 is the same in all sources, the rest of the arguments.
check_same() {
    name=$1 first=$2
    shift
    text=$(print_function "$first" "$name")
    for source; do
        other=$(print_function "$source" "$name")
        if [ -z "$other" ]; then
            echo "$source has no $name"
        elif [ "$other" != "$text" ]; then
            echo "$name is not the same in $first and $source"
        fi
    done
}

# How many lines were added and removed between two files.
count_changes() {
    { git diff --no-index --numstat "$1" "$2" 2>/dev/null ||
        [ $? -eq 1 ] || diff "$1" "$2" | awk '/^>/ { a++ } /^</ { r++ }
            END { print a + 0, r + 0 }'; } | awk '{ print $1 + $2 }'
}

check_distance() {
    changes=$(count_changes "$1" "$2")
    [ "${changes:-0}" -le "$3" ] ||
        echo "$changes lines changed, more than $3"
}

# What README $1 shows as the output of "git diff --no-index --shortstat".
check_quoted() {
    tr -d '\r' <"$1" | awk '/git diff --no-index --shortstat / {
        one = $(NF - 1); other = $NF; getline; print one, other, $0 }' |
        while read -r one other quoted; do
            seen=$(git diff --no-index --shortstat "$one" "$other" |
                sed 's/^ *//')
            [ "$seen" = "$quoted" ] ||
                echo "$one to $other is \"$seen\", not \"$quoted\""
        done
}

# The row of README.md with the distance of $1 from each chapter to the next, of
# those given after it.
check_table() {
    name=$1 row="| \`$1\` |" before=$2
    shift 2
    for chapter; do
        row="$row $(git diff --no-index --numstat "$before/$name" \
            "$chapter/$name" | awk '{ print "+" $1 " -" $2 }') |"
        before=$chapter
    done
    grep -qF "$row" README.md || echo "it has no row \"$row\""
}

# The table of costs in README.md is that of the last run kept.
check_costs() {
    sh bench/costs.sh bench/last_run.txt | while IFS= read -r line; do
        grep -qxF "$line" README.md || echo "it has no line \"$line\""
    done
}

# The file $1 of the chapter that begins with $2, of those given after it.
file_of() {
    name=$1 number=$2
    shift 2
    for chapter; do
        case $chapter in "$number"_*) echo "$chapter/$name" ;; esac
    done
}

# The line for Microsoft's compiler in README $1, and of common/ what it needs.
msvc='cl /std:c11 /I..\common server.c ..\common\common.lib ws2_32.lib'
check_msvc() {
    grep -qxF "$msvc" "$1" || echo "no line \"$msvc\""
}

# common/README.md names each source that a server uses, and only cases that
# there are.
check_common() {
    files=$(cd common && echo *.c seam/*.c |
        sed 's/ client\.c//; s/ lab\.c//; s/ program\.c//')
    grep -qxF "cl /std:c11 /Iseam /c $files" "$1" ||
        echo "no line \"cl /std:c11 /Iseam /c $files\""
    grep -qxF "lib /out:common.lib $(echo "$files" |
        sed 's/\.c/.obj/g; s|seam/||')" "$1" ||
        echo "no line \"lib /out:common.lib ...\" with the same files"
    sed -n '/^| what is tried/,/^$/s/.*|\([^|]*\)|$/\1/p' "$1" | tr -d '\r' |
        tr '\140' '\n' | grep -x '[a-z0-9_]\+' | while read -r case; do
        grep -q "    X($case," bench/cases/list.h || echo "there is no case $case"
    done
}

for chapter; do
    source=$chapter/server.c minimal=$chapter/minimal.c readme=$chapter/README.md
    for file in "$source" "$minimal" "$readme"; do
        [ -f "$file" ] || {
            count "$file" echo missing
            continue 2
        }
    done
    count "$source" check_markers "$source" "$readme"
    count "$readme" check_headings "$readme"
    count "$readme" check_snippets "$source" "$readme"
    count "$chapter" check_line_numbers "$source" "$minimal" "$readme"
    count "$chapter/bugs" check_museum "$chapter" "$readme"
    count "$chapter/forms" check_forms "$chapter" "$readme"
    count "$chapter/solutions" check_solutions "$chapter" "$readme"
    count "$readme" check_links "$readme"
    count "$chapter/labs.c" check_claims "$chapter" common/claims.md
    count "$minimal" check_program "$minimal" "$minimal_lines"
    for form in "$chapter"/forms/*.c; do
        [ -f "$form" ] || continue
        count "$form" check_program "$form" "$program_lines"
    done
    count "$readme" check_quoted "$readme"
    count "$readme" check_msvc "$readme"
done
for function in $shared; do
    count shared check_same "$function" "$(file_of server.c 03 "$@")" \
        "$(file_of server.c 04 "$@")" "$(file_of server.c 05 "$@")"
done
while read -r name from to at_most; do
    one=$(file_of "$name" "$from" "$@") other=$(file_of "$name" "$to" "$@")
    if [ ! -f "$one" ] || [ ! -f "$other" ]; then
        continue # has been said
    fi
    echo "$name from $from to $to: $(count_changes "$one" "$other") lines" \
        "changed, at most $at_most"
    count "$one to $other" check_distance "$one" "$other" "$at_most"
done <<END
$distances
END
count common/README.md check_common common/README.md
count README.md check_costs
count README.md check_table minimal.c "$@"
count README.md check_table server.c "$@"
chapter_texts=$(for chapter; do echo "$chapter/README.md"; done)
# shellcheck disable=SC2086 # a list of words is meant
count common/glossary.md check_glossary common/glossary.md $chapter_texts
for text in README.md bench/README.md common/*.md; do
    count "$text" check_line_numbers "$text"
    count "$text" check_links "$text"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
