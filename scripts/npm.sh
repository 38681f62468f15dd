# shellcheck shell=bash
# Sourced by the scripts that bring a package of the npm registry into .lib/. The caller says give_up REASON (and exits) first.

# npm_unpack NAME VERSION SHA512 TARGET: the package's files in the new folder TARGET, if it is the one with this digest (hexadecimal).
npm_unpack() {
  local name=$1 version=$2 sha512=$3 target=$4 work package
  command -v npm >/dev/null || give_up "npm is not there"
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$work'" EXIT
  npm pack --silent --ignore-scripts --pack-destination "$work" "$name@$version" >"$work/log" 2>&1 ||
    give_up "npm says '$(tail -n 1 "$work/log")'"
  package=$work/$name-$version.tgz
  echo "$sha512  $package" | sha512sum --check --status || give_up "the package $name is not the one whose digest we know"
  tar -xzf "$package" -C "$work" || give_up "the package $name cannot be unpacked"
  rm -rf "$target"
  mkdir -p "$(dirname "$target")"
  mv "$work/package" "$target"
  rm -rf "$work"
}
