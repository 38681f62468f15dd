#!/usr/bin/env python3
"""`creditrisk threshold` against brute force: every threshold's cost is counted here, row by row, in integers, from oof.csv and test.csv.

usage: threshold.py CREDITRISK SOURCE_ROOT
"""
import contextlib
import csv
import difflib
import filecmp
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import sys
from decimal import ROUND_HALF_UP, Decimal

from cli import Cli

SWEPT = [i / 100 for i in range(5, 96)]
FALSE_NEGATIVES = (1000, 5000, 10000, 20000, 50000, 100000, 150000, 190000)  # with 10000 all closed forms lie in .05–.95


def rows_of(cli, version, name):
    with open(cli.dir / "models/retail" / version / name, newline="") as file:
        return [(float(row["pd"]), int(row["is_default"]), Decimal(row["amount"])) for row in csv.DictReader(file)]


def hundredths(amount):
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def count(rows, threshold, false_positive, false_negative=None, lgd=None):
    """What one threshold does; costs in hundredths."""
    seen = {"tp": 0, "fp": 0, "tn": 0, "fn": 0, "cost": 0}
    for pd, bad, amount in rows:
        declined = pd >= threshold
        seen[("f" if declined != bool(bad) else "t") + ("p" if declined else "n")] += 1
        if declined and not bad:
            seen["cost"] += hundredths(Decimal(false_positive))
        if bad and not declined:
            seen["cost"] += hundredths(Decimal(false_negative) if lgd is None else Decimal(lgd) * amount)
    return seen


def check_point(point, seen, half=None):
    assert {key: point[key] for key in ("tp", "fp", "tn", "fn")} == {key: seen[key] for key in ("tp", "fp", "tn", "fn")}, (point, seen)
    assert round(point["cost"] * 100) == seen["cost"], (point, seen)
    declined, bad, good = seen["tp"] + seen["fp"], seen["tp"] + seen["fn"], seen["tn"] + seen["fp"]
    precision, recall = seen["tp"] / declined if declined else 0, seen["tp"] / bad
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
    for key, expected in (("precision", precision), ("recall", recall), ("f1", f1), ("good_declined", seen["fp"] / good),
                          ("declined", declined / (bad + good))):
        assert abs(point[key] - expected) < 1e-12, (key, point, expected)
    if half is not None:
        assert round(point["savings"] * 100) == half["cost"] - seen["cost"], point


def check_side(side, rows, threshold, costs):
    half = count(rows, 0.5, **costs)
    rules = {"optimum": threshold, "half": 0.5, "approve_all": 2, "decline_all": 0}
    for rule, value in rules.items():
        check_point(side[rule], count(rows, value, **costs), half)
    assert side["n"] == len(rows) and side["n_bad"] == sum(bad for _, bad, _ in rows)
    bounds = [0, 0.4 * threshold, threshold, 2]
    for band, low, high in zip(side["bands"], bounds, bounds[1:]):
        inside = [bad for pd, bad, _ in rows if low <= pd < high]
        assert (band["n"], band["n_bad"]) == (len(inside), sum(inside)), (band, low, high)
        assert abs(band["share"] - len(inside) / len(rows)) < 1e-12
        assert band["bad_rate"] is None if not inside else abs(band["bad_rate"] - sum(inside) / len(inside)) < 1e-12
    assert [band["name"] for band in side["bands"]] == ["Low Risk", "Medium Risk", "High Risk"]


def check_choice(cli, *words, status=0, **costs):
    """One call against brute force; the threshold that was chosen."""
    seen = json.loads(cli("threshold", *words, "--json", status=status).stdout)
    oof, test = (rows_of(cli, seen["version"], name) for name in ("oof.csv", "test.csv"))
    swept = [count(oof, threshold, **costs) for threshold in SWEPT]
    assert [point["threshold"] for point in seen["sweep"]] == SWEPT
    for point, expected in zip(seen["sweep"], swept):
        check_point(point, expected)
    least = min(point["cost"] for point in swept)
    cheapest = [threshold for threshold, point in zip(SWEPT, swept) if point["cost"] == least]
    assert seen["threshold"] == cheapest[-1], (seen["threshold"], cheapest)
    assert seen["out_of_fold"]["optimum"]["cost"] <= seen["out_of_fold"]["half"]["cost"]
    check_side(seen["out_of_fold"], oof, seen["threshold"], costs)
    check_side(seen["test"], test, seen["threshold"], costs)
    if costs.get("lgd") is None:
        assert abs(seen["closed_form"] - costs["false_positive"] / (costs["false_positive"] + costs["false_negative"])) < 1e-15
    else:
        assert seen["closed_form"] is None and seen["costs"]["lgd"] == float(costs["lgd"])
    assert seen["published"] is None
    return seen, len(cheapest)


