// SPDX-License-Identifier: MIT
/* The trainer of the program's own gradient boosting (fit_gbm.c): its parameters, early stopping,
 * and the model file that read_gbm.c reads. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"
#include "gbm.h"
#include "train.h"

enum { FORMAT = 1, RNG_STREAM = 3, MIN_ROWS_TO_STOP = 20 };

enum {
    N_ESTIMATORS,
    MAX_DEPTH,
    LEARNING_RATE,
    SUBSAMPLE,
    MAX_FEATURES,
    MIN_SAMPLES_SPLIT,
    MIN_SAMPLES_LEAF,
    EARLY_STOPPING,
    N_ITER_NO_CHANGE,
    N_PARAMS,
};

/* Of max_features, besides a share of the columns; read as −1 and −2. */
static const char *const roots[] = {"sqrt", "log2", NULL};

static const char *const switches[] = {"off", "on", NULL};

/* scikit-learn's own names and, as fallbacks, its own defaults. */
static const struct cr_param_spec specs[N_PARAMS] = {
    [N_ESTIMATORS] = {"n_estimators", 100, 1, 10000, .integer = true},
    [MAX_DEPTH] = {"max_depth", 3, 1, 20, .integer = true},
    [LEARNING_RATE] = {"learning_rate", 0.1, 0, 1, .above_min = true},
    [SUBSAMPLE] = {"subsample", 1, 0, 1, .above_min = true},
    [MAX_FEATURES] = {"max_features", 1, 0, 1, .above_min = true, .texts = roots,
                      .or_number = true},
    [MIN_SAMPLES_SPLIT] = {"min_samples_split", 2, 2, 1e6, .integer = true},
    [MIN_SAMPLES_LEAF] = {"min_samples_leaf", 1, 1, 1e6, .integer = true},
    [EARLY_STOPPING] = {"early_stopping", 0, .texts = switches},
    [N_ITER_NO_CHANGE] = {"n_iter_no_change", 10, 0, 10000, .integer = true},
};

/* A loss must fall by more than this to count. */
static const double tolerance = 1e-4;

/* Watches the deviance of rows that are kept from the fit: scikit-learn's rule with
 * validation_fraction 0.1. */
struct stopper {
    const double *y;  /* of all rows */
    uint32_t *fitted; /* ascending, as are … */
    size_t n_fitted;
    uint32_t *kept; /* … the rows that are not */
    size_t n_kept;
    double *losses; /* n_losses: of the last rounds that were an improvement on one of them */
    size_t n_losses;
};

static void stopper_finish(struct stopper *stopper)
{
    free(stopper->fitted);
    free(stopper->kept);
    free(stopper->losses);
}

/* Draws a tenth of the rows of each outcome: D. Knuth, TAOCP 2, 3.4.2, algorithm S. */
static void keep_a_tenth(struct stopper *stopper, size_t n_rows, uint64_t seed)
{
    size_t rest[2] = {0}, wanted[2], n_kept = (n_rows + 9) / 10;
    struct cr_rng rng;

    cr_rng_init(&rng, seed, RNG_STREAM);
    for (size_t i = 0; i < n_rows; i++) {
        rest[stopper->y[i] == 1.0]++;
    }
    wanted[1] = (size_t)((double)n_kept * (double)rest[1] / (double)n_rows + 0.5);
    wanted[0] = n_kept - wanted[1];
    for (size_t i = 0; i < n_rows; i++) {
        int outcome = stopper->y[i] == 1.0;

        if (cr_rng_below(&rng, rest[outcome]--) < wanted[outcome]) {
            stopper->kept[stopper->n_kept++] = (uint32_t)i;
            wanted[outcome]--;
        } else {
            stopper->fitted[stopper->n_fitted++] = (uint32_t)i;
        }
    }
}

