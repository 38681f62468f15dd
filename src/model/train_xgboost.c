// SPDX-License-Identifier: MIT
/* Gradient boosted trees by libxgboost through its C API: histograms, one thread, so that the same
 * data, options and library give the same bytes. base_score is set, since XGBoost 2.0 and later
 * would estimate it and earlier versions would not. Of the seed XGBoost takes the lower 31 bits. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xgboost/c_api.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "train.h"

enum {
    N_ESTIMATORS,
    MAX_DEPTH,
    LEARNING_RATE,
    SUBSAMPLE,
    COLSAMPLE_BYTREE,
    MIN_CHILD_WEIGHT,
    GAMMA,
    REG_ALPHA,
    REG_LAMBDA,
    SCALE_POS_WEIGHT,
    N_PARAMS,
};

/* XGBoost's own names and, as fallbacks, its own defaults. */
static const struct cr_param_spec specs[N_PARAMS] = {
    [N_ESTIMATORS] = {"n_estimators", 100, 1, 10000, .integer = true},
    [MAX_DEPTH] = {"max_depth", 6, 1, 20, .integer = true},
    [LEARNING_RATE] = {"learning_rate", 0.3, 0, 1, .above_min = true},
    [SUBSAMPLE] = {"subsample", 1, 0, 1, .above_min = true},
    [COLSAMPLE_BYTREE] = {"colsample_bytree", 1, 0, 1, .above_min = true},
    [MIN_CHILD_WEIGHT] = {"min_child_weight", 1, 0, 1e6},
    [GAMMA] = {"gamma", 0, 0, 1e6},
    [REG_ALPHA] = {"reg_alpha", 0, 0, 1e6},
    [REG_LAMBDA] = {"reg_lambda", 1, 0, 1e6},
    [SCALE_POS_WEIGHT] = {"scale_pos_weight", 1, 0, 1e6, .above_min = true},
};

static const struct {
    const char *name;
    const char *value;
} fixed[] = {
    {"booster", "gbtree"},
    {"tree_method", "hist"},
    {"objective", "binary:logistic"},
    {"base_score", "0.5"},
    {"nthread", "1"},
    {"verbosity", "0"},
    {"disable_default_eval_metric", "1"},
};

static void free_matrix(DMatrixHandle *matrix)
{
    if (*matrix != NULL) {
        (void)XGDMatrixFree(*matrix); /* nothing can be done about a failure */
    }
}

static void free_booster(BoosterHandle *booster)
{
    if (*booster != NULL) {
        (void)XGBoosterFree(*booster); /* nothing can be done about a failure */
    }
}

/* libxgboost's last error: "[time] file:line: message", then lines of a stack trace. */
static int fail(const char *what, struct cr_error *err)
{
    const char *text = XGBGetLastError();
    const char *behind_time = text[0] == '[' ? strstr(text, "] ") : NULL;

    if (behind_time != NULL) {
        text = behind_time + 2;
    }
    return cr_error_set(err, CR_EMODEL, "libxgboost cannot %s: %.*s", what,
                        (int)strcspn(text, "\n"), text);
}

/* A borrowed array as XGBoost's "array interface"; n_cols 0 means a vector. */
enum { ARRAY_LEN = 192 };

static void describe_array(const double *values, size_t n_rows, size_t n_cols, char text[ARRAY_LEN])
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "\"<f8\" below says little-endian");
    char second[32] = "";

    if (n_cols > 0) {
        (void)snprintf(second, sizeof(second), ", %zu", n_cols);
    }
    (void)snprintf(text, ARRAY_LEN,
                   "{\"data\": [%" PRIuPTR ", true], \"shape\": [%zu%s], \"typestr\": \"<f8\", "
                   "\"version\": 3}",
                   (uintptr_t)values, n_rows, second);
}

