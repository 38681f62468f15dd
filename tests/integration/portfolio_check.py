#!/usr/bin/env python3
"""`creditrisk portfolio check`: every way to break a portfolio is one clear message with file and line.

usage: portfolio_check.py CREDITRISK CREDITRISKD SOURCE_ROOT

The retail portfolio on a generated book, broken in one place at a time. The expected line is counted here, in the text that was changed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Workplace  # pylint: disable=wrong-import-position

# file, what stands there, what is put there, where the message points to (file, a text of that line), what it says
BROKEN = {
    "SQL error": ("features.sql", "annual_income / 12 END AS monthly_income", "annual_income / / 12 END AS monthly_income",
                  ("features.sql", "/ / 12"), 'near "/": syntax error'),
    "SQL error of the training": ("training.sql", "COUNT(*) AS length", "COUNT(* AS length", ("training.sql", "COUNT(* AS"), "syntax error"),
    "missing column": ("training.sql", "q.existing_loans,\n", "\n", ("application.yaml", "{name: existing_loans,"),
                       "columns that must be there are missing: 'existing_loans'"),
    "missing feature": ("features.sql", "    city_tier,\n", "", ("features.yaml", "{name: city_tier,"), "is 'verification_score'"),
    "unknown level": ("features.sql", "THEN 'Fair'", "THEN 'Faire'", ("features.yaml", "{name: credit_score_tier,"),
                      "'credit_score_tier' is 'Faire'"),
    "unknown choice": ("training.sql", "c.gender, c.marital", "LOWER(c.gender) AS gender, c.marital", ("application.yaml", "{name: gender,"),
                       "which is none of its choices"),
    "future leak": ("training.sql", "e.customer_id = l.customer_id AND e.application_date < l.application_date\n    GROUP BY",
                    "e.customer_id = l.customer_id AND e.loan_id <> l.loan_id\n    GROUP BY", ("training.sql", "q.existing_loans"),
                    "'existing_loans' of "),
    "outcome leak": ("training.sql", "c.city_tier, c.phone", "1 + 2 * l.is_default AS city_tier, c.phone",
                     ("features.yaml", "{name: city_tier,"), "'city_tier' alone tells the outcome with an AUC of 1.000"),
    "request-time-unavailable feature": ("features.sql", "    city_tier,\n", "    l.collateral_value AS city_tier,\n",
                                         ("features.sql", "l.collateral_value"), "no such column: l.collateral_value; the application has no such"),
    "key as a feature": ("features.sql", "    city_tier,\n", "    customer_id AS city_tier,\n", ("features.sql", "customer_id AS"),
                         "no such column: customer_id; the application has no such field, so no request carries it"),
    "another unit": ("training.sql", "c.annual_income,\n", "c.annual_income / 100000 AS annual_income,\n",
                     ("application.yaml", "{name: annual_income,"), "no request can carry"),
    "beyond a float": ("training.sql", "c.annual_income,\n", "CASE l.loan_id WHEN 7 THEN 1e308 ELSE c.annual_income END AS annual_income,\n",
                       ("features.yaml", "{name: annual_income,"), "'annual_income' is '1e+308' or the like in 1 of 1200 rows, first in loan_id '7'"),
    "beyond a float in another set": ("features.sql", "    max_dpd,\n    std_dpd,\n", "    CASE row_id WHEN 7 THEN 1e308 ELSE max_dpd END AS max_dpd,\n    std_dpd,\n",
                                      ("features.yaml", "{name: max_dpd,"),
                                      "the set 'behavioural' has the feature, and a training on 'application' is compared with it"),
    "beyond a parameter": ("search.yaml", "fixed: {penalty: l1, C: 0.1}", "fixed: {penalty: l1,\n            C: 1e30}", ("search.yaml", "C: 1e30"),
                           "parameter 'C' of logistic must be a number above 0 and at most 1000000, not '1e+30'"),
    "beyond a parameter's space": ("search.yaml", "min_samples_leaf:  [3, 5, 10, 20]", "min_samples_leaf:  [3, 5, 10, 0.5]", ("search.yaml", "0.5]"),
                                   "parameter 'min_samples_leaf' of gbm must be a whole number of at least 1 and at most"),
    "beyond a parameter of a library": ("search.yaml", "num_leaves:        [15, 31, 50, 80]", "num_leaves: [15, 31, 50, 1]", ("search.yaml", "50, 1]"),
                                        "parameter 'num_leaves' of lightgbm must be a whole number of at least 2 and at most 131072, not '1'"),
    "no model": ("search.yaml", "\n  gbm:", "\n  gmb:", ("search.yaml", "  gmb:"), "there is no model 'gmb': it is one of logistic, gbm, lightgbm, xgboost"),
    "no parameter": ("search.yaml", "reg_lambda:       [1, 1.5, 2]", "regular: [1, 1.5, 2]", ("search.yaml", "regular:"), "xgboost has no parameter 'regular'"),
    "costs without a threshold": ("policy.yaml", "false_negative: 100000,", "false_negative: 1000000,", ("policy.yaml", None),
                                  "policy.yaml: costs '1000000' (false_negative) and '10000' (false_positive) have their best threshold at 0.0099"),
    "YAML error": ("features.yaml", "sources: [city_tier]", "sources: [city_teir]", ("features.yaml", "city_teir"), "there is no field 'city_teir'"),
}


def line_of(path, text):
    """The number of the last line that has the text; the message points where the reader looks."""
    return max(i for i, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def check_broken(place, good, case):
    file, before, after, (where, mark), message = BROKEN[case]
    folder = place.dir / "portfolios" / "retail"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder)
    text = (folder / file).read_text()
    assert text.count(before) == 1, f"{case}: '{before}' is there {text.count(before)} times"
    (folder / file).write_text(text.replace(before, after))
    checked = place.run("portfolio", "check", "retail", status=1)
    assert checked["ok"] is False and checked["faults"], case
    fault = next((fault for fault in checked["faults"] if message in fault), None)
    assert fault, f"{case}: {checked['faults']}"
    place_of_it = f"{where}:{line_of(folder / where, mark)}" if mark else where
    assert f"{place_of_it}:" in f"{fault}:" or f"{place_of_it})" in fault or f"{place_of_it} " in fault, f"{case}: {place_of_it} is not in: {fault}"
    assert "\n" not in fault
    print(f"{case}: {fault}")
    return checked["faults"]


def check_all_params(place, good):
    """Every parameter that is wrong is told of at once."""
    text = (good / "search.yaml").read_text()
    wrong = "  gbm: {draws: 2, fixed: {max_depth: 0, subsample: 2}, space: {depth: [2, 3], learning_rate: [0.1, 2, 3]}}\n"
    (place.dir / "portfolios/retail/search.yaml").write_text(text.split("models:\n")[0] + "models:\n" + wrong)
    told = [fault.split(": ", 1)[1] for fault in place.run("portfolio", "check", "retail", status=1)["faults"]]
    assert told == ["parameter 'max_depth' of gbm must be a whole number of at least 1 and at most 20, not '0'",
                    "parameter 'subsample' of gbm must be a number above 0 and at most 1, not '2'", "gbm has no parameter 'depth'",
                    "parameter 'learning_rate' of gbm must be a number above 0 and at most 1, not '2'"], told


def check_without_library(place, good):
    """A trainer's parameters are judged where its library is missing as well."""
    os.environ["CREDITRISK_LIGHTGBM"] = str(place.dir / "missing.so")
    check_broken(place, good, "beyond a parameter of a library")
    del os.environ["CREDITRISK_LIGHTGBM"]


