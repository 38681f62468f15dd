#!/usr/bin/env python3
"""The files of `creditrisk predict` as people have them: with a byte order mark, under a name that says something else, broken, or asked for
the decision alone. What every row is answered is compared in cli.py.

usage: predict_files.py CREDITRISK CREDITRISKD SOURCE_ROOT
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Workplace  # pylint: disable=wrong-import-position

MARK = b"\xef\xbb\xbf"
BRIEF = ["probability", "probability_raw", "risk_category", "margin", "recommended_action", "model_version"]


def predict(place, data, *options, status=0, name=None):
    """Of a file with that name, else of standard input."""
    path = "-"
    if name:
        path = place.dir / name
        path.write_bytes(data)
    done = subprocess.run([place.creditrisk, *place.globals, "--quiet", "predict", path, *options], input=None if name else data,
                          cwd=place.root, capture_output=True, check=False)
    assert done.returncode == status, (options, name, done)
    return done


def told(done):
    """What the program refused to do, in words."""
    (line,) = done.stderr.decode().splitlines()
    return line.removeprefix("creditrisk: ")


def check_mark(place, one, row):
    """One byte order mark, as Windows writes it, is no part of what stands behind it, in any form; bytes of the file are counted with it."""
    header, cells = (",".join(map(str, part)).encode() + b"\n" for part in (one, one.values()))
    for data, options in ((row, []), (row, ["--json"]), (b"[" + row + b"]", []), (b"[" + row + b"]", ["--json"]), (b" \n" + row, ["--json"]),
                          (row + b"\n" + row, ["--format", "ndjson"]), (header + cells, ["--format", "csv"])):
        plain = predict(place, data, *options)
        assert predict(place, MARK + data, *options).stdout == plain.stdout and plain.stdout, options
        predict(place, MARK + MARK + data, *options, status=1)
    for data, place_of in ((b"{", "-: byte {} of the file: "), (b"[,", "-: row 1, byte {} of the file: "), (b"[] x", "-: byte {} of the file: ")):
        at = 3 if data == b"[] x" else 1
        assert told(predict(place, data, status=1)).startswith(place_of.format(at)), data
        assert told(predict(place, MARK + data, status=1)).startswith(place_of.format(at + 3)), data
    for data in (MARK, MARK[:2], MARK[:1]):
        assert told(predict(place, data, status=1)), "of a beginning alone"
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # of which each read gets one piece
    with ours, its, subprocess.Popen([place.creditrisk, *place.globals, "--quiet", "predict", "-", "--json"], cwd=place.root, stdin=its,
                                     stdout=subprocess.PIPE) as process:
        for piece in (MARK[:1], MARK[1:2], MARK[2:], row):
            ours.send(piece)
        ours.close()
        assert process.stdout.read() == predict(place, row, "--json").stdout, "the mark in pieces"
    assert process.returncode == 0


def check_guesses(place, row):
    """What a file is instead is told unless --format says what it is, and CSV only of what has cells."""
    csv, ndjson = "; CSV is read with --format csv", "; one application a line is read with --format ndjson"
    table, lines = b"age,gender\n30,Male\n", row + b"\n" + row
    for data, name, hint in ((table, None, csv), (table, "table.txt", csv), (table, "table.json", csv), (b"age\n30,1\n", None, ""), (b"nonsense", None, ""),
                             (row.decode().encode("utf-16"), None, ""), (lines, None, ndjson), (lines, "lines.json", ndjson)):
        refused = told(predict(place, data, name=name, status=1))
        assert (refused.partition(";")[2] != "") == (hint != "") and refused.endswith(hint), (refused, hint)
        assert ";" not in told(predict(place, data, "--format", "json", name=name, status=1))


def check_names(place, one, row):
    """A name that says NDJSON does not make many refusals of one document: --format says what it is, and the name holds for all that can be rows."""
    pretty = [json.dumps(one, indent=2), json.dumps(one).replace(", ", ",\n")]
    for name in ("rows.jsonl", "rows.ndjson"):
        for data in (b"[" + row + b"]", b"\n [\n" + row + b"]", MARK + b"[]", *(text.encode() for text in pretty), pretty[0].replace("\n", "\r\n").encode()):
            done = predict(place, data, name=name, status=1)
            assert told(done) == (f"{place.dir / name}: the name says one application a line, but it begins as one JSON document; "
                                  "that is read with --format json") and not done.stdout, done
            assert "error" in json.loads(predict(place, data, "--json", name=name, status=1).stdout)
            predict(place, data, "--format", "json", name=name)
        for first in (b"", b'{"age": 30', b'{"age": 1}}', row + b",", b'{"age": 30,}', b"null", b"age,", b"{}"):
            done = predict(place, first + b"\n" + row, name=name, status=0 if first == b"" else 1)
            *refused, last = map(json.loads, done.stdout.splitlines())
            assert "probability" in last and len(refused) == (first != b""), "one bad row must not cost its neighbours their answers"
        long = row[:-1] + b"," * (1 << 20)
        assert ":1: a row has more than 1048576 bytes" in told(predict(place, long, name=name, status=1))
    asked = predict(place, b"[1]\n" + row, "--format", "ndjson", status=1).stdout.splitlines()
    assert ["probability" in json.loads(line) for line in asked] == [False, True], "who asks for lines gets lines"


def check_tables(place, one, row):
    """A name may be in capitals; one that says CSV does not make a riddle of JSON."""
    header, cells = (",".join(map(str, part)).encode() + b"\n" for part in (one, one.values()))
    plain = predict(place, header + cells, name="rows.csv").stdout
    assert predict(place, header + cells, name="ROWS.CSV").stdout == plain and plain
    assert predict(place, row + b"\n" + row, name="ROWS.JSONL").stdout.count(b"\n") == 2
    for data, form in ((row, "ndjson"), (row + b"\n" + row, "ndjson"), (b" [" + row + b"]", "json"), (json.dumps(one, indent=2).encode(), "json"),
                       (MARK + row, "ndjson")):
        done = predict(place, data, name="rows.csv", status=1)
        assert told(done) == f"{place.dir}/rows.csv: the name says CSV, but it begins as JSON; that is read with --format {form}", done
        predict(place, data, "--format", form, name="rows.csv")
    pipe = place.dir / "pipe.csv"
    os.mkfifo(pipe)
    with subprocess.Popen([place.creditrisk, *place.globals, "--quiet", "predict", pipe], cwd=place.root, stdout=subprocess.PIPE) as process:
        pipe.write_bytes(header + cells)
        assert process.stdout.read() == plain, "a pipe is opened once"


def check_brackets(place, one, row):
    """A bracket is the beginning of JSON only where JSON could go on like that: the first name of a CSV file may have one."""
    header, cells = (",".join(map(str, part)).encode() + b"\n" for part in (one, one.values()))
    plain = predict(place, header + cells, name="rows.csv").stdout
    for name in (b"[note]", b"{note}", b" [total, in EUR]", b"[null value]", b"[2nd]", b"[1]", b"[]", b"[ true ]", "[für]".encode()):
        table = name + b"," + header + b",".join([b"x"] * (1 + name.count(b","))) + b"," + cells
        assert predict(place, table, name="rows.csv").stdout == plain, name
        refused = told(predict(place, table, name="rows.txt", status=1))
        assert name.strip()[:1] == b"{" or (refused.endswith("; CSV is read with --format csv") and " row " not in refused), refused
        assert predict(place, table, name="rows.jsonl", status=1).stdout.count(b"json_invalid") == 2, "lines of which each is refused"
        if name.strip()[:1] == b"[":
            broken = told(predict(place, table, name="rows.json", status=1))
            assert "/rows.json: " in broken and " CSV " not in broken and ("row 1, byte " in broken or "behind the array" in broken), broken
    for value in (b"undefined", b"NaN", b"'a'"):
        for name, options in (("rows.json", []), ("rows.txt", ["--format", "json"])):
            answered = predict(place, b"[" + value + b", " + row + b"]", *options, name=name, status=1)
            assert answered.stdout.startswith(b"--- row 1\nbyte ") and b"\n--- row 2\n" in answered.stdout and not answered.stderr, \
                "what is known to be JSON is an array, whatever goes on"
    blanks = b" " * (1 << 17)  # which no name has: a bracket's sequel is looked for in the first piece of the file alone
    for data, is_json in ((b"[" + blanks + b"note]," + header, True), (b"[" + blanks[:1000] + b"note]," + header + b"x," + cells, False)):
        assert ("it begins as JSON" in predict(place, data, name="rows.csv", status=int(is_json)).stderr.decode()) == is_json
    for data in (b"[]", b"[]\n", b"[1]\r\n", b"[ 1, 2]", b"[true]", b'["a"]', b"[[", b"{}", b'{"age', b" \n[\n {"):
        assert "it begins as JSON" in told(predict(place, data, name="rows.csv", status=1)), data
    for pieces in ((b"[", b"\n", b"{", row[1:] + b"]"), (b"[", b"n", b"ull,", row + b"]"), (b"[", b"nu", b"m]"), (b"[", b"")):
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # of which each read gets one piece
        with ours, its, subprocess.Popen([place.creditrisk, *place.globals, "--quiet", "predict", "-"], cwd=place.root, stdin=its, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL) as process:
            for piece in filter(None, pieces):
                ours.send(piece)
            ours.close()
            whole = b"".join(pieces)
            assert process.stdout.read() == predict(place, whole, status=int(whole.startswith(b"[n") or whole == b"[")).stdout, pieces


def check_absent(place, one):
    """An optional field without a column is told, as its column may have another name; a required one is missed by every row."""
    sent = {("cibil" if key == "city_tier" else key): value for key, value in (one | {"city_tier": 1}).items() if key != "credit_utilization"}
    done = subprocess.run([place.creditrisk, *place.globals, "predict", "-", "--format", "csv"], cwd=place.root, capture_output=True, text=True, check=True,
                          input=",".join(sent) + "\n" + ",".join(map(str, sent.values())) + "\n")
    ignored, missing, default, _ = done.stderr.splitlines()
    assert ignored == "-: column 'cibil' is ignored"
    assert missing.startswith("-: no column for the fields 'city_tier', 'phone_verified', ") and missing.endswith(": missing in all rows"), missing
    assert default == "-: no column for the field 'credit_utilization': the default in all rows", default
    (answer,) = map(json.loads, done.stdout.splitlines())
    named = [name for name in answer["imputed"] if f"'{name}'" in missing]
    assert "city_tier" in named and not any(f"'{name}'" in missing for name in sent), named


def check_encoding(place, one):
    """A row in another encoding is refused as that, in its place; what stands in a column that is no field is nobody's trouble."""
    header, cells = (",".join(map(str, part)) + "\n" for part in (one | {"note": "café"}, (one | {"note": "café"}).values()))
    garbled = cells.replace("Married", "Marié")
    done = predict(place, (header + cells + garbled + cells).encode("latin-1"), "--format", "csv", status=1)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert "probability" in first and third == first | {"index": 2, "line": 4}, third
    assert second["detail"] == [{"type": "csv_invalid", "loc": ["body"],
                                 "msg": "Line 3: what stands for 'marital_status' is not UTF-8: convert the file"}], second
    assert "probability" in json.loads(predict(place, (header + cells).encode(), "--format", "csv").stdout)


