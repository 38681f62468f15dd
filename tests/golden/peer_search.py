#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The search of `creditrisk train --export DIR`, run by the libraries it stands against: every candidate on every fold, nothing dropped or stopped.

usage: peer_search.py EXPORT [--features features.yaml] [--against train.json] KIND...

Run by hand: it takes minutes of processor time. Needs pandas, scikit-learn (1.2.1), xgboost (1.7.6) and lightgbm (4.5.0). Prints one JSON line per kind: the best mean AUC
over the folds, its parameters, processor seconds. --features names the portfolio's features.yaml, whose `scale:` the logistic model's inputs get inside each fold
(without it all are standardised). --against names the output of `creditrisk --json train`: exit status 1 unless each model's cv_auc is at least the peer's
− 0.001. Imputation differs a little: the exported inputs are imputed from all training rows, ours inside each fold.
"""
import argparse
import json
import pathlib
import re
import sys
import time

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

SEED = 42
TOLERANCE = 0.001


def scaling(path, columns):
    """Column names by how features.yaml scales them; what it does not name stays as it is."""
    if path is None:
        return {"standard": list(columns), "robust": []}
    found = dict(re.findall(r"^ *- \{name: (\w+), .*?scale: (standard|robust)", path.read_text(), re.MULTILINE))
    return {how: [column for column in columns if found.get(column) == how] for how in ("standard", "robust")}


def make_model(kind, params, scaled):
    if kind == "logistic":
        solver = "saga" if params["penalty"] == "l1" else "lbfgs"
        scaler = ColumnTransformer([("standard", StandardScaler(), scaled["standard"]), ("robust", RobustScaler(), scaled["robust"])],
                                   remainder="passthrough")
        return make_pipeline(scaler, LogisticRegression(**params, solver=solver, class_weight="balanced", max_iter=5000, random_state=SEED))
    if kind == "gbm":
        return GradientBoostingClassifier(**params, random_state=SEED)
    if kind == "xgboost":
        import xgboost
        return xgboost.XGBClassifier(**params, tree_method="hist", base_score=0.5, n_jobs=1, random_state=SEED, verbosity=0)
    import lightgbm
    return lightgbm.LGBMClassifier(**params, is_unbalance=True, bagging_freq=1, deterministic=True, force_col_wise=True, n_jobs=1,
                                   random_state=SEED, verbosity=-1)


def score(kind, params, x, y, fold, scaled):
    """AUC of each fold's rows by a model of the others."""
    whole = {name: int(value) if isinstance(value, float) and value.is_integer() and name not in ("C", "max_features") else value
             for name, value in params.items()}
    found = []
    for held_out in np.unique(fold):
        model = make_model(kind, whole, scaled).fit(x[fold != held_out], y[fold != held_out])
        rows = x[fold == held_out]
        margin = model.decision_function(rows) if kind in ("logistic", "gbm") else model.predict_proba(rows)[:, 1]
        found.append(roc_auc_score(y[fold == held_out], margin))
    return float(np.mean(found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("export", type=pathlib.Path)
    parser.add_argument("kinds", nargs="+")
    parser.add_argument("--features", type=pathlib.Path)
    parser.add_argument("--against", type=pathlib.Path)
    arguments = parser.parse_args()
    x = pd.read_csv(arguments.export / "X.csv")
    y = pd.read_csv(arguments.export / "y.csv").iloc[:, 0].to_numpy()
    fold = pd.read_csv(arguments.export / "fold.csv").iloc[:, 0].to_numpy()
    candidates = json.loads((arguments.export / "candidates.json").read_text())
    scaled = scaling(arguments.features, x.columns)
    ours = {} if arguments.against is None else {m["kind"]: m["cv_auc"] for m in json.loads(arguments.against.read_text())["models"]}
    behind = False
    for kind in arguments.kinds:
        start = time.process_time()
        scores = [score(kind, params, x, y, fold, scaled) for params in candidates[kind]]
        best = int(np.argmax(scores))
        line = {"kind": kind, "n_candidates": len(scores), "cv_auc": scores[best], "cpu_seconds": round(time.process_time() - start, 1),
                "params": candidates[kind][best]}
        if kind in ours:
            line |= {"ours": ours[kind], "difference": ours[kind] - scores[best]}
            behind = behind or ours[kind] < scores[best] - TOLERANCE
        print(json.dumps(line), flush=True)
    return behind


if __name__ == "__main__":
    sys.exit(main())
