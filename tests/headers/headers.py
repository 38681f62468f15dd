#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header compiles alone, and twice. The headers are listed at run time, so that a new one is tried at once.

usage: headers.py SOURCE_ROOT COMPILER...
"""
import pathlib
import shlex
import subprocess
import sys

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes",
         "-Wundef", "-Wvla", "-Wconversion", "-Wno-sign-conversion", "-Werror", "-fsyntax-only", "-x", "c", "-"]
LIBRARIES = ["jansson", "sqlite3", "libmicrohttpd"]  # whose headers ours may include


def main():
    include, compiler = pathlib.Path(sys.argv[1]) / "include", sys.argv[2:]
    headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.h"))
    if not headers:
        sys.exit(f"there are no headers in {include}")
    found = subprocess.run(["pkg-config", "--cflags", *LIBRARIES], stdout=subprocess.PIPE, text=True, check=True).stdout
    command = [*compiler, f"-I{include}", *shlex.split(found), *FLAGS]
    failed = 0
    for header in headers:
        text = f'#include "{header}"\n#include "{header}"\n\ntypedef int not_empty;\n'
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{header} does not compile alone:\n{done.stderr}", file=sys.stderr)
            failed += 1
    print(f"{len(headers)} headers, {failed} do not compile alone")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