def snapshot(cli):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((cli.dir / "models").rglob("*")) if path.is_file()}


def check_refusals(cli):
    for words, message in [(["--false-negative", "0"], "not '0'"), (["--false-positive", "-5"], "not '-5'"),
                           (["--false-negative", "nan"], "not 'nan'"), (["--false-negative", "1e16"], "not '1e16'"),
                           (["--lgd", "1.2"], "not '1.2'"), (["--lgd", "0"], "not '0'"), (["--lgd", "much"], "not 'much'"),
                           (["--lgd", "0.5", "--false-negative", "9"], "exclude each other"), (["--publish"], "--reason"),
                           (["--publish", "--reason", ""], "--reason"), (["--reason", "x"], "--publish"), (["v1", "v2"], "'v2'")]:
        assert message in cli("threshold", *words, status=2).stderr, words
    for words, message in [(["v77"], "'v77'"), (["w1"], "'w1'"), (["v1", "--false-negative", "190001"], "outside the swept 0.05 to 0.95"),
                           (["v1", "--false-negative", "526"], "threshold.to; a version keeps those of its training\n"), ([], "no champion"),
                           (["v1", "--publish", "--reason", "x"], "nothing to publish"),
                           (["v1", "--publish", "--reason", "x", "--false-negative", "100000"], "nothing to publish")]:
        assert message in cli("threshold", *words, status=1).stderr, words
    for words in ["threshold"], ["predict", cli.root / "examples/application.json"]:
        told = cli(*words, status=1).stderr
        assert told.startswith(f"creditrisk: portfolio 'retail' has 1 version but no champion yet; name or promote one: run '{cli.program} registry list "), told
    assert json.loads(cli("threshold", "v77", "--json", status=1).stdout)["error"]["code"] == "ENOTFOUND"


def check_choices(cli):
    seen, _ = check_choice(cli, "v1", false_positive=10000, false_negative=100000)
    manifest = json.loads((cli.dir / "models/retail/v1/manifest.json").read_text())
    assert seen["threshold"] == seen["version_threshold"] == manifest["optimal_threshold"], "the same choice as in training"
    assert seen["test_metrics"] == {**{key: manifest["metrics"][key] for key in seen["test_metrics"] if key != "threshold"}, "threshold": seen["threshold"]}
    thresholds = [check_choice(cli, "v1", "--false-negative", cost, false_positive=10000, false_negative=cost)[0]["threshold"]
                  for cost in FALSE_NEGATIVES]
    assert thresholds == sorted(thresholds, reverse=True) and len(set(thresholds)) > 2, thresholds
    for lgd in ("0.05", "0.15", "0.3"):
        check_choice(cli, "v1", "--lgd", lgd, false_positive=10000, lgd=lgd)
    check_choice(cli, "v1", "--lgd", "0.25", "--false-positive", "9500.5", false_positive="9500.5", lgd="0.25")


def loud(cli):
    return [word for word in cli.globals if word != "--quiet"]


