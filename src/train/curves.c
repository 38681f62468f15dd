// SPDX-License-Identifier: MIT
#include "creditrisk/train/curves.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "rank.h"

static_assert((int)CR_CURVES_BINS == (int)CR_RANK_BINS, "the curve shows the error's bins");

/* Both curves in full; each has room for n + 1 points. */
static void trace(const struct cr_ranked *rows, size_t n, size_t n_positive,
                  struct cr_curves *curves)
{
    double n_pos = (double)n_positive;
    double n_neg = (double)(n - n_positive);
    double tp = 0;
    double fp = 0;
    curves->roc.points[0] = (struct cr_curve_point){0, 0};
    curves->precision_recall.points[0] = (struct cr_curve_point){0, 1};
    size_t n_points = 1;
    for (size_t i = 0; i < n; n_points++) {
        double score = rows[i].score;
        for (; i < n && rows[i].score == score; i++) {
            tp += rows[i].y;
            fp += 1 - rows[i].y;
        }
        curves->roc.points[n_points] = (struct cr_curve_point){fp / n_neg, tp / n_pos};
        curves->precision_recall.points[n_points] =
            (struct cr_curve_point){tp / n_pos, tp / (tp + fp)};
    }
    curves->roc.n = n_points;
    curves->precision_recall.n = n_points;
}

static void thin(struct cr_curve *curve, size_t max_points)
{
    if (curve->n <= max_points) {
        return;
    }
    for (size_t k = 0; k < max_points; k++) {
        curve->points[k] = curve->points[k * (curve->n - 1) / (max_points - 1)];
    }
    curve->n = max_points;
}

static void fill_lift(const struct cr_ranked *rows, size_t n, size_t n_positive,
                      struct cr_lift_bin *lift)
{
    double overall = (double)n_positive / (double)n;
    double captured = 0;
    size_t i = 0;
    for (size_t bin = 0; bin < CR_RANK_BINS; bin++) {
        size_t len = cr_rank_bin_len(n, bin);
        double n_bad = 0;
        for (size_t end = i + len; i < end; i++) {
            n_bad += rows[i].y;
        }
        captured += n_bad;
        double rate = len > 0 ? n_bad / (double)len : NAN;
        lift[bin] = (struct cr_lift_bin){(double)i / (double)n, rate, rate / overall,
                                         captured / (double)n_positive};
    }
}

static void fill_calibration(const struct cr_ranked *rows, size_t n,
                             struct cr_calibration_bin *calibration)
{
    size_t i = 0;
    for (size_t bin = 0; bin < CR_RANK_BINS; bin++) {
        size_t len = cr_rank_bin_len(n, bin);
        double sum_pd = 0;
        double n_bad = 0;
        for (size_t end = i + len; i < end; i++) {
            sum_pd += rows[i].score;
            n_bad += rows[i].y;
        }
        calibration[bin] =
            len > 0 ? (struct cr_calibration_bin){sum_pd / (double)len, n_bad / (double)len, len}
                    : (struct cr_calibration_bin){NAN, NAN, 0};
    }
}

int cr_curves_make(const double *pd, const double *y, size_t n, size_t max_points,
                   struct cr_curves *ret_curves, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_ranked *rows = NULL;
    CR_CLEANUP(cr_curves_finish) struct cr_curves curves = {0};
    size_t n_positive;
    assert(max_points >= 2);
    int result = cr_rank_rows(pd, y, n, &rows, &n_positive, err);
    if (result != 0) {
        return result;
    }
    curves.roc.points = calloc(n + 1, sizeof *curves.roc.points);
    curves.precision_recall.points = calloc(n + 1, sizeof *curves.precision_recall.points);
    if (curves.roc.points == NULL || curves.precision_recall.points == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the curves of %zu rows", n);
    }
    trace(rows, n, n_positive, &curves);
    thin(&curves.roc, max_points);
    thin(&curves.precision_recall, max_points);
    fill_lift(rows, n, n_positive, curves.lift);
    cr_rank_ascending(rows, n);
    fill_calibration(rows, n, curves.calibration);
    *ret_curves = curves;
    curves = (struct cr_curves){0}; /* the caller's now */
    return 0;
}

void cr_curves_finish(struct cr_curves *curves)
{
    if (curves == NULL) {
        return;
    }
    free(curves->roc.points);
    free(curves->precision_recall.points);
    *curves = (struct cr_curves){0};
}
