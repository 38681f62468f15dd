#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes gbm_<name>.json beside itself: what scikit-learn's GradientBoostingClassifier learns from data of integers.

    /usr/bin/python3 gbm.py        (scikit-learn 1.2.1: python3-sklearn of Debian 12)

The data are not stored: tests/unit/test_model_gbm.c makes the same from `draw` below, whose numbers are all exact in
float32. Margins are of all training rows, with subsample 1 and all columns, where only ties are left to the seed and
to rounding: each case is fitted with several seeds and with columns turned round, and must come out the same. Held-out
margins differ between seeds, because columns that part the training rows alike have different thresholds; the share
that does is stored. With subsample and max_features only the AUC can be compared: its mean over seeds, over five folds
(row number modulo 5).
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

MASK = 0xFFFFFFFF
N_SEEDS = 20


def draw(data_set, row, k):
    """The k-th random 32-bit number of a row: C. Wellons' lowbias32."""
    x = (data_set << 24) + (row << 5) + k
    x = ((x ^ x >> 16) * 0x7FEB352D) & MASK
    x = ((x ^ x >> 15) * 0x846CA68B) & MASK
    return x ^ x >> 16


def mixed(row):
    """Set 1: wide, narrow and constant columns, one of values that are nearly the same, one that repeats another."""
    d = [draw(1, row, k) for k in range(10)]
    a, b, c, e = d[0] % 1024, d[1] % 12, d[2] % 2, d[4] % 64
    x = [a, b, c, d[3] % 5 - 2, 0.5 + e * 2.0**-24, 7, a * a, d[6] % 300 - 150]
    z = 2 * (a - 512) + 150 * (b - 6) * (2 * c - 1) + 12 * (e - 32) + 3 * x[7]
    return x, z + d[8] % 2048 + d[9] % 2048 > 2900


def flags(row):
    """Set 2: few values, most of them 0: what one-hot columns look like."""
    d = [draw(2, row, k) for k in range(12)]
    level = d[0] % 7
    x = [int(level == 0), int(level == 1), int(level in (2, 3)), int(level > 3), d[1] % 40, d[2] % 9 / 8,
         int(d[3] % 10 == 0), d[4] % 3, d[5] % 500 / 4 - 30, int(d[6] % 20 == 0)]
    z = 600 * x[0] - 500 * x[3] + 40 * (x[4] - 20) + 900 * x[6] + 10 * x[8] + 500 * x[7] * x[1] + 300 * x[5]
    return x, z + d[10] % 1024 + d[11] % 1024 > 1350


def make(data_set, n):
    rows = [data_set(i) for i in range(n)]
    return np.array([x for x, _ in rows], dtype=float), np.array([int(y) for _, y in rows])


def exact(name, data_set, n_train, n_test, cases):
    x, y = make(data_set, n_train + n_test)
    assert np.array_equal(x, x.astype(np.float32))
    out = {"n_train": n_train, "n_test": n_test, "n_ones": int(y[:n_train].sum()), "cases": []}
    for params in cases:
        margins, flipped = [], []
        for seed in range(8):
            fit = GradientBoostingClassifier(**params, random_state=seed).fit(x[:n_train], y[:n_train])
            margins.append(fit.decision_function(x))
            sign = np.random.default_rng(seed).choice([-1, 1], size=x.shape[1])
            fit = GradientBoostingClassifier(**params, random_state=seed).fit(sign * x[:n_train], y[:n_train])
            flipped.append(fit.decision_function(sign * x[:n_train]))
        spread = np.ptp(margins, axis=0)
        spread[:n_train] = np.ptp([m[:n_train] for m in margins] + flipped, axis=0)
        assert spread[:n_train].max() < 1e-10, (name, params, spread[:n_train].max())
        out["cases"].append({
            "params": params,
            "train": margins[0][:n_train].tolist(),
            "test": margins[0][n_train:].tolist(),
            "test_share_that_differs_between_seeds": float(np.mean(spread[n_train:] > 1e-9)),
        })
        print(name, params, "rate", y.mean(), "differ", out["cases"][-1]["test_share_that_differs_between_seeds"])
    return out


def random(data_set, n, cases):
    x, y = make(data_set, n)
    fold = np.arange(n) % 5
    out = {"n": n, "n_seeds": N_SEEDS, "cases": []}
    for params in cases:
        aucs = []
        for seed in range(N_SEEDS):
            one = []
            for k in range(5):
                fit = GradientBoostingClassifier(**params, random_state=seed).fit(x[fold != k], y[fold != k])
                one.append(roc_auc_score(y[fold == k], fit.decision_function(x[fold == k])))
            aucs.append(np.mean(one))
        out["cases"].append({"params": params, "auc": float(np.mean(aucs)), "sd": float(np.std(aucs, ddof=1))})
        print(params, out["cases"][-1]["auc"], out["cases"][-1]["sd"])
    return out


def main():
    plain = {"n_estimators": 50, "max_depth": 3, "learning_rate": 0.1}
    slow = {"n_estimators": 50, "max_depth": 3, "learning_rate": 0.25, "min_samples_leaf": 9, "min_samples_split": 40}
    deep = {"n_estimators": 50, "max_depth": 5, "learning_rate": 0.05, "min_samples_leaf": 15}
    results = {
        "mixed": exact("mixed", mixed, 650, 300, [plain, slow, deep]),
        "flags": exact("flags", flags, 500, 300, [plain, slow, deep]),
        "auc": random(flags, 2000, [
            {"n_estimators": 60, "max_depth": 3, "learning_rate": 0.1, "subsample": 0.8, "max_features": "sqrt"},
            {"n_estimators": 60, "max_depth": 5, "learning_rate": 0.05, "subsample": 0.7, "max_features": "log2",
             "min_samples_leaf": 5},
            {"n_estimators": 40, "max_depth": 4, "learning_rate": 0.1, "subsample": 0.9, "max_features": 0.8},
        ]),
    }
    for name, result in results.items():
        path = pathlib.Path(__file__).parent / f"gbm_{name}.json"
        path.write_text(json.dumps({"sklearn": sklearn.__version__, **result}) + "\n")


if __name__ == "__main__":
    main()
