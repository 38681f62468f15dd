# shellcheck shell=bash
# Sourced by the other scripts: installs Debian packages that are missing, as root or through sudo.

build_packages=(gcc libc6-dev pkg-config meson ninja-build libmicrohttpd-dev libjansson-dev libsqlite3-dev libxgboost-dev
  libyaml-dev liblbfgs-dev libsodium-dev libcsv-dev libarchive-dev zlib1g-dev libpq-dev gnuplot-nox
  fonts-inter python3-fonttools python3-brotli libjs-chart.js)

# need_packages NAME...: installs those that dpkg does not know as installed; nothing happens when all are there.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  echo "installing: ${missing[*]}" >&2
  "${sudo[@]}" apt-get update -qq >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