def check_places(place, row):
    """In words: of which whole a byte is counted."""
    data = b"[" + row + b', {"age": }, 1'
    broken = predict(place, data, status=1)
    assert b"\n--- row 2\nbyte 8 of the row: JSON decode error: Expecting value\n" in broken.stdout, broken.stdout
    assert told(broken).startswith(f"-: row 3, byte {len(data)} of the file: "), broken.stderr
    for table, fault in ((b"age,loan_amount\n1,1\n\"x\n", "-:3: the row has a quote"), (b"agee,loan_amount\n1,1\n", "-:1: there is no field 'agee'"),
                         (b"\x1f\x8b\n", "-: gzip")):
        assert told(predict(place, table, "--format", "csv", status=1)).startswith(fault), fault


def check_brief(place, one):
    """The decision alone, of an array as of lines, with every refusal in its place."""
    rows = [json.dumps(one | {"age": 12 + i % 60, "credit_score": 300 + i}).encode() for i in range(700)]
    array = b"[" + b",\n".join(rows) + b"]"
    lines = [json.loads(line) for line in predict(place, b"\n".join(rows), "--format", "ndjson", "--brief", status=1).stdout.splitlines()]
    answers = json.loads(predict(place, array, "--json", "--brief", status=1).stdout)
    assert answers == [{key: value for key, value in line.items() if key != "line" and (key != "index" or "detail" in line)} for line in lines]
    assert {tuple(answer) for answer in answers} == {tuple(BRIEF), ("detail", "index")}
    broken = json.loads(predict(place, array[:-1] + b",]", "--json", "--brief", status=1).stdout)
    assert broken[:-1] == answers and broken[-1]["error"]["code"] == "EPARSE", "the last answer ends the array"
    assert json.loads(predict(place, b"[]", "--json", "--brief").stdout) == []
    for data, options in ((array, ["--brief"]), (rows[20], ["--json", "--brief"]), (b"", ["--json", "--brief"]), (array, ["--json", "--brief", "--explain"])):
        assert "--brief" in predict(place, data, *options, status=2).stderr.decode(), options


