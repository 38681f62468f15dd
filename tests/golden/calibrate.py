#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes calibrate.json: Platt scaling with plain 0/1 targets, minimised by SciPy's trust-exact with exact derivatives.

    /usr/bin/python3 calibrate.py > calibrate.json
"""
import json

import numpy as np
import scipy
from scipy.optimize import minimize


def loss(p, raw, y):
    m = p[0] * raw + p[1]
    return np.mean(np.logaddexp(0.0, m) - y * m)


def gradient(p, raw, y):
    r = 1 / (1 + np.exp(-(p[0] * raw + p[1]))) - y
    return np.array([np.mean(r * raw), np.mean(r)])


def hessian(p, raw, y):
    q = 1 / (1 + np.exp(-(p[0] * raw + p[1])))
    w = q * (1 - q)
    return np.array([[np.mean(w * raw * raw), np.mean(w * raw)], [np.mean(w * raw), np.mean(w)]])


def main():
    cases = []
    for seed, n, slope, shift, scale in ((1, 200, 0.8, -1.5, 1.0), (2, 500, 1.7, 0.4, 0.6), (3, 300, 0.02, -3.0, 40.0)):
        rng = np.random.default_rng(seed)
        raw = np.round(rng.normal(size=n) * scale, 4)
        y = (rng.uniform(size=n) < 1 / (1 + np.exp(-(slope * raw + shift)))).astype(float)
        found = minimize(
            loss, [0.0, 0.0], args=(raw, y), jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-13}
        )
        p = found.x
        for _ in range(3):  # polish what the trust region leaves
            p = p - np.linalg.solve(hessian(p, raw, y), gradient(p, raw, y))
        cases.append({"raw": raw.tolist(), "y": y.tolist(), "slope": p[0], "intercept": p[1]})
    print(json.dumps({"library": f"SciPy {scipy.__version__}", "cases": cases}, separators=(",", ":")))


main()
