// SPDX-License-Identifier: MIT
#include "forest_model.h"

#include <assert.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "kinds.h"

struct forest_model {
    struct cr_model base;
    struct cr_forest forest;
};

int cr_forest_model_load(const struct cr_model_ops *ops, cr_forest_read_fn *read, const char *bytes,
                         size_t len, const char *const *input_names, size_t n_inputs,
                         struct cr_model **ret_model, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct forest_model *model = calloc(1, sizeof(*model));
    int result;

    if (model == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    model->base = (struct cr_model){ops, n_inputs};
    result = read(bytes, len, input_names, n_inputs, &model->forest, err);
    if (result < 0) {
        return result;
    }
    *ret_model = &CR_STEAL(model)->base;
    return 0;
}

const struct cr_forest *cr_forest_model_forest(const struct cr_model *model)
{
    assert(model->ops->forest == cr_forest_model_forest);
    return &((const struct forest_model *)model)->forest;
}

double cr_forest_model_margin(const struct cr_model *model, const double *x)
{
    return cr_forest_margin(cr_forest_model_forest(model), x);
}

void cr_forest_model_destroy(struct cr_model *model)
{
    struct forest_model *forest_model = (struct forest_model *)model; /* base is the first member */

    cr_forest_finish(&forest_model->forest);
    free(forest_model);
}

static int gbm_load(const char *bytes, size_t len, const char *const *input_names, size_t n_inputs,
                    struct cr_model **ret_model, struct cr_error *err)
{
    return cr_forest_model_load(&cr_gbm_ops, cr_read_gbm, bytes, len, input_names, n_inputs,
                                ret_model, err);
}

const struct cr_model_ops cr_gbm_ops = {
    .kind = "gbm",
    .display_name = "GBM",
    .file_name = "model.json",
    .scaled_input = false,
    .load = gbm_load,
    .margin = cr_forest_model_margin,
    .destroy = cr_forest_model_destroy,
    .forest = cr_forest_model_forest,
};

static int lightgbm_load(const char *bytes, size_t len, const char *const *input_names,
                         size_t n_inputs, struct cr_model **ret_model, struct cr_error *err)
{
    return cr_forest_model_load(&cr_lightgbm_ops, cr_read_lightgbm, bytes, len, input_names,
                                n_inputs, ret_model, err);
}

const struct cr_model_ops cr_lightgbm_ops = {
    .kind = "lightgbm",
    .display_name = "LightGBM",
    .file_name = "model.txt",
    .scaled_input = false,
    .load = lightgbm_load,
    .margin = cr_forest_model_margin,
    .destroy = cr_forest_model_destroy,
    .forest = cr_forest_model_forest,
};

static int xgboost_load(const char *bytes, size_t len, const char *const *input_names,
                        size_t n_inputs, struct cr_model **ret_model, struct cr_error *err)
{
    return cr_forest_model_load(&cr_xgboost_ops, cr_read_xgboost, bytes, len, input_names, n_inputs,
                                ret_model, err);
}

const struct cr_model_ops cr_xgboost_ops = {
    .kind = "xgboost",
    .display_name = "XGBoost",
    .file_name = "model.json",
    .scaled_input = false,
    .load = xgboost_load,
    .margin = cr_forest_model_margin,
    .destroy = cr_forest_model_destroy,
    .forest = cr_forest_model_forest,
};
