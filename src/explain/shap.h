// SPDX-License-Identifier: MIT
/* Shap: exact Shapley contributions to the raw margin, one function a kind of model. All but
 * cr_shap_tree_add write all of contributions[0..n_inputs). */
#ifndef CREDITRISK_SRC_EXPLAIN_SHAP_H
#define CREDITRISK_SRC_EXPLAIN_SHAP_H

#include <stddef.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_fast.h"
#include "creditrisk/model/linear.h"
#include "creditrisk/util/error.h"

/* Margin at the means, and the contributions to slope times the margin. */
double cr_shap_linear_expected(const struct cr_linear *linear);
void cr_shap_linear(const struct cr_linear *linear, double slope, const double *x,
                    double *contributions);

/* Mean margin when every path is taken in proportion to cover. */
double cr_shap_forest_expected(const struct cr_forest *forest);

/* The recursion, which defines them. Bytes of scratch that it needs, aligned for any type; all
 * trees, or tree t alone, added to contributions[0..n_inputs). */
size_t cr_shap_forest_scratch_len(const struct cr_forest *forest);
void cr_shap_forest(const struct cr_forest *forest, const double *x, void *scratch,
                    double *contributions);
void cr_shap_tree_add(const struct cr_forest *forest, size_t t, const double *x, void *scratch,
                      double *contributions);

/* The same within 1e-9·Σ|contribution|, from what is prepared once per forest: the form that
 * serves. The predictor and its forest must outlive it. CR_ENOMEM. Immutable. Yours:
 * cr_shap_fast_destroy. */
struct cr_shap_fast;

int cr_shap_fast_create(const struct cr_forest_fast *predictor, struct cr_shap_fast **ret_fast,
                        struct cr_error *err);
void cr_shap_fast_destroy(struct cr_shap_fast *fast);
size_t cr_shap_fast_scratch_len(const struct cr_shap_fast *fast);
/* Returns the margin of x, too, as cr_forest_margin. */
double cr_shap_fast(const struct cr_shap_fast *fast, const double *x, void *scratch,
                    double *contributions);

#endif
