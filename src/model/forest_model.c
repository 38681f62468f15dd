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

static const struct cr_forest *forest(const struct cr_model *model);

static const struct forest_model *of_model(const struct cr_model *model)
{
    assert(model->ops->forest == forest);
    return (const struct forest_model *)model; /* base is the first member */
}

static const struct cr_forest *forest(const struct cr_model *model)
{
    return &of_model(model)->forest;
}

static const struct cr_forest_fast *forest_fast(const struct cr_model *model)
{
    return of_model(model)->fast;
}

static double margin(const struct cr_model *model, const double *x)
{
    return cr_forest_fast_margin(of_model(model)->fast, x);
}

static void margins(const struct cr_model *model, const double *x, size_t n_rows,
                    double *ret_margins)
{
    cr_forest_fast_margins(of_model(model)->fast, x, n_rows, ret_margins);
}

static void destroy(struct cr_model *model)
{
    struct forest_model *owned = (struct forest_model *)model; /* base is the first member */

    cr_forest_fast_destroy(owned->fast);
    cr_forest_finish(&owned->forest);
    free(owned);
}

static void destroyp(struct forest_model **model)
{
    if (*model != NULL) {
        destroy(&(*model)->base);
    }
}

/* A model of the kind `ops`, its forest read from the bytes. */
static int load(const struct cr_model_ops *ops, cr_forest_read_fn *read, const char *bytes,
                size_t len, const char *const *input_names, size_t n_inputs,
                struct cr_model **ret_model, struct cr_error *err)
{
    CR_CLEANUP(destroyp) struct forest_model *model = calloc(1, sizeof(*model));
    int result;

    if (model == NULL) {
        return cr_error_no_memory(err);
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

/* What all kinds have in common: everything but their names and readers. */
/* clang-format off */
#define FOREST_OPS                                                                                 \
    .scaled_input = false,                                                                         \
    .margin = margin,                                                                              \
    .margins = margins,                                                                            \
    .destroy = destroy,                                                                            \
    .forest = forest,                                                                              \
    .forest_fast = forest_fast
/* clang-format on */

static int load_gbm(const char *bytes, size_t len, const char *const *input_names, size_t n_inputs,
                    struct cr_model **ret_model, struct cr_error *err)
{
    return load(&cr_gbm_ops, cr_read_gbm, bytes, len, input_names, n_inputs, ret_model, err);
}

const struct cr_model_ops cr_gbm_ops = {
    .kind = "gbm",
    .display_name = "GBM",
    .file_name = "model.json",
    .load = load_gbm,
    FOREST_OPS,
};

static int load_lightgbm(const char *bytes, size_t len, const char *const *input_names,
                         size_t n_inputs, struct cr_model **ret_model, struct cr_error *err)
{
    return load(&cr_lightgbm_ops, cr_read_lightgbm, bytes, len, input_names, n_inputs, ret_model,
                err);
}

const struct cr_model_ops cr_lightgbm_ops = {
    .kind = "lightgbm",
    .display_name = "LightGBM",
    .file_name = "model.txt",
    .load = load_lightgbm,
    FOREST_OPS,
};

static int load_xgboost(const char *bytes, size_t len, const char *const *input_names,
                        size_t n_inputs, struct cr_model **ret_model, struct cr_error *err)
{
    return load(&cr_xgboost_ops, cr_read_xgboost, bytes, len, input_names, n_inputs, ret_model,
                err);
}

const struct cr_model_ops cr_xgboost_ops = {
    .kind = "xgboost",
    .display_name = "XGBoost",
    .file_name = "model.json",
    .load = load_xgboost,
    FOREST_OPS,
};
