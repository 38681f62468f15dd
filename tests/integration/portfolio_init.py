#!/usr/bin/env python3
"""`creditrisk portfolio init`: a CSV file becomes a portfolio that trains and serves without a hand on it.

usage: portfolio_init.py CREDITRISK CREDITRISKD SOURCE_ROOT

The file is made here so that everything a guess can trip over is in it: headers that are no names, keywords, two columns of one name in SQL,
markers, identifiers, dates, a constant, codes, a long tail, an outcome in words.
"""
import contextlib
import csv
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

HEADER = ["Loan ID", "client_id", "Start Date", "Case", "Loan Amount (EUR)", "loan amount eur", "2nd income", "Grade", "Points", "empty", "constant",
          "sex", "remark", "Holdout", "Loan Status"]
N_ROWS = 600
PROHIBITED = "lenders may often not decide by such attributes; features.yaml marks them 'protected: prohibited', so that no model uses them " \
             "unless train is told --include-protected"
OUTDATED = "application.yaml has changed since the table '"
NO_CUSTOMER = "no column tells the customer: rows are split at random, which flatters the figures where one customer has several"


def rows():
    draw = random.Random(3)
    for i in range(N_ROWS):
        amount = round(draw.lognormvariate(8, 1.2), 2)
        points = draw.randint(1, 5)
        grade = draw.choice(["A", "B", "o'Hara", "C: \"x\"", "yes"])
        risk = 0.1 + 0.12 * points + (0.2 if grade == "A" else 0)
        yield [f"L{i:05}", i // 2, f"2024-{1 + i % 12:02}-{1 + i % 28:02}", draw.choice(["north", "south"]), amount, draw.randint(-5, 900),
               draw.choice(["NA", "?", round(draw.uniform(0, 1), 3)]), grade, points, "", "EU", draw.choice(["F", "M"]), f"text {i}", int(i % 5 == 0),
               "Charged Off" if draw.random() < risk - 0.2 else "Fully Paid"]


def write(path, separator, table, header=None):
    with open(path, "w", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([header or HEADER, *table])


def check_texts(folder):
    """What the author reads: guesses where they belong, and what was left out with its reason."""
    application = (folder / "application.yaml").read_text()
    for text in ('separator: ";"', 'missing: ["", "NA", "?"]', 'good: ["Fully Paid"]' if '"Fully Paid"' in application else "good: [Fully Paid]",
                 "bad: [Charged Off]", "keys: {row: loan_id, customer: client_id, date: start_date, test: holdout}",
                 "case_value: Case", 'loan_amount_eur: "Loan Amount (EUR)"', 'loan_amount_eur_2: loan amount eur', 'x2nd_income: "2nd income"',
                 "#   empty: it is empty", "#   constant: all 600 rows have the same value", "#   remark: more than 64 different texts in 600 rows: too many for a choice",
                 "{name: points, type: int, min: 1, max: 5", "{name: x2nd_income, type: number, min: 0, max: 2"):
        assert text in application, (text, application)
    features = (folder / "features.yaml").read_text()
    assert features.count("protected: prohibited") == 1 and "{name: sex, kind: nominal, protected: prohibited" in features, features
    sql = (folder / "features.sql").read_text()
    assert "WHEN points = 5 THEN '5'" in sql and "LN(loan_amount_eur + 1)" in sql, sql


def remarks(place, name):
    """application.yaml in one line, where the comments read on that are broken into lines; none of these is long."""
    text = (place.dir / "portfolios" / name / "application.yaml").read_text()
    assert all(len(line) <= 100 for line in text.splitlines() if "#" in line), text
    return " ".join(re.sub(r"\n *#", "", text).split())


def told(place, name, target, bad, n_bad, n_rows, advice):
    """The note about the outcome; where it points, good and bad stand one above the other."""
    lines = (place.dir / "portfolios" / name / "application.yaml").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if re.match(r"  (# )?good: \[", line))
    assert re.match(r"  (# )?bad: \[", lines[at + 1]), lines[at:at + 2]
    return (f"outcome: {target} = '{bad}' is taken as bad ({n_bad} of {n_rows} rows); if that is wrong, {advice} good and bad in application.yaml, "
            f"line {at + 1}, and import again")


def check_outcome(place):
    """Which outcome is taken as bad is said at once, and following the advice turns the book round, whether words or numbers tell it."""
    file = place.dir / "outcome.csv"
    for name, good, bad, advice in [("words", "G", "B", "exchange"), ("binary", "0", "1", "uncomment"), ("codes", "2", "1", "exchange")]:
        file.write_text("x,y\n" + "".join(f"{i},{bad if i % 4 == 0 else good}\n" for i in range(200)))
        name = f"outcome_{name}"
        made = loud(place, "portfolio", "init", str(file), "--target", "y", "--name", name)
        assert made.returncode == 0 and told(place, name, "y", bad, 50, 200, advice) in made.stderr.splitlines(), made
        assert ": 1 field, 1 feature; 0 columns left out; 200 of 200 rows imported" in made.stdout, made.stdout
        application = place.dir / "portfolios" / name / "application.yaml"
        text = application.read_text()
        text = text.replace("  # good: [", "  good: [").replace("  # bad: [", "  bad: [") if advice == "uncomment" else \
            text.replace("  good: [", "  x: [").replace("  bad: [", "  good: [").replace("  x: [", "  bad: [")
        assert place.run("portfolio", "check", name)["ok"]
        application.write_text(text)
        checked = loud(place, "portfolio", "check", name)
        fault, = checked.stdout.splitlines()
        assert checked.returncode == 1 and not checked.stderr, "a check that finds what is to be done must not end as one that finds nothing"
        assert fault.startswith(OUTDATED) and f"creditrisk import --portfolio {name} FILE.csv --replace --db " in fault, fault
        document = place.run("portfolio", "check", name, status=1)
        assert not document["ok"] and document["faults"] == [fault] and document["rows"] == 200, document
        place.run("--portfolio", name, "import", str(file), "--replace")
        assert place.run("portfolio", "check", name)["ok"]
        features = place.dir / f"{name}.csv"
        place.run("--portfolio", name, "features", "--out", str(features))
        with open(features, newline="") as out:
            assert [float(row["y"]) for row in csv.DictReader(out)] == [float(i % 4 != 0) for i in range(200)], name


def check_without_outcome(place):
    """Rows without an outcome are counted, and neither trained nor tested on; where every row has one nothing is said of it."""
    file = place.dir / "open.csv"
    draw = random.Random(11)
    for n_open in (94, 0):
        name = f"open_{n_open}"
        file.write_text("x,y\n" + "".join(f"{draw.randint(0, 99) + 40 * (i % 2)},{'' if i < n_open else i % 2}\n" for i in range(300)))
        made = place.run("portfolio", "init", str(file), "--target", "y", "--name", name)
        said = [note for note in made["notes"] if "no outcome" in note]
        assert made["rows"] == 300 and made["rejected"] == 0, made
        assert said == ([f"{n_open} of 300 rows have no outcome: no model learns from them"] if n_open else []), made["notes"]
        split = place.run("--portfolio", name, "train", "--no-search", "--models", "logistic")["split"]
        assert split["n_train"] + split["n_test"] == 300 - n_open, split


def check_serving(place, name, table):
    """A row as the file has it is a request, under the names of the form."""
    with Daemon(place, {"CREDITRISK_PORTFOLIO": name}) as daemon:
        form = daemon.request("GET", "/ui/portfolio.json").json()
        fields = [field["name"] for group in form["groups"] for field in group["fields"]]
        assert fields == ["case_value", "loan_amount_eur", "loan_amount_eur_2", "x2nd_income", "grade", "points", "sex"], fields
        for row in table[:20]:
            cells = dict(zip(HEADER, row))
            income = cells["2nd income"]
            body = {"case_value": cells["Case"], "loan_amount_eur": cells["Loan Amount (EUR)"], "loan_amount_eur_2": cells["loan amount eur"],
                    "x2nd_income": income if isinstance(income, float) else None, "grade": cells["Grade"], "points": cells["Points"],
                    "sex": cells["sex"]}
            answer = daemon.request("POST", "/predict", json.dumps(body), {"Content-Type": "application/json"})
            assert answer.status == 200, answer.body
            document = answer.json()
            assert 0 < document["probability_raw"] < 1 and document["emi"] is None, document
            assert ("x2nd_income" in document["imputed"]) == (not isinstance(income, float)), document["imputed"]


