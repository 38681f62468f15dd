#!/usr/bin/env python3
"""One daemon, several loan books: the default one at the root, each below /portfolios/NAME, all of them loaded, counted and reloaded together.

usage: portfolios.py CREDITRISK CREDITRISKD SOURCE_ROOT
"""
import contextlib
import csv
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

CARD = {"amount": 120.5, "kind": "old", "visits": 3}


def make_cards(place, name):
    """Another book, from a CSV file, with a champion."""
    draw = random.Random(5)
    file = place.dir / f"{name}.csv"
    with open(file, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["amount", "kind", "visits", "failed"])
        for _ in range(400):
            amount, kind, visits = round(draw.uniform(10, 500), 2), draw.choice(["new", "old"]), draw.randint(0, 9)
            rows.writerow([amount, kind, visits, int(draw.random() < 0.15 + 0.05 * visits)])
    place.run("portfolio", "init", str(file), "--target", "failed", "--name", name)
    promote_next(place, name)


def promote_next(place, name):
    """Trains a new version of the portfolio, which then serves when it is loaded."""
    trained = place.run("--portfolio", name, "train", "--no-search", "--models", "logistic", "--promote")
    assert trained["promoted"], trained["gates"]
    return trained["champion"]


def post(daemon, path, body):
    return daemon.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})


def without_id(answer):
    return {key: value for key, value in answer.items() if key != "decision_id"}


def check_answers(place, daemon, application):
    """The same routes for both books, each with its own fields."""
    listed = daemon.request("GET", "/portfolios").json()["portfolios"]
    assert [(book["name"], book["default"], book["model_version"]) for book in listed] == [("retail", True, "v1"), ("cards", False, "v1")], listed
    root, named = post(daemon, "/predict", application), post(daemon, "/portfolios/retail/predict", application)
    assert root.status == named.status == 200 and without_id(root.json()) == without_id(named.json())
    assert named.headers["Cache-Control"] == "no-store"
    file = place.dir / "card.json"
    file.write_text(json.dumps(CARD))
    answer = post(daemon, "/portfolios/cards/predict", CARD)
    assert answer.status == 200 and without_id(answer.json()) == place.run("--portfolio", "cards", "predict", str(file)), answer.body
    full = post(daemon, "/portfolios/cards/predict?explain=full", CARD).json()
    assert set(full["contributions"]["by_group"]) == {"Amount", "Kind", "Visits"}, full
    batch = post(daemon, "/portfolios/cards/predict/batch", [CARD, application, CARD]).json()
    assert without_id(batch[0]) == without_id(batch[2]) == without_id(answer.json()) and batch[1]["index"] == 1, batch
    refused = post(daemon, "/portfolios/cards/predict", application)
    assert refused.status == 422 and any(issue["loc"] == ["body", "amount"] for issue in refused.json()["detail"]), refused.body


