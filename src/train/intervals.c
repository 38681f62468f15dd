// SPDX-License-Identifier: MIT
/* A resample never copies rows: every customer has a count (how often it was drawn), and one pass
 * over the rows, sorted once, weighs each by its customer's count. */
#include "creditrisk/train/intervals.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"
#include "rank.h"

enum { STREAM_BOOTSTRAP = 301, STREAM_OUTCOMES = 302 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of n ascending numbers, interpolated linearly between the two next to share·(n − 1). */
static double quantile(const double *sorted, size_t n, double share)
{
    double place = share * (double)(n - 1);
    size_t below = (size_t)place;
    size_t above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

static struct cr_interval interval(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return (struct cr_interval){quantile(values, n, 0.025), quantile(values, n, 0.975)};
}

/* Numbers the clusters from 0: unit[row]. Rows without one are units of their own. */
static int number_units(const double *cluster, size_t n, size_t *unit, size_t *ret_n_units,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_keyed_row *order = calloc(n + 1, sizeof *order);
    if (order == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a bootstrap of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        double key = cluster == NULL || isnan(cluster[i]) ? INFINITY : cluster[i];
        order[i] = (struct cr_keyed_row){key, i};
    }
    cr_rank_keys(order, n);
    size_t n_units = 0;
    for (size_t i = 0; i < n; i++) {
        n_units += i == 0 || order[i].key == INFINITY || order[i].key != order[i - 1].key;
        unit[order[i].row] = n_units - 1;
    }
    *ret_n_units = n_units;
    return 0;
}

/* n rows by descending score; unit[i] belongs to rows[i]; count[u] of n_units. */
struct resample {
    const struct cr_ranked *rows;
    const size_t *unit;
    size_t n;
    size_t n_units;
    double *count;
};

/* Draws as many units as there are, with replacement. Returns whether both outcomes occur. */
static bool draw(struct resample *sample, struct cr_rng *rng, double *ret_n_pos, double *ret_n_neg)
{
    for (size_t u = 0; u < sample->n_units; u++) {
        sample->count[u] = 0;
    }
    for (size_t u = 0; u < sample->n_units; u++) {
        sample->count[cr_rng_below(rng, sample->n_units)]++;
    }
    double n_pos = 0;
    double n_neg = 0;
    for (size_t i = 0; i < sample->n; i++) {
        double weight = sample->count[sample->unit[i]];
        n_pos += weight * sample->rows[i].y;
        n_neg += weight * (1 - sample->rows[i].y);
    }
    *ret_n_pos = n_pos;
    *ret_n_neg = n_neg;
    return n_pos > 0 && n_neg > 0;
}

/* AUC and KS as train/metrics.c has them, every row counted as often as it was drawn. */
static void measure(const struct resample *sample, double n_pos, double n_neg, double *ret_auc,
                    double *ret_ks)
{
    const struct cr_ranked *rows = sample->rows;
    double tp = 0;
    double fp = 0;
    double pairs = 0;
    double ks = 0;
    for (size_t i = 0; i < sample->n;) {
        double tp_before = tp;
        double fp_before = fp;
        double score = rows[i].score;
        for (; i < sample->n && rows[i].score == score; i++) {
            double weight = sample->count[sample->unit[i]];
            tp += weight * rows[i].y;
            fp += weight * (1 - rows[i].y);
        }
        pairs += (fp - fp_before) * (tp_before + tp) / 2;
        ks = fmax(ks, tp / n_pos - fp / n_neg);
    }
    *ret_auc = pairs / (n_pos * n_neg);
    *ret_ks = ks;
}

int cr_intervals_bootstrap(const double *score, const double *y, const double *cluster, size_t n,
                           size_t n_draws, uint64_t seed, struct cr_intervals *ret_intervals,
                           struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_ranked *rows = NULL;
    CR_CLEANUP(cr_freep) size_t *unit_of_row = calloc(n + 1, sizeof *unit_of_row);
    CR_CLEANUP(cr_freep) size_t *unit = calloc(n + 1, sizeof *unit);
    CR_CLEANUP(cr_freep) double *count = calloc(n + 1, sizeof *count);
    CR_CLEANUP(cr_freep) double *auc = calloc(n_draws, sizeof *auc);
    CR_CLEANUP(cr_freep) double *ks = calloc(n_draws, sizeof *ks);
    size_t n_positive;
    size_t n_units = 0;
    int result;
    assert(n_draws > 0);
    if (unit_of_row == NULL || unit == NULL || count == NULL || auc == NULL || ks == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a bootstrap of %zu rows", n);
    }
    if ((result = cr_rank_rows(score, y, n, &rows, &n_positive, err)) != 0 ||
        (result = number_units(cluster, n, unit_of_row, &n_units, err)) != 0) {
        return result;
    }
    for (size_t i = 0; i < n; i++) {
        unit[i] = unit_of_row[rows[i].row];
    }
    struct cr_rng rng;
    cr_rng_init(&rng, seed, STREAM_BOOTSTRAP);
    struct resample sample = {rows, unit, n, n_units, count};
    for (size_t d = 0; d < n_draws; d++) {
        double n_pos;
        double n_neg;
        while (!draw(&sample, &rng, &n_pos, &n_neg)) {
        }
        measure(&sample, n_pos, n_neg, &auc[d], &ks[d]);
    }
    *ret_intervals = (struct cr_intervals){interval(auc, n_draws), interval(ks, n_draws)};
    return 0;
}

/* pd ascending: Σ over bins of |Σ (PD − y)| / n for outcomes drawn anew. */
static double chance_error(const double *pd, size_t n, struct cr_rng *rng)
{
    double error = 0;
    size_t i = 0;
    for (size_t bin = 0; bin < CR_RANK_BINS; bin++) {
        double gap = 0;
        for (size_t end = i + cr_rank_bin_len(n, bin); i < end; i++) {
            gap += cr_rng_uniform(rng) < pd[i] ? pd[i] - 1 : pd[i];
        }
        error += fabs(gap) / (double)n;
    }
    return error;
}

int cr_intervals_expected_ece(const double *pd, size_t n, size_t n_draws, uint64_t seed,
                              double *ret_mean, double *ret_p99, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) double *sorted = calloc(n + 1, sizeof *sorted);
    CR_CLEANUP(cr_freep) double *errors = calloc(n_draws, sizeof *errors);
    assert(n > 0 && n_draws > 0);
    if (sorted == NULL || errors == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the chance of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = pd[i];
    }
    qsort(sorted, n, sizeof *sorted, by_value);
    struct cr_rng rng;
    cr_rng_init(&rng, seed, STREAM_OUTCOMES);
    double sum = 0;
    for (size_t d = 0; d < n_draws; d++) {
        errors[d] = chance_error(sorted, n, &rng);
        sum += errors[d];
    }
    qsort(errors, n_draws, sizeof *errors, by_value);
    *ret_mean = sum / (double)n_draws;
    *ret_p99 = quantile(errors, n_draws, 0.99);
    return 0;
}
