#!/bin/sh
# The command lines for Microsoft's compiler, as the texts say them: those in
# common/README.md, and the one in the first comment of each program of one
# page. Needs a shell with cl: an "x64 Native Tools" prompt, and in it Git's sh.
# Without one gcc is given the same files and libraries.
#   CC=... BUILD=... sh bench/scripts/check_cl.sh
# The last line is "N passed, N failed".
set -u

copy=$BUILD/cl try=: passed=0 failed=0
rm -rf "$copy"
mkdir -p "$copy" || exit 1
cp -R common 0* "$copy"

if ! command -v cl >/dev/null; then
    echo 'no cl: gcc takes its place'
    cl() {
        for word; do
            shift
            case $word in
            -std:*) word=-std=${word#-std:} ;;
            *.lib) [ -e "$word" ] || word=-l${word%.lib} ;;
            esac
            set -- "$@" "$word"
        done
        case " $* " in *' -c '*) ;; *) set -- "$@" -o "$source.exe" ;; esac
        $CC "$@"
    }
    lib() {
        library=${1#-out:}
        shift
        for object; do
            shift
            set -- "$@" "${object%bj}"
        done
        $(command -v ar || echo llvm-ar) rc "$library" "$@"
    }
else # before the link that comes with Git
    try='./server.exe --version'
    PATH=$(dirname "$(command -v cl)"):$PATH
fi

# Runs line $2 in folder $1. MSYS2 would take /c for a folder: hence -c.
run() {
    line=$(printf '%s\n' "$2" | sed 's| /| -|g; s|\\|/|g')
    source=$(printf '%s\n' "$line" | sed 's/.* \([a-z_]*\)\.c .*/\1/')
    if said=$(cd "$copy/$1" && eval "$line" 2>&1 && case $line in
        *../*) $try ;;
        esac); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s: %s\n%s\n' "$1" "$2" "$said"
    fi
}

grep -E '^(cl|lib) ' common/README.md >"$copy/lines"
while IFS= read -r command; do
    case $command in
    *' server.c ..'*) for chapter in 0*; do run "$chapter" "$command"; done ;;
    *) run common "$command" ;;
    esac
done <"$copy/lines"
for program in 0*/minimal.c 0*/forms/*.c; do
    run "${program%/*}" "$(sed -n 's/.* \(cl \/std.*\.lib\).*/\1/p; /\*\//q' \
        "$program")"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
