#!/usr/bin/env python3
"""/openapi.json says what the daemon does: by our own comparison, by a validator of OpenAPI 3.1, by schemathesis, and as a page in a browser.

usage: openapi.py CREDITRISK CREDITRISKD SOURCE_ROOT document|validator|schemathesis|page [MAX_EXAMPLES]

With MAX_EXAMPLES schemathesis goes through all its phases, which takes minutes; without it is brief.

Exit status 77: the validator or schemathesis (scripts/test.sh installs both into .lib/api-tools), or Chromium, is not there.
"""
import gzip
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

# The reference system's fields, as the design's table has them: name, type, range or choices, default.
REFERENCE = {
    "age": ("integer", 18, 70), "dependents": ("integer", 0, 10, 0), "employment_years": ("number", 0, 40),
    "annual_income": ("number", 50000, 50000000), "credit_score": ("integer", 300, 900), "credit_utilization": ("number", 0, 100, 40),
    "existing_loans": ("integer", 0, 20, 1), "loan_amount": ("number", 10000, 50000000), "loan_term_months": ("integer", 3, 360, 36),
    "interest_rate": ("number", 1, 40, 12),
}
REQUIRED = {"age", "gender", "marital_status", "education", "employment_type", "employment_years", "annual_income", "credit_score",
            "loan_type", "loan_amount"}
NULLABLE = {"education", "employment_years", "credit_score", "interest_rate"}


def tool(root, name):
    found = shutil.which(root / ".lib/api-tools/bin" / name) or shutil.which(name)
    if found is None:
        print(f"skipped: {name} is not there (scripts/test.sh installs it)", file=sys.stderr)
        sys.exit(77)
    return found


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def check_references(document):
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        at = document
        for key in reference.split("/"):
            at = at[key]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) >= 10


def check_application(document):
    schema = document["components"]["schemas"]["Application"]
    assert set(schema["required"]) == REQUIRED and schema["additionalProperties"] is False
    for name, (kind, low, high, *default) in REFERENCE.items():
        found = schema["properties"][name]
        assert found["type"] == ([kind, "null"] if name in NULLABLE else kind), found
        assert (found["minimum"], found["maximum"]) == (low, high) and found.get("default") == (default[0] if default else None), found
    assert schema["properties"]["gender"]["enum"] == ["Male", "Female", "Other"]
    assert None in schema["properties"]["education"]["enum"] and "High School" in schema["properties"]["education"]["enum"]


def check_bounds(daemon, document, example):
    """The schema's edges are the validation's edges, field by field."""
    for name, found in document["components"]["schemas"]["Application"]["properties"].items():
        kind = found["type"][0] if isinstance(found["type"], list) else found["type"]
        nullable = isinstance(found["type"], list)
        good, bad = [], [] if nullable else [None]
        good += [None] if nullable else []
        if "enum" in found:
            good += [value for value in found["enum"] if value is not None]
            bad += ["", "male", 1, True]
        elif kind == "boolean":
            good += [True, False]
            bad += [1, "true"]
        else:
            step = 1 if kind == "integer" else 1e-6
            good += [found[edge] for edge in ("minimum", "maximum") if edge in found]
            bad += [found["minimum"] - step] * ("minimum" in found) + [found["maximum"] + step] * ("maximum" in found) + ["1", True, []]
        for value, status in [(value, 200) for value in good] + [(value, 422) for value in bad]:
            answer = daemon.post("/predict", {**example, name: value})
            assert answer.status == status, (name, value, answer.body)
    for name in document["components"]["schemas"]["Application"]["required"]:
        assert daemon.post("/predict", {key: value for key, value in example.items() if key != name}).status == 422, name


def check_examples(daemon, document):
    post = document["paths"]["/predict"]["post"]
    example = post["requestBody"]["content"]["application/json"]["examples"]["application"]["value"]
    promised = post["responses"]["200"]["content"]["application/json"]["examples"]["decision"]["value"]
    answer = daemon.post("/predict", example).json()
    assert {**answer, "decision_id": ""} == {**promised, "decision_id": ""}
    return example


def check_routes(daemon, document):
    """What is documented is there, HEAD is GET without the body, and everything else is 405 with Allow."""
    for path, method, operation in operations(document):
        at = path.replace("{file}", "nothing").replace("{digest}", "0").replace("{name}", "retail")
        for other in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"):
            answer = daemon.request(other, at)
            known = {"GET", "HEAD"} if method == "GET" else {"POST"}
            assert (answer.status == 405) == (other not in known), (other, at, answer.status)
            if answer.status == 405:
                assert answer.headers["Allow"] == ", ".join(sorted(known)), (path, answer.headers["Allow"])
            else:
                assert str(answer.status) in operation["responses"], (other, at, answer.status)
        if method == "GET":
            get, head = daemon.get(at), daemon.request("HEAD", at)
            assert head.status == get.status and head.body == b""
            assert path == "/metrics" or head.headers["Content-Length"] == str(len(get.body)), path
            assert head.headers["Content-Type"] == get.headers["Content-Type"]
        if "{" in path:  # a name that nothing can have
            answer = daemon.request(method, re.sub(r"\{\w+\}", "n" * 200, path), "{}" if method == "POST" else None, {"Content-Type": "application/json"})
            assert answer.status == 404, (path, answer.status)
            assert answer.headers["Content-Type"] in operation["responses"]["404"]["content"], (path, answer.headers["Content-Type"])
    assert daemon.get("/nothing").status == 404


