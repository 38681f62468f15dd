#!/usr/bin/env python3
"""/v2: the Open Inference Protocol gives the same answers as /predict, and says what is wrong with a request in one text.

usage: oip.py CREDITRISK CREDITRISKD SOURCE_ROOT
"""
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

INFER = "/v2/models/retail/infer"
DATATYPES = {"integer": "INT64", "number": "FP64", "boolean": "BOOL", "string": "BYTES"}
SECRET = "oBviOuS-4711"


def tensors(metadata, rows, nested=False):
    """A request for these applications; a field that one of them lacks is missing there."""
    kinds = {tensor["name"]: tensor["datatype"] for tensor in metadata["inputs"]}
    names = sorted({name for row in rows for name in row})
    return {"inputs": [{"name": name, "datatype": kinds[name], "shape": [len(rows), 1] if nested else [len(rows)],
                        "data": [[row.get(name)] if nested else row.get(name) for row in rows]} for name in names]}


def check_metadata(daemon):
    assert daemon.get("/v2/health/live").json() == {"live": True}
    assert daemon.get("/v2/health/ready").json() == {"ready": True}
    server = daemon.get("/v2").json()
    assert server["name"] == "creditrisk" and server["version"] and server["extensions"] == []
    assert daemon.get("/v2/models/retail/ready").json() == {"name": "retail", "ready": True}
    model = daemon.get("/v2/models/retail").json()
    assert (model["name"], model["versions"], model["platform"]) == ("retail", ["v1"], "creditrisk")
    assert model["outputs"] == [{"name": "probability", "datatype": "FP64", "shape": [-1]},
                                {"name": "risk_category", "datatype": "BYTES", "shape": [-1]}]
    schema = daemon.get("/openapi.json").json()["components"]["schemas"]["Application"]["properties"]
    kinds = {name: DATATYPES[field["type"][0] if isinstance(field["type"], list) else field["type"]] for name, field in schema.items()}
    assert {tensor["name"]: tensor["datatype"] for tensor in model["inputs"]} == kinds
    assert all(tensor["shape"] == [-1] for tensor in model["inputs"])
    for path in ("/v2/models/other", "/v2/models/other/ready", "/v2/models/retail/versions", "/v2/models/", "/v2/nothing"):
        answer = daemon.get(path)
        assert answer.status == 404 and set(answer.json()) == {"error"}, path
    return model


def check_equal(daemon, metadata, application):
    """Tensors of n rows against n single predictions."""
    rows = [dict(application, age=18 + i, credit_score=None if i % 5 == 0 else 300 + i, phone_verified=i % 2 == 0) for i in range(50)]
    singles = [daemon.post("/predict", row).json() for row in rows]
    for nested in (False, True):
        answer = daemon.post(INFER, {"id": "abc", **tensors(metadata, rows, nested)}).json()
        assert (answer["model_name"], answer["model_version"], answer["id"]) == ("retail", "v1", "abc")
        probability, category = answer["outputs"]
        assert probability["shape"] == category["shape"] == [50] and (probability["datatype"], category["datatype"]) == ("FP64", "BYTES")
        for pd, band, single in zip(probability["data"], category["data"], singles):
            assert pd == 1 / (1 + math.exp(-single["margin"])) or abs(pd * (1 + math.exp(-single["margin"])) - 1) < 1e-12
            assert round(pd, 6) == single["probability_raw"] or abs(pd - single["probability_raw"]) < 1e-6
            assert band == single["risk_category"]
    return rows


def check_missing(daemon, metadata, application):
    """NaN, null and a field that is left out are one thing; NaN inside a text is none."""
    body = tensors(metadata, [application])
    texts = [json.dumps(body)]
    for value in ("NaN", "null"):
        extra = {"name": "city_tier", "datatype": "FP64", "shape": [1], "data": ["@"]}
        texts.append(json.dumps({"inputs": body["inputs"] + [extra]}).replace('"@"', value))
    answers = [daemon.post(INFER, text) for text in texts]
    assert [answer.status for answer in answers] == [200] * 3 and len({answer.body for answer in answers}) == 1
    assert daemon.post(INFER, b"\xef\xbb\xbf" + texts[0].encode()).body == answers[0].body, "a byte order mark is no part of the text"
    odd = daemon.post(INFER, json.dumps({"id": "NaN \\\" NaN", **body})).json()
    assert odd["id"] == "NaN \\\" NaN"
    refused = daemon.post(INFER, texts[0].replace(f'"data": [{application["age"]}]', '"data": [NaN]'))
    assert refused.status == 400 and "row 0: age: " in refused.json()["error"]