def loud(place, *words):
    return subprocess.run([place.creditrisk, *place.globals, *words], cwd=place.root, capture_output=True, text=True, check=False)


def check_file(place, version, file, table):
    """The file that trained the model is scored as it is: to the trainer's own figures, its markers missing as in the import."""
    with open(place.dir / "models" / "tricky" / version / "test.csv", newline="") as held_out:
        trained = {row["loan_id"]: float(row["pd"]) for row in csv.DictReader(held_out)}
    done = loud(place, "predict", str(file))
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == N_ROWS and len(trained) == N_ROWS / 5
    for row, answer in zip(table, answers):
        assert ("x2nd_income" in answer["imputed"]) == (row[HEADER.index("2nd income")] in ("NA", "?")), (row, answer)
        assert answer["keys"] == {"loan_id": row[0], "client_id": str(row[1])}, "by the names of the book, to which they join"
        assert row[0] not in trained or abs(answer["probability_raw"] - trained[row[0]]) < 1e-6, (row, answer)
    fields = place.dir / "fields.csv"
    names = {"Case": "case_value", "Loan Amount (EUR)": "loan_amount_eur", "loan amount eur": "loan_amount_eur_2", "2nd income": "x2nd_income",
             "Grade": "grade", "Points": "points", "Loan Status": "status"}
    write(fields, ";", table, [names.get(name, name) for name in HEADER])
    assert loud(place, "predict", str(fields)).stdout == done.stdout, "a request's names serve as well"
    for header, message in [([name.upper() for name in HEADER], "fields.csv:1: there is no key 'LOAN ID'; did you mean 'Loan ID'?"),
                            ([*HEADER[:2], *(name.upper() for name in HEADER[2:])], "fields.csv:1: there is no field 'CASE'; did you mean 'Case'?"),
                            (["Case" if name == "Points" else name for name in HEADER],
                             "fields.csv:1:9: the columns 'Case' and 'Case' are both the field 'case_value'"),
                            ([f"column {i}" for i in range(len(HEADER))], "fields.csv:1: no column is a field of the portfolio 'tricky', whose first is")]:
        write(fields, ";", table, header)
        refused = loud(place, "predict", str(fields))
        assert refused.returncode == 1 and message in refused.stderr and not refused.stdout, (message, refused)


# What an engine, or the program, takes for something else than a column: a sample of each list and those that were missing once.
WORDS = ("transaction add constraint returning isnull notnull commit any user order group select default column check case when end from to table "
         "references primary current_date current_user session_user lateral analyse array both only placing window filter over partition rows key "
         "row_id row_number application features coalesce ln power with values limit offset desc asc in is not null true false").split()
# Ends of lines and characters that YAML does not take, in headers, in texts and in what is left out.
STRANGE = ["a\u2028b", "c\u2029d", "e\u0085f", "g\ufeffh", "i\x07j", "k\x9fl", 'm"n\\o', "p: {q}"]


def check_words(place):
    """A file whose headers are words of SQL, and one with characters that end a comment, can be trained like any other."""
    for name, headers in [("words", WORDS), ("strange", STRANGE)]:
        file = place.dir / f"{name}.csv"
        draw = random.Random(2)
        with open(file, "w", newline="", encoding="utf-8") as out:
            made = csv.writer(out)
            made.writerow([*headers, *(f"{header} constant" for header in headers), "failed"])
            for _ in range(400):
                cells = [draw.choice(STRANGE) if name == "strange" else draw.randint(0, 99) for _ in headers]
                risk = 0.85 if cells[0] in (STRANGE[0], STRANGE[1]) or (name == "words" and cells[0] > 60) else 0.12
                made.writerow([*cells, *("x" for _ in headers), int(draw.random() < risk)])
        place.run("portfolio", "init", str(file), "--target", "failed", "--name", name)
        assert place.run("portfolio", "check", name)["ok"], name
        trained = place.run("--portfolio", name, "train", "--no-search", "--models", "logistic")
        assert trained["models"][0]["kind"] == "logistic"


def check_refusals(place, file):
    """What cannot be guessed is said, and nothing is left behind."""
    folders = place.dir / "portfolios"
    (folders / "NOTES").write_text("a file is no portfolio")
    (folders / "some-loans").mkdir()
    before = sorted(os.listdir(folders))
    twice = place.dir / "twice.csv"
    twice.write_text("a;a;y\n1;2;0\n1;2;1\n")
    ragged = place.dir / "ragged.csv"
    ragged.write_text("a;b;y\n1;2;0\n1;1\n")
    for words, message in [([str(file), "--target", "Grade", "--name", "x"], "'Grade' has 5 different values; an outcome has two"),
                           ([str(file), "--target", "constant", "--name", "x"], "'constant' has 1 different value; an outcome has two"),
                           ([str(file), "--target", "grade", "--name", "x"], "the file has no column 'grade'; did you mean 'Grade'?"),
                           ([str(file), "--target", "Loan Status", "--test-column", "Points", "--name", "x"], "'Points' does not hold 0 and 1, yes and no, or true and false, in every row"),
                           ([str(file), "--target", "Loan Status", "--test-column", "Loan Status", "--name", "x"],
                            "column 'Loan Status' is the target: the test rows need a column of their own"),
                           ([str(file), "--target", "Loan Status", "--name", "../x"], "'../x' is no name of a portfolio"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "a name"], "'a name' is no name of a portfolio"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "tricky"], "tricky' is there already"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "Tricky"], "'Tricky' differs from the portfolio 'tricky' in capitals alone, "),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "sqlite-x"],
                            "'sqlite-x' is no name of a portfolio: its table would be 'sqlite_x', a name that one of the databases keeps for itself "),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "-x"], "'-x' is no name of a portfolio: commands would take it for an"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "notes"], "there is no file"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "triCky"], "'triCky' differs from the portfolio 'tricky' in capitals alone, "),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "SomeLoans"],
                            "table 'some_loans' is that of the portfolio 'some-loans': choose another --name"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "pg_class"], "'pg_class' is no name of a portfolio: its table would be"),
                           ([str(file), "--target", "Loan Status", "--name", "tricky"], "tricky' is there already"),
                           ([str(place.dir / "none.csv"), "--target", "y", "--name", "x"], "there is no file"),
                           ([str(twice), "--target", "y", "--name", "x"], "twice.csv:1:2: column 'a' is there twice"),
                           ([str(ragged), "--target", "y", "--name", "x"], "ragged.csv:3: the row has 2 fields, the header 3")]:
        assert message in place.run("portfolio", "init", *words, status=1)["error"]["message"], words
        assert sorted(os.listdir(folders)) == before, "a refused init must leave no folder"
    place.run("portfolio", "init", str(file), "--target", "Loan Status", "--name", "a-b")
    refused = place.run("portfolio", "init", str(file), "--target", "Loan Status", "--name", "a_b", status=1)["error"]["message"]
    assert refused == "table 'a_b' is that of the portfolio 'a-b': choose another --name", refused
    assert sorted(os.listdir(folders)) == sorted([*before, "a-b"])


