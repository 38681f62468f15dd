// SPDX-License-Identifier: MIT
#include "model_data.h"

#include <inttypes.h>
#include <math.h>
#include <xgboost/c_api.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

const char *const *model_data_names(void)
{
    static const char *const names[MODEL_DATA_MAX_COLS] = {
        "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10", "x11", "x12",
        "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25",
        "x26", "x27", "x28", "x29", "x30", "x31", "x32", "x33", "x34", "x35", "x36", "x37", "x38",
        "x39", "x40", "x41", "x42", "x43", "x44", "x45", "x46", "x47", "x48", "x49", "x50", "x51",
        "x52", "x53", "x54", "x55", "x56", "x57", "x58", "x59", "x60", "x61", "x62", "x63",
    };

    return names;
}

static double draw_input(struct cr_rng *rng, size_t col)
{
    switch (col % 4) {
    case 0:
        return cr_rng_normal(rng);
    case 1:
        return (double)cr_rng_below(rng, 12) - 3.0;
    case 2:
        return cr_rng_uniform(rng) < 0.3 ? 1.0 : 0.0;
    default:
        return 1000.0 * exp(cr_rng_normal(rng));
    }
}

void model_data_init(struct model_data *data, size_t n_rows, size_t n_cols, uint64_t seed)
{
    struct cr_rng rng;

    assert_true(n_cols >= 4 && n_cols <= MODEL_DATA_MAX_COLS);
    cr_rng_init(&rng, seed, 0);
    data->x = malloc(n_rows * n_cols * sizeof(*data->x));
    data->y = malloc(n_rows * sizeof(*data->y));
    assert_true(data->x != NULL && data->y != NULL);
    for (size_t i = 0; i < n_rows; i++) {
        double *row = data->x + i * n_cols;
        double z;

        for (size_t j = 0; j < n_cols; j++) {
            row[j] = draw_input(&rng, j);
        }
        z = -1.5 + row[0] + 0.3 * row[1] * (row[2] - 0.5) + 0.4 * log(row[3] / 1000.0) * row[0];
        data->y[i] = cr_rng_uniform(&rng) < 1.0 / (1.0 + exp(-z)) ? 1.0 : 0.0;
    }
    data->fit = (struct cr_fit_data){data->x, data->y, n_rows, n_cols, model_data_names()};
}

void model_data_finish(struct model_data *data)
{
    free(data->x);
    free(data->y);
}

void model_data_fit(const char *kind, const struct model_data *data, const struct cr_param *params,
                    size_t n_params, uint64_t seed, struct cr_strbuf *out)
{
    const struct cr_trainer *trainer = cr_trainer_find(kind);
    const struct cr_fit_options options = {params, n_params, seed, false};
    struct cr_error err;

    assert_non_null(trainer);
    cr_assert_ok(cr_trainer_fit(trainer, &data->fit, &options, out, &err), &err);
}

void model_data_check_seed(const char *kind, const struct model_data *data,
                           const struct cr_param *params, size_t n_params)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf a = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf b = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf c = CR_STRBUF_INIT;

    model_data_fit(kind, data, params, n_params, 42, &a);
    model_data_fit(kind, data, params, n_params, 42, &b);
    model_data_fit(kind, data, params, n_params, 43, &c);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    assert_true(a.len != c.len || memcmp(a.data, c.data, a.len) != 0);
}

void model_data_check_refusals(const char *kind, const struct model_data *data,
                               const struct model_refusal *refusals, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct cr_fit_options options = {refusals[i].params, refusals[i].n_params, 1, false};
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_error err = {0};

        assert_int_equal(cr_trainer_fit(cr_trainer_find(kind), &data->fit, &options, &file, &err),
                         CR_EINVAL);
        assert_string_equal(err.message, refusals[i].message);
        assert_int_equal(file.len, 0);
        if (refusals[i].n_params == 1) {
            err = (struct cr_error){0};
            assert_int_equal(cr_trainer_check_param(kind, refusals[i].params, &err), CR_EINVAL);
            assert_string_equal(err.message, refusals[i].message);
        }
    }
}

bool model_data_has_lightgbm(void)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path(".lib/lightgbm/lib_lightgbm.so");

    if (cr_fs_exists(path)) {
        assert_int_equal(setenv("CREDITRISK_LIGHTGBM", path, 0), 0);
    }
    return cr_trainer_find("lightgbm") != NULL;
}

struct cr_model *model_data_load(const char *kind, const struct cr_strbuf *file, size_t n_inputs)
{
    struct cr_model *model = NULL;
    struct cr_error err;

    cr_assert_ok(
        cr_model_load(kind, file->data, file->len, model_data_names(), n_inputs, &model, &err),
        &err);
    return model;
}

/* Grows the node at `index` and what is below it, its depth levels deep at most. */
static void grow(struct cr_forest *forest, int32_t index, size_t levels, double cover,
                 struct cr_rng *rng)
{
    struct cr_forest_node node = {.feature = -1, .left = -1, .right = -1, .cover = cover};
    double share = cr_rng_between(rng, 0.02, 0.98);

