#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer under ASan and UBSan and runs each for SECONDS (default 60), one after the other: fuzz.sh
# [SECONDS] [TARGET...]. Prints a line per target: executions, edges covered, seeds. Exits 1 at a finding, whose file is named.
# --keep then puts what was learnt into tests/fuzz/corpus, as the fewest and smallest files that reach the same edges.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

seconds=60 keep=no targets=()
for word in "$@"; do
  case "$word" in
    --help) sed -n '2,4s/^# //p' "$0"; exit 0 ;;
    --keep) keep=yes ;;
    [0-9]*) seconds=$word ;;
    *) [ -f "tests/fuzz/fuzz_$word.c" ] || { echo "fuzz.sh: there is no target '$word'" >&2; exit 2; }
      targets+=("$word") ;;
  esac
done

need_packages "${build_packages[@]}" libcmocka-dev clang-14 libclang-rt-14-dev
build=build-fuzz
[ -f "$build/build.ninja" ] || CC="${FUZZ_CC-clang-14}" meson setup "$build" -Dtests=enabled -Dfuzz=enabled --buildtype=debugoptimized \
  -Db_sanitize=address,undefined -Db_lundef=false >&2
ninja -C "$build" fuzzers >&2
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(find "$build/tests/fuzz" -maxdepth 1 -name 'fuzz_*' -type f -executable -printf '%f\n' | sed 's/^fuzz_//' | sort)
fi

export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
[ -d /dev/shm ] && export TMPDIR=/dev/shm

# run_target NAME: one fuzzer; new inputs go to the build folder, a finding to $build/findings/NAME/.
run_target() {
  local name=$1 program=$build/tests/fuzz/fuzz_$1 seeds=tests/fuzz/corpus/$1 grown=$build/corpus/$1
  local found=$build/findings/$name log=$build/fuzz_$name.log arguments=() status=0
  mkdir -p "$grown" "$found"
  [ -f "tests/fuzz/$name.dict" ] && arguments+=("-dict=tests/fuzz/$name.dict")
  [ -d "tests/fuzz/regress/$name" ] && arguments+=("tests/fuzz/regress/$name")
  "$program" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/" \
    "$grown" "$seeds" "${arguments[@]}" >"$log" 2>&1 || status=$?
  local runs edges
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  echo "$name: ${runs:-?} executions in $seconds s, ${edges:-?} edges, $(find "$seeds" "$grown" -type f | wc -l) inputs"
  if [ "$status" -ne 0 ]; then
    echo "$name: a finding (status $status), see $log: $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
    return 1
  fi
  if [ "$keep" = yes ]; then
    rm -rf "$build/merged/$name" && mkdir -p "$build/merged/$name"
    "$program" -merge=1 "$build/merged/$name" "$seeds" "$grown" >>"$log" 2>&1
    rm -rf "$seeds" && cp -r "$build/merged/$name" "$seeds"
  fi
}

failed=0
for name in "${targets[@]}"; do
  run_target "$name" || failed=1
done
exit "$failed"
