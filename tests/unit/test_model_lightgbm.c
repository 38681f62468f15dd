// SPDX-License-Identifier: MIT
/* The trainer on LightGBM, and the forest that serves its models against LightGBM itself. Skipped
 * where the library is absent. */
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>

#include "../../src/model/lightgbm.h"
#include "../../src/model/lightgbm_api.h"
#include "cr_test.h"
#include "creditrisk/explain/explain.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum { N_ROWS = 3000, N_COLS = 12 };
enum { CONTRIBUTIONS = 3 }; /* C_API_PREDICT_CONTRIB */

/* the sanitizers slow both sides down */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { N_CHECKED = 2000, N_EXPLAINED = 200 };
#else
enum { N_CHECKED = 10000, N_EXPLAINED = 2500 };
#endif

static const struct cr_param small_params[] = {
    {"n_estimators", {40, NULL}}, {"subsample", {.7, NULL}}, {"colsample_bytree", {.6, NULL}}};

static struct model_data data;

static int setup(void **state)
{
    (void)state;
    model_data_init(&data, N_ROWS, N_COLS, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_data_finish(&data);
    return 0;
}

/* LightGBM's own reading of a model file. Yours: booster_free. */
static struct lightgbm_booster *open_booster(const struct cr_strbuf *file)
{
    int (*load)(const char *text, int *ret_n_trees, struct lightgbm_booster **ret_booster);
    struct lightgbm_booster *booster = NULL;
    void *library, *symbol;
    Dl_info info;
    int n_trees;

    memcpy(&symbol, &cr_lightgbm_api()->last_error, sizeof(symbol));
    assert_int_not_equal(dladdr(symbol, &info), 0);
    library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(library);
    symbol = dlsym(library, "LGBM_BoosterLoadModelFromString");
    assert_non_null(symbol);
    memcpy(&load, &symbol, sizeof(symbol));
    assert_int_equal(load(file->data, &n_trees, &booster), 0);
    assert_int_equal(dlclose(library), 0);
    return booster;
}

/* What LightGBM says of rows, n_values for each. Yours: free. */
static double *predict(const struct cr_strbuf *file, const double *x, size_t n_rows, int what,
                       size_t n_values)
{
    double *values = malloc(n_rows * n_values * sizeof(*values));
    struct lightgbm_booster *booster = open_booster(file);
    int64_t n;

    assert_non_null(values);
    assert_int_equal(cr_lightgbm_api()->booster_predict(booster, x, CR_LIGHTGBM_FLOAT64,
                                                        (int32_t)n_rows, N_COLS, 1, what, 0, -1,
                                                        "num_threads=1 verbosity=-1", &n, values),
                     0);
    assert_int_equal(n, n_rows * n_values);
    assert_int_equal(cr_lightgbm_api()->booster_free(booster), 0);
    return values;
}

/* Rows that hurt, NaN among them, which no row of the training held. Yours: free. */
static double *draw_rows(const struct cr_forest *forest, size_t n, uint64_t seed)
{
    double *x = malloc(n * N_COLS * sizeof(*x));
    struct cr_rng rng;

    assert_non_null(x);
    cr_rng_init(&rng, seed, 0);
    for (size_t i = 0; i < n; i++) {
        adversarial_row(forest, &rng, x + i * N_COLS);
    }
    return x;
}

static void check_margins(const struct cr_strbuf *file, const struct cr_model *model)
{
    CR_CLEANUP(cr_freep) double *x = draw_rows(model->ops->forest(model), N_CHECKED, 1);
    CR_CLEANUP(cr_freep)
    double *expected = predict(file, x, N_CHECKED, CR_LIGHTGBM_RAW_SCORE, 1);

    for (size_t i = 0; i < N_CHECKED; i++) {
        cr_assert_same(cr_model_margin(model, x + i * N_COLS), expected[i]);
    }
}

static void check_contributions(const struct cr_strbuf *file, const struct cr_model *model)
{
    static const size_t input_features[N_COLS];
    static const struct cr_feature features[] = {{.name = "all", .group = "All"}};
    static const struct cr_portfolio portfolio = {.n_features = 1, .features = features};
    static const struct cr_calibration raw = {1.0, 0.0};
    CR_CLEANUP(cr_freep) double *x = draw_rows(model->ops->forest(model), N_EXPLAINED, 2);
    CR_CLEANUP(cr_freep)
    double *all = predict(file, x, N_EXPLAINED, CONTRIBUTIONS, N_COLS + 1);
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    struct cr_explainer *explainer = NULL;
    struct cr_error err;

    cr_assert_ok(cr_explainer_create(&portfolio, model, &raw, input_features, &explainer, &err),
                 &err);
    scratch = malloc(cr_explainer_scratch_len(explainer));
    assert_non_null(scratch);
    for (size_t i = 0; i < N_EXPLAINED; i++) {
        const double *expected = all + i * (N_COLS + 1);
        double contributions[N_COLS], sum = cr_explainer_base_value(explainer), size = 0.0;
        double margin = cr_model_margin(model, x + i * N_COLS);
        double tolerance = 1e-9 * fmax(1.0, fabs(margin)); /* both sides are double */

        cr_assert_close(sum, expected[N_COLS], tolerance);
        cr_assert_same(cr_explainer_margin(explainer, x + i * N_COLS, scratch, contributions),
                       margin);
        for (size_t j = 0; j < N_COLS; j++) {
            cr_assert_close(contributions[j], expected[j], tolerance);
            sum += contributions[j];
            size += fabs(contributions[j]);
        }
        cr_assert_close(sum, margin, 1e-9 * fmax(1.0, size));
    }
    cr_explainer_destroy(explainer);
}

static void check_model(const struct cr_param *params, size_t n_params, size_t n_trees)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_model *model;

    model_data_fit("lightgbm", &data, params, n_params, 42, &file);
    model = model_data_load("lightgbm", &file, N_COLS);
    assert_int_equal(model->ops->forest(model)->n_trees, n_trees);
    check_margins(&file, model);
    check_contributions(&file, model);
    cr_model_destroy(model);
}

