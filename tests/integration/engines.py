#!/usr/bin/env python3
"""The same loan book on SQLite and on PostgreSQL: the same rows are rejected, the same features come out of the same text.

usage: engines.py CREDITRISK SOURCE_ROOT        CR_TEST_POSTGRES: address of a server (support/postgres.py)
"""
import contextlib
import csv
import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from cli import Cli

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from postgres import find_programs  # pylint: disable=wrong-import-position

LOANS = 10000
TOLERANCE = 1e-12  # relative
PATIENCE_S = 60
TABLES = ("customers", "credit_history", "loan_applications", "repayment_history")


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def agree(a, b):
    """Two cells: both missing, the same text, or numbers that are close."""
    if a == b:
        return True
    try:
        a, b = float(a), float(b)
    except ValueError:
        return False
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


class Books:
    """One book on each engine."""

    def __init__(self, cli, server):
        self.cli = cli
        registry = cli.globals[2:]
        self.globals = {"sqlite": ["--db", f"sqlite:{cli.dir}/book.db", *registry], "postgres": ["--db", server, *registry]}

    def both(self, *words, status=0):
        """What each prints as JSON."""
        return [json.loads(self.cli(*words, "--json", status=status, globals_=self.globals[name]).stdout) for name in ("sqlite", "postgres")]

    def frames(self, feature_set):
        frames = []
        for name in ("sqlite", "postgres"):
            path = self.cli.dir / f"{name}.csv"
            self.cli("features", "--set", feature_set, "--out", path, "--force", globals_=self.globals[name])
            frames.append(read(path))
        return frames

    def compare(self, n_rows, sets):
        """All columns of every row; the sets are names with their numbers of columns."""
        for feature_set, n_columns in sets:
            ours, theirs = self.frames(feature_set)
            header = ours[0]
            assert header == theirs[0] and len(header) == 2 + n_columns, (feature_set, len(header))
            assert [row[0] for row in ours] == [row[0] for row in theirs] and len(ours) == 1 + n_rows, "not the same loans"
            for mine, other in zip(ours[1:], theirs[1:]):
                for name, a, b in zip(header, mine, other):
                    assert agree(a, b), f"loan {mine[0]}, {name}: '{a}' on SQLite, '{b}' on PostgreSQL"


def check_generated(books):
    assert books.both("migrate")[1]["version"] >= 1
    first, second = books.both("generate", "--customers", "5000", "--loans", LOANS, "--seed", "42")
    first.pop("db", None), second.pop("db", None)
    assert first == second, (first, second)
    books.compare(LOANS, [("application", 45), ("behavioural", 59)])


