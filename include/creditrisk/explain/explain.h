// SPDX-License-Identifier: MIT
/* Explain: exact Shapley contributions of one prediction. Linear: w_j·(x_j − mean_j). Forest:
 * path-dependent TreeSHAP (Lundberg, Erion and Lee 2018, algorithm 2), weighed by the covers that
 * the trainer wrote: hessian sums for XGBoost, row counts for LightGBM and gbm, as their own
 * contributions are; for models with class weights the two conventions give different base values.
 * Contributions plus the base value add up to the calibrated margin, within
 * 1e-9·max(1, Σ|contribution|). */
#ifndef CREDITRISK_EXPLAIN_EXPLAIN_H
#define CREDITRISK_EXPLAIN_EXPLAIN_H

#include <stddef.h>

#include "creditrisk/model/calibrate.h"
#include "creditrisk/model/model.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

struct cr_explainer;

/* Prepares what does not depend on the row (expected margin, groups). input_features[i] is the
 * catalogue index of input i; it is not kept. Model and portfolio must outlive the explainer.
 * Immutable and shared between threads. Yours: cr_explainer_destroy. CR_EMODEL when the base value
 * is not finite. */
int cr_explainer_create(const struct cr_portfolio *portfolio, const struct cr_model *model,
                        const struct cr_calibration *calibration, const size_t *input_features,
                        struct cr_explainer **ret_explainer, struct cr_error *err);
void cr_explainer_destroy(struct cr_explainer *explainer);

/* a × expected raw margin + b. */
double cr_explainer_base_value(const struct cr_explainer *explainer);

/* Bytes of scratch memory, aligned as malloc does, that cr_explainer_margin needs; 0 for linear
 * models, whose scratch may be NULL. One scratch belongs to one thread. */
size_t cr_explainer_scratch_len(const struct cr_explainer *explainer);

/* The model's margin of x[0..n_inputs), as cr_model_margin gives it, and in calibrated log-odds the
 * inputs' ret_contributions[0..n_inputs): a forest of small trees gives both in one go. */
double cr_explainer_margin(const struct cr_explainer *explainer, const double *x, void *scratch,
                           double *ret_contributions);

/* A group of inputs as people read it. */
struct cr_explain_group {
    const char *label;    /* "Credit score" */
    size_t first_feature; /* catalogue index of its first feature among the inputs: its value is
                             shown */
};

size_t cr_explainer_n_groups(const struct cr_explainer *explainer);
const struct cr_explain_group *cr_explainer_group(const struct cr_explainer *explainer, size_t i);

/* Sums the inputs' contributions with sign: groups[0..n_groups). */
void cr_explainer_groups(const struct cr_explainer *explainer, const double *contributions,
                         double *groups);

/* Indices of the k groups with the largest |contribution|, largest first, ties by index; returns
 * how many (≤ k). */
size_t cr_explainer_top(const double *groups, size_t n_groups, size_t k, size_t *ret_top);

#endif
