#!/usr/bin/env python3
"""Golden values for train/intervals: bootstrap quantiles of AUC and KS, by row and by customer, and the calibration error of true PDs.

Everything is computed here by definition with numpy (resampled rows are really gathered), with 20,000 draws of numpy's own random numbers: train/intervals must
agree within Monte-Carlo error, of which the standard deviation of each statistic is the measure. Writes intervals.json beside itself.
"""
import json
import pathlib

import numpy as np

N_DRAWS = 20000


def auc_and_ks(score, y):
    bad, good = np.sort(score[y == 1]), np.sort(score[y == 0])
    below = np.searchsorted(good, bad, "left")
    ties = np.searchsorted(good, bad, "right") - below
    grid = np.unique(score)
    gap = (len(bad) - np.searchsorted(bad, grid, "left")) / len(bad) - (len(good) - np.searchsorted(good, grid, "left")) / len(good)
    return (below + ties / 2).sum() / (len(bad) * len(good)), max(0.0, gap.max())


def bootstrap(rng, score, y, customer):
    members = [np.flatnonzero(customer == c) for c in np.unique(customer)]
    seen = []
    while len(seen) < N_DRAWS:
        rows = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        if 0 < y[rows].sum() < len(rows):
            seen.append(auc_and_ks(score[rows], y[rows]))
    seen = np.array(seen)
    low, high = np.percentile(seen, [2.5, 97.5], axis=0)
    return {"auc": [low[0], high[0]], "ks": [low[1], high[1]], "sd": list(seen.std(axis=0))}


def chance(rng, pd):
    bins = np.array_split(np.sort(pd), 10)
    draws = sum(abs((b - (rng.random((N_DRAWS, len(b))) < b)).sum(axis=1)) for b in bins) / len(pd)
    return {"mean": draws.mean(), "p99": np.percentile(draws, 99), "sd": draws.std()}


def main():
    rng = np.random.default_rng(11)
    cases = []
    for n, n_customers, decimals in [(60, 30, 2), (300, 90, 6), (303, 12, 1)]:
        customer = rng.integers(n_customers, size=n)
        pd = np.round(np.clip(rng.beta(1.2, 4, n_customers)[customer] * rng.uniform(0.7, 1.3, n), 0.01, 0.99), decimals)
        y = (rng.random(n) < rng.uniform(0.1, 0.9, n_customers)[customer] * 0.5 + pd * 0.5).astype(int)
        y[:2] = [0, 1]
        cases.append({"pd": pd.tolist(), "y": y.tolist(), "customer": customer.tolist(),
                      "by_row": bootstrap(rng, pd, y, np.arange(n)), "by_customer": bootstrap(rng, pd, y, customer),
                      "chance": chance(rng, pd)})
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"numpy": np.__version__, "cases": cases}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