static void shallow_trees_equal_lightgbm(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {300, NULL}}, {"max_depth", {3, NULL}},  {"learning_rate", {.05, NULL}},
        {"subsample", {.8, NULL}},     {"num_leaves", {8, NULL}}, {"colsample_bytree", {.7, NULL}},
    };

    (void)state;
    check_model(params, CR_ARRAY_LEN(params), 300);
}

static void deep_trees_equal_lightgbm(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {40, NULL}},     {"max_depth", {-1, NULL}}, {"num_leaves", {80, NULL}},
        {"min_child_samples", {5, NULL}}, {"reg_alpha", {.1, NULL}}, {"reg_lambda", {1, NULL}},
        {"learning_rate", {.2, NULL}},
    };

    (void)state;
    check_model(params, CR_ARRAY_LEN(params), 40);
}

/* No split is allowed: LightGBM writes one tree of one leaf. */
static void a_lone_leaf_equals_lightgbm(void **state)
{
    static const struct cr_param params[] = {{"n_estimators", {5, NULL}},
                                             {"min_child_samples", {N_ROWS, NULL}}};

    (void)state;
    check_model(params, CR_ARRAY_LEN(params), 1);
}

static void assert_equal_files(const struct cr_strbuf *a, const struct cr_strbuf *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    model_data_check_seed("lightgbm", &data, small_params, CR_ARRAY_LEN(small_params));
}

struct job {
    const struct cr_lightgbm_data *rows;
    uint64_t seed;
    int result;
    struct cr_strbuf file;
    struct cr_error err;
};

static void *run_job(void *argument)
{
    struct job *job = argument;
    const struct cr_fit_options options = {small_params, CR_ARRAY_LEN(small_params), job->seed,
                                           false};

    job->result = cr_lightgbm_fit(job->rows, &options, NULL, &job->file, &job->err);
    return NULL;
}

/* Rows that are binned once serve all fits, at once and one after another. */
static void shared_rows_do_not_matter(void **state)
{
    struct cr_lightgbm_data *rows = NULL;
    struct job jobs[3] = {{.seed = 1}, {.seed = 2}, {.seed = 3}};
    pthread_t threads[3];
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_lightgbm_data_create(&data.fit, &rows, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        jobs[i].rows = rows;
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf alone = CR_STRBUF_INIT;

        assert_int_equal(pthread_join(threads[i], NULL), 0);
        cr_assert_ok(jobs[i].result, &jobs[i].err);
        model_data_fit("lightgbm", &data, small_params, CR_ARRAY_LEN(small_params), jobs[i].seed,
                       &alone);
        assert_equal_files(&jobs[i].file, &alone);
        cr_strbuf_finish(&jobs[i].file);
    }
    cr_lightgbm_data_destroy(rows);
}

/* Remembers what a watch was shown, and stops it. */
struct memory {
    size_t rounds[8];
    size_t n;
    size_t stop_at; /* this many looks */
    double margin;  /* of the first row */
};

static bool remember(void *context, size_t n_rounds, const double *margins)
{
    struct memory *memory = context;

    memory->rounds[memory->n++] = n_rounds;
    memory->margin = margins[0];
    return memory->n >= memory->stop_at;
}