static int stopper_init(struct stopper *stopper, const struct cr_fit_data *data, size_t n_losses,
                        uint64_t seed, struct cr_error *err)
{
    if (data->n_rows < MIN_ROWS_TO_STOP) {
        return cr_error_set(err, CR_EMODEL, "early stopping needs at least %d rows, not %zu",
                            MIN_ROWS_TO_STOP, data->n_rows);
    }
    *stopper = (struct stopper){
        .y = data->y,
        .fitted = calloc(data->n_rows, sizeof(*stopper->fitted)),
        .kept = calloc(data->n_rows, sizeof(*stopper->kept)),
        .losses = calloc(n_losses, sizeof(*stopper->losses)),
        .n_losses = n_losses,
    };
    if (stopper->fitted == NULL || stopper->kept == NULL || stopper->losses == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < n_losses; i++) {
        stopper->losses[i] = INFINITY;
    }
    keep_a_tenth(stopper, data->n_rows, seed);
    return 0;
}

/* −2·mean(y·F − log(1 + e^F)) of the rows kept. */
static double deviance(const struct stopper *stopper, const double *margins)
{
    double sum = 0.0;

    for (size_t i = 0; i < stopper->n_kept; i++) {
        double margin = margins[stopper->kept[i]];

        sum += stopper->y[stopper->kept[i]] * margin;
        sum -= fmax(margin, 0.0) + log1p(exp(-fabs(margin)));
    }
    return -2.0 * sum / (double)stopper->n_kept;
}

/* Whether the last round brought too little; as cr_gbm_round_fn. */
static int stop_without_gain(void *context, const struct cr_forest *forest, const double *margins,
                             struct cr_error *err)
{
    struct stopper *stopper = context;
    double loss = deviance(stopper, margins);

    (void)err; /* nothing can fail */
    for (size_t i = 0; i < stopper->n_losses; i++) {
        if (loss + tolerance < stopper->losses[i]) {
            stopper->losses[(forest->n_trees - 1) % stopper->n_losses] = loss;
            return 0;
        }
    }
    return 1;
}

/* What max_features means for n_cols columns. */
static size_t count_features(double max_features, size_t n_cols)
{
    double n = (double)n_cols;

    if (max_features == -1.0) {
        n = sqrt(n);
    } else if (max_features == -2.0) {
        n = log2(n);
    } else {
        n *= max_features;
    }
    return n < 1.0 ? 1 : (size_t)n;
}

static json_t *params_to_json(const double *params)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_object();

    for (size_t i = 0; i < N_PARAMS; i++) {
        json_t *value = json_real(params[i]);

        if (i == EARLY_STOPPING || params[i] < 0.0) {
            size_t text = (size_t)(params[i] < 0.0 ? -1.0 - params[i] : params[i]);

            json_decref(value);
            value = json_string(specs[i].texts[text]);
        }
        if (json_object_set_new(json, specs[i].name, value) < 0) {
            return NULL;
        }
    }
    return CR_STEAL(json);
}

/* A member of the tree's nodes [first, end) as an array. */
enum member { FEATURE, THRESHOLD, LEFT, RIGHT, VALUE, COVER, N_MEMBERS };

static const char *const members[N_MEMBERS] = {"feature", "threshold", "left",
                                               "right",   "value",     "cover"};

static json_t *node_to_json(const struct cr_forest_node *node, enum member member, int32_t first)
{
    switch (member) {
    case FEATURE:
        return json_integer(node->feature);
    case THRESHOLD:
        return json_real(node->threshold);
    case LEFT:
        return json_integer(node->left < 0 ? -1 : node->left - first);
    case RIGHT:
        return json_integer(node->right < 0 ? -1 : node->right - first);
    case VALUE:
        return json_real(node->value);
    default:
        return json_real(node->cover);
    }
}

