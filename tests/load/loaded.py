"""What the load scripts need beside tests/support/service.py: a daemon whose settings are the script's alone, connections from many
addresses, and how much memory they cost."""
import os
import pathlib
import re
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from service import Daemon, Workplace  # noqa: E402


def environment():
    """Ours without the program's variables. What is measured is not filled for the sake of a test."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("CREDITRISK_") and name not in ("PORT", "MALLOC_PERTURB_")}


class Service(Workplace):
    """with Service(creditriskd, creditrisk, root, LIMITS_CONNECTIONS=256) as service: …"""

    def __init__(self, creditriskd, creditrisk, root, **variables):
        super().__init__(creditrisk, creditriskd, root)
        self.variables = {"CREDITRISK_" + name: str(value) for name, value in variables.items()}
        self.application = (self.root / "examples/application.json").read_bytes()

    def __enter__(self):
        self.promote_small()
        self.daemon = Daemon(self, self.variables, environment())
        self.port, self.process = self.daemon.port, self.daemon.process
        return self

    def __exit__(self, *reason):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait()
        text = self.daemon.log.read_text()
        super().__exit__(*reason)
        assert status == 0, f"the daemon ended with {status}:\n{text[-4000:]}"

    def connect(self, source="127.0.0.1", receive_buffer=None):
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.bind((source, 0))
        client.settimeout(60)
        client.connect(("127.0.0.1", self.port))
        return client

    def post(self, path, body):
        return (f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def memory_kib(self, name):
        """VmRSS, VmHWM: resident now and at most."""
        for line in open(f"/proc/{self.process.pid}/status", encoding="ascii"):
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)


def read_answer(client):
    """Status, head and body of one answer; None at the connection's end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        piece = client.recv(65536)
        if not piece:
            return None
        body += piece
    return int(head.split()[1]), head, body


def h2load_words(service, connections, *words):
    """The command that posts the application again and again."""
    body = service.dir / "body"
    body.write_bytes(service.application)
    return ["h2load", "--h1", "-t", "1", "-c", str(connections), *words, "-H", "Content-Type: application/json", "-d", str(body),
            f"http://127.0.0.1:{service.port}/predict"]


def h2load(service, connections, *words):
    """How many were answered with 2xx; nothing else may be answered to these connections."""
    done = subprocess.run(h2load_words(service, connections, *words), capture_output=True, text=True, check=False)
    match = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    assert match, done.stdout + done.stderr
    assert match[2] == match[3] == match[4] == "0", done.stdout
    return int(match[1])
