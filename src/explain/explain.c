// SPDX-License-Identifier: MIT
/* With the calibrated margin a·raw + b, the base value is a·E[raw] + b and every contribution to
 * the raw margin counts a times; they still add up. */
#include "creditrisk/explain/explain.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "shap.h"

struct cr_explainer {
    const struct cr_model *model;
    const struct cr_linear *linear; /* one of the two … */
    struct cr_shap_fast *forest;    /* … is NULL */
    size_t n_inputs;
    double slope;
    double base_value;
    size_t scratch_len;
    size_t n_groups;
    struct cr_explain_group *groups; /* room for n_inputs */
    uint16_t *group_of;              /* n_inputs; no more groups than the catalogue has features */
};

static void explainer_destroyp(struct cr_explainer **explainer)
{
    cr_explainer_destroy(*explainer);
}

/* Groups in the order in which the inputs first name them. */
static void find_groups(struct cr_explainer *explainer, const struct cr_portfolio *portfolio,
                        const size_t *input_features)
{
    for (size_t i = 0; i < explainer->n_inputs; i++) {
        size_t feature = input_features[i];
        const char *label;
        size_t g = 0;

        assert(feature < portfolio->n_features);
        label = portfolio->features[feature].group;
        while (g < explainer->n_groups && strcmp(explainer->groups[g].label, label) != 0) {
            g++;
        }
        if (g == explainer->n_groups) {
            explainer->groups[g] = (struct cr_explain_group){label, feature};
            explainer->n_groups++;
        }
        assert(g <= UINT16_MAX);
        explainer->group_of[i] = (uint16_t)g;
    }
}

int cr_explainer_create(const struct cr_portfolio *portfolio, const struct cr_model *model,
                        const struct cr_calibration *calibration, const size_t *input_features,
                        struct cr_explainer **ret_explainer, struct cr_error *err)
{
    CR_CLEANUP(explainer_destroyp) struct cr_explainer *explainer = calloc(1, sizeof(*explainer));
    double expected;

    if (explainer == NULL) {
        return cr_error_no_memory(err);
    }
    explainer->model = model;
    explainer->n_inputs = model->n_inputs;
    explainer->groups = calloc(model->n_inputs + 1, sizeof(*explainer->groups));
    explainer->group_of = calloc(model->n_inputs + 1, sizeof(*explainer->group_of));
    if (explainer->groups == NULL || explainer->group_of == NULL) {
        return cr_error_no_memory(err);
    }
    if (model->ops->linear != NULL) {
        explainer->linear = model->ops->linear(model);
        expected = cr_shap_linear_expected(explainer->linear);
    } else {
        const struct cr_forest *forest = model->ops->forest(model);
        int result = cr_shap_fast_create(model->ops->forest_fast(model), &explainer->forest, err);

        if (result < 0) {
            return result;
        }
        explainer->scratch_len = cr_shap_fast_scratch_len(explainer->forest);
        expected = cr_shap_forest_expected(forest);
    }
    explainer->slope = calibration->slope;
    explainer->base_value = cr_calibrate_margin(calibration, expected);
    if (!isfinite(explainer->base_value)) {
        return cr_error_set(err, CR_EMODEL, "the model's expected margin is not finite");
    }
    find_groups(explainer, portfolio, input_features);
    *ret_explainer = CR_STEAL(explainer);
    return 0;
}

void cr_explainer_destroy(struct cr_explainer *explainer)
{
    if (explainer != NULL) {
        cr_shap_fast_destroy(explainer->forest);
        free(explainer->groups);
        free(explainer->group_of);
        free(explainer);
    }
}

double cr_explainer_base_value(const struct cr_explainer *explainer)
{
    return explainer->base_value;
}

size_t cr_explainer_scratch_len(const struct cr_explainer *explainer)
{
    return explainer->scratch_len;
}

double cr_explainer_margin(const struct cr_explainer *explainer, const double *x, void *scratch,
                           double *contributions)
{
    double margin;

    if (explainer->linear != NULL) {
        cr_shap_linear(explainer->linear, explainer->slope, x, contributions);
        return cr_model_margin(explainer->model, x);
    }
    margin = cr_shap_fast(explainer->forest, x, scratch, contributions);
    for (size_t i = 0; i < explainer->n_inputs; i++) {
        contributions[i] *= explainer->slope;
    }
    return margin;
}

size_t cr_explainer_n_groups(const struct cr_explainer *explainer)
{
    return explainer->n_groups;
}

const struct cr_explain_group *cr_explainer_group(const struct cr_explainer *explainer, size_t i)
{
    assert(i < explainer->n_groups);
    return &explainer->groups[i];
}

void cr_explainer_groups(const struct cr_explainer *explainer, const double *contributions,
                         double *groups)
{
    const uint16_t *group_of = explainer->group_of;
    size_t n_inputs = explainer->n_inputs;

    for (size_t g = 0; g < explainer->n_groups; g++) {
        groups[g] = 0.0;
    }
    for (size_t i = 0; i < n_inputs; i++) {
        groups[group_of[i]] += contributions[i];
    }
}

size_t cr_explainer_top(const double *groups, size_t n_groups, size_t k, size_t *ret_top)
{
    size_t n = 0;

    for (size_t g = 0; g < n_groups && k > 0; g++) {
        double size = fabs(groups[g]);
        size_t place;

        if (n == k && !(fabs(groups[ret_top[n - 1]]) < size)) {
            continue;
        }
        place = n < k ? n++ : n - 1;
        for (; place > 0 && fabs(groups[ret_top[place - 1]]) < size; place--) {
            ret_top[place] = ret_top[place - 1];
        }
        ret_top[place] = g;
    }
    return n;
}
