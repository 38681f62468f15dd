// SPDX-License-Identifier: MIT
/* Gbm: the program's own gradient boosting. Data are prepared once and then serve any number of
 * fits, from any number of threads; the formulas stand in fit_gbm.c. */
#ifndef CREDITRISK_SRC_MODEL_GBM_H
#define CREDITRISK_SRC_MODEL_GBM_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/error.h"

/* Columns of at most so many distinct values may be narrow: see below. */
#define CR_GBM_NARROW_MAX 256

/* Rows as integers. A column's distinct values, rounded to float, stand ascending in
 * values[first[j] .. first[j + 1]), and a row's code is the index of its value there: comparing
 * codes is comparing values. Immutable after creation.
 *
 * Narrow columns also have a bin for each value, numbered through all of them: column j's begin at
 * first_bin[j]. A row's bins lie side by side, so that one pass over the rows fills all of them. */
struct cr_gbm_data {
    size_t n_rows;
    size_t n_cols;
    double *y;         /* n_rows of 0 and 1 */
    uint32_t *codes;   /* n_cols × n_rows, by column */
    float *values;     /* of all columns */
    size_t *first;     /* n_cols + 1 */
    int32_t *slots;    /* n_cols: place among the narrow columns, −1 = wide */
    size_t n_narrow;   /* narrow columns */
    size_t n_bins;     /* of all narrow columns, ≤ UINT16_MAX + 1 */
    size_t *first_bin; /* n_cols; of a narrow column */
    uint16_t *bins;    /* n_rows × n_narrow, by row */
    size_t max_codes;  /* of one column */
};

/* Copies what it needs. CR_EINVAL for a value beyond the range of float. *ret_data is yours:
 * cr_gbm_data_destroy. */
int cr_gbm_data_create(const struct cr_fit_data *data, struct cr_gbm_data **ret_data,
                       struct cr_error *err);
void cr_gbm_data_destroy(struct cr_gbm_data *data);

static inline void cr_gbm_data_destroyp(struct cr_gbm_data **data)
{
    cr_gbm_data_destroy(*data);
}

static inline size_t cr_gbm_data_n_codes(const struct cr_gbm_data *data, size_t col)
{
    return data->first[col + 1] - data->first[col];
}

struct cr_gbm_params {
    size_t n_estimators;
    size_t max_depth; /* ≤ CR_FOREST_MAX_DEPTH */
    double learning_rate;
    double subsample;    /* share of the rows each tree sees, drawn anew */
    size_t max_features; /* columns that each node tries, drawn anew; 1..n_cols */
    size_t min_samples_split;
    size_t min_samples_leaf;
};

/* Called after every round with the trees so far and the margins of all rows of the data, fitted or
 * not; both borrowed. 0 = go on, above 0 = this was the last round, below 0 = an error. */
typedef int cr_gbm_round_fn(void *context, const struct cr_forest *forest, const double *margins,
                            struct cr_error *err);

struct cr_gbm_fit {
    struct cr_gbm_params params;
    uint64_t seed;
    const uint32_t *rows;      /* of the data that are fitted, ascending; NULL = all */
    size_t n_rows;             /* of them; of no meaning without rows */
    cr_gbm_round_fn *on_round; /* may be NULL */
    void *context;
};

/* The same data, rows, parameters and seed give the same forest. CR_EMODEL unless the rows have
 * both outcomes; CR_ENOMEM. *ret_forest is yours: cr_forest_finish. */
int cr_gbm_fit(const struct cr_gbm_data *data, const struct cr_gbm_fit *fit,
               struct cr_forest *ret_forest, struct cr_error *err);

#endif
