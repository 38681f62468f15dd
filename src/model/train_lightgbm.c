// SPDX-License-Identifier: MIT
/* Gradient boosted trees by LightGBM through its C API (lightgbm_api.h). With deterministic,
 * force_col_wise and one thread the same data, options and library give the same bytes; without
 * them timing decides. subsample does nothing unless bagging_freq is 1. feature_pre_filter would
 * drop columns for one min_child_samples, while the rows are shared by fits with many. */
#include <stdlib.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "lightgbm.h"
#include "lightgbm_api.h"
#include "train.h"

enum {
    N_ESTIMATORS,
    MAX_DEPTH,
    NUM_LEAVES,
    LEARNING_RATE,
    SUBSAMPLE,
    COLSAMPLE_BYTREE,
    MIN_CHILD_SAMPLES,
    REG_ALPHA,
    REG_LAMBDA,
    N_PARAMS,
};

/* The names of LightGBM's Python package and, as fallbacks, its defaults. */
static const struct cr_param_spec specs[N_PARAMS] = {
    [N_ESTIMATORS] = {"n_estimators", 100, 1, 10000, .integer = true},
    [MAX_DEPTH] = {"max_depth", -1, -1, CR_FOREST_MAX_DEPTH, .integer = true},
    [NUM_LEAVES] = {"num_leaves", 31, 2, 131072, .integer = true},
    [LEARNING_RATE] = {"learning_rate", 0.1, 0, 1, .above_min = true},
    [SUBSAMPLE] = {"subsample", 1, 0, 1, .above_min = true},
    [COLSAMPLE_BYTREE] = {"colsample_bytree", 1, 0, 1, .above_min = true},
    [MIN_CHILD_SAMPLES] = {"min_child_samples", 20, 1, 1e6, .integer = true},
    [REG_ALPHA] = {"reg_alpha", 0, 0, 1e6},
    [REG_LAMBDA] = {"reg_lambda", 0, 0, 1e6},
};

/* LightGBM's own names for them. */
static const char *const own_names[N_PARAMS] = {
    [N_ESTIMATORS] = "num_iterations",
    [MAX_DEPTH] = "max_depth",
    [NUM_LEAVES] = "num_leaves",
    [LEARNING_RATE] = "learning_rate",
    [SUBSAMPLE] = "bagging_fraction",
    [COLSAMPLE_BYTREE] = "feature_fraction",
    [MIN_CHILD_SAMPLES] = "min_data_in_leaf",
    [REG_ALPHA] = "lambda_l1",
    [REG_LAMBDA] = "lambda_l2",
};

/* Every call that takes parameters needs these: what one leaves out returns to its default. */
#define ALWAYS   "num_threads=1 verbosity=-1"
#define FOR_ROWS ALWAYS " feature_pre_filter=false deterministic=true force_col_wise=true"

static const char for_booster[] =
    FOR_ROWS " objective=binary boosting=gbdt is_unbalance=true metric=none bagging_freq=1";

struct cr_lightgbm_data {
    struct lightgbm_dataset *dataset;
    size_t n_cols;
};

CR_DEFINE_CLEANUP(struct cr_lightgbm_data *, cr_lightgbm_data_destroy);

static void free_booster(struct lightgbm_booster **booster)
{
    if (*booster != NULL) {
        (void)cr_lightgbm_api()->booster_free(*booster); /* nothing can be done about a failure */
    }
}

static int fail(const char *what, struct cr_error *err)
{
    const char *text = cr_lightgbm_api()->last_error();

    return cr_error_set(err, CR_EMODEL, "LightGBM cannot %s: %.*s", what, (int)strcspn(text, "\n"),
                        text);
}

static int set_names(struct lightgbm_dataset *dataset, const struct cr_fit_data *data,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf texts = CR_STRBUF_INIT;
    CR_CLEANUP(cr_freep) const char **names = calloc(data->n_cols, sizeof(*names));
    const char *text;

    for (size_t j = 0; j < data->n_cols; j++) {
        for (const char *c = data->input_names[j]; *c != '\0'; c++) {
            cr_strbuf_putc(&texts, cr_lightgbm_name_char(*c));
        }
        cr_strbuf_putc(&texts, '\0');
    }
    if (names == NULL || cr_strbuf_check(&texts, NULL) < 0) {
        return cr_error_no_memory(err);
    }
    text = texts.data;
    for (size_t j = 0; j < data->n_cols; j++) {
        names[j] = text;
        text += strlen(text) + 1;
    }
    if (cr_lightgbm_api()->dataset_set_names(dataset, names, (int)data->n_cols) != 0) {
        return fail("name the inputs", err);
    }
    return 0;
}

