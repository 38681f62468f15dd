#!/usr/bin/env python3
"""POST /predict/batch: for each row what /predict says of it, in order, in the request's form; a body that cannot be read is refused as a whole.

usage: batch.py CREDITRISK CREDITRISKD SOURCE_ROOT
"""
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

NDJSON = "application/x-ndjson"
MAX_ROWS = 10000
MAX_ROW_LEN = 65536
MAX_BODY_LEN = 8 << 20
SECRET = "oBviOuS-4711"


def variants(application):
    """Texts of rows, good and bad, as a client may send them."""
    dice = random.Random(7)
    rows = []
    for i in range(60):
        row = dict(application, age=18 + i % 50, credit_score=None if i % 7 == 0 else 300 + 10 * i,
                   annual_income=50000 + 1234.5 * i)
        keys = list(row)
        dice.shuffle(keys)
        rows.append(json.dumps({key: row[key] for key in keys}, indent=None if i % 3 else 1).replace("\n", " "))
    rows[3:3] = ["{}", "null", "[1, 2]", json.dumps({**application, "gender": SECRET}), json.dumps({**application, SECRET: 1}),
                 json.dumps({**application, "age": 17, "loan_amount": "1", "interest_rate": 41})]
    return rows


def without_id(answer):
    return {key: value for key, value in answer.items() if key != "decision_id"}


def check_row(row, single, index):
    """One row of a batch against the answer that the same text gets alone."""
    if single.status == 200:
        assert without_id(row) == without_id(single.json()), index
        assert row["decision_id"] != single.json()["decision_id"]
    else:
        assert single.status == 422 and row == {"index": index, "detail": single.json()["detail"]}, (row, single.json())


def check_forms(daemon, rows):
    """Both forms, with and without the full explanation, against one request each."""
    for query in ("", "?explain=full"):
        singles = [daemon.post("/predict" + query, row) for row in rows]
        array = daemon.post("/predict/batch" + query, "[" + " ,\n".join(rows) + "]\n")
        assert array.status == 200 and array.headers["Content-Type"] == "application/json"
        assert array.headers["Cache-Control"] == "no-store"
        lines = daemon.post("/predict/batch" + query, "\n\n".join(rows) + "\n", NDJSON)
        assert lines.status == 200 and lines.headers["Content-Type"] == NDJSON
        for results in (array.json(), [json.loads(line) for line in lines.body.decode().split("\n")[:-1]]):
            assert len(results) == len(rows)
            for i, (row, single) in enumerate(zip(results, singles)):
                check_row(row, single, i)
        for body in (array.body, lines.body):
            assert body.count(SECRET.encode()) == 1, "the one that is a key, not the value"
    ids = [row["decision_id"] for row in array.json() if "decision_id" in row]
    assert len(set(ids)) == len(ids) == 60


def check_broken(daemon, application):
    """Each row stands for itself: a broken one is its own fault only."""
    good = json.dumps(application)
    broken = ['{"age": }', '{"age": 1, "age": 1}', '{"age": NaN}', '{"a": "\\u0000"}', "01"]
    singles = [daemon.post("/predict", text) for text in broken]
    lines = daemon.post("/predict/batch", "\n".join([good, *broken, "[", good]), NDJSON)
    array = daemon.post("/predict/batch", "[" + ",".join([good, *broken, good]) + "]")
    assert lines.status == array.status == 200
    for results in ([json.loads(line) for line in lines.body.splitlines()], array.json()):
        for i, single in enumerate(singles, 1):
            check_row(results[i], single, i)
            assert results[i]["detail"][0]["type"] == "json_invalid"
        assert without_id(results[0]) == without_id(results[-1])
    (unknown,) = daemon.post("/predict/batch", json.dumps([application | {"loan_id": 1}])).json()
    assert unknown["detail"][0]["type"] == "extra_forbidden", "the book's keys are no fields, and no application has them"
    mark = b"\xef\xbb\xbf"
    for body, media in (("[" + good + "]", "application/json"), (good + "\n", NDJSON)):
        plain, marked = (daemon.post("/predict/batch", start + body.encode(), media) for start in (b"", mark))
        assert plain.status == marked.status == 200 and without_id(json.loads(plain.body.strip(b"[]"))) == without_id(json.loads(marked.body.strip(b"[]")))
    empty = daemon.post("/predict/batch", "", NDJSON)
    assert (empty.status, empty.body) == (200, b"")


def check_refused(answer, kind, place, value):
    problem = answer.json()
    assert answer.status == 422 and answer.headers["Content-Type"] == "application/problem+json", problem
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", "Unprocessable Content", 422)
    (error,) = problem["errors"]
    assert error["type"] == kind and error[place] == value and error["detail"], error
    assert kind != "json_invalid" or error["detail"] == f"JSON decode error: {error['ctx']['error']}", error