def check_edges(cli):
    """An optimum at the edge is shown like any other, with what it means; nothing is published with it."""
    words, meaning = ("v1", "--lgd", "0.6"), "the best threshold, 0.05, is the lowest that was swept and "
    seen, _ = check_choice(cli, *words, status=1, false_positive=10000, lgd="0.6")
    assert seen["threshold"] == 0.05 and seen["error"]["code"] == "EINVAL" and meaning in seen["error"]["message"], seen["error"]
    done = cli("threshold", *words, status=1)
    assert "optimum 0.05" in done.stdout and done.stdout.count("decline all") == 2 and "bands at the optimum" in done.stdout, done
    assert done.stderr == f"creditrisk: {seen['error']['message']}\n", done.stderr
    done = cli("threshold", *words, "--publish", "--reason", "x", status=1)
    told = f"nothing is published: {seen['error']['message']}"
    assert done.stderr == f"creditrisk: {told}\n", done.stderr
    done = cli("threshold", *words, "--publish", "--reason", "x", "--json", status=1)
    assert json.loads(done.stdout)["error"] == {"code": "EINVAL", "message": told} and done.stderr == f"creditrisk: {told}\n", done
    own = json.loads(cli("threshold", "v1", "--json").stdout)
    assert "error" not in own and own["caveat"] is None and cli("threshold", "v1", globals_=loud(cli)).stderr == ""
    assert [v["version"] for v in json.loads(cli("registry", "list", "--json").stdout)["versions"]] == ["v1"]


def check_ties(cli):
    """Costs at which two thresholds are equally cheap: those of two corners of the lower hull of (FN, FP)."""
    points = [count(rows_of(cli, "v1", "oof.csv"), threshold, 1, 1) for threshold in SWEPT]
    n_tied = 0
    for a, b in ((a, b) for i, a in enumerate(points) for b in points[i + 1:]):
        fp_cost, fn_cost = b["fn"] - a["fn"], a["fp"] - b["fp"]
        if fp_cost <= 0 or fn_cost <= 0 or not 0.05 <= fp_cost / (fp_cost + fn_cost) <= 0.95:
            continue
        total = a["fn"] * fn_cost + a["fp"] * fp_cost
        if all(point["fn"] * fn_cost + point["fp"] * fp_cost >= total for point in points):
            _, n_cheapest = check_choice(cli, "v1", "--false-negative", fn_cost, "--false-positive", fp_cost, false_positive=fp_cost,
                                         false_negative=fn_cost)
            assert n_cheapest >= 2
            n_tied += 1
            if n_tied == 5:
                break
    assert n_tied > 0, "no tie was tried"


def indian(amount):
    """Grouping by a rule of its own: the last three digits, before them pairs."""
    head, tail = str(amount)[:-3], str(amount)[-3:]
    pairs = []
    while head:
        head, pair = head[:-2], head[-2:]
        pairs.insert(0, pair)
    return "₹" + ",".join([*pairs, tail])


def check_table(cli):
    seen = json.loads(cli("threshold", "v1", "--json").stdout)
    text = cli("threshold", "v1").stdout
    for side in ("out_of_fold", "test"):
        for rule in ("optimum", "half", "approve_all", "decline_all"):
            assert indian(int(seen[side][rule]["cost"])) in text.split(), (side, rule, text)
    assert max(map(len, text.splitlines())) <= 100, "a terminal has no more room"
    for words in ("closed form 0.0909", f"optimum {seen['threshold']:.2f}", "₹1,00,000", "₹10,000", "Medium Risk", "good payers declined"):
        assert words in text, (words, text)
    precisions = [line.split()[1:] for line in text.splitlines() if line.startswith("precision ")]
    assert [figures[2:] for figures in precisions] == [["none", f"{seen[side]['decline_all']['precision']:.4f}"] for side in ("out_of_fold", "test")], \
        "who approves everybody declines nobody rightly or wrongly"
    assert "30 % of its amount" in cli("threshold", "v1", "--lgd", "0.3").stdout


def check_report(parent, child, answer):
    """The child's report is its parent's but for the costs, the threshold and what hangs on them."""
    assert child["derived"] == {"from": answer["version"], "reason": "dearer “money”"} and child["costs"] == answer["costs"]
    assert {key for key in parent.keys() | child.keys() if parent.get(key) != child.get(key)} - {"created_at"} == (
        {"costs", "champion_rule", "models", "derived"})
    before, after = parent["models"][0], child["models"][0]
    assert len(child["models"]) == 1 and after["kind"] == before["kind"] == child["champion_kind"]
    assert {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} == {
        "threshold", "threshold_analysis", "metrics", "oof_metrics"}
    assert after["threshold"] == answer["threshold"]
    assert after["threshold_analysis"] == {key: answer[key] for key in after["threshold_analysis"]}
    for name, side in (("metrics", "test"), ("oof_metrics", "out_of_fold")):
        assert {key for key in after[name] if after[name][key] != before[name].get(key)} <= {"accuracy", "precision", "recall", "f1"}
        assert after[name]["recall"] == answer[side]["optimum"]["recall"] and after[name].keys() == before[name].keys()


