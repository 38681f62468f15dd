// SPDX-License-Identifier: MIT
/* Gradient boosted trees by libxgboost through its C API: histograms, one thread, so that the same
 * data, options and library give the same bytes. base_score is set, since XGBoost 2.0 and later
 * would estimate it and earlier versions would not. Of the seed XGBoost takes the lower 31 bits. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
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

static int create_matrix(const struct cr_fit_data *data, DMatrixHandle *ret_matrix,
                         struct cr_error *err)
{
    CR_CLEANUP(free_matrix) DMatrixHandle matrix = NULL;
    char array[ARRAY_LEN];

    describe_array(data->x, data->n_rows, data->n_cols, array);
    if (XGDMatrixCreateFromDense(array, "{\"missing\": NaN, \"nthread\": 1}", &matrix) != 0) {
        return fail("read the inputs", err);
    }
    describe_array(data->y, data->n_rows, 0, array);
    if (XGDMatrixSetInfoFromInterface(matrix, "label", array) != 0) {
        return fail("read the outcomes", err);
    }
    *ret_matrix = CR_STEAL(matrix);
    return 0;
}

static int set_number(BoosterHandle booster, const char *name, double value, struct cr_error *err)
{
    char text[CR_NUM_LEN];

    (void)cr_num_format(value, text); /* the length is of no use here */
    return XGBoosterSetParam(booster, name, text) == 0 ? 0 : fail("set a parameter", err);
}

static int create_booster(DMatrixHandle matrix, const double *params, uint64_t seed,
                          BoosterHandle *ret_booster, struct cr_error *err)
{
    CR_CLEANUP(free_booster) BoosterHandle booster = NULL;
    int result;

    if (XGBoosterCreate(&matrix, 1, &booster) != 0) {
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

static int xgboost_fit(const struct cr_fit_data *data, const struct cr_fit_options *options,
                       struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(free_matrix) DMatrixHandle matrix = NULL;
    CR_CLEANUP(free_booster) BoosterHandle booster = NULL;
    double params[N_PARAMS];
    int result;

    result = cr_train_read_params("xgboost", specs, N_PARAMS, options, params, err);
    if (result == 0) {
        result = cr_train_check_data(data, err);
    }
    if (result == 0) {
        result = create_matrix(data, &matrix, err);
    }
    if (result == 0) {
        result = create_booster(matrix, params, options->seed, &booster, err);
    }
    if (result < 0) {
        return result;
    }
    for (int round = 0; round < (int)params[N_ESTIMATORS]; round++) {
        if (XGBoosterUpdateOneIter(booster, round, matrix) != 0) {
            return fail("add a tree", err);
        }
    }
    return save(booster, data, out, err);
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
    .fit = xgboost_fit,
    .library_version = xgboost_library_version,
};
