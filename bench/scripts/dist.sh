#!/bin/sh
# `make dist`: a zip for who has Windows and no compiler. The sources are in it
# as well, because the texts lead to them.
#   BUILD=... CC=... VERSION=... sh bench/scripts/dist.sh PROGRAM...
set -u

case $($CC -dumpmachine) in
x86_64*) name=iomodels-$VERSION-x64 ;;
i?86*) name=iomodels-$VERSION-x86 ;;
aarch64*) name=iomodels-$VERSION-arm64 ;;
*) echo "dist: for what does $CC compile?" >&2 && exit 1 ;;
esac
case $CC in *clang*) strip=llvm-strip ;; *) strip=${CC%gcc}strip ;; esac
# Windows has a tar that writes zips since version 1803.
case ${OS:-} in
Windows_NT) zip="$SYSTEMROOT/System32/tar.exe -a -cf" ;;
*) zip='zip -qrX' ;;
esac

rm -rf "$BUILD/dist" "$BUILD"/iomodels-*.zip
folder=$BUILD/dist/$name
mkdir -p "$folder/build/forms" "$folder/build/solutions" || exit 1
cp -R Makefile README.md 0*_* common bench "$folder/" || exit 1
for program; do
    to=$folder/build/${program#"$BUILD"/}
    $strip -o "$to" "$program" 2>/dev/null || cp "$program" "$to" || exit 1
    patch=${program%.exe}.patch # its lines are a column of the ladder
    [ ! -e "$patch" ] || cp "$patch" "$(dirname "$to")" || exit 1
done
# cmd.exe wants its own line ends.
awk '{ printf "%s\r\n", $0 }' bench/scripts/run.cmd >"$folder/run.cmd" &&
    rm "$folder/bench/scripts/run.cmd" && cd "$BUILD/dist" &&
    $zip "../$name.zip" "$name" && cd .. && rm -r dist &&
    echo "made $BUILD/$name.zip"