def check_unreadable(daemon, application):
    """A body that is no array of JSON is refused before anything is decided."""
    good = json.dumps(application)
    counted = predictions(daemon)
    for body, offset in [("[" + good + ",", len(good) + 2), ("[" + good + "] x", len(good) + 3), ("[1,]", 3), ("[{\"a\":1}", 8), ("[\"x]", 4),
                         ("[", 1), ("  ", 2)]:
        check_refused(daemon.post("/predict/batch", body), "json_invalid", "offset", offset)
    for body in (good, "5", "null"):
        check_refused(daemon.post("/predict/batch", body), "list_type", "pointer", "#")
    check_refused(daemon.post("/predict/batch", ""), "missing", "pointer", "#")
    check_refused(daemon.post("/predict/batch?explain=some", "[]"), "enum", "parameter", "explain")
    check_refused(daemon.post("/predict/batch?explian=full", "[]"), "extra_forbidden", "parameter", "explian")
    assert predictions(daemon) == counted > 0
    assert daemon.post("/predict/batch", "[]").json() == []


def check_largest(daemon, application):
    """The largest batch that is allowed, each row explained in full: within the default limits."""
    row = json.dumps(application)
    row = row[:-1] + " " * (MAX_BODY_LEN // MAX_ROWS - 1 - len(row)) + "}"
    answer = daemon.post("/predict/batch?explain=full", "\n".join([row] * MAX_ROWS), NDJSON)
    assert answer.status == 200, answer.body[:500]
    lines = answer.body.split(b"\n")
    assert len(lines) == MAX_ROWS + 1 and lines[-1] == b""
    assert len(json.loads(lines[0])["contributions"]["by_input"]) > 50
    assert without_id(json.loads(lines[0])) == without_id(json.loads(lines[-2]))


def predictions(daemon):
    lines = daemon.get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("creditrisk_predictions_total"))


def check_limits(daemon, application):
    for media in ("text/csv", "application/xml"):
        assert daemon.post("/predict/batch", "[]", media).status == 415
    assert daemon.post("/predict", "{}", NDJSON).status == 415
    assert daemon.request("GET", "/predict/batch").headers["Allow"] == "POST"
    full = daemon.post("/predict/batch", "[" + ",".join(["null"] * MAX_ROWS) + "]")
    assert full.status == 200 and len(full.json()) == MAX_ROWS and full.json()[-1]["index"] == MAX_ROWS - 1
    for body, media in [("[" + ",".join(["null"] * (MAX_ROWS + 1)) + "]", "application/json"), ("1\n" * (MAX_ROWS + 1), NDJSON)]:
        answer = daemon.post("/predict/batch", body, media)
        check_refused(answer, "too_long", "pointer", "#")
        assert answer.json()["errors"][0]["ctx"] == {"max_length": MAX_ROWS}
    good = json.dumps(application)
    rows = [good, good[:-1] + " " * (MAX_ROW_LEN - len(good)) + "}", good[:-1] + " " * (MAX_ROW_LEN + 1 - len(good)) + "}", good]
    results = daemon.post("/predict/batch", "[" + ",".join(rows) + "]").json()
    assert results[2] == {"index": 2, "detail": f"The row must not have more than {MAX_ROW_LEN} bytes"}
    assert without_id(results[0]) == without_id(results[1]) == without_id(results[3])
    many = [dict(application, age=18 + i % 50) for i in range(3000)]
    counted = predictions(daemon)
    results = daemon.post("/predict/batch", many).json()
    assert len(results) == len(many) and predictions(daemon) == counted + len(many)
    for i in range(50):
        assert {without_id(row)["margin"] for row in results[i::50]} == {results[i]["margin"]}


def check_without_model(workplace):
    with Daemon(workplace) as daemon:
        answer = daemon.post("/predict/batch", "[]")
        assert answer.status == 503 and answer.headers["Retry-After"] and answer.json()["status"] == 503


def main():
    with Workplace(*sys.argv[1:4]) as workplace:
        application = json.loads((workplace.root / "examples/application.json").read_text())
        check_without_model(workplace)
        workplace.promote_small()
        with Daemon(workplace) as daemon:
            check_forms(daemon, variants(application))
            check_broken(daemon, application)
            check_unreadable(daemon, application)
            check_limits(daemon, application)
            check_largest(daemon, application)
        assert SECRET not in daemon.log.read_text(), "a client's text in the log"


if __name__ == "__main__":
    main()
