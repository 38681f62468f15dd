#!/usr/bin/env bash
# Builds the programs as they are shipped: optimised across files, and for what a daemon does most, which gcc learns from a short rehearsal.
# Takes twice as long as quickstart.sh's build. usage: build-release.sh [FOLDER [MESON OPTION...]]; FOLDER is build-release unless named.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
[ "${1:-}" != --help ] || { sed -n '2,3s/^# //p' "$0"; exit 0; }

build=${1:-build-release}
shift || true
need_packages "${build_packages[@]}" wrk
# shellcheck disable=SC2086 # CC may hold several words
if ${CC:-cc} -dM -E - </dev/null | grep -q __clang__; then
  echo "build-release.sh: only gcc learns from this rehearsal: CC=gcc" >&2
  exit 1
fi

stage=$(mktemp -d)
daemon=
clean_up() {
  local status=$?
  trap - EXIT
  [ "$status" -eq 0 ] || cat "$stage/words" "$stage/log" >&2 2>/dev/null || true
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  rm -rf "$stage"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

compile() { # generate|use
  meson configure "$build" -Db_pgo="$1" >&2
  ninja -C "$build" creditrisk creditriskd >&2
}

# What one model's daemon does: single applications first, some in a batch, some that are refused.
rehearse() {
  local model=$1 port n n_refused
  "$build/creditrisk" train --models "$model" --no-search --promote
  : >"$stage/log"
  "$build/creditriskd" --listen 127.0.0.1:0 2>"$stage/log" &
  daemon=$!
  until port=$(sed -n 's/.*"event":"listening".*"port":\([0-9]*\).*/\1/p' "$stage/log") && [ -n "$port" ]; do
    kill -0 "$daemon"
    sleep 0.1
  done
  wrk -t1 -c8 -d2s -s "$stage/ask.lua" "http://127.0.0.1:$port" | tee "$stage/answers"
  n=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$stage/answers")
  n_refused=$(sed -n 's/.*Non-2xx or 3xx responses: //p' "$stage/answers")
  [ "$n" -gt 100 ] && [ $((8 * ${n_refused:-0})) -lt "$n" ]
  kill "$daemon"
  wait "$daemon"
  daemon=
}

# one request in 16 is a batch of four, one an application without its fields
cat >"$stage/ask.lua" <<END
local body = [==[$(cat examples/application.json)]==]
local headers = {["Content-Type"] = "application/json"}
local n = 0
function request()
  n = (n + 1) % 16
  if n == 0 then return wrk.format("POST", "/predict/batch", headers, "[" .. string.rep(body .. ",", 3) .. body .. "]") end
  return wrk.format("POST", "/predict", headers, n == 8 and "{}" or body)
end
END

if [ ! -f "$build/build.ninja" ]; then
  CFLAGS="${CFLAGS:-} -fprofile-partial-training -fprofile-correction -Wno-missing-profile" \
    meson setup "$build" --buildtype=release -Db_lto=true -Dtests=disabled "$@" >&2
elif [ $# -gt 0 ]; then
  meson configure "$build" "$@" >&2
fi
find "$build" -name '*.gcda' -delete
compile generate
# nothing of the caller's: neither variables nor a settings file
for name in "${!CREDITRISK_@}"; do unset "$name"; done
: >"$stage/settings.yaml"
export CREDITRISK_CONFIG=$stage/settings.yaml CREDITRISK_DB=sqlite:$stage/book.db CREDITRISK_REGISTRY=$stage/models CREDITRISK_PATHS_RESULTS=$stage/results \
  CREDITRISK_THREADS=1 CREDITRISK_LOG_ACCESS=false
"$build/creditrisk" --quiet migrate
"$build/creditrisk" --quiet generate --customers 1500 --loans 3000
for model in logistic xgboost; do
  echo "rehearsing with a $model model" >&2
  rehearse "$model" >>"$stage/words" 2>&1
done
compile use
