#!/usr/bin/env python3
"""report.json against the rows it speaks of: every figure is computed again from test.csv, oof.csv and the book.

usage: report.py CREDITRISK SOURCE_ROOT
"""
import csv
import json
import math
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

FN, FP = 100000, 10000  # policy.yaml
LOAN_KEYS = ("pd_true", "pd_attainable", "pd_application")


def close(seen, expected, what, tolerance=1e-9):
    assert isinstance(seen, (int, float)) and abs(seen - expected) <= tolerance * max(1, abs(expected)), (what, seen, expected)


def auc(scores, outcomes):
    """Share of (bad, good) pairs in the right order, by ranks; ties share theirs."""
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks, i = {}, 0
    while i < len(order):
        j = i
        while j < len(order) and scores[order[j]] == scores[order[i]]:
            j += 1
        for k in range(i, j):
            ranks[order[k]] = (i + 1 + j) / 2
        i = j
    n_bad = sum(outcomes)
    total = sum(ranks[i] for i, y in enumerate(outcomes) if y)
    return (total - n_bad * (n_bad + 1) / 2) / (n_bad * (len(outcomes) - n_bad))


def read_rows(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return [int(float(row["loan_id"])) for row in rows], [float(row["pd"]) for row in rows], [int(row["is_default"]) for row in rows]


def point(pds, outcomes, threshold):
    tp = sum(p >= threshold and y == 1 for p, y in zip(pds, outcomes))
    fp = sum(p >= threshold and y == 0 for p, y in zip(pds, outcomes))
    fn, tn = sum(outcomes) - tp, len(outcomes) - sum(outcomes) - fp
    return {"cost": fn * FN + fp * FP, "tp": tp, "fp": fp, "tn": tn, "fn": fn, "precision": tp / (tp + fp) if tp + fp else 0,
            "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}


def check_point(seen, pds, outcomes, threshold, what):
    for name, value in point(pds, outcomes, threshold).items():
        close(seen[name], value, f"{what} {name}")


def bins(n):
    """Ten slices of equal count, the first ones a row longer."""
    start = 0
    for k in range(10):
        size = n // 10 + (k < n % 10)
        yield start, start + size
        start += size


def check_curves(curves, pds, outcomes):
    n, n_bad = len(pds), sum(outcomes)
    roc, pr, tp, fp = [(0, 0)], [(0, 1)], 0, 0
    order = sorted(range(n), key=lambda i: (-pds[i], i))
    for k, i in enumerate(order):
        tp, fp = tp + outcomes[i], fp + 1 - outcomes[i]
        if k + 1 == n or pds[order[k + 1]] != pds[i]:
            roc.append((fp / (n - n_bad), tp / n_bad))
            pr.append((tp / n_bad, tp / (tp + fp)))
    for name, full in (("roc", roc), ("precision_recall", pr)):
        kept = full if len(full) <= 201 else [full[k * (len(full) - 1) // 200] for k in range(201)]
        assert len(curves[name]) == len(kept) == 201, (name, len(curves[name]))
        for seen, expected in zip(curves[name], kept):
            close(seen[0], expected[0], name)
            close(seen[1], expected[1], name)
    captured = 0
    for (start, end), tenth in zip(bins(n), curves["lift"], strict=True):
        bad = sum(outcomes[i] for i in order[start:end])
        captured += bad
        for name, value in (("share", end / n), ("default_rate", bad / (end - start)),
                            ("lift", bad / (end - start) * n / n_bad), ("captured", captured / n_bad)):
            close(tenth[name], value, f"lift {name}")
    ascending, ece = sorted(range(n), key=lambda i: (pds[i], i)), 0
    for (start, end), one in zip(bins(n), curves["calibration"], strict=True):
        rows = ascending[start:end]
        mean, rate = math.fsum(pds[i] for i in rows) / len(rows), sum(outcomes[i] for i in rows) / len(rows)
        assert one["n"] == len(rows)
        close(one["mean_pd"], mean, "calibration mean")
        close(one["default_rate"], rate, "calibration rate")
        ece += abs(mean - rate) * len(rows) / n
    return ece


def check_metrics(metrics, pds, outcomes, threshold):
    n = len(pds)
    at = point(pds, outcomes, threshold)
    expected = {"n": n, "n_bad": sum(outcomes), "mean_pd": math.fsum(pds) / n, "default_rate": sum(outcomes) / n,
                "auc_roc": auc(pds, outcomes), "gini": 2 * auc(pds, outcomes) - 1, "accuracy": (at["tp"] + at["tn"]) / n,
                "brier": math.fsum((p - y) ** 2 for p, y in zip(pds, outcomes)) / n,
                "log_loss": -math.fsum(math.log(p if y else 1 - p) for p, y in zip(pds, outcomes)) / n,
                **{name: at[name] for name in ("precision", "recall", "f1")}}
    for name, value in expected.items():
        close(metrics[name], value, name)
    assert 0 < metrics["ece_expected"] < metrics["ece_p99"] < 0.2


def check_side(seen, pds, outcomes, threshold):
    assert (seen["n"], seen["n_bad"]) == (len(pds), sum(outcomes))
    for rule, at in (("optimum", threshold), ("half", 0.5), ("approve_all", math.inf), ("decline_all", 0)):
        check_point(seen[rule], pds, outcomes, at, rule)
        close(seen[rule]["savings"], seen["half"]["cost"] - seen[rule]["cost"], "savings")
        declined = sum(p >= at and not y for p, y in zip(pds, outcomes))
        close(seen[rule]["good_declined"], declined / outcomes.count(0), "good payers declined")
    edges = [-1, 0.4 * threshold, threshold, 2]
    assert [band["name"] for band in seen["bands"]] == ["Low Risk", "Medium Risk", "High Risk"]
    for band, low, high in zip(seen["bands"], edges, edges[1:]):
        inside = [y for p, y in zip(pds, outcomes) if low <= p < high]
        assert (band["n"], band["n_bad"]) == (len(inside), sum(inside))
        close(band["share"], len(inside) / len(pds), band["name"])
        close(band["bad_rate"], sum(inside) / len(inside), band["name"])


def check_threshold(analysis, threshold, test, oof):
    close(analysis["closed_form"], FP / (FP + FN), "closed form")
    assert [round(p["threshold"] * 100) for p in analysis["sweep"]] == list(range(5, 96))
    for seen in analysis["sweep"]:
        for name, value in point(*oof, seen["threshold"]).items():
            if name in seen:
                close(seen[name], value, f"sweep {name}")
    cheapest = min(p["cost"] for p in analysis["sweep"])
    assert threshold == max(p["threshold"] for p in analysis["sweep"] if p["cost"] == cheapest)
    assert analysis["threshold"] == threshold and analysis["costs"] == {"false_negative": FN, "false_positive": FP, "lgd": None}
    for rows, part in ((oof, "out_of_fold"), (test, "test")):
        check_side(analysis[part], *rows, threshold)


def check_importance(model, n_inputs):
    for name in ("importance", "groups"):
        values = [entry["value"] for entry in model[name]]
        assert values == sorted(values, reverse=True) and values[0] > 0 and min(values) >= 0, name
    inputs = model["importance"]
    assert len({entry["input"] for entry in inputs}) == len(inputs) == n_inputs
    by_group = {}
    for entry in inputs:
        by_group[entry["group"]] = by_group.get(entry["group"], 0) + entry["value"]
    assert set(by_group) == {entry["group"] for entry in model["groups"]}
    for entry in model["groups"]:  # |Σ| ≤ Σ|·|
        assert entry["value"] <= by_group[entry["group"]] * (1 + 1e-9), entry


def check_comparisons(report, model, db, ids, outcomes):
    seen, own = report["comparisons"], model["metrics"]["auc_roc"]
    assert [entry["name"] for entry in seen["feature_sets"]] == ["application", "behavioural"]
    assert seen["feature_sets"][0] == {**seen["feature_sets"][0], "n_inputs": report["n_inputs"], "auc_roc": own}
    assert seen["feature_sets"][1]["n_inputs"] > report["n_inputs"]
    assert [entry["kind"] for entry in seen["splits"]] == ["group", "random", "time"] and seen["splits"][0]["auc_roc"] == own
    assert [entry["name"] for entry in seen["protected"]] == ["without", "with"] and seen["protected"][0]["auc_roc"] == own
    assert seen["records"][0]["auc_roc"] == own and seen["records"][1]["auc_roc"] != own
    assert seen["without_interest_rate"]["field"] == "interest_rate"
    for auc_seen in [entry["auc_roc"] for name in ("feature_sets", "records", "splits", "protected") for entry in seen[name]]:
        assert 0.6 < auc_seen < 0.95, seen
    connection = sqlite3.connect(db)
    truth = {row[0]: row[1:] for row in connection.execute(f"SELECT loan_id, {', '.join(LOAN_KEYS)} FROM synthetic_truth")}
    connection.close()
    for k, name in enumerate(LOAN_KEYS):
        close(seen["ceiling"][name], auc([truth[i][k] for i in ids], outcomes), name)


def check_report(folder, db):
    report = json.loads((folder / "report/report.json").read_text())
    assert report["format"] == 1 and report["champion"] is None and len(report["models"]) == 1
    model = report["models"][0]
    assert model["version"] is None and report["champion_kind"] == model["kind"] == "logistic"
    ids, *test = read_rows(folder / "test.csv")
    _, *oof = read_rows(folder / "oof.csv")
    assert (report["split"]["n_train"], report["split"]["n_test"]) == (len(oof[0]), len(ids))
    check_metrics(model["metrics"], *test, model["threshold"])
    check_metrics(model["oof_metrics"], *oof, model["threshold"])
    assert model["metrics"]["auc_low"] < model["metrics"]["auc_roc"] < model["metrics"]["auc_high"]
    assert model["metrics"]["ks_low"] < model["metrics"]["ks"] < model["metrics"]["ks_high"]
    close(check_curves(model["curves"], *test), model["metrics"]["ece"], "ece")
    check_threshold(model["threshold_analysis"], model["threshold"], test, oof)
    check_importance(model, report["n_inputs"])
    check_comparisons(report, model, db, ids, test[1])
    assert len(report["honesty"]) >= 8 and all(sentence.endswith(".") for sentence in report["honesty"])
    assert any("other tables" in sentence for sentence in report["honesty"])
    assert report["data"]["n_rows"] == len(ids) + len(oof[0]) and report["costs"]["false_negative"] == FN
    return report


def check_printed(printed, report):
    """What is printed is the version's report, with names and without the long lists."""
    assert printed["champion"] == printed["models"][0]["version"] == "v1"
    model = report["models"][0]
    for name in ("curves", "importance", "groups"):
        del model[name]
    del model["search"]["candidates"], model["threshold_analysis"]["sweep"]
    model["version"] = report["champion"] = "v1"
    report["promoted"] = False
    assert printed == report


def check_refits(run, comparisons):
    """A comparison is what training under those conditions gives."""
    def auc_of(*words):
        return run("train", "--models", "logistic", "--no-search", "--seed", "4", *words)["models"][0]["metrics"]["auc_roc"]

    splits = {entry["kind"]: entry["auc_roc"] for entry in comparisons["splits"]}
    for kind in ("random", "time"):
        assert auc_of("--split", kind) == splits[kind], kind
    assert auc_of("--set", "behavioural") == comparisons["feature_sets"][1]["auc_roc"]
    assert auc_of("--include-protected") == comparisons["protected"][1]["auc_roc"]


def check_truth(program, root, work):
    """A portfolio without truth.sql has no ceiling; one whose truth.sql lacks a column is refused by its name."""
    shutil.copytree(pathlib.Path(root) / "config/portfolios/retail", work / "portfolios/retail")
    truth = work / "portfolios/retail/truth.sql"
    environment = os.environ | {"CREDITRISK_PATHS_PORTFOLIOS": str(work / "portfolios")}

    def train():
        return subprocess.run([program, "--db", f"sqlite:{work}/book.db", "--registry", f"{work}/models", "--quiet", "--json", "train", "--models",
                               "logistic", "--no-search"], cwd=root, env=environment, capture_output=True, text=True, check=False)

    truth.write_text("SELECT loan_id, pd_true, pd_application FROM synthetic_truth")
    refused = train()
    assert refused.returncode == 1 and "truth.sql: there is no column 'pd_attainable'" in refused.stderr, refused.stderr
    truth.unlink()
    assert json.loads(train().stdout)["comparisons"]["ceiling"] is None


def main():
    program, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    work = pathlib.Path(tempfile.mkdtemp(prefix="creditrisk-report-"))

    def run(*words):
        done = subprocess.run([program, "--db", f"sqlite:{work}/book.db", "--registry", f"{work}/models", "--quiet", "--json", *words],
                              cwd=root, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    try:
        run("migrate")
        run("generate", "--customers", "1000", "--loans", "2000", "--seed", "9")
        printed = run("train", "--models", "logistic", "--no-search", "--seed", "4")
        report = check_report(work / "models/retail/v1", work / "book.db")
        check_printed(printed, report)
        check_refits(run, printed["comparisons"])
        check_truth(program, root, work)
        print("every figure of report.json follows from its rows")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
