// SPDX-License-Identifier: MIT
/* Generators for the tests of models: synthetic books, random forests, adversarial rows; and
 * libxgboost as an oracle. Everything fails the test itself when it cannot do its work. */
#ifndef CREDITRISK_TESTS_MODEL_DATA_H
#define CREDITRISK_TESTS_MODEL_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/model/model.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

enum { MODEL_DATA_MAX_COLS = 64 };

/* Names "x0", "x1", …; static. */
const char *const *model_data_names(void);

/* n_rows × n_cols inputs of several kinds (normal, whole numbers, 0/1, heavy-tailed) and outcomes
 * that depend on some of them, without and with interaction. The arrays are yours:
 * model_data_finish. */
struct model_data {
    double *x;
    double *y;
    struct cr_fit_data fit; /* what a trainer takes; borrows the arrays */
};

void model_data_init(struct model_data *data, size_t n_rows, size_t n_cols, uint64_t seed);
void model_data_finish(struct model_data *data);

/* Trains; *out must be empty. */
void model_data_fit(const char *kind, const struct model_data *data, const struct cr_param *params,
                    size_t n_params, uint64_t seed, struct cr_strbuf *out);

/* The same seed gives the same bytes, another one others. */
void model_data_check_seed(const char *kind, const struct model_data *data,
                           const struct cr_param *params, size_t n_params);

/* Parameters that no trainer of the kind takes, and what it says of them. */
struct model_refusal {
    struct cr_param params[2];
    size_t n_params;
    const char *message;
};
void model_data_check_refusals(const char *kind, const struct model_data *data,
                               const struct model_refusal *refusals, size_t n);

/* Whether LightGBM can train: what scripts/fetch-lightgbm.sh got is found wherever the test runs.
 */
bool model_data_has_lightgbm(void);

/* Loads; yours (cr_model_destroy). */
struct cr_model *model_data_load(const char *kind, const struct cr_strbuf *file, size_t n_inputs);

/* A valid forest of n_trees random trees. Yours: cr_forest_finish. */
struct random_forest_options {
    size_t n_inputs;
    size_t n_trees;
    size_t max_depth;
    enum cr_forest_compare compare;
};
void random_forest_init(struct cr_forest *forest, const struct random_forest_options *options,
                        struct cr_rng *rng);

/* A row that is likely to hurt: NaN, ±0, thresholds of the forest and their neighbours in float and
 * in double, huge and tiny values among ordinary ones. */
void adversarial_row(const struct cr_forest *forest, struct cr_rng *rng, double *x);

/* A model file by libxgboost's exact method, whose pruning leaves deleted nodes in the arrays. */
void xgboost_fit_pruned(const struct model_data *data, struct cr_strbuf *out);

/* The same booster as libxgboost writes it in UBJSON. */
void xgboost_to_ubjson(const struct cr_strbuf *file, struct cr_strbuf *out);

/* What libxgboost says of a model file: margins[n_rows], contributions[n_rows × (n_cols + 1)], the
 * base value last. */
void xgboost_margins(const struct cr_strbuf *file, const double *x, size_t n_rows, size_t n_cols,
                     float *margins);
void xgboost_contributions(const struct cr_strbuf *file, const double *x, size_t n_rows,
                           size_t n_cols, float *contributions);

/* libxgboost asked for one row at a time, on one thread. Yours: xgboost_peer_close. */
struct xgboost_peer;

struct xgboost_peer *xgboost_peer_open(const struct cr_strbuf *file, const double *x, size_t n_rows,
                                       size_t n_cols);
/* Contributions of row i, the base value last; the library's until its next call. */
const float *xgboost_peer_contributions(struct xgboost_peer *peer, size_t i);
void xgboost_peer_close(struct xgboost_peer *peer);

#endif
