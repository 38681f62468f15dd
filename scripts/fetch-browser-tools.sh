#!/usr/bin/env bash
# Puts what the tests of the pages need beside Chromium into .lib/browser-tools/: Playwright's driver (playwright-core) and the checker of
# accessibility (axe-core). Without them those tests are skipped. Safe to run again. Exits 1 when they cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/npm.sh

case "${1-}" in
  '') ;;
  --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
  *) echo "fetch-browser-tools.sh: unknown word '$1'" >&2; exit 2 ;;
esac

# Name, version, and the digest that the registry states for the package, in hexadecimal.
packages=(
  "playwright-core 1.65.1 86a3e9cfb6e548c3f1595768784d728814b35ec2a254e77693e9230af994cb00f618f3b60ddf477dc5a7abd34dd061db3590c5819f497c116bf97e7f04ba34ab"
  "axe-core 4.14.1 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
)
folder=.lib/browser-tools

# give_up REASON: they cannot be had.
give_up() {
  echo "the browser tools cannot be had: $1; the tests of the pages will be skipped" >&2
  exit 1
}

# VERSIONS is written last, so that a folder with it is whole.
[ "$(cat "$folder/VERSIONS" 2>/dev/null)" = "$(printf '%s\n' "${packages[@]}")" ] && exit 0

rm -rf "$folder"
for package in "${packages[@]}"; do
  read -r name version sha512 <<<"$package"
  npm_unpack "$name" "$version" "$sha512" "$folder/node_modules/$name"
done
printf '%s\n' "${packages[@]}" >"$folder/VERSIONS"
echo "browser tools: $folder" >&2
