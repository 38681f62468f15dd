#!/usr/bin/env bash
# Puts LightGBM's official shared library into .lib/lightgbm/, where the trainer looks for it. It is optional: without it
# the other models train. Safe to run again: the library that is there and whole is kept. Exits 1 when it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

case "${1-}" in
  '') ;;
  --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
  *) echo "fetch-lightgbm.sh: unknown word '$1'" >&2; exit 2 ;;
esac

version=4.5.0
folder=.lib/lightgbm
library=$folder/lib_lightgbm.so

# The digests of the package, as pip checks them, and of the library inside it.
machine=$(uname -m)
case "$machine" in
  x86_64)
    package_sha256=960a0e7c077de0ca3053f1325d3edfc92ea815acf5176adcacdea0f635aeef9b
    library_sha256=fe7dc92841ecad6b1b5584b72668e32c680855b44d9ce856bed4746de292ea50 ;;
  aarch64)
    package_sha256=7f0a3dded769d83560845f2c3fe1966630ec1ca527c380d9d48d9b35579a796e
    library_sha256=0bf30b47e0747b3f66550bcaa00f86b1c7d591adc6c8c89c02ce7fa2ad29da3e ;;
esac

# give_up REASON: LightGBM cannot be had.
give_up() {
  echo "LightGBM $version cannot be had: $1; the other models train without it" >&2
  exit 1
}

# is_whole FILE: whether it is the library that we know.
is_whole() {
  [ -f "$1" ] && echo "$library_sha256  $1" | sha256sum --check --status
}

[ -n "${library_sha256-}" ] || give_up "there is none for '$machine'"
need_packages libgomp1 || give_up "libgomp1 cannot be installed"
if is_whole "$library" && [ -f "$folder/LICENSE" ] && [ "$(cat "$folder/VERSION" 2>/dev/null)" = "$version" ]; then
  exit 0
fi
python3 -m pip --version >/dev/null 2>&1 || need_packages python3 python3-pip || give_up "pip cannot be installed"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "lightgbm==$version --hash=sha256:$package_sha256" >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
  --dest "$work" --requirement "$work/requirements.txt" >"$work/log" 2>&1 ||
  give_up "pip says '$(grep -m 1 '^ERROR' "$work/log" || tail -n 1 "$work/log")'"
python3 -m zipfile -e "$work"/lightgbm-*.whl "$work/package" || give_up "its package cannot be unpacked"
is_whole "$work/package/lightgbm/lib/lib_lightgbm.so" || give_up "its library is not the one whose digest we know"

mkdir -p "$folder"
cp "$work/package/lightgbm/lib/lib_lightgbm.so" "$library.new"
mv "$library.new" "$library"
cp "$work"/package/lightgbm-*.dist-info/licenses/LICENSE "$folder/"
echo "$version" >"$folder/VERSION"
echo "LightGBM $version: $library" >&2
