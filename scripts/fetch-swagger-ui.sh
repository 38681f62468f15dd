#!/usr/bin/env bash
# Puts Swagger UI into .lib/swagger-ui/, from where the build carries it into the daemon as the page /docs. It is optional: without it
# the daemon has a plain page of its own. Safe to run again: what is there and whole is kept. Exits 1 when it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/npm.sh

case "${1-}" in
  '') ;;
  --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
  *) echo "fetch-swagger-ui.sh: unknown word '$1'" >&2; exit 2 ;;
esac

version=5.35.0
# The digest that the registry states for the package, in hexadecimal.
package_sha512=534eaba4cb56f55dd73c638179a993512af4674f63317e0826e00da44fc465b021c341bc0a0c2bcd4e18997927fe1d3008336c5dd19aad334d1c2dec53cc9551
folder=.lib/swagger-ui
wanted=(swagger-ui-bundle.js swagger-ui.css LICENSE)

# give_up REASON: Swagger UI cannot be had.
give_up() {
  echo "Swagger UI $version cannot be had: $1; /docs will be the plain page" >&2
  exit 1
}

# VERSION is written last, so that a folder with it is whole.
[ "$(cat "$folder/VERSION" 2>/dev/null)" = "$version" ] && exit 0

npm_unpack swagger-ui-dist "$version" "$package_sha512" "$folder.package"
rm -rf "$folder"
mkdir -p "$folder"
for name in "${wanted[@]}"; do
  cp "$folder.package/$name" "$folder/$name" || give_up "its package has no $name"
done
rm -rf "$folder.package"
echo "$version" >"$folder/VERSION"
touch src/web/meson.build # an existing build looks again at what there is
echo "Swagger UI $version: $folder" >&2