def check_import(books, dir_):
    """Good rows arrive, bad ones are named: the same on both, line and column included."""
    books.cli("generate", "--customers", 300, "--loans", 700, "--seed", 3, "--out", dir_)
    lines = (dir_ / "loan_applications.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")

    def edited(line, **cells):
        row = line.split(",")
        for name, value in cells.items():
            row[header.index(name)] = value
        return ",".join(row)

    bad = {5: {"customer_id": "999999"}, 6: {"loan_amount": "-3"}, 40: {"loan_id": "1"}, 41: {"application_date": "2024-02-30"},
           42: {"is_default": "maybe"}, 300: {"loan_term_months": "1000"}, 699: {"customer_id": ""}}
    for number, cells in bad.items():
        lines[number] = edited(lines[number], **cells)
    (dir_ / "loan_applications.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rejects = []
    for report in books.both("import", dir_, "--replace", "--rejects", books.cli.dir / "rejects.csv"):
        rejects.append(read(books.cli.dir / "rejects.csv"))
        assert report["rejected"] == len(rejects[-1]) - 1, report
    places = [[row[:3] for row in rows] for rows in rejects]
    assert places[0] == places[1], [pair for pair in zip(*places) if pair[0] != pair[1]]
    loans = [int(line) for file, line, _ in places[0] if file == "loan_applications.csv"]
    assert loans == [number + 1 for number in sorted(bad)], loans
    assert len(places[0]) > 1 + len(loans), "the repayments of those loans have no parent"
    books.compare(700 - len(bad), [("application", 45), ("behavioural", 59)])


def ask(server, sql):
    return subprocess.run([f"{find_programs()}/psql", "-XAtq", "-c", sql, server], capture_output=True, text=True, check=True).stdout.strip()


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(0.02)


def check_killed(books, dir_, server):
    """An import that is killed on its way has done nothing, and the next one does not notice."""
    books.cli("generate", "--customers", 4000, "--loans", 8000, "--seed", 4, "--out", dir_)
    before = books.frames("application")
    journal = books.cli.dir / "book.db-journal"

    def copies():
        return ask(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY \"repayment_history\"%'") != "0"

    for name, is_writing in (("sqlite", journal.exists), ("postgres", copies)):
        importing = subprocess.Popen([books.cli.program, *books.globals[name], "--quiet", "import", dir_, "--replace"], cwd=books.cli.root)
        while not is_writing():
            assert importing.poll() is None, "it has ended before it could be killed"
        importing.kill()
        assert importing.wait() == -signal.SIGKILL
    assert books.frames("application") == before
    books.both("import", dir_, "--replace", "--strict")
    books.compare(8000, [("application", 45)])


@contextlib.contextmanager
def undecided(server, statement):
    """Somebody has done that and thinks about it; in the end it is rolled back."""
    words = [f"{find_programs()}/psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", server]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as somebody:
        somebody.stdin.write(f"BEGIN;\n{statement};\n")
        somebody.stdin.flush()
        assert somebody.stdout.readline() == "BEGIN\n" and somebody.stdout.readline(), statement
        yield
        somebody.stdin.close()


def check_interrupted(books, server):
    """Ctrl-C while the server lets a command wait: `generate` ends at once, `portfolio init` when it goes on; neither leaves anything."""
    cli, globals_ = books.cli, books.globals["postgres"]
    start = lambda *words: subprocess.Popen([cli.program, *globals_, *map(str, words), "--json"], cwd=cli.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()"

    def interrupt(process):
        wait_until("it waits for the lock", lambda: process.poll() is not None or ask(server, waiting) != "0")
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)

    before = books.frames("application")[1]
    with undecided(server, "LOCK TABLE repayment_history IN EXCLUSIVE MODE"):
        process = start("generate", "--customers", 10, "--loans", 10, "--replace")
        interrupt(process)
        answer, told = process.communicate(timeout=60)
        assert (process.returncode, told) == (-signal.SIGINT, "creditrisk: interrupted\n"), (process.returncode, told)
        assert json.loads(answer) == {"error": {"code": "INTERRUPTED", "message": "interrupted"}}, answer
    connected = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    wait_until("the server notices that they have gone", lambda: ask(server, connected) == "0")
    assert books.frames("application")[1] == before, "the book is as it was"

    file, folder = cli.dir / "cut.csv", cli.dir / "portfolios/cut"
    file.write_text("x,y\n" + "".join(f"{i},{int(i % 4 == 0)}\n" for i in range(200)), encoding="utf-8")
    os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(folder.parent)
    words = ("portfolio", "init", file, "--target", "y", "--name", "cut")
    with undecided(server, "CREATE TABLE cut (theirs TEXT)"):
        process = start(*words)
        interrupt(process)
        assert folder.exists(), "it waits within the import"
    answer, told = process.communicate(timeout=60)
    assert process.returncode == 130 and told.endswith("creditrisk: interrupted: nothing was made\n"), (process.returncode, told)
    assert json.loads(answer) == {"error": {"code": "INTERRUPTED", "message": "interrupted: nothing was made"}}, answer
    assert not folder.parent.exists() and ask(server, "SELECT to_regclass('cut') IS NULL") == "t"
    made = start(*words)
    answer, told = made.communicate(timeout=60)
    assert made.returncode == 0 and json.loads(answer)["rows"] == 200 and folder.exists(), (answer, told)
    assert ask(server, "SELECT count(*) FROM cut") == "200"
    del os.environ["CREDITRISK_PATHS_PORTFOLIOS"]


def check_reference(books, root):
    """The reference system's own 10,000 loans."""
    shared = pathlib.Path(os.environ.get("CREDITRISK_SHARED", root.parent / "shared")) / "reference/data"
    if not shared.is_dir():
        print("without the reference data", file=sys.stderr)
        return
    folder = books.cli.dir / "reference"
    folder.mkdir()
    for table in TABLES:
        with gzip.open(shared / f"{table}.csv.gz") as packed, open(folder / f"{table}.csv", "wb") as file:
            shutil.copyfileobj(packed, file)
    books.both("import", folder, "--replace", "--strict")
    books.compare(LOANS, [("application", 45), ("behavioural", 59)])


def check_commands(books):
    """The rest of the house on PostgreSQL alone: a champion out of its book, and it predicts."""
    cli, globals_ = books.cli, books.globals["postgres"]
    cli("generate", "--customers", 1500, "--loans", 3000, "--replace", globals_=globals_)
    cli("train", "--no-search", "--models", "logistic", "--promote", globals_=globals_)
    report = json.loads(cli("doctor", "--json", globals_=globals_).stdout)
    assert report["ok"], report
    answer = json.loads(cli("predict", cli.root / "examples/application.json", "--json", globals_=globals_).stdout)
    assert 0 < answer["probability_raw"] < 1
    done = cli("generate", "--loans", 10, "--customers", 5, status=1, globals_=globals_)
    assert "--replace" in done.stderr
    secret = cli("doctor", status=1, globals_=["--db", "postgresql://u:hush@/d?host=/nonexistent", *globals_[2:]])
    assert "hush" not in secret.stdout + secret.stderr and "u:***@" in secret.stdout


def check_immutable(books, server):
    """The registry's tables themselves refuse what must not change, whoever asks."""
    books.cli("key", "create", "--scope", "predict")
    for statement in ("UPDATE versions SET kind = 'x'", "TRUNCATE versions CASCADE", "UPDATE events SET reason = 'x'", "DELETE FROM events",
                      "TRUNCATE events", "UPDATE keys SET hash = salt || salt", "DELETE FROM keys", "DELETE FROM versions"):
        done = subprocess.run([f"{find_programs()}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", "SET search_path = creditrisk_registry", "-c",
                               statement, server], capture_output=True, text=True, check=False)
        assert done.returncode != 0, statement
        assert any(word in done.stderr for word in ("never", "append-only", "foreign key")), (statement, done.stderr)
    assert json.loads(books.cli("registry", "verify", "--all", "--json").stdout)["ok"]


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have ignored, and the programs below it would
    cli = Cli(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        books = Books(cli, os.environ["CR_TEST_POSTGRES"])
        check_generated(books)
        check_import(books, cli.dir / "csv")
        check_killed(books, cli.dir / "killed", os.environ["CR_TEST_POSTGRES"])
        check_interrupted(books, os.environ["CR_TEST_POSTGRES"])
        check_reference(books, cli.root)
        check_commands(books)
        check_immutable(books, os.environ["CR_TEST_POSTGRES"])
    finally:
        shutil.rmtree(cli.dir)


if __name__ == "__main__":
    main()
