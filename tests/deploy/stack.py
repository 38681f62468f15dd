#!/usr/bin/env python3
"""The stack of docker-compose.yml as its users meet it, from the outside. Each figure is printed as a line of JSON.

usage: stack.py FOLDER        a folder for what it writes; DOCKER_HOST names the engine, which has postgres:17 and debian:trixie-slim
"""
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import secrets
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
APPLICATION = (ROOT / "examples/application.json").read_bytes()
MAX_API_BYTES, MAX_TRAINER_BYTES, MAX_STOP_S, OUTAGE_S = 100e6, 220e6, 8, 20
NETWORK = {"build": {"network": "host"}}


def say(**figures):
    print(json.dumps(figures), flush=True)


def run(*words, check=True):
    done = subprocess.run([*map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done


def docker(*words):
    return run("/usr/bin/docker", *words).stdout.strip()


def inspect(container):
    return json.loads(docker("inspect", container))[0]


def instant(text):
    """Docker's times have nanoseconds and come as UTC or with an offset."""
    head, _, rest = text.partition(".")
    digits = rest[:len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits):].lstrip()[:6].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(head.replace(" ", "T") + zone[:3] + ":" + zone[-2:]) + datetime.timedelta(seconds=float("0." + digits))


class Project:
    """One compose project; `extra` overrides docker-compose.yml."""

    def __init__(self, folder, name, extra=None):
        services = {service: json.loads(json.dumps(NETWORK)) for service in ("trainer", "api", "front")}
        for service, settings in (extra or {}).items():
            services.setdefault(service, {}).update(settings)
        override, variables = folder / f"{name}.yml", folder / f"{name}.env"
        override.write_text(json.dumps({"services": services}), encoding="utf-8")
        variables.write_text(f"POSTGRES_PASSWORD={secrets.token_hex(16)}\nPAGE_PORT=0\nAPI_PORT=0\nTRAIN_OPTIONS=--models logistic --no-search\n",
                             encoding="utf-8")
        self.words = ["/usr/bin/docker-compose", "--ansi", "never", "-p", name, "-f", "docker-compose.yml", "-f", override, "--env-file", variables]

    def __call__(self, *words, check=True):
        return run(*self.words, *words, check=check)

    def containers(self, service):
        return self("ps", "-q", service).stdout.split()

    def creditrisk(self, *words):
        return self("run", "--rm", "-T", "trainer", "creditrisk", *words).stdout

    def port(self, service, inside):
        return int(self("port", service, inside).stdout.strip().rpartition(":")[2])


def address(container):
    return next(iter(inspect(container)["NetworkSettings"]["Networks"].values()))["IPAddress"]


def ask(host, port, method, path, body=None):
    connection = http.client.HTTPConnection(host, port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def wait_until(what, condition, patience_s=120):
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, f"waited {patience_s} s in vain: {what}"
        time.sleep(0.1)


class Load:
    """Clients that never stop asking until the place they ask takes no more connections; an answer that was asked for must come."""

    def __init__(self, host, port, n=8):
        self.place, self.lock, self.stopping = (host, port), threading.Lock(), False
        self.n, self.failures, self.slowest = 0, [], 0.0
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(n)]

    def work(self):
        connection = http.client.HTTPConnection(*self.place, timeout=30)
        while not self.stopping:
            if connection.sock is None:
                try:
                    connection.connect()
                except OSError:
                    return  # it is gone: nothing was asked
            start = time.monotonic()
            try:
                connection.request("POST", "/predict", APPLICATION, {"Content-Type": "application/json"})
                response = connection.getresponse()
                body = json.loads(response.read())
                failure = None if response.status == 200 and "probability" in body else (response.status, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                failure = repr(error)
                connection.close()
            with self.lock:
                self.n += failure is None
                self.slowest = max(self.slowest, time.monotonic() - start)
                if failure is not None:
                    self.failures.append(failure)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until("the load runs", lambda: self.n > 200 or self.failures)
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def check(self):
        assert not self.failures, (len(self.failures), self.failures[:3])
        return {"answers": self.n, "failed": 0, "slowest_ms": round(1000 * self.slowest)}


def check_images(project):
    start = time.monotonic()
    project("build")
    for target, limit in (("api", MAX_API_BYTES), ("trainer", MAX_TRAINER_BYTES)):
        size = int(docker("image", "inspect", f"creditrisk-{target}", "--format", "{{.Size}}"))
        say(check="image size", image=target, megabytes=round(size / 1e6, 1), limit=limit / 1e6)
        assert size < limit, (target, size)
    say(check="build", seconds=round(time.monotonic() - start))


def check_alone():
    """The image by itself, as Render runs it: read-only, its own registry, the platform's port and key."""
    key = secrets.token_urlsafe(32)
    container = docker("run", "-d", "--read-only", "--cap-drop", "ALL", "--network", "none", "-e", "PORT=9000", "-e", "CREDITRISK_AUTH_MODE=key",
                       "-e", f"CREDITRISK_AUTH_KEY={key}", "creditrisk-api")
    wait_until("the image by itself is healthy", lambda: inspect(container)["State"]["Health"]["Status"] == "healthy")
    state = inspect(container)["State"]
    # no network leads there: its namespace is entered instead
    asked = run("nsenter", "--target", state["Pid"], "--net", sys.executable, "-c", f"""
import http.client
for headers in ({{}}, {{"Authorization": "Bearer {key}"}}):
    connection = http.client.HTTPConnection("127.0.0.1", 9000, timeout=30)
    connection.request("POST", "/predict", {APPLICATION!r}, {{"Content-Type": "application/json", **headers}})
    print(connection.getresponse().status)
""").stdout.split()
    assert asked == ["401", "200"], asked
    listening = next(line for line in run("/usr/bin/docker", "logs", container).stderr.splitlines() if '"listening"' in line)
    ready = instant(json.loads(listening)["time"]) - instant(state["StartedAt"])
    healthy = instant(state["Health"]["Log"][0]["End"]) - instant(state["StartedAt"])
    docker("rm", "-f", container)
    say(check="image by itself", first_request="predicts", listening_after_s=round(ready.total_seconds(), 2),
        healthy_after_s=round(healthy.total_seconds(), 2))


def check_unhealthy(folder):
    """A database that never becomes healthy: neither the trainer nor the daemon may start."""
    project = Project(folder, "unwell", {"postgres": {"healthcheck": {"test": ["CMD", "false"], "interval": "1s", "retries": 2}}})
    done = project("up", "-d", "api", check=False)
    assert done.returncode != 0, "compose must not succeed"
    states = {service: [inspect(container)["State"]["Status"] for container in project.containers(service)] for service in ("trainer", "api")}
    assert not any(state in ("running", "exited") for of_service in states.values() for state in of_service), states
    project("down", "-v")
    say(check="unhealthy database", api="did not start")


def is_healthy(container):
    return inspect(container)["State"]["Health"]["Status"] == "healthy"


def check_start(project):
    start = time.monotonic()
    project("up", "-d", "--scale", "api=2")
    replicas = project.containers("api")
    wait_until("both replicas are healthy", lambda: all(map(is_healthy, replicas)))
    took = time.monotonic() - start
    postgres = inspect(project.containers("postgres")[0])
    well = min(instant(entry["End"]) for entry in postgres["State"]["Health"]["Log"] if entry["ExitCode"] == 0)
    for replica in map(inspect, replicas):
        assert instant(replica["State"]["StartedAt"]) > well or len(postgres["State"]["Health"]["Log"]) == 5, "the log keeps five entries only"
        uids = run("grep", "^Uid:", f"/proc/{replica['State']['Pid']}/status").stdout.split()[1:]
        assert "0" not in uids and replica["HostConfig"]["ReadonlyRootfs"] and not replica["HostConfig"]["PortBindings"], replica["HostConfig"]
        uid = int(uids[0])
    assert not postgres["HostConfig"]["PortBindings"]
    status, answer = ask("127.0.0.1", project.port("front", 8001), "POST", "/predict", APPLICATION)
    assert status == 200 and 0 < answer["probability_raw"] < 1, answer
    status, page = ask("127.0.0.1", project.port("front", 8000), "GET", "/ui/portfolio.json")
    assert status == 200 and page
    say(check="start", up_to_both_healthy_s=round(took, 1), uid=uid, root="read-only", prediction=answer["model_version"])
    return replicas


def versions(replicas):
    return {ask(address(replica), 8001, "GET", "/health")[1]["model_version"] for replica in replicas}


def readable(replicas):
    answers = [ask(address(replica), 8001, "GET", "/readyz") for replica in replicas]
    assert all(status == 200 and body["status"] == "ready" for status, body in answers), answers
    return {body["registry_readable"] for _, body in answers}


def check_promotion(project, replicas):
    project.creditrisk("threshold", "v1", "--false-negative", "9000", "--publish", "--reason", "check")
    started = [inspect(replica)["State"]["StartedAt"] for replica in replicas]
    with Load("127.0.0.1", project.port("front", 8001)) as load:
        project.creditrisk("registry", "promote", "v2", "--reason", "check")
        start = time.monotonic()
        wait_until("both replicas serve v2", lambda: versions(replicas) == {"v2"})
        took = time.monotonic() - start
    assert [inspect(replica)["State"]["StartedAt"] for replica in replicas] == started, "a replica was restarted"
    say(check="promotion under load", reached_both_after_s=round(took, 1), **load.check())


def check_outage(project, replicas):
    with Load("127.0.0.1", project.port("front", 8001)) as load:
        project("stop", "postgres")
        start = time.monotonic()
        wait_until("/readyz tells of it", lambda: readable(replicas) == {False})
        told = time.monotonic() - start
        before = load.n
        while time.monotonic() < start + OUTAGE_S:
            assert readable(replicas) == {False}
        meanwhile = load.n - before
        project("start", "postgres")
        start = time.monotonic()
        wait_until("/readyz tells that it is over", lambda: readable(replicas) == {True})
        recovered = time.monotonic() - start
    assert meanwhile > 0
    say(check="database away", seconds=OUTAGE_S, told_after_s=round(told, 1), answers_meanwhile=meanwhile, recovered_after_s=round(recovered, 1),
        **load.check())


def check_stop(replica):
    """docker stop with requests in flight."""
    with Load(address(replica), 8001) as load:
        start = time.monotonic()
        docker("stop", "--time", "30", replica)
        took = time.monotonic() - start
    state = inspect(replica)["State"]
    assert state["ExitCode"] == 0 and took < MAX_STOP_S, (state, took)
    say(check="SIGTERM under load", exit=state["ExitCode"], seconds=round(took, 2), **load.check())


def check_data(project):
    def book():
        report = json.loads(project.creditrisk("doctor", "--json"))
        return report["ok"], [line for line in json.dumps(report).split('"') if " rows" in line]

    before = book()
    assert before[0] and before[1]
    project("down")
    assert not project.containers("postgres")
    project("up", "-d")
    replicas = project.containers("api")
    wait_until("the replica is healthy again", lambda: all(map(is_healthy, replicas)))
    assert book() == before and versions(replicas) == {"v2"}
    say(check="down and up", tables=before[1], champion="v2")


def main():
    folder = pathlib.Path(sys.argv[1])
    os.environ["COMPOSE_HTTP_TIMEOUT"] = "300"
    project = Project(folder, "creditrisk")
    check_images(project)
    check_alone()
    check_unhealthy(folder)
    try:
        replicas = check_start(project)
        check_promotion(project, replicas)
        check_outage(project, replicas)
        check_stop(replicas[0])
        check_data(project)
    except BaseException:
        print(project("logs", "--tail", "40", check=False).stdout, file=sys.stderr)
        raise
    project("down", "-v")


if __name__ == "__main__":
    main()
