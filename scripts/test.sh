#!/usr/bin/env bash
# Every suite: plain build with warnings as errors, then all but the lint, load, browser, postgres and slow suites again under ASan and UBSan.
# The last line is "N passed, N failed, N skipped". --quick leaves the sanitizers out; --thread runs what meets the daemon under TSan instead.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

quick=no thread=no
for word in "$@"; do
  case "$word" in
    --quick) quick=yes ;;
    --thread) thread=yes ;;
    --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
    *) echo "test.sh: unknown word '$word' (only --quick, --thread)" >&2; exit 2 ;;
  esac
done

need_packages "${build_packages[@]}" libcmocka-dev gzip nghttp2-client
need_packages postgresql 2>/dev/null || echo "PostgreSQL is not to be had: its tests will be skipped" >&2
need_packages clang-format-14 2>/dev/null || echo "clang-format 14 is not to be had: its check will be skipped" >&2

# Prometheus' checker of metrics: the program alone, out of its package, without the service that the package would start.
if ! command -v promtool >/dev/null && [ ! -x .lib/prometheus/usr/bin/promtool ]; then
  work=$(mktemp -d)
  (cd "$work" && apt-get download -qq prometheus >/dev/null 2>&1 && dpkg -x prometheus_*.deb package) &&
    mkdir -p .lib && cp -r "$work/package" .lib/prometheus || echo "promtool is not to be had: its check will be skipped" >&2
  rm -rf "$work"
fi

# The tests' own files are best in memory: our programs make the system write to the disk what they promise to keep, and wait for it.
# Some tests put programs there, which a system may refuse to run.
if [ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -gt 2000000 ] 2>/dev/null; then
  room=$(mktemp -d /dev/shm/creditrisk-suite.XXXXXX)
  trap 'rm -rf "$room"' EXIT
  printf '#!/bin/sh\n' >"$room/try"
  chmod 755 "$room" "$room/try" # the folder is also for PostgreSQL's user
  if "$room/try" 2>/dev/null; then
    export TMPDIR=$room
  fi
fi

passed=0 failed=0 skipped=0

# run_suite FOLDER MESON-SETUP-ARGUMENT...: builds and runs, adds to the counts.
run_suite() {
  local dir=$1
  shift
  [ -f "$dir/build.ninja" ] || meson setup "$dir" -Dtests=enabled "$@"
  ninja -C "$dir"
  local log=$dir/meson-logs/testlog.txt
  rm -f "$log" # an older one must not be counted
  # two more than there are processors: many tests wait, for a timeout or a signal, most of their time
  meson test -C "$dir" --no-rebuild --print-errorlogs --num-processes "$(($(nproc) + 2))" "${suite_arguments[@]}" || true
  count() { sed -n "s/^$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }
  local ok bad expected_bad unexpected timeout skip
  ok=$(count Ok) bad=$(count Fail) expected_bad=$(count 'Expected Fail') unexpected=$(count 'Unexpected Pass')
  timeout=$(count Timeout) skip=$(count Skipped)
  passed=$((passed + ${ok:-0} + ${expected_bad:-0}))
  failed=$((failed + ${bad:-0} + ${unexpected:-0} + ${timeout:-0}))
  skipped=$((skipped + ${skip:-0}))
  if [ -z "${ok:-}" ]; then
    echo "no test ran in $dir" >&2
    failed=$((failed + 1))
  fi
}

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

if [ "$thread" = yes ]; then
  # only what has threads of ours: libxgboost's own are OpenMP's, which TSan does not understand
  suite_arguments=(--timeout-multiplier 10 http predict batch daemon reload deadlines limits auth raw queue stop shortage http_follow http_queue http_deadline http_tally http_limit http_metrics)
  TSAN_OPTIONS=halt_on_error=0:exitcode=66 run_suite build-thread --werror --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false
  finish
  exit
fi

scripts/fetch-lightgbm.sh || true # it has said why; its tests are skipped

# What looks at the pages: a browser, and npm for its tools and for Swagger UI. They may also come from elsewhere than Debian.
for name in chromium nodejs npm; do
  command -v "${name/nodejs/node}" >/dev/null || need_packages "$name" || echo "$name is not to be had: the pages' checks will be skipped" >&2
done
scripts/fetch-swagger-ui.sh || true # it has said why
scripts/fetch-browser-tools.sh || true # it has said why

# What judges the HTTP surface: a validator of OpenAPI documents and a client that tries what they promise.
if ! cmp -s tests/integration/requirements.txt .lib/api-tools/requirements.txt; then
  need_packages python3-venv || true
  rm -rf .lib/api-tools
  if python3 -m venv .lib/api-tools &&
    .lib/api-tools/bin/python -m pip install --quiet --disable-pip-version-check -r tests/integration/requirements.txt; then
    cp tests/integration/requirements.txt .lib/api-tools/
  else
    echo "the tools for the API are not to be had: their checks will be skipped" >&2
  fi
fi

suite_arguments=()
run_suite build-test --werror --buildtype=debugoptimized

# Optimised less and with lines only: that is compiled in half the time. Other warnings than the plain build's are not ours.
if [ "$quick" = no ]; then
  suite_arguments=(--no-suite lint --no-suite load --no-suite browser --no-suite postgres --no-suite slow --timeout-multiplier 5)
  ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    run_suite build-sanitize --optimization=1 --debug -Dc_args=-g1 -Db_sanitize=address,undefined -Db_lundef=false
fi

finish