/* y is NULL for rows that are only looked at. */
static int create_matrix(const double *x, const double *y, size_t n_rows, size_t n_cols,
                         DMatrixHandle *ret_matrix, struct cr_error *err)
{
    CR_CLEANUP(free_matrix) DMatrixHandle matrix = NULL;
    char array[ARRAY_LEN];

    describe_array(x, n_rows, n_cols, array);
    if (XGDMatrixCreateFromDense(array, "{\"missing\": NaN, \"nthread\": 1}", &matrix) != 0) {
        return fail("read the inputs", err);
    }
    if (y != NULL) {
        describe_array(y, n_rows, 0, array);
        if (XGDMatrixSetInfoFromInterface(matrix, "label", array) != 0) {
            return fail("read the outcomes", err);
        }
    }
    *ret_matrix = CR_STEAL(matrix);
    return 0;
}

struct prepared_xgboost {
    struct cr_prepared base;
    struct cr_fit_data data;
    DMatrixHandle matrix;  /* caches its histogram bins from the first fit on */
    const double *seen;    /* the watch's rows of the last fit, and … */
    DMatrixHandle watched; /* … their matrix */
};

static void xgboost_release(struct cr_prepared *base)
{
    struct prepared_xgboost *prepared = (struct prepared_xgboost *)base;

    if (prepared != NULL) {
        free_matrix(&prepared->matrix);
        free_matrix(&prepared->watched);
        free(prepared);
    }
}

static int xgboost_prepare(const struct cr_fit_data *data, struct cr_prepared **ret_prepared,
                           struct cr_error *err)
{
    struct prepared_xgboost *prepared;
    int result = cr_train_check_data(data, err);

    if (result < 0) {
        return result;
    }
    prepared = calloc(1, sizeof(*prepared));
    if (prepared == NULL) {
        return cr_error_no_memory(err);
    }
    prepared->base.trainer = &cr_xgboost_trainer;
    prepared->data = *data;
    result = create_matrix(data->x, data->y, data->n_rows, data->n_cols, &prepared->matrix, err);
    if (result < 0) {
        xgboost_release(&prepared->base);
        return result;
    }
    *ret_prepared = &prepared->base;
    return 0;
}

static int set_number(BoosterHandle booster, const char *name, double value, struct cr_error *err)
{
    char text[CR_NUM_LEN];

    (void)cr_num_format(value, text); /* the length is of no use here */
    return XGBoosterSetParam(booster, name, text) == 0 ? 0 : fail("set a parameter", err);
}

/* A booster keeps the predictions of the matrices it is created with: looking on costs only the
 * new trees. */
static int create_booster(const struct prepared_xgboost *prepared, bool watched,
                          const double *params, uint64_t seed, BoosterHandle *ret_booster,
                          struct cr_error *err)
{
    CR_CLEANUP(free_booster) BoosterHandle booster = NULL;
    const DMatrixHandle matrices[] = {prepared->matrix, prepared->watched};
    int result;

    if (XGBoosterCreate(matrices, watched ? 2 : 1, &booster) != 0) {
        return fail("create a booster", err);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(fixed); i++) {
        if (XGBoosterSetParam(booster, fixed[i].name, fixed[i].value) != 0) {
            return fail("set a parameter", err);
        }
    }
    result = set_number(booster, "seed", (double)(seed & INT32_MAX), err);
    for (size_t i = N_ESTIMATORS + 1; result == 0 && i < N_PARAMS; i++) {
        result = set_number(booster, specs[i].name, params[i], err);
    }
    if (result < 0) {
        return result;
    }
    *ret_booster = CR_STEAL(booster);
    return 0;
}

static int save(BoosterHandle booster, const struct cr_fit_data *data, struct cr_strbuf *out,
                struct cr_error *err)
{
    /* the API forgot a const: it copies the names */
    const char **names = (const char **)(uintptr_t)data->input_names;
    const char *bytes;
    bst_ulong len;

    if (XGBoosterSetStrFeatureInfo(booster, "feature_name", names, data->n_cols) != 0) {
        return fail("name the inputs", err);
    }
    if (XGBoosterSaveModelToBuffer(booster, "{\"format\": \"json\"}", &len, &bytes) != 0) {
        return fail("save the model", err);
    }
    cr_strbuf_append(out, bytes, len);
    return cr_strbuf_check(out, err);
}

