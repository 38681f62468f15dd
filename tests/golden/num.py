#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes num.txt: doubles as 16 hexadecimal digits of their bits and as Python's repr, the shortest text that reads
back. Run: python3 num.py > num.txt"""
import random
import struct


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def from_bits(b):
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def values():
    yield from (0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.3, 1 / 3, 2 / 3, 100.0, 1e15, 1e16, 1e17, 123456789012345678.0)
    yield from (from_bits(b) for b in (1, 2, 3, 0x000fffffffffffff, 0x0010000000000000, 0x0010000000000001))
    yield from (from_bits(b) for b in (0x7fefffffffffffff, 0x7feffffffffffffe, 0x3fefffffffffffff, 0x3ff0000000000001))
    yield from (2.0**53 - 1, 2.0**53, 2.0**53 + 2, 9007199254740993.0, 5e-324, 2.2250738585072011e-308, 9.5e-5, 1e-4, 1e-5)
    for e in range(-1074, 1024):  # powers of two: their rounding interval is lopsided
        yield 2.0**e
    for e in range(-323, 309, 3):
        yield float(f"1e{e}")
        yield float(f"-9.999999999999999e{e - 1}")
    r = random.Random(20260101)
    for _ in range(700):
        x = from_bits(r.getrandbits(64))
        if x == x and abs(x) != float("inf"):
            yield x
    for _ in range(200):
        yield from_bits(r.getrandbits(52))  # subnormals
    for _ in range(300):
        yield round(r.uniform(-1e6, 1e6), r.randrange(0, 10))  # what people write
    for _ in range(200):
        yield r.random()
    for _ in range(100):
        yield float(r.getrandbits(60))


for value in values():
    print(f"{bits(value):016x} {value!r}")