def check_place(place):
    """In a folder that has no portfolios yet init says where it makes them; what fails makes nothing."""
    file = place.dir / "place.csv"
    file.write_text('\n"x, in thousands, net";"y"\n' + "".join(f"{i};{int(i % 4 == 0)}\n" for i in range(200)))  # the separator of the row, not of the first line
    here = place.dir / "somewhere else"
    here.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CREDITRISK_")}

    def init(name, target="y"):
        return subprocess.run([place.creditrisk, "portfolio", "init", str(file), "--target", target, "--name", name], cwd=here, env=environment,
                              capture_output=True, text=True, check=False)

    assert init("first", "z").returncode == 1 and not list(here.iterdir()), "the folders that were made for it go, too"
    made = init("first")
    assert f"the folder '{here}/config/portfolios' and the database 'sqlite:data/creditrisk.db' are new: neither was there before" in made.stderr.splitlines(), made
    assert made.stdout.startswith(f"{here}/config/portfolios/first: 1 field, "), made
    made = init("second")
    assert made.stdout.startswith(f"{here}/config/portfolios/second: 1 field, ") and " new: " not in made.stderr, made
    assert init("third", "z").returncode == 1 and sorted(os.listdir(here / "config/portfolios")) == ["first", "second"], "what was there stays"
    (here / "data/creditrisk.db").unlink()
    assert "the database 'sqlite:data/creditrisk.db' is new: it was not there before" in init("third").stderr.splitlines()


def check_taken_back(place):
    """What fails or is interrupted, before the import or in it, leaves nothing that it has made, and the same command then works."""
    here = place.dir / "taken back"
    here.mkdir()
    rows = "x,y\n" + "".join(f"{i},{int(i % 4 == 0)}\n" for i in range(200))
    file, pipe = place.dir / "taken_back.csv", place.dir / "taken_back.pipe"
    file.write_text(rows)
    os.mkfifo(pipe)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CREDITRISK_")}
    words = lambda path, name: [place.creditrisk, "portfolio", "init", str(path), "--target", "y", "--name", name, "--json"]
    start = lambda path, name: subprocess.Popen(words(path, name), cwd=here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    interrupted = {"error": {"code": "INTERRUPTED", "message": "interrupted: nothing was made"}}

    process = start(pipe, "one")
    with open(pipe, "w"):  # pylint: disable=unspecified-encoding
        process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)
    assert process.returncode == 130 and json.loads(told[0]) == interrupted and not list(here.iterdir()), told

    rejects = place.dir / "rejects.csv"
    kept = rejects.read_bytes() if rejects.exists() else None
    rejects.write_text("of somebody else\n")
    refused = subprocess.run(words(file, "one"), cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "rejects.csv" in refused.stdout and not list(here.iterdir()), (refused, list(here.rglob("*")))
    rejects.unlink()
    if kept is not None:
        rejects.write_bytes(kept)

    process = start(file, "one")
    assert process.wait() == 0, process.communicate()
    with contextlib.closing(sqlite3.connect(here / "data/creditrisk.db", isolation_level=None)) as book:
        book.execute("BEGIN IMMEDIATE")  # the import waits
        process = start(file, "two")
        while process.poll() is None and not (here / "config/portfolios/two").exists():
            pass
        process.send_signal(signal.SIGINT)
        book.execute("ROLLBACK")
        told = process.communicate(timeout=60)
        assert process.returncode == 130 and json.loads(told[0]) == interrupted, told
        assert os.listdir(here / "config/portfolios") == ["one"], "nor anything that begins with a dot"
        tables = [name for name, in book.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "one" in tables and "two" not in tables, tables
    process = start(file, "two")
    assert process.wait() == 0, process.communicate()

    import_words = lambda path: [place.creditrisk, "--portfolio", "one", "import", str(path)]
    run = lambda path: subprocess.run(import_words(path), cwd=here, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(here / "data")
    bad = place.dir / "taken_back_bad.csv"
    for text in ("x,z\n1,0\n", "x,y\n1,9\n", "x,y\n", rows + '"'):
        bad.write_text(text)
        assert run(bad).returncode == 1 and not (here / "data").exists(), f"an import that fails makes no database: {text[:9]}"
    process = subprocess.Popen(import_words(pipe), cwd=here, env=environment, stderr=subprocess.PIPE, text=True)
    with open(pipe, "w"):  # pylint: disable=unspecified-encoding
        process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "creditrisk: interrupted: nothing was imported\n" and process.returncode == 130
    assert not (here / "data").exists(), "nor does one that is interrupted"
    assert run(file).returncode == 0 and (here / "data/creditrisk.db").exists()
    assert run(bad).returncode == 1 and (here / "data/creditrisk.db").exists(), "what was there before stays"


def check_again(place):
    """init can be repeated once its folder is gone; tables that are not its own stay, and the advice is one that works."""
    file = place.dir / "again.csv"
    file.write_text("x,y\n" + "".join(f"{i},{int(i % 4 == 0)}\n" for i in range(200)))
    folder = place.dir / "portfolios" / "again"

    def init(*words, status=0, name="again"):
        made = place.run("portfolio", "init", str(file), "--target", "y", "--name", name, *words, status=status)
        return made["error"]["message"] if status == 1 else made

    def count(table):
        with contextlib.closing(sqlite3.connect(place.db)) as book:
            return book.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]

    init()
    assert "'portfolio check' has no option '--replace'" in place.run("portfolio", "check", "again", "--replace", status=2)["error"]["message"]
    assert init(status=1).endswith("/again' is there already: choose another --name, or remove that folder first")
    assert init("--replace", status=1).endswith("first; --replace is about the rows in the database alone"), "the author's work stays"
    shutil.rmtree(folder)
    assert init(status=1) == "table 'again' has 200 rows: --replace removes what is there first"
    assert not folder.exists()
    init("--replace")
    assert count("again") == 200
    shutil.rmtree(folder)
    file.write_text("x,z,y\n" + "".join(f"{i},{i % 7},{int(i % 4 == 0)}\n" for i in range(100)))
    assert "'again' was made from another application.yaml: --replace" in init(status=1)
    init("--replace")
    assert count("again") == 100
    with contextlib.closing(sqlite3.connect(place.db)) as book:
        book.executescript("CREATE TABLE customers (x); INSERT INTO customers VALUES (1)")
    for words in [(), ("--replace",)]:
        assert init(*words, name="customers", status=1) == \
            "there is a table 'customers' that no import of a flat book has made: choose another --name"
        assert init(*words, name="a_b", status=1) == "table 'a_b' is that of the portfolio 'a-b': choose another --name"
    assert count("customers") == 1 and count("a_b") == N_ROWS


def check_odd(place):
    """A number stays one for all its odd cells, whose rows are rejected and told of; '-' among numbers is missing; a rare text may be a choice."""
    draw = random.Random(5)
    file = place.dir / "odd.csv"
    lines = ["id,income,rate,dependents,is_test,y"]
    for i in range(N_ROWS):
        income = {17: "inf", 40: "9" * 400, 90: "lots"}.get(i, "-" if i % 10 == 0 else str(1000 + 7 * i))
        kids = "3+" if i % 12 == 0 else str(i % 3)
        rate = "x" if i == 17 else str(draw.randint(1, 900) / 10)
        lines.append(f"{i},{income},{rate},{kids},{int(i % 5 == 0)},{int(draw.random() < 0.3)}")
    file.write_text("\n".join(lines) + "\n")
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "odd")
    assert made["odd_cells"] == 4 and made["rejected"] == 3 and made["rejects_file"] == str(place.dir / "rejects.csv"), made
    assert made["notes"] == ["'-' stands among numbers and counts as missing, in every column",
                             "column 'income': 3 cells are no numbers, the first inf in line 19: the import rejects their rows",
                             "column 'rate': 1 cell is no number, the first x in line 19: the import rejects its row",
                             "column 'dependents': 50 cells are no numbers, the first \"3+\" in line 2: all values are choices",
                             "column 'is_test': left out: it seems to mark the test rows: with --test-column is_test it does",
                             told(place, "odd", "y", "1", made["n_bad"], N_ROWS, "uncomment"),
                             "column 'id': no input, but the key of the rows: an identifier by its name, no value twice", NO_CUSTOMER], made["notes"]
    with open(place.dir / "rejects.csv", newline="") as rejects:
        assert [row["line"] for row in csv.DictReader(rejects)] == ["19", "42", "92"]
    application = (place.dir / "portfolios" / "odd" / "application.yaml").read_text()
    for text in ('missing: ["", "-"]', "{name: income, type: int,", "{name: rate, type: number,", "{name: dependents, type: enum,",
                 "  # 3 cells are no numbers, the first inf in line 19: the import rejects their rows\n",
                 "#   is_test: it seems to mark the test rows: with --test-column is_test it does\n"):
        assert text in application, (text, application)
    assert place.run("portfolio", "check", "odd")["ok"]
    assert "test_column" in made and made["test_column"] == ""
    used = place.run("portfolio", "init", str(file), "--target", "y", "--test-column", "is_test", "--name", "odd_used")
    assert used["test_column"] == "is_test" and not any("is_test" in note for note in used["notes"]), used


def check_names(place):
    """Names that tell of test rows, or of what lenders may not decide by, are told of with what to do; the author decides."""
    draw = random.Random(6)
    file = place.dir / "names.csv"
    header = ["Hold-Out", "is_train", "data split", "fold", "test score", "latest", "Household outgoings", "Gender", "MaritalStatus",
              "income", "y"]
    values = lambda i: [int(i % 5 == 0), int(i % 5 > 0), ["test", "train"][i % 5 > 0], i % 10, draw.randint(0, 99), draw.randint(0, 1), i % 4,
                        "FM"[i % 2], ["single", "married"][i % 3 > 0], draw.randint(10, 99), int(draw.random() < 0.3)]
    write(file, ",", [values(i) for i in range(N_ROWS)], header)
    may = lambda column, do, name: f"column '{column}': an input, though its name is that of a column that marks the test rows: {do}" \
                                   f"take {name} out of application.yaml, features.sql and features.yaml"
    give = "name it with --test-column; if it is to be neither, "
    recode = "if it does, write it as 0 and 1, 1 for a test row, and " + give
    named = [may("Hold-Out", "if it does, " + give, "hold_out"), may("is_train", recode, "is_train"),
             may("data split", recode, "data_split"), may("fold", recode, "fold")]
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "names")
    assert made["notes"] == [*named, told(place, "names", "y", "1", made["n_bad"], N_ROWS, "uncomment"), "'Gender', 'MaritalStatus': " + PROHIBITED, NO_CUSTOMER], made["notes"]
    folder = place.dir / "portfolios" / "names"
    assert (folder / "features.yaml").read_text().count("protected: prohibited") == 2
    assert all(f" {note.split(': ', 1)[1]} - {{name: " in remarks(place, "names") for note in named)
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "names_used", "--test-column", "Hold-Out")
    assert made["notes"][:3] == [may(column, "", name) for column, name in (("is_train", "is_train"), ("data split", "data_split"), ("fold", "fold"))], made