/* Fits watched; the file has n_trees and gives the margin that was shown last. */
static void check_watch(const struct cr_lightgbm_data *rows, struct memory *memory, size_t n_trees)
{
    const struct cr_fit_options options = {small_params, CR_ARRAY_LEN(small_params), 5, false};
    const struct cr_fit_watch watch = {data.x + N_COLS, 100, 15, remember, memory};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_model *model;
    struct cr_error err;

    cr_assert_ok(cr_lightgbm_fit(rows, &options, &watch, &file, &err), &err);
    model = model_data_load("lightgbm", &file, N_COLS);
    assert_int_equal(model->ops->forest(model)->n_trees, n_trees);
    cr_assert_close(memory->margin, cr_model_margin(model, data.x + N_COLS), 1e-12);
    cr_model_destroy(model);
}

static void a_watch_sees_the_margins_and_stops_the_fit(void **state)
{
    struct memory patient = {.stop_at = 100}, impatient = {.stop_at = 2};
    struct cr_lightgbm_data *rows = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_lightgbm_data_create(&data.fit, &rows, &err), &err);
    check_watch(rows, &patient, 40);
    assert_int_equal(patient.n, 3);
    assert_int_equal(patient.rounds[0], 15);
    assert_int_equal(patient.rounds[1], 30);
    assert_int_equal(patient.rounds[2], 40);
    check_watch(rows, &impatient, 30);
    assert_int_equal(impatient.n, 2);
    cr_lightgbm_data_destroy(rows);
}

static void names_may_hold_what_lightgbm_does_not_take(void **state)
{
    const char *names[N_COLS];
    const struct cr_fit_data named = {data.x, data.y, N_ROWS, N_COLS, names};
    const struct cr_fit_options options = {small_params, CR_ARRAY_LEN(small_params), 1, false};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_model *model = NULL;
    struct cr_error err;

    (void)state;
    memcpy(names, model_data_names(), sizeof(names));
    names[1] = "loan type_Credit Card";
    names[2] = "range_[0, 1): \"low\"=₹";
    cr_assert_ok(cr_trainer_fit(cr_trainer_find("lightgbm"), &named, &options, &file, &err), &err);
    cr_assert_ok(cr_model_load("lightgbm", file.data, file.len, names, N_COLS, &model, &err), &err);
    cr_model_destroy(model);

    names[2] = "loan_type_Credit_Card";
    assert_int_equal(cr_trainer_fit(cr_trainer_find("lightgbm"), &named, &options, &file, &err),
                     CR_EMODEL);
    assert_string_equal(err.message, "LightGBM cannot name the inputs: Feature "
                                     "(loan_type_Credit_Card) appears more than one time.");
}

static void wrong_parameters_are_refused(void **state)
{
    static const struct model_refusal cases[] = {
        {{{"bagging_fraction", {.5, NULL}}}, 1, "lightgbm has no parameter 'bagging_fraction'"},
        {{{"max_depth", {65, NULL}}},
         1,
         "parameter 'max_depth' of lightgbm must be a whole number of at least -1 and at most 64, "
         "not '65'"},
        {{{"num_leaves", {1, NULL}}},
         1,
         "parameter 'num_leaves' of lightgbm must be a whole number of at least 2 and at most "
         "131072, not '1'"},
        {{{"min_child_samples", {0, NULL}}},
         1,
         "parameter 'min_child_samples' of lightgbm must be a whole number of at least 1 and at "
         "most 1000000, not '0'"},
        {{{"subsample", {0, NULL}}},
         1,
         "parameter 'subsample' of lightgbm must be a number above 0 and at most 1, not '0'"},
        {{{"reg_alpha", {NAN, "much"}}},
         1,
         "parameter 'reg_alpha' of lightgbm must be a number of at least 0 and at most 1000000, "
         "not the text 'much'"},
        {{{"reg_alpha", {1, NULL}}, {"reg_alpha", {1, NULL}}},
         2,
         "parameter 'reg_alpha' of lightgbm is given twice"},
    };

    (void)state;
    model_data_check_refusals("lightgbm", &data, cases, CR_ARRAY_LEN(cases));
}

static void the_library_says_its_version(void **state)
{
    (void)state;
    assert_int_equal(strncmp(cr_trainer_find("lightgbm")->library_version(), "LightGBM ", 9), 0);
    assert_null(cr_trainer_absence("lightgbm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shallow_trees_equal_lightgbm),
        cmocka_unit_test(deep_trees_equal_lightgbm),
        cmocka_unit_test(a_lone_leaf_equals_lightgbm),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(shared_rows_do_not_matter),
        cmocka_unit_test(a_watch_sees_the_margins_and_stops_the_fit),
        cmocka_unit_test(names_may_hold_what_lightgbm_does_not_take),
        cmocka_unit_test(wrong_parameters_are_refused),
        cmocka_unit_test(the_library_says_its_version),
    };

    if (!model_data_has_lightgbm()) {
        cr_test_skip(cr_trainer_absence("lightgbm"));
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
