#!/usr/bin/env python3
"""Makes the table of assets: one C file with the bytes of every page, plain and packed.

usage: assets.py OUTPUT PATH FILE [PATH FILE]...

What stands below /assets/ is served below /assets/DIGEST/ instead, where DIGEST is that of all these files, so that a browser may keep
them for ever. Pages (.html) write /assets/ and get the right path; the files point to each other with relative paths. A line
<!-- include NAME --> in a page stands for the file NAME beside it.
"""
import gzip
import hashlib
import os
import re
import sys

from embed import embed

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
    "": "text/plain; charset=utf-8",
}
FOLDER = "/assets/"


def read(source):
    with open(source, "rb") as file:
        return file.read()


def read_page(source):
    """A page with its parts in their places."""
    folder = os.path.dirname(source).encode()
    return re.sub(rb"(?m)^<!-- include (\S+) -->\n", lambda found: read(os.path.join(folder, found[1])), read(source))


def digest_of(files):
    """One digest of all paths and bytes."""
    digest = hashlib.sha256()
    for path, data in files:
        digest.update(f"{path} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


class Table:
    """The C text, and beside it a folder with the bytes that differ from their source."""

    def __init__(self, target):
        self.target, self.folder = target, target + ".d"
        self.parts, self.rows = ['#include "creditrisk/web/assets.h"\n\n'], []
        os.makedirs(self.folder, exist_ok=True)

    def carry(self, name, data):
        """The bytes as a C symbol; its digest."""
        file = os.path.join(self.folder, name)
        with open(file, "wb") as out:
            out.write(data)
        text, digest = embed(file, name)
        self.parts.append(text)
        return digest

    def add(self, path, kind, data):
        name = f"cr_asset_{len(self.rows)}"
        digest = self.carry(name, data)[:32]
        packed = gzip.compress(data, mtime=0)
        row = f'"{path}", "{kind}", {name}, {len(data)}, "\\"{digest}\\""'
        if len(packed) < 0.9 * len(data):
            self.carry(name + "_gzip", packed)
            row += f', {name}_gzip, {len(packed)}, "\\"{digest}-gzip\\""'
        else:
            row += ", NULL, 0, NULL"
        self.rows.append(f"    {{{row}, {'true' if path.startswith(FOLDER) else 'false'}}},\n")

    def write(self):
        self.parts.append("\nextern const struct cr_asset cr_assets[];\nextern const size_t cr_assets_n;\n\n")
        self.parts.append("const struct cr_asset cr_assets[] = {\n" + "".join(self.rows) + "};\n")
        self.parts.append(f"const size_t cr_assets_n = {len(self.rows)};\n")
        with open(self.target, "w", encoding="utf-8") as file:
            file.write("".join(self.parts))


def main():
    words = sys.argv[2:]
    files = [(path, source, read(source)) for path, source in zip(words[::2], words[1::2])]
    folder = FOLDER + digest_of((path, data) for path, _, data in files if path.startswith(FOLDER)) + "/"
    table = Table(sys.argv[1])
    for path, source, data in files:
        suffix = os.path.splitext(source)[1]
        if suffix == ".html":
            data = read_page(source).replace(FOLDER.encode(), folder.encode())
        if path.startswith(FOLDER):
            path = folder + path[len(FOLDER):]
        table.add(path, TYPES[suffix], data)
    table.write()


if __name__ == "__main__":
    main()
