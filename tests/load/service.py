"""A real daemon with a small model of its own, for the load scripts: started on a socket of ours, stopped by its pid."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile


def environment(variables):
    """Ours without the program's variables, then those of the script. What is measured is not filled for the sake of a test."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("CREDITRISK_") and name not in ("PORT", "MALLOC_PERTURB_")}
    return kept | {"CREDITRISK_" + name: str(value) for name, value in variables.items()}


class Service:
    """with Service(creditriskd, creditrisk, root, LIMITS_CONNECTIONS=256) as service: …"""

    def __init__(self, creditriskd, creditrisk, root, **variables):
        self.root = pathlib.Path(root)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="creditrisk-load-"))
        self.creditrisk, self.creditriskd = map(os.path.abspath, (creditrisk, creditriskd))  # they run in the root
        self.variables = variables
        self.application = (self.root / "examples/application.json").read_bytes()

    def run(self, *words):
        options = ["--db", f"sqlite:{self.dir}/book.db", "--registry", str(self.dir / "models"), "--quiet"]
        subprocess.run([self.creditrisk, *options, *words], cwd=self.root, check=True, stdout=subprocess.DEVNULL,
                       env=environment({"PATHS_RESULTS": self.dir / "results"}))

    def __enter__(self):
        self.run("migrate")
        self.run("generate", "--customers", "1500", "--loans", "3000")
        self.run("train", "--models", "logistic", "--no-search", "--promote")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        self.port = listener.getsockname()[1]
        self.log = open(self.dir / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([self.creditriskd, "--listen-fd", str(listener.fileno()), "--registry",
                                         str(self.dir / "models")], cwd=self.root, pass_fds=[listener.fileno()],
                                        stderr=self.log, env=environment(self.variables))
        listener.close()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait()
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        shutil.rmtree(self.dir)
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
