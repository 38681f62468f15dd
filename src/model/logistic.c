// SPDX-License-Identifier: MIT
/* Logistic regression, as served: margin = intercept + Σ_j weights[j]·x[j] over scaled inputs, read
 * from model.json:
 *   {"format":1, "kind":"logistic", "inputs":[n names], "weights":[n], "means":[n],
 *    "intercept":…, "params":{…}} */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "kinds.h"

enum { FORMAT = 1 };

static const char file_name[] = "model.json";

struct logistic {
    struct cr_model base;
    struct cr_linear linear; /* points into values */
    double values[];         /* weights, then means */
};

/* Checks everything about the file but the n numbers of its two arrays. */
static int check_header(const json_t *json, const char *const *input_names, size_t n_inputs,
                        struct cr_error *err)
{
    const json_t *inputs, *params;
    int result = cr_model_check_kind(json, "logistic", FORMAT, file_name, err);

    if (result == 0) {
        result = cr_json_get_array(json, "inputs", file_name, &inputs, err);
    }
    if (result == 0) {
        result = cr_json_get_object(json, "params", file_name, &params, err);
    }
    return result < 0 ? result
                      : cr_model_check_names(inputs, input_names, n_inputs, file_name, err);
}

/* Copies an array of exactly n finite numbers. */
static int read_numbers(const json_t *json, const char *key, size_t n, double *values,
                        struct cr_error *err)
{
    const json_t *array;
    int result;

    result = cr_json_get_array(json, key, file_name, &array, err);
    if (result < 0) {
        return result;
    }
    if (json_array_size(array) != n) {
        return cr_error_set(err, CR_EMODEL, "%s: '%s' has %zu numbers for %zu inputs", file_name,
                            key, json_array_size(array), n);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(array, i);

        if (!json_is_number(item) || !isfinite(json_number_value(item))) {
            return cr_error_set(err, CR_EMODEL, "%s: '%s'[%zu] is not a finite number", file_name,
                                key, i);
        }
        values[i] = json_number_value(item);
    }
    return 0;
}

static void logistic_destroy(struct cr_model *model)
{
    free(model); /* base is the first member */
}

static int logistic_load(const char *bytes, size_t len, const char *const *input_names,
                         size_t n_inputs, struct cr_model **ret_model, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    CR_CLEANUP(cr_freep) struct logistic *logistic = NULL;
    int result;

    result = cr_json_parse(file_name, bytes, len, &json, err);
    if (result == 0) {
        result = check_header(json, input_names, n_inputs, err);
    }
    if (result < 0) {
        return result;
    }
    /* n_inputs is the length of an array in memory: twice its doubles cannot overflow */
    logistic = malloc(sizeof(*logistic) + 2 * n_inputs * sizeof(double));
    if (logistic == NULL) {
        return cr_error_no_memory(err);
    }
    logistic->base = (struct cr_model){&cr_logistic_ops, n_inputs};
    logistic->linear = (struct cr_linear){
        .n = n_inputs,
        .weights = logistic->values,
        .means = logistic->values + n_inputs,
    };
    result = read_numbers(json, "weights", n_inputs, logistic->values, err);
    if (result == 0) {
        result = read_numbers(json, "means", n_inputs, logistic->values + n_inputs, err);
    }
    if (result == 0) {
        result = cr_json_get_number(json, "intercept", file_name, false,
                                    &logistic->linear.intercept, err);
    }
    if (result < 0) {
        return result;
    }
    if (!isfinite(logistic->linear.intercept)) {
        return cr_error_set(err, CR_EMODEL, "%s: 'intercept' is not finite", file_name);
    }
    *ret_model = &CR_STEAL(logistic)->base;
    return 0;
}

static const struct cr_linear *logistic_linear(const struct cr_model *model)
{
    assert(model->ops == &cr_logistic_ops);
    return &((const struct logistic *)model)->linear;
}

static double logistic_margin(const struct cr_model *model, const double *x)
{
    const struct cr_linear *linear = logistic_linear(model);
    double margin = linear->intercept;

    for (size_t j = 0; j < linear->n; j++) {
        margin += linear->weights[j] * x[j];
    }
    return margin;
}

const struct cr_model_ops cr_logistic_ops = {
    .kind = "logistic",
    .display_name = "Logistic_Regression",
    .file_name = "model.json",
    .scaled_input = true,
    .load = logistic_load,
    .margin = logistic_margin,
    .destroy = logistic_destroy,
    .linear = logistic_linear,
};
