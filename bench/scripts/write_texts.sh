#!/bin/sh
# `make texts`: puts into the texts what stands in a source. A marker, alone on
# its line, says what the block or the table below it shows:
#   <!-- snippet FILE [FUNCTION]: FIRST[ ... LAST] -->  lines of a file beside
#       the text, from the first with the words FIRST to the next with LAST;
#       LAST may be } or }; and is then the one that closes what FIRST begins;
#       }} closes the function after it, too
#   <!-- rows bugs -->, <!-- rows forms -->  a row for each of them. What stands
#       under "caught by", "what is wrong" and "lines" is from the patch
#   <!-- distances FILE... -->  lines added and removed from chapter to chapter
#   <!-- distance -->  what is printed by each "git diff" in the block
#   <!-- sources -->   what is compiled into common.lib, and put into it
#   <!-- terms -->     after each term the claims that name it
#   <!-- costs -->     the tables of bench/last_run.txt
#   <!-- counts -->    what is exact in it, in the table below
#   <!-- claims -->    all that follows: what the labs print, from $CLAIMS
#   <!-- steps -->     all that follows: the nine steps in each minimal.c, and
#       the last in each server.c
#   [CLAIMS=FILE] sh bench/scripts/write_texts.sh [--check] TEXT...
# With --check no text is written, and it prints what would change.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

cat >"$work/awk" <<'AWK'
# What a command prints; without the last end of a line.
function run(command,    line, all, n) {
    while ((command | getline line) > 0)
        all = all (n++ ? "\n" : "") line
    close(command)
    gsub(/\r/, "", all)
    return all
}

# "+3 -2": how far it is from one file to another.
function distance(one, other,    count) {
    split(run("git diff --no-index --numstat " one " " other), count, "\t")
    return "+" count[1] + 0 " -" count[2] + 0
}

# The same for the name of a form, a patch or a program.
function form_distance(file) {
    if (file ~ /c$/)
        return distance(folder "minimal.c", file)
    return run("sed 1,/^+++/d " file " | awk '/^[+]/ { more++ }" \
        " /^-/ { less++ } END { print \"+\" more + 0, \"-\" less + 0 }'")
}

# "minimal.c start_recv: c->overlapped ... connection_close"
function snippet(what,    at, word, edge, edges, n, line, i, near, within,
    shown, margin, last, closed) {
    at = index(what, ": ")
    split(substr(what, 1, at - 1), word, " ")
    edges = split(substr(what, at + 2), edge, " [.][.][.] ")
    within = word[2] == ""
    n = split(run("cat " folder word[1]), line, "\n")
    for (i = 1; i <= n; i++)
        if (!within) { # a prototype ends with a semicolon
            near = (near || line[i] ~ "^[a-z].*[ *]" word[2] "\\(") &&
                line[i] !~ /;$/
            within = near && line[i] == "{"
        } else if (line[i] ~ /^}/ && word[2] != "")
            break
        else if (shown != "") {
            shown = shown "\n" line[i]
            if (edge[2] ~ /^}+;?$/ ? line[i] == margin last && \
                ++closed == gsub(/}/, "}", edge[2]) : \
                index(line[i], edge[2]))
                return shown
        } else if (index(line[i], edge[1])) {
            if (edges == 1)
                return line[i]
            shown = margin = line[i]
            sub(/[^ ].*/, "", margin)
            last = edge[2] ~ /;/ ? "};" : "}"
        }
    print text ": not found: " what >"/dev/stderr"
    exit failed = 1
}

# What the head of a patch says about key.
function said(file, key) {
    return run("sed -n '/^---/q; s/^" key ": //p' " file)
}