def check_keys(place, one):
    """Whose row it is: the keys of the book go along with NDJSON and CSV, as the file has them, and no answer depends on them."""
    ids = ["0017", "C-3, \"the\" first", "Zoë", "12345678901234567890", " 7", "1e3"]
    keys = [{"loan_id": text, "customer_id": f"K{i // 2}"} for i, text in enumerate(ids)] + [{"loan_id": None, "customer_id": "NA"}]
    cells = ['"' + key["loan_id"].replace('"', '""') + '"' if key["loan_id"] else "NA" for key in keys]
    table = "loan_id," + ",".join(one) + ",customer_id\n" + \
        "".join(f"{cell},{','.join(map(str, one.values()))},\"{key['customer_id']}\"\n" for cell, key in zip(cells, keys))
    for options in ([], ["--brief"]):
        plain = json.loads(predict(place, json.dumps(one).encode(), "--format", "ndjson", *options).stdout)
        answers = [json.loads(line) for line in predict(place, table.encode(), "--format", "csv", *options).stdout.splitlines()]
        assert answers == [plain | {"index": i, "line": i + 2, "keys": key} for i, key in enumerate(keys)]
        rows = [{"loan_id": 12345678901234567890}, {"customer_id": "K"}, {}, {"loan_id": 2, "age": 12}, {"loan_id": [1]}, {"loan": 1},
                {"loan_id": "last", "customer_id": None}]
        lines = "\n".join(json.dumps(row | {key: one[key] for key in one if key not in row}) for row in rows) + "\n" + '{"loan_id": 1, "age": }'
        answers = [json.loads(line) for line in predict(place, lines.encode(), "--format", "ndjson", *options, status=1).stdout.splitlines()]
        assert [answer.get("keys") for answer in answers] == [{"loan_id": 12345678901234567890}, {"customer_id": "K"}, None, {"loan_id": 2}, None, None,
                                                              {"loan_id": "last", "customer_id": None}, None], answers
        refused = ["probability" not in answer and answer["detail"][0]["type"] for answer in answers]
        assert refused == [False, False, False, "greater_than_equal", "extra_forbidden", "extra_forbidden", False, "json_invalid"], refused
    for number in range(700), range(3):  # answers that wait are of rows that are gone
        many = "".join(json.dumps({"loan_id": i} | one | {"age": 12 if i % 300 == 299 else 30}) + "\n" for i in number)
        done = predict(place, many.encode(), "--format", "ndjson", "--brief", status=int(len(number) > 299))
        assert [json.loads(line)["keys"] for line in done.stdout.splitlines()] == [{"loan_id": i} for i in number]
    for options in ([], ["--json"]):
        for data in (json.dumps({"loan_id": 1} | one), json.dumps([{"loan_id": 1} | one])):
            assert "loan_id" in predict(place, data.encode(), *options, status=1).stdout.decode(), "a client's application has no key"
    twice = table.replace("customer_id", "loan_id", 1)
    assert told(predict(place, twice.encode(), "--format", "csv", status=1)) == \
        f"-:1:{len(one) + 2}: the columns 'loan_id' and 'loan_id' are both the key 'loan_id'"
    broken = [json.loads(line) for line in predict(place, table.encode("latin-1"), "--format", "csv", status=1).stdout.splitlines()]
    assert broken[2] == {"detail": [{"type": "csv_invalid", "loc": ["body"], "msg": "Line 4: what stands for 'loan_id' is not UTF-8: convert the file"}],
                         "index": 2, "line": 4}, broken[2]
    said = subprocess.run([place.creditrisk, *place.globals, "predict", "-", "--format", "csv"], cwd=place.root, capture_output=True, check=True,
                          input=table.encode()).stderr.decode()
    assert "ignored" not in said, said


