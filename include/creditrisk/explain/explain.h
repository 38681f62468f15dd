// SPDX-License-Identifier: MIT
/* Explain: exact Shapley contributions of one prediction. Linear: w_j·(x_j − mean_j). Forest:
 * path-dependent TreeSHAP (Lundberg, Erion and Lee 2018, algorithm 2). They plus the base value add
 * up to the margin. */
#ifndef CREDITRISK_EXPLAIN_EXPLAIN_H
#define CREDITRISK_EXPLAIN_EXPLAIN_H

#include <stddef.h>

#include "creditrisk/model/calibrate.h"
#include "creditrisk/model/model.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

struct cr_explainer;

/* Prepares what does not depend on the row (expected margin, groups). input_features[i] is the
 * catalogue index of input i. Model, calibration and portfolio must outlive it. Immutable and
 * shared between threads. Yours: cr_explainer_destroy. */
int cr_explainer_create(const struct cr_portfolio *portfolio, const struct cr_model *model,
                        const struct cr_calibration *calibration, const size_t *input_features,
                        struct cr_explainer **ret_explainer, struct cr_error *err);
void cr_explainer_destroy(struct cr_explainer *explainer);

/* a × expected raw margin + b. */
double cr_explainer_base_value(const struct cr_explainer *explainer);

/* Bytes of scratch memory that cr_explainer_inputs needs; one scratch belongs to one thread. */
size_t cr_explainer_scratch_len(const struct cr_explainer *explainer);

/* contributions[0..n_inputs) in calibrated log-odds for x[0..n_inputs). */
void cr_explainer_inputs(const struct cr_explainer *explainer, const double *x, void *scratch,
                         double *contributions);

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