def check_ids(place):
    """The versions of a split by ids record the file of the ids, whose header may be that of the loans' own file."""
    file, ids = place.dir / "loans.csv", place.dir / "held_out.csv"
    draw = random.Random(16)
    write(file, ",", [[f"L{i:04d}", i % 97, int(draw.random() < (0.1 + 0.6 * (i % 97 > 50)))] for i in range(500)], ["Loan ID", "amount", "y"])
    place.run("portfolio", "init", str(file), "--target", "y", "--name", "by_ids")
    words = ("--portfolio", "by_ids", "train", "--no-search", "--models", "logistic", "--split")
    write(ids, ",", [[f"L{5 * i:04d}"] for i in range(100)], ["Loan ID"])
    trained = place.run(*words, f"ids:{ids}")
    told = {"ids_file": "held_out.csv", "ids_sha256": hashlib.sha256(ids.read_bytes()).hexdigest()}
    assert trained["split"].items() >= {"kind": "ids", "n_test": 100, **told}.items(), trained["split"]
    data = place.run("--portfolio", "by_ids", "registry", "show", "v1")["data"]
    assert data.items() >= {"split": "ids", "n_test": 100, **told}.items(), data
    place.run(*words, "random")
    assert not place.run("--portfolio", "by_ids", "registry", "show", "v2")["data"].keys() & told.keys()
    write(ids, ",", [["L005"], ["L0010"]], ["L0000"])
    refused = place.run(*words, f"ids:{ids}", status=1)["error"]["message"]
    assert refused.endswith("held_out.csv:2:1: no application has the id 'L005'"), refused


def check_key_field(place):
    """A key that is a field, too: the answers have it as the cells have it, and null for one without, whatever is read as the field."""
    file, draw = place.dir / "branches.csv", random.Random(17)
    write(file, ",", [[i % 90, draw.randint(1, 60), int(draw.random() < (0.1 + 0.6 * (i % 90 > 50)))] for i in range(400)], ["x", "branch", "y"])
    place.run("portfolio", "init", str(file), "--target", "y", "--name", "branches")
    application = place.dir / "portfolios" / "branches" / "application.yaml"
    text = application.read_text().replace("{name: branch, type: int,", "{name: branch, type: int, default: 1,")
    application.write_text(text.replace("fields:\n", "keys: {customer: branch}\n\nfields:\n").replace("required: true, group: Application, label: Branch",
                                                                                                   "group: Application, label: Branch"))
    place.run("--portfolio", "branches", "import", str(file), "--replace")
    place.run("--portfolio", "branches", "train", "--no-search", "--models", "logistic", "--promote")
    asked = place.dir / "asked.csv"
    write(asked, ",", [[60, "0007"], [60, "7.0"], [60, "7"], [60, ""], [60, "north"]], ["x", "branch"])
    for options in ([], ["--brief"]):
        done = loud(place, "--portfolio", "branches", "predict", str(asked), *options)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [answer["keys"] for answer in answers] == [{"branch": cell} for cell in ("0007", "7.0", "7", None, "north")], done
        assert len({answer["probability_raw"] for answer in answers[:3]}) == 1 and answers[4]["detail"][0]["type"] == "int_type", answers


def check_capitals(place):
    """A capital inside a header begins a word, so that it is known by its words; a test column may be written in words."""
    file = place.dir / "capitals.csv"
    draw = random.Random(15)
    words = ("portfolio", "init", str(file), "--target", "y", "--name")
    for n, (header, no, yes) in enumerate([("isTest", "false", "true"), ("IsTest", "False", "True"), ("IsTest", 0, 1), ("is_test", "no", "yes")]):
        cells = [(i % 97, i % 9, "FM"[i % 2], i % 3, (no, yes)[i % 5 == 0]) for i in range(500)]
        write(file, ",", [[*row, int(draw.random() < (0.1 + 0.6 * (row[0] > 50)))] for row in cells], ["LoanAmount", "LTVRatio", "maritalStatus", "HoldOut", header, "y"])
        notes = place.run(*words, f"capitals_{n}")["notes"]
        assert f"column '{header}': left out: it seems to mark the test rows: with --test-column {header} it does" in notes, notes
        assert any(note.startswith("column 'HoldOut': an input, though its name is that of a column that marks") for note in notes), notes
        assert "'maritalStatus': " + PROHIBITED in notes, notes
        text = (place.dir / "portfolios" / f"capitals_{n}" / "application.yaml").read_text()
        for name, label in [("loan_amount", "Loan amount"), ("ltv_ratio", "Ltv ratio"), ("hold_out", "Hold out")]:
            assert f"{{name: {name}, type: int," in text and f"label: {label}}}" in text, text
        used = place.run(*words, f"capitals_used_{n}", "--test-column", header)
        assert used["test_column"] == "is_test" and not any(header in note for note in used["notes"]), used
        trained = place.run("--portfolio", f"capitals_used_{n}", "train", "--split", "column:is_test", "--no-search", "--models", "logistic")
        assert trained["split"]["n_test"] == 100, trained["split"]
        refused = place.run("--portfolio", f"capitals_used_{n}", "train", "--split", "column:IsTest", status=1)["error"]["message"]
        assert refused.endswith("under keys.test best; did you mean 'is_test'?"), refused
    file.write_text("x,t,y\n" + "".join(f"{i % 97},{'true' if i < 484 else 'false'},{int(i % 4 == 0)}\n" for i in range(500)))
    refused = place.run(*words, "capitals", "--test-column", "t", status=1)["error"]["message"]
    assert refused.startswith("4 bad and 12 good rows besides the test rows are too few to train on: "), refused


