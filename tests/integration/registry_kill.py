#!/usr/bin/env python3
"""The real program is killed (SIGKILL) at random moments of publish, import, promote, rollback, sign and delete. After each kill `registry verify --all`
accepts the registry, the champion is what was acknowledged last (or what was under way), and nothing acknowledged is lost.

usage: registry_kill.py CREDITRISK SOURCE_ROOT        CREDITRISK_KILLS: how many (24); CREDITRISK_SEED: of the random moments (1)
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

from cli import Cli

KEPT = 6  # versions beyond which old ones are deleted, so that the check after each kill stays quick


class House:
    def __init__(self, cli, rng):
        self.cli, self.rng = cli, rng
        self.versions, self.champion, self.stack = set(), None, []  # stack: champions, the present one on top
        self.seen = {"killed": 0, "done": 0, "unrecorded": 0, "staged": 0}
        self.seconds = {}
        self.cost = 20000

    def pack(self):
        """An archive of a version that was never here; it was made in another registry."""
        there, file = [*self.cli.globals[:3], str(self.cli.dir / "there"), "--quiet"], self.cli.dir / "foreign.tar.gz"
        self.cost += 7
        words = ["threshold", "v1", "--false-negative", self.cost, "--publish", "--reason", "elsewhere", "--json"]
        version = json.loads(self.cli(*words, globals_=there).stdout)["published"]
        self.cli("registry", "export", version, file, "--force", globals_=there)
        self.cli("registry", "delete", version, globals_=there)
        return file

    def state(self):
        listed = json.loads(self.cli("registry", "list", "--json").stdout)["versions"]
        champions = [v["version"] for v in listed if v["champion"]]
        assert len(champions) <= 1, listed
        return {v["version"] for v in listed}, champions[0] if champions else None

    def words(self, action):
        """The command, and the version that it is about where that is known before."""
        others = sorted(self.versions - {self.champion} - ({"v1"} if action == "delete" else set()))
        if action == "publish":
            self.cost += 7
            return ["threshold", "v1", "--false-negative", self.cost, "--publish", "--reason", "kill"], None
        if action == "import":
            return ["registry", "import", self.pack()], None
        if action == "rollback":
            return ["registry", "rollback"], self.previous()
        if action == "sign":
            version = self.rng.choice(sorted(self.versions))
            return ["registry", "sign", version, "--key", self.cli.dir / "key"], version
        version = self.rng.choice(others)
        return ["registry", action, version, "--reason", "kill"], version

    def possible(self):
        actions = ["publish", "import", "sign"]
        if self.versions - {self.champion}:
            actions += ["promote", "promote"]
        if self.versions - {self.champion, "v1"}:
            actions.append("delete")
        if self.previous():
            actions.append("rollback")
        return actions

    def previous(self):
        """Where a rollback must lead; None when there is nothing to go back to."""
        return next((version for version in reversed(self.stack) if version != self.champion and version in self.versions), None)

    def run(self, action, kill):
        words, version = self.words(action)
        start = time.monotonic()
        process = subprocess.Popen([self.cli.program, *self.cli.globals, *map(str, words)], cwd=self.cli.root, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        if kill:
            try:
                process.wait(self.rng.uniform(0, 1.1 * self.seconds[action]))
            except subprocess.TimeoutExpired:
                process.kill()
        out, err = process.communicate()
        if process.returncode not in (0, -9):
            raise AssertionError(f"{words}: exit {process.returncode}\n{out}{err}")
        acknowledged = process.returncode == 0
        if acknowledged:
            self.seconds[action] = max(self.seconds.get(action, 0), time.monotonic() - start)
        self.seen["done" if acknowledged else "killed"] += 1
        self.check(action, version, acknowledged)

    def follow(self, action, champion):
        """The champions that can be gone back to: a promotion goes on top, a rollback takes off what it undoes."""
        while action == "rollback" and champion != self.champion and self.stack[-1] != champion:
            self.stack.pop()
        if not self.stack or self.stack[-1] != champion:
            self.stack.append(champion)

    def check(self, action, version, acknowledged):
        audit = self.cli("registry", "verify", "--all", "--portfolio", "retail", "--json")  # exit 0: accepted
        audit = json.loads(audit.stdout)
        assert audit["ok"] and all(v["ok"] for v in audit["versions"]), audit
        versions, champion = self.state()
        where = f"{action} {version or ''} {'acknowledged' if acknowledged else 'killed'}: {sorted(self.versions)} → {sorted(versions)}, " \
                f"{self.champion} → {champion}"
        gone, new = self.versions - versions, versions - self.versions
        if action in ("publish", "import"):
            assert not gone and len(new) <= 1 and (new or not acknowledged) and champion == self.champion, where
        elif action == "sign":
            signature = self.cli.dir / "models/retail" / version / "manifest.sig"
            assert not gone and not new and (signature.exists() or not acknowledged) and champion == self.champion, where
        elif action == "delete":
            assert not new and gone <= {version} and (gone or not acknowledged) and champion == self.champion, where
        else:
            assert not gone and not new and champion in ({version} if acknowledged else {version, self.champion}), where
            self.follow(action, champion)
        self.versions, self.champion = versions, champion
        self.seen["unrecorded"] += len(audit["unrecorded"])
        self.seen["staged"] += len(audit["staged"])
        for name in audit["unrecorded"]:  # as verify advises
            shutil.rmtree(self.cli.dir / "models/retail" / name)
        for name in audit["staged"]:
            folder = self.cli.dir / "models" / name
            while folder.exists():  # a gnuplot of the killed program may still be drawing into it
                shutil.rmtree(folder, ignore_errors=True)


def main():
    kills, seed = (int(os.environ.get(name, usual)) for name, usual in (("CREDITRISK_KILLS", 24), ("CREDITRISK_SEED", 1)))
    cli = Cli(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        cli("migrate")
        cli("generate", "--customers", 600, "--loans", 1200, "--seed", 11)
        cli("train", "--no-search", "--models", "logistic")
        cli("registry", "export", "v1", cli.dir / "v1.tar.gz")
        cli("registry", "import", cli.dir / "v1.tar.gz", globals_=[*cli.globals[:3], str(cli.dir / "there"), "--quiet"])
        cli("registry", "keygen", cli.dir / "key")
        house = House(cli, random.Random(seed))
        house.versions, house.champion = house.state()
        for action in ("publish", "promote", "publish", "import", "promote", "rollback", "sign", "delete"):  # each once in peace: how long it takes
            house.run(action, kill=False)
        while house.seen["killed"] < kills:
            action = house.rng.choice(house.possible())
            if len(house.versions) > KEPT and action in ("publish", "import"):
                action = "delete"
            house.run(action, kill=True)
        assert house.seen["killed"] == kills
        print(f"seed {seed}: {json.dumps(house.seen)}")
    finally:
        shutil.rmtree(cli.dir)


if __name__ == "__main__":
    main()
