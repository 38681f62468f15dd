#!/usr/bin/env python3
"""Hundreds of clients that send, or take, one byte a second beside a client that behaves: all of them are cut on their deadline and
the other one hardly notices. Prints one JSON line for each kind of slowness.

usage: slow_clients.py CREDITRISKD CREDITRISK SOURCE_ROOT [--short]

Without --short: 500 clients from 16 addresses, default timeouts, and the 99th percentile of the normal client must stay below twice
what it was alone. --short (the suite): 96 clients, timeouts of 2 s; the times are printed and not judged.
"""
import json
import multiprocessing
import pathlib
import select
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loaded import Service, read_answer  # noqa: E402

LATE_S = 2.0  # how long after its deadline a client may see the end
RATIO = 2.0
MEMORY_KIB = 256  # of one slow connection, with the answer that it does not take


def normal_client(service, stop, per_s, latencies):
    """One connection, per_s requests a second; sends all latencies when told to stop."""
    client = service.connect("127.0.0.32")
    request = service.post("/predict", service.application)
    seen, due = [], time.monotonic()
    while not stop.is_set():
        due += 1 / per_s
        time.sleep(max(0.0, due - time.monotonic()))
        start = time.perf_counter()
        client.sendall(request)
        answer = read_answer(client)
        seen.append(time.perf_counter() - start)
        assert answer is not None and answer[0] == 200, answer
    latencies.put(seen)


class Normal:
    """The normal client in a process of its own, for as long as the `with` lasts."""

    def __init__(self, service):
        context = multiprocessing.get_context("fork")
        self.stop, self.queue = context.Event(), context.Queue()
        self.process = context.Process(target=normal_client, args=(service, self.stop, 200, self.queue))

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.latencies = sorted(self.queue.get(timeout=60))
        self.process.join()

    def p99_ms(self):
        return 1000 * self.latencies[int(0.99 * (len(self.latencies) - 1))]


def begin(kind, service):
    """What a slow client sends at once, and again and again after that."""
    if kind == "headers":
        return b"GET /livez HTTP/1.1\r\nHost: h\r\nX-Slow: ", b"a"
    if kind == "bodies":
        return b"POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{", b" "
    batch = service.post("/predict/batch", b"[" + b",".join([service.application] * 100) + b"]")
    return batch * 3, b""  # more answer than the sockets' buffers hold


def step(kind, client, drip):
    """A byte of one client; whether it was cut, which it would find out only after having read what its system holds."""
    poll = select.poll()
    poll.register(client, select.POLLRDHUP)
    if poll.poll(0):
        return True
    try:
        if kind == "readers":
            client.recv(1)
        else:
            client.send(drip)
    except OSError:
        pass  # nothing there yet, or the next look will tell
    return False


def slow_clients(kind, service, n, timeout_s):
    """Runs n of them, begun within a third of the timeout, until all are cut; how long each lived, in seconds."""
    at_once, drip = begin(kind, service)
    born, lives, n_sent, tick = {}, [], 0, time.monotonic()
    began = tick
    while born or n_sent < n:
        while n_sent < n and time.monotonic() - began >= n_sent * timeout_s / (3 * n):
            client = service.connect(f"127.0.0.{1 + n_sent % 16}", receive_buffer=2048)
            client.sendall(at_once)
            client.setblocking(False)
            born[client] = time.monotonic()
            n_sent += 1
        if time.monotonic() >= tick:
            tick += 1
            for client in list(born):
                if step(kind, client, drip):
                    lives.append(time.monotonic() - born.pop(client))
                    client.close()
        time.sleep(0.02)
        oldest = time.monotonic() - min(born.values(), default=time.monotonic())
        assert oldest < timeout_s + 60, f"{len(born)} still live"
    return lives


def main():
    short = "--short" in sys.argv
    n, timeout_s, alone_s = (96, 2, 3) if short else (500, 10, 20)
    variables = {"LIMITS_HEADER_TIMEOUT_S": timeout_s, "LIMITS_TRANSFER_TIMEOUT_S": timeout_s, "QUEUE_LENGTH": n}
    failures = 0
    with Service(*sys.argv[1:4], **variables) as service:
        with Normal(service) as alone:
            time.sleep(alone_s)
        for kind in ("headers", "bodies", "readers"):
            before_kib = service.memory_kib("VmRSS")
            with Normal(service) as beside:
                lives = slow_clients(kind, service, n, timeout_s)
            more_kib = service.memory_kib("VmHWM") - before_kib
            ratio = beside.p99_ms() / alone.p99_ms()
            print(json.dumps({"slow": kind, "clients": n, "cut_after_s": [round(min(lives), 2), round(max(lives), 2)],
                              "normal_p99_ms": round(beside.p99_ms(), 3), "alone_p99_ms": round(alone.p99_ms(), 3),
                              "ratio": round(ratio, 2), "memory_kib": more_kib}), flush=True)
            assert len(lives) == n and min(lives) >= timeout_s - 0.1, "cut before the deadline"
            failures += more_kib > n * MEMORY_KIB
            if not short:
                # a reader's time runs from the beginning of an answer, for which it has waited in the queue with all others
                failures += max(lives) > timeout_s + LATE_S + (kind == "readers") * timeout_s
                failures += ratio >= RATIO
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
