// SPDX-License-Identifier: MIT
/* Private to train/: rows in order; of the scored ones metrics, curves and intervals are made. */
#ifndef CREDITRISK_SRC_TRAIN_RANK_H
#define CREDITRISK_SRC_TRAIN_RANK_H

#include <stddef.h>

#include "creditrisk/util/error.h"

/* Bins of equal count: for the calibration error, its curve and the lift. */
enum { CR_RANK_BINS = 10 };

struct cr_ranked {
    double score;
    double y; /* 0 or 1 */
    size_t row;
};

/* Rows by descending score, ties by row. CR_EINVAL unless both outcomes occur; CR_ENOMEM.
 * *ret_rows is yours (free). */
int cr_rank_rows(const double *score, const double *y, size_t n, struct cr_ranked **ret_rows,
                 size_t *ret_n_positive, struct cr_error *err);

/* The same rows by ascending score, ties by row again: the order in which PDs are binned. */
void cr_rank_ascending(struct cr_ranked *rows, size_t n);

struct cr_keyed_row {
    double key;
    size_t row;
};

/* By ascending key, ties by row. */
void cr_rank_keys(struct cr_keyed_row *rows, size_t n);

/* Rows in one of the bins; the first n mod 10 hold one more. */
size_t cr_rank_bin_len(size_t n, size_t bin);

#endif