static int set_outcomes(struct lightgbm_dataset *dataset, const struct cr_fit_data *data,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) float *labels = malloc(data->n_rows * sizeof(*labels));

    if (labels == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < data->n_rows; i++) {
        labels[i] = (float)data->y[i];
    }
    if (cr_lightgbm_api()->dataset_set_field(dataset, "label", labels, (int)data->n_rows,
                                             CR_LIGHTGBM_FLOAT32) != 0) {
        return fail("read the outcomes", err);
    }
    return 0;
}

int cr_lightgbm_data_create(const struct cr_fit_data *data, struct cr_lightgbm_data **ret_data,
                            struct cr_error *err)
{
    CR_CLEANUP(cr_lightgbm_data_destroyp) struct cr_lightgbm_data *rows = NULL;
    int result;

    result = cr_train_check_data(data, err);
    if (result < 0) {
        return result;
    }
    rows = calloc(1, sizeof(*rows));
    if (rows == NULL) {
        return cr_error_no_memory(err);
    }
    rows->n_cols = data->n_cols;
    if (cr_lightgbm_api()->dataset_create(data->x, CR_LIGHTGBM_FLOAT64, (int32_t)data->n_rows,
                                          (int32_t)data->n_cols, true, FOR_ROWS, NULL,
                                          &rows->dataset) != 0) {
        return fail("read the inputs", err);
    }
    result = set_names(rows->dataset, data, err);
    if (result == 0) {
        result = set_outcomes(rows->dataset, data, err);
    }
    if (result < 0) {
        return result;
    }
    *ret_data = CR_STEAL(rows);
    return 0;
}

void cr_lightgbm_data_destroy(struct cr_lightgbm_data *data)
{
    if (data != NULL) {
        if (data->dataset != NULL) {
            (void)cr_lightgbm_api()->dataset_free(data->dataset); /* nothing can be done about it */
        }
        free(data);
    }
}

static int create_booster(const struct cr_lightgbm_data *data, const double *params, uint64_t seed,
                          struct lightgbm_booster **ret_booster, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    int result;

    cr_strbuf_printf(&text, "%s seed=%d", for_booster, (int)(seed & INT32_MAX));
    for (size_t i = 0; i < N_PARAMS; i++) {
        double value = params[i];

        /* no limit, but a forest that serves has one */
        if (i == MAX_DEPTH && value <= 0.0) {
            value = CR_FOREST_MAX_DEPTH;
        }
        cr_strbuf_printf(&text, " %s=", own_names[i]);
        cr_strbuf_put_double(&text, value);
    }
    result = cr_strbuf_check(&text, err);
    if (result < 0) {
        return result;
    }
    if (cr_lightgbm_api()->booster_create(data->dataset, text.data, ret_booster) != 0) {
        return fail("create a booster", err);
    }
    return 0;
}

/* What a watch has seen so far. */
struct view {
    const struct cr_fit_watch *watch; /* NULL: nobody looks */
    double *margins;
    double *added; /* by the trees since the last look */
    int n_trees;
};

static int view_init(struct view *view, const struct cr_fit_watch *watch, struct cr_error *err)
{
    *view = (struct view){.watch = watch};
    if (watch != NULL) {
        view->margins = calloc(watch->n_rows, sizeof(*view->margins));
        view->added = calloc(watch->n_rows, sizeof(*view->added));
        if (view->margins == NULL || view->added == NULL) {
            return cr_error_no_memory(err);
        }
    }
    return 0;
}

static void view_finish(struct view *view)
{
    free(view->margins);
    free(view->added);
}

/* Adds the trees since the last look to the margins and shows them. */
static int show(struct view *view, struct lightgbm_booster *booster, size_t n_cols, size_t n_rounds,
                bool *ret_end, struct cr_error *err)
{
    const struct cr_lightgbm_api *api = cr_lightgbm_api();
    const struct cr_fit_watch *watch = view->watch;
    int64_t n;

    if (api->booster_predict(booster, watch->x, CR_LIGHTGBM_FLOAT64, (int32_t)watch->n_rows,
                             (int32_t)n_cols, true, CR_LIGHTGBM_RAW_SCORE, view->n_trees, -1,
                             ALWAYS, &n, view->added) != 0 ||
        api->booster_n_trees(booster, &view->n_trees) != 0) {
        return fail("predict", err);
    }
    for (size_t i = 0; i < watch->n_rows; i++) {
        view->margins[i] += view->added[i];
    }
    *ret_end = watch->look(watch->context, n_rounds, view->margins);
    return 0;
}

