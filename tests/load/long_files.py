#!/usr/bin/env python3
"""`creditrisk predict` over files of any length, in each form: its memory after many rows is what it was after a few thousand. Prints one
JSON line for each form.

usage: long_files.py CREDITRISKD CREDITRISK SOURCE_ROOT [--short]

The rows come through a pipe that stays open, so that the program still lives when its memory is looked at. Without --short: a million rows.
--short (the suite): 40,000; rows a second are printed and not judged.
"""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loaded import Workplace, environment  # noqa: E402

AT_ONCE = 1000
FEW = 4000
MORE_KIB = 512  # between few rows and many: noise of the allocator, a small part of the file


def peak_kib(process):
    for line in open(f"/proc/{process.pid}/status", encoding="ascii"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise KeyError("VmHWM")


def measure(place, name, words, begin, row, between, end, n_rows):
    """n_rows and one more, behind which the file ends."""
    def cpu_s():
        times = os.times()
        return times.children_user + times.children_system

    def write(n):
        for _ in range(n // AT_ONCE):
            process.stdin.write((row + between) * AT_ONCE)
        process.stdin.flush()
        return peak_kib(process)

    before_s = cpu_s()
    with subprocess.Popen([place.creditrisk, *place.globals, "predict", "-", *words], cwd=place.root, env=environment(), text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        process.stdin.write(begin)
        few_kib = write(FEW)
        many_kib = write(n_rows - FEW)
        process.stdin.write(row + end)
        process.stdin.close()
        said = process.stderr.read().splitlines()
    assert process.returncode == 0 and said[-1].startswith(f"{n_rows + 1} rows, 0 refused, "), said
    file_kib = n_rows * len(row + between) >> 10
    print(json.dumps({"load": "long_files", "form": name, "rows": n_rows + 1, "file_kib": file_kib, "peak_kib": many_kib,
                      "more_kib": many_kib - few_kib, "rows_per_cpu_s": round(n_rows / (cpu_s() - before_s))}), flush=True)
    assert file_kib > 4 * MORE_KIB
    assert many_kib - few_kib <= MORE_KIB, f"{name}: {few_kib} KiB after {FEW} rows, {many_kib} KiB after {n_rows}"


def main():
    n_rows = 40000 if "--short" in sys.argv else 1000000
    with Workplace(sys.argv[2], sys.argv[1], sys.argv[3]) as place:
        place.promote_small()
        application = json.loads((place.root / "examples/application.json").read_text())
        row = json.dumps(application)
        cells = ",".join(str(value) for value in application.values())
        measure(place, "array", ["--json"], "[", row, ",\n", "]", n_rows)
        measure(place, "array --brief", ["--json", "--brief"], "[", row, ",\n", "]", n_rows)
        measure(place, "array in words", [], "[", row, ",\n", "]", n_rows)
        measure(place, "ndjson", ["--format", "ndjson"], "", row, "\n", "\n", n_rows)
        measure(place, "ndjson --brief", ["--format", "ndjson", "--brief"], "", row, "\n", "\n", n_rows)
        measure(place, "csv", ["--format", "csv"], ",".join(application) + "\n", cells, "\n", "\n", n_rows)


if __name__ == "__main__":
    main()
