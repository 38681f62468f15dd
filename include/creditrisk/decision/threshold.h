// SPDX-License-Identifier: MIT
/* Threshold: the PD at and above which an application is High Risk, chosen by total cost (Elkan
 * 2001). Costs are counted in integer hundredths of the currency (paise), so that sums do not
 * depend on order. */
#ifndef CREDITRISK_DECISION_THRESHOLD_H
#define CREDITRISK_DECISION_THRESHOLD_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

/* What one threshold does to a set of rows. */
struct cr_threshold_point {
    double threshold;
    int64_t cost; /* hundredths */
    size_t tp, fp, tn, fn;
    double precision; /* 0 when nothing is predicted */
    double recall;    /* 0 when there is nothing to find */
    double f1;
};

/* pd[i], y[i] (0 or 1) and, for lgd costs, amount[i] of n rows (amount may be NULL otherwise). */
struct cr_threshold_rows {
    const double *pd;
    const double *y;
    const double *amount;
    size_t n;
};

/* One threshold, row by row. CR_EINVAL when a cost is not positive and finite, lgd costs lack
 * amounts, a value is out of its range, or the costs of all rows exceed 2^62 hundredths. */
int cr_threshold_evaluate(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                          double threshold, struct cr_threshold_point *ret_point,
                          struct cr_error *err);

/* CR_EINVAL when the policy's range is none in 0..1 of whole hundredths, or the closed form of its
 * costs lies outside: the range's end would then only look like an optimum. Whoever trains asks
 * this; a version that was trained before it was asked serves as it did. */
int cr_threshold_check_policy(const struct cr_policy *policy, struct cr_error *err);

/* Every threshold i/100 of the policy's range and step, ascending, in O(n log k + k); *ret_points
 * is yours (free). CR_EINVAL as above, of rows and policy. */
int cr_threshold_sweep(const struct cr_threshold_rows *rows, const struct cr_policy *policy,
                       struct cr_threshold_point **ret_points, size_t *ret_n, struct cr_error *err);

/* The cheapest point; ties → the largest threshold (declines fewest). n > 0. */
const struct cr_threshold_point *cr_threshold_best(const struct cr_threshold_point *points,
                                                   size_t n);

/* c_fp / (c_fp + c_fn) for constant costs; NaN for lgd costs. */
double cr_threshold_closed_form(const struct cr_costs *costs);

#endif
