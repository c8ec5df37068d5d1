#!/bin/sh
# Runs a command that starts Wine one or more times, and ends this prefix's
# Wine afterwards, also after Ctrl+C. A prefix that is new is set up first.
#   WINE= WINESERVER= WINEPREFIX= sh bench/scripts/with_wine.sh COMMAND...
# WINESERVER may be empty, for a Wine whose wineserver cannot be called.
set -u

case $WINEPREFIX in
/*) ;;
*) WINEPREFIX=$(pwd -P)/$WINEPREFIX ;; # Wine takes no relative path
esac
WINEDEBUG=${WINEDEBUG:--all}
WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' # no Mono, Gecko, menus
export WINE WINESERVER WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
unset DISPLAY WAYLAND_DISPLAY

# One file for each command that uses this prefix now: a server may run in one
# terminal and the client in another, and only the last one ends Wine.
users=$WINEPREFIX.users
mkdir -p "$users" "$WINEPREFIX" || exit 1

end_wine() {
    # Unquoted: WINE and WINESERVER may be a command with arguments.
    if [ -n "$WINESERVER" ]; then
        $WINESERVER -k
        $WINESERVER -w
    else
        $WINE wineboot --kill
    fi >/dev/null 2>&1
}

finish() {
    rm -f "$users/$$"
    for user in "$users"/*; do
        [ -e "$user" ] || continue
        kill -0 "${user##*/}" 2>/dev/null && return
        rm -f "$user" # its command was killed
    done
    end_wine
}

# Of two commands at the same time, a server and a client, the second waits.
# Wine 8 once failed to start wineboot itself while it made one: hence again.
set_up() {
    ! command -v flock >/dev/null || flock 9
    [ ! -e "$WINEPREFIX/.ready" ] || return 0
    command -v "${WINE%% *}" >/dev/null ||
        { echo "${WINE%% *} is not here; see \`make deps\`" >&2 && exit 1; }
    echo 'setting up a Wine prefix, once, 10 to 20 seconds ...' >&2
    { $WINE wineboot -i || $WINE wineboot -i; } >"$WINEPREFIX.log" 2>&1 9>&- ||
        { cat "$WINEPREFIX.log" && exit 1; }
    end_wine 9>&-
    touch "$WINEPREFIX/.ready"
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
: >"$users/$$"
[ -e "$WINEPREFIX/.ready" ] || set_up 9>"$WINEPREFIX.lock"
"$@"
