#!/usr/bin/env python3
"""The whole line on a real process: book → train → registry → daemon → answer, with the proof that what is served is what was trained.

usage: line.py CREDITRISK CREDITRISKD SOURCE_ROOT generated|reference

The applications are read from the book by running the portfolio's training.sql with Python's own SQLite, sent to the live daemon one by one, and
the answers compared with the PDs that the trainer wrote for its held-out rows. The reference book lies in $CREDITRISK_SHARED, by default
SOURCE_ROOT/../shared. Exit status 77: it is not there.
"""
import csv
import gzip
import json
import math
import os
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

BOOLS = ("phone_verified", "email_verified", "ever_90_plus_dpd")
KEYS = ("loan_id", "customer_id", "application_date", "is_default")
N_ROWS = 500


class Line(Workplace):
    def import_reference(self, reference):
        folder = self.dir / "csv"
        folder.mkdir()
        for table in ("customers", "credit_history", "loan_applications", "repayment_history"):
            (folder / f"{table}.csv").write_bytes(gzip.decompress((reference / f"{table}.csv.gz").read_bytes()))
        self.run("migrate")
        report = self.run("import", str(folder))
        rows = {table["table"]: table["rows"] for table in report["tables"]}
        assert report["rejected"] == 0 and rows["loan_applications"] == 10000, report
        print(f"imported {rows}, 0 rejected")

    def applications(self):
        """loan_id → the application as a client would send it."""
        text = (self.root / "config/portfolios/retail/training.sql").read_text()
        connection = sqlite3.connect(self.db)
        connection.row_factory = sqlite3.Row
        found = {}
        for row in connection.execute(text):
            body = {name: row[name] for name in row.keys() if name not in KEYS}
            for name in BOOLS:
                body[name] = None if body[name] is None else bool(body[name])
            found[row["loan_id"]] = body
        connection.close()
        return found

    def held_out(self, version):
        with open(self.dir / "models/retail" / version / "test.csv", newline="") as file:
            return [(int(float(row["loan_id"])), float(row["raw_margin"]), float(row["pd"])) for row in csv.DictReader(file)]

    def calibration(self, version):
        learnt = json.loads((self.dir / "models/retail" / version / "calibration.json").read_text())
        return learnt["slope"], learnt["intercept"]


def check_answer(answer, version, raw, pd, slope, intercept):
    assert answer["model_version"] == version
    assert answer["margin"] == slope * raw + intercept, (answer["margin"], raw)
    assert answer["probability_raw"] == math.floor(pd * 1e6 + 0.5) / 1e6, (answer["probability_raw"], pd)
    assert abs(answer["probability"] - 100 * answer["probability_raw"]) <= 0.0051
    assert abs(math.log(pd / (1 - pd)) - answer["margin"]) <= 1e-9 * max(1, abs(answer["margin"]))
    for part in answer["contributions"].values():
        total = answer["base_value"] + math.fsum(part.values())
        assert abs(total - answer["margin"]) <= 1e-9 * max(1, math.fsum(map(abs, part.values()))), total


def check_offline(line, application, answer):
    """`creditrisk predict` says what the daemon says."""
    file = line.dir / "one.json"
    file.write_text(json.dumps(application))
    offline = line.run("predict", str(file))
    for name in ("margin", "probability_raw", "emi", "risk_category", "top_5_shap_features"):
        assert offline[name] == answer[name], name


def check_served(line, applications, model):
    """The daemon's answers for held-out rows equal the trainer's."""
    version = model["version"]
    line.run("registry", "promote", version, "--reason", "test")
    slope, intercept = line.calibration(version)
    served = refused = 0
    with Daemon(line) as daemon:
        assert daemon.get("/readyz").status == 200
        for loan_id, raw, pd in line.held_out(version):
            reply = daemon.post("/predict?explain=full", applications[loan_id])
            answer = reply.json()
            if reply.status == 422:
                fields = {issue["loc"][1] for issue in answer["detail"]}
                assert fields == {"age"} and applications[loan_id]["age"] > 70, answer
                refused += 1
                continue
            assert reply.status == 200, answer
            check_answer(answer, version, raw, pd, slope, intercept)
            if served == 0:
                check_offline(line, applications[loan_id], answer)
            served += 1
            if served == N_ROWS:
                break
    assert served >= N_ROWS, f"only {served} rows could be sent"
    print(f"{model['kind']} {version}: {served} held-out PDs served as trained, {refused} outside the ranges left out")


def train(line, *words):
    report = line.run("train", "--no-search", "--models", "logistic,xgboost", *words)
    for model in report["models"]:
        print(f"{model['kind']}: CV AUC {model['cv_auc']:.4f}, test AUC {model['metrics']['auc_roc']:.4f}, "
              f"ECE {model['metrics']['ece']:.4f}, threshold {model['threshold']}")
    return {model["kind"]: model for model in report["models"]}


def main():
    creditrisk, creditriskd = sys.argv[1:3]
    root = pathlib.Path(sys.argv[3])
    shared = pathlib.Path(os.environ.get("CREDITRISK_SHARED", root / ".." / "shared"))
    reference = shared / "reference/data" if sys.argv[4] == "reference" else None
    if reference is not None and not reference.is_dir():
        print(f"skipped: no reference data at {reference}")
        sys.exit(77)
    with Line(creditrisk, creditriskd, root) as line:
        if reference is None:
            line.generate(2000, 4000)
            models = train(line)
            for kind, model in models.items():  # 800 held-out loans: neither learnt nothing nor seen the outcome
                auc = model["metrics"]["auc_roc"]
                assert 0.75 <= auc <= 0.90, f"{kind}: test AUC {auc} on the generated book"
        else:
            line.import_reference(reference)
            models = train(line, "--include-protected", "--split", f"ids:{reference / 'test_loan_ids.csv'}")
            assert models["logistic"]["metrics"]["auc_roc"] >= 0.852
            assert models["xgboost"]["metrics"]["auc_roc"] >= 0.850
        applications = line.applications()
        for model in models.values():
            check_served(line, applications, model)


if __name__ == "__main__":
    main()