def check_before_work(place, good):
    """Costs that no threshold fits are refused by a training before it looks at the book, which may be large: here it has no rows."""
    case = "costs without a threshold"
    check_broken(place, good, case)
    empty = ("--db", f"sqlite:{place.dir}/empty.db")
    place.run(*empty, "migrate")
    message = place.run(*empty, "train", status=1)["error"]["message"]
    assert message.startswith(BROKEN[case][-1]), message


def check_refused_alike(place, good, case, *words):
    """What a check finds a training refuses, in the same words and before it fits anything."""
    faults = check_broken(place, good, case)
    assert place.run("train", *words, status=1)["error"]["message"] in faults, faults


def check_no_params(place, good):
    """What search.yaml has no parameters for is told of; a run that it leaves without any model is refused before the book is looked at."""
    folder = place.dir / "portfolios" / "retail"
    head = (good / "search.yaml").read_text().split("\nmodels:\n")[0]
    (folder / "search.yaml").write_text(head + "\nmodels: {logistic: {fixed: {penalty: l2, C: 1}}, gbm: {draws: 2, space: {max_depth: [2, 3]}}}\n")
    words = [place.creditrisk, *place.globals, "train", "--no-search"]
    done = subprocess.run(words, cwd=place.root, capture_output=True, text=True, check=True)
    assert "gbm was not trained: search.yaml has no fixed parameters for it\n" in done.stderr, done.stderr
    message = place.run("train", "--no-search", "--models", "gbm", status=1)["error"]["message"]
    assert message == "the model 'gbm' cannot be trained: search.yaml has no fixed parameters for it", message
    empty = ("--db", f"sqlite:{place.dir}/empty.db")
    for text, said in ((head + "\nmodels: {gbm: {draws: 2, space: {max_depth: [2, 3]}}}\n",
                        "no model of search.yaml can be trained; of 'gbm': search.yaml has no fixed parameters for it"),
                       (head + "\nmodels: {}\n", "search.yaml names no model to train")):
        (folder / "search.yaml").write_text(text)
        message = place.run(*empty, "train", "--no-search", status=1)["error"]["message"]
        assert message == said, message