# A row of a table, from cell 2 to cell columns - 1, for a patch or a program.
function row_of(row, file, number,    cell, i) {
    split(row, cell, / *\| */)
    row = "| " cell[2] " |"
    for (i = 3; i < columns; i++) {
        if (column[i] == "caught by") {
            cell[i] = said(file, "Caught by")
            gsub(/ /, ", ", cell[i])
        } else if (column[i] == "what is wrong")
            cell[i] = said(file, "Bug")
        else if (column[i] == "riddle")
            cell[i] = substr("ABCDEFGHIJKL", number, 1)
        else if (column[i] == "lines")
            cell[i] = form_distance(file)
        row = row " " (cell[i] == "" ? "?" : cell[i]) " |"
    }
    return row
}

# Rows of what is there, in the order of the table; what it lacks comes last.
function print_rows(kind, table, rows,    files, n, name, file, number, i,
    cell) {
    n = split(run("LC_ALL=C ls " folder kind "/*.patch " folder kind \
        "/*.c 2>&-"), files)
    for (i = 1; i <= n; i++) {
        name = files[i]
        gsub(/.*\/|\.[a-z]+$/, "", name)
        file[name] = files[i]
        number[name] = i
    }
    for (i = 1; i <= rows + n; i++) {
        split(table[i], cell, / *\| */)
        name = cell[2]
        if (i > rows) {
            name = files[i - rows]
            gsub(/.*\/|\.[a-z]+$/, "", name)
        }
        if (name in file)
            print row_of(i <= rows ? table[i] : "| " name " |", file[name],
                number[name])
        delete file[name]
    }
}

function print_distances(names,    name, n, i, k, chapter, count, row) {
    n = split(names, name, " ")
    count = split(run("echo 0[1-9]_*"), chapter, " ")
    for (i = 1; i <= n; i++) {
        row = "| `" name[i] "` |"
        for (k = 1; k < count; k++)
            row = row " " distance(chapter[k] "/" name[i],
                chapter[k + 1] "/" name[i]) " |"
        print row
    }
}

function sources(    all, objects) {
    all = run("cd common && ls *.c && ls seam/*.c")
    gsub(/(^|\n)(client|lab|program)\.c/, "", all)
    gsub(/\n/, " ", all)
    objects = all
    gsub(/seam\//, "", objects)
    gsub(/\.c/, ".obj", objects)
    return "cl /std:c11 /Iseam /c " all "\nlib /out:common.lib " objects
}

# A column for each server, which has a line in each table of the run.
function print_counts(    line, n, i, k, cell, row, kind) {
    split("receive,send,wait,take what is over,other", kind, ",")
    row[1] = "| calls for one echo"
    row[2] = "| which ones"
    row[3] = "| threads, with 1,000 silent clients and one that talks"
    row[4] = "| handles for each silent client (under Wine)"
    n = split(run("grep -E '^0[1-5].*[=]|^0[1-5].* 1000  ' " costs), line, "\n")
    for (i = 1; i <= n; i++) {
        split(line[i], cell, " +")
        if (cell[4] != "=") {
            row[3] = row[3] " | " cell[6]
            row[4] = row[4] " | " sprintf("%.0f", cell[5])
            continue
        }
        row[1] = row[1] " | " cell[3]
        row[2] = row[2] " |"
        for (k = 1; k <= 5; k++)
            if (cell[k + 4] != ".")
                row[2] = row[2] (k > 1 ? ", " : " ") kind[k]
    }
    for (i = 1; i <= 4; i++)
        print row[i] " |"
}

# The same rows, with the first claims in whose words the term is; if there is
# none, those whose explanation has it.
function print_terms(table, rows,    claim, n, i, k, cell, words, term, found,
    whole) {
    n = split(run("grep -E '^. [1-5][.][0-9]+ ' common/claims.md"), claim, "\n")
    for (i = 1; i <= rows; i++) {
        split(table[i], cell, / *\| */)
        term = tolower(cell[2])
        gsub(/[*]/, "", term)
        found = ""
        for (whole = 0; whole < 2 && found == ""; whole++)
            for (k = 1; k <= n && length(found) < 28; k++) {
                split(claim[k], words, / *\| */)
                if (whole ? tolower(claim[k]) ~ "[^a-z]" term "[^a-z]" : \
                    index(tolower(words[3]), term))
                    found = found (found ? ", " : "") words[2]
            }
        print "| " cell[2] " | " cell[3] " | " cell[4] " | " cell[5] " | " \
            found " |"
    }
}

# The function of file that step is marked in, or only the line.
function step_of(step, file,    line, n, i, shown) {
    n = split(run("cat " file), line, "\n")
    for (i = 1; i <= n && !index(line[i], step); i++)
        continue
    if (line[i] ~ /^ /) { # within a function
        gsub(/^ +| *\/\*.*/, "", line[i])
        return line[i]
    }
    if (line[i] ~ /^\/\*/)
        while (line[i++] !~ /\*\/$/)
            continue
    for (shown = line[i]; line[i] !~ /^}/ && i < n;)
        shown = shown "\n" line[++i]
    return shown
}

