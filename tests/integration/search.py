#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The search on a real process: the same bytes for any --jobs and twice for the same command, a race that drops and stops, switches that turn it
off, an export that matches, Ctrl-C in its middle.

usage: search.py CREDITRISK SOURCE_ROOT
"""
import csv
import filecmp
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

N_LOANS = 4000  # 3,200 train: the race is on
DRAWS = 9
ROUNDS = "[60, 130]"
DIFFERING = {"manifest.json", *(f"report/{name}" for name in ("report.json", "report.html", "training_report.json", "model_comparison.csv",
                                                           "threshold_optimization.json"))}  # these say when and how long


class Search:
    def __init__(self, program, root):
        self.program, self.root = program, root
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="creditrisk-search-"))
        self.models = self.dir / "models"
        self.environment = os.environ | {"CREDITRISK_PATHS_PORTFOLIOS": str(self.dir / "portfolios")}
        self.make_portfolio()
        self.make_book("book", N_LOANS)

    def make_portfolio(self):
        """The retail portfolio, but a search of few draws and few rounds."""
        shutil.copytree(self.root / "config/portfolios/retail", self.dir / "portfolios/retail")
        path = self.dir / "portfolios/retail/search.yaml"
        text, n_draws = re.subn(r"draws: \d+", f"draws: {DRAWS}", path.read_text())
        text, n_rounds = re.subn(r"(n_estimators: +)\[.*?\]", rf"\g<1>{ROUNDS}", text)
        assert (n_draws, n_rounds) == (4, 3), (n_draws, n_rounds)
        path.write_text(text)

    def command(self, book, *words):
        return [self.program, "--db", f"sqlite:{self.dir}/{book}.db", "--registry", str(self.models), *map(str, words)]

    def run(self, *words, book="book", environment=None):
        done = subprocess.run(self.command(book, *words), cwd=self.root, env=environment or self.environment, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def make_book(self, name, n_loans):
        self.run("migrate", book=name)
        self.run("generate", "--customers", n_loans // 2, "--loans", n_loans, "--seed", 7, "--quiet", book=name)

    def train(self, *words, **more):
        return json.loads(self.run("train", "--json", "--quiet", "--seed", 3, *words, **more).stdout)


def counts(report, name):
    return {model["kind"]: model["search"][name] for model in report["models"]}


def without_times(report):
    """What two runs of the same command must agree on."""
    models = [{key: value for key, value in model.items() if key not in ("seconds", "version")} for model in report["models"]]
    return report | {"models": models, "champion": report["champion_kind"], "created_at": None}


def check_same_bytes(search):
    """--jobs 1, --jobs 2, and --jobs 2 again."""
    first, *others = [search.train("--jobs", jobs, "--export", search.dir / f"export{i}") for i, jobs in enumerate((1, 2, 2))]
    kinds = [model["kind"] for model in first["models"]]
    assert set(kinds) >= {"logistic", "gbm", "xgboost"} and ("lightgbm" in kinds or first["notes"]), kinds
    assert first["split"]["n_train"] >= 3000
    assert first["race"] == {"margin": 0.25, "min_survivors": 6, "scored_every": 10, "min_patience": 50, "patience_steps": 2}
    assert sum(counts(first, "n_dropped").values()) > 0 and sum(counts(first, "n_stopped").values()) > 0, "the race must have done something"
    for i, other in enumerate(others):
        assert without_times(other) == without_times(first)
        for model, twin in zip(first["models"], other["models"]):
            folders = [search.models / "retail" / version for version in (model["version"], twin["version"])]
            files = {str(path.relative_to(folders[0])) for path in folders[0].rglob("*") if path.is_file()}
            assert len(files & {"pipeline.json", "calibration.json", "oof.csv"}) == 3 and len(files) > 10, files
            same, differing, missing = filecmp.cmpfiles(*folders, files, shallow=False)
            assert not missing and set(differing) <= DIFFERING, (model["kind"], differing, missing)
            for name in ("manifest.json", "report/report.json"):
                first_text, other_text = (json.loads((folder / name).read_text()) for folder in folders)
                assert stable(first_text) == stable(other_text), (model["kind"], name)
            print(f"{model['kind']}: {len(same)} files the same")
        exported = filecmp.cmpfiles(search.dir / "export0", search.dir / f"export{i + 1}",
                                    ["X.csv", "y.csv", "fold.csv", "candidates.json"], shallow=False)
        assert len(exported[0]) == 4, exported
    return first


VOLATILE = ("seconds", "created_at", "host", "version", "champion", "files")


def stable(document):
    """A document without what says when, where and under which name."""
    if isinstance(document, dict):
        return {key: stable(value) for key, value in document.items() if key not in VOLATILE}
    return [stable(value) for value in document] if isinstance(document, list) else document


def n_trees(kind, folder):
    if kind == "lightgbm":
        return (folder / "model.txt").read_text().count("\nTree=")
    model = json.loads((folder / "model.json").read_text())
    return model["n_trees"] if kind == "gbm" else len(model["learner"]["gradient_booster"]["model"]["trees"])


def patience(params):
    """As the race's rule says; the numbers are typed here once more, on purpose."""
    return max(50, math.ceil(2 / params["learning_rate"]))


