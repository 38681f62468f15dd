#!/usr/bin/env python3
"""Turns a file into a C file that carries its bytes into a program, with a NUL behind them.

usage: embed.py INPUT OUTPUT NAME

NAME is declared as `extern const char NAME[]`, NAME_len as `extern const size_t`. Who uses the one uses the other: with link-time
optimisation a library's index lists NAME_len only, for the compiler does not see what the assembler defines.
"""
import hashlib
import os
import sys

# The assembler reads the file: a megabyte as C text would cost the compiler seconds. The digest makes another text of other bytes.
TEMPLATE = """/* {digest} */
#include <stddef.h>

__asm__(".section .rodata\\n"
        ".global {name}\\n"
        "{name}:\\n"
        ".incbin \\"{path}\\"\\n"
        ".byte 0\\n"
        ".previous\\n");

extern const char {name}[];
extern const size_t {name}_len;
const size_t {name}_len = {size};
"""


def embed(source, name):
    """The C text and the digest of the bytes."""
    with open(source, "rb") as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    path = os.path.abspath(source).replace("\\", "\\\\").replace('"', '\\"')
    return TEMPLATE.format(name=name, path=path, size=len(data), digest=digest), digest


def main():
    source, target, name = sys.argv[1:4]
    text, _ = embed(source, name)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
