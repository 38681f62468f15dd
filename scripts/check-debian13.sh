#!/usr/bin/env bash
# Builds and runs the integration and postgres suites on Debian 13 (libmicrohttpd 1.0.1, libxgboost 3.0.0), in a chroot that debootstrap makes
# from the mirror that this machine's apt uses. As root; the chroot stays for the next time in $CREDITRISK_DEBIAN13, by default
# ~/.cache/creditrisk/debian13. Words are handed to `meson test` instead of those suites, e.g.: scripts/check-debian13.sh http limits
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/debian13.sh
[ "${1:-}" != --help ] || { sed -n '2,4s/^# //p' "$0"; exit 0; }
[ "$(id -u)" -eq 0 ] || { echo "check-debian13.sh: only root can make a chroot" >&2; exit 2; }

root=${CREDITRISK_DEBIAN13:-${XDG_CACHE_HOME:-$HOME/.cache}/creditrisk/debian13}
need_packages debootstrap

# What an earlier run left mounted would be emptied with the folder.
unmount() {
  ! mountpoint -q "$root/proc" || umount "$root/proc"
}

if [ ! -f "$root/.complete" ] && [ ! -f "$root/.begun" ] && [ -n "$(ls -A "$root" 2>/dev/null)" ]; then
  echo "check-debian13.sh: '$root' holds something else; name another folder in CREDITRISK_DEBIAN13" >&2
  exit 1
fi
unmount
if [ ! -f "$root/.complete" ]; then
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  touch "$root/.begun" # by this script
  make_debian13 "$root"
  touch "$root/.complete"
fi

cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
trap unmount EXIT

# What git knows or would add, as it stands in the working tree; the build folder stays.
mkdir -p "$root/src"
find "$root/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read -cf - | tar -C "$root/src" -xf -

tests=("$@")
[ $# -gt 0 ] || tests=(--suite integration --suite postgres)
chroot "$root" /bin/bash -euc '
  cd /src
  . scripts/packages.sh
  need_packages "${build_packages[@]}" libcmocka-dev gzip python3 postgresql
  [ -f build/build.ninja ] || meson setup build --werror -Dtests=enabled --buildtype=debugoptimized
  ninja -C build
  dpkg-query -W libmicrohttpd-dev libxgboost-dev
  meson test -C build --no-rebuild --print-errorlogs "$@"' check-debian13 "${tests[@]}"
