// SPDX-License-Identifier: MIT
#include "creditrisk/train/metrics.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "rank.h"

/* One pass over the distinct scores from the highest down: (tp, fp) are the counts at and above
 * each. */
static void rank_metrics(const struct cr_ranked *rows, size_t n, size_t n_positive,
                         struct cr_metrics *metrics)
{
    double n_pos = (double)n_positive;
    double n_neg = (double)(n - n_positive);
    double tp = 0;
    double fp = 0;
    double pairs = 0; /* (bad, good) pairs in the right order, ties half */
    double ap = 0;
    double ks = 0;
    for (size_t i = 0; i < n;) {
        double tp_before = tp;
        double fp_before = fp;
        double score = rows[i].score;
        for (; i < n && rows[i].score == score; i++) {
            tp += rows[i].y == 1.0;
            fp += rows[i].y != 1.0;
        }
        pairs += (fp - fp_before) * (tp_before + tp) / 2;
        ap += (tp - tp_before) / n_pos * (tp / (tp + fp));
        double gap = tp / n_pos - fp / n_neg;
        ks = gap > ks ? gap : ks;
    }
    metrics->auc_roc = pairs / (n_pos * n_neg);
    metrics->gini = 2 * metrics->auc_roc - 1;
    metrics->auc_pr = ap;
    metrics->ks = ks;
}

static void pd_metrics(const double *pd, const double *y, size_t n, struct cr_metrics *metrics)
{
    double brier = 0;
    double log_loss = 0;
    double sum_pd = 0;
    double sum_y = 0;
    for (size_t i = 0; i < n; i++) {
        double p = fmin(fmax(pd[i], DBL_EPSILON), 1 - DBL_EPSILON);
        brier += (pd[i] - y[i]) * (pd[i] - y[i]);
        log_loss -= y[i] == 1.0 ? log(p) : log1p(-p);
        sum_pd += pd[i];
        sum_y += y[i];
    }
    metrics->brier = brier / (double)n;
    metrics->log_loss = log_loss / (double)n;
    metrics->mean_pd = sum_pd / (double)n;
    metrics->default_rate = sum_y / (double)n;
}

/* Σ over bins of |mean PD − default rate| · share, from rows in ascending order. */
static double calibration_error(const struct cr_ranked *rows, size_t n)
{
    double error = 0;
    size_t start = 0;
    for (size_t bin = 0; bin < CR_RANK_BINS; bin++) {
        size_t count = cr_rank_bin_len(n, bin);
        double gap = 0;
        for (size_t i = start; i < start + count; i++) {
            gap += rows[i].score - rows[i].y;
        }
        error += fabs(gap) / (double)n;
        start += count;
    }
    return error;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void threshold_metrics(const double *pd, const double *y, size_t n, double threshold,
                              struct cr_metrics *metrics)
{
    double tp = 0;
    double fp = 0;
    double fn = 0;
    for (size_t i = 0; i < n; i++) {
        bool flagged = pd[i] >= threshold;
        bool bad = y[i] == 1.0;
        tp += flagged && bad;
        fp += flagged && !bad;
        fn += !flagged && bad;
    }
    metrics->accuracy = ((double)n - fp - fn) / (double)n;
    metrics->precision = ratio(tp, tp + fp);
    metrics->recall = ratio(tp, tp + fn);
    metrics->f1 = ratio(2 * tp, 2 * tp + fp + fn);
}

int cr_metrics_compute(const double *pd, const double *y, size_t n, double threshold,
                       struct cr_metrics *ret_metrics, struct cr_error *err)
{
    struct cr_metrics metrics = {.n = n};
    CR_CLEANUP(cr_freep) struct cr_ranked *rows = NULL;
    int result = cr_rank_rows(pd, y, n, &rows, &metrics.n_positive, err);
    if (result != 0) {
        return result;
    }
    rank_metrics(rows, n, metrics.n_positive, &metrics);
    cr_rank_ascending(rows, n);
    metrics.ece = calibration_error(rows, n);
    pd_metrics(pd, y, n, &metrics);
    threshold_metrics(pd, y, n, threshold, &metrics);
    *ret_metrics = metrics;
    return 0;
}

int cr_metrics_auc(const double *score, const double *y, size_t n, double *ret_auc,
                   struct cr_error *err)
{
    struct cr_metrics metrics = {0};
    CR_CLEANUP(cr_freep) struct cr_ranked *rows = NULL;
    size_t n_positive;
    int result = cr_rank_rows(score, y, n, &rows, &n_positive, err);
    if (result != 0) {
        return result;
    }
    rank_metrics(rows, n, n_positive, &metrics);
    *ret_auc = metrics.auc_roc;
    return 0;
}

bool cr_metrics_beats_chance(double auc, double standard_error)
{
    return auc - 2 * standard_error > 0.5;
}
