#!/bin/sh
# What sources and texts must have in common and `make texts` cannot write. Each
# function below is one check, and has passed when it prints nothing.
#   sh bench/scripts/check_steps.sh CHAPTER...
# The last line is "N passed, N failed, N skipped": without git, what asks it.
set -u

passed=0 failed=0 skipped=0
count() { # $1 is what is looked at, the rest the command that looks
    about=$1
    shift
    wrong=$("$@" 2>&1)
    [ "$wrong" ] || { passed=$((passed + 1)) && return; }
    failed=$((failed + 1))
    printf '%s\n' "$wrong" | sed "s|^|$about: |"
}

# Each step once in server.c, and under a heading of its own in the README.
check_steps() {
    for step in S1 S2 S3 S4 S5 S6 S7 S8 S9; do
        [ "$(grep -o "\[$step\]" "$1/server.c" | wc -l)" -eq 1 ] ||
            echo "server.c does not have the marker [$step] once"
        [ "$(grep -c "^### ${step}[ :]" "$1/README.md")" -eq 1 ] ||
            echo "README.md does not have one heading for $step"
    done
}

# The text names each solution and has filled each row that `make texts` began;
# check and the ladder know each form.
check_names() {
    grep -n '| ? |' "$1/README.md"
    for file in "$1"/solutions/*.patch "$1"/forms/*.*; do
        name=${file##*/}
        name=${name%.*}
        case $file in
        *'*'*) ;;
        */forms/*) cat bench/*.[ch] bench/*/*.c | grep -qF "\"$name\"" ||
            echo "nothing in bench runs $file" ;;
        *) grep -qF "$name" "$1/README.md" || echo "README.md has no $name" ;;
        esac
    done
}

# A program of one page: at most 156 lines, stands alone, says how it is built.
check_program() {
    [ "$(wc -l <"$1")" -le 156 ] || echo 'more than 156 lines'
    grep '^ *# *include *"' "$1"
    name=$(basename "$1" .c)
    for line in "gcc $name.c -o $name -lws2_32" \
        "cl /std:c11 $name.c ws2_32.lib"; do
        sed '/\*\//q' "$1" | grep -qF "$line" ||
            echo "its first comment does not say \"$line\""
    done
}

# Links of text $1 to places within the repository, and its pictures.
check_links() {
    folder=$(dirname "$1")
    # shellcheck disable=SC2016 # nothing to expand
    sed '/^```/,/^```/d' "$1" | grep -oE '!?\[[^]]*\]\([^)]+\)' |
        while IFS= read -r link; do
            target=${link##*\(}
            target=${target%)}
            case $link in
            '![]'*) echo "picture $target has no text" ;;
            *'](http'*) continue ;;
            esac
            file=$folder/${target%%#*}
            [ "${target%%#*}" ] || file=$1
            [ -e "$file" ] || echo "link to $target leads nowhere"
            case $target in # an anchor, as GitHub makes it of a heading
            *#*) sed -n 's/^#* //p' "$file" | tr '[:upper:]' '[:lower:]' |
                sed 's/[^a-z0-9 _-]//g; s/ /-/g' | grep -qxF "${target##*#}" ||
                echo "link to $target: there is no such heading" ;;
            esac
        done
    for picture in "$folder"/figures/*.svg; do
        [ -e "$picture" ] || continue
        grep -qF "/${picture##*/})" "$folder"/*.md README.md ||
            echo "no $picture"
        grep -q '<title>' "$picture" && grep -q '<desc>' "$picture" ||
            echo "$picture has no <title> and <desc>"
    done
}

# Line numbers drift.
check_line_numbers() {
    grep -nE '(^|[^A-Za-z])[Ll]ines? [0-9]+|\.[ch]:[0-9]+|#L[0-9]+' "$@"
}

