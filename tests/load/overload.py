#!/usr/bin/env python3
"""More connections than the cap and more batches than the queue holds, for a minute in all: nothing breaks, memory is bounded, what is refused
is told so at once, and what is answered is hardly less than without the crowd. Prints JSON lines.

usage: overload.py CREDITRISKD CREDITRISK SOURCE_ROOT [--short]     needs h2load (Debian: nghttp2-client)

The sustainable rate is that of as many connections as one address may have beside one client with batches; then come three times as many
and eight, by turns. --short (the suite): one short turn; the rates are printed and not judged.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loaded import Service, h2load, h2load_words, read_answer  # noqa: E402

CAP, CROWD, ROWS = 64, 192, 500
GOODPUT, MEMORY_KIB = 0.8, 512 * 1024


class Batches:
    """Clients that post batches one after the other, each on its own connection, again when refused."""

    def __init__(self, service, n):
        self.service, self.stop, self.rows, self.refused = service, False, 0, 0
        body = b"[" + b",".join([service.application] * ROWS) + b"]"
        self.request = service.post("/predict/batch", body)
        self.threads = [threading.Thread(target=self.run) for _ in range(n)]

    def run(self):
        client = None
        while not self.stop:
            try:
                client = client or self.service.connect("127.0.0.2")
                client.sendall(self.request)
                answer = read_answer(client)
            except OSError:
                answer = None
            if answer is not None and answer[0] == 200:
                self.rows += ROWS
                continue
            assert answer is None or (answer[0] == 503 and b"Retry-After" in answer[1]), answer
            self.refused += 1
            client.close()
            client = None
            time.sleep(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        for thread in self.threads:
            thread.join()


class Crowd:
    """Connections beyond the cap that come again as soon as they are refused. They get what processor time nobody else wants, as if
    they were on machines of their own."""

    def __init__(self, service, connections):
        self.words = ["nice", "-n", "19", *h2load_words(service, connections, "-n", "1000000000")]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Refused:
    """Tries a connection now and then and times the 503."""

    def __init__(self, service):
        self.service, self.stop, self.waits, self.served = service, False, [], 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop:
            start = time.perf_counter()
            client = self.service.connect()  # from where as many are already as may be
            try:
                answer = read_answer(client)  # nothing was asked: only a refusal can come
            except OSError:
                answer = None
            if answer is not None:
                assert answer[0] == 503 and b"Retry-After" in answer[1] and b"Connection: close" in answer[1], answer
                self.waits.append(time.perf_counter() - start)
            else:
                self.served += 1
            client.close()
            time.sleep(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()


def ask(service, path):
    client = service.connect("127.0.0.4")
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    answer = read_answer(client)
    client.close()
    return answer[2].decode()


def main():
    if not shutil.which("h2load"):
        print("h2load (Debian: nghttp2-client) is missing", file=sys.stderr)
        return 77
    short = "--short" in sys.argv
    rounds, seconds = (1, 3) if short else (5, 12)
    variables = {"LIMITS_CONNECTIONS": CAP + 8, "LIMITS_CONNECTIONS_PER_ADDRESS": CAP, "QUEUE_LENGTH": 2, "LIMITS_HEADER_TIMEOUT_S": 1}
    alone = good = alone_rows = rows = 0
    waits = []
    with Service(*sys.argv[1:4], **variables) as service:
        for _ in range(rounds):  # by turns: what else the machine does meets both
            with Batches(service, 1) as one:
                alone += h2load(service, CAP, "-D", str(seconds)) / seconds / rounds
            alone_rows += one.rows / seconds / rounds
            with ThreadPoolExecutor(1) as pool:
                well_behaved = pool.submit(h2load, service, CAP, "-D", str(seconds))
                time.sleep(0.5)  # they are there first; who comes later is the crowd
                with Batches(service, 8) as many, Refused(service) as probes, Crowd(service, CROWD):
                    good += well_behaved.result() / seconds / rounds
            rows += many.rows / (seconds - 0.5) / rounds
            waits += probes.waits
        metrics = ask(service, "/metrics")
        refused = {reason: int(n) for reason, n in re.findall(r'connections_rejected_total{reason="(\w+)"} (\d+)', metrics)}
        result = {"connections": [CAP, CAP + CROWD], "singles_per_s": [round(alone), round(good)],
                  "rows_per_s": [round(alone_rows), round(rows)], "goodput": round((good + rows) / (alone + alone_rows), 3),
                  "goodput_singles": round(good / alone, 3), "refused": refused, "probes_refused": len(waits),
                  "median_refusal_ms": round(1000 * sorted(waits)[len(waits) // 2], 2) if waits else None,
                  "slowest_refusal_ms": round(1000 * max(waits, default=0), 2), "memory_kib": service.memory_kib("VmHWM")}
        print(json.dumps(result), flush=True)
        assert service.process.poll() is None, "the daemon died"
        failures = [result["memory_kib"] > MEMORY_KIB, good <= 0, not waits, refused["address"] == 0, refused["queue"] == 0]
        if not short:
            failures += [result["goodput"] < GOODPUT]
    return 1 if any(failures) else 0


if __name__ == "__main__":
    sys.exit(main())
