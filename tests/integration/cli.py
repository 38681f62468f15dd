#!/usr/bin/env python3
"""The companion program as people and scripts meet it: exit statuses, messages, one JSON document, same seed same bytes.

usage: cli.py CREDITRISK SOURCE_ROOT
"""
import contextlib
import csv
import filecmp
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile


class Cli:
    def __init__(self, program, root):
        self.program, self.root = program, root
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="creditrisk-cli-"))
        os.environ["CREDITRISK_PATHS_RESULTS"] = str(self.dir / "results")
        server = os.environ.get("CR_TEST_POSTGRES")  # then all of it is there instead of in files
        self.globals = ["--db", server or f"sqlite:{self.dir}/book.db", "--registry", str(self.dir / "models"),
                        *(["--registry-db", server] if server else []), "--quiet"]

    def __call__(self, *words, status=0, globals_=None, stdin=None):
        done = subprocess.run([self.program, *(self.globals if globals_ is None else globals_), *map(str, words)], input=stdin,
                              cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == status, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done


def check_usage(cli):
    for words, message in [(["frobnicate"], "unknown command 'frobnicate'\n"), ([], "which command?"),
                           (["registr", "list"], "unknown command 'registr'; did you mean 'registry'?"), (["train", "--wings"], "unknown option '--wings'\n"),
                           (["train", "--promot"], "unknown option '--promot'; did you mean '--promote'?"),
                           (["train", "--sead=3"], "unknown option '--sead'; did you mean '--seed'?"),
                           (["train", "--sede", "3"], "unknown option '--sede'; did you mean '--seed'?"),
                           (["list", "--jsno"], "unknown command 'list'\n"), (["doctor", "--jsno"], "did you mean '--json'?"),
                           (["doctor", "--registri", "x"], "did you mean '--registry'?"), (["doctor", "--listen", "127.0.0.1:0"], "unknown option '--listen'\n"), (["generate", "--loans"], "needs a value"),
                           (["generate", "--loans", "many"], "not 'many'"), (["generate", "--loans", "0"], "not '0'"),
                           (["migrate", "now"], "'now'"), (["features"], "--out FILE"), (["import"], "needs a folder or a CSV file"),
                           (["import", "x", "--replace", "--append"], "exclude each other"),
                           (["portfolio"], "needs init, check or list"), (["portfolio", "check"], "the name of a portfolio"),
                           (["portfolio", "check", "retail", "--name", "x"], "'portfolio check' has no option '--name'"),
                           (["portfolio", "init", "x.csv", "--name", "x"], "--target COLUMN"),
                           (["registry", "sing"], "not 'sing'; did you mean 'sign'?"), (["registry", "promot", "v1"], "did you mean 'promote'?"),
                           (["registry", "promote", "v1"], "needs --reason TEXT"), (["registry", "verify"], "needs either a version or --all"),
                           (["registry", "list", "v1"], "does not know what to do with 'v1'"), (["registry", "show"], "needs a version, for example v1\n"),
                           (["key", "forge"], "'forge'\n"), (["key", "lsit"], "did you mean 'list'?"), (["key", "create"], "needs --scope LIST"), (["key", "list", "--note", "x"], "has no option '--note'"), (["key", "revoke"], "needs the id"),
                           (["key", "create", "--scope", "predict,root"], "'root'"), (["config"], "'config' needs show\n"), (["config", "edit"], "not 'edit'"),
                           (["registry"], "'registry' needs list, show, history, promote, "), (["key"], "'key' needs create, list or revoke\n"),
                           (["train", "--no-search", "--exhaustive"], "exclude each other"), (["train", "--force"], "--force is for the files of --export"),
                           (["train", "--quiet=yes"], "takes no value")]:
        done = cli(*words, status=2)
        assert message in done.stderr and done.stderr.count("\n") == 2, (words, done.stderr)
    for words in (["--json", "train", "--wings"], ["train", "--wings", "--json"]):
        assert json.loads(cli(*words, status=2).stdout)["error"]["code"] == "EINVAL"
    help_text = cli("--help").stdout
    assert cli("-h").stdout == help_text
    for command in ("migrate", "generate", "import", "features", "train", "threshold", "registry", "key", "predict", "portfolio",
                    "config", "doctor"):
        assert command in help_text
        page = cli(command, "--help").stdout
        assert page.startswith(f"Usage: {cli.program} {command}") and "--registry-db URL" in page and "Exit status: 0 done, 1 refused, 2 wrong" in page
        assert command in VERBS or page.count("\nExample:\n") == 1, page
    assert cli("--version").stdout.startswith("creditrisk ")
    assert cli("help").stdout == help_text and cli("help", "train").stdout == cli("train", "--help").stdout
    refused = cli("predict", "--version", "v1", cli.root / "examples/application.json", status=2)
    assert "--version-id" in refused.stderr and not refused.stdout, refused
    assert "--version goes without a command\n" in cli("train", "--version", status=2).stderr


VERBS = {
    "registry": {"list": "", "show": "", "history": "at", "promote": "reason approve", "rollback": "reason", "challenger": "reason none", "verify": "all",
                 "delete": "reason", "export": "force", "import": "reason", "keygen": "", "sign": "key reason"},
    "key": {"create": "scope note", "list": "", "revoke": ""},
    "portfolio": {"init": "target name test-column replace", "check": "", "list": ""},
    "config": {"show": "origin"},
}


def check_verbs(cli):
    """Every verb has a page of its own: its options and no others, and an example that is no wrong usage."""
    folder = cli.dir / "examples"
    folder.mkdir()
    shutil.copytree(cli.root / "config", folder / "config")
    for command, verbs in VERBS.items():
        overview = cli(command, "--help").stdout
        for verb, options in verbs.items():
            page = cli(command, verb, "--help").stdout
            assert page == cli("help", command, verb).stdout and page.startswith(f"Usage: {cli.program} {command} {verb}"), page
            assert f"\n  {verb}" in overview
            own = page[:page.index("\nOptions of every command")]
            assert [line.split()[0][2:] for line in own.splitlines() if line.startswith("  --")] == options.split(), own
            assert all(f"--{option}" in own.splitlines()[0] for option in options.split()), "the usage shows them"
            words = shlex.split(own[own.index("\nExample:\n  ") + 12:])
            assert words[:3] == [cli.program, command, verb]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode in (0, 1), (words, done)
        refused = cli(command, "--help", "nothing").stdout
        assert refused == overview, "a word that is no verb shows them all"
    hint = cli("registry", "promote", "v1", status=2).stderr.splitlines()[1]
    assert hint == f"'{cli.program} registry promote --help' tells more.", hint


def check_name(cli):
    """Commands for the reader begin with the name by which the program was called."""
    path = f"{os.path.dirname(cli.program)}:{os.environ['PATH']}"
    done = subprocess.run(["creditrisk", "train", *cli.globals], env={**os.environ, "PATH": path}, cwd=cli.root, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "run 'creditrisk migrate --db " in done.stderr, done
    odd = cli.dir / "my tools"
    odd.mkdir()
    (odd / "creditrisk").symlink_to(cli.program)
    done = subprocess.run([odd / "creditrisk", "train", *cli.globals], cwd=cli.root, capture_output=True, text=True, check=False)
    assert f"run ''{odd}/creditrisk' migrate --db " in done.stderr, done


def check_settings(cli):
    """What has to be mended in words, variables or the file is wrong usage, whatever the command."""
    broken, missing = cli.dir / "broken.yaml", cli.dir / "none.yaml"
    broken.write_text("limts: {}\n")
    for command in (["doctor"], ["train"], ["config", "show"], ["predict", "x.json"], ["portfolio", "check", "retail"], ["registry", "list"], ["migrate"]):
        done = cli(*command, "--config", broken, status=2)
        assert f"{broken}:1:1: unknown setting 'limts'; did you mean 'limits'?\n" in done.stderr and not done.stdout, done
        where = done.stderr.splitlines()[1].removeprefix("what every setting and its variable mean is told in ")
        assert (cli.root / where.removesuffix(" as it comes with the program.")).is_file(), done
        assert f"cannot read '{missing}'" in cli(*command, "--config", missing, status=2).stderr
        assert "option --portfolio: '../x' is no name" in cli(*command, "--portfolio", "../x", status=2).stderr
        for option in ("--db", "--registry-db"):
            refused = cli(*command, option, "mysql://me:hush@host/x", status=2).stderr
            assert f"option {option}: database 'mysql://me:***@host/x' is not of the form sqlite:PATH or postgresql://…" in refused, refused
        with variable("CREDITRISK_LOG_ACCESS", "perhaps"):
            assert "environment variable CREDITRISK_LOG_ACCESS: 'perhaps'" in cli(*command, status=2).stderr
        document = json.loads(cli(*command, "--json", "--config", broken, status=2).stdout)
        assert document["error"]["code"] == "EPARSE", document
    with variable("CREDITRISK_PORTFOLI", "retail"):
        loud = cli("config", "show", globals_=[])
    assert "the variable 'CREDITRISK_PORTFOLI' is not known; did you mean 'CREDITRISK_PORTFOLIO'?\n" in loud.stderr


@contextlib.contextmanager
def variable(name, value):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def empty_book(cli):
    """A folder with the files of retail, which hold nothing."""
    book = cli.dir / "empty book"
    book.mkdir(exist_ok=True)
    for name in ("customers", "credit_history", "loan_applications", "repayment_history"):
        (book / f"{name}.csv").touch()
    return book


def check_refusals(cli):
    for words in (["generate"], ["train"], ["import", empty_book(cli)], ["features", "--out", cli.dir / "f.csv"]):
        assert f"run '{cli.program} migrate --db " in cli(*words, status=1).stderr
    done = cli("predict", "-", "--json", status=1, stdin="{}")
    assert json.loads(done.stdout)["error"]["code"] == "ENOTFOUND", done.stdout
    with variable("CREDITRISK_LIGHTGBM", "/nowhere/lib_lightgbm.so"):
        done = cli("doctor", status=1)
    assert "not everything is well" in done.stdout
    assert "ok   lightgbm     is not trained: LightGBM cannot be loaded: /nowhere/lib_lightgbm.so" in done.stdout, done.stdout
    assert cli("migrate", "--portfolio", "nowhere").returncode == 0  # the schema needs no portfolio
    bare = cli.dir / "bare"
    bare.mkdir()
    cli("migrate", globals_=["--db", f"sqlite:{cli.dir}/book.db", "--registry", str(bare), "--quiet"])
    assert not any(bare.iterdir()), "a folder without a registry gets none"
    assert "there is no portfolio 'nowhere' in 'config/portfolios'\n" in cli("generate", "--portfolio", "nowhere", status=1).stderr
    slip = "there is no portfolio 'retial' in 'config/portfolios'; did you mean 'retail'?"
    assert slip in cli("train", "--portfolio", "retial", status=1).stderr
    assert slip in cli("portfolio", "check", "retial", status=1).stderr
    assert "'../portfolios/retail' is no name of a portfolio" in cli("portfolio", "check", "../portfolios/retail", status=1).stdout


def check_wrong_folder(cli):
    """Where nothing of ours is, that is said, and nothing is made."""
    folder = cli.dir / "elsewhere"
    folder.mkdir()
    nothing = "there is no registry 'models', nor a folder 'config/portfolios': go where these are"
    for words, message in ((["registry", "list"], nothing), (["predict", cli.root / "examples/application.json"], nothing),
                           (["key", "create", "--scope", "read"], nothing), (["migrate"], "there is no folder 'migrations': go where it is"),
                           (["train"], "there is no portfolio 'retail' in 'config/portfolios', and no such folder here")):
        done = subprocess.run([cli.program, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and message in done.stderr and not done.stdout, done
        assert not any(folder.iterdir()), words


def check_no_registry(cli):
    """A folder that is not there, with who names it, is something else than one without a registry."""
    missing, empty, settings = cli.dir / "modles", cli.dir / "empty models", cli.dir / "registry.yaml"
    empty.mkdir()
    settings.write_text(f"registry:\n  dir: {missing}\n")
    book = ["--db", f"sqlite:{cli.dir}/book.db"]
    for words in (["predict", cli.root / "examples/application.json"], ["registry", "list"], ["registry", "show", "v1"],
                  ["registry", "verify", "v1"], ["registry", "history"], ["threshold"], ["doctor"]):
        for named, by in ((["--registry", missing], "--registry"), (["--config", settings], settings)):
            done = cli(*words, status=1, globals_=[*book, *named])
            told = f"the registry's folder '{missing}' (named by {by}) does not exist; a training would make it: run '"
            assert told in done.stdout + done.stderr, (words, done)
        done = cli(*words, status=1, globals_=[*book, "--registry", empty])
        assert f"there is no registry in the folder '{empty}' yet: run '" in done.stdout + done.stderr, (words, done)
    for place in (missing, empty):
        for words in (["doctor"], ["portfolio", "list"]):
            done = cli(*words, "--portfolio", "retial", status=1, globals_=[*book, "--registry", place])
            assert str(place) in done.stdout + done.stderr and " train " not in done.stdout + done.stderr, "what is no portfolio cannot be trained"
    with variable("CREDITRISK_REGISTRY", str(missing)):
        done = cli("registry", "list", status=1, globals_=book)
        assert f"'{missing}' (named by CREDITRISK_REGISTRY) does not exist" in done.stderr, done
        done = cli("registry", "list", status=1, globals_=[*book, "--registry-db", f"sqlite:{cli.dir}/none.db", "--registry", empty])
        assert f"there is no database '{cli.dir}/none.db': run '" in done.stderr, done
    assert not missing.exists() and not any(empty.iterdir())


def check_typos(cli):
    """What reads names the place that is not there and makes none; only what writes makes folders."""
    typo = cli.dir / "typo"
    there = ["--db", f"sqlite:{typo}/a/book.db", "--registry", str(typo / "models"), "--quiet"]
    for words in (["doctor"], ["features", "--out", "-"], ["train"], ["generate"], ["import", empty_book(cli)], ["portfolio", "check", "retail"],
                  ["portfolio", "check", "hmeq"], ["threshold"], ["predict", cli.root / "examples/application.json"], ["key", "list"],
                  ["key", "create", "--scope", "read"],
                  ["registry", "list"], ["registry", "history"], ["registry", "verify", "--all"], ["registry", "show", "v1"],
                  ["registry", "promote", "v1", "--reason", "x"], ["registry", "export", "v1", cli.dir / "none.tar.gz"]):
        done = cli(*words, status=1, globals_=there)
        assert str(typo) in done.stdout + done.stderr and not typo.exists(), (words, done)
    done = cli("import", "--portfolio", "hmeq", cli.dir / "none.csv", status=1, globals_=there)
    assert "there is no file or folder" in done.stderr and not typo.exists(), done
    for portfolio, end in (("hmeq", " has no file 'hmeq.csv': if it has another name, say that instead of the folder's"),
                           ("retail", " has no file 'customers.csv'")):
        done = cli("import", "--portfolio", portfolio, cli.root / "docs", status=1, globals_=there)
        assert done.stderr == f"creditrisk: the folder '{cli.root}/docs'{end}\n" and not typo.exists(), done
    (empty_book(cli) / "repayment_history.csv").unlink()
    done = cli("import", cli.dir / "empty book", status=1, globals_=there)
    assert done.stderr == f"creditrisk: the folder '{cli.dir}/empty book' has no file 'repayment_history.csv'\n" and not typo.exists(), done
    done = cli("import", cli.root / "README.md", status=1, globals_=there)
    assert "README.md' is no folder: the book of 'retail' has 4 tables, and a folder holds the file of each" in done.stderr and not typo.exists(), done
    done = cli("registry", "import", cli.dir / "none.tar.gz", status=1, globals_=there)
    assert f"there is no file '{cli.dir}/none.tar.gz'" in done.stderr and not typo.exists(), done


def check_generate(cli):
    first, second = cli.dir / "first", cli.dir / "second"
    for folder in (first, second):
        cli("generate", "--customers", 400, "--loans", 800, "--seed", 5, "--out", folder)
    names = sorted(path.name for path in first.iterdir())
    assert names == ["credit_history.csv", "customers.csv", "loan_applications.csv", "repayment_history.csv"], names
    assert filecmp.cmpfiles(first, second, names, shallow=False)[0] == names, "the same seed must give the same bytes"
    third = cli.dir / "third"
    cli("generate", "--customers", 400, "--loans", 800, "--seed", 6, "--out", third)
    assert not filecmp.cmp(first / "customers.csv", third / "customers.csv", shallow=False)
    assert "--replace" in cli("generate", "--out", third, status=1).stderr
    cli("generate", "--customers", 400, "--loans", 800, "--seed", 5, "--out", third, "--replace")
    assert filecmp.cmp(first / "customers.csv", third / "customers.csv", shallow=False)
    cli("import", first)
    assert "--replace" in cli("import", first, status=1).stderr
    report = json.loads(cli("import", first, "--replace", "--json").stdout)
    again = json.loads(cli("import", first, "--append", "--json", "--rejects", cli.dir / "again.csv", status=1).stdout)
    assert again["rejected"] > 800 and all(t["rows"] == 0 for t in again["tables"]), "nothing new came of the same book"
    assert report["rejected"] == 0 and {t["table"]: t["rows"] for t in report["tables"]}["loan_applications"] == 800
    n_rows = sum(len(list(csv.reader((first / name).open(newline="")))) - 1 for name in names)
    assert (report["removed"], again["removed"]) == (n_rows, 0)
    loud = cli("generate", "--customers", 10, "--loans", 10, "--replace", globals_=cli.globals[:-1])
    assert f"--replace has removed the {n_rows} rows that were there before\n" in loud.stderr, loud.stderr
    cli("import", first, "--replace")
    bad = cli.dir / "bad"
    shutil.copytree(first, bad)
    head, *rows = (bad / "customers.csv").read_text().splitlines()
    (bad / "customers.csv").write_text("\n".join([head] + [row.replace(",", ",x", 1) for row in rows]) + "\n")
    kept = cli("doctor", status=1).stdout
    refused = cli("import", bad, "--replace", status=1).stderr
    assert "customers.csv: every one of its 400 rows is bad" in refused, refused
    assert cli("doctor", status=1).stdout == kept, "a refused import must leave the book as it was"
    assert cli("generate", "--customers", 10, "--loans", 10, status=1).stderr.count("\n") == 1


def check_features(cli):
    out = cli.dir / "features.csv"
    seen = json.loads(cli("features", "--set", "behavioural", "--out", out, "--json").stdout)
    with open(out, newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["loan_id", "is_default", "age"] and len(rows[0]) == 2 + 59
    assert seen["rows"] == len(rows) - 1 and all(len(row) == len(rows[0]) for row in rows)
    kept = out.read_bytes()
    assert f"'{out}' is there already: --force replaces it\n" in cli("features", "--out", out, status=1).stderr and out.read_bytes() == kept
    cli("features", "--out", out, "--force")
    assert out.read_bytes() != kept, "of the portfolio's first set"
    assert "is the database itself" in cli("features", "--out", cli.dir / "book.db", status=2).stderr
    assert "no feature set 'imaginary'; known: application, behavioural\n" in cli("features", "--set", "imaginary", "--out", out, status=1).stderr
    assert "'aplication'; did you mean 'application'?" in cli("features", "--set", "aplication", "--out", out, status=1).stderr


def short_of_room(cli, size, *words, globals_=None):
    """Runs a command that may write no file of more bytes, as on a full disk; what it said."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then the write fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    done = subprocess.run([cli.program, *(globals_ or cli.globals), *map(str, words)], cwd=cli.root, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and not done.stdout, done
    return done.stderr


def check_full_disk(cli):
    """What finds no room leaves nothing half, and names the file and the reason."""
    folder = cli.dir / "full"
    folder.mkdir()
    out = folder / "features.csv"
    words = ("features", "--out", out, "--force")
    told = f"creditrisk: cannot write '{out}': File too large\n"
    assert short_of_room(cli, 10000, *words) == told and not list(folder.iterdir())
    out.write_text("before")
    assert short_of_room(cli, 10000, *words) == told and [path.name for path in folder.iterdir()] == [out.name] and out.read_text() == "before"
    out.unlink()
    sizes = {path.name: path.stat().st_size for path in (cli.dir / "first").iterdir()}
    biggest = max(sizes, key=sizes.get)
    book = ("generate", "--customers", 400, "--loans", 800, "--seed", 5, "--out", folder)
    told = short_of_room(cli, sizes[biggest] - 1, *book)
    assert told == f"creditrisk: cannot write '{folder}/{biggest}': File too large\n" and not list(folder.iterdir()), told
    if os.path.exists("/dev/full"):
        assert cli("features", "--out", "/dev/full", status=1).stderr == "creditrisk: cannot write '/dev/full': No space left on device\n"


def interrupted(cli, fifo, mode, *words):
    """Runs a command up to where it has opened the pipe and waits for its other end; then Ctrl-C."""
    os.mkfifo(fifo)
    process = subprocess.Popen([cli.program, *cli.globals, *map(str, words)], cwd=cli.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(fifo, mode):
        process.send_signal(signal.SIGINT)
        if mode == "r":  # who writes must not find its reader gone instead
            process.wait(timeout=60)
    answer, told = process.communicate(timeout=60)
    fifo.unlink()
    return process.returncode, told, answer


def has_open(process, file):
    """Whether the process has the file open; what it closes while it is looked at is not."""
    for descriptor in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if descriptor.readlink() == file.resolve():
                return True
    return False


def check_interrupted_documents(cli):
    """With --json Ctrl-C is an answer, too: of every command alike that the signal ends, whatever it waits for."""
    pipe, ends = cli.dir / "pipe", []
    ends.append(interrupted(cli, pipe, "r", "features", "--out", pipe, "--json"))
    ends.append(interrupted(cli, pipe, "w", "predict", pipe, "--json"))
    if cli.globals[1].startswith("sqlite:"):
        with contextlib.closing(sqlite3.connect(cli.dir / "book.db", isolation_level=None)) as book:
            book.execute("BEGIN IMMEDIATE")  # generate waits
            process = subprocess.Popen([cli.program, *cli.globals, "generate", "--replace", "--json"], cwd=cli.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while process.poll() is None and not has_open(process, cli.dir / "book.db"):
                pass
            process.send_signal(signal.SIGINT)
            answer, told = process.communicate(timeout=60)
            ends.append((process.returncode, told, answer))
    for status, told, answer in ends:
        assert (status, told) == (-signal.SIGINT, "creditrisk: interrupted\n"), ends
        assert json.loads(answer) == {"error": {"code": "INTERRUPTED", "message": "interrupted"}}, ends


def check_interrupts(cli):
    """Ctrl-C ends what has no end of its own with a word, by the signal, and an import with an end; the book is as it was."""
    rows = lambda: json.loads(cli("features", "--out", cli.dir / "features.csv", "--force", "--json").stdout)["rows"]
    before = rows()
    assert interrupted(cli, cli.dir / "pipe.csv", "r", "features", "--out", cli.dir / "pipe.csv") == (-signal.SIGINT, "creditrisk: interrupted\n", "")
    half = cli.dir / "half"
    shutil.copytree(cli.dir / "first", half)
    (half / "repayment_history.csv").unlink()
    nothing = "interrupted: nothing was imported"
    assert interrupted(cli, half / "repayment_history.csv", "w", "import", half, "--replace") == (130, f"creditrisk: {nothing}\n", "")
    status, told, answer = interrupted(cli, half / "repayment_history.csv", "w", "import", half, "--replace", "--json")
    assert (status, told, json.loads(answer)) == (130, f"creditrisk: {nothing}\n", {"error": {"code": "INTERRUPTED", "message": nothing}}), answer
    check_interrupted_documents(cli)
    assert before > 0 and rows() == before


def without(document, names):
    """The same document less the members so named, at any depth."""
    if isinstance(document, dict):
        return {key: without(value, names) for key, value in document.items() if key not in names}
    return [without(item, names) for item in document] if isinstance(document, list) else document


def check_next_command(cli, there, line):
    """What the reader is told to give next works where this call did, quotes and all, and nowhere else."""
    words = shlex.split(line.removeprefix("let it serve: "))
    assert words[:3] == [cli.program, "registry", "promote"] and str(cli.dir / "it's others") in words, words
    listed = lambda: json.loads(cli("registry", "list", "--json", globals_=there).stdout)["versions"]
    assert not any(version["champion"] for version in listed())
    cli(*words[1:], globals_=[])
    assert [version["version"] for version in listed() if version["champion"]] == [words[3]]
    assert not any(version["champion"] for version in json.loads(cli("registry", "list", "--json").stdout)["versions"])


LONG_SEARCH = ("--models", "gbm")  # its first word comes early and its end late


def check_train(cli):
    """The same command gives the same model, whatever --jobs; Ctrl-C leaves nothing behind."""
    kinds = "logistic, gbm, lightgbm, xgboost"
    assert f"there is no model 'foo': it is one of {kinds}\n" in cli("train", "--models", "foo", status=2).stderr
    assert kinds in cli("train", "--help").stdout
    assert "'behavoural'; did you mean 'behavioural'?" in cli("train", "--set", "behavoural", status=1).stderr
    for spec in ("colunm:x", "column", "column:", "ids", "times", ""):
        assert f"unknown split '{spec}'; known: random, group, time, column:NAME, ids:FILE\n" in cli("train", "--split", spec, status=2).stderr
    reports = [json.loads(cli("train", "--models", "logistic", "--seed", 3, "--jobs", jobs, "--json").stdout) for jobs in (1, 2)]
    versions = [report["models"][0]["version"] for report in reports]
    assert versions == ["v1", "v2"]
    folders = [cli.dir / "models/retail" / version for version in versions]
    files = [str(path.relative_to(folders[0])) for path in sorted(folders[0].rglob("*")) if path.is_file()]
    same = [name for name in files if filecmp.cmp(folders[0] / name, folders[1] / name, shallow=False)]
    with_seconds = {f"report/{name}" for name in ("report.json", "report.html", "training_report.json", "model_comparison.csv",
                                               "threshold_optimization.json")}
    assert set(files) - set(same) <= {"manifest.json"} | with_seconds, set(files) - set(same)
    drawn = {path.name for path in (cli.dir / "results/retail").iterdir()}
    assert {"report.json", "report.html", "model_comparison.csv"} <= drawn and "report/report.html" in files, drawn
    (cli.dir / "results/retail/gbm_feature_importance.csv").write_text("of an earlier run")
    there = [*cli.globals[:3], str(cli.dir / "it's others")]
    done = cli("train", "--models", "logistic", "--no-search", globals_=there)
    assert "one paired standard error" in done.stdout, done.stdout
    cv_auc = json.loads((cli.dir / "results/retail/report.json").read_text())["models"][0]["cv_auc"]
    assert re.search(f"^search: 100 %, 5/5, .*, fold 5 of 5, mean AUC {cv_auc:.4f} \\(logistic\\)$", done.stderr, re.M), (cv_auc, done.stderr)
    check_next_command(cli, there, next(line for line in done.stderr.splitlines() if line.startswith("let it serve: ")))
    assert "this run's choice" in done.stdout and "champion" not in done.stdout, "nothing serves before it is promoted"
    assert f"every version keeps its own in {cli.dir}/it's others/retail/VERSION/report" in done.stderr, done.stderr
    promoted = cli("train", "--models", "logistic", "--no-search", "--promote", globals_=there)
    assert "standard error of it; it is the champion now\n" in promoted.stdout, promoted.stdout
    results = {path.name for path in (cli.dir / "results/retail").iterdir()}
    assert "gbm_feature_importance.csv" not in results
    for name in ("report.json", "training_report.json", "model_comparison.csv", "logistic_classification_report.txt",
                 "logistic_feature_importance.csv", "threshold_optimization.json", "report.html"):
        assert name in results, name
    if shutil.which("gnuplot"):
        plots = ("threshold_analysis", "roc", "precision_recall", "calibration", "lift")
        assert {f"{plot}.{kind}" for plot in plots for kind in ("png", "svg")} <= results
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in folders]
    documents = [without(json.loads((folder / "report/report.json").read_text()), manifests[0]["volatile"]) for folder in folders]
    assert documents[0] == documents[1], "report.json may differ in volatile members only"
    differing = {key for key in manifests[0] if manifests[0][key] != manifests[1][key]}
    assert differing <= set(manifests[0]["volatile"]) | {"version", "files"}, differing
    process = subprocess.Popen([cli.program, *cli.globals[:-1], "train", *LONG_SEARCH, "--json"], cwd=cli.root, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    while not process.stderr.readline().startswith(b"search:"):  # until the search is under way
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=120)
    assert b"interrupted" in told and process.returncode == 130
    assert json.loads(out) == {"error": {"code": "INTERRUPTED", "message": "interrupted: nothing was registered"}}, out
    listed = json.loads(cli("registry", "list", "--json").stdout)["versions"]
    on_disk = sorted(path.name for path in (cli.dir / "models/retail").iterdir())
    assert sorted(v["version"] for v in listed) == on_disk
    assert on_disk == ["v1", "v2"], on_disk
    assert not list((cli.dir / "models").glob(".staging*"))
    golden = (folders[0] / "golden.jsonl").read_text().count("\n")
    assert golden == 200, golden


def check_export(cli):
    """What lies in the folder of --export is told before the work and stays; one look for all four files."""
    folder = cli.dir / "mine"
    folder.mkdir()
    words = ("train", "--models", "logistic", "--no-search", "--export", folder)
    there = [*cli.globals[:3], str(cli.dir / "export models"), *cli.globals[4:]]
    for name in ("X.csv", "y.csv", "fold.csv", "candidates.json"):
        (folder / name).write_text("mine")
        done = cli(*words, globals_=there[:-1], status=1)
        assert done.stderr == f"creditrisk: '{folder}/{name}' is there already: --force replaces it\n", done
        assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "mine")]
        (folder / name).rename(cli.dir / "mine.csv")
    (cli.dir / "mine.csv").rename(folder / "X.csv")
    assert not (cli.dir / "export models").exists()
    cli(*words, "--force", globals_=there)
    assert len(list(folder.iterdir())) == 4 and (folder / "X.csv").read_text() != "mine"


def check_interrupted_training(cli):
    """Ctrl-C leaves no registry where there was none, and says what there is of the run; what takes long says so."""
    fresh = cli.dir / "fresh"
    there = [*cli.globals[:3], str(fresh / "models"), *cli.globals[4:-1]]
    process = subprocess.Popen([cli.program, *there, "train", *LONG_SEARCH, "--export", cli.dir / "exported"], cwd=cli.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = next(line for line in process.stderr if line.startswith("search: "))
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=120)[1]
    assert process.returncode == 130, (line, told)
    assert told.endswith(f"creditrisk: interrupted: nothing was registered, only what --export wrote stays in {cli.dir / 'exported'}\n"), told
    assert (cli.dir / "exported/candidates.json").exists()
    if "--registry-db" not in there:
        assert not fresh.exists()
        told = cli("registry", "list", globals_=there, status=1).stderr
        assert f"the registry's folder '{fresh}/models' (named by --registry) does not exist; a training would make it: run '" in told, told
    check_interrupted_publishing(cli, there)


def check_interrupted_publishing(cli, there):
    """The plots are drawn by a program that takes its time, presses Ctrl-C where it is told to, and may end by it itself."""
    folder = cli.dir / "slow"
    folder.mkdir()
    (folder / "gnuplot").write_text("#!/bin/sh\nsleep ${PACE:-0}\ncase $PWD in $KEY) kill -INT $PPID $([ -z $SELF ] || echo $$) ;; esac\n")
    (folder / "gnuplot").chmod(0o755)
    train = ["train", "--no-search", "--models", "logistic", "--promote"]
    slow = ("final fits, report and versions: ", "report and plots: ")
    with variable("PATH", f"{folder}:{os.environ['PATH']}"):
        for key, self, n_slow, status, end in (("nowhere", "", 2, 0, None), ("*/models/*", "", 1, 130, "none was promoted"), ("*/results/*", "too", 1, 130, "{} is the champion now"),
                                               ("*/results/*", "", 2, 0, None)):
            with variable("KEY", key), variable("SELF", self), variable("PACE", "1.1"):  # what takes a second is told of
                done = cli(*train, globals_=there, status=status)
            version = done.stdout.splitlines()[3].split()[2]
            assert [line for line in done.stderr.splitlines() if line.startswith(slow)] == \
                [next(line for line in done.stderr.splitlines() if line.startswith(title)) for title in slow[:n_slow]], done
            listed = {v["version"]: v["champion"] for v in json.loads(cli("registry", "list", "--json", globals_=there).stdout)["versions"]}
            assert listed[version] is (end != "none was promoted"), (key, listed)
            if status == 130:
                assert f"creditrisk: interrupted: {version} is registered; {end.format(version)}; what lies in {cli.dir}/results/retail may be" in done.stderr, done
            else:
                assert f"{version} is the champion of retail\n" in done.stderr and "interrupted" not in done.stderr, (key, done)
        with variable("KEY", "*/models/*"), variable("SELF", ""):
            done = cli(*train, "--json", "--quiet", globals_=there, status=130)
            twice = cli("train", "--no-search", "--models", "logistic,gbm", "--quiet", "--json", globals_=there, status=-signal.SIGINT)
    assert twice.stderr == "creditrisk: interrupted\n", "the second Ctrl-C, at the second version, waits for nothing"
    assert json.loads(twice.stdout)["error"] == {"code": "INTERRUPTED", "message": "interrupted"}, twice.stdout
    document = json.loads(done.stdout)
    assert document["error"]["code"] == "INTERRUPTED" and document["promoted"] is False, document["error"]
    assert done.stderr == f"creditrisk: {document['error']['message']}\n", "--quiet says nothing of progress"
    check_deaf_training(cli, folder, [*train, "--quiet"])


def check_deaf_training(cli, folder, train):
    """Ctrl-C where it is ignored, as below nohup; and where what it interrupts has failed already, which it must not hide."""
    there = [*cli.globals[:3], str(cli.dir / "deaf")]
    with variable("PATH", f"{folder}:{os.environ['PATH']}"), variable("KEY", "*/results/*"), variable("SELF", "too"):
        usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            cli(*train, globals_=there)
        finally:
            signal.signal(signal.SIGINT, usual)
        with unwilling(cli.dir / "deaf"):
            done = cli(*train, globals_=there, status=130)
            answer = json.loads(cli(*train, "--json", globals_=there, status=130).stdout)
            with variable("SELF", ""):
                assert cli(*train, globals_=there, status=1).stderr == "creditrisk: not today\n", "then it was too late to interrupt it"
    assert done.stderr.startswith("creditrisk: interrupted: v2 is registered; not today; what lies in ") and "its promotion failed\n" in done.stdout, done
    assert answer["error"]["code"] == "INTERRUPTED" and "; not today; " in answer["error"]["message"] and "promoted" not in answer, answer["error"]


def without_place(answers):
    return [without(answer, ("index", "line")) for answer in answers]


def places(answers):
    pairs = [(answer["index"], answer["line"]) for answer in answers]
    assert all(isinstance(number, int) for pair in pairs for number in pair), pairs
    return pairs


def check_streams(cli, application, answer):
    """NDJSON and CSV: one line for every row, in order and with its place, whatever its neighbours are."""
    rows = [application | {"age": 18 + i % 50, "interest_rate": None if i % 7 == 0 else 9.5, "credit_score": 300 + i} for i in range(600)]
    rows[0], rows[300] = application, application | {"age": 12}
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (cli.dir / "rows.ndjson").write_text(lines.replace("\n", "\n\n", 1))
    cells = [",".join("" if value is None else str(value) for value in row.values()) + ",7" for row in rows]
    (cli.dir / "rows.csv").write_text("\n".join([",".join(application) + ",remark"] + cells) + "\n")

    done = cli("predict", cli.dir / "rows.ndjson", status=1)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert places(answers) == [(i, i + 1 + (i > 0)) for i in range(600)], "the second line is blank"
    assert without_place(answers[:1]) == [answer] and list(answers[0])[-2:] == ["index", "line"]
    (cli.dir / "rows.jsonl").write_text(lines)
    assert without_place(map(json.loads, cli("predict", cli.dir / "rows.jsonl", status=1).stdout.splitlines())) == without_place(answers)
    assert answers[300]["detail"][0]["loc"] == ["body", "age"] and "detail" not in answers[299] | answers[301]
    done = cli("predict", cli.dir / "rows.csv", status=1)
    of_csv = [json.loads(line) for line in done.stdout.splitlines()]
    assert without_place(of_csv) == without_place(answers) and places(of_csv) == [(i, i + 2) for i in range(600)], "behind the header"
    brief = [json.loads(line) for line in cli("predict", "-", "--format", "ndjson", "--brief", status=1, stdin=lines).stdout.splitlines()]
    assert places(brief) == [(i, i + 1) for i in range(600)]
    for short, long in zip(without_place(brief), answers, strict=True):
        assert all(long[key] == value for key, value in short.items()), (short, long)
        assert list(short) == ["detail"] or list(short) == ["probability", "probability_raw", "risk_category", "margin", "recommended_action", "model_version"]
    full = cli("predict", "-", "--format", "ndjson", "--explain", stdin=json.dumps(application)).stdout
    assert "by_input" in json.loads(full)["contributions"]
    misspelt = cli("predict", "-", "--format", "csv", status=1, stdin="age,anual_income\n30,1\n")
    assert "there is no field 'anual_income'; did you mean 'annual_income'?" in misspelt.stderr and not misspelt.stdout
    lost = cli("predict", "-", "--format", "csv", status=1, stdin="laon_id,age,loan_amount\n7,30,1\n")
    assert ":1: there is no key 'laon_id'; did you mean 'loan_id'?" in lost.stderr and not lost.stdout, "nobody could tell whose answer it is"
    owned = cli("predict", "-", "--format", "csv", status=1, stdin="laon_id,loan_id,age,loan_amount\n8,7,30,1\n").stdout
    assert json.loads(owned)["keys"] == {"loan_id": "7"}, owned
    upper = cli("predict", "-", "--format", "csv", status=1, stdin="AGE,LOAN_AMOUNT\n30,1\n")
    assert "there is no field 'AGE'; did you mean 'age'?" in upper.stderr and not upper.stdout
    other = cli("predict", "-", "--format", "csv", status=1, stdin="age,duration,housing,savings,amount\n30,1,own,1,1\n")
    assert ":1: these columns are not those of portfolio 'retail': --portfolio NAME chooses another; or is 'duration' meant" in other.stderr
    assert not other.stdout
    parted = cli("predict", "-", "--format", "csv", status=1, stdin="age;loan_amount\n30;1\n")
    assert '-:1: the columns seem to be separated by ";", but the portfolio\'s separator is ",": convert the file, or ' \
        "say 'separator: \";\"' in tables.yaml, and train again\n" in parted.stderr and not parted.stdout, parted.stderr
    for header in ('"age";"loan_amount"', "age, in years;loan_amount;gender", "age,loan;amount;gender"):
        again = cli("predict", "-", "--format", "csv", status=1, stdin=header + "\n30;1;Male\n")
        assert '-:1: the columns seem to be separated by ";"' in again.stderr and not again.stdout, again.stderr
    for amount in ('"1.234,56"', '"€ 50000,00"', "50 000"):
        row = ",".join(amount if name == "loan_amount" else str(value) for name, value in application.items())
        written = cli("predict", "-", "--format", "csv", status=1, stdin="\n".join([",".join(application), row, row, ""]), globals_=cli.globals[:-1])
        shown = amount.strip('"')
        assert written.stderr.count(f"-:2:{list(application).index('loan_amount') + 1}: loan_amount: '{shown}' is not a number: "
                                    "write numbers as 1234.56, without a decimal comma, separators of thousands, currency or percent sign\n") == 1, written.stderr
        assert [json.loads(line)["detail"][0]["type"] for line in written.stdout.splitlines()] == ["float_type"] * 2
    few = ",".join("low" if name == "loan_amount" else str(value) for name, value in application.items())
    assert "1234.56" not in cli("predict", "-", "--format", "csv", status=1, stdin=",".join(application) + "\n" + few + "\n", globals_=cli.globals[:-1]).stderr
    strange = cli("predict", "-", "--format", "csv", status=1, stdin="one,two\n30,1\n31,2\n", globals_=cli.globals[:-1])
    assert ":1: no column is a field of the portfolio 'retail', whose first is 'age' and whose separator is ','" in strange.stderr
    assert strange.stderr.count("\n") == 1 and not strange.stdout, "said once, not for each row"
    beside = cli("predict", "-", "--format", "csv", status=1, stdin="age,loan_amount,loan_amount2\n30,1,1\n")
    assert beside.stdout.count("\n") == 1, "a column of its own, however near"
    ragged = (cli.dir / "rows.csv").read_text().splitlines()[:4]
    ragged[2] = ragged[2].rsplit(",", 2)[0]
    ragged[3] = "00" + ragged[3]  # of an age
    done = cli("predict", "-", "--format", "csv", status=1, stdin="\n".join(ragged) + "\n")
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first, third) == (of_csv[0], of_csv[2]), "one bad row must not cost its neighbours their answers"
    assert "Line 3 has" in second["detail"][0]["msg"] and places([second]) == [(1, 3)], second
    header, row = ragged[:2]
    done = cli("predict", "-", "--format", "csv", stdin=f'{header}\n{row[:-1]}"two\nlines"\n{row}\n')
    assert places(map(json.loads, done.stdout.splitlines())) == [(0, 2), (1, 4)], "where a row begins"
    lines = cli("predict", "-", "--format", "ndjson", status=1, stdin=f"\n\n{json.dumps(application)}\n{{{' ' * (1 << 20)}\n")
    assert "-:4: a row has more than" in lines.stderr, lines.stderr
    for options in ([], ["--brief"]):
        done = cli("predict", "-", "--format", "csv", *options, status=1, stdin="\n".join(ragged[:2]) + '\n"unclosed\n')
        assert done.stdout.count("\n") == 1 and "quote" in done.stderr, "what was answered before an error is not lost"
    for text, kind in (("", "csv"), (ragged[0] + "\n", "csv"), ("", "ndjson"), (" \n\n", "ndjson")):
        assert "no application in '-'" in cli("predict", "-", "--format", kind, status=1, stdin=text).stderr, (text, kind)
    loud = cli("predict", "-", "--format", "ndjson", stdin=json.dumps(application), globals_=cli.globals[:-1])
    assert loud.stderr.startswith("1 row, 0 refused, ") and loud.stderr.count("\n") == 1, loud.stderr
    many = cli("predict", "-", "--format", "ndjson", "--brief", stdin=(json.dumps(application) + "\n") * 2400, globals_=cli.globals[:-1])
    *on_the_way, last = many.stderr.splitlines()
    assert last.startswith("2400 rows, 0 refused, ") and all(line.startswith("predict: ") for line in on_the_way), many.stderr
    assert not on_the_way or on_the_way[-1].startswith("predict: 2400 rows, "), many.stderr
    for words in (["--format", "xml"], ["--brief"], ["--format", "csv", "--brief", "--explain"]):
        cli("predict", "-", *words, status=2, stdin="{}")


def check_arrays(cli, application):
    """An array is answered as its rows are as NDJSON: in order, whatever stands in their strings and between them, over many pieces of the file."""
    rows = [application | {"age": 18 + i % 50, "credit_score": 300 + i % 600} for i in range(2000)]
    texts = [json.dumps(row) for row in rows]
    texts[3:9] = ["{}", "null", '[1, {"a": "]"}]', '"],[{\\""', json.dumps(application | {"}],[{": 1}), '{"age": 1, "age": 1}']
    texts[9] = texts[9][:-1] + " " * ((1 << 20) - 1 - len(texts[9])) + "}"  # with the blank behind it as long as a row may be
    lines = [json.loads(line) for line in cli("predict", "-", "--format", "ndjson", "--explain", status=1, stdin="\n".join(texts)).stdout.splitlines()]
    expected = [({"detail": line["detail"], "index": i} if "detail" in line else without(line, ("index", "line"))) for i, line in enumerate(lines)]
    assert sum("detail" in line for line in lines) == 6 and "by_input" in lines[-1]["contributions"]
    (cli.dir / "rows.json").write_text(" \n[" + " ,\n ".join(texts) + "] \n")
    for words, text in (([cli.dir / "rows.json"], None), (["-"], f"[{','.join(texts)}]")):
        done = cli("predict", *words, "--json", "--explain", status=1, stdin=text).stdout
        assert json.loads(done) == expected and done.count("\n") == len(texts), "a line of the document for each row"
    words = cli("predict", cli.dir / "rows.json", status=1).stdout
    parts = words.split("--- row ")[1:]
    assert [part.split("\n", 1)[0] for part in parts] == [str(i + 1) for i in range(len(texts))]
    for part, line in zip(parts, lines, strict=True):
        assert (f"probability of default {line['probability']:.2f} %" if "probability" in line else line["detail"][0]["msg"]) in part, part
    loud = cli("predict", "-", "--json", stdin=f"[{json.dumps(application)}]", globals_=cli.globals[:-1])
    assert loud.stderr.startswith("1 row, 0 refused, ") and loud.stderr.count("\n") == 1, loud.stderr


def check_broken_arrays(cli, application):
    """What was answered before an error stands, also where the array turns out to be none; with --json it is a document and tells the error."""
    row = json.dumps(application)
    one, n = f"[{row}", len(row) + 1
    for text, n_rows, fault in ((f"{one}, ", 1, f"row 2, byte {n + 2} of the file: Expecting value: the array has no end"),
                                (f"{one},]", 1, f"row 2, byte {n + 1} of the file: Expecting value"),
                                (f"{one},,{row}]", 1, f"row 2, byte {n + 1} of the file: Expecting value"),
                                (f"{one}, {row}", 1, f"row 2, byte {2 * n + 1} of the file: Expecting ',' delimiter: the array has no end"),
                                (f'{one}, {{"a": "]', 1, f"row 2, byte {n + 10} of the file: Expecting ',' delimiter: the array has no end"),
                                (f"{one}] {row}", 1, f"byte {n + 2} of the file: Extra data behind the array"),
                                (f"{one}]]", 1, f"byte {n + 1} of the file: Extra data behind the array"),
                                (f"{one},{{{' ' * (1 << 20)}}}]", 1, "row 2 has more than 1048576 bytes"),
                                ("[", 0, "row 1, byte 1 of the file: Expecting value: the array has no end"),
                                ("[,1]", 0, "row 1, byte 1 of the file: Expecting value"),
                                ("[] []", 0, "byte 3 of the file: Extra data behind the array")):
        done = cli("predict", "-", status=1, stdin=text)
        assert done.stderr == f"creditrisk: -: {fault}\n" and done.stdout.count("--- row ") == n_rows, (text, done)
        done = cli("predict", "-", "--json", status=1, stdin=text)
        answers = json.loads(done.stdout)
        code = "ETOOBIG" if "more than" in fault else "EPARSE"
        error = {"error": {"code": code, "message": f"-: {fault}"}}
        assert answers == error if n_rows == 0 else answers[n_rows:] == [error] and "probability" in answers[0], (text, answers)
    both = subprocess.run([cli.program, *cli.globals, "predict", "-"], input=f"{one},]", cwd=cli.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False).stdout
    assert both.startswith("--- row 1\n") and both.endswith(f"\ncreditrisk: -: row 2, byte {n + 1} of the file: Expecting value\n"), "one behind the other"
    (apart,) = json.loads(cli("predict", "-", "--json", status=1, stdin=f"{one} {row}]").stdout)
    assert apart["detail"][0]["ctx"] == {"error": "Extra data"}, "without a comma it is one row, which is none"
    lines = cli("predict", "-", "--json", "--format", "ndjson", status=1, stdin=f"{row}\n{{{' ' * (1 << 20)}\n").stdout.splitlines()
    assert len(lines) == 2 and json.loads(lines[1])["error"]["code"] == "ETOOBIG", "one a line, the error, too"
    many = cli("predict", "-", status=1, stdin="[" + " " * (65 << 20) + "5").stderr
    assert many == f"creditrisk: -: row 1, byte {(65 << 20) + 2} of the file: Expecting ',' delimiter: the array has no end\n", many
    assert "cannot read 'nothing.json': No such file" in cli("predict", "nothing.json", status=1).stderr
    assert f"cannot read '{cli.dir}': Is a directory" in cli("predict", cli.dir, status=1).stderr


@contextlib.contextmanager
def unwilling(folder):
    """No promotion is recorded in that registry."""
    with contextlib.closing(sqlite3.connect(folder / "registry.db")) as db:
        db.execute("CREATE TRIGGER unwilling BEFORE INSERT ON events WHEN new.action = 'promote' BEGIN SELECT RAISE(ABORT, 'not today'); END")
    yield
    with contextlib.closing(sqlite3.connect(folder / "registry.db")) as db:
        db.execute("DROP TRIGGER unwilling")


def check_failed_promotion(cli):
    """The versions of a run are there whatever becomes of the promotion: they are shown, and so is what failed."""
    folder, results = cli.dir / "unwilling", cli.dir / "results/retail"
    there = [*cli.globals[:3], str(folder), "--quiet"]
    words = ("train", "--models", "logistic", "--no-search", "--promote")
    cli(*words[:-1], globals_=there)
    with unwilling(folder):
        shutil.rmtree(results)
        done = cli(*words, status=1, globals_=there)
        assert "* this run's choice" in done.stdout and "; its promotion failed\n" in done.stdout and "logistic *  v2" in done.stdout, done
        assert done.stderr == "creditrisk: not today\n" and (results / "report.html").is_file(), done
        shutil.rmtree(results)
        (results / "report.html").mkdir(parents=True)
        answer = json.loads(cli(*words, "--json", status=1, globals_=there).stdout)
        assert answer["error"] == {"code": "EDB", "message": "not today"} and answer["models"][0]["version"] == "v3" and "promoted" not in answer, answer
    answer = json.loads(cli(*words, "--json", status=1, globals_=there).stdout)
    assert answer["promoted"] is True and answer["error"]["code"] == "EIO" and str(results) in answer["error"]["message"], answer
    check_unwritable(cli, there[:-1], [results, folder / "retail"])
    shutil.rmtree(results)


def check_unwritable(cli, there, places):
    """Where nothing can be written that is told before the work: no other line is."""
    refusal = lambda registry: cli("train", "--models", "logistic", "--no-search", globals_=[*there[:3], str(registry)], status=1).stderr
    hints = ": paths.results (CREDITRISK_PATHS_RESULTS) names another place for the reports", ""
    for place, hint in zip(places, hints, strict=True):
        aside = place.rename(cli.dir / "aside")
        place.write_text("in the way")
        assert refusal(there[3]) == f"creditrisk: cannot create '{place}': '{place}' is no folder{hint}\n"
        place.unlink()
        aside.rename(place)
    assert refusal("/proc/reg") == "creditrisk: cannot create a folder in '/proc': No such file or directory\n"
    file = cli.dir / "a file"
    file.write_text("no registry")
    told = f"creditrisk: the registry '{file}' is no folder\n"
    assert refusal(file) == told == cli("registry", "list", globals_=[*there[:3], str(file)], status=1).stderr, "whoever meets it"


def check_registry_and_predict(cli):
    assert "'v77'" in cli("registry", "promote", "v77", "--reason", "x", status=1).stderr
    assert "champion" in cli("predict", cli.root / "examples/application.json", status=1).stderr
    assert f"run '{cli.program} train --promote --portfolio hmeq --db " in cli("predict", "-", "--portfolio", "hmeq", status=1, stdin="{}").stderr, "it has no version"
    for words in (["predict", "-"], ["threshold"], ["registry", "list"], ["registry", "show", "v1"], ["registry", "history"], ["registry", "verify", "--all"],
                  ["registry", "rollback"], ["registry", "challenger", "--none"], ["registry", "promote", "v1", "--reason", "x"]):
        missing = cli(*words, "--portfolio", "retial", status=1, stdin="{}")
        assert "there is no portfolio 'retial' in 'config/portfolios'; did you mean 'retail'?\n" in missing.stderr, missing
    told = cli("doctor", "--portfolio", "retial", status=1).stdout
    assert f"{cli.dir}/models: 0 versions, no champion\n" in told and "did you mean 'retail'?" in told, told
    cli("registry", "promote", "v1", "--reason", "first")
    answer = json.loads(cli("predict", cli.root / "examples/application.json", "--json").stdout)
    assert answer["emi"] == 16607.15 and answer["model_version"] == "v1"
    text = cli("predict", cli.root / "examples/application.json").stdout
    assert "probability of default" in text and "16607.15" in text
    wrong = cli("predict", "-", status=1, stdin='{"age": 12}').stdout
    assert wrong.count("\n") == 10 and "age: Input should be greater than or equal to 18" in wrong, wrong
    application = (cli.root / "examples/application.json").read_text()
    both = json.loads(cli("predict", "-", "--json", status=1, stdin=f'[{application}, {{"age": 1}}]').stdout)
    assert both[0] == answer and set(both[1]) == {"index", "detail"} and both[1]["index"] == 1, "as the daemon's batch"
    broken = cli("predict", "-", status=1, stdin="{")
    assert broken.stderr.startswith("creditrisk: -: byte 1 of the file: JSON decode error: ") and not broken.stdout, broken
    for text, hint in (("age,gender\n30,Male\n", "; CSV is read with --format csv"), ('"age","gender"\n30,"Male"\n', "; CSV is read with --format csv"),
                       ("{}\n{}\n", "; one application a line is read with --format ndjson"), ('{"age": {', ""), ("{} x", "")):
        for options in ([], ["--format", "json"]):
            broken = cli("predict", "-", *options, status=1, stdin=text).stderr
            assert broken.startswith("creditrisk: -: byte ") and broken.count(";") == (hint != "" and not options), broken
            assert broken.endswith((hint if not options else "") + "\n"), broken
    misspelt = cli("predict", "-", status=1, stdin='[{"anual_income": 1, "zip": 2}, {"AGE": 1}]').stdout
    assert "\nanual_income: Extra inputs are not permitted; did you mean 'annual_income'?\nzip: Extra inputs are not permitted\n" in misspelt
    assert "\nAGE: Extra inputs are not permitted; did you mean 'age'?\n" in misspelt and misspelt.count("did you mean") == 2, misspelt
    table = cli("predict", cli.root / "config/portfolios/retail/training.sql", "--format", "json", status=1)
    assert "training.sql: byte 0 of the file: JSON decode error: Expecting value" in table.stderr, table.stderr
    huge = cli("predict", "-", "--json", status=1, stdin='[{"age": 1e999}, {"age": }]').stdout
    assert [row["detail"][0]["type"] for row in json.loads(huge)] == ["finite_number", "json_invalid"], huge
    assert json.loads(cli("predict", "-", "--json", stdin="[]").stdout) == []
    assert cli("predict", "-", stdin=" []").stdout == "the array in '-' is empty: there is no application to score\n"
    for text in ("", " \n"):
        nothing = cli("predict", "-", status=1, stdin=text)
        assert (nothing.stdout, nothing.stderr) == ("", "creditrisk: there is no application in '-'\n"), nothing
    assert json.loads(cli("predict", "-", "--json", status=1, stdin="").stdout)["detail"][0]["type"] == "missing", "the daemon's answer"
    big = cli.dir / "big.json"
    with open(big, "wb") as file:
        file.truncate((64 << 20) + 1)
    for words, text in (([big], None), (["-"], "{" + " " * (64 << 20))):
        assert "bytes: as an array, NDJSON or CSV it may be of any length\n" in cli("predict", *words, status=1, stdin=text).stderr
    big.unlink()
    full = json.loads(cli("predict", "-", "--explain", "--json", stdin=application).stdout)
    words = cli("predict", "-", "--explain", stdin=application).stdout
    for label, contribution in full["contributions"]["by_group"].items():
        assert f"{label} " in words and f"{contribution:+.4f}" in words, label
    check_streams(cli, json.loads(application), answer)
    check_arrays(cli, json.loads(application))
    check_broken_arrays(cli, json.loads(application))
    listed = cli("registry", "list").stdout.splitlines()
    assert listed[0].split()[:2] == ["version", "model"] and listed[1].startswith("v1") and "champion" in listed[1]
    assert "before it was v1" in cli("registry", "promote", "v2", "--reason", "second").stdout
    cli("registry", "promote", "v1", "--reason", "back")
    shown = json.loads(cli("registry", "show", "v1", "--json").stdout)
    assert shown["model"]["kind"] == "logistic" and shown["version"] == "v1"
    assert "all is well" in cli("doctor").stdout
    model = cli.dir / "models/retail/v1/model.json"
    model.write_text(model.read_text().replace("0.", "1.", 1))
    assert "model.json" in cli("predict", cli.root / "examples/application.json", status=1).stderr
    assert "model.json" in cli("doctor", status=1).stdout


def check_keys(cli):
    registry = ["--registry", cli.dir / "keys"]
    shutil.copytree(cli.dir / "models", cli.dir / "keys")
    made = json.loads(cli("key", "create", "--scope", "read,predict", "--note", "desk", *registry, "--json").stdout)
    plain = cli("key", "create", "--scope", "admin", *registry).stdout
    assert made["key"].startswith(made["id"] + ".") and len(plain) == len(made["key"]) + 1
    keys = {key["id"]: key for key in json.loads(cli("key", "list", *registry, "--json").stdout)["keys"]}
    assert len(keys) == 2 and keys[made["id"]]["scopes"] == "predict,read" and keys[made["id"]]["note"] == "desk"
    assert keys[plain[:16]]["scopes"] == "admin" and keys[plain[:16]]["revoked_at"] is None
    assert "within 5 s" in cli("key", "revoke", made["id"], *registry).stdout
    keys = {key["id"]: key for key in json.loads(cli("key", "list", *registry, "--json").stdout)["keys"]}
    assert (keys[made["id"]]["revoked_by"], keys[plain[:16]]["revoked_by"]) == (keys[made["id"]]["created_by"], None), keys
    row = next(line for line in cli("key", "list", *registry).stdout.splitlines() if line.startswith(made["id"])).split()
    assert row == [made["id"], "predict,read", *(keys[made["id"]][name] for name in ("created_at", "created_by", "revoked_at", "revoked_by")), "desk"], row
    assert "was revoked at" in cli("key", "revoke", made["id"], *registry, status=1).stderr
    assert "no key 'f'" in cli("key", "revoke", "f", *registry, status=1).stderr
    whole = cli("key", "revoke", "abcd.0123456789secret", *registry, status=2)
    assert "before its dot: abcd" in whole.stderr and "secret" not in whole.stderr + whole.stdout, whole.stderr
    everything = cli("key", "list", *registry).stdout + cli("key", "list", *registry, "--json").stdout
    assert made["id"] in everything and made["key"][17:] not in everything and plain[17:-1] not in everything
    stored = b"".join(path.read_bytes() for path in (cli.dir / "keys").iterdir() if path.is_file())
    assert made["id"].encode() in stored and made["key"][17:].encode() not in stored


def check_config(cli):
    shown = cli("config", "show").stdout.splitlines()
    with_origin = json.loads(cli("config", "show", "--origin", "--json").stdout)["settings"]
    assert len(shown) == len(with_origin) and all(line.split()[0] in with_origin for line in shown)
    assert with_origin["db"] == {"value": f"sqlite:{cli.dir}/book.db", "origin": "flag"}
    assert with_origin["limits.body_bytes"] == {"value": 65536, "origin": "file"}
    plain = json.loads(cli("config", "show", "--json").stdout)["settings"]
    assert plain == {key: entry["value"] for key, entry in with_origin.items()}
    assert plain["log.access"] is False and plain["listen.port"] == 8001 and plain["portfolio"] == "retail", plain
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([cli.program, *cli.globals, "config", "show", "--json"], cwd=cli.root, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "creditrisk: standard output could not be written\n"), done
    secret = cli("config", "show", globals_=["--db", "postgresql://u:hush@h/d"])
    assert "postgresql://u:***@h/d" in secret.stdout and "hush" not in secret.stdout + secret.stderr
    assert "a password in --db: everyone on this machine can read it off the list of processes" in secret.stderr, secret.stderr


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have ignored, and the programs below it would
    cli = Cli(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        for check in (check_usage, check_verbs, check_name, check_settings, check_refusals, check_wrong_folder, check_no_registry, check_typos, check_generate, check_features, check_full_disk, check_interrupts, check_train, check_export, check_interrupted_training, check_failed_promotion, check_registry_and_predict,
                      check_keys, check_config):
            check(cli)
            print(f"{check.__name__}: ok")
    finally:
        shutil.rmtree(cli.dir)


if __name__ == "__main__":
    main()
