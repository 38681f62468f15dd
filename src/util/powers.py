#!/usr/bin/env python3
"""Writes the powers of ten that num_shortest.c multiplies with, exactly, as a C file.

usage: powers.py OUTPUT

For each k the least 128-bit integer that is not below 10^k / 2^(floor(log2(10^k)) - 127).
"""
import sys

FIRST, LAST = -292, 324  # CR_NUM_FIRST_POWER, CR_NUM_LAST_POWER


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
        file.write('#include "num_shortest.h"\n\n')
        file.write("const struct cr_num_power cr_num_powers[CR_NUM_LAST_POWER - CR_NUM_FIRST_POWER + 1] = {\n")
        file.writelines(lines)
        file.write("};\n")


if __name__ == "__main__":
    main()
