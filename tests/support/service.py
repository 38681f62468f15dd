"""The real programs for tests: a workplace of their own, and a daemon that is there at once."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile


class Workplace:
    """A temporary folder with its own book and registry, whose databases `server` (an address) may have instead. Use it in a with statement."""

    def __init__(self, creditrisk, creditriskd, root, server=None):
        self.creditrisk, self.creditriskd = map(os.path.abspath, (creditrisk, creditriskd))
        self.root = pathlib.Path(root).resolve()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="creditrisk-test-"))
        self.db = self.dir / "book.db"
        os.environ["CREDITRISK_PATHS_RESULTS"] = str(self.dir / "results")
        self.globals = ["--db", server or f"sqlite:{self.db}", "--registry", str(self.dir / "models"),
                        *(["--registry-db", server] if server else [])]

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        shutil.rmtree(self.dir)

    def run(self, *words, status=0):
        """A command's JSON document."""
        done = subprocess.run([self.creditrisk, *self.globals, "--json", "--quiet", *words], cwd=self.root,
                              stdout=subprocess.PIPE, check=False)
        assert done.returncode == status, f"{words}: exit {done.returncode}, {done.stdout.decode()}"
        return json.loads(done.stdout)

    def generate(self, customers, loans):
        self.run("migrate")
        self.run("generate", "--customers", str(customers), "--loans", str(loans), "--seed", "7")

    def promote_small(self):
        """A champion in a second or two: a logistic regression on a small book."""
        self.generate(500, 1000)
        self.run("train", "--no-search", "--models", "logistic", "--promote")


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)


class Daemon:
    """A daemon on a socket that this process bound, so that nobody has to wait for it. Use it in a with statement."""

    def __init__(self, workplace, variables=None, environment=None):
        """The variables come on top of the environment, which is ours unless it is given."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN)
        os.set_inheritable(listener.fileno(), True)
        descriptor, log = tempfile.mkstemp(prefix="daemon-", suffix=".log", dir=workplace.dir)
        os.close(descriptor)
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [workplace.creditriskd, *workplace.globals, "--listen-fd", str(listener.fileno())], cwd=workplace.root,
                pass_fds=[listener.fileno()], stderr=log, env={**(environment or os.environ), **(variables or {})})
        self.host, self.port = listener.getsockname()
        self.url = f"http://{self.host}:{self.port}"
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.stop()

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        return Answer(self.connection.getresponse())

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, media="application/json"):
        """Sends text as it is and anything else as JSON."""
        return self.request("POST", path, body if isinstance(body, (str, bytes)) else json.dumps(body), {"Content-Type": media})

    def stop(self):
        assert self.get("/livez").status == 200  # from then on it minds signals
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, "SIGTERM must end the daemon with exit status 0"
