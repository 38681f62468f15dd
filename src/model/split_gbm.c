// SPDX-License-Identifier: MIT
/* The cut with the largest
 *
 *   score = (n_R·S_L − n_L·S_R)² / (n_L·n_R),  S = Σ r over the rows of a side
 *
 * (J. Friedman, "Greedy function approximation: a gradient boosting machine", 2001, eq. 35; what
 * scikit-learn calls friedman_mse), over max_features columns that vary in the node, and over all
 * cuts between values a < b that follow each other among the node's rows, where b > a + 1e-7f and
 * both sides keep min_samples_leaf rows. Equal scores: the lowest column, then the lowest value.
 *
 * Rows are counted into bins by value, which needs no sorting: narrow columns into a few bins each,
 * one pass for all of them; wide columns one by one into as many bins as they have values, where a
 * bitmap tells the few that were hit. */
#include "split_gbm.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

enum { RNG_STREAM = 2, WORD_BITS = 64 };

/* Values this close are the same value: scikit-learn's FEATURE_THRESHOLD. */
static const float nearness = 1e-7f;

int cr_gbm_splitter_init(struct cr_gbm_splitter *splitter, const struct cr_gbm_data *data,
                         const struct cr_gbm_params *params, uint64_t seed,
                         const int64_t *residuals, struct cr_error *err)
{
    *splitter = (struct cr_gbm_splitter){
        .data = data,
        .max_features = params->max_features,
        .min_samples_leaf = params->min_samples_leaf,
        .residuals = residuals,
        .cols = calloc(data->n_cols, sizeof(*splitter->cols)),
        .slots = calloc(data->n_cols, sizeof(*splitter->slots)),
        .bins = calloc(data->n_bins + 1, sizeof(*splitter->bins)),
        .wide = calloc(data->max_codes, sizeof(*splitter->wide)),
        .present = calloc(data->max_codes / WORD_BITS + 1, sizeof(*splitter->present)),
    };
    if (splitter->cols == NULL || splitter->slots == NULL || splitter->bins == NULL ||
        splitter->wide == NULL || splitter->present == NULL) {
        return cr_error_no_memory(err);
    }
    cr_rng_init(&splitter->rng, seed, RNG_STREAM);
    for (size_t j = 0; j < data->n_cols; j++) {
        splitter->cols[j] = (uint32_t)j;
    }
    return 0;
}

void cr_gbm_splitter_finish(struct cr_gbm_splitter *splitter)
{
    free(splitter->cols);
    free(splitter->slots);
    free(splitter->bins);
    free(splitter->wide);
    free(splitter->present);
}

bool cr_gbm_splitter_wants_bins(const struct cr_gbm_splitter *splitter)
{
    return splitter->max_features > splitter->data->n_cols / 3;
}

void cr_gbm_splitter_fill(const struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                          struct cr_gbm_bin *bins)
{
    const struct cr_gbm_data *data = splitter->data;
    size_t n_narrow = data->n_narrow;

    memset(bins, 0, data->n_bins * sizeof(*bins));
    for (size_t i = 0; i < node->n; i++) {
        const uint16_t *row_bins = data->bins + node->rows[i] * n_narrow;
        int64_t residual = splitter->residuals[node->rows[i]];

        for (size_t k = 0; k < n_narrow; k++) {
            struct cr_gbm_bin *bin = &bins[row_bins[k]];

            bin->sum += residual;
            bin->n++;
        }
    }
}

/* Fills the bins of the narrow ones among n drawn columns. */
static void fill_drawn(struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                       const uint32_t *cols, size_t n)
{
    const struct cr_gbm_data *data = splitter->data;
    struct cr_gbm_bin *bins = splitter->bins;
    uint16_t *slots = splitter->slots;
    size_t n_slots = 0;

    for (size_t k = 0; k < n; k++) {
        if (data->slots[cols[k]] >= 0) {
            slots[n_slots++] = (uint16_t)data->slots[cols[k]];
            memset(bins + data->first_bin[cols[k]], 0,
                   cr_gbm_data_n_codes(data, cols[k]) * sizeof(*bins));
        }
    }
    for (size_t i = 0; n_slots > 0 && i < node->n; i++) {
        const uint16_t *row_bins = data->bins + node->rows[i] * data->n_narrow;
        int64_t residual = splitter->residuals[node->rows[i]];

        for (size_t k = 0; k < n_slots; k++) {
            struct cr_gbm_bin *bin = &bins[row_bins[slots[k]]];

            bin->sum += residual;
            bin->n++;
        }
    }
}

/* A walk through a node's values of one column, ascending. */
struct walk {
    const struct cr_gbm_node *node;
    const float *values;
    size_t col;
    int64_t min_leaf;
    int64_t left_sum; /* of the codes so far */
    int64_t n_left;
    uint32_t first_code;
    uint32_t last_code;
    double bound; /* just below the best score: what needs no division to be passed over */
    struct cr_gbm_cut *best;
};

static void walk_start(struct walk *walk, const struct cr_gbm_splitter *splitter,
                       const struct cr_gbm_node *node, size_t col, struct cr_gbm_cut *best)
{
    const struct cr_gbm_data *data = splitter->data;

    *walk = (struct walk){
        .node = node,
        .values = data->values + data->first[col],
        .col = col,
        .min_leaf = (int64_t)splitter->min_samples_leaf,
        .bound = best->score * (1.0 - 1e-12),
        .best = best,
    };
}

/* The cut between the codes so far and `code`, if it is the best. Its threshold is double: halfway
 * between two floats it is neither infinite nor equal to the upper one. */
