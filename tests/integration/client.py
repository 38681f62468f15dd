#!/usr/bin/env python3
"""A client of the reference system, written against its field names alone, works unchanged; what FastAPI with pydantic 2 answers to bad bodies is
answered word for word; and no answer and no log line gives away what a client sent.

usage: client.py CREDITRISK CREDITRISKD SOURCE_ROOT
"""
import http.client
import json
import pathlib
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

SECRET = "oBviOuS-4711"


class ReferenceClient:
    """What the reference system's web application does with its service, and no more."""

    def __init__(self, base):
        self.base = base

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def is_up(self):
        status, health = self.call("/health")
        return status == 200 and health["status"] == "healthy" and health["model_loaded"] is True

    def assess(self, form):
        """The gauge, the decision and the reasons that the page shows, or the fields to mark."""
        status, answer = self.call("/predict", form)
        if status == 422:
            return {"errors": {error["loc"][-1]: error["msg"] for error in answer["detail"]}}
        assert status == 200, answer
        return {
            "gauge": answer["probability"], "raw": answer["probability_raw"], "tier": answer["risk_category"], "color": answer["risk_color"],
            "text": answer["description"], "action": answer["recommended_action"], "threshold": answer["optimal_threshold_used"],
            "model": f'{answer["model_name"]} {answer["model_version"]}', "emi": answer["emi"],
            "bars": [(bar["feature"], bar["impact"], bar["direction"]) for bar in answer["top_5_shap_features"]],
        }

    def dashboard(self):
        status, info = self.call("/model-info")
        assert status == 200
        return [info[name] for name in ("version", "model_name", "auc_roc", "feature_count", "training_date", "optimal_threshold",
                                        "available_versions")]


# The 15 fields under their names, and a form that leaves all defaults to the service.
FORM = {"age": 34, "gender": "Female", "marital_status": "Married", "education": "Master", "dependents": 2, "employment_type": "Salaried",
        "employment_years": 7.5, "annual_income": 1200000, "credit_score": 742, "credit_utilization": 28.5, "existing_loans": 1,
        "loan_type": "Home", "loan_amount": 2500000, "loan_term_months": 240, "interest_rate": 8.9}
DEFAULTS = {"dependents": 0, "credit_utilization": 40, "existing_loans": 1, "loan_term_months": 36, "interest_rate": 12.0}
RISKY = {**FORM, "employment_type": "Unemployed", "employment_years": 0, "annual_income": 120000, "credit_score": 410, "credit_utilization": 96,
         "existing_loans": 6, "loan_type": "Personal", "loan_amount": 900000, "loan_term_months": 24, "interest_rate": 24}


def check_client(client):
    assert client.is_up()
    seen = client.assess(FORM)
    assert 0 <= seen["gauge"] <= 100 and abs(seen["gauge"] - 100 * seen["raw"]) <= 0.0051
    assert seen["tier"] in ("Low Risk", "Medium Risk", "High Risk") and seen["color"].startswith("#") and seen["text"] and seen["action"]
    assert (seen["raw"] >= seen["threshold"]) == (seen["tier"] == "High Risk") and 0 < seen["threshold"] < 1
    assert len(seen["bars"]) == 5 and seen["bars"][0][1] == 100 and all(0 <= impact <= 100 for _, impact, _ in seen["bars"])
    assert {direction for _, _, direction in seen["bars"]} <= {"increases_risk", "decreases_risk"}
    rate = FORM["interest_rate"] / 1200
    growth = (1 + rate) ** FORM["loan_term_months"]
    assert abs(seen["emi"] - FORM["loan_amount"] * rate * growth / (growth - 1)) < 0.0051
    risky = client.assess(RISKY)
    assert risky["raw"] > seen["raw"] and risky["tier"] == "High Risk"
    short = {name: value for name, value in FORM.items() if name not in DEFAULTS}
    assert client.assess(short) == client.assess({**short, **DEFAULTS})
    assert client.assess({**FORM, "age": 17, "gender": "?"}) == {"errors": {
        "age": "Input should be greater than or equal to 18", "gender": "Input should be 'Male', 'Female' or 'Other'"}}
    version, name, auc, n_features, date, threshold, versions = client.dashboard()
    assert seen["model"] == f"{name} {version}" and version in versions and seen["threshold"] == threshold
    assert 0.5 < auc < 1 and n_features > 40 and date.startswith("20")
    status, page = client.call("/openapi.json")
    assert status == 200 and "/predict" in page["paths"]


def check_pydantic(daemon, golden):
    """type, loc, msg and ctx of each bad body, over the wire."""
    lines = golden.read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) >= 100
    for line in lines:
        case = json.loads(line)
        answer = daemon.post("/predict", case["body"].encode())
        assert answer.status == 422 and answer.json() == {"detail": case["detail"]}, (case, answer.body)
        assert b'"input"' not in answer.body


def check_silence(daemon, form):
    """Values of a client come back in no body and no header; every body of ours is what it says it is."""
    values = {**form, "age": SECRET}
    odd = [json.dumps({**form, name: SECRET}) for name in form] + [json.dumps(values), json.dumps([SECRET]), json.dumps(SECRET), SECRET,
           '{"age": "' + SECRET + '", "age": 1}', '{"age": ' + SECRET + "}"]
    for path in ("/predict", "/predict/batch", "/v2/models/retail/infer", "/health", "/model-info", "/docs", "/metrics", "/nothing", "/v2/nothing"):
        for body in odd + ["[" + text + "]" for text in odd]:
            for media in ("application/json", "application/x-ndjson", "text/plain"):
                answer = daemon.post(path, body, media)
                text = answer.body.decode()
                assert SECRET not in text + str(answer.headers), (path, body, text)
                assert answer.status < 500, (path, body, text)
                for line in text.splitlines() if answer.headers["Content-Type"] == "application/x-ndjson" else [text]:
                    json.loads(line)


def check_query(daemon):
    """Neither does what stands in a query, a path or a header."""
    for path in (f"/predict?explain={SECRET}", f"/{SECRET}", f"/v2/models/{SECRET}", f"/docs/{SECRET}", f"/health?key={SECRET}"):
        for method in ("GET", "POST", "PUT"):
            answer = daemon.request(method, path, "{}", {"Content-Type": "application/json", "X-Secret": SECRET, "Accept": SECRET,
                                                         "User-Agent": SECRET, "Cookie": SECRET, "X-Request-ID": SECRET + " no id"})
            assert SECRET not in answer.body.decode() + str(answer.headers), (method, path)
            json.loads(answer.body)


def check_gone_client(daemon):
    """A client that sends half a body and leaves harms nobody."""
    connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=60)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Length", "100")
    connection.putheader("Content-Type", "application/json")
    connection.endheaders(b'{"age": ')
    connection.close()
    assert daemon.get("/livez").status == 200


def main():
    with Workplace(*sys.argv[1:4]) as workplace:
        workplace.promote_small()
        with Daemon(workplace, {"CREDITRISK_LOG_ACCESS": "true", "CREDITRISK_LOG_LEVEL": "debug"}) as daemon:
            check_client(ReferenceClient(daemon.url))
            check_pydantic(daemon, workplace.root / "tests/golden/pydantic.jsonl")
            check_silence(daemon, FORM)
            check_query(daemon)
            check_gone_client(daemon)
        log = daemon.log.read_text()
        assert SECRET not in log and all(isinstance(json.loads(line), dict) for line in log.splitlines()) and len(log.splitlines()) > 100


if __name__ == "__main__":
    main()
