#!/usr/bin/env python3
"""Makes the table of assets: one C file with the bytes of every page.

usage: assets.py OUTPUT PATH FILE [PATH FILE]...
"""
import os
import sys

from embed import embed

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
    "": "text/plain; charset=utf-8",
}


def main():
    target, words = sys.argv[1], sys.argv[2:]
    parts, rows = ['#include "creditrisk/web/assets.h"\n\n'], []
    for i, (path, source) in enumerate(zip(words[::2], words[1::2])):
        text, digest = embed(source, f"cr_asset_{i}")
        size = os.path.getsize(source)
        kind = TYPES[os.path.splitext(source)[1]]
        parts.append(text)
        rows.append(f'    {{"{path}", "{kind}", cr_asset_{i}, {size}, "\\"{digest[:32]}\\""}},\n')
    parts.append("\nextern const struct cr_asset cr_assets[];\nextern const size_t cr_assets_n;\n\n")
    parts.append("const struct cr_asset cr_assets[] = {\n" + "".join(rows) + "};\n")
    parts.append(f"const size_t cr_assets_n = {len(rows)};\n")
    with open(target, "w", encoding="utf-8") as file:
        file.write("".join(parts))


if __name__ == "__main__":
    main()
