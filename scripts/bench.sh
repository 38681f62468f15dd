#!/usr/bin/env bash
# Builds with optimisation, runs every benchmark and writes what they print as one table: results/bench.md, beside the lines themselves in
# results/bench.jsonl. --exhaustive also searches without the race, which takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

for word in "$@"; do
  case "$word" in
    --exhaustive) export BENCH_EXHAUSTIVE=1 ;;
    --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
    *) echo "bench.sh: unknown word '$word' (only --exhaustive)" >&2; exit 2 ;;
  esac
done

need_packages "${build_packages[@]}" libcmocka-dev libcurl4-openssl-dev gzip wrk valgrind
scripts/fetch-lightgbm.sh || true # it has said why; its model is left out
scripts/fetch-browser-tools.sh || true # it has said why; the pages are left out

# one function stays one function: those of a stage that `score` tells apart would grow into others in a release, which `http` measures
[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release -Dtests=enabled >&2
ninja -C build-bench >&2
scripts/build-release.sh
export BENCH_RELEASE=$PWD/build-release
status=0
meson test -C build-bench --no-rebuild --benchmark --logbase bench --num-processes 1 --print-errorlogs >&2 || status=$?

mkdir -p results
python3 - build-bench/meson-logs/bench.json results <<'EOF'
import json, pathlib, sys

log, results = map(pathlib.Path, sys.argv[1:])
lines = [json.loads(text) for test in map(json.loads, log.read_text().splitlines())
         for text in test.get("stdout", "").splitlines() if text.startswith("{")]
assert lines, "no benchmark printed a figure"


def figures(value, name=""):
    """Numbers and texts of a line, named by their path."""
    if isinstance(value, dict):
        return [pair for key, below in value.items() for pair in figures(below, f"{name} {key}".strip())]
    return [(name, f"{value:.4g}" if isinstance(value, float) else str(value))]


table = ["| bench | figures |", "|---|---|"]
for line in lines:
    bench = line.get("bench", "?")
    table.append(f"| {bench} | " + ", ".join(f"{name} {value}" for name, value in figures(line) if name != "bench") + " |")
(results / "bench.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
(results / "bench.md").write_text("\n".join(table) + "\n")
print("\n".join(table))
EOF
exit "$status"
