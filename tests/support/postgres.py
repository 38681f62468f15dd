#!/usr/bin/env python3
"""A PostgreSQL server of a test's own: Debian's programs, a temporary folder, a socket in it and no port. It never runs as root.

usage: postgres.py COMMAND [WORD…]      runs the command with the server's address in CR_TEST_POSTGRES; skips (77) without PostgreSQL
"""
import contextlib
import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77
PR_SET_PDEATHSIG = 1


def end_with_parent():
    """The server must not outlive a test that was killed: SIGQUIT is its immediate shutdown."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def skip(reason):
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(SKIP)


def find_programs():
    """The folder of the newest server that Debian's packages installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    """with Postgres() as server: …; stop() and start() in between. Settings are words such as shared_buffers=1GB."""

    def __init__(self, *settings):
        self.programs = find_programs()
        if self.programs is None:
            skip("PostgreSQL's server is not installed (postgresql)")
        self.user = {}
        if os.geteuid() == 0:
            try:
                account = pwd.getpwnam("postgres")
            except KeyError:
                skip("there is no user 'postgres' to run the server as")
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.dir = tempfile.mkdtemp(prefix="creditrisk-pg-")
        if self.user:
            os.chown(self.dir, self.user["user"], self.user["group"])
        os.chmod(self.dir, 0o755)
        self.data = os.path.join(self.dir, "data")
        self.url = f"postgresql://postgres@/postgres?host={self.dir}"
        self.settings = (f"unix_socket_directories={self.dir}", "listen_addresses=", "fsync=off", "logging_collector=off",
                         "log_destination=stderr", *settings)
        self.process = None

    def __enter__(self):
        done = subprocess.run([f"{self.programs}/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                               "--no-sync"], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **self.user)
        assert done.returncode == 0, done.stdout
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir)

    def start(self):
        """Returns when the server lets clients in."""
        with open(os.path.join(self.dir, "log"), "a+", encoding="utf-8") as log:
            self.process = subprocess.Popen([f"{self.programs}/postgres", "-D", self.data, *(word for s in self.settings for word in ("-c", s))],
                                            cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                            preexec_fn=end_with_parent, **self.user)
            for line in self.process.stdout:
                log.write(line)
                if "ready to accept connections" in line:
                    break
            else:
                raise AssertionError(f"PostgreSQL ended: {pathlib.Path(log.name).read_text(encoding='utf-8')}")
        # nobody may have to wait because nobody reads what it says
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        self.process.stdout.close()

    @contextlib.contextmanager
    def halted(self):
        """Every process of it stands still; the connections stay."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        pids = [self.process.pid, *map(int, children.split())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def locked(self, schema):
        """Somebody holds the tables of that schema so that they cannot even be read."""
        lock = (f"DO $$ DECLARE name TEXT; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' LOOP "
                f"EXECUTE format('LOCK TABLE {schema}.%I', name); END LOOP; END $$")
        words = [f"{self.programs}/psql", "-X", "-d", self.url, "-v", "ON_ERROR_STOP=1", "-c", "BEGIN", "-c", lock, "-c", "SELECT pg_sleep(86400)"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent) as holder:
            try:
                assert [holder.stdout.readline() for _ in range(2)] == ["BEGIN\n", "DO\n"]
                yield
            finally:
                holder.terminate()

    def stop(self):
        """Closes the connections it has, as an administrator would (fast shutdown)."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
            self.drain.wait()
            self.process = None


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    with Postgres() as server:
        return subprocess.run(sys.argv[1:], env={**os.environ, "CR_TEST_POSTGRES": server.url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