def check_outputs(daemon, metadata, application):
    body = tensors(metadata, [application])
    for name in ("probability", "risk_category"):
        answer = daemon.post(INFER, {**body, "outputs": [{"name": name}]}).json()
        assert [output["name"] for output in answer["outputs"]] == [name] and "id" not in answer


def check_refused(daemon, metadata, application):
    body = tensors(metadata, [application])
    inputs = body["inputs"]
    age = next(tensor for tensor in inputs if tensor["name"] == "age")
    others = [tensor for tensor in inputs if tensor is not age]

    def with_age(**changes):
        return {"inputs": [{**age, **changes}] + others}

    cases = [
        ("", "is empty"), ("[1", "not JSON"), ("[]", "inputs must be"), ({}, "inputs must be"), ({"inputs": []}, "inputs is empty"),
        ({"inputs": 5}, "inputs must be"), ({"inputs": [5]}, "inputs[0]: name"), (with_age(name=SECRET), "inputs[0]: name must be a field of the model"),
        (with_age(name="Aeg"), "inputs[0]: name must be a field of the model; did you mean 'age'?"),
        ({"inputs": inputs + [age]}, "was given before"), (with_age(datatype="BYTES"), "must be INT64"), (with_age(shape=[2]), "as many values"),
        (with_age(shape=[1, 2]), "shape"), (with_age(shape=[-1]), "shape"), (with_age(shape=[]), "shape"), (with_age(shape="1"), "shape"),
        (with_age(shape=[2], data=[30, 31]), "one length"), (with_age(data=None), "as many values"), ({"inputs": others}, "row 0: age: Field required"),
        (with_age(data=[17]), "row 0: age: Input should be greater than or equal to 18"), (with_age(data=[SECRET]), "row 0: age: "),
        ({**body, "outputs": [{"name": SECRET}]}, "outputs[0]"), ({**body, "outputs": 5}, "outputs"), ({**body, "id": 5}, "id must be"),
        ('{"inputs": [' + "1," * 600000 + "1]}", "more values"), ('{"id": "a", "id": "b"}', "not JSON"),
    ]
    for case, text in cases:
        answer = daemon.post(INFER, case)
        error = answer.json()
        assert answer.status == 400 and set(error) == {"error"} and text in error["error"] and SECRET not in error["error"], (case, error)
    many = tensors(metadata, [dict(application, age=5)] * 100)
    assert daemon.post(INFER, many).json()["error"].endswith("; and 95 more")
    assert daemon.post(INFER, {"inputs": [{**tensor, "shape": [0], "data": []} for tensor in inputs]}).json()["outputs"][0]["data"] == []
    assert daemon.post(INFER, body, "text/plain").status == 415
    assert daemon.post("/v2/models/other/infer", body).status == 404
    long = {"inputs": [{**age, "shape": [10001], "data": [30] * 10001}]}
    assert "at most 10000 rows" in daemon.post(INFER, long).json()["error"]


def check_without_model(workplace):
    with Daemon(workplace) as daemon:
        ready = daemon.get("/v2/health/ready")
        assert (ready.status, ready.json()) == (503, {"ready": False})
        for path in ("/v2/models/retail", "/v2/models/retail/ready"):
            assert daemon.get(path).status == 503 and daemon.get(path).json() == {"error": "No model is loaded"}
        assert daemon.post(INFER, {}).status == 503


def main():
    with Workplace(*sys.argv[1:4]) as workplace:
        application = json.loads((workplace.root / "examples/application.json").read_text())
        check_without_model(workplace)
        workplace.promote_small()
        with Daemon(workplace) as daemon:
            metadata = check_metadata(daemon)
            check_equal(daemon, metadata, application)
            check_missing(daemon, metadata, application)
            check_outputs(daemon, metadata, application)
            check_refused(daemon, metadata, application)
        assert SECRET not in daemon.log.read_text()


if __name__ == "__main__":
    main()
