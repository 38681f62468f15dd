#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer under ASan and UBSan and runs them one after the other: fuzz.sh [--keep] [SECONDS] [TARGET...]
# (60 seconds, all of tests/fuzz). A line per target says executions, edges and features covered; a finding's file is named and the
# exit status is 1. --keep puts some of what was learnt into tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

seconds=60 keep=no targets=()
for word in "$@"; do
  case "$word" in
    --help) sed -n '2,4s/^# //p' "$0"; exit 0 ;;
    --keep) keep=yes ;;
    [1-9]*) seconds=$word ;;
    *) [ -f "tests/fuzz/fuzz_$word.c" ] || { echo "fuzz.sh: there is no target '$word'" >&2; exit 2; }
      targets+=("$word") ;;
  esac
done

need_packages "${build_packages[@]}" libcmocka-dev clang-14 libclang-rt-14-dev
build=build-fuzz
[ -f "$build/build.ninja" ] || CC=clang-14 meson setup "$build" -Dtests=enabled -Dfuzz=enabled --buildtype=debugoptimized \
  -Db_sanitize=address,undefined -Db_lundef=false >&2
ninja -C "$build" fuzzers >&2
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(cd tests/fuzz/corpus && printf '%s\n' *)
fi

export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
[ -d /dev/shm ] && export TMPDIR=/dev/shm # some targets read files

# keep_corpus NAME PROGRAM SEEDS GROWN: every file of SEEDS with a name of its own, and of a covering set the files of up to 4 kB,
# largest first, at most 16 and 24 kB together; their names are digests.
keep_corpus() {
  local name=$1 program=$2 seeds=$3 grown=$4 cover=$build/cover/$1 total=0 n=0 size file
  find "$seeds" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -exec mv -t "$grown" {} +
  rm -rf "$cover" && mkdir -p "$cover"
  "$program" -set_cover_merge=1 "$cover" "$seeds" "$grown" >>"$build/fuzz_$name.log" 2>&1
  while read -r size file; do
    total=$((total + size)) n=$((n + 1))
    if [ "$total" -gt 24576 ] || [ "$n" -gt 16 ]; then
      break
    fi
    sha1sum "$seeds"/* | grep -q "^${file##*/}" || cp "$file" "$seeds/"
  done < <(find "$cover" -type f -size -9 -printf '%s %p\n' | sort -rn)
}

# run_target NAME: one fuzzer; new inputs go to the build folder, a finding to findings/NAME/ in it.
run_target() {
  local name=$1 program=$build/tests/fuzz/fuzz_$1 seeds=tests/fuzz/corpus/$1 grown=$build/corpus/$1
  local found=$build/findings/$name log=$build/fuzz_$name.log more=() status=0
  mkdir -p "$grown" "$found"
  [ -d "tests/fuzz/regress/$name" ] && more=("tests/fuzz/regress/$name")
  "$program" -max_total_time="$seconds" -timeout=300 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/" \
    "$grown" "$seeds" "${more[@]}" >"$log" 2>&1 || status=$?
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions in $seconds s," \
    "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1) edges," \
    "$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -n 1) features"
  if [ "$status" -ne 0 ]; then
    echo "$name: a finding (status $status): $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1), see $log"
    return 1
  fi
  if [ "$keep" = yes ]; then
    keep_corpus "$name" "$program" "$seeds" "$grown"
  fi
}

failed=0
for name in "${targets[@]}"; do
  run_target "$name" || failed=1
done
exit "$failed"
