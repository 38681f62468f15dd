#!/usr/bin/env python3
"""README.md shows an answer that the daemon gives, and names routes, commands and options that there are: `shape` with a small model, `figures`
with the champion of the sample book.

usage: readme.py CREDITRISK CREDITRISKD SOURCE_ROOT PART
"""
import json
import math
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

REASONS = "top_5_shap_features"
NUMBER_WORDS = {"four": 4, "three": 3, "two": 2, "one": 1}


def sample_of(readme):
    """The sample, and how many reasons it says it leaves out."""
    text = re.search(r'^```\n(\{\n  "probability": .*?^\})\n```$', readme, re.M | re.S)[1]
    rest = re.search(r",\n    … (\w+) more\n", text)
    return json.loads(text.replace(rest[0], "\n")), NUMBER_WORDS[rest[1]]


def shape(value):
    """Names in their order and kinds of values; a list is what its entries are, of whatever number."""
    if isinstance(value, dict):
        return [(name, shape(member)) for name, member in value.items()]
    if isinstance(value, list):
        return [list, *{str(shape(entry)): shape(entry) for entry in value}.values()]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def check_shape(sample, answer, n_left_out):
    for name in (name for name in sample if name != REASONS):
        assert shape(sample[name]) == shape(answer.get(name)), (name, sample[name], answer.get(name))
    assert list(answer) == list(sample), (list(answer), list(sample))
    assert len(answer[REASONS]) == len(sample[REASONS]) + n_left_out, "the sample says how many more there are"
    for ours in answer[REASONS]:
        value = {"value": sample[REASONS][0]["value"]}  # a number, or a text of a feature that is one
        assert shape(ours | value) == shape(sample[REASONS][0] | value), ours


def check_unlearnt(sample, answer):
    """What hangs on the application alone is the same whatever the model."""
    assert (sample["emi"], sample["imputed"]) == (answer["emi"], answer["imputed"]), answer
    answered = {reason["name"]: reason for reason in answer[REASONS]}
    both = [reason for reason in sample[REASONS] if reason["name"] in answered]
    assert both, "any model of the sample book has one of the sample's reasons"
    for reason in both:
        for key in ("feature", "value", "sources"):
            assert reason[key] == answered[reason["name"]][key], (reason, answered)


def check_sense(answer):
    """The figures belong together."""
    pd = 1 / (1 + math.exp(-answer["margin"]))
    assert (answer["probability_raw"], answer["probability"]) == (round(pd, 6), round(100 * pd, 2)), answer
    largest = abs(answer[REASONS][0]["contribution"])
    for reason in answer[REASONS]:
        assert abs(reason["impact"] - 100 * math.sqrt(abs(reason["contribution"]) / largest)) < 0.051, reason
        assert reason["direction"] == ("increases_risk" if reason["contribution"] > 0 else "decreases_risk"), reason


def check_figures(sample, answer):
    """Every text and every figure; another libm may differ behind the ninth digit."""
    for ours, theirs in zip([sample, *sample[REASONS]], [answer, *answer[REASONS]]):
        for name in (name for name in ours if name not in (REASONS, "decision_id")):
            same = math.isclose(ours[name], theirs[name], rel_tol=1e-9) if isinstance(ours[name], float) else ours[name] == theirs[name]
            assert same, (name, ours[name], theirs[name])


def rows_of(readme, head):
    """The code of the first column of a table, row by row."""
    table = re.search(rf"^\| {head} \|.*\n\|---.*\n((?:\|.*\n)+)", readme, re.M)[1]
    return [re.findall("`([^`]+)`", re.split(r"(?<!\\)\|", row)[1]) for row in table.splitlines()]


def check_routes(daemon, readme):
    """There is such a path, and where a method stands before it, that is one of its methods."""
    n_asked = 0
    for span in (span for spans in rows_of(readme, "route") for span in spans):
        words = re.fullmatch(r"(?:([A-Z]+) )?(/[^…]*)", span)
        if words:
            path = words[2].replace("{name}", "retail")
            answer = daemon.request(words[1] or "GET", path, "{}", {"Content-Type": "application/json"})
            assert answer.status not in ((404, 405) if words[1] else (404,)), (span, answer.status, answer.body)
            n_asked += 1
    assert n_asked >= 15, n_asked


def check_commands(place, readme):
    """Of a command with verbs all but the first may leave its name out."""
    n_asked = 0
    for spans in rows_of(readme, "command"):
        command = spans[0].split()[0]
        has_verbs = command in ("portfolio", "registry", "key", "config")
        for span in spans:
            words = [command] + re.findall(r"^[a-z]+\b", span.removeprefix(f"{command} ")) if has_verbs else [command]
            page = subprocess.run([place.creditrisk, *words, "--help"], cwd=place.root, capture_output=True, text=True, check=True).stdout
            assert page.startswith(f"Usage: {place.creditrisk} {' '.join(words)}"), (words, page)
            for option in re.findall(r"--[a-z-]+", span):
                assert re.search(rf"(?<![\w-]){option}(?![\w-])", page), (words, option, page)
                n_asked += 1
    assert n_asked >= 30, n_asked


def main():
    part = sys.argv[4]
    with Workplace(*sys.argv[1:4]) as place:
        readme = (place.root / "README.md").read_text(encoding="utf-8")
        sample, n_left_out = sample_of(readme)
        if part == "figures":
            place.run("migrate")
            place.run("generate")
            place.run("train", "--models", "logistic", "--promote")
        else:
            place.promote_small()
        with Daemon(place) as daemon:
            answer = daemon.post("/predict", (place.root / "examples/application.json").read_bytes())
            check_routes(daemon, readme)
        assert answer.status == 200, answer.body
        answer = answer.json()
        check_shape(sample, answer, n_left_out)
        check_unlearnt(sample, answer)
        check_sense(sample)
        check_sense(answer)
        check_commands(place, readme)
        if part == "figures":
            check_figures(sample, answer)
        print(f"{part}: {len(sample)} members, {len(sample[REASONS])} of {len(answer[REASONS])} reasons")


if __name__ == "__main__":
    main()