static void consider(struct walk *walk, uint32_t code, double score)
{
    struct cr_gbm_cut *best = walk->best;
    float a = walk->values[walk->last_code], b = walk->values[code];

    if (!(b > a + nearness) ||
        !(score > best->score || (score == best->score && walk->col < best->col))) {
        return;
    }
    *best = (struct cr_gbm_cut){
        .col = walk->col,
        .code = walk->last_code,
        .threshold = (double)a / 2.0 + (double)b / 2.0,
        .score = score,
        .left_sum = walk->left_sum,
        .n_left = (size_t)walk->n_left,
    };
    walk->bound = score * (1.0 - 1e-12);
}

static inline void walk_step(struct walk *walk, uint32_t code, const struct cr_gbm_bin *bin)
{
    int64_t n_right = (int64_t)walk->node->n - walk->n_left;

    if (walk->n_left == 0) {
        walk->first_code = code;
    } else if (walk->n_left >= walk->min_leaf && n_right >= walk->min_leaf) {
        double n_l = (double)walk->n_left, n_r = (double)n_right;
        double right_sum = (double)(walk->node->sum - walk->left_sum);
        double difference = n_r * (double)walk->left_sum - n_l * right_sum;
        double square = difference * difference;

        if (square >= walk->bound * (n_l * n_r)) {
            consider(walk, code, square / (n_l * n_r));
        }
    }
    walk->left_sum += bin->sum;
    walk->n_left += bin->n;
    walk->last_code = code;
}

/* Whether the column varies in the node. */
static bool walk_varies(const struct walk *walk)
{
    return walk->values[walk->last_code] > walk->values[walk->first_code] + nearness;
}

static bool try_narrow(const struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                       size_t col, struct cr_gbm_cut *best)
{
    const struct cr_gbm_bin *bins = node->bins != NULL ? node->bins : splitter->bins;
    size_t n_codes = cr_gbm_data_n_codes(splitter->data, col);
    struct walk walk;

    bins += splitter->data->first_bin[col];
    walk_start(&walk, splitter, node, col, best);
    for (size_t code = 0; code < n_codes; code++) {
        if (bins[code].n > 0) {
            walk_step(&walk, (uint32_t)code, &bins[code]);
        }
    }
    return walk_varies(&walk);
}

static bool try_wide(const struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                     size_t col, struct cr_gbm_cut *best)
{
    const struct cr_gbm_data *data = splitter->data;
    const uint32_t *codes = data->codes + col * data->n_rows;
    size_t n_words = cr_gbm_data_n_codes(data, col) / WORD_BITS + 1;
    struct cr_gbm_bin *bins = splitter->wide;
    struct walk walk;

    for (size_t i = 0; i < node->n; i++) {
        uint32_t code = codes[node->rows[i]];

        bins[code].sum += splitter->residuals[node->rows[i]];
        bins[code].n++;
        splitter->present[code / WORD_BITS] |= UINT64_C(1) << (code % WORD_BITS);
    }
    walk_start(&walk, splitter, node, col, best);
    for (size_t w = 0; w < n_words; w++) {
        for (uint64_t word = splitter->present[w]; word != 0; word &= word - 1) {
            size_t code = w * WORD_BITS + (size_t)__builtin_ctzll(word);

            walk_step(&walk, (uint32_t)code, &bins[code]);
            bins[code] = (struct cr_gbm_bin){0};
        }
        splitter->present[w] = 0;
    }
    return walk_varies(&walk);
}

/* Brings n columns drawn from those behind `from` to its place. */
static void draw(struct cr_gbm_splitter *splitter, size_t from, size_t n)
{
    size_t n_cols = splitter->data->n_cols;

    for (size_t k = from; splitter->max_features < n_cols && k < from + n; k++) {
        size_t other = k + (size_t)cr_rng_below(&splitter->rng, n_cols - k);
        uint32_t col = splitter->cols[k];

        splitter->cols[k] = splitter->cols[other];
        splitter->cols[other] = col;
    }
}

/* Other rows' values may lie between the cut's two: those up to the threshold go left. */
static void take_in_between(const struct cr_gbm_data *data, struct cr_gbm_cut *cut)
{
    const float *values = data->values + data->first[cut->col];
    size_t n_codes = cr_gbm_data_n_codes(data, cut->col);

    while (cut->code + 1 < n_codes && (double)values[cut->code + 1] <= cut->threshold) {
        cut->code++;
    }
}

bool cr_gbm_splitter_find(struct cr_gbm_splitter *splitter, const struct cr_gbm_node *node,
                          struct cr_gbm_cut *ret_cut)
{
    const struct cr_gbm_data *data = splitter->data;
    struct cr_gbm_cut best = {.score = -1.0};
    size_t n_drawn = 0, n_varying = 0;

    while (n_varying < splitter->max_features && n_drawn < data->n_cols) {
        size_t rest = data->n_cols - n_drawn, n = splitter->max_features - n_varying;
        const uint32_t *cols = splitter->cols + n_drawn;

        n = n < rest ? n : rest;
        draw(splitter, n_drawn, n);
        if (node->bins == NULL) {
            fill_drawn(splitter, node, cols, n);
        }
        for (size_t k = 0; k < n; k++) {
            bool is_narrow = data->slots[cols[k]] >= 0;

            n_varying += is_narrow ? try_narrow(splitter, node, cols[k], &best)
                                   : try_wide(splitter, node, cols[k], &best);
        }
        n_drawn += n;
    }
    if (best.score < 0.0) {
        return false;
    }
    take_in_between(data, &best);
    *ret_cut = best;
    return true;
}
