#!/usr/bin/env python3
"""GET /metrics: what happened is counted, once, under labels of ours only; and Prometheus' own checker accepts the text.

usage: metrics.py CREDITRISK CREDITRISKD SOURCE_ROOT counts|promtool

Exit status 77: promtool (of Debian's package prometheus, on the PATH or in .lib/) is not there.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

LINE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? ([0-9.e+-]+)$')
LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"')
# The buckets of a histogram grow and end with the count; everything else is compared one by one.
KEPT = ("http_server_request_duration_seconds_count", "creditrisk_predictions_total", "creditrisk_validation_errors_total",
        "creditrisk_imputed_total", "creditrisk_score_probability_count", "creditrisk_stage_duration_seconds_count",
        "creditrisk_model_reloads_total", "creditrisk_unknown_category_total")


def scrape(daemon):
    answer = daemon.get("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    series = {}
    for line in answer.body.decode().splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP|TYPE) [a-z_]+ .+", line), line
            continue
        name, labels, value = LINE.match(line).groups()
        key = (name, tuple(LABEL.findall(labels or "")))
        assert key not in series, f"twice: {line}"
        series[key] = float(value)
    return series


def check_histograms(series):
    """Every histogram: cumulative buckets, the last one the count."""
    groups = {}
    for (name, labels), value in series.items():
        if name.endswith("_bucket"):
            groups.setdefault((name[:-7], labels[:-1]), []).append((float(labels[-1][1].replace("+Inf", "inf")), value))
    assert groups
    for (name, labels), buckets in groups.items():
        assert buckets == sorted(buckets) and [n for _, n in buckets] == sorted(n for _, n in buckets), name
        assert buckets[-1] == (float("inf"), series[(name + "_count", labels)]), (name, labels)
        assert series[(name + "_sum", labels)] >= 0
    requests = next(bounds for (name, _), bounds in groups.items() if name == "http_server_request_duration_seconds")
    assert sum(bound < 0.001 for bound, _ in requests) >= 4, "buckets below a millisecond"


def changes(before, after):
    return {key: value - before.get(key, 0) for key, value in after.items()
            if key[0] in KEPT and value != before.get(key, 0)}


def request_key(method, route, status):
    return (KEPT[0], (("http_request_method", method), ("http_route", route), ("http_response_status_code", status)))


def check_counts(daemon, application):
    before = scrape(daemon)
    answer = daemon.post("/predict", application).json()
    assert daemon.post("/predict", {**application, "age": "old", "age_of_pet": 3, "gender": "x"}).status == 422
    assert daemon.post("/predict", "{").status == 422
    assert daemon.get("/secret-4711").status == 404
    assert daemon.request("DELETE", "/predict").status == 405
    assert daemon.request("HEAD", "/livez").status == 200
    after = scrape(daemon)
    expected = {
        request_key("POST", "/predict", "200"): 1, request_key("POST", "/predict", "422"): 2,
        request_key("GET", "", "404"): 1, request_key("_OTHER", "/predict", "405"): 1,
        request_key("HEAD", "/livez", "200"): 1, request_key("GET", "/metrics", "200"): 1,
        ("creditrisk_predictions_total", (("version", "v1"), ("band", answer["risk_category"]))): 1,
        ("creditrisk_score_probability_count", ()): 1,
        ("creditrisk_validation_errors_total", (("field", "age"), ("type", "int_type"))): 1,
        ("creditrisk_validation_errors_total", (("field", "gender"), ("type", "enum"))): 1,
        ("creditrisk_validation_errors_total", (("field", "(unknown)"), ("type", "extra_forbidden"))): 1,
        ("creditrisk_validation_errors_total", (("field", "(body)"), ("type", "json_invalid"))): 1,
    }
    for stage in ("features", "pipeline", "model", "decide"):
        expected[("creditrisk_stage_duration_seconds_count", (("stage", stage),))] = 1
    for field in answer["imputed"]:
        expected[("creditrisk_imputed_total", (("field", field),))] = 1
    assert answer["imputed"] and changes(before, after) == expected, changes(before, after)
    sum_key = ("creditrisk_score_probability_sum", ())
    assert abs(after[sum_key] - before[sum_key] - answer["probability_raw"]) < 1e-6
    check_histograms(after)
    for text in ("4711", "age_of_pet", "old"):
        assert text not in str(after), "text of a client"
    return after


def check_champion(daemon, series):
    info = daemon.get("/model-info").json()
    labels = (("model", info["model_name"]), ("version", "v1"), ("sha256", info["sha256"]))
    assert series[("creditrisk_model_info", labels)] == 1
    assert series[("creditrisk_model_reloads_total", (("result", "loaded"),))] == 1
    assert series[("creditrisk_model_reloads_total", (("result", "refused"),))] == 0
    assert series[("http_server_active_requests", ())] == 1
    assert any(name == "creditrisk_build_info" for name, _ in series)


def check_process(daemon, series):
    proc = pathlib.Path(f"/proc/{daemon.process.pid}")
    pages = int((proc / "statm").read_text().split()[1])
    resident = series[("process_resident_memory_bytes", ())]
    assert resident / 2 <= pages * 4096 <= resident * 2 or pages == 0
    assert abs(series[("process_open_fds", ())] - len(list((proc / "fd").iterdir()))) <= 1
    assert abs(series[("process_start_time_seconds", ())] - proc.stat().st_mtime) < 60
    assert 0 < series[("process_open_fds", ())] < series[("process_max_fds", ())]
    assert series[("process_cpu_seconds_total", ())] >= 0
    assert series[("process_virtual_memory_bytes", ())] > resident


def main():
    promtool = shutil.which("promtool") or shutil.which(pathlib.Path(sys.argv[3]) / ".lib/prometheus/usr/bin/promtool")
    if sys.argv[4] == "promtool" and promtool is None:
        print("skipped: promtool is not there (scripts/test.sh fetches it)", file=sys.stderr)
        sys.exit(77)
    with Workplace(*sys.argv[1:4]) as workplace:
        application = json.loads((workplace.root / "examples/application.json").read_text())
        workplace.promote_small()
        with Daemon(workplace) as daemon:
            series = check_counts(daemon, application)
            check_champion(daemon, series)
            check_process(daemon, series)
            if sys.argv[4] == "promtool":
                text = daemon.get("/metrics").body
                done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
                assert done.returncode == 0 and not done.stdout + done.stderr, done
                print(f"promtool accepts {len(text)} bytes of metrics")


if __name__ == "__main__":
    main()
