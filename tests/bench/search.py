#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the search costs, and what its race saves and loses: one JSON line per model, and one for all in one run.

usage: search.py CREDITRISK SOURCE_ROOT

The reference book ($CREDITRISK_SHARED, by default SOURCE_ROOT/../shared) with its own split, else a generated one of the same size. Raced and
exhaustive with $BENCH_EXHAUSTIVE set, which takes minutes; then exit status 1 when a model's raced best CV AUC is lower by more than 0.001.
Processor seconds are those of the whole command; wall seconds mean something on an idle machine only.
"""
import gzip
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

TABLES = ("customers", "credit_history", "loan_applications", "repayment_history")
KINDS = ("logistic", "gbm", "lightgbm", "xgboost")
GOALS = {"goal_cpu_seconds": 110, "goal_wall_seconds": 60}
TOLERANCE = 0.001


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    def __init__(self, program, root, folder):
        self.program, self.root, self.folder = program, root, folder
        shared = pathlib.Path(os.environ.get("CREDITRISK_SHARED", root / ".." / "shared"))
        reference = shared / "reference/data"
        self.run("migrate")
        if reference.is_dir():
            self.book, self.words = "reference", ["--include-protected", "--split", f"ids:{reference / 'test_loan_ids.csv'}"]
            for table in TABLES:
                (folder / f"{table}.csv").write_bytes(gzip.decompress((reference / f"{table}.csv.gz").read_bytes()))
            self.run("import", str(folder))
        else:
            self.book, self.words = "generated", ["--include-protected"]
            self.run("generate", "--customers", "5000", "--loans", "10000")

    def run(self, *words):
        done = subprocess.run([self.program, "--db", f"sqlite:{self.folder}/book.db", "--registry", str(self.folder / "models"), "--json", "--quiet",
                               *words], cwd=self.root, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def train(self, *words):
        """The report, and what the run cost."""
        cpu, wall = cpu_seconds(), time.monotonic()
        report = self.run("train", *self.words, *words)
        return report, {"cpu_seconds": round(cpu_seconds() - cpu, 2), "wall_seconds": round(time.monotonic() - wall, 2)}

    def train_one(self, kind, *words):
        report, cost = self.train("--models", kind, *words)
        return cost | {"cv_auc": report["models"][0]["cv_auc"]} | report["models"][0]["search"]


def main():
    exhaustive = bool(os.environ.get("BENCH_EXHAUSTIVE"))
    status = 0
    with tempfile.TemporaryDirectory(prefix="creditrisk-bench-") as folder:
        bench = Bench(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(folder))
        report, cost = bench.train()
        kinds = [model["kind"] for model in report["models"]]
        common = {"bench": "search", "book": bench.book, "processors": len(os.sched_getaffinity(0))}
        print(json.dumps(common | {"model": "all", "n_models": len(kinds)} | cost | GOALS), flush=True)
        for kind in (kind for kind in KINDS if kind in kinds):
            line = common | {"model": kind, "raced": bench.train_one(kind)}
            if exhaustive:
                line["exhaustive"] = bench.train_one(kind, "--exhaustive")
                line["cpu_ratio"] = round(line["exhaustive"]["cpu_seconds"] / line["raced"]["cpu_seconds"], 2)
                line["cv_auc_lost"] = line["exhaustive"]["cv_auc"] - line["raced"]["cv_auc"]
                status = status or int(line["cv_auc_lost"] > TOLERANCE)
            print(json.dumps(line), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
