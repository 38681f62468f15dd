// SPDX-License-Identifier: MIT
#include "forest_model.h"

#include <assert.h>
#include <stdlib.h>

#include "creditrisk/model/forest_fast.h"
#include "creditrisk/util/cleanup.h"
#include "kinds.h"

struct forest_model {
    struct cr_model base;
    struct cr_forest forest;
    struct cr_forest_fast *fast; /* the same, for the margin */
};

static void forest_model_destroyp(struct forest_model **model)
{
    if (*model != NULL) {
        cr_forest_model_destroy(&(*model)->base);
    }
}

int cr_forest_model_load(const struct cr_model_ops *ops, cr_forest_read_fn *read, const char *bytes,
                         size_t len, const char *const *input_names, size_t n_inputs,
                         struct cr_model **ret_model, struct cr_error *err)
{
    CR_CLEANUP(forest_model_destroyp) struct forest_model *model = calloc(1, sizeof(*model));
    int result;

    if (model == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    model->base = (struct cr_model){ops, n_inputs};
    result = read(bytes, len, input_names, n_inputs, &model->forest, err);
    if (result == 0) {
        result = cr_forest_fast_create(&model->forest, &model->fast, err);
    }
    if (result < 0) {
        return result;
    }
    *ret_model = &CR_STEAL(model)->base;
    return 0;
}

static const struct forest_model *forest_model(const struct cr_model *model)
{
    assert(model->ops->forest == cr_forest_model_forest);
    return (const struct forest_model *)model; /* base is the first member */
}

const struct cr_forest *cr_forest_model_forest(const struct cr_model *model)
{
    return &forest_model(model)->forest;
}

const struct cr_forest_outcomes *cr_forest_model_outcomes(const struct cr_model *model)
{
    return cr_forest_fast_outcomes(forest_model(model)->fast);
}

double cr_forest_model_margin(const struct cr_model *model, const double *x)
{
    return cr_forest_fast_margin(forest_model(model)->fast, x, NULL);
}

double cr_forest_model_margin_and_outcomes(const struct cr_model *model, const double *x,
                                           unsigned char *ret_outcomes)
{
    return cr_forest_fast_margin(forest_model(model)->fast, x, ret_outcomes);
}

void cr_forest_model_margins(const struct cr_model *model, const double *x, size_t n_rows,
                             double *margins)
{
    cr_forest_fast_margins(forest_model(model)->fast, x, n_rows, margins);
}

void cr_forest_model_destroy(struct cr_model *model)
{
    struct forest_model *owned = (struct forest_model *)model; /* base is the first member */

    cr_forest_fast_destroy(owned->fast);
    cr_forest_finish(&owned->forest);
    free(owned);
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
    .margins = cr_forest_model_margins,
    .destroy = cr_forest_model_destroy,
    .forest = cr_forest_model_forest,
    .outcomes = cr_forest_model_outcomes,
    .margin_and_outcomes = cr_forest_model_margin_and_outcomes,
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
    .margins = cr_forest_model_margins,
    .destroy = cr_forest_model_destroy,
    .forest = cr_forest_model_forest,
    .outcomes = cr_forest_model_outcomes,
    .margin_and_outcomes = cr_forest_model_margin_and_outcomes,
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
    .margins = cr_forest_model_margins,
    .destroy = cr_forest_model_destroy,
    .forest = cr_forest_model_forest,
    .outcomes = cr_forest_model_outcomes,
    .margin_and_outcomes = cr_forest_model_margin_and_outcomes,
};
