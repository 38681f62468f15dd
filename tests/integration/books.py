#!/usr/bin/env python3
"""Real loan books, from a raw CSV file to a served answer: what docs/new-portfolio.md promises, on data that nobody here made.

usage: books.py CREDITRISK CREDITRISKD SOURCE_ROOT PORTFOLIO FILE TOLERANCE [init]

FILE is the name of the book in $CREDITRISK_SHARED/data (default SOURCE_ROOT/../shared/data), whose README.md holds the test AUC of other
libraries. The best model of the portfolio, trained with the fixed parameters of its search.yaml on the rows whose is_test is 0, reaches their best
figure less TOLERANCE on the others, and so does the logistic regression theirs; two models are enough for that, and cost less than all.
With `init` the portfolio that `portfolio init` makes of the file is searched, and so is the one that people made: the best CV AUC of the two
differs by at most INIT_TOLERANCE, and the daemon answers by the first. Exit status 77: the data is not there.
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

N_SERVED = 100
INIT_TOLERANCE = 0.02


def figures(readme, file):
    """The README's row of a book: number of rows, AUC of the logistic regression, the best AUC of all."""
    for line in readme.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == f"{file}.csv.gz":
            auc = [float(cell) for cell in cells[-3:]]
            return int(cells[1].split()[0].replace(",", "")), auc[0], max(auc)
    raise AssertionError(f"{readme} has no line for {file}.csv.gz")


def auc_of(rows):
    """The share of pairs of a bad and a good row in which the bad one scores higher, ties half: counted, not integrated."""
    bad = [margin for outcome, margin in rows if outcome]
    good = [margin for outcome, margin in rows if not outcome]
    higher = sum((b > g) + 0.5 * (b == g) for b in bad for g in good)
    return higher / (len(bad) * len(good))


def held_out(place, portfolio, version):
    """row_number → (bad or not, raw margin, PD) of the test rows, as the trainer wrote them."""
    with open(place.dir / "models" / portfolio / version / "test.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[0] == "row_number" and header[3:5] == ["raw_margin", "pd"], header
    return {int(row[0]): (float(row[2]) == 1, float(row[3]), float(row[4])) for row in rows}


def check_training(place, portfolio, raw, expected, tolerance):
    """Trains, and returns the champion's version."""
    _, logistic, best = expected
    trained = place.run("train", "--no-search", "--models", "logistic,gbm", "--split", "column:is_test", "--promote")
    assert trained["promoted"] is True, trained["gates"]
    n_test = sum(row["is_test"] == "1" for row in raw)
    assert trained["split"]["kind"] == "column" and trained["split"]["n_test"] == n_test, trained["split"]
    assert trained["split"]["n_train"] == len(raw) - n_test
    auc = {}
    for model in trained["models"]:
        rows = held_out(place, portfolio, model["version"])
        assert set(rows) == {i for i, row in enumerate(raw, 1) if row["is_test"] == "1"}, "the test part is is_test, all of it"
        assert all(rows[i][0] == (raw[i - 1]["y"] == "1") for i in rows), "y = 1 is bad"
        auc[model["kind"]] = auc_of([row[:2] for row in rows.values()])
        assert math.isclose(auc[model["kind"]], model["metrics"]["auc_roc"], rel_tol=1e-9), model["kind"]
    print(f"{portfolio}: test AUC", {kind: round(value, 4) for kind, value in auc.items()}, f"against {logistic} and {best}")
    assert auc["logistic"] >= logistic - tolerance, auc
    assert max(auc.values()) >= best - tolerance, auc
    return trained["champion"]


def check_served(place, portfolio, version):
    """The daemon's answers to held-out applications are the trainer's."""
    rows = held_out(place, portfolio, version)
    book = sqlite3.connect(place.db)
    book.row_factory = sqlite3.Row
    with Daemon(place, {"CREDITRISK_PORTFOLIO": portfolio}) as daemon:
        groups = daemon.request("GET", "/ui/portfolio.json").json()["groups"]
        fields = [field["name"] for group in groups for field in group["fields"]]
        for number in sorted(rows)[:N_SERVED]:
            row = book.execute(f"SELECT * FROM {portfolio} WHERE row_number = ?", (number,)).fetchone()
            body = json.dumps({name: row[name] for name in fields})
            answer = daemon.request("POST", "/predict", body, {"Content-Type": "application/json"})
            assert answer.status == 200, answer.body
            assert answer.json()["probability_raw"] == math.floor(rows[number][2] * 1e6 + 0.5) / 1e6, number
    book.close()


def search(place):
    """The champion's version and the best CV AUC of a search over two models."""
    trained = place.run("train", "--models", "logistic,gbm", "--split", "column:is_test", "--promote")
    return trained["champion"], max(model["cv_auc"] for model in trained["models"])


def check_init(place, portfolio, book, made):
    """`made` is what the portfolio that people made reaches."""
    os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(place.dir / "portfolios")
    place.globals[-1] = proposed = f"{portfolio}_proposed"
    place.run("portfolio", "init", str(book), "--target", "y", "--test-column", "is_test", "--name", proposed)
    assert place.run("portfolio", "check", proposed)["ok"]
    version, reached = search(place)
    print(f"{portfolio}: CV AUC {made:.4f} as people made it, {reached:.4f} as proposed")
    assert reached >= made - INIT_TOLERANCE, (reached, made)
    check_served(place, proposed, version)


def main():
    creditrisk, creditriskd, root, portfolio, file, tolerance, *mode = sys.argv[1:]
    data = pathlib.Path(os.environ.get("CREDITRISK_SHARED", pathlib.Path(root) / ".." / "shared")) / "data"
    source = data / f"{file}.csv.gz"
    if not source.is_file():
        print(f"skipped: there is no {source}", file=sys.stderr)
        return 77
    expected = figures(data / "README.md", file)
    with Workplace(creditrisk, creditriskd, root) as place:
        place.globals += ["--portfolio", portfolio]
        book = place.dir / f"{file}.csv"
        book.write_bytes(gzip.decompress(source.read_bytes()))
        with open(book, newline="") as text:
            raw = list(csv.DictReader(text))
        imported = place.run("import", str(book))
        assert imported["rejected"] == 0 and imported["tables"] == [
            {"table": portfolio, "rows": expected[0], "rejected": 0, "ignored_columns": 0}], imported
        if mode == ["init"]:
            check_init(place, portfolio, book, search(place)[1])
        else:
            check_served(place, portfolio, check_training(place, portfolio, raw, expected, float(tolerance)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