def check_headers(place):
    """The words of a header, by its capitals as by what parts them: its name in SQL, its label, and whether it is the key."""
    file = place.dir / "headers.csv"
    headers = {"EMIs": ("emis", "Emis"), "NPAs": ("npas", "Npas"), "IDs": ("ids", "Ids"), "EMIsPaid": ("emis_paid", "Emis paid"), "LoanIs": ("loan_is", "Loan is"),
               "Größe": ("groesse", "Größe"), "ÄRGER": ("aerger", "ÄRGER"), "Übergröße": ("uebergroesse", "Übergröße"), "großÄnderung": ("gross_aenderung", "großÄnderung"),
               "Prénom": ("pr_nom", "Prénom"), "1st": ("x1st", "1st"), "2nd income": ("x2nd_income", "2nd income"), "a--b__c ": ("a_b_c", "A b c"), "Key figure": ("key_figure", "Key figure"),
               "group": ("group_value", "Group value"), "L" * 49 + " and more": ("l" * 49 + "_an", "L" + "l" * 48 + " an"), "L" * 51 + "!x": ("l" * 51, "L" + "l" * 50),
               "ß": ("ss", "ß")}
    draw = random.Random(21)
    keys = {"LOANId": "loan_id", "loanID": "loan_id", "Loan-Id:": "loan_id", "GrößeId": "groesse_id", "UUID": "uuid", "KEY": "key_value", "Id": "id"}
    for n, (key, name) in enumerate(keys.items()):
        rows_ = [[f"k{i}", *(draw.randint(0, 99) for _ in headers), int(i % 4 == 0)] for i in range(400)]
        with open(file, "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([[key, *headers, "y"], *rows_])
        place.run("portfolio", "init", str(file), "--target", "y", "--name", f"headers_{n}")
        text = (place.dir / "portfolios" / f"headers_{n}" / "application.yaml").read_text(encoding="utf-8")
        assert f"keys: {{row: {name}}}" in text, (key, text)
        fields = re.findall(r'- {name: (\w+), type: int,.*\n.*label: "?(.*?)"?}', text)
        assert fields == list(headers.values()), (fields, list(headers.values()))


def check_keys(place):
    """The customer is seen by many a name, unless it has few values or gaps; a few copies of rows are told of."""
    file = place.dir / "keys.csv"
    words = ("portfolio", "init", str(file), "--target", "y", "--name")
    draw = random.Random(12)

    def write_keys(header, customer, n_copies=0):
        lines = [f"{i},{customer(i)},{draw.randint(0, 99)},{int(draw.random() < 0.3)}" for i in range(300)]
        file.write_text("\n".join([f"loan_id,{header},x,y", *lines, *lines[:n_copies]]) + "\n")

    for n, header in enumerate(["customer_no", "customer", "customerNo", "Customer Number", "clientId", "cust_nr", "Borrower"]):
        write_keys(header, lambda i: 5000 + i // 2)
        notes = place.run(*words, f"keys_{n}")["notes"]
        assert f"column '{header}': no input, but the customer, by its name: one customer's rows stay in one fold" in notes, (header, notes)
        assert NO_CUSTOMER not in notes and place.run("portfolio", "check", f"keys_{n}")["ok"], header
    for name, header, customer in [("few", "customer", lambda i: ["new", "old"][i % 2]), ("other", "customer_income", lambda i: 900 + i)]:
        write_keys(header, customer)
        assert NO_CUSTOMER in place.run(*words, f"keys_{name}")["notes"], header
        assert f"{{name: {header}, " in (place.dir / "portfolios" / f"keys_{name}" / "application.yaml").read_text()
    write_keys("customer_no", lambda i: "" if i < 7 else i // 2, 30)
    notes = place.run(*words, "keys_gaps")["notes"]
    assert NO_CUSTOMER in notes and notes[0] == "column 'loan_id': left out: its name is an identifier's: 300 different values in 330 rows", notes
    assert notes[1].startswith("column 'loan_id': no key of the rows, as 30 of its 330 values have been there before: "), notes
    application = (place.dir / "portfolios" / "keys_gaps" / "application.yaml").read_text()
    assert "#   customer_no: its name is the customer's, but 14 of 330 rows have none\n" in application, application
    write_keys("x2", lambda i: i, 34)
    assert not any("no key of the rows" in note for note in place.run(*words, "keys_copies")["notes"]), "more than a few are no mistake"


def check_written(place):
    """Numbers as people write them are read as texts, which is said; what is no number to anyone is not meant."""
    file = place.dir / "written.csv"
    written = [lambda i: f"{1000 + i},58", lambda i: f"{1 + i}.{100 + i},58", lambda i: f"{56 + i},094.5", lambda i: f"€ {1000 + i}.5",
               lambda i: f"{i / 8}%", lambda i: f"{1 + i} 000 EUR", lambda i: f"{i % 3 + 1}%"]
    others = [lambda i: f"{1 + i % 28}.{1 + i % 12}.2024", lambda i: f"AB{i}", lambda i: f"0171 {i:06}", lambda i: f"{i}-{i + 1}"]
    header = [*(f"w{n}" for n in range(len(written))), *(f"o{n}" for n in range(len(others))), "x", "y"]
    write(file, ";", [[*(cell(i) for cell in written + others), i % 97, int(i % 4 == 0)] for i in range(200)], header)
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "written")
    said = [note for note in made["notes"] if "write numbers as 1234.56, without a decimal comma, " in note]
    assert [note.split("'")[1] for note in said] == header[:len(written)], made["notes"]
    assert said[0].startswith("column 'w0': left out: 200 cells are read as text, the first \"1000,58\" in line 2: write"), said[0]
    assert said[-1].startswith("column 'w6': 200 cells are read as text, "), "a choice"
    assert remarks(place, "written").count("write numbers as 1234.56, without a decimal comma") == len(written)


def check_converted(place):
    """The command that is printed for a file whose numbers were left out makes the portfolio anew from the converted one; others get none."""
    file = place.dir / "converted.csv"
    folder = place.dir / "portfolios" / "converted"
    words = ("portfolio", "init", str(file), "--target", "y", "--test-column", "t", "--name", "converted")
    write_amounts = lambda form: write(file, ";", [[form(i), i % 97, int(i % 5 == 0), int(i % 4 == 0)] for i in range(300)], ["amount", "x", "t", "y"])
    write_amounts(lambda i: f"{1000 + i},50")
    made = loud(place, *words)
    lines = made.stderr.splitlines()
    at = lines.index("once the file writes its numbers and dates otherwise, an import is not enough: remove")
    assert lines[at + 1:at + 3] == [f"  {folder}", "and let it be made anew:"], made
    write_amounts(lambda i: f"{1000 + i}.50")
    assert "column 'amount' is not in the portfolio: ignored" in loud(place, "--portfolio", "converted", "import", str(file), "--replace").stderr
    shutil.rmtree(lines[at + 1].strip())
    again = subprocess.run(lines[at + 3], shell=True, cwd=place.root, capture_output=True, text=True, check=False)
    assert again.returncode == 0 and ": 2 fields, " in again.stdout and "test: t}" in (folder / "application.yaml").read_text(), (lines[at + 3], again)
    assert "once the file" not in again.stderr, again


def check_unique(place):
    """A whole number that is another one in every row may be the loan's; following the advice makes it the key. One that comes again late is none."""
    file = place.dir / "unique.csv"
    draw = random.Random(23)
    n = 3000
    numbers = draw.sample(range(10 ** 6, 10 ** 9), n)
    write(file, ",", [[numbers[i], numbers[min(i, n - 2)], "" if i == 7 else numbers[i], numbers[i] + 0.5, i % 97, int(i % 4 == 0)] for i in range(n)],
          ["Vertragsnr", "again", "gap", "part", "x", "y"])
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "unique")
    said = [note for note in made["notes"] if "no value occurs twice" in note]
    assert said == ["column 'Vertragsnr': an input, though no value occurs twice: if it is the loan's number, take vertragsnr out of the fields, of "
                    "features.sql and of features.yaml, and name it under keys, row: {row: vertragsnr}"], made["notes"]
    assert remarks(place, "unique").count("an input, though no value occurs twice") == 1
    folder = place.dir / "portfolios" / "unique"
    replace_entries(folder / "application.yaml", ["vertragsnr"], "")
    replace_entries(folder / "features.yaml", ["vertragsnr"], "")
    application, sql = folder / "application.yaml", folder / "features.sql"
    application.write_text(application.read_text().replace("book:\n", "keys: {row: vertragsnr}\n\nbook:\n", 1))
    text, found = re.subn(r"\n *vertragsnr[^,]*,", "", sql.read_text())
    assert found == 1, text
    sql.write_text(text)
    place.run("--portfolio", "unique", "import", str(file), "--replace")
    assert place.run("portfolio", "check", "unique")["ok"]


def check_dates(place):
    """Dates as only people write them are left out, however few there are, and said of how they must be; once converted they are dates."""
    file = place.dir / "dates.csv"
    forms = ["{2:02}.{1:02}.{0}", "{1}/{2}/{0}", "{0}-{1:02}-{2:02} 00:00:00"]
    day = lambda i: (2020 + i % 3, 1 + i % 12, 1 + i % 28)
    write(file, ";", [[*(form.format(*day(i)) for form in forms), f"{1 + i % 2}.1.2020", i % 97, int(i % 4 == 0)] for i in range(300)], ["a", "b", "c", "few", "x", "y"])
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "dates")
    said = {"a": "01.01.2020", "b": "1/1/2020", "c": "2020-01-01 00:00:00", "few": "1.1.2020"}
    assert made["left_out"] == 4 and made["notes"][:4] == \
        [f"column '{name}': left out: dates must be written as 2020-06-07, and \"{text}\" in line 2 is not" for name, text in said.items()], made
    assert remarks(place, "dates").count("dates must be written as 2020-06-07") == 4
    write(file, ";", [["{0}-{1:02}-{2:02}".format(*day(i)), i % 97, int(i % 4 == 0)] for i in range(300)], ["a", "x", "y"])
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "dates_converted")
    assert made["left_out"] == 0 and any(note.startswith("column 'a': no input, but the date of the application") for note in made["notes"]), made