def publish(cli, parent, *words):
    answer = json.loads(cli("threshold", parent, *words, "--publish", "--reason", "dearer “money”", "--json").stdout)
    folders = [cli.dir / "models/retail" / version for version in (parent, answer["published"])]
    names = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) for folder in folders]
    assert names[0] == names[1]
    same = filecmp.cmpfiles(*folders, names[0], shallow=False)[0]
    differing = set(names[0]) - set(same)
    assert {name for name in differing if not name.startswith("report/")} == {"portfolio/policy.yaml", "manifest.json"}, differing
    check_report(*(json.loads((folder / "report/report.json").read_text()) for folder in folders), answer)
    page = (folders[1] / "report/report.html").read_text()
    assert f"Made of {parent} with other costs" in page and "Reason: dearer “money”" in page and ">Champion<" not in page
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in folders]
    keys = manifests[0].keys() | manifests[1].keys()
    differing = {key for key in keys if manifests[0].get(key) != manifests[1].get(key)}
    assert differing - {"optimal_threshold", "metrics", "host"} <= {"version", "files", "created_at", "derived_from", "reason"}, differing
    assert manifests[1]["derived_from"] == parent and manifests[1]["reason"] == "dearer “money”"
    assert manifests[1]["optimal_threshold"] == answer["threshold"]
    at = count(rows_of(cli, parent, "test.csv"), answer["threshold"], 1, 1)
    assert abs(manifests[1]["metrics"]["recall"] - at["tp"] / (at["tp"] + at["fn"])) < 1e-12
    assert manifests[1]["metrics"]["auc_roc"] == manifests[0]["metrics"]["auc_roc"]
    assert manifests[1]["metrics"]["cv_auc"] == manifests[0]["metrics"]["cv_auc"]
    texts = [(folder / "portfolio/policy.yaml").read_text().splitlines() for folder in folders]
    return answer, [line for line in difflib.ndiff(*texts) if line[0] in "+-"]


def check_publish(cli):
    before = snapshot(cli)
    cli("threshold", "v1", "--false-negative", 40000)
    check_refusals(cli)
    assert snapshot(cli) == before, "without --publish, or refused, nothing is written"
    answer, lines = publish(cli, "v1", "--false-negative", 40000)
    assert answer["published"] == "v2" and answer["threshold"] != answer["version_threshold"]
    metrics = json.loads((cli.dir / "models/retail/v2/manifest.json").read_text())["metrics"]
    assert answer["test_metrics"].pop("threshold") == answer["threshold"], "they say where they hold"
    assert answer["test_metrics"] == {key: metrics[key] for key in answer["test_metrics"]}
    assert lines == ["- costs: {false_negative: 100000, false_positive: 10000}", "+ costs: {false_negative: 40000, false_positive: 10000}"]
    assert json.loads(cli("registry", "show", "v2", "--json").stdout)["costs"] == answer["costs"]
    assert re.search("^costs +a granted loan that defaults ₹40,000, a declined good payer ₹10,000\nrole +none$",
                     cli("registry", "show", "v2").stdout, re.MULTILINE)
    _, lines = publish(cli, "v2", "--lgd", "0.25", "--false-positive", "12500.5")
    assert lines[1] == "+ costs: {false_negative: {lgd: 0.25}, false_positive: 12500.5}"
    publish(cli, "v3", "--false-negative", "100000", "--false-positive", "10000")
    made = [event["details"] for event in json.loads(cli("registry", "history", "--json").stdout)["events"] if event["action"] == "publish"]
    assert made == [None, {"derived_from": "v1", "costs": "false_negative: 40000, false_positive: 10000"},
                    {"derived_from": "v2", "costs": "false_negative: {lgd: 0.25}, false_positive: 12500.5"},
                    {"derived_from": "v3", "costs": "false_negative: 100000, false_positive: 10000"}], made
    assert "derived from v1, costs false_negative: 40000, false_positive: 10000\n" in cli("registry", "history").stdout
    check_told(cli)
    assert filecmp.cmp(*(cli.dir / f"models/retail/{v}/portfolio/policy.yaml" for v in ("v1", "v4")), shallow=False)
    assert not [path for path in (cli.dir / "models").iterdir() if path.name.startswith(".staging")]


