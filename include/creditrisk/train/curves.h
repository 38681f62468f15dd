// SPDX-License-Identifier: MIT
/* Curves: what a report draws of predicted PDs against outcomes. */
#ifndef CREDITRISK_TRAIN_CURVES_H
#define CREDITRISK_TRAIN_CURVES_H

#include <stddef.h>

#include "creditrisk/util/error.h"

#define CR_CURVES_BINS 10

struct cr_curve_point {
    double x;
    double y;
};

/* Points in order of falling thresholds: the start, then one for every distinct score. */
struct cr_curve {
    size_t n;
    struct cr_curve_point *points;
};

/* Bins of equal count; NaN where a bin is empty (fewer than ten rows). */
struct cr_calibration_bin { /* by ascending PD, the bins of the calibration error */
    double mean_pd;
    double default_rate;
    size_t n;
};

struct cr_lift_bin {     /* by descending PD */
    double share;        /* of all rows, up to and with this bin */
    double default_rate; /* of this bin's rows */
    double lift;         /* this default rate ÷ that of all rows */
    double captured;     /* share of all bad rows, up to and with this bin */
};

struct cr_curves {
    struct cr_curve roc;              /* x false-positive rate, y true-positive rate; from (0, 0) */
    struct cr_curve precision_recall; /* x recall, y precision; from (0, 1) */
    struct cr_calibration_bin calibration[CR_CURVES_BINS];
    struct cr_lift_bin lift[CR_CURVES_BINS];
};

/* pd[i] and y[i] (0 or 1) of n rows. A curve of more than max_points ≥ 2 keeps so many, evenly
 * spaced by place: point k is k·(n − 1) / (max_points − 1), rounded down, so both ends stay.
 * CR_EINVAL unless both outcomes occur; CR_ENOMEM. Yours: cr_curves_finish. */
int cr_curves_make(const double *pd, const double *y, size_t n, size_t max_points,
                   struct cr_curves *ret_curves, struct cr_error *err);
void cr_curves_finish(struct cr_curves *curves);

#endif
