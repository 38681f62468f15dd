#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages in Debian's Chromium, against the real daemon.

usage: pages.py CREDITRISK CREDITRISKD SOURCE_ROOT PART [FOLDER]

PART is one of the scripts beside this file, which says what it looks at; FOLDER takes screenshots.
Exit status 77: Chromium, Node.js or .lib/browser-tools (scripts/test.sh sees to them) is not there.
"""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from service import Daemon, Workplace  # pylint: disable=wrong-import-position


def need(found, what):
    if not found:
        print(f"skipped: {what} is not there (scripts/test.sh sees to it)", file=sys.stderr)
        sys.exit(77)


def drive(workplace, part, variables):
    """Runs PART.mjs against a daemon, with what it needs to know in CR_PAGES."""
    with Daemon(workplace, variables.pop("environment", {})) as daemon:
        known = {"url": daemon.url, "tools": str(workplace.root / ".lib/browser-tools") + "/", "chromium": shutil.which("chromium"),
                 "profile": str(workplace.dir / "profile"), "folder": sys.argv[5] if len(sys.argv) > 5 else str(workplace.dir), **variables}
        done = subprocess.run(["node", str(HERE / f"{part}.mjs")], env={**os.environ, "CR_PAGES": json.dumps(known)}, timeout=540, check=False)
        assert done.returncode == 0, f"{part}.mjs: exit {done.returncode}"


# What the other portfolio writes otherwise than the small one of the tests: its money, and a table whose name the retail book has, too.
OTHER = {'{code: INR, symbol: "₹", grouping: indian}': '{code: USD, symbol: "$", grouping: thousands}', "unit: INR": "unit: USD",
         "customers": "clients"}


def make_other_portfolio(workplace):
    """At the root a portfolio with other fields, types, groups and bands than retail's, of which no page has a word; retail beside it."""
    workplace.promote_small()
    folder = workplace.dir / "portfolios" / "small"
    shutil.copytree(workplace.root / "tests/support/small", folder)
    for file in folder.iterdir():
        text = file.read_text()
        for old, new in OTHER.items():
            text = text.replace(old, new)
        file.write_text(text)
    with sqlite3.connect(workplace.db) as book:
        book.executescript((folder / "book.sql").read_text())
    os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(folder.parent)
    workplace.globals += ["--portfolio", "small"]
    workplace.run("train", "--no-search", "--models", "logistic", "--promote")


def prepare(workplace, part):
    """Makes a registry for the part; more that it wants to know."""
    if part == "other":
        make_other_portfolio(workplace)
        return {}
    workplace.promote_small()
    if part == "key":
        key = workplace.run("key", "create", "--scope", "predict,read")["key"]
        return {"key": key, "environment": {"CREDITRISK_AUTH_MODE": "key"}}
    if part in ("dashboard", "access"):
        secret = str(workplace.dir / "office.key")
        workplace.run("registry", "keygen", secret)
        workplace.run("registry", "sign", "v1", "--key", secret)
        workplace.run("train", "--no-search", "--models", "logistic,gbm")
        workplace.run("registry", "promote", "v2", "--reason", "trained with another model to compare")
        workplace.run("registry", "challenger", "v3", "--reason", "to be looked at in shadow")
    return {}


def main():
    part = sys.argv[4]
    need(shutil.which("chromium"), "Chromium")
    need(shutil.which("node"), "Node.js")
    need((pathlib.Path(sys.argv[3]) / ".lib/browser-tools/VERSIONS").exists(), ".lib/browser-tools")
    with Workplace(*sys.argv[1:4]) as workplace:
        drive(workplace, part, prepare(workplace, part))


if __name__ == "__main__":
    main()
