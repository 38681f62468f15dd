#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes pipeline.json: what scikit-learn's imputers, encoders and scalers make of small tables with missing values, ties, constants,
unknown and unused levels.

    /usr/bin/python3 pipeline.py > pipeline.json

Made with scikit-learn 1.2.1 and numpy 1.24.2. Two rules are ours and are put in here by hand: on ties the first level in declared
order is the mode (scikit-learn is given the levels' indices, of which it takes the smallest), and an unknown text counts for no mode.
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler, StandardScaler

N_ROWS = 80
FIT_ROWS = [1, 2, 49, 50, 73]  # the fit takes that many rows from the start, apply takes all

FEATURES = [
    ("n_standard", "numeric", "standard", True, None),
    ("n_robust", "numeric", "robust", False, None),
    ("n_plain", "numeric", "none", False, None),
    ("n_constant", "numeric", "standard", False, None),
    ("n_constant_robust", "numeric", "robust", False, None),
    ("n_no_iqr", "numeric", "robust", True, None),
    ("n_empty", "numeric", "standard", True, None),
    ("n_empty_robust", "numeric", "robust", False, None),
    ("n_ties", "numeric", "standard", False, None),
    ("o_ties", "ordinal", "none", True, ["low", "high", "middle"]),
    ("o_standard", "ordinal", "standard", False, ["d", "c", "b", "a"]),
    ("o_robust", "ordinal", "robust", False, ["x", "y", "z"]),
    ("o_empty", "ordinal", "none", True, ["one", "two"]),
    ("c_plain", "nominal", "none", False, ["red", "green", "never", "blue"]),
    ("c_missing", "nominal", "none", True, ["yes", "no", "un known"]),
    ("f_ties", "flag", "none", False, None),
    ("f_standard", "flag", "standard", True, None),
]


def texts(rng, levels, weights, missing, unknown):
    """A column of levels; the rows behind the last fit hold unknown texts, too."""
    column = [str(t) for t in rng.choice(levels, size=N_ROWS, p=weights)]
    for i in range(N_ROWS):
        if rng.random() < missing:
            column[i] = None
        if rng.random() < unknown:
            column[i] = "?"
    return column


def holes(rng, column, share):
    column = np.array(column, dtype=float)
    column[rng.random(N_ROWS) < share] = np.nan
    column[0] = np.nan if share > 0.3 else column[0]
    return column


def table(rng):
    n = N_ROWS
    ties = [["low", "high", "middle"][i % 3] for i in range(n)]
    ties[7] = ties[8] = ties[9] = None
    data = {
        "n_standard": holes(rng, np.round(rng.normal(40, 12, n), 2), 0.2),
        "n_robust": holes(rng, np.round(rng.lognormal(12.2, 0.9, n), 2), 0.1),
        "n_plain": holes(rng, rng.normal(0, 1e-3, n), 0.4),
        "n_constant": holes(rng, np.full(n, 0.1), 0.3),
        "n_constant_robust": holes(rng, np.full(n, 7.7), 0),
        "n_no_iqr": holes(rng, np.where(rng.random(n) < 0.9, 3, rng.normal(50, 9, n)), 0.1),
        "n_empty": np.full(n, np.nan),
        "n_empty_robust": np.full(n, np.nan),
        "n_ties": holes(rng, rng.integers(0, 4, n), 0.3),
        "o_ties": ties,
        "o_standard": texts(rng, ["d", "c", "b", "a"], [0.4, 0.1, 0.3, 0.2], 0.2, 0.1),
        "o_robust": texts(rng, ["x", "y", "z"], [0.3, 0.3, 0.4], 0.1, 0),
        "o_empty": [None] * n,
        "c_plain": texts(rng, ["red", "green", "blue"], [0.3, 0.3, 0.4], 0.2, 0.1),
        "c_missing": texts(rng, ["yes", "no", "un known"], [0.2, 0.5, 0.3], 0.4, 0),
        "f_ties": np.array([i % 2 for i in range(n)], dtype=float),
        "f_standard": holes(rng, rng.random(n) < 0.7, 0.3),
    }
    data["n_empty"][73:] = rng.normal(5, 1, n - 73)  # known only where nothing is learnt
    data["o_empty"][75] = "two"
    data["f_ties"][10:12] = np.nan
    return data


def imputer(strategy):
    return SimpleImputer(strategy=strategy, keep_empty_features=True)


def scaler(scale, wanted):
    how = {"standard": StandardScaler, "robust": RobustScaler}
    return how[scale]() if wanted and scale in how else FunctionTransformer()


def as_codes(column, levels):
    """Index of the level, −1 for an unknown text, NaN for a missing one."""
    known = {level: i for i, level in enumerate(levels)}
    return np.array([np.nan if t is None else known.get(t, -1) for t in column])


def impute_codes(codes, n_fit):
    learnt = imputer("most_frequent").fit(np.where(codes[:n_fit] < 0, np.nan, codes[:n_fit]).reshape(-1, 1))
    return learnt.transform(codes.reshape(-1, 1))


def apply(kind, scale, levels, column, n_fit, wanted):
    """rows × inputs of one feature."""
    if kind in ("numeric", "flag"):
        steps = make_pipeline(imputer("median" if kind == "numeric" else "most_frequent"), scaler(scale, wanted))
        x = column.reshape(-1, 1)
        return steps.fit(x[:n_fit]).transform(x)
    codes = impute_codes(as_codes(column, levels), n_fit)
    if kind == "ordinal":
        return scaler(scale, wanted).fit(codes[:n_fit]).transform(codes)
    names = np.array([["?" if c < 0 else levels[int(c)]] for c in codes[:, 0]])
    return OneHotEncoder(categories=[levels], handle_unknown="ignore").fit(names[:n_fit]).transform(names).toarray()


def case(data, n_fit, wanted):
    values, indicators, one_hot = [], [], []
    names = [[], [], []]
    for name, kind, scale, indicator, levels in FEATURES:
        column = data[name]
        x = apply(kind, scale, levels, column, n_fit, wanted)
        (one_hot if kind == "nominal" else values).append(x)
        names[2 if kind == "nominal" else 0] += [f"{name}_{t}" for t in levels] if kind == "nominal" else [name]
        if indicator:
            missing = [t is None for t in column] if levels else np.isnan(column)
            indicators.append(np.array(missing, dtype=float).reshape(-1, 1))
            names[1].append(f"{name}_is_missing")
    x = np.hstack(values + indicators + one_hot)
    assert np.isfinite(x).all()
    return {"n_fit": n_fit, "scale": wanted, "names": sum(names, []), "inputs": x.tolist()}


def cell(value):
    return None if value is None or isinstance(value, float) and np.isnan(value) else value


def main():
    data = table(np.random.default_rng(20))
    golden = {
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "features": [
            {"name": name, "kind": kind, "scale": scale, "indicator": indicator, "levels": levels or [],
             "cells": [cell(v) for v in (data[name] if levels else data[name].tolist())]}
            for name, kind, scale, indicator, levels in FEATURES
        ],
        "cases": [case(data, n, wanted) for n in FIT_ROWS for wanted in (False, True)],
    }
    json.dump(golden, sys.stdout, separators=(",", ":"))
    print()


main()