    if (levels == 0 || cr_rng_uniform(rng) < 0.15) {
        node.value = cr_rng_normal(rng);
        forest->nodes[index] = node;
        return;
    }
    node.feature = (int32_t)cr_rng_below(rng, forest->n_inputs);
    node.default_left = cr_rng_uniform(rng) < 0.5;
    node.zero_is_missing =
        forest->compare == CR_FOREST_DOUBLE_LESS_EQUAL && cr_rng_uniform(rng) < 0.3;
    node.threshold = cr_rng_uniform(rng) < 0.2 ? 0.0 : (double)(float)cr_rng_normal(rng);
    node.left = (int32_t)forest->n_nodes++;
    node.right = (int32_t)forest->n_nodes++;
    forest->nodes[index] = node;
    grow(forest, node.left, levels - 1, share * cover, rng);
    grow(forest, node.right, levels - 1, (1.0 - share) * cover, rng);
}

void random_forest_init(struct cr_forest *forest, const struct random_forest_options *options,
                        struct cr_rng *rng)
{
    size_t room = options->n_trees << (options->max_depth + 1);

    *forest = (struct cr_forest){
        .n_inputs = options->n_inputs,
        .compare = options->compare,
        .base_margin = cr_rng_normal(rng),
        .n_trees = options->n_trees,
        .roots = calloc(options->n_trees, sizeof(*forest->roots)),
        .nodes = calloc(room, sizeof(*forest->nodes)),
    };
    assert_true(forest->roots != NULL && forest->nodes != NULL);
    for (size_t t = 0; t < options->n_trees; t++) {
        forest->roots[t] = (int32_t)forest->n_nodes++;
        grow(forest, forest->roots[t], options->max_depth, cr_rng_between(rng, 1.0, 1e4), rng);
    }
}

/* A value at or next to a threshold. */
static double near(double threshold, struct cr_rng *rng)
{
    switch (cr_rng_below(rng, 7)) {
    case 0:
        return (double)nextafterf((float)threshold, -INFINITY);
    case 1:
        return (double)nextafterf((float)threshold, INFINITY);
    case 2:
        return nextafter(threshold, -INFINITY);
    case 3:
        return nextafter(threshold, INFINITY);
    case 4:
        return -threshold;
    default:
        return threshold;
    }
}

static double special(struct cr_rng *rng)
{
    static const double values[] = {NAN, 0.0, -0.0, 1e30, -1e30, 1e-42, -1e-42, 1.0};

    return values[cr_rng_below(rng, sizeof(values) / sizeof(values[0]))];
}

void adversarial_row(const struct cr_forest *forest, struct cr_rng *rng, double *x)
{
    for (size_t j = 0; j < forest->n_inputs; j++) {
        x[j] = draw_input(rng, j);
    }
    for (size_t k = 0; k < forest->n_inputs; k++) {
        const struct cr_forest_node *node = &forest->nodes[cr_rng_below(rng, forest->n_nodes)];

        if (node->feature >= 0) {
            x[node->feature] = near(node->threshold, rng);
        }
    }
    for (size_t k = cr_rng_below(rng, forest->n_inputs / 2 + 1); k > 0; k--) {
        x[cr_rng_below(rng, forest->n_inputs)] = special(rng);
    }
}

static void check(int result)
{
    if (result != 0) {
        fail_msg("libxgboost: %s", XGBGetLastError());
    }
}

static BoosterHandle open_booster(const struct cr_strbuf *file)
{
    BoosterHandle booster = NULL;

    check(XGBoosterCreate(NULL, 0, &booster));
    check(XGBoosterSetParam(booster, "nthread", "1"));
    check(XGBoosterLoadModelFromBuffer(booster, file->data, file->len));
    return booster;
}

static void describe(const double *x, size_t n_rows, size_t n_cols, char text[192])
{
    (void)snprintf(text, 192,
                   "{\"data\": [%" PRIuPTR ", true], \"shape\": [%zu, %zu], \"typestr\": \"<f8\", "
                   "\"version\": 3}",
                   (uintptr_t)x, n_rows, n_cols);
}

void xgboost_fit_pruned(const struct model_data *data, struct cr_strbuf *out)
{
    static const char *const params[][2] = {
        {"objective", "binary:logistic"},
        {"base_score", "0.3"},
        {"tree_method", "exact"},
        {"nthread", "1"},
        {"max_depth", "6"},
        {"gamma", "2"},
    };
    DMatrixHandle matrix = NULL;
    BoosterHandle booster = NULL;
    const char *bytes;
    bst_ulong len;
    char array[192];
    float *labels = malloc(data->fit.n_rows * sizeof(*labels));

    assert_non_null(labels);
    for (size_t i = 0; i < data->fit.n_rows; i++) {
        labels[i] = (float)data->y[i];
    }
    describe(data->x, data->fit.n_rows, data->fit.n_cols, array);
    check(XGDMatrixCreateFromDense(array, "{\"missing\": NaN, \"nthread\": 1}", &matrix));
    check(XGDMatrixSetFloatInfo(matrix, "label", labels, data->fit.n_rows));
    check(XGBoosterCreate(&matrix, 1, &booster));
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        check(XGBoosterSetParam(booster, params[i][0], params[i][1]));
    }
    for (int round = 0; round < 40; round++) {
        check(XGBoosterUpdateOneIter(booster, round, matrix));
    }
    check(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"json\"}", &len, &bytes));
    cr_strbuf_append(out, bytes, len);
    check(XGBoosterFree(booster));
    check(XGDMatrixFree(matrix));
    free(labels);
}