/* A round that finds nothing to split adds no tree; other rows and columns still may, so that the
 * next one follows, as in LightGBM's Python package. */
static int boost(struct lightgbm_booster *booster, size_t n_rounds, size_t n_cols,
                 const struct cr_fit_watch *watch, struct cr_error *err)
{
    CR_CLEANUP(view_finish) struct view view;
    bool end = false;
    int result, is_finished;

    result = view_init(&view, watch, err);
    for (size_t round = 1; result == 0 && round <= n_rounds && !end; round++) {
        if (cr_lightgbm_api()->booster_update(booster, &is_finished) != 0) {
            return fail("add a tree", err);
        }
        if (watch != NULL &&
            (round == n_rounds || (watch->every > 0 && round % watch->every == 0))) {
            result = show(&view, booster, n_cols, round, &end, err);
        }
    }
    return result;
}

static int save(struct lightgbm_booster *booster, struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    int64_t len = 0, room = (int64_t)1 << 20;

    while (len == 0 || len > room) {
        room = len > room ? len : room;
        free(text);
        text = malloc((size_t)room);
        if (text == NULL) {
            return cr_error_no_memory(err);
        }
        if (cr_lightgbm_api()->booster_save(booster, 0, -1, CR_LIGHTGBM_IMPORTANCE_SPLIT, room,
                                            &len, text) != 0) {
            return fail("save the model", err);
        }
    }
    cr_strbuf_append(out, text, (size_t)len - 1);
    return cr_strbuf_check(out, err);
}

int cr_lightgbm_fit(const struct cr_lightgbm_data *data, const struct cr_fit_options *options,
                    const struct cr_fit_watch *watch, struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(free_booster) struct lightgbm_booster *booster = NULL;
    double params[N_PARAMS];
    int result;

    result = cr_train_read_params(&cr_lightgbm_trainer, options, params, err);
    if (result == 0) {
        result = create_booster(data, params, options->seed, &booster, err);
    }
    if (result == 0) {
        result = boost(booster, (size_t)params[N_ESTIMATORS], data->n_cols, watch, err);
    }
    return result < 0 || out == NULL ? result : save(booster, out, err);
}

struct prepared_lightgbm {
    struct cr_prepared base;
    struct cr_lightgbm_data *rows;
};

static void lightgbm_release(struct cr_prepared *base)
{
    struct prepared_lightgbm *prepared = (struct prepared_lightgbm *)base;

    if (prepared != NULL) {
        cr_lightgbm_data_destroy(prepared->rows);
        free(prepared);
    }
}

static int lightgbm_prepare(const struct cr_fit_data *data, struct cr_prepared **ret_prepared,
                            struct cr_error *err)
{
    struct prepared_lightgbm *prepared = calloc(1, sizeof(*prepared));
    int result;

    if (prepared == NULL) {
        return cr_error_no_memory(err);
    }
    prepared->base.trainer = &cr_lightgbm_trainer;
    result = cr_lightgbm_data_create(data, &prepared->rows, err);
    if (result < 0) {
        lightgbm_release(&prepared->base);
        return result;
    }
    *ret_prepared = &prepared->base;
    return 0;
}

static int lightgbm_fit(struct cr_prepared *base, const struct cr_fit_options *options,
                        const struct cr_fit_watch *watch, struct cr_strbuf *out,
                        struct cr_error *err)
{
    const struct prepared_lightgbm *prepared = (struct prepared_lightgbm *)base;

    return cr_lightgbm_fit(prepared->rows, options, watch, out, err);
}

const struct cr_trainer cr_lightgbm_trainer = {
    .kind = "lightgbm",
    .params = specs,
    .n_params = N_PARAMS,
    .prepare = lightgbm_prepare,
    .release = lightgbm_release,
    .fit = lightgbm_fit,
    .library_version = cr_lightgbm_version,
    .absence = cr_lightgbm_absence,
};
