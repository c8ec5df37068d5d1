#!/bin/sh
# `make deps`: installs what is missing, on Debian and Ubuntu. Elsewhere it says
# what is needed.
set -u

if [ "${OS:-}" = Windows_NT ]; then
    cat <<'EOT'
deps: on Windows, please see to it yourself. Any of these will do:
  MSYS2, its UCRT64 shell, after
    pacman -S --needed git make patch mingw-w64-ucrt-x86_64-gcc \
        mingw-w64-ucrt-x86_64-clang
  on ARM64: MSYS2, its CLANGARM64 shell, after
    pacman -S --needed git make patch mingw-w64-clang-aarch64-clang
  w64devkit, as it is. Without git and clang parts of "make check" are skipped,
    and "make ab" needs git
EOT
    exit 0
fi

# What must be there, and the package that brings it. The native unit tests need
# a C library's headers, and wine, to run our programs, its 64-bit half.
missing=
while read -r needed package; do
    [ -e "$needed" ] || command -v "$needed" >/dev/null ||
        missing="$missing $package"
done <<'EOT'
make make
x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
wine wine wine64
wineserver wine64
gcc gcc
/usr/include/stdio.h libc6-dev
patch patch
busybox busybox
zip zip
unzip unzip
clang clang
clang-format clang-format
clang-tidy clang-tidy
cppcheck cppcheck
shellcheck shellcheck
EOT
[ "$missing" ] || { echo 'deps: everything is there' && exit; }
command -v apt-get >/dev/null || {
    echo 'deps: not Debian or Ubuntu; please install what these packages hold:'
    echo " $missing"
    exit 1
}
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "deps: installing$missing"
$sudo apt-get update -q </dev/null || exit 1
# shellcheck disable=SC2086 # a list of words is meant
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends $missing </dev/null
