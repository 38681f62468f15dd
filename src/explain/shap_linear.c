// SPDX-License-Identifier: MIT
/* Linear model, inputs taken as independent (S. Lundberg and S.-I. Lee, "A unified approach to
 * interpreting model predictions", 2017, corollary 1):
 *
 *   expected = intercept + Σ_j w_j·mean_j,   contribution_j = w_j·(x_j − mean_j). */
#include "shap.h"

double cr_shap_linear_expected(const struct cr_linear *linear)
{
    double expected = linear->intercept;

    for (size_t j = 0; j < linear->n; j++) {
        expected += linear->weights[j] * linear->means[j];
    }
    return expected;
}

void cr_shap_linear(const struct cr_linear *linear, double slope, const double *x,
                    double *contributions)
{
    for (size_t j = 0; j < linear->n; j++) {
        contributions[j] = slope * (linear->weights[j] * (x[j] - linear->means[j]));
    }
}
