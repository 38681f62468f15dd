#!/usr/bin/env python3
"""Writes the powers of ten that num_shortest.c multiplies with, exactly, as a C header.

usage: powers.py OUTPUT

For each k the least 128-bit integer that is not below 10^k / 2^(floor(log2(10^k)) - 127).
"""
import sys

FIRST, LAST = -292, 324


def power(k):
    numerator, denominator = (10**k, 1) if k >= 0 else (1, 10**-k)
    shift = 127 - (numerator.bit_length() - denominator.bit_length())
    while True:  # the lengths give the logarithm or one more
        value = -(-(numerator << max(shift, 0)) // (denominator << max(-shift, 0)))
        if value.bit_length() >= 128:
            return value
        shift += 1


def main():
    lines = []
    for k in range(FIRST, LAST + 1):
        value = power(k)
        assert value.bit_length() == 128
        lines.append(f"    {{UINT64_C(0x{value >> 64:016x}), UINT64_C(0x{value & (2**64 - 1):016x})}},\n")
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write(f"enum {{ FIRST_POWER = {FIRST}, LAST_POWER = {LAST} }};\n\n")
        file.write("static const struct power powers[LAST_POWER - FIRST_POWER + 1] = {\n")
        file.writelines(lines)
        file.write("};\n")


if __name__ == "__main__":
    main()
