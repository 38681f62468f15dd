// SPDX-License-Identifier: MIT
/* Split: the best cut of one node of a tree. */
#ifndef CREDITRISK_SRC_MODEL_SPLIT_GBM_H
#define CREDITRISK_SRC_MODEL_SPLIT_GBM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/rng.h"
#include "gbm.h"

/* Rows of one value. Residuals are whole multiples of a fixed power of two, so that sums are exact:
 * they depend on no order, a difference of sums is the sum of the rest, and cuts that part the rows
 * alike score alike to the last bit. */
struct cr_gbm_bin {
    int64_t sum; /* of residuals */
    int64_t n;   /* rows */
};

/* Rows that reached a node. */
struct cr_gbm_node {
    uint32_t *rows;
    size_t n;
    int64_t sum;             /* of their residuals */
    size_t depth;            /* 0 = root */
    struct cr_gbm_bin *bins; /* data->n_bins: the rows by value of every narrow column, or NULL */
};

/* Rows of a code of at most `code` go left. */
struct cr_gbm_cut {
    size_t col;
    uint32_t code;
    double threshold;
    double score;
    int64_t left_sum;
    size_t n_left;
};

struct cr_gbm_splitter {
    const struct cr_gbm_data *data;
    size_t max_features;
    size_t min_samples_leaf;
    struct cr_rng rng;
    const int64_t *residuals; /* of all rows */
    uint32_t *cols;           /* a permutation of the columns: the first were drawn last */
    uint16_t *slots;          /* narrow columns among them */
    struct cr_gbm_bin *bins;  /* for nodes that bring none */
    struct cr_gbm_bin *wide;  /* max_codes, all zero between columns */
    uint64_t *present;        /* a bit for each of wide, likewise */
};

/* `residuals` is borrowed, filled before each search. Finish it also after a failure. */
int cr_gbm_splitter_init(struct cr_gbm_splitter *splitter, const struct cr_gbm_data *data,
                         const struct cr_gbm_params *params, uint64_t seed,
                         const int64_t *residuals, struct cr_error *err);
void cr_gbm_splitter_finish(struct cr_gbm_splitter *splitter);

/* Whether the nodes of a fit should bring bins of all narrow columns: worth it when many are tried,
 * since a child's are its parent's less its sibling's. */
bool cr_gbm_splitter_wants_bins(const struct cr_gbm_splitter *splitter);

/* Fills the bins of all narrow columns from the rows. */
void cr_gbm_splitter_fill(const struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                          struct cr_gbm_bin *bins);

/* Draws columns and finds the best cut of them; false when none is allowed. */
bool cr_gbm_splitter_find(struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                          struct cr_gbm_cut *ret_cut);

#endif
