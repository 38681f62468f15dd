#!/usr/bin/env python3
"""The stack of docker-compose.yml as its users meet it, from the outside. Each figure is printed as a line of JSON.

usage: stack.py FOLDER        a folder for what it writes; DOCKER_HOST names the engine, which has postgres:17 and debian:trixie-slim;
                              CREDITRISK_COMPOSE another docker-compose than Debian's
"""
import contextlib
import datetime
import errno
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
APPLICATION = (ROOT / "examples/application.json").read_bytes()
COMPOSE = os.environ.get("CREDITRISK_COMPOSE", "/usr/bin/docker-compose")
MAX_API_BYTES, MAX_TRAINER_BYTES, MAX_STOP_S, OUTAGE_S = 100e6, 220e6, 8, 20
UID, RATE_LIMIT = 65532, 20
NETWORK = {"build": {"network": "host"}}


def say(**figures):
    print(json.dumps(figures), flush=True)


def run(*words, check=True, given=None):
    done = subprocess.run([*map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False, input=given)
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
    """One compose project; `extra` overrides docker-compose.yml. The same name again is the same project, with other settings."""

    def __init__(self, folder, name, extra=None):
        self.name = name
        services = {service: json.loads(json.dumps(NETWORK)) for service in ("trainer", "api", "front")}
        for service, settings in (extra or {}).items():
            services.setdefault(service, {}).update(settings)
        override, variables = folder / f"{name}.yml", folder / f"{name}.env"
        override.write_text(json.dumps({"services": services}), encoding="utf-8")
        if not variables.exists():
            variables.write_text(f"POSTGRES_PASSWORD={secrets.token_hex(16)}\nREADER_PASSWORD={secrets.token_hex(16)}\nPAGE_PORT=0\nAPI_PORT=0\n"
                                 "TRAIN_OPTIONS=--models logistic --no-search\n", encoding="utf-8")
        self.words = [COMPOSE, "--ansi", "never", "-p", name, "-f", "docker-compose.yml", "-f", override, "--env-file", variables]

    def __call__(self, *words, check=True):
        return run(*self.words, *words, check=check)

    def containers(self, service):
        """Whether they run or not, which `docker-compose ps` takes one way or the other."""
        labels = {"project": self.name, "service": service, "oneoff": "False"}
        return docker("ps", "-aq", "--no-trunc", *(f"--filter=label=com.docker.compose.{key}={value}" for key, value in labels.items())).split()

    def volume(self, name):
        return pathlib.Path(docker("volume", "inspect", f"{self.name}_{name}", "--format", "{{.Mountpoint}}"))

    def creditrisk(self, *words):
        return self("run", "--rm", "-T", "trainer", "creditrisk", *words).stdout

    def port(self, service, inside):
        return int(self("port", service, inside).stdout.strip().rpartition(":")[2])


def address(container):
    return next(iter(inspect(container)["NetworkSettings"]["Networks"].values()))["IPAddress"]


def fetch(host, port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(host, port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {**({"Content-Type": "application/json"} if body else {}), **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read()


def ask(*words):
    status, body = fetch(*words)
    return status, json.loads(body)


def ask_inside(container, host, port, *requests):
    """As a container's network sees it: each request (method, path, body, headers) on a connection of its own, all open until the end. Statuses."""
    return run("nsenter", "--target", inspect(container)["State"]["Pid"], "--net", sys.executable, "-c", """
import http.client, json, sys
connections = []
for request in json.load(sys.stdin):
    connections.append(http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=30))
    connections[-1].request(*request)
    response = connections[-1].getresponse()
    response.read()
    print(response.status)
""", host, port, given=json.dumps(requests)).stdout.split()


def post(**headers):
    return ["POST", "/predict", APPLICATION.decode(), {"Content-Type": "application/json", **headers}]


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
    """Returns whether the trainer has LightGBM, which the build had to say if not."""
    start = time.monotonic()
    built = project("build")
    for target, limit in (("api", MAX_API_BYTES), ("trainer", MAX_TRAINER_BYTES)):
        size = int(docker("image", "inspect", f"creditrisk-{target}", "--format", "{{.Size}}"))
        say(check="image size", image=target, megabytes=round(size / 1e6, 1), limit=limit / 1e6)
        assert size < limit, (target, size)
    say(check="build", seconds=round(time.monotonic() - start))
    return not re.search(r"LightGBM \S+ cannot be had", built.stdout + built.stderr)


def check_alone():
    """The image by itself, as Render runs it: read-only, its own registry, the platform's port, render.yaml's variables and a generated key."""
    key = secrets.token_urlsafe(32)
    service, = yaml.safe_load((ROOT / "render.yaml").read_text(encoding="utf-8"))["services"]
    variables = {variable["key"]: key if variable.get("generateValue") else variable["value"] for variable in service["envVars"]}
    container = docker("run", "-d", "--read-only", "--cap-drop", "ALL", "--network", "none", "-e", "PORT=9000",
                       *(f"--env={name}={value}" for name, value in variables.items()), "creditrisk-api")
    wait_until("the image by itself is healthy", lambda: inspect(container)["State"]["Health"]["Status"] == "healthy")
    state = inspect(container)["State"]
    asked = ask_inside(container, "127.0.0.1", 9000, ["GET", service["healthCheckPath"]], post(), post(Authorization=f"Bearer {key}"))
    assert asked == ["200", "401", "200"], asked
    # to the daemon the platform's proxies are one client
    asked = ask_inside(container, "127.0.0.1", 9000, *[post(Authorization=f"Bearer {key}")] * 200)
    assert set(asked) == {"200"}, asked
    listening = next(line for line in run("/usr/bin/docker", "logs", container).stderr.splitlines() if '"listening"' in line)
    ready = instant(json.loads(listening)["time"]) - instant(state["StartedAt"])
    healthy = instant(state["Health"]["Log"][0]["End"]) - instant(state["StartedAt"])
    docker("rm", "-f", container)
    say(check="image by itself", first_request="predicts", connections_of_one_client=len(asked), listening_after_s=round(ready.total_seconds(), 2),
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


def check_create(project):
    """All containers are made before one runs, as Compose v2 starts a stack: the volume must still be the trainer's to fill."""
    project("create")
    models = project.volume("models")
    held, owner = os.listdir(models), models.stat().st_uid
    assert not held and owner == UID, (held, owner)
    say(check="created", models="empty", owner=owner)


@contextlib.contextmanager
def health_events(folder):
    """Gives a function that lists what the engine has said since of its containers' health: (time, container, event). Its own memory is short."""
    with open(folder / "events", "w+", encoding="utf-8") as said:
        watch = subprocess.Popen(["/usr/bin/docker", "events", "--since", str(time.time()), "--filter", "event=health_status",
                                  "--format", "{{.TimeNano}} {{.ID}} {{.Status}}"], stdout=said)

        def listed():
            lines = pathlib.Path(said.name).read_text(encoding="utf-8").splitlines()
            for nanoseconds, container, event in (line.split(" ", 2) for line in lines):
                yield datetime.datetime.fromtimestamp(int(nanoseconds) / 1e9, datetime.timezone.utc), container, event

        try:
            yield listed
        finally:
            watch.terminate()
            watch.wait()


def check_start(folder, project):
    with health_events(folder) as events:
        start = time.monotonic()
        project("up", "-d", "--scale", "api=2")
        replicas = project.containers("api")
        wait_until("both replicas are healthy", lambda: len(replicas) == 2 and all(map(is_healthy, replicas)))
        took = time.monotonic() - start
        postgres = inspect(project.containers("postgres")[0])
        well = min(at for at, container, event in events() if container == postgres["Id"] and event == "health_status: healthy")
    trainer = inspect(project.containers("trainer")[0])["State"]
    assert trainer["ExitCode"] == 0 and instant(trainer["StartedAt"]) > well, (trainer, well)
    for replica in map(inspect, replicas):
        assert instant(replica["State"]["StartedAt"]) > instant(trainer["FinishedAt"]), (replica["State"], trainer)
        uids = run("grep", "^Uid:", f"/proc/{replica['State']['Pid']}/status").stdout.split()[1:]
        assert "0" not in uids and replica["HostConfig"]["ReadonlyRootfs"] and not replica["HostConfig"]["PortBindings"], replica["HostConfig"]
        uid = int(uids[0])
    assert not postgres["HostConfig"]["PortBindings"]
    status, answer = ask("127.0.0.1", project.port("front", 8001), "POST", "/predict", APPLICATION)
    assert status == 200 and 0 < answer["probability_raw"] < 1, answer
    say(check="start", up_to_both_healthy_s=round(took, 1), uid=uid, root="read-only", prediction=answer["model_version"])
    return replicas


def check_front(project, replica):
    """8000 shows the pages and what they ask for, 8001 is the whole API, and neither is open to other machines."""
    pages, api = ("127.0.0.1", project.port("front", 8000)), ("127.0.0.1", project.port("front", 8001))
    for path in ("/", "/dashboard", "/ui/portfolio.json"):
        status, page = fetch(*pages, "GET", path)
        assert (status, page) == fetch(address(replica), 8001, "GET", path) and status == 200 and page, (path, status)
    status, metrics = fetch(*pages, "GET", "/metrics")
    assert status == 200 and b"creditrisk_model_info{" in metrics, (status, metrics)
    closed = [fetch(*pages, *request)[0] for request in (("POST", "/admin/reload"), ("GET", "/v2/health/live"))]
    assert closed == [404, 404] and fetch(*api, "GET", "/v2/health/live")[0] == 200, closed
    gateway = docker("network", "inspect", f"{project.name}_default", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    for _, port in (pages, api):
        with contextlib.closing(socket.socket()) as another:
            assert another.connect_ex((gateway, port)) == errno.ECONNREFUSED, "an address of this machine that is not loopback answers"
    say(check="front", pages="8000", api="8001", other_machines="refused")


def check_reader(project, replica):
    """What the daemon holds opens the registry, for reading, and nothing else of the database."""
    held = dict(line.split("=", 1) for line in inspect(replica)["Config"]["Env"])
    url, postgres = held["CREDITRISK_REGISTRY_DB"].replace("@postgres/", "@127.0.0.1/"), project.containers("postgres")[0]

    def asked(sql):
        return run("/usr/bin/docker", "exec", "-e", f"PGPASSWORD={held['PGPASSWORD']}", postgres, "psql", "-At", url, "-c", sql, check=False)

    assert asked("SELECT count(*) FROM creditrisk_registry.pointers").stdout.strip() == "1"
    for sql in ("SELECT * FROM loan_applications", "DELETE FROM creditrisk_registry.keys", "CREATE TABLE creditrisk_registry.more (i integer)"):
        done = asked(sql)
        assert done.returncode != 0 and "permission denied" in done.stderr, (sql, done.stdout, done.stderr)
    say(check="database user of the daemon", reads="the registry", other="permission denied")


def check_lightgbm(project, has_lightgbm):
    if has_lightgbm:
        trained = json.loads(project.creditrisk("train", "--json", "--models", "lightgbm", "--no-search", "--registry", "/tmp/models",
                                                "--registry-db", "sqlite:/tmp/models/registry.db"))
        assert "lightgbm" in json.dumps(trained), trained
    say(check="LightGBM", trains=has_lightgbm)


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


def check_clients(folder, project):
    """Each client has its own limits behind the front, and none can say that it is another one."""
    Project(folder, project.name, {"api": {"environment": {"CREDITRISK_RATE_LIMIT_REQUESTS": RATE_LIMIT}}})("up", "-d", "--no-deps", "api")
    front, port = project.containers("front")[0], project.port("front", 8001)
    wait_until("the limited replica is healthy", lambda: all(map(is_healthy, project.containers("api"))))
    wait_until("the front finds it", lambda: fetch("127.0.0.1", port, "GET", "/livez")[0] == 200)
    # more than two windows hold
    statuses = [fetch("127.0.0.1", port, "POST", "/predict", APPLICATION, {"X-Forwarded-For": f"198.51.100.{i}"})[0] for i in range(3 * RATE_LIMIT)]
    assert set(statuses) == {200, 429}, statuses
    another = ask_inside(project.containers("postgres")[0], address(front), 8001, post())
    assert another == ["200"], another
    say(check="clients", one_refused=statuses.count(429), of=len(statuses), another="answered")


def check_damage(project):
    """A damaged version keeps the trainer neither from ending well nor makes it choose another champion; that is for people."""
    def chosen():
        listed = json.loads(project.creditrisk("registry", "list", "--json"))["versions"]
        return [(version["version"], version["champion"]) for version in listed]

    before = chosen()
    assert ("v2", True) in before, before
    for version in ("v1", "v2"):
        with open(project.volume("models") / "retail" / version / "model.json", "a", encoding="utf-8") as model:
            model.write(" ")
        page = project("run", "--rm", "-T", "trainer").stdout
        assert f"BAD  {version} " in page and chosen() == before, (page, chosen())
    say(check="damaged champion", trainer="exit 0", champion="as before")


def check_trainer_stop(project):
    container = project("run", "-d", "--no-deps", "trainer", "sleep", "600").stdout.split()[-1]
    first = inspect(container)["State"]["Pid"]
    wait_until("the command runs below the first process", pathlib.Path(f"/proc/{first}/task/{first}/children").read_text)
    start = time.monotonic()
    docker("stop", "--time", "30", container)
    took, ended = time.monotonic() - start, inspect(container)["State"]["ExitCode"]
    docker("rm", container)
    assert ended == 128 + signal.SIGTERM, ended
    say(check="SIGTERM to the trainer", exit=ended, seconds=round(took, 2))


def main():
    folder = pathlib.Path(sys.argv[1])
    os.environ["COMPOSE_HTTP_TIMEOUT"] = "300"
    project = Project(folder, "creditrisk")
    has_lightgbm = check_images(project)
    check_alone()
    check_unhealthy(folder)
    try:
        check_create(project)
        replicas = check_start(folder, project)
        check_front(project, replicas[0])
        check_reader(project, replicas[0])
        check_lightgbm(project, has_lightgbm)
        check_promotion(project, replicas)
        check_outage(project, replicas)
        check_stop(replicas[0])
        check_data(project)
        check_clients(folder, project)
        check_damage(project)
        check_trainer_stop(project)
    except BaseException:
        print(project("logs", "--tail", "40", check=False).stdout, file=sys.stderr)
        raise
    project("down", "-v")


if __name__ == "__main__":
    main()