# What is the same in chapters side by side stands in one cell.
function print_steps(    name, file, chapter, code, k, i, wide) {
    split("listen,accept,open a connection,start to receive,received," \
        "send,wait and dispatch,close,stop (server.c)", name, ",")
    split(run("echo 0[1-9]_*"), chapter, " ")
    for (k = 1; k <= 9; k++) {
        file = k < 9 ? "/minimal.c" : "/server.c"
        print "\n## S" k " " name[k] "\n\n<table><tr>"
        for (i = 1; i <= 5; i++)
            code[i] = step_of("[S" k "]", chapter[i] file)
        for (i = 1; i <= 5; i += wide) {
            for (wide = 1; code[i + wide] == code[i] && i + wide <= 5; wide++)
                continue
            print "<td valign=\"top\" colspan=\"" wide "\">\n\n**" \
                substr(chapter[i], 1, 2) (wide > 1 ? " to " \
                substr(chapter[i + wide - 1], 1, 2) : "") "**\n\n```c\n" \
                code[i] "\n```\n\n</td>"
        }
        print "</tr></table>"
    }
}

{ print }
!/^<!-- (snippet|rows|distance|source|cost|count|claim|step|term)s? .*-->$/ {
    next
}
{
    what = $2
    argument = $0
    sub(/^<!-- [a-z]+ */, "", argument)
    sub(/ *-->$/, "", argument)
    if (what == "steps") {
        print_steps()
        exit
    }
    if (what == "claims") {
        if (claims == "")
            next
        print run("cat " claims)
        exit
    }
    getline
    print
    if (what ~ /^(rows|distances|counts|terms)$/) {
        columns = split($0, column, / *\| */)
        getline
        print
        rows = 0
        while ((getline) > 0 && /^\|/)
            table[++rows] = $0
        if (what == "rows")
            print_rows(argument, table, rows)
        else if (what == "counts")
            print_counts()
        else if (what == "terms")
            print_terms(table, rows)
        else
            print_distances(argument)
    } else {
        if (what == "snippet")
            print snippet(argument)
        else if (what == "sources")
            print sources()
        else if (what == "costs")
            print run("sed '/^Echoes/,/^Told/{ /^Told/!d; }' " costs)
        while ((getline) > 0 && !/^```/)
            if (what == "distance" && /git diff/)
                print $0 "\n" run(substr($0, index($0, "git")))
    }
    print
}
END { exit failed }
AWK

status=0
for text; do
    [ "$text" != --check ] || { check=1; continue; }
    folder=${text%"${text##*/}"}
    awk -v text="$text" -v folder="$folder" -v costs=bench/last_run.txt \
        -v claims="${CLAIMS:-}" -f "$work/awk" "$text" >"$work/text" || {
        status=1
        continue
    }
    cmp -s "$text" "$work/text" && continue
    if [ "${check:-}" ]; then
        echo "$text is not as \`make texts\` writes it:"
        diff "$text" "$work/text"
        status=1
    else
        cat "$work/text" >"$text"
        echo "wrote $text"
    fi
done
exit $status
