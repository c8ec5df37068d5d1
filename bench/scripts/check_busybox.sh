#!/bin/sh
# What make and the scripts do in w64devkit, where all the tools are busybox's,
# beside make and the compiler, and git there is none. In the place of the suite
# stands a program that says what is to be heard of it.
#   MAKE=... CC=... BUILD=... sh bench/scripts/check_busybox.sh
# The last line is "N passed, N failed, N skipped".
set -u

# In w64devkit itself all parts of `make check` show it.
if [ "${OS:-}" = Windows_NT ] || ! command -v busybox >/dev/null; then
    echo 'skipped: there is no busybox, or this is Windows'
    echo '0 passed, 0 failed, 1 skipped'
    exit
fi
rm -rf "$BUILD/busybox" "$BUILD/bugs"
mkdir -p "$BUILD/busybox" || exit 1
tools=$(cd "$BUILD/busybox" && pwd -P)
for tool in $(busybox --list); do
    ln -s "$(command -v busybox)" "$tools/$tool"
done
ln -sf "$(command -v make)" "$(command -v "${CC%% *}")" "$tools"
cat >"$tools/suite" <<'EOT'
#!/bin/sh
case $* in
*--program*) echo '0 passed, 1 failed, 0 skipped' && exit 1 ;;
*) echo '1 passed, 0 failed, 0 skipped' ;;
esac
EOT
chmod +x "$tools/suite"

export PATH="$tools"
here="$MAKE SHELL=$tools/sh WITH_WINE= WINE=suite"
exec sh bench/scripts/check_programs.sh "$here check-steps" \
    "$here check-servers" "$here check-bugs" \
    "$here mutants ONLY=01_thread_handle_leak"