def check_zeros(place):
    """Leading zeros prove a code, of which its texts are the choices, or it is left out; 0 and 0.5 have none."""
    file = place.dir / "zeros.csv"
    cells = {"postcode": lambda i: f"{1067 + 997 * (i % 60):05}", "branch": lambda i: f"{7 + i % 9:02}", "x": lambda i: i % 97, "half": lambda i: ["0", "0.5"][i % 2]}
    write(file, ";", [[*(cell(i) for cell in cells.values()), int(i % 4 == 0)] for i in range(300)], [*cells, "y"])
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "zeros")
    assert made["notes"][:2] == ["column 'postcode': left out: leading zeros: a code, not a number; 60 different texts in 300 rows: too many for a choice",
                                 "column 'branch': leading zeros: a code, not a number: all values are choices"], made["notes"]
    text = remarks(place, "zeros")
    for part in ["leading zeros: a code, not a number: all values are choices - {name: branch, type: enum,",
                 '["07", "08", "09", "10", "11", "12", "13", "14", "15"]', "{name: x, type: int,", "{name: half, type: number,"]:
        assert part in text, (part, text)
    assert made["fields"] == 3 and made["rejected"] == 0 and place.run("portfolio", "check", "zeros")["ok"], made


def check_points(place):
    """Numbers whose points may be those of thousands are read as decimal ones, which is said; not of a column where one point is no such."""
    file = place.dir / "points.csv"
    cells = {"amount": lambda i: ["15.500", "500", f"{60 + i}.000"][i % 3], "term": lambda i: ["48.000", "12.000", "36"][i % 3],
             "rate": lambda i: ["1.234", "12.5"][i % 2], "share": lambda i: f"0.{100 + i}", "whole": lambda i: i % 7, "mixed": lambda i: ["1.234", "516.0"][i % 2]}
    write(file, ";", [[*(cell(i) for cell in cells.values()), int(i % 4 == 0)] for i in range(300)], [*cells, "y"])
    made = place.run("portfolio", "init", str(file), "--target", "y", "--name", "points")
    said = {"amount": "'15.500' in line 2 may be 15500 (200 such cells): numbers are read as 1234.56",
            "term": "'48.000' in line 2 may be 48000 (200 such cells): numbers are read as 1234.56"}
    assert [note for note in made["notes"] if " may be " in note] == [f"column '{name}': {text}" for name, text in said.items()], made["notes"]
    assert all(f" {text} - {{name: {name}, " in remarks(place, "points") for name, text in said.items()), remarks(place, "points")
    imported = loud(place, "--portfolio", "points", "import", str(file), "--replace")
    assert [line for line in imported.stderr.splitlines() if " may be " in line] == \
        [f"{file}: column '{name}': {text}" for name, text in said.items()], imported
    assert re.search("^points +300 +0$", imported.stdout, re.M), "a remark, no refusal"


def check_few(place):
    """What cannot be trained is refused and what can be is not; in between there is a word of warning."""
    file = place.dir / "few.csv"
    draw = random.Random(8)
    warned = "7 {} rows are few for 1 feature: with fewer than 10 for each, what a model learns is largely chance"
    for rare in (0, 1):
        write_few = lambda n: file.write_text("x,y\n" + "".join(f"{draw.randint(0, 99) + 60 * (i < n)},{rare if i < n else 1 - rare}\n" for i in range(60)))  # pylint: disable=cell-var-from-loop
        write_few(6)
        refused = place.run("portfolio", "init", str(file), "--target", "y", "--name", "few", status=1)["error"]["message"]
        n_bad, n_good = (6, 54) if rare else (54, 6)
        assert refused == (f"{n_bad} bad and {n_good} good rows are too few to train on: the test, a fifth, and each of the 5 folds need "
                           "both: at least 7 of either"), refused
        assert not (place.dir / "portfolios" / "few").exists()
        write_few(7)
        made = place.run("portfolio", "init", str(file), "--target", "y", "--name", f"few_{rare}")
        assert made["notes"][1:] == [warned.format("bad" if rare else "good"), NO_CUSTOMER], made["notes"]
        assert place.run("--portfolio", f"few_{rare}", "train", "--no-search", "--models", "logistic")["models"]


def check_few_of_a_part(place):
    """Where the file marks the test rows, each of its two parts must do; rows without an outcome count in none."""
    file = place.dir / "parts.csv"
    draw = random.Random(9)
    words = ("portfolio", "init", str(file), "--target", "y", "--test-column", "t", "--name")

    def write(rare, n_train, n_test):
        rows = [(rare if i < n else 1 - rare, test) for test, n in ((0, n_train), (1, n_test)) for i in range(40)]
        draw.shuffle(rows)
        file.write_text("x,y,t\n" + "".join(f"{draw.randint(0, 99) + 60 * (y == rare)},{y},{test}\n" for y, test in rows))

    for rare in (0, 1):
        counts = lambda n: "{} bad and {} good".format(*((n, 40 - n) if rare else (40 - n, n)))  # pylint: disable=cell-var-from-loop
        write(rare, 4, 16)
        refused = place.run(*words, "parts", status=1)["error"]["message"]
        assert refused == f"{counts(4)} rows besides the test rows are too few to train on: each of the 5 folds needs both: at least 5 of either", refused
        write(rare, 16, 0)
        refused = place.run(*words, "parts", status=1)["error"]["message"]
        assert refused == f"{counts(0)} test rows are too few to test on: at least 1 of either", refused
        write(rare, 5, 1)
        made = place.run(*words, f"parts_{rare}")
        assert any(note.startswith(f"5 {'bad' if rare else 'good'} rows are few for 1 feature: ") for note in made["notes"]), made["notes"]
        assert place.run("--portfolio", f"parts_{rare}", "train", "--split", "column:t", "--no-search", "--models", "logistic")["models"]
    file.write_text("x,y\n" + "".join(f"{draw.randint(0, 99)},{'0' if i < 6 else '1' if i < 46 else ''}\n" for i in range(60)))
    refused = place.run("portfolio", "init", str(file), "--target", "y", "--name", "parts", status=1)["error"]["message"]
    assert refused.startswith("40 bad and 6 good rows are too few to train on: the test, a fifth, and each of the 5 folds need both: "), refused