void xgboost_to_ubjson(const struct cr_strbuf *file, struct cr_strbuf *out)
{
    BoosterHandle booster = open_booster(file);
    const char *bytes;
    bst_ulong len;

    check(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"ubj\"}", &len, &bytes));
    cr_strbuf_append(out, bytes, len);
    check(XGBoosterFree(booster));
}

/* Results lie in memory of the library until its next call. */
static void copy_result(const float *result, const bst_ulong *shape, bst_ulong dim,
                        size_t n_expected, float *copy)
{
    bst_ulong n = 1;

    for (bst_ulong i = 0; i < dim; i++) {
        n *= shape[i];
    }
    assert_int_equal(n, n_expected);
    memcpy(copy, result, n_expected * sizeof(*copy));
}

void xgboost_margins(const struct cr_strbuf *file, const double *x, size_t n_rows, size_t n_cols,
                     float *margins)
{
    BoosterHandle booster = open_booster(file);
    const bst_ulong *shape;
    const float *result;
    char array[192];
    bst_ulong dim;

    describe(x, n_rows, n_cols, array);
    check(XGBoosterPredictFromDense(booster, array,
                                    "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, "
                                    "\"iteration_end\": 0, \"strict_shape\": false, \"missing\": "
                                    "NaN, \"cache_id\": 0}",
                                    NULL, &shape, &dim, &result));
    copy_result(result, shape, dim, n_rows, margins);
    check(XGBoosterFree(booster));
}

static DMatrixHandle make_matrix(const double *x, size_t n_rows, size_t n_cols)
{
    DMatrixHandle matrix = NULL;
    char array[192];

    describe(x, n_rows, n_cols, array);
    check(XGDMatrixCreateFromDense(array, "{\"missing\": NaN, \"nthread\": 1}", &matrix));
    check(XGDMatrixSetStrFeatureInfo(matrix, "feature_name",
                                     (const char **)(uintptr_t)model_data_names(), n_cols));
    return matrix;
}

static const float *explain(BoosterHandle booster, DMatrixHandle matrix,
                            const bst_ulong **ret_shape, bst_ulong *ret_dim)
{
    const float *result;

    check(XGBoosterPredictFromDMatrix(booster, matrix,
                                      "{\"type\": 2, \"training\": false, \"iteration_begin\": 0, "
                                      "\"iteration_end\": 0, \"strict_shape\": false}",
                                      ret_shape, ret_dim, &result));
    return result;
}

void xgboost_contributions(const struct cr_strbuf *file, const double *x, size_t n_rows,
                           size_t n_cols, float *contributions)
{
    BoosterHandle booster = open_booster(file);
    DMatrixHandle matrix = make_matrix(x, n_rows, n_cols);
    const bst_ulong *shape;
    const float *result;
    bst_ulong dim;

    result = explain(booster, matrix, &shape, &dim);
    copy_result(result, shape, dim, n_rows * (n_cols + 1), contributions);
    check(XGDMatrixFree(matrix));
    check(XGBoosterFree(booster));
}

struct xgboost_peer {
    BoosterHandle booster;
    size_t n_rows;
    DMatrixHandle *rows;
};

struct xgboost_peer *xgboost_peer_open(const struct cr_strbuf *file, const double *x, size_t n_rows,
                                       size_t n_cols)
{
    struct xgboost_peer *peer = malloc(sizeof(*peer));

    assert_non_null(peer);
    *peer = (struct xgboost_peer){open_booster(file), n_rows, calloc(n_rows, sizeof(*peer->rows))};
    assert_non_null(peer->rows);
    for (size_t i = 0; i < n_rows; i++) {
        peer->rows[i] = make_matrix(x + i * n_cols, 1, n_cols);
    }
    return peer;
}

const float *xgboost_peer_contributions(struct xgboost_peer *peer, size_t i)
{
    const bst_ulong *shape;
    bst_ulong dim;

    return explain(peer->booster, peer->rows[i], &shape, &dim);
}

void xgboost_peer_close(struct xgboost_peer *peer)
{
    for (size_t i = 0; i < peer->n_rows; i++) {
        check(XGDMatrixFree(peer->rows[i]));
    }
    check(XGBoosterFree(peer->booster));
    free(peer->rows);
    free(peer);
}