def start(place, *words):
    return subprocess.Popen([place.creditrisk, *place.globals, "--quiet", "predict", *words], cwd=place.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def check_pipes(place, one, row):
    """What has come is answered before more is waited for; Ctrl-C then, or while answers wait for their reader, comes between two rows."""
    header, cells = (",".join(map(str, part)).encode() + b"\n" for part in (one, one.values()))
    end = {"error": {"code": "INTERRUPTED", "message": "interrupted"}}
    for form, first, line in (("ndjson", b"", row + b"\n"), ("csv", header, cells)):
        for options in ([], ["--brief"]):
            with start(place, "-", "--format", form, "--json", *options) as process:
                for i, sent in enumerate((first + line, line, line + line)):
                    process.stdin.write(sent)
                    process.stdin.flush()
                    assert json.loads(process.stdout.readline())["index"] == i
                assert json.loads(process.stdout.readline())["index"] == 3
                process.send_signal(signal.SIGINT)
                assert json.loads(process.stdout.read()) == end and process.stderr.read() == b"creditrisk: interrupted\n"
            assert process.returncode == 130, (form, options)
    with start(place, "-", "--format", "csv") as process:
        process.stdin.write(b'age,na"me\n1,2\n')
        process.stdin.flush()
        assert process.wait(timeout=60) == 1 and b"-:1: a quote inside a field" in process.stderr.read(), "what is broken is refused while the pipe is open"
    with start(place, "-", "--format", "json", "--json") as process:
        process.stdin.write(b"[" + row + b",")
        process.stdin.flush()
        answered = b""
        while answered.count(b"}") == 0 or answered.count(b"{") != answered.count(b"}"):
            answered += process.stdout.read1()
        process.send_signal(signal.SIGINT)
        first, last = json.loads(answered + process.stdout.read())
    assert "probability" in first and last == end and process.returncode == 130, "the array is closed"
    for name, data in (("many.ndjson", (row + b"\n") * 3000), ("many.csv", header + cells * 3000), ("many.json", b"[" + b",".join([row] * 3000) + b"]")):
        (place.dir / name).write_bytes(data)
        with start(place, place.dir / name, "--json", "--brief") as process:
            answered = process.stdout.read(1)  # the pipe does not hold them all
            process.send_signal(signal.SIGINT)
            answered += process.stdout.read()
        answers = json.loads(answered) if name == "many.json" else [json.loads(line) for line in answered.splitlines()]
        assert answers[-1] == end and 0 < len(answers) - 1 < 3000 and all("probability" in answer for answer in answers[:-1]), answers[-1]
        assert process.returncode == 130 and answered.endswith(b"\n"), name


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have ignored, and the programs below it would
    with Workplace(*sys.argv[1:4]) as place:
        place.promote_small()
        one = json.loads((place.root / "examples/application.json").read_text())
        row = json.dumps(one).encode()
        check_mark(place, one, row)
        check_guesses(place, row)
        check_names(place, one, row)
        check_tables(place, one, row)
        check_brackets(place, one, row)
        check_absent(place, one)
        check_encoding(place, one)
        check_places(place, row)
        check_brief(place, one)
        check_keys(place, one)
        check_pipes(place, one, row)


if __name__ == "__main__":
    main()
