// SPDX-License-Identifier: MIT
#include "creditrisk/model/model.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "kinds.h"

int cr_model_load(const char *kind, const char *bytes, size_t len, const char *const *input_names,
                  size_t n_inputs, struct cr_model **ret_model, struct cr_error *err)
{
    const struct cr_model_ops *ops = cr_model_find(kind);

    if (ops == NULL) {
        return cr_error_set(err, CR_EINVAL, "unknown kind of model '%s'", kind);
    }
    if (len > CR_MODEL_MAX_BYTES) {
        return cr_error_set(err, CR_ETOOBIG, "%s: %zu bytes, at most %zu are read", ops->file_name,
                            len, CR_MODEL_MAX_BYTES);
    }
    return ops->load(bytes, len, input_names, n_inputs, ret_model, err);
}

void cr_model_destroy(struct cr_model *model)
{
    if (model != NULL) {
        model->ops->destroy(model);
    }
}

double cr_model_margin(const struct cr_model *model, const double *x)
{
    return model->ops->margin(model, x);
}

void cr_model_margins(const struct cr_model *model, const double *x, size_t n_rows, double *margins)
{
    if (model->ops->margins != NULL) {
        model->ops->margins(model, x, n_rows, margins);
        return;
    }
    for (size_t i = 0; i < n_rows; i++) {
        margins[i] = cr_model_margin(model, x + i * model->n_inputs);
    }
}

int cr_model_check_kind(const json_t *json, const char *kind, int format, const char *file_name,
                        struct cr_error *err)
{
    const char *found_kind;
    double found_format;
    int result = cr_json_get_number(json, "format", file_name, false, &found_format, err);

    if (result == 0) {
        result = cr_json_get_string(json, "kind", file_name, &found_kind, err);
    }
    if (result < 0) {
        return result;
    }
    if (found_format != format) {
        return cr_error_set(err, CR_EMODEL, "%s: unknown format '%g'", file_name, found_format);
    }
    if (strcmp(found_kind, kind) != 0) {
        return cr_error_set(err, CR_EMODEL, "%s: kind is '%s', not '%s'", file_name, found_kind,
                            kind);
    }
    return 0;
}

int cr_model_check_names(const json_t *array, const char *const *input_names, size_t n_inputs,
                         const char *file_name, struct cr_error *err)
{
    size_t n = json_array_size(array);

    if (n != n_inputs) {
        return cr_error_set(err, CR_EMODEL, "%s: has %zu inputs, the pipeline makes %zu", file_name,
                            n, n_inputs);
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(array, i));

        if (name == NULL || strcmp(name, input_names[i]) != 0) {
            return cr_error_set(err, CR_EMODEL, "%s: input %zu is '%s' where the pipeline has '%s'",
                                file_name, i, name == NULL ? "" : name, input_names[i]);
        }
    }
    return 0;
}
