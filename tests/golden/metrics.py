#!/usr/bin/env python3
"""Golden values for train/metrics: PDs and outcomes with and without ties, and what scikit-learn says of them.

Writes metrics.json beside itself. Made with scikit-learn 1.2.1 (python3-sklearn of Debian 12).
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics


def expected(pd, y, threshold):
    fpr, tpr, _ = metrics.roc_curve(y, pd, drop_intermediate=False)
    flagged = (pd >= threshold).astype(int)
    order = np.argsort(pd, kind="stable")
    ece = sum(abs(pd[b].mean() - y[b].mean()) * len(b) / len(y) for b in np.array_split(order, 10) if len(b))
    return {
        "auc_roc": metrics.roc_auc_score(y, pd),
        "auc_pr": metrics.average_precision_score(y, pd),
        "ks": float(np.max(tpr - fpr)),
        "brier": metrics.brier_score_loss(y, pd),
        "log_loss": metrics.log_loss(y, np.clip(pd, 2.220446049250313e-16, 1 - 2.220446049250313e-16)),
        "ece": float(ece),
        "accuracy": metrics.accuracy_score(y, flagged),
        "precision": metrics.precision_score(y, flagged, zero_division=0),
        "recall": metrics.recall_score(y, flagged),
        "f1": metrics.f1_score(y, flagged, zero_division=0),
    }


def main():
    rng = np.random.default_rng(7)
    cases = []
    for n, decimals, threshold in [(20, 3, 0.5), (57, 1, 0.3), (200, 2, 0.11), (200, 1, 0.95), (1000, 6, 0.2), (1003, 2, 0.5)]:
        pd = np.round(rng.beta(1.5, 3, n), decimals)
        y = (rng.random(n) < pd).astype(int)
        y[:2] = [0, 1]
        cases.append((pd, y, threshold))
    cases.append((np.full(30, 0.25), np.arange(30) % 3 == 0, 0.25))
    cases.append((np.array([0.0, 0.0, 1.0, 1.0, 0.5]), np.array([0, 1, 1, 0, 1]), 0.5))
    cases.append((np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 1, 0, 0]), 0.5))
    cases.append((np.array([0.1, 0.2, 0.8, 0.9]), np.array([1, 1, 0, 0]), 0.99))
    document = {"scikit-learn": sklearn.__version__, "cases": []}
    for pd, y, threshold in cases:
        y = np.asarray(y).astype(int)
        document["cases"].append({"pd": pd.tolist(), "y": y.tolist(), "threshold": threshold,
                                  "expected": expected(pd, y, threshold)})
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
