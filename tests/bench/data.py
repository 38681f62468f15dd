#!/usr/bin/env python3
"""What grows with the loan book: generate, import (of what --out wrote), the training query alone, and `features` (that query, the features,
the file), on both engines.
One JSON line per engine and size: processor seconds (the server's included), which other work on the machine disturbs less, and seconds of
the clock. per_loan is the processor time of a loan against that in the smallest book: 1 is linear.

usage: data.py CREDITRISK SOURCE_ROOT        BENCH_LOANS: sizes (10000 100000; 1000000 takes half an hour and 10 GB)
"""
import contextlib
import json
import os
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from postgres import Postgres, find_programs  # pylint: disable=wrong-import-position

MOST_IMPORTED = 100000  # loans: generate --out holds the book in memory

# What a server is given that is to hold a book of millions of rows; Debian's defaults are for the smallest of machines.
SETTINGS = ("shared_buffers=1GB", "maintenance_work_mem=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_level=minimal",
            "max_wal_senders=0")


class Sqlite:
    name = "sqlite"

    def __init__(self, folder):
        self.url = f"sqlite:{folder}/book.db"

    def cpu(self):
        return 0.0

    def count_rows(self, sql):
        connection = sqlite3.connect(self.url.removeprefix("sqlite:"))
        with contextlib.closing(connection):
            return sum(1 for _ in connection.execute(sql))


class Server:
    name = "postgres"

    def __init__(self, postgres):
        self.postgres, self.url = postgres, postgres.url

    def cpu(self):
        """Of the server's processes, those of ended connections included."""
        def ticks(pid, *fields):
            with contextlib.suppress(OSError):
                stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
                return sum(int(stat[field]) for field in fields)
            return 0  # it ended just now
        pid = self.postgres.process.pid
        alive = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return (sum(ticks(child, 11, 12) for child in alive) + ticks(pid, 13, 14)) / os.sysconf("SC_CLK_TCK")

    def count_rows(self, sql):
        words = [f"{self.postgres.programs}/psql", "-XAtq", "-c", "SET work_mem = '64MB'; SET jit = off", "-c", sql, self.url]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as psql:
            n = sum(1 for _ in psql.stdout)
        assert psql.returncode == 0
        return n


class Bench:
    def __init__(self, creditrisk, root, engine, folder):
        self.creditrisk, self.root, self.engine, self.folder = creditrisk, root, engine, folder
        self.training = (root / "config/portfolios/retail/training.sql").read_text(encoding="utf-8")

    def run(self, *words):
        subprocess.run([self.creditrisk, "--db", self.engine.url, "--registry", self.folder / "models", "--quiet", *map(str, words)],
                       cwd=self.root, check=True, stdout=subprocess.DEVNULL)

    def measure(self, work):
        """Processor and clock seconds."""
        def spent():
            return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) + self.engine.cpu()
        cpu, clock = spent(), time.monotonic()
        work()
        return round(spent() - cpu, 2), round(time.monotonic() - clock, 2)

    def size(self, n):
        """What each step spent."""
        book = ("generate", "--customers", n // 2, "--loans", n)
        figures = {"generate": self.measure(lambda: self.run(*book, "--replace"))}
        if n <= MOST_IMPORTED:
            self.run(*book, "--out", self.folder / "csv", "--replace")
            figures["import"] = self.measure(lambda: self.run("import", self.folder / "csv", "--replace", "--strict"))

        def training():
            assert self.engine.count_rows(self.training) == n

        figures["training_sql"] = self.measure(training)
        figures["features"] = self.measure(lambda: self.run("features", "--out", self.folder / "features.csv", "--force"))
        return figures


def bench(creditrisk, root, engine, folder, sizes):
    work = Bench(creditrisk, root, engine, folder)
    first = None
    work.run("migrate")
    for n in sizes:
        figures = work.size(n)
        first = first or (n, figures)
        per_loan = {step: round(spent[0] / n / (first[1][step][0] / first[0]), 2) for step, spent in figures.items() if step in first[1]}
        print(json.dumps({"bench": "data", "engine": engine.name, "loans": n, "cpu_s": {step: spent[0] for step, spent in figures.items()},
                          "clock_s": {step: spent[1] for step, spent in figures.items()}, "per_loan": per_loan}), flush=True)


def main():
    creditrisk, root = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    sizes = [int(word) for word in os.environ.get("BENCH_LOANS", "10000 100000").split()]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="creditrisk-data-"))
    try:
        bench(creditrisk, root, Sqlite(folder), folder, sizes)
        if find_programs() is not None:
            with Postgres(*SETTINGS) as postgres:
                bench(creditrisk, root, Server(postgres), folder, sizes)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
