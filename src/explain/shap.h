// SPDX-License-Identifier: MIT
/* Shap: exact Shapley contributions to the raw margin, one function a kind of model. Both write all
 * of contributions[0..n_inputs). */
#ifndef CREDITRISK_SRC_EXPLAIN_SHAP_H
#define CREDITRISK_SRC_EXPLAIN_SHAP_H

#include <stddef.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/linear.h"

/* Margin at the means. */
double cr_shap_linear_expected(const struct cr_linear *linear);
void cr_shap_linear(const struct cr_linear *linear, const double *x, double *contributions);

/* Mean margin when every path is taken in proportion to cover. */
double cr_shap_forest_expected(const struct cr_forest *forest);

/* Bytes of scratch that cr_shap_forest needs, aligned for any type. */
size_t cr_shap_forest_scratch_len(const struct cr_forest *forest);
void cr_shap_forest(const struct cr_forest *forest, const double *x, void *scratch,
                    double *contributions);

#endif