def check_no_field(place):
    """Where no column is left, the message says of each why."""
    file = place.dir / "nothing.csv"
    file.write_text("id,remark,unit,gap,y\n" + "".join(f"{i},text {i},EUR,,{i % 2}\n" for i in range(1000)))
    refused = place.run("portfolio", "init", str(file), "--target", "y", "--name", "nothing", status=1)["error"]["message"]
    assert refused == ("no column of the file can be a field: 'id': 1000 different values in 1000 rows: it is the key of the rows; "
                       "'remark': more than 64 different texts in 1000 rows: too many for a choice; 'unit': all 1000 rows have the same value; "
                       "'gap': it is empty"), refused
    file.write_text(",".join(f"c{i}" for i in range(90)) + ",y\n" + "".join("," * 90 + f"{i % 2}\n" for i in range(9)))
    refused = place.run("portfolio", "init", str(file), "--target", "y", "--name", "nothing", status=1)["error"]["message"]
    assert "'c0': it is empty; 'c1': it is empty; " in refused and refused.endswith(" more") and len(refused) < 512, refused
    file.write_text("y\n" + "".join(f"{i % 2}\n" for i in range(100)))
    refused = place.run("portfolio", "init", str(file), "--target", "y", "--name", "nothing", status=1)["error"]["message"]
    assert refused == "the file has no column but the outcome: there is nothing to learn from", refused


