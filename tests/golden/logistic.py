#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes logistic.json: coefficients of scikit-learn's LogisticRegression on two small data sets.

    /usr/bin/python3 logistic.py > logistic.json
"""
import json

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression


def plain(rng):
    """400 x 6: inputs of several scales, two of them without effect."""
    x = rng.normal(size=(400, 6)) * [2.5, 1.8, 1.0, 1.0, 2.0, 0.5]
    x[:, 3] = (x[:, 3] > 0.4).astype(float)
    z = -0.9 + 0.6 * x[:, 0] - 0.5 * x[:, 1] + 0.7 * x[:, 3] + 0.2 * x[:, 4]
    return np.round(x, 3), z


def collinear(rng):
    """300 x 7: column 4 is the sum of columns 0 and 1, column 6 is twice column 5."""
    x = rng.normal(size=(300, 7)) * [2.0, 2.5, 2.0, 1.0, 1.0, 1.0, 1.0]
    x[:, 5] = x[:, 5] > 0.2
    x = np.round(x, 3)
    x[:, 4] = x[:, 0] + x[:, 1]
    x[:, 6] = 2 * x[:, 5]
    z = -1.2 + 0.6 * x[:, 0] + 0.4 * x[:, 1] - 0.5 * x[:, 2] + 0.8 * x[:, 5]
    return x, z


def fit(x, y, penalty, c):
    if penalty == "l2":
        how = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 1000}
    else:
        how = {"solver": "saga", "tol": 1e-12, "max_iter": 200000, "random_state": 1}
    model = LogisticRegression(penalty=penalty, C=c, class_weight="balanced", **how).fit(x, y)
    return {
        "penalty": penalty,
        "C": c,
        "weights": model.coef_[0].tolist(),
        "intercept": float(model.intercept_[0]),
    }


def main():
    sets = []
    for name, make, seed in (("plain", plain, 11), ("collinear", collinear, 12)):
        rng = np.random.default_rng(seed)
        x, z = make(rng)
        y = (rng.uniform(size=len(z)) < 1 / (1 + np.exp(-z))).astype(int)
        fits = [fit(x, y, *how) for how in (("l2", 0.1), ("l2", 1.0), ("l1", 0.01), ("l1", 0.1))]
        sets.append({"name": name, "x": x.tolist(), "y": y.tolist(), "fits": fits})
    library = f"scikit-learn {sklearn.__version__}"
    print(json.dumps({"library": library, "sets": sets}, separators=(",", ":")))


main()
