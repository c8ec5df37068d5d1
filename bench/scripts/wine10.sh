#!/bin/sh
# A second Wine beside the system's: Wine 10, in a Debian 13 in a folder of its
# own, $WINE10. That is set up when first used: root, debootstrap, some minutes.
#   sh bench/scripts/wine10.sh PROGRAM [ARG...]      like wine
#   sh bench/scripts/wine10.sh --server [ARG...]     like wineserver
#   sh bench/scripts/wine10.sh --set-up              whether it is to be had
set -u

root=${WINE10:-/var/tmp/wine10}
cannot() {
    echo "no Wine 10: $1" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || cannot 'that takes root'
if [ "${1:-}" = --in ]; then # of itself, where mounts are seen by nobody else
    top=/$(pwd -P | cut -d / -f 2) # the same folder is seen inside
    mkdir -p "$root$top"
    for folder in /proc /sys /dev "$top"; do
        mount --rbind "$folder" "$root$folder" || exit 1
    done
    shift
    # shellcheck disable=SC2016 # the inner shell expands
    exec chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$(pwd -P)" \
        "$@"
fi
inside() { unshare -m sh "$0" --in "$@"; }

if [ ! -x "$root/usr/bin/wine" ]; then
    command -v debootstrap >/dev/null || cannot 'there is no debootstrap'
    {
        [ -e "$root/etc/debian_version" ] ||
            debootstrap --variant=minbase trixie "$root"
        cp /etc/resolv.conf "$root/etc/"
        cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/"
        inside apt-get update -q &&
            inside apt-get install -q -y --no-install-recommends wine wine64
    } >&2 || cannot 'Debian 13 could not be set up'
fi
case $1 in
--set-up) exit ;;
--server) shift && set -- wineserver "$@" ;;
*) set -- wine "$@" ;;
esac
exec unshare -m sh "$0" --in "$@"