static json_t *tree_to_json(const struct cr_forest *forest, size_t t)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_object();
    int32_t first = forest->roots[t];
    int32_t end = t + 1 < forest->n_trees ? forest->roots[t + 1] : (int32_t)forest->n_nodes;

    for (int m = 0; m < N_MEMBERS; m++) {
        CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();

        for (int32_t i = first; i < end; i++) {
            json_t *value = node_to_json(&forest->nodes[i], (enum member)m, first);

            if (json_array_append_new(array, value) < 0) {
                return NULL;
            }
        }
        if (json_object_set(json, members[m], array) < 0) {
            return NULL;
        }
    }
    return CR_STEAL(json);
}

static json_t *trees_to_json(const struct cr_forest *forest)
{
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();

    for (size_t t = 0; t < forest->n_trees; t++) {
        if (json_array_append_new(array, tree_to_json(forest, t)) < 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static json_t *names_to_json(const struct cr_fit_data *data)
{
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();

    for (size_t j = 0; j < data->n_cols; j++) {
        if (json_array_append_new(array, json_string(data->input_names[j])) < 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static int write_model(const struct cr_fit_data *data, const double *params,
                       const struct cr_forest *forest, struct cr_strbuf *out, struct cr_error *err)
{
    /* "o" takes the references over, also on failure */
    CR_CLEANUP(cr_json_decrefp)
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:I, s:f, s:f, s:o, s:o}", "format", FORMAT, "kind", "gbm",
                  "inputs", names_to_json(data), "n_trees", (json_int_t)forest->n_trees,
                  "learning_rate", params[LEARNING_RATE], "base_margin", forest->base_margin,
                  "trees", trees_to_json(forest), "params", params_to_json(params));

    if (json == NULL) {
        return cr_error_no_memory(err);
    }
    cr_json_write(json, false, out);
    return cr_strbuf_check(out, err);
}

struct prepared_gbm {
    struct cr_prepared base;
    struct cr_fit_data data;
    struct cr_gbm_data *coded;
};

static void gbm_release(struct cr_prepared *base)
{
    struct prepared_gbm *prepared = (struct prepared_gbm *)base;

    if (prepared != NULL) {
        cr_gbm_data_destroy(prepared->coded);
        free(prepared);
    }
}

static int gbm_prepare(const struct cr_fit_data *data, struct cr_prepared **ret_prepared,
                       struct cr_error *err)
{
    struct prepared_gbm *prepared;
    int result = cr_train_check_data(data, err);

    if (result < 0) {
        return result;
    }
    prepared = calloc(1, sizeof(*prepared));
    if (prepared == NULL) {
        return cr_error_no_memory(err);
    }
    prepared->base.trainer = &cr_gbm_trainer;
    prepared->data = *data;
    result = cr_gbm_data_create(data, &prepared->coded, err);
    if (result < 0) {
        gbm_release(&prepared->base);
        return result;
    }
    *ret_prepared = &prepared->base;
    return 0;
}

/* Who looks on at a fit and may end it: early stopping, a watch, or both. */
struct onlookers {
    struct stopper stopper;           /* without losses: none */
    const struct cr_fit_watch *watch; /* NULL: none */
    size_t n_cols;
    size_t n_rounds; /* at most */
    double *margins; /* of the watch's rows, by the first n_added trees */
    size_t n_added;
};

static void onlookers_finish(struct onlookers *onlookers)
{
    stopper_finish(&onlookers->stopper);
    free(onlookers->margins);
}

/* Adds the trees since the last look to the margins and shows them. */
static bool show(struct onlookers *onlookers, const struct cr_forest *forest)
{
    const struct cr_fit_watch *watch = onlookers->watch;

    for (size_t i = 0; i < watch->n_rows; i++) {
        const double *x = watch->x + i * onlookers->n_cols;
        double margin = onlookers->n_added == 0 ? forest->base_margin : onlookers->margins[i];

        for (size_t t = onlookers->n_added; t < forest->n_trees; t++) {
            margin += forest->nodes[cr_forest_leaf(forest, t, x)].value;
        }
        onlookers->margins[i] = margin;
    }
    onlookers->n_added = forest->n_trees;
    return watch->look(watch->context, forest->n_trees, onlookers->margins);
}

/* cr_gbm_round_fn */
static int look_on(void *context, const struct cr_forest *forest, const double *margins,
                   struct cr_error *err)
{
    struct onlookers *onlookers = context;
    const struct cr_fit_watch *watch = onlookers->watch;
    bool is_last = forest->n_trees == onlookers->n_rounds;

    if (onlookers->stopper.losses != NULL) {
        is_last = stop_without_gain(&onlookers->stopper, forest, margins, err) != 0 || is_last;
    }
    if (watch != NULL && (is_last || (watch->every > 0 && forest->n_trees % watch->every == 0))) {
        is_last = show(onlookers, forest) || is_last;
    }
    return is_last;
}

static int gather_onlookers(struct onlookers *onlookers, const struct cr_fit_data *data,
                            const double *params, uint64_t seed, const struct cr_fit_watch *watch,
                            struct cr_error *err)
{
    onlookers->watch = watch;
    onlookers->n_cols = data->n_cols;
    onlookers->n_rounds = (size_t)params[N_ESTIMATORS];
    if (watch != NULL) {
        onlookers->margins = calloc(watch->n_rows + 1, sizeof(*onlookers->margins));
        if (onlookers->margins == NULL) {
            return cr_error_no_memory(err);
        }
    }
    if (params[EARLY_STOPPING] == 1.0 && params[N_ITER_NO_CHANGE] > 0.0) {
        return stopper_init(&onlookers->stopper, data, (size_t)params[N_ITER_NO_CHANGE], seed, err);
    }
    return 0;
}

/* Early stopping takes its rows first. */
static int gbm_fit(struct cr_prepared *base, const struct cr_fit_options *options,
                   const struct cr_fit_watch *watch, struct cr_strbuf *out, struct cr_error *err)
{
    const struct prepared_gbm *prepared = (struct prepared_gbm *)base;
    CR_CLEANUP(cr_forest_finish) struct cr_forest forest = {0};
    CR_CLEANUP(onlookers_finish) struct onlookers onlookers = {0};
    struct cr_gbm_fit fit = {.seed = options->seed, .on_round = look_on, .context = &onlookers};
    double params[N_PARAMS];
    int result;

    result = cr_train_read_params(&cr_gbm_trainer, options, params, err);
    if (result == 0) {
        result = gather_onlookers(&onlookers, &prepared->data, params, options->seed, watch, err);
    }
    if (result < 0) {
        return result;
    }
    fit.params = (struct cr_gbm_params){
        .n_estimators = (size_t)params[N_ESTIMATORS],
        .max_depth = (size_t)params[MAX_DEPTH],
        .learning_rate = params[LEARNING_RATE],
        .subsample = params[SUBSAMPLE],
        .max_features = count_features(params[MAX_FEATURES], prepared->data.n_cols),
        .min_samples_split = (size_t)params[MIN_SAMPLES_SPLIT],
        .min_samples_leaf = (size_t)params[MIN_SAMPLES_LEAF],
    };
    if (onlookers.stopper.fitted != NULL) {
        fit.rows = onlookers.stopper.fitted;
        fit.n_rows = onlookers.stopper.n_fitted;
    }
    result = cr_gbm_fit(prepared->coded, &fit, &forest, err);
    return result == 0 && out != NULL ? write_model(&prepared->data, params, &forest, out, err)
                                      : result;
}

static const char *gbm_library_version(void)
{
    return "creditrisk gbm 1";
}

const struct cr_trainer cr_gbm_trainer = {
    .kind = "gbm",
    .params = specs,
    .n_params = N_PARAMS,
    .prepare = gbm_prepare,
    .release = gbm_release,
    .fit = gbm_fit,
    .library_version = gbm_library_version,
};