def check_packed(daemon, path, least):
    """What is made once is packed once, too, to a share of at most 1 / least; each form has a tag of its own."""
    plain, packed = (daemon.request("GET", path, headers={"Accept-Encoding": form}) for form in ("identity", "br, gzip;q=0.5"))
    assert plain.status == packed.status == 200 and plain.headers["Content-Encoding"] is None and packed.headers["Content-Encoding"] == "gzip", path
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) * least <= len(plain.body), (path, len(packed.body), len(plain.body))
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding" and plain.headers["ETag"] != packed.headers["ETag"]
    assert plain.headers["Content-Type"] == packed.headers["Content-Type"] == "application/json"
    again = daemon.request("GET", path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert (again.status, again.body) == (304, b""), path


def check_cache(daemon):
    for path, least in [("/report.json", 4), ("/openapi.json", 4), ("/ui/portfolio.json", 3), ("/portfolios/retail/openapi.json", 4)]:
        check_packed(daemon, path, least)
    for path in ("/openapi.json", "/ui/portfolio.json", "/report.json", "/docs", "/", "/dashboard"):
        first = daemon.get(path)
        assert first.status == 200 and first.headers["Cache-Control"] == "no-cache", path
        again = daemon.request("GET", path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        assert daemon.request("GET", path, headers={"If-None-Match": '"other"'}).body == first.body


def check_asset(daemon, path):
    """A file of the pages: packed or not it has the same bytes, each form its own tag, and may be kept for ever."""
    plain, packed = (daemon.request("GET", path, headers={"Accept-Encoding": form}) for form in ("identity", "gzip"))
    assert plain.status == packed.status == 200 and plain.headers["Content-Encoding"] is None, path
    assert plain.headers["Cache-Control"] == packed.headers["Cache-Control"] == "public, max-age=31536000, immutable", path
    if packed.headers["Content-Encoding"] == "gzip":
        assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body), path
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding" and packed.headers["ETag"] != plain.headers["ETag"], path
    for form, answer in (("identity", plain), ("gzip", packed)):
        again = daemon.request("GET", path, headers={"Accept-Encoding": form, "If-None-Match": answer.headers["ETag"]})
        assert (again.status, again.body, again.headers["Content-Encoding"]) == (304, b"", None), path
    other = re.sub("/assets/.", lambda found: "/assets/" + ("0" if found[0][-1] != "0" else "1"), path)
    assert daemon.get(other).status == 404, other


def check_page(daemon, path):
    """The page loads only what is here, and its policy lets it load nothing else."""
    page = daemon.get(path)
    text = page.body.decode()
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'self'" and policy.pop("img-src") == "'self' data:"
    assert set(policy.values()) == {"'none'"} and {"object-src", "frame-src", "worker-src", "base-uri", "form-action"} < set(policy), policy
    assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["X-Frame-Options"] == "DENY"
    links = set(re.findall(r'(?:src|href)="(/[^"]*)"', text))
    assert len(links) >= 3 and not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|https?:|include", text)
    for link in links:
        assert daemon.get(link).status == 200, link
        if link.startswith("/assets/"):
            check_asset(daemon, link)


def check_registry(daemon, workplace):
    """The registry as the command line tells it."""
    found = daemon.get("/ui/registry.json").json()
    told = workplace.run("registry", "list")["versions"]
    assert found["portfolio"] == "retail" and found["serving"] == "v1" and found["n_versions"] == len(found["versions"]) == len(told) == 1
    both = told[0].keys() & found["versions"][0].keys()
    assert {"version", "kind", "created_at", "manifest_sha256", "champion", "challenger", "auc_roc", "cv_auc", "feature_set"} <= both
    assert all(told[0][name] == found["versions"][0][name] for name in both) and told[0]["champion"]
    info = daemon.get("/model-info").json()
    for name in ("model_name", "auc_roc", "cv_auc", "optimal_threshold", "feature_set", "feature_count"):
        assert found["versions"][0][name] == info[name], name
    assert found["events"] == workplace.run("registry", "history")["events"] and found["n_events"] == len(found["events"]) == 2
    unused = {feature["name"] for feature in info["protected_features"] if not feature["used"]}
    assert unused == {"gender", "marital_status"}, info  # and the 13 behavioural ones, which the set "application" does not have
    assert info["application_fields"] == 42 and info["used_fields"] == 42 - 2 - 13, info
    version = workplace.run("threshold", "v1", "--false-negative", "9000", "--publish", "--reason", "again")["published"]
    events = daemon.get("/ui/registry.json").json()["events"]
    assert (events[-1]["action"], events[-1]["to"], events[-1]["reason"]) == ("publish", version, "again"), events[-1]


def check_portfolio(daemon, document, workplace):
    form = daemon.get("/ui/portfolio.json").json()
    fields = {field["name"]: field for group in form["groups"] for field in group["fields"]}
    properties = document["components"]["schemas"]["Application"]["properties"]
    assert set(fields) == set(properties) and len(form["groups"]) >= 5
    assert form["currency"] == {"code": "INR", "symbol": "₹", "grouping": "indian"}
    assert form["features"]["age"] == {"label": "Age", "group": "Age", "unit": "years", "raises": "The age raised the estimated risk",
                                       "lowers": "The age lowered the estimated risk"}
    assert [band["name"] for band in form["bands"]] == properties_of(document, "risk_category")["enum"]
    assert fields["age"] == {"name": "age", "label": "Age", "type": "int", "unit": "years", "help": "Age in completed years.", "required": True,
                             "nullable": False, "default": None, "example": 35, "min": 18, "max": 70}
    report = json.loads((workplace.dir / "models/retail/v1/report/report.json").read_text())
    assert daemon.get("/report.json").json() == {"version": "v1"} | report


def properties_of(document, name):
    return document["components"]["schemas"]["Prediction"]["properties"][name]


def check_security(workplace, document):
    """Which operations need a key, when keys are asked."""
    assert not any("security" in operation for _, _, operation in operations(document))
    with Daemon(workplace, {"CREDITRISK_AUTH_MODE": "key"}) as daemon:
        asked = {path: "security" in operation for path, _, operation in operations(daemon.get("/openapi.json").json())}
    assert asked["/admin/reload"] and asked["/predict"] and asked["/predict/batch"] and asked["/model-info"] and asked["/metrics"] and asked["/report.json"]
    assert asked["/ui/registry.json"]
    assert not any(asked[path] for path in ("/health", "/livez", "/readyz", "/", "/dashboard", "/docs", "/openapi.json", "/ui/portfolio.json"))


def check_document(workplace, daemon):
    document = daemon.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    check_references(document)
    check_application(document)
    example = check_examples(daemon, document)
    check_bounds(daemon, document, example)
    check_routes(daemon, document)
    check_cache(daemon)
    for path in ("/", "/dashboard", "/docs"):
        check_page(daemon, path)
    check_portfolio(daemon, document, workplace)
    check_registry(daemon, workplace)
    check_security(workplace, document)


def run_validator(workplace, daemon):
    file = workplace.dir / "openapi.json"
    file.write_bytes(daemon.get("/openapi.json").body)
    subprocess.run([tool(workplace.root, "openapi-spec-validator"), "--schema", "3.1", str(file)], check=True)


# JSON Schema cannot say that a tensor has as many values as its shape, so that what fits the schema may be refused there.
EXCEPTION = """[[operations]]
include-operation-id = "infer"
checks.positive_data_acceptance.enabled = false
"""


def run_schemathesis(workplace, daemon):
    (workplace.dir / "schemathesis.toml").write_text(EXCEPTION)
    how = ["--max-examples", sys.argv[5]] if len(sys.argv) > 5 else ["--max-examples", "20", "--phases", "examples,fuzzing"]
    done = subprocess.run([tool(workplace.root, "schemathesis"), "run", daemon.url + "/openapi.json", "--seed", "1", "--request-timeout", "60",
                           *how, "--no-color"], cwd=workplace.dir, stdout=subprocess.PIPE, text=True, check=False)
    print("\n".join(line[:400] for line in done.stdout.splitlines()))
    assert done.returncode == 0 and re.search(r"(\d+) generated", done.stdout), done.returncode


def run_page(_, daemon):
    browser = shutil.which("chromium")
    if browser is None:
        print("skipped: Chromium is not there (Debian's package chromium)", file=sys.stderr)
        sys.exit(77)
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--enable-logging=stderr",
                           "--dump-dom", daemon.url + "/docs"], capture_output=True, text=True, check=True, timeout=90)
    for path, _, operation in operations(daemon.get("/openapi.json").json()):
        assert operation["operationId"] in done.stdout and path.split("{")[0] in done.stdout, path
    assert "CONSOLE" not in done.stderr and "Refused" not in done.stderr, done.stderr


def main():
    with Workplace(*sys.argv[1:4]) as workplace:
        part = sys.argv[4]
        if part != "document" and part != "page":
            tool(workplace.root, {"validator": "openapi-spec-validator"}.get(part, part))
        workplace.promote_small()
        with Daemon(workplace) as daemon:
            {"document": check_document, "validator": run_validator, "schemathesis": run_schemathesis, "page": run_page}[part](workplace, daemon)


if __name__ == "__main__":
    main()