def check_rounds(search, report):
    """The rounds at which the first fold stopped hold for the model that is published; losers are the same for any --jobs, too."""
    for model in report["models"]:
        folder = search.models / "retail" / model["version"]
        document = json.loads((folder / "report/report.json").read_text())
        whole = {entry["kind"]: entry for entry in document["models"]}[model["kind"]]
        chosen = [candidate for candidate in whole["search"]["candidates"] if candidate["chosen"]]
        assert len(chosen) == 1 and chosen[0]["dropped_after"] == 0, chosen
        assert chosen[0]["mean_auc"] == max(c["mean_auc"] for c in whole["search"]["candidates"] if not c["dropped_after"])
        if model["kind"] == "logistic":
            continue
        for candidate in whole["search"]["candidates"]:
            assert (candidate["stopped_at"] or math.inf) >= patience(candidate["params"]) + 10, candidate  # the first look can be the best
        rounds = chosen[0]["stopped_at"] or chosen[0]["params"]["n_estimators"]
        assert rounds <= chosen[0]["params"]["n_estimators"] and rounds % 10 == 0
        assert model["params"]["n_estimators"] == rounds == n_trees(model["kind"], folder), (model["kind"], rounds)


def check_export(search, report):
    folder = search.dir / "export0"
    rows = {name: list(csv.reader((folder / f"{name}.csv").open(newline=""))) for name in ("X", "y", "fold")}
    n_train = report["split"]["n_train"]
    assert {name: len(lines) for name, lines in rows.items()} == dict.fromkeys(rows, n_train + 1)
    assert len(rows["X"][0]) == len(set(rows["X"][0])) == report["n_inputs"] and all(len(line) == report["n_inputs"] for line in rows["X"])
    oof = list(csv.DictReader((search.models / "retail" / report["models"][0]["version"] / "oof.csv").open(newline="")))
    assert [line["fold"] for line in oof] == [line[0] for line in rows["fold"][1:]]
    assert [line["is_default"] for line in oof] == [line[0] for line in rows["y"][1:]]
    candidates = json.loads((folder / "candidates.json").read_text())
    assert {kind: len(points) for kind, points in candidates.items()} == counts(report, "n_candidates")
    for points in candidates.values():
        assert len({json.dumps(point, sort_keys=True) for point in points}) == len(points) == DRAWS
        assert {point.get("n_estimators", 60) for point in points} <= {60, 130}


def check_switches(search):
    for words, book in ((["--exhaustive"], "book"), (["--no-search"], "book"), ([], "small")):
        report = search.train("--models", "logistic,gbm", *words, book=book)
        assert (report["split"]["n_train"] >= 3000) == (book == "book") and report["race"] is None
        assert not any(counts(report, "n_dropped").values()) and not any(counts(report, "n_stopped").values()), (words, book)
        assert set(counts(report, "n_candidates").values()) == {1 if "--no-search" in words else DRAWS}


def check_absence(search):
    """A library that is not there costs its model and one line; asked for by name it is an error."""
    environment = search.environment | {"CREDITRISK_LIGHTGBM": "/nowhere/lib_lightgbm.so"}
    done = search.run("train", "--no-search", "--json", book="small", environment=environment)
    report = json.loads(done.stdout)
    assert "lightgbm" not in counts(report, "n_candidates") and len(report["notes"]) == 1, report["notes"]
    assert done.stderr.count("lightgbm was not trained: ") == 1, done.stderr
    assert search.train("--no-search", "--models", "logistic", book="small", environment=environment)["notes"] == []
    asked = subprocess.run(search.command("small", "train", "--models", "lightgbm"), cwd=search.root, env=environment, capture_output=True,
                           text=True, check=False)
    assert asked.returncode == 1 and "'lightgbm' cannot be trained" in asked.stderr, asked.stderr


def check_interrupt(search):
    """Ctrl-C once the search has said how far it is; the portfolio's own search is long enough."""
    before = sorted(search.models.rglob("*"))
    process = subprocess.Popen(search.command("book", "train", "--models", "xgboost,gbm", "--jobs", "2"), cwd=search.root, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    line = next(line for line in process.stderr if line.startswith("search: "))
    assert " 100 %" not in line, line
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait() == 130, rest
    after = sorted(search.models.rglob("*"))
    assert after == before, set(after) ^ set(before)


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have ignored, and the programs below it would
    search = Search(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        search.make_book("small", 1500)
        report = check_same_bytes(search)
        check_rounds(search, report)
        check_export(search, report)
        for check in (check_switches, check_absence, check_interrupt):
            check(search)
            print(f"{check.__name__}: ok")
    finally:
        shutil.rmtree(search.dir)


if __name__ == "__main__":
    main()
