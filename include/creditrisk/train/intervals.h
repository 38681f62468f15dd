// SPDX-License-Identifier: MIT
/* Intervals: what chance alone does to a metric. */
#ifndef CREDITRISK_TRAIN_INTERVALS_H
#define CREDITRISK_TRAIN_INTERVALS_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

/* Draws of a report. */
#define CR_INTERVALS_DRAWS 1000

struct cr_interval {
    double low;
    double high;
};

struct cr_intervals {
    struct cr_interval auc_roc;
    struct cr_interval ks;
};

/* Percentile bootstrap (Efron and Tibshirani 1993, chapter 13): the 2.5 % and 97.5 % quantiles of
 * AUC-ROC and KS over n_draws resamples of the n rows. With `cluster` (equal numbers = one
 * customer; NaN, or NULL for all = a row for itself) whole customers are resampled, so that rows of
 * one customer do not count as independent. A resample without both outcomes is drawn anew.
 * CR_EINVAL unless both outcomes occur, CR_ENOMEM. n_draws > 0. */
int cr_intervals_bootstrap(const double *score, const double *y, const double *cluster, size_t n,
                           size_t n_draws, uint64_t seed, struct cr_intervals *ret_intervals,
                           struct cr_error *err);

/* Mean and 99 % quantile of the calibration error (train/metrics.h) of n_draws sets of outcomes
 * y ~ PD: what a model whose PDs are all true would show. CR_ENOMEM. n, n_draws > 0. */
int cr_intervals_expected_ece(const double *pd, size_t n, size_t n_draws, uint64_t seed,
                              double *ret_mean, double *ret_p99, struct cr_error *err);

#endif