def check_columns(place):
    """What a file's columns are not is told, but of what the book's own file has beside the fields nothing is."""
    file = place.dir / "rows.csv"
    for more, told in (([], []), (["failed"], []), (["failed", "note"], [f"{file}: column 'note' is ignored"])):
        file.write_text(",".join([*CARD, *more]) + "\n" + ",".join(map(str, [*CARD.values(), *("1" for _ in more)])) + "\n")
        done = subprocess.run([place.creditrisk, *place.globals, "--portfolio", "cards", "predict", file], cwd=place.root, capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[:-1] == told and "probability" in done.stdout, done


def check_documents(daemon):
    for name, title, field in [("retail", "Retail loans", "annual_income"), ("cards", "Cards", "visits")]:
        at = f"/portfolios/{name}"
        assert daemon.request("GET", f"{at}/health").json()["model_version"] == "v1"
        assert daemon.request("GET", f"{at}/model-info").json()["portfolio"]["name"] == name
        assert daemon.request("GET", f"{at}/ui/portfolio.json").json()["title"] == title
        assert daemon.request("GET", f"{at}/ui/registry.json").json()["portfolio"] == name
        assert daemon.request("GET", f"{at}/report.json").json()["portfolio"] == name
        own = daemon.request("GET", f"{at}/openapi.json").json()
        assert own["servers"][0]["url"] == at and field in own["components"]["schemas"]["Application"]["properties"], own["servers"]
        for path, item in own["paths"].items():
            for method in item:
                assert daemon.request(method.upper(), at + path).status in (200, 415), (at, path)
    whole = daemon.request("GET", "/openapi.json").json()["paths"]
    assert {f"/portfolios/{{name}}{path}" for path in own["paths"]} == {path for path in whole if path.startswith("/portfolios/{name}")}


def check_inference(daemon):
    body = {"inputs": [{"name": "amount", "shape": [1], "datatype": "FP64", "data": [CARD["amount"]]},
                       {"name": "kind", "shape": [1], "datatype": "BYTES", "data": [CARD["kind"]]},
                       {"name": "visits", "shape": [1], "datatype": "INT64", "data": [CARD["visits"]]}]}
    inferred = post(daemon, "/v2/models/cards/infer", body)
    assert inferred.status == 200 and inferred.json()["model_name"] == "cards", inferred.body
    expected = post(daemon, "/portfolios/cards/predict", CARD).json()["probability_raw"]
    assert abs(inferred.json()["outputs"][0]["data"][0] - expected) < 1e-6
    assert daemon.request("GET", "/v2/models/retail/ready").status == 200


def check_unknown(daemon):
    for name in ("none", "empty", "..", "%2e%2e", "retail%2f"):
        answer = post(daemon, f"/portfolios/{name}/predict", CARD)
        assert answer.status == 404, (name, answer.status)
    assert daemon.request("GET", "/portfolios/none/health").json() == {"detail": "There is no such portfolio"}
    near = daemon.request("POST", "/portfolios/card/predict", "{}")
    assert near.status == 404 and near.json() == {"detail": "There is no such portfolio; did you mean 'cards'?"}, near.body
    assert daemon.request("GET", "/v2/models/none/ready").status == 404
    wrong = daemon.request("GET", "/portfolios/cards/predict")
    assert wrong.status == 405 and wrong.headers["Allow"] == "POST"


def check_metrics(daemon):
    """The default book's series are as they were without the other."""
    text = daemon.request("GET", "/metrics").body.decode()
    counts = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[0] != "#"}
    retail = sum(n for name, n in counts.items() if name.startswith("creditrisk_predictions_total{version="))
    cards = sum(n for name, n in counts.items() if name.startswith('creditrisk_predictions_total{portfolio="cards",version='))
    assert (retail, cards) == (2, 6), (retail, cards)
    assert counts['creditrisk_validation_errors_total{portfolio="cards",field="amount",type="missing"}'] == 2, text
    for book, n in [("", retail), ('portfolio="cards",', cards)]:
        assert counts[f"creditrisk_score_probability_bucket{{{book}le=\"+Inf\"}}"] == n, text
        assert counts[f'creditrisk_stage_duration_seconds_count{{{book}stage="features"}}'] == n, text
        assert counts[f'creditrisk_model_reloads_total{{{book}result="loaded"}}'] == 1, text
        assert counts[f'creditrisk_model_reloads_total{{{book}result="refused"}}'] == 0, text
    assert any(name.startswith('creditrisk_model_info{portfolio="cards",model=') for name in counts)
    assert any(name.startswith("creditrisk_model_info{model=") for name in counts)


def version_of(daemon, name):
    return daemon.request("GET", f"/portfolios/{name}/health").json()["model_version"]


def check_reload(place, daemon):
    """One call loads every book's champion, and one that is refused stops none of the others."""
    assert promote_next(place, "cards") == "v2" and promote_next(place, "retail") == "v2"
    daemon.connection.close()  # idle for longer than the daemon may wait
    assert (version_of(daemon, "cards"), version_of(daemon, "retail")) == ("v1", "v1")
    answer = daemon.request("POST", "/admin/reload")
    assert answer.status == 200 and answer.json()["model_version"] == "v2", answer.body
    assert answer.json()["portfolios"] == {"retail": "v2", "cards": "v2"}, answer.body
    assert (version_of(daemon, "cards"), version_of(daemon, "retail")) == ("v2", "v2")
    make_cards(place, "late")
    broken = promote_next(place, "cards")
    with open(place.dir / "models/cards" / broken / "pipeline.json", "a") as file:
        file.write(" ")
    promote_next(place, "retail")
    daemon.connection.close()
    answer = daemon.request("POST", "/admin/reload")
    assert answer.status == 409 and b"portfolio 'cards'" in answer.body, answer.body
    assert [version_of(daemon, name) for name in ("cards", "retail", "late")] == ["v2", "v3", "v1"]


