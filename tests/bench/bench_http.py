#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""POST /predict against a bare libmicrohttpd handler that reads the same body and answers as many bytes: one JSON line per model.

usage: bench_http.py CREDITRISK CREDITRISKD BARE_HANDLER SOURCE_ROOT

Both sides have one thread on one processor and take turns, short ones, as a busy host is slow for seconds; wrk has another processor.
`ratio` is of requests per second, `cpu_ratio` of the server's processor time per request, which a busy machine disturbs less. The
latency is that of half of the daemon's own load.
The daemon is the one of the folder $BENCH_RELEASE, if that is set. Without wrk, or with a single processor, nothing is measured:
exit status 77.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.request

TURNS = 15
SECONDS = 1
CONNECTIONS = 16
GOALS = {"logistic": 0.65, "xgboost": 0.50}
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[%s]==]
%s
"""


class Server:
    """A program on a listening socket of ours, on the first processor."""

    def __init__(self, command, processor, **variables):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        fd = listener.fileno()
        os.set_inheritable(fd, True)
        self.process = subprocess.Popen([str(fd) if word == "FD" else word for word in command], pass_fds=[fd],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=os.environ | variables, preexec_fn=lambda: os.sched_setaffinity(0, {processor}))
        listener.close()

    def post(self, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/predict", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()


def load(server, script, processor, connections=CONNECTIONS):
    """Requests per second, processor microseconds of one, and wrk's own words."""
    before = server.cpu_seconds()
    words = subprocess.run(["taskset", "-c", str(processor), "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script,
                            f"http://127.0.0.1:{server.port}/predict"], check=True, stdout=subprocess.PIPE, text=True).stdout
    n = int(re.search(r"(\d+) requests in", words)[1])
    assert "Non-2xx" not in words, words
    return float(re.search(r"Requests/sec: *([\d.]+)", words)[1]), (server.cpu_seconds() - before) / n * 1e6, words


class Bench:
    def __init__(self, creditrisk, creditriskd, bare, root, folder):
        self.creditrisk, self.creditriskd, self.bare, self.root, self.folder = creditrisk, creditriskd, bare, root, folder
        self.body = (root / "examples/application.json").read_bytes()
        self.script = self.write_script("plain.lua", "")
        self.server_at, self.client_at = sorted(os.sched_getaffinity(0))[:2]
        self.run("migrate")
        self.run("generate", "--customers", "2500", "--loans", "5000")

    def write_script(self, name, more):
        path = self.folder / name
        path.write_text(SCRIPT % (self.body.decode(), more))
        return str(path)

    def run(self, *words, registry="models"):
        subprocess.run([self.creditrisk, "--db", f"sqlite:{self.folder}/book.db", "--registry", str(self.folder / registry), "--quiet", *words],
                       cwd=self.root, stdout=subprocess.DEVNULL, check=True, env=os.environ | {"CREDITRISK_PATHS_RESULTS": str(self.folder)})

    def start_daemon(self, kind):
        os.chdir(self.root)
        return Server([self.creditriskd, "--listen-fd", "FD", "--registry", str(self.folder / kind)], self.server_at, CREDITRISK_THREADS="1",
                      CREDITRISK_LOG_ACCESS="false")

    def latency_at_half(self, daemon, rate):
        """p99 in microseconds, and the rate that was reached."""
        connections = 48
        delay_ms = max(1, round(1000 * connections / (rate / 2)))
        script = self.write_script("half.lua", f"function delay() return {delay_ms} end")
        half, _, words = load(daemon, script, self.client_at, connections)
        value, unit = re.search(r"99% *([\d.]+)(us|ms|s)", words).groups()
        return float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit], half

    def compare(self, kind):
        self.run("train", "--models", kind, "--no-search", "--promote", registry=kind)
        daemon = self.start_daemon(kind)
        answer = daemon.post(self.body)
        bare = Server([self.bare, "FD", "1", str(len(answer))], self.server_at)
        assert len(bare.post(self.body)) == len(answer)
        turns = []
        for _ in range(TURNS):
            turns.append((load(daemon, self.script, self.client_at), load(bare, self.script, self.client_at)))
        middle = statistics.median
        rate = middle(ours[0] for ours, _ in turns)
        p99_us, half = self.latency_at_half(daemon, rate)
        print(json.dumps({"bench": "http", "model": kind, "ratio": round(middle(ours[0] / theirs[0] for ours, theirs in turns), 3),
                          "cpu_ratio": round(middle(theirs[1] / ours[1] for ours, theirs in turns), 3), "goal": GOALS[kind],
                          "requests_per_second": round(rate), "bare_requests_per_second": round(middle(theirs[0] for _, theirs in turns)),
                          "cpu_us": round(middle(ours[1] for ours, _ in turns), 2),
                          "bare_cpu_us": round(middle(theirs[1] for _, theirs in turns), 2), "answer_bytes": len(answer),
                          "p99_us_at_half_load": p99_us, "half_requests_per_second": round(half)}), flush=True)
        daemon.stop()
        bare.stop()


def main():
    if shutil.which("wrk") is None or len(os.sched_getaffinity(0)) < 2:
        print("wrk and two processors are needed", file=sys.stderr)
        return 77
    programs = [os.path.abspath(word) for word in sys.argv[1:4]]
    release = os.environ.get("BENCH_RELEASE")
    if release:
        programs[1] = os.path.join(release, "creditriskd")
    with tempfile.TemporaryDirectory(prefix="creditrisk-bench-") as folder:
        bench = Bench(*programs, pathlib.Path(sys.argv[4]), pathlib.Path(folder))
        for kind in GOALS:
            bench.compare(kind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
