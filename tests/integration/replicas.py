#!/usr/bin/env python3
"""Two daemons on one PostgreSQL, under load: a promotion through the companion reaches both without a restart and without a failed request; while the
server is away they go on predicting and say so; when it is back they follow again by themselves. One that neither answers nor goes away is given up in
seconds.

usage: replicas.py CREDITRISK CREDITRISKD SOURCE_ROOT        CREDITRISK_OUTAGE_S: how long the server is away (2)
"""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from postgres import Postgres  # pylint: disable=wrong-import-position
from service import Daemon, Workplace  # pylint: disable=wrong-import-position

CLIENTS = 2  # of each daemon


class Load(threading.Thread):
    """A client that never stops asking; every answer must be a prediction."""

    def __init__(self, daemon, body, key):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=60)
        self.body, self.headers = body, {"Content-Type": "application/json", "X-API-Key": key}
        self.news = threading.Condition()
        self.stopping, self.failure = False, None
        self.versions, self.n, self.slowest = [], 0, 0.0

    def ask(self):
        start = time.monotonic()
        self.connection.request("POST", "/predict", self.body, self.headers)
        response = self.connection.getresponse()
        body = response.read()
        assert response.status == 200, (response.status, body)
        version = json.loads(body)["model_version"]
        with self.news:
            if not self.versions or self.versions[-1] != version:
                self.versions.append(version)
            self.n += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.news.notify_all()

    def run(self):
        try:
            while not self.stopping:
                self.ask()
        except Exception as error:  # pylint: disable=broad-except
            with self.news:
                self.failure = error
                self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            self.news.wait_for(lambda: self.failure is not None or condition(self))
        assert self.failure is None, self.failure

    def wait_answers(self, n):
        until = self.n + n
        self.wait_for(lambda load: load.n >= until)

    def stop(self):
        self.stopping = True
        self.join()
        assert self.failure is None, self.failure


def readiness(daemon):
    answer = daemon.get("/readyz")
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


def until_registry_is(daemons, readable):
    for daemon in daemons:
        while readiness(daemon)["registry_readable"] is not readable:
            assert daemon.process.poll() is None
            time.sleep(0.02)  # it may take seconds, in which others need the processors


def reached(loads, version):
    for load in loads:
        load.wait_for(lambda load: load.versions[-1:] == [version])
        load.wait_answers(50)


def promote(work, version, status=0):
    return subprocess.run([work.creditrisk, *work.globals, "--quiet", "registry", "promote", version, "--reason", "test"], cwd=work.root,
                          capture_output=True, text=True, check=False).returncode == status


def check_outage(work, server, daemons, loads, reader):
    outage = float(os.environ.get("CREDITRISK_OUTAGE_S", "2"))
    server.stop()
    end = time.monotonic() + outage
    until_registry_is(daemons, False)
    before = [load.n for load in loads]
    while time.monotonic() < end:
        for daemon in daemons:
            state = readiness(daemon)
            assert state["status"] == "ready" and state["model_loaded"] and state["registry_readable"] is False, state
            assert b"\ncreditrisk_registry_readable 0\n" in daemon.request("GET", "/metrics", None, reader).body
    for load in loads:
        load.wait_answers(50)
    answered = sum(load.n for load in loads) - sum(before)
    assert promote(work, "v1", status=1), "a promotion that the registry did not take must not be acknowledged"
    server.start()
    until_registry_is(daemons, True)
    assert promote(work, "v1")
    reached(loads, "v1")
    return {"outage_s": outage, "answered_meanwhile": answered}


def check_stall(work, variables, body, key, stall):
    """A registry that neither answers nor fails holds up neither batches nor the end."""
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    daemon = Daemon(work, variables)
    until_registry_is([daemon], True)
    with stall:
        until_registry_is([daemon], False)
        look = http.client.HTTPConnection(daemon.host, daemon.port, timeout=60)
        look.request("GET", "/ui/registry.json", headers=headers)
        answer = daemon.request("POST", "/predict/batch", b"[" + body + b"]", headers)
        assert answer.status == 200, (answer.status, answer.body)
        assert look.getresponse().status == 503
        look.close()
        daemon.stop()


def main():
    with Postgres() as server, Workplace(*sys.argv[1:4], server.url) as work:
        work.promote_small()
        work.run("threshold", "v1", "--false-negative", "9000", "--publish", "--reason", "test")
        key = work.run("key", "create", "--scope", "predict")["key"]
        reader = {"X-API-Key": work.run("key", "create", "--scope", "read")["key"]}
        both = work.run("key", "create", "--scope", "predict,read")["key"]
        variables = {"CREDITRISK_REGISTRY_WATCH": "1", "CREDITRISK_AUTH_MODE": "key", "CREDITRISK_AUTH_REFRESH_S": "1"}
        body = (work.root / "examples/application.json").read_bytes()
        with Daemon(work, variables) as first, Daemon(work, variables) as second:
            daemons = [first, second]
            loads = [Load(daemon, body, key) for daemon in daemons for _ in range(CLIENTS)]
            for load in loads:
                load.start()
            reached(loads, "v1")
            assert promote(work, "v2")
            reached(loads, "v2")
            figures = check_outage(work, server, daemons, loads, reader)
            for load in loads:
                load.stop()
                assert load.versions == ["v1", "v2", "v1"], load.versions
            figures |= {"answers": sum(load.n for load in loads), "failed": 0, "slowest_ms": round(1000 * max(load.slowest for load in loads))}
        check_stall(work, variables, body, both, server.halted())
        check_stall(work, variables, body, both, server.locked("creditrisk_registry"))
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