def check_unasked(place, good):
    """A training that ends without a model neither looks for the future, which would write into the book, nor says that nothing is wrong."""
    folder = place.dir / "portfolios" / "retail"
    shutil.rmtree(folder)
    shutil.copytree(good, folder)
    for file, before, after in (("features.yaml", "\n\nfeatures:\n", "\n  - {name: blind, label: Nothing}\n\nfeatures:\n"),
                                ("features.yaml", "  - {name: city_tier,", "  - {name: city_tier, set: blind,"),
                                ("features.sql", "    city_tier,\n", "    0 * city_tier AS city_tier,\n")):
        text = (folder / file).read_text()
        assert text.count(before) == 1, before
        (folder / file).write_text(text.replace(before, after))
    message = place.run("train", "--set", "blind", "--no-search", "--models", "logistic", status=1)["error"]["message"]
    assert re.search("no input tells the outcome: run '[^']*creditrisk portfolio check retail ", message), message


def main():
    root = pathlib.Path(sys.argv[3]).resolve()
    good = root / "config/portfolios/retail"
    with Workplace(*sys.argv[1:4]) as place:
        os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(place.dir / "portfolios")
        shutil.copytree(good, place.dir / "portfolios" / "retail")
        place.generate(400, 1200)
        before = place.db.read_bytes()
        whole = place.run("portfolio", "check", "retail")
        assert whole == {"portfolio": "retail", "ok": True, "rows": 1200, "faults": []}, whole
        for case in BROKEN:
            faults = check_broken(place, good, case)
            if case in ("SQL error", "missing column", "unknown level", "request-time-unavailable feature", "costs without a threshold", "YAML error",
                        "outcome leak"):
                assert len(faults) == 1, (case, faults)
        check_before_work(place, good)
        check_refused_alike(place, good, "beyond a float", "--models", "logistic", "--no-search")
        check_refused_alike(place, good, "beyond a float in another set", "--models", "logistic", "--no-search")
        message = place.run("train", "--set", "behavioural", "--models", "logistic", "--no-search", status=1)["error"]["message"]
        assert message.endswith("models take numbers within ±3.4e+38 only"), message  # the set that was chosen needs no reason
        check_refused_alike(place, good, "beyond a parameter", "--models", "logistic", "--no-search")
        check_refused_alike(place, good, "beyond a parameter's space", "--models", "gbm")
        check_refused_alike(place, good, "no model", "--models", "logistic")
        check_refused_alike(place, good, "no parameter", "--models", "logistic", "--no-search")  # of another model, and of its search
        check_all_params(place, good)
        check_without_library(place, good)
        check_unasked(place, good)
        check_no_params(place, good)
        assert place.db.read_bytes() == before, "a check must leave the book as it was"


if __name__ == "__main__":
    main()
