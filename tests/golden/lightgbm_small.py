#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes lightgbm_small.txt, a small model by LightGBM itself, and lightgbm_small.csv, what LightGBM says of rows that
hurt: inputs, margin, contributions, base value. All kinds of missing values occur in one file because the script
overwrites some decision_type and threshold, and it ends with a tree of one leaf, which LightGBM writes when it finds
no split. After scripts/fetch-lightgbm.sh:

    python3 lightgbm_small.py ../../.lib/lightgbm/lib_lightgbm.so
"""
import ctypes
import math
import random
import sys

NAMES = ["x0", "kind_Credit_Card", "a_b_c", "x3"]  # as the file has them
N_COLS, N_ROWS, N_CHECKED = len(NAMES), 400, 300
ALWAYS = b"num_threads=1 verbosity=-1"
FIT = ALWAYS + b" objective=binary is_unbalance=true deterministic=true force_col_wise=true learning_rate=0.3 num_leaves=5"
RAW, CONTRIBUTIONS = 1, 3
ZERO = 1.0000000180025095e-35
library = ctypes.CDLL(sys.argv[1])
library.LGBM_GetLastError.restype = ctypes.c_char_p


def call(name, *arguments):
    if getattr(library, name)(*arguments) != 0:
        sys.exit(f"{name}: {library.LGBM_GetLastError().decode()}")


def matrix(rows):
    return (ctypes.c_double * (len(rows) * N_COLS))(*[v for row in rows for v in row])


def fit(rows, outcomes, n_rounds, parameters):
    """The text of a model."""
    data, booster, done, length = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int(), ctypes.c_int64()
    call("LGBM_DatasetCreateFromMat", matrix(rows), 1, len(rows), N_COLS, 1, parameters, None, ctypes.byref(data))
    call("LGBM_DatasetSetFeatureNames", data, (ctypes.c_char_p * N_COLS)(*[n.encode() for n in NAMES]), N_COLS)
    call("LGBM_DatasetSetField", data, b"label", (ctypes.c_float * len(rows))(*outcomes), len(rows), 0)
    call("LGBM_BoosterCreate", data, parameters, ctypes.byref(booster))
    for _ in range(n_rounds):
        call("LGBM_BoosterUpdateOneIter", booster, ctypes.byref(done))
    text = ctypes.create_string_buffer(1 << 20)
    call("LGBM_BoosterSaveModelToString", booster, 0, -1, 0, len(text), ctypes.byref(length), text)
    return text.value.decode()


def predict(model, rows, what, n_values):
    booster, n = ctypes.c_void_p(), ctypes.c_int64()
    call("LGBM_BoosterLoadModelFromString", model.encode(), ctypes.byref(ctypes.c_int()), ctypes.byref(booster))
    values = (ctypes.c_double * (len(rows) * n_values))()
    call("LGBM_BoosterPredictForMat", booster, matrix(rows), 1, len(rows), N_COLS, 1, what, 0, -1, ALWAYS,
         ctypes.byref(n), values)
    assert n.value == len(values)
    return [values[i * n_values:(i + 1) * n_values] for i in range(len(rows))]


def draw_row(rng):
    row = [rng.gauss(0, 1), float(rng.random() < 0.3), rng.gauss(0, 1), 1000 * math.exp(rng.gauss(0, 1))]
    if rng.random() < 0.2:
        row[2] = math.nan
    return row


def draw_outcome(rng, row):
    missing = math.isnan(row[2])
    z = row[0] + 0.8 * row[1] * row[0] + (0.7 if missing else -row[2]) + 0.3 * math.log(row[3] / 1000)
    return float(rng.random() < 1 / (1 + math.exp(-z)))


def split(model):
    """Header, the lines of each tree, the rest."""
    header, rest = model.split("\n\n", 1)
    trees, end = rest.split("end of trees", 1)
    return header, [tree.split("\n") for tree in trees.split("\n\n\n")[:-1]], "end of trees" + end


def join(header, trees, end):
    texts = ["\n".join(lines) + "\n\n\n" for lines in trees]
    lines = [line for line in header.split("\n") if not line.startswith("tree_sizes=")]
    lines.append("tree_sizes=" + " ".join(str(len(text)) for text in texts))
    return "\n".join(lines) + "\n\n" + "".join(texts) + end


def overwrite(rng, lines):
    """Every kind of missing value, thresholds at and around zero."""
    for i, line in enumerate(lines):
        key, _, value = line.partition("=")
        words = value.split(" ")
        for w in range(len(words)):
            if key == "decision_type" and rng.random() < 0.7:
                words[w] = rng.choice(["0", "2", "4", "6", "8", "10"])
            if key == "threshold" and rng.random() < 0.3:
                words[w] = rng.choice(["0", "-0", repr(ZERO), repr(-ZERO), "1e-40", "-1e-40"])
        lines[i] = key + "=" + " ".join(words) if "=" in line else line


def hurt(rng, thresholds):
    row = draw_row(rng)
    for j in range(N_COLS):
        t = rng.choice(thresholds[j]) if thresholds[j] else 0.0
        row[j] = rng.choice([row[j], t, -t, math.nextafter(t, math.inf), math.nextafter(t, -math.inf), math.nan, 0.0,
                             -0.0, ZERO, -ZERO, math.nextafter(ZERO, 1), math.nextafter(-ZERO, -1), 5e-324, -5e-324])
    return row


def main():
    rng = random.Random(1)
    rows = [draw_row(rng) for _ in range(N_ROWS)]
    outcomes = [draw_outcome(rng, row) for row in rows]
    header, trees, end = split(fit(rows, outcomes, 10, FIT))
    _, lone, _ = split(fit(rows, outcomes, 1, FIT + b" min_data_in_leaf=1000"))
    for lines in trees:
        overwrite(rng, lines)
    trees.append([f"Tree={len(trees)}"] + lone[0][1:])
    model = join(header, trees, end)

    thresholds = [[] for _ in NAMES]
    for lines in trees:
        values = dict(line.split("=") for line in lines)
        for feature, threshold in zip(values["split_feature"].split(), values["threshold"].split()):
            thresholds[int(feature)].append(float(threshold))
    checked = [hurt(rng, thresholds) for _ in range(N_CHECKED)]
    with open("lightgbm_small.txt", "w", encoding="ascii") as file:
        file.write(model)
    with open("lightgbm_small.csv", "w", encoding="ascii") as file:
        columns = zip(checked, predict(model, checked, RAW, 1), predict(model, checked, CONTRIBUTIONS, N_COLS + 1))
        for parts in columns:
            file.write(",".join(repr(v) for part in parts for v in part) + "\n")


main()