KEPT_STEP = 128  # bytes, to a multiple of which an answer is filled up
PAGE = "https://desk.example"  # answers to a page have headers that others lack
OWN = re.compile(rb'"decision_id":"([0-9a-f-]{36})"')
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def check_filled(answer, expected, asked):
    """The whole answer, byte by byte: what the program itself predicts, under a number of its own, filled up with blanks; and its headers, each once."""
    text = answer.body.rstrip(b" \n")
    found = OWN.search(text)
    assert found is not None, (asked, answer.body)
    number = found[1].decode()
    assert answer.status == 200 and answer.json() == expected | {"decision_id": number}, (asked, answer.body, expected)
    assert len(answer.body) % KEPT_STEP == 0 and answer.body == text + b" " * (len(answer.body) - len(text) - 1) + b"\n", (asked, answer.body)
    assert 0 < len(answer.body) - len(text) <= KEPT_STEP, (asked, answer.body)
    headers = answer.headers.items()
    assert {name: [value for key, value in headers if key == name] for name in HEADERS} == {name: [value] for name, value in HEADERS.items()}, headers
    assert answer.headers.get_all("Content-Length") == [str(len(answer.body))] and answer.headers.get_all("X-Request-ID") == [asked], (asked, headers)
    return number, OWN.sub(b"", text)


def check_turns(place, application):
    """Two books on one connection, in turn: their answers need buffers of different size, which are used again, and none is another's."""
    bodies = {"retail": application, "cards": CARD}
    files = {name: place.dir / f"turn-{name}.json" for name in bodies}
    for name, file in files.items():
        file.write_text(json.dumps(bodies[name]))
    serve = lambda name, version: place.run("--portfolio", name, "registry", "promote", version, "--reason", "its turn")
    predict = lambda name, version, *more: place.run("--portfolio", name, "predict", str(files[name]), "--version-id", version, *more)
    sizes = (("cards", "?explain=full"), ("retail", ""), ("retail", "?explain=full"))  # the buffer grows, and is then too large
    turns = [turn for size in sizes for turn in (("cards", "", None), (*size, PAGE))] + [(*size, None) for size in (*sizes, sizes[0], ("cards", ""))]
    numbers, n_asked = set(), 0
    with Daemon(place, {"CREDITRISK_THREADS": "1", "CREDITRISK_CORS_ALLOW_ORIGINS": PAGE}) as daemon, contextlib.ExitStack() as others:
        line = None
        for versions in ({"retail": "v1", "cards": "v1"}, {"retail": "v2", "cards": "v1"}, {"retail": "v2", "cards": "v2"}, {"retail": "v1", "cards": "v2"}):
            for name, version in versions.items():
                serve(name, version)
            assert daemon.request("POST", "/admin/reload").json()["portfolios"] == versions | {"late": "v1"}
            expected = {(name, query): predict(name, version, *(["--explain"] if query else [])) for name, version in versions.items() for query in ("", "?explain=full")}
            seen = {}
            for name, query, page in 4 * turns:
                n_asked += 1
                asked = f"turn-{n_asked}"
                answer = daemon.request("POST", f"/portfolios/{name}/predict{query}", json.dumps(bodies[name]),
                                        {"Content-Type": "application/json", "X-Request-ID": asked, **({"Origin": page} if page else {})})
                assert answer.headers["Access-Control-Allow-Origin"] == page, (asked, answer.headers.items())
                number, rest = check_filled(answer, expected[name, query], asked)
                numbers.add(number)
                assert seen.setdefault((name, query), rest) == rest, (asked, rest, seen)
                if n_asked <= len(turns):  # what lies behind the buffer is taken: it has to move in order to grow
                    other = others.enter_context(socket.create_connection((daemon.host, daemon.port)))
                    other.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
                    assert other.recv(12) == b"HTTP/1.1 200"
            lengths = {len(rest) for rest in seen.values()}
            assert len(lengths) == 4 and max(lengths) > 3 * min(lengths), lengths
            line = line or daemon.connection.sock
            assert line is daemon.connection.sock, "one connection for all"
    assert len(numbers) == n_asked, "no decision is told twice"
    serve("retail", "v3")


