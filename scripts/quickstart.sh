#!/usr/bin/env bash
# From a fresh Debian machine to a daemon that answers: packages, build, loan book, models, champion, daemon.
# Safe to run again: what is there already is kept. --no-serve stops before the daemon.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

serve=yes
for word in "$@"; do
  case "$word" in
    --no-serve) serve=no ;;
    --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
    *) echo "quickstart.sh: unknown word '$word' (only --no-serve)" >&2; exit 2 ;;
  esac
done

step() { printf '\n== %s\n' "$*" >&2; }

step "packages"
need_packages "${build_packages[@]}"

step "build"
scripts/fetch-swagger-ui.sh || true # it has said why
[ -f build/build.ninja ] || meson setup build --buildtype=release >&2
ninja -C build creditrisk creditriskd >&2

scripts/fetch-lightgbm.sh || true # it has said why
step "loan book and models"
PATH="$PWD/build:$PATH" deploy/trainer/run.sh

cat >&2 <<'END'

== ready. Open http://127.0.0.1:8001/ in a browser, or try it here:

curl -s http://127.0.0.1:8001/predict -H 'Content-Type: application/json' -d @examples/application.json

END
if [ "$serve" = yes ]; then
  exec build/creditriskd
fi
echo "start the daemon with: build/creditriskd" >&2