/* The matrix of the rows that look on; it lives as long as the prepared data. */
static int watch_rows(struct prepared_xgboost *prepared, const struct cr_fit_watch *watch,
                      struct cr_error *err)
{
    DMatrixHandle matrix = NULL;
    int result;

    if (prepared->watched != NULL && prepared->seen == watch->x) {
        return 0;
    }
    result = create_matrix(watch->x, NULL, watch->n_rows, prepared->data.n_cols, &matrix, err);
    if (result < 0) {
        return result;
    }
    free_matrix(&prepared->watched);
    prepared->watched = matrix;
    prepared->seen = watch->x;
    return 0;
}

/* Shows the watched rows' margins after n_rounds rounds. */
static int show(BoosterHandle booster, const struct prepared_xgboost *prepared,
                const struct cr_fit_watch *watch, size_t n_rounds, bool *ret_end,
                struct cr_error *err)
{
    static const char config[] = "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, "
                                 "\"iteration_end\": 0, \"strict_shape\": false}";
    CR_CLEANUP(cr_freep) double *margins = malloc((watch->n_rows + 1) * sizeof(*margins));
    const bst_ulong *shape;
    const float *values;
    bst_ulong n_dims;

    if (margins == NULL) {
        return cr_error_no_memory(err);
    }
    if (XGBoosterPredictFromDMatrix(booster, prepared->watched, config, &shape, &n_dims, &values) !=
        0) {
        return fail("predict", err);
    }
    for (size_t i = 0; i < watch->n_rows; i++) {
        margins[i] = values[i];
    }
    *ret_end = watch->look(watch->context, n_rounds, margins);
    return 0;
}

static int grow(BoosterHandle booster, struct prepared_xgboost *prepared, size_t n_rounds,
                const struct cr_fit_watch *watch, struct cr_error *err)
{
    bool end = false;

    for (size_t round = 1; round <= n_rounds && !end; round++) {
        if (XGBoosterUpdateOneIter(booster, (int)round - 1, prepared->matrix) != 0) {
            return fail("add a tree", err);
        }
        if (watch != NULL &&
            (round == n_rounds || (watch->every > 0 && round % watch->every == 0))) {
            int result = show(booster, prepared, watch, round, &end, err);

            if (result < 0) {
                return result;
            }
        }
    }
    return 0;
}

static int xgboost_fit(struct cr_prepared *base, const struct cr_fit_options *options,
                       const struct cr_fit_watch *watch, struct cr_strbuf *out,
                       struct cr_error *err)
{
    struct prepared_xgboost *prepared = (struct prepared_xgboost *)base;
    CR_CLEANUP(free_booster) BoosterHandle booster = NULL;
    double params[N_PARAMS];
    int result;

    result = cr_train_read_params(&cr_xgboost_trainer, options, params, err);
    if (result == 0 && watch != NULL) {
        result = watch_rows(prepared, watch, err);
    }
    if (result == 0) {
        result = create_booster(prepared, watch != NULL, params, options->seed, &booster, err);
    }
    if (result == 0) {
        result = grow(booster, prepared, (size_t)params[N_ESTIMATORS], watch, err);
    }
    return result == 0 && out != NULL ? save(booster, &prepared->data, out, err) : result;
}

static char version[40];

static void read_version(void)
{
    int major, minor, patch;

    XGBoostVersion(&major, &minor, &patch);
    (void)snprintf(version, sizeof(version), "libxgboost %d.%d.%d", major, minor, patch);
}

static const char *xgboost_library_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, read_version); /* cannot fail with a valid argument */
    return version;
}

const struct cr_trainer cr_xgboost_trainer = {
    .kind = "xgboost",
    .params = specs,
    .n_params = N_PARAMS,
    .prepare = xgboost_prepare,
    .release = xgboost_release,
    .fit = xgboost_fit,
    .library_version = xgboost_library_version,
};