def check_list(place, folders):
    """Every loan book that has a folder, versions or both, and what serves it; without a registry nothing serves."""
    with open(folders / "nothing" / "application.yaml", "a") as file:
        file.write("titel: x\n")
    (folders / "notes.txt").write_text("no portfolio\n")
    shutil.rmtree(folders / "late")
    entry = lambda name, champion, title, here=True, fault=None: {"name": name, "title": title, "folder": str(folders / name) if here else None,
                                                                 "champion": champion, "fault": fault}
    (broken,) = [book for book in place.run("portfolio", "list")["portfolios"] if book["fault"] is not None]
    assert broken["name"] == "nothing" and "unknown key 'titel'" in broken["fault"] and broken["title"] is None, broken
    versions = {name: place.run("--portfolio", name, "registry", "list")["versions"] for name in ("cards", "late", "retail")}
    champions = {name: next(version["version"] for version in listed if version["champion"]) for name, listed in versions.items()}
    expected = [entry("cards", champions["cards"], "Cards"), entry("late", champions["late"], None, here=False),
                entry("nothing", None, None, fault=broken["fault"]), entry("retail", champions["retail"], "Retail loans")]
    assert place.run("portfolio", "list")["portfolios"] == expected and all(champions.values()), place.run("portfolio", "list")
    done = subprocess.run([place.creditrisk, *place.globals, "portfolio", "list"], cwd=place.root, capture_output=True, text=True, check=True)
    assert done.stderr == f"nothing cannot be read: {broken['fault']}\n", done
    words = [line.split() for line in done.stdout.splitlines()]
    assert words == [["portfolio", "champion", "from", "title"], ["cards", champions["cards"], str(folders / "cards"), "Cards"],
                     ["late", champions["late"], "the", "registry", "alone", "?"], ["nothing", "none", str(folders / "nothing"), "?"],
                     ["retail", champions["retail"], str(folders / "retail"), "Retail", "loans"]], done.stdout
    away = place.dir / "away"  # nobody has named a registry, and none is here
    away.mkdir()
    alone = lambda **named: subprocess.run([place.creditrisk, "portfolio", "list", "--json"], cwd=away, env=os.environ | named, capture_output=True,
                                           text=True, check=False)
    done = alone()
    assert done.returncode == 0 and done.stderr == "there is no registry 'models' yet: nothing serves\n", done
    assert [(book["name"], book["champion"]) for book in json.loads(done.stdout)["portfolios"]] == [("cards", None), ("nothing", None), ("retail", None)]
    assert place.run("portfolio", "list", "--registry", str(place.dir / "none"), status=1) == \
        place.run("registry", "list", "--registry", str(place.dir / "none"), status=1), "a name that is wrong says nothing of what serves"
    for named in ({"CREDITRISK_REGISTRY": "models"}, {"CREDITRISK_REGISTRY_DB": f"sqlite:{away}/none.db"}, {"CREDITRISK_CONFIG": str(away / "named.yaml")}):
        (away / "named.yaml").write_text("registry: {dir: models}\n")
        done = alone(**named)
        assert done.returncode == 1 and json.loads(done.stdout)["error"]["code"] == "ENOTFOUND", done
    assert sorted(path.name for path in away.iterdir()) == ["named.yaml"], "to ask makes nothing"
    os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(place.dir / "nowhere")
    assert [book["folder"] for book in place.run("portfolio", "list")["portfolios"]] == [None, None, None]
    assert place.run("portfolio", "list", "--registry", str(place.dir / "none"), status=1)["error"]["code"] == "ENOTFOUND"
    assert not (place.dir / "none").exists(), "to ask makes nothing"


def main():
    with Workplace(*sys.argv[1:4]) as place:
        folders = place.dir / "portfolios"
        shutil.copytree(place.root / "config/portfolios/retail", folders / "retail")
        os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(folders)
        place.promote_small()
        make_cards(place, "cards")
        application = json.loads((place.root / "examples/application.json").read_text())
        check_columns(place)
        with Daemon(place) as daemon:
            check_answers(place, daemon, application)
            check_documents(daemon)
            check_inference(daemon)
            check_unknown(daemon)
            check_metrics(daemon)
            check_reload(place, daemon)
        check_turns(place, application)
        with Daemon(place, {"CREDITRISK_PORTFOLIOS": "cards", "CREDITRISK_PORTFOLIO": "cards"}) as daemon:
            assert [book["name"] for book in daemon.request("GET", "/portfolios").json()["portfolios"]] == ["cards"]
            assert daemon.request("GET", "/portfolios/retail/health").status == 404
        shutil.copytree(folders / "cards", folders / "nothing")
        with Daemon(place, {"CREDITRISK_PORTFOLIOS": "late,nothing"}) as daemon:
            assert version_of(daemon, "late") == "v1" and version_of(daemon, "retail") == "v3"
            assert daemon.request("GET", "/portfolios/nothing/health").status == 503, "known, without a version"
        check_list(place, folders)


if __name__ == "__main__":
    main()
