#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the golden values of tests/unit/test_train_race.c: the standard error of an AUC by J. Hanley and B. McNeil, "The meaning and use of the area
under a receiver operating characteristic (ROC) curve", Radiology 143 (1982), in 50-digit decimals."""
from decimal import Decimal, getcontext

getcontext().prec = 50

for auc, n_bad, n_good in (("0.8411", 126, 1474), ("0.5", 10, 10), ("0.893", 51, 58), ("0.99", 3, 5000)):
    a = Decimal(auc)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (n_bad - 1) * (q1 - a * a) + (n_good - 1) * (q2 - a * a)) / (n_bad * n_good)
    print(f"{{{auc}, {n_bad}, {n_good}, {variance.sqrt():.17g}}},")
