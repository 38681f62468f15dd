#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One application from bytes to bytes, in process: time and, where valgrind is installed, instructions of every stage.

usage: score.py BENCH_SCORE

One JSON line for the logistic model and one for a forest of 500 trees of depth 3, contributions included.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

# the functions whose instructions, those of what they call included, are a stage's
STAGES = {"total": "bench_request", "read": "cr_record_from_json", "features": "cr_engine_row", "pipeline": "cr_pipeline_apply",
          "model": "cr_explainer_margin", "write": "cr_result_write"}
N_REQUESTS = 640


def count_instructions(program, kind):
    """Instructions of one request by stage; {} without valgrind."""
    if shutil.which("valgrind") is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="creditrisk-bench-") as folder:
        out = os.path.join(folder, "callgrind.out")
        subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=bench_request", f"--callgrind-out-file={out}", program, kind,
                        str(N_REQUESTS)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listing = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], check=True, stdout=subprocess.PIPE,
                                 text=True).stdout
    counts = {}
    for line in listing.splitlines():
        match = re.match(r"\s*([\d,]+)\s.*:(\w+)[ '\[]", line + " ")
        if match:
            counts.setdefault(match[2], int(match[1].replace(",", "")))
    return {stage: counts[name] // N_REQUESTS for stage, name in STAGES.items() if name in counts}


def main():
    program = os.path.abspath(sys.argv[1])
    for kind in ("logistic", "xgboost"):
        done = subprocess.run([program, kind], check=True, stdout=subprocess.PIPE, text=True)
        line = json.loads(done.stdout.splitlines()[-1])
        print(json.dumps(line | {"instructions": count_instructions(program, kind)}), flush=True)


if __name__ == "__main__":
    main()
