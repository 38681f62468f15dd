#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes emi.csv: instalments in 60-digit decimals (Python's decimal module), rounded half up to the
paisa.

    python3 emi.py > emi.csv
"""
import decimal
import random

decimal.getcontext().prec = 60
PAISA = decimal.Decimal("0.01")


def emi(principal, months, rate):
    p, r = decimal.Decimal(principal), decimal.Decimal(rate) / 1200
    if r == 0:
        amount = p / months
    else:
        growth = (1 + r) ** months
        amount = p * r * growth / (growth - 1)
    return amount.quantize(PAISA, rounding=decimal.ROUND_HALF_UP)


def cases():
    draw = random.Random(20260131)
    yield "500000", 36, "12"
    for months in range(3, 361):  # every term, without interest and at both ends of the rates
        for rate in ("0", "1", "40"):
            yield str(draw.randrange(10, 50001) * 1000), months, rate
    for rate in ("0.000001", "0.0001", "0.01", "0.5"):  # where the plain formula loses digits
        for months in (3, 12, 36, 120, 360):
            yield str(draw.randrange(10000, 50000001)), months, rate
    for _ in range(5000):
        principal = draw.choice([
            str(draw.randrange(10, 50001) * 1000),
            str(draw.randrange(10000, 50000001)),
            f"{draw.randrange(1000000, 5000000001) / 100:.2f}",
        ])
        rate = draw.choice([
            str(draw.randrange(1, 41)),
            f"{draw.randrange(4, 161) / 4:.2f}",
            f"{draw.randrange(100, 4001) / 100:.2f}",
        ])
        yield principal, draw.randrange(3, 361), rate


print("principal,term_months,annual_rate,emi")
for principal, months, rate in cases():
    print(f"{principal},{months},{rate},{emi(principal, months, rate)}")
