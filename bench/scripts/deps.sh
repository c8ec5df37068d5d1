#!/bin/sh
# `make deps`: installs what is missing, on Debian and Ubuntu. Elsewhere it says
# what is needed.
set -u

# Each line: a command, and the package that brings it.
needed='make make
x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
wine wine
wineserver wine64
gcc gcc
patch patch
clang clang
clang-format clang-format
clang-tidy clang-tidy
cppcheck cppcheck
shellcheck shellcheck'

missing=
while read -r command package; do
    command -v "$command" >/dev/null || missing="$missing $package"
done <<EOT
$needed
EOT
# The native unit tests need a C library's headers and the sanitizers.
if command -v dpkg >/dev/null; then
    dpkg -s libc6-dev >/dev/null 2>&1 || missing="$missing libc6-dev"
fi
# wine alone, without the 64-bit half, cannot run our programs.
case $missing in
*\ wine*) missing="$missing wine64" ;;
esac

if [ "${OS:-}" = Windows_NT ]; then
    cat <<'EOT'
deps: on Windows, please see to it yourself. Either of these will do:
  MSYS2, its UCRT64 shell, after
    pacman -S --needed make patch mingw-w64-ucrt-x86_64-gcc \
        mingw-w64-ucrt-x86_64-clang
  w64devkit, as it is (without clang one part of "make check" is skipped)
EOT
    exit 0
fi
if [ -z "$missing" ]; then
    echo 'deps: everything is there'
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo 'deps: not Debian or Ubuntu; please install what these packages hold:'
    echo " $missing"
    exit 1
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "deps: as root: apt-get install$missing" >&2
        exit 1
    }
    sudo=sudo
fi
echo "deps: installing$missing"
$sudo apt-get update -q </dev/null || exit 1
# shellcheck disable=SC2086 # a list of words is meant
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends $missing </dev/null || exit 1