# Each case, mistake, form and solution that a text runs is there.
check_names_run() {
    grep -hoE '(CASE|FORM|BUG|SOLUTION)=[a-z0-9_]+' "$@" | sort -u |
        while IFS='=' read -r kind name; do
            grep -q "X($name," bench/cases/list.h ||
                find 0* -name "$name.*" | grep -q . || echo "no $kind=$name"
        done
}

# The terms that texts set in italics, one in a line.
terms_of() {
    # shellcheck disable=SC2016 # nothing to expand
    sed '/^ *```/,/^ *```/d; s/`[^`]*`//g; s/\*\*[^*]*\*\*//g
        s/<!--.*-->//' "$@" |
        tr '\n' ' ' | tr -s ' ' | grep -oE '(^|[^*[:alnum:]])\*[^* ][^*]*\*' |
        sed 's/^[^*]*//; s/\*//g' | tr '[:upper:]' '[:lower:]' | sort -u
}

# The glossary, in alphabetical order, against the texts.
check_glossary() {
    known=$(sed -n 's/^| \*\*\([^*]*\)\*\* |.*/\1/p' common/glossary.md |
        tr '[:upper:]' '[:lower:]')
    echo "$known" | LC_ALL=C sort -c
    { echo "$known" | sort && echo && terms_of "$@"; } | awk '
        /^$/ { chapters = 1; next }
        !chapters { known[$0] = 1; next }
        !($0 in known) { print "a chapter explains \"" $0 "\", it does not" }
        { delete known[$0] }
        END { for (term in known) print "no chapter explains " term }'
}

# Function $1 is the same in all files after it.
check_same() {
    name=$1 first=
    shift
    for file; do
        text=$(sed -n "/^[a-z].*[ *]$name(.*[^;]\$/,/^}/p" "$file")
        [ "${first:=${text:-none}}" = "$text" ] || echo "another one in $file"
    done
}

# How many lines may change from file $1 to $2: $3 at most.
check_distance() {
    git diff --no-index --numstat "$1" "$2" | awk -v most="$3" '
        $1 + $2 > most { print $1 + $2 " lines change, " most " at most" }'
}

# As count; what it looks at is said by git.
count_by_git() {
    if command -v git >/dev/null; then
        count "$@"
    else
        skipped=$((skipped + 1))
        echo "$1: skipped, there is no git"
    fi
}

texts=
for chapter; do
    readme=$chapter/README.md
    texts="$texts $chapter/*.md"
    count "$chapter" check_steps "$chapter"
    count "$readme lacks a line of minimal.c" \
        grep -vxFf "$readme" "$chapter/minimal.c"
    count "$chapter" check_names "$chapter"
    for program in "$chapter"/minimal.c "$chapter"/forms/*.c; do
        [ ! -e "$program" ] || count "$program" check_program "$program"
    done
    count "$chapter" check_line_numbers "$chapter"/*.c
done
# shellcheck disable=SC2086 # a list of words is meant
count common/glossary.md check_glossary $texts
for text in $texts README.md bench/README.md common/*.md; do
    count "$text" check_line_numbers "$text"
    count "$text" check_links "$text"
    by=count
    ! grep -qE '^<!-- (distance|rows forms)' "$text" || by=count_by_git
    $by "$text" sh bench/scripts/write_texts.sh --check "$text"
done
# shellcheck disable=SC2086 # as above
count texts check_names_run $texts README.md bench/README.md common/*.md
count lines grep -nE '.{81}' Makefile .ci/run bench/scripts/*.sh
for function in start_listening on_complete begin_turn; do
    count $function check_same $function 03*/server.c 04*/server.c 05*/server.c
done
while read -r from to at_most; do
    count_by_git "$from to $to" check_distance "$from" "$to" "$at_most"
done <<END
03_overlapped_event/minimal.c 04_overlapped_apc/minimal.c 90
04_overlapped_apc/minimal.c 05_iocp/minimal.c 90
03_overlapped_event/server.c 04_overlapped_apc/server.c 225
04_overlapped_apc/server.c 05_iocp/server.c 290
03_overlapped_event/server.c 05_iocp/server.c 365
END
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