def check_hints(place):
    """The commands that are printed as the next ones work as they are printed, wherever the options of place point."""
    file = place.dir / "hints.csv"
    draw = random.Random(4)
    file.write_text("x,holdout,y\n" + "".join(f"{i % 97},{int(i % 5 == 0)},{int(draw.random() < (0.1 + 0.6 * (i % 97 > 50)))}\n" for i in range(500)))
    other = ["--db", f"sqlite:{place.dir}/an other.db", "--registry", str(place.dir / "others")]

    def follow(text):
        """Gives the command as a shell would read it."""
        assert text.startswith(f"{place.creditrisk} "), text
        done = subprocess.run(text, shell=True, cwd=place.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (text, done)
        return done.stdout

    def look(*words):
        return subprocess.run([place.creditrisk, *other, *words], cwd=place.root, capture_output=True, text=True, check=False)

    made = look("portfolio", "init", str(file), "--target", "y", "--test-column", "holdout", "--name", "hints", "--portfolio", "retail")
    assert made.returncode == 0, made
    again, check, train = [line.strip() for line in made.stderr.splitlines() if line.startswith(f"  {place.creditrisk} ")]
    assert re.search("^hints +500 +0$", follow(again), re.M)
    assert "hints: 500 rows, no fault found" in follow(check)
    ill = look("doctor", "--portfolio", "hints").stdout
    assert f"--registry {place.dir}/others" in ill and "does not exist; a training would make it" in ill, ill
    follow(train + " --no-search --models logistic")
    ill = look("doctor", "--portfolio", "hints").stdout
    promote = ill[ill.index(f"{place.creditrisk} registry promote"):].split("'…'")[0]
    assert "VERSION" in promote, promote
    promote = promote.replace("VERSION", "v1") + "test" + ill[ill.index("'…'") + len("'…'"):].splitlines()[0].rstrip("'")
    follow(promote)
    well = look("doctor", "--portfolio", "hints")
    loud = look("train", "--portfolio", "hints", "--no-search", "--models", "logistic")
    assert loud.returncode == 0 and "the book marks test rows of its own: --split column:holdout tests on them\n" in loud.stderr, loud
    assert "1 version, no champion" in ill and "1 version, champion v1" in well.stdout and well.returncode == 0, (ill, well)
    (place.dir / "an other.db").unlink()
    gone = look("portfolio", "check", "hints").stderr
    follow(gone[gone.index(f"{place.creditrisk} import"):].strip()[:-1].replace("FILE.csv", str(file)))
    assert "hints: 500 rows, no fault found" in follow(check)


def check_unsendable(place):
    """A range that cuts off many of the rows that are in the book is told of where they are trained on."""
    file = place.dir / "ranges.csv"
    draw = random.Random(14)
    file.write_text("x,y\n" + "".join(f"{i % 100},{int(draw.random() < (0.1 + 0.6 * (i % 100 > 50)))}\n" for i in range(500)))
    place.run("portfolio", "init", str(file), "--target", "y", "--name", "ranges")
    application = place.dir / "portfolios" / "ranges" / "application.yaml"
    text = application.read_text()
    assert "max: 200," in text, text
    for highest, n_beyond in [(79, 100), (89, None)]:
        application.write_text(text.replace("max: 200,", f"max: {highest},"))
        told_of = loud(place, "--portfolio", "ranges", "train", "--no-search", "--models", "logistic").stderr
        assert OUTDATED in told_of, told_of
        assert (" of 500 rows are trained or tested on, though " in told_of) == (n_beyond is not None), told_of
        assert n_beyond is None or f"\n{n_beyond} of 500 rows are trained" in told_of, told_of


def replace_entries(path, names, text):
    """Puts a text in place of the entries of these names, which stand one behind the other."""
    whole, n = re.subn("".join(rf"  - {{name: {name},[^\n]*\n(?:     [^\n]*\n)*" for name in names), lambda _: text, path.read_text())
    assert n == 1, (path, names)
    path.write_text(whole)


def check_guide(place):
    """The guide's example of codes that become readable, as it stands there, works in what init has made."""
    guide = (place.root / "docs/new-portfolio.md").read_text()
    blocks = [block for block in re.findall(r"```yaml\n(.*?)```", guide, re.S) if "name: savings" in block]
    assert len(blocks) == 2, blocks
    draw = random.Random(1)
    codes = [draw.randint(1, 3) for _ in range(500)]
    file = place.dir / "loans.csv"
    file.write_text("amount,savings,status\n" + "".join(f"{draw.randint(100, 9000)},{code},{int(draw.random() < 0.6 - 0.15 * code)}\n" for code in codes))
    place.run("portfolio", "init", str(file), "--target", "status", "--name", "my_loans")
    folder = place.dir / "portfolios" / "my_loans"
    replace_entries(folder / "application.yaml", ["savings"], blocks[0])
    replace_entries(folder / "features.yaml", ["savings", "savings_case"], blocks[1])
    sql = folder / "features.sql"
    text, n = re.subn(r",\s*CASE WHEN savings = 1 .*? AS savings_case", "", sql.read_text(), flags=re.S)
    assert n == 1, text
    sql.write_text(text)
    place.run("--portfolio", "my_loans", "import", str(file), "--replace")
    assert place.run("portfolio", "check", "my_loans")["ok"]
    place.run("--portfolio", "my_loans", "train", "--no-search", "--models", "logistic", "--promote")
    body = place.dir / "savings.json"
    refused = place.run("--portfolio", "my_loans", "threshold", "--lgd", "0.5", status=1)["error"]["message"]
    assert refused.endswith("share of: name their field in policy.yaml, instalment: {amount: FIELD}, and train again"), refused
    answers = []
    for savings in ("2", "below 100 DM"):
        body.write_text(json.dumps({"amount": 500, "savings": savings}))
        answers.append(place.run("--portfolio", "my_loans", "predict", str(body)))
    assert answers[0] == answers[1] and answers[0]["imputed"] == [], answers


def check_noise(place):
    """Where no input tells the outcome, training says so and of which model; a failed import speaks of no rows."""
    noise = place.dir / "noise.csv"
    noise.write_text("x,y\n" + "".join(f"{i // 2 % 2},{i % 2}\n" for i in range(400)))
    place.run("portfolio", "init", str(noise), "--target", "y", "--name", "noise")
    place.globals[-1] = "noise"
    message = place.run("train", "--no-search", "--models", "logistic", status=1)["error"]["message"]
    assert message.startswith("model 'logistic': ") and message.endswith("no input tells the outcome; portfolio check finds no fault"), message
    assert place.run("portfolio", "check", "noise")["ok"], "nobody is sent there for nothing"
    application = place.dir / "portfolios" / "noise" / "application.yaml"
    text = application.read_text()
    application.write_text(text.replace("max: 1,", "max: 2,", 1))
    assert application.read_text() != text, text
    message = place.run("train", "--no-search", "--models", "logistic", status=1)["error"]["message"]
    assert re.search("no input tells the outcome: run '[^']*creditrisk portfolio check noise ", message), message
    assert place.run("portfolio", "check", "noise", status=1)["faults"][0].startswith(OUTDATED)
    application.write_text(text)
    leak = place.dir / "leak.csv"
    leak.write_text("x,y\n" + "".join(f"{i % 2},{i % 2}\n" for i in range(400)))
    place.run("portfolio", "init", str(leak), "--target", "y", "--name", "leak")
    message = place.run("train", "--no-search", "--models", "logistic", "--portfolio", "leak", status=1)["error"]["message"]
    assert re.search("separate the outcomes completely, as where an input knows the outcome: run '[^']*creditrisk portfolio check leak ", message), message
    assert "'x' alone tells" in place.run("portfolio", "check", "leak", status=1)["faults"][0]
    leak.write_text("x,y\n" + "".join(f"{(i % 2) ^ (i % 100 == 7)},{i % 2}\n" for i in range(400)))
    place.run("--portfolio", "leak", "import", str(leak), "--replace")
    told_of = loud(place, "--portfolio", "leak", "train", "--no-search", "--models", "logistic").stderr
    assert re.search("^v1: with a CV AUC of 0.9[5-9]\\d\\d an input may know the outcome, which .*creditrisk portfolio check leak .*looks for$", told_of, re.M), told_of
    imported = loud(place, "import", str(noise), "--replace")
    assert "noise: 400 rows, " in imported.stderr, imported.stderr
    noise.write_text("x\n1\n")
    failed = loud(place, "import", str(noise), "--replace")
    assert failed.returncode == 1 and failed.stderr == f"creditrisk: {noise}:1:2: column 'y' is missing\n", failed.stderr


def check_chance(place):
    """A model of which nobody can tell that it knows more than chance is published with a word about it, and another one without."""
    said = []
    for seed in (2, 4):
        draw = random.Random(seed)
        file, name = place.dir / f"chance{seed}.csv", f"chance{seed}"
        points = [draw.gauss(0, 1) for _ in range(400)]
        file.write_text("x,y\n" + "".join(f"{x:.3f},{int(draw.random() < 0.3 + 0.05 * x)}\n" for x in points))
        place.run("portfolio", "init", str(file), "--target", "y", "--name", name)
        report = place.run("--portfolio", name, "train", "--no-search", "--models", "logistic")
        auc, error = (report["models"][0][key] for key in ("cv_auc", "cv_se"))
        said.append(auc - 2 * error <= 0.5)
        assert report["notes"] == [f"logistic ranks hardly better than chance, if at all: its CV AUC of {auc:.4f} ± {error:.4f} is not more than two "
                                   "standard errors above 0.5"] * said[-1], report["notes"]
    assert sorted(said) == [False, True], said


def check_left_out(place):
    """A model that learns nothing does not take the others with it: neither column tells the outcome, but the two together do."""
    file = place.dir / "either.csv"
    draw = random.Random(5)
    cells = [(i % 2, i // 2 % 2) for i in range(800)]
    file.write_text("x,z,y\n" + "".join(f"{x},{z},{x ^ z ^ (draw.random() < 0.1)}\n" for x, z in cells))
    place.run("portfolio", "init", str(file), "--target", "y", "--name", "either")
    place.globals[-1] = "either"
    words = ("train", "--no-search", "--models", "logistic,gbm")
    done = loud(place, *words)
    assert done.returncode == 0 and re.search("^logistic was left out: .*no input tells the outcome$", done.stderr, re.M), done.stderr
    trained = place.run(*words)
    assert [model["kind"] for model in trained["models"]] == ["gbm"] and trained["models"][0]["metrics"]["auc_roc"] > 0.8, trained["models"]


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have ignored, and the programs below it would
    with Workplace(*sys.argv[1:4]) as place:
        os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(place.dir / "portfolios")
        table = list(rows())
        file = place.dir / "book.csv"
        write(file, ";", table)
        made = place.run("portfolio", "init", str(file), "--target", "Loan Status", "--test-column", "Holdout", "--name", "tricky")
        n_bad = sum(row[-1] == "Charged Off" for row in table)
        assert made == {"portfolio": "tricky", "folder": str(place.dir / "portfolios" / "tricky"), "rows": N_ROWS, "odd_cells": 0, "rejected": 0, "rejects_file": None, "fields": 7, "features": 9, "left_out": 3, "test_column": "holdout",
                        "bad": "Charged Off", "n_bad": n_bad,
                        "notes": ["column 'empty': left out: it is empty", "column 'constant': left out: all 600 rows have the same value",
                                  "column 'remark': left out: more than 64 different texts in 600 rows: too many for a choice",
                                  told(place, "tricky", "Loan Status", "Charged Off", n_bad, N_ROWS, "exchange"),
                                  "'sex': " + PROHIBITED,
                                  "column 'Loan ID': no input, but the key of the rows: an identifier by its name, no value twice",
                                  "column 'client_id': no input, but the customer, by its name: one customer's rows stay in one fold",
                                  "column 'Start Date': no input, but the date of the application, as every row has one: 'train --split time' tests on the latest",
                                  f"the folder '{place.dir}/portfolios' and the database 'sqlite:{place.db}' are new: neither was there before"]}, made
        check_texts(place.dir / "portfolios" / "tricky")
        place.globals += ["--portfolio", "tricky"]
        checked = place.run("portfolio", "check", "tricky")
        assert checked["ok"] and checked["rows"] == N_ROWS and checked["faults"] == [], checked
        trained = place.run("train", "--no-search", "--models", "logistic", "--split", "column:holdout", "--promote")
        assert trained["split"]["n_test"] == N_ROWS / 5 and trained["promoted"], trained
        assert not any("other tables" in sentence for sentence in trained["honesty"]), "the book has one"
        assert trained["models"][0]["metrics"]["auc_roc"] > 0.55, trained["models"][0]["metrics"]
        check_file(place, trained["champion"], file, table)
        check_serving(place, "tricky", table)
        check_refusals(place, file)
        check_words(place)
        check_outcome(place)
        check_without_outcome(place)
        check_place(place)
        check_taken_back(place)
        check_again(place)
        check_odd(place)
        check_names(place)
        check_ids(place)
        check_key_field(place)
        check_capitals(place)
        check_headers(place)
        check_keys(place)
        check_written(place)
        check_unique(place)
        check_dates(place)
        check_converted(place)
        check_zeros(place)
        check_points(place)
        check_few(place)
        check_few_of_a_part(place)
        check_no_field(place)
        check_hints(place)
        check_unsendable(place)
        check_guide(place)
        check_noise(place)
        check_chance(place)
        check_left_out(place)


if __name__ == "__main__":
    main()
