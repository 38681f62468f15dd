// SPDX-License-Identifier: MIT
#include "fuzz_model.h"

#include <math.h>
#include <stdlib.h>

#include "../../src/explain/shap.h"
#include "creditrisk/model/model.h"
#include "creditrisk/util/cleanup.h"
#include "fuzz.h"

enum { N_INPUTS = 4 };

static const char *const names[N_INPUTS] = {"a", "b", "c", "d"};

static const double rows[][N_INPUTS] = {
    {0.0, -0.0, 1.0, -1.0},
    {NAN, NAN, NAN, NAN},
    {INFINITY, -INFINITY, 1e308, -1e308},
    {0.5, 1e-40, 16777217.0, 3.0},
};

static void check_linear(const struct cr_linear *linear)
{
    double contributions[N_INPUTS];

    FUZZ_CHECK(linear->n == N_INPUTS && isfinite(linear->intercept));
    for (size_t j = 0; j < N_INPUTS; j++) {
        FUZZ_CHECK(isfinite(linear->weights[j]) && isfinite(linear->means[j]));
    }
    (void)cr_shap_linear_expected(linear); /* large weights may overflow: the scorer looks */
    for (size_t i = 0; i < CR_ARRAY_LEN(rows); i++) {
        cr_shap_linear(linear, 1.0, rows[i], contributions);
    }
}

static void check_forest(const struct cr_forest *forest)
{
    CR_CLEANUP(cr_freep) void *scratch = malloc(cr_shap_forest_scratch_len(forest));
    double contributions[N_INPUTS];
    struct cr_error err;

    FUZZ_CHECK(scratch != NULL);
    FUZZ_CHECK(forest->n_inputs == N_INPUTS);
    FUZZ_CHECK(cr_forest_validate(forest, &err) == 0);
    (void)cr_shap_forest_expected(forest); /* as above */
    for (size_t i = 0; i < CR_ARRAY_LEN(rows); i++) {
        for (size_t t = 0; t < forest->n_trees; t++) {
            int32_t leaf = cr_forest_leaf(forest, t, rows[i]);

            FUZZ_CHECK(leaf >= 0 && (size_t)leaf < forest->n_nodes);
            FUZZ_CHECK(isfinite(forest->nodes[leaf].value));
        }
        cr_shap_forest(forest, rows[i], scratch, contributions);
    }
}

int fuzz_model(const char *kind, const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_model_destroyp) struct cr_model *model = NULL;
    struct cr_error err = {0};
    int result = cr_model_load(kind, (const char *)data, size, names, N_INPUTS, &model, &err);

    if (result < 0) {
        fuzz_check_error(result, &err);
        return 0;
    }
    FUZZ_CHECK(model->n_inputs == N_INPUTS);
    if (model->ops->linear != NULL) {
        check_linear(model->ops->linear(model));
    } else {
        check_forest(model->ops->forest(model));
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(rows); i++) {
        (void)cr_model_margin(model, rows[i]); /* need not be finite: the scorer looks */
    }
    return 0;
}