def check_told(cli):
    """The line on a new version names its threshold and the one before it; once where doubled costs leave it as it is."""
    for costs, stays in (({"false-negative": 200000, "false-positive": 20000}, True), ({"false-negative": 40000}, False)):
        words = ["v1", *(word for name, cost in costs.items() for word in (f"--{name}", cost))]
        seen = json.loads(cli("threshold", *words, "--json").stdout)
        own, other = (f"{seen[name]:.2f}" for name in ("version_threshold", "threshold"))
        assert (own == other) is stays, (own, other)
        line = cli("threshold", *words, "--publish", "--reason", "words").stdout.splitlines()[-1]
        end = f"whose threshold stays {own}" if stays else f"and so threshold {other} instead of {own}"
        assert re.fullmatch(f"v[0-9]+ is published: v1 with these costs, {re.escape(end)}", line), line


def check_served(cli):
    """The same PD from parent and child; the child's band is that of its own threshold."""
    application = cli.root / "examples/application.json"
    first, second = (json.loads(cli("predict", application, "--version-id", v, "--json").stdout) for v in ("v1", "v2"))
    assert first["probability_raw"] == second["probability_raw"] and first["margin"] == second["margin"]
    threshold = json.loads((cli.dir / "models/retail/v2/manifest.json").read_text())["optimal_threshold"]
    assert second["optimal_threshold_used"] == threshold and second["model_version"] == "v2"
    low, medium = second["probability_raw"] < 0.4 * threshold, second["probability_raw"] < threshold
    assert second["risk_category"] == ("Low Risk" if low else "Medium Risk" if medium else "High Risk")
    cli("registry", "promote", "v3", "--reason", "its costs")
    seen, _ = check_choice(cli, false_positive="12500.5", lgd="0.25")
    assert seen["version"] == "v3" and seen["threshold"] == seen["version_threshold"], "the champion, and its own costs"
    assert "all is well" in cli("doctor").stdout
    pds = cli.dir / "models/retail/v3/oof.csv"
    pds.write_text(pds.read_text().replace(",1,", ",0,", 1))
    assert "oof.csv" in cli("threshold", status=1).stderr


def check_needless(cli):
    """A book where nearly everybody defaults: train tells, as threshold does, that declining everybody costs no more."""
    with contextlib.closing(sqlite3.connect(cli.dir / "book.db")) as book, book:
        book.execute("UPDATE loan_applications SET is_default = 1 WHERE loan_id % 10 < 8")
    done = cli("train", "--no-search", "--models", "logistic", globals_=loud(cli))
    version = json.loads(cli("registry", "list", "--json").stdout)["versions"][-1]["version"]
    seen, _ = check_choice(cli, version, false_positive=10000, false_negative=100000)
    side = seen["out_of_fold"]
    assert side["optimum"]["cost"] == side["decline_all"]["cost"] and 0.05 < seen["threshold"] < 0.95, "a book for this test"
    cost = indian(round(side["decline_all"]["cost"]))
    caveat = f"the best threshold, {seen['threshold']:.2f}, is no better than declining everybody: " \
             f"on the out-of-fold rows it costs {cost}, declining everybody {cost}"
    assert f"{version}: {caveat}\n" in done.stderr, done.stderr
    assert cli("threshold", version, globals_=loud(cli)).stderr == caveat + "\n" and seen["caveat"] == caveat
    report = cli.dir / "models/retail" / version / "report"
    assert json.loads((report / "report.json").read_text())["models"][0]["threshold_analysis"]["caveat"] == caveat
    assert caveat in (report / "report.html").read_text()


def main():
    cli = Cli(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        cli("migrate")
        cli("generate", "--customers", 1000, "--loans", 2000, "--seed", 42)
        cli("train", "--no-search", "--models", "logistic")
        for check in (check_choices, check_edges, check_ties, check_table, check_publish, check_served, check_needless):
            check(cli)
            print(f"{check.__name__}: ok")
    finally:
        shutil.rmtree(cli.dir)


if __name__ == "__main__":
    main()
