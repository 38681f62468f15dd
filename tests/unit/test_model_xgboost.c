// SPDX-License-Identifier: MIT
/* The trainer on libxgboost, and the forest that serves its models against libxgboost itself. */
#include <math.h>
#include <pthread.h>

#include "cr_test.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum { N_ROWS = 3000, N_COLS = 12, N_CHECKED = 10000 };

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

/* libxgboost's own arithmetic: floats, summed in tree order. */
static float float_margin(const struct cr_forest *forest, const double *x)
{
    float margin = (float)forest->base_margin;

    for (size_t t = 0; t < forest->n_trees; t++) {
        margin += (float)forest->nodes[cr_forest_leaf(forest, t, x)].value;
    }
    return margin;
}

static void check_margins(const struct cr_strbuf *file, size_t depth, size_t n_trees)
{
    struct cr_model *model = model_data_load("xgboost", file, N_COLS);
    const struct cr_forest *forest = model->ops->forest(model);
    CR_CLEANUP(cr_freep) double *x = malloc((size_t)N_CHECKED * N_COLS * sizeof(*x));
    CR_CLEANUP(cr_freep) float *expected = malloc(N_CHECKED * sizeof(*expected));
    struct cr_rng rng;

    assert_true(x != NULL && expected != NULL);
    assert_int_equal(forest->n_trees, n_trees);
    assert_int_equal(cr_forest_depth(forest), depth);
    cr_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < N_CHECKED; i++) {
        adversarial_row(forest, &rng, x + i * N_COLS);
    }
    xgboost_margins(file, x, N_CHECKED, N_COLS, expected);
    for (size_t i = 0; i < N_CHECKED; i++) {
        const double *row = x + i * N_COLS;

        cr_assert_same((double)float_margin(forest, row), (double)expected[i]);
        cr_assert_close(cr_model_margin(model, row), (double)expected[i], 2e-5);
    }
    cr_model_destroy(model);
}

static void margins_equal_libxgboost_at_depth_3(void **state)
{
    static const struct cr_param params[] = {{"n_estimators", {500, NULL}},
                                             {"max_depth", {3, NULL}},
                                             {"learning_rate", {.05, NULL}},
                                             {"subsample", {.8, NULL}},
                                             {"colsample_bytree", {.7, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;

    (void)state;
    model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), 42, &file);
    check_margins(&file, 3, 500);
}

static void margins_equal_libxgboost_at_depth_6(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {80, NULL}},      {"max_depth", {6, NULL}}, {"learning_rate", {.2, NULL}},
        {"min_child_weight", {3, NULL}},   {"gamma", {.5, NULL}},    {"reg_alpha", {.1, NULL}},
        {"scale_pos_weight", {1.5, NULL}}, {"reg_lambda", {2, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;

    (void)state;
    model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), 42, &file);
    check_margins(&file, 6, 80);
}

/* ours never come with deleted nodes or with another base score, other people's do */
static void margins_equal_libxgboost_with_deleted_nodes(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    const char *deleted;

    (void)state;
    xgboost_fit_pruned(&data, &file);
    deleted = strstr(file.data, "\"num_deleted\":\"");
    while (deleted != NULL && strncmp(deleted, "\"num_deleted\":\"0\"", 17) == 0) {
        deleted = strstr(deleted + 1, "\"num_deleted\":\"");
    }
    assert_non_null(deleted);
    check_margins(&file, 6, 40);
}

/* Without parameters: XGBoost's own defaults, and a base score that no version estimates. */
static void defaults_are_xgboosts(void **state)
{
    static const struct cr_param params[] = {
        {"scale_pos_weight", {1, NULL}}, {"reg_lambda", {1, NULL}},
        {"reg_alpha", {0, NULL}},        {"gamma", {0, NULL}},
        {"min_child_weight", {1, NULL}}, {"subsample", {1, NULL}},
        {"colsample_bytree", {1, NULL}}, {"learning_rate", {.3, NULL}},
        {"max_depth", {6, NULL}},        {"n_estimators", {100, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf a = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf b = CR_STRBUF_INIT;
    struct cr_model *model;

    (void)state;
    model_data_fit("xgboost", &data, NULL, 0, 1, &a);
    model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), 1, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    model = model_data_load("xgboost", &a, N_COLS);
    cr_assert_close(model->ops->forest(model)->base_margin, 0.0, 0.0);
    cr_model_destroy(model);
}

static void same_seed_same_bytes(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {30, NULL}}, {"subsample", {.7, NULL}}, {"colsample_bytree", {.6, NULL}}};

    (void)state;
    model_data_check_seed("xgboost", &data, params, CR_ARRAY_LEN(params));
}

struct job {
    uint64_t seed;
    int result;
    struct cr_strbuf file;
    struct cr_error err;
};

static void *run_job(void *argument)
{
    static const struct cr_param params[] = {{"n_estimators", {40, NULL}},
                                             {"subsample", {.7, NULL}}};
    struct job *job = argument;
    const struct cr_fit_options options = {params, CR_ARRAY_LEN(params), job->seed, false};

    job->result =
        cr_trainer_fit(cr_trainer_find("xgboost"), &data.fit, &options, &job->file, &job->err);
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    struct job alone[2] = {{.seed = 1}, {.seed = 2}};
    struct job together[2] = {{.seed = 1}, {.seed = 2}};
    pthread_t threads[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        (void)run_job(&alone[i]);
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &together[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        cr_assert_ok(alone[i].result, &alone[i].err);
        cr_assert_ok(together[i].result, &together[i].err);
        assert_int_equal(alone[i].file.len, together[i].file.len);
        assert_memory_equal(alone[i].file.data, together[i].file.data, alone[i].file.len);
        cr_strbuf_finish(&alone[i].file);
        cr_strbuf_finish(&together[i].file);
    }
}

static void wrong_parameters_are_refused(void **state)
{
    static const struct model_refusal cases[] = {
        {{{"n_trees", {5, NULL}}}, 1, "xgboost has no parameter 'n_trees'"},
        {{{"max_depth", {3.5, NULL}}},
         1,
         "parameter 'max_depth' of xgboost must be a whole number of at least 1 and at most 20, "
         "not "
         "'3.5'"},
        {{{"learning_rate", {0, NULL}}},
         1,
         "parameter 'learning_rate' of xgboost must be a number above 0 and at most 1, not '0'"},
        {{{"gamma", {NAN, NULL}}},
         1,
         "parameter 'gamma' of xgboost must be a number of at least 0 and at most 1000000, not "
         "'nan'"},
        {{{"subsample", {NAN, "half"}}},
         1,
         "parameter 'subsample' of xgboost must be a number above 0 and at most 1, not the text "
         "'half'"},
        {{{"gamma", {1, NULL}}, {"gamma", {1, NULL}}},
         2,
         "parameter 'gamma' of xgboost is given twice"},
    };

    (void)state;
    model_data_check_refusals("xgboost", &data, cases, CR_ARRAY_LEN(cases));
}

/* A value that no float holds is libxgboost's to refuse: its message is passed on in one line. */
static void a_failure_of_the_library_is_reported(void **state)
{
    double x[] = {1e300, 1, 2, 3}, y[] = {0, 1, 0, 1};
    const struct cr_fit_data few = {x, y, 4, 1, model_data_names()};
    const struct cr_fit_options options = {0};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(cr_trainer_fit(cr_trainer_find("xgboost"), &few, &options, &file, &err),
                     CR_EMODEL);
    assert_non_null(strstr(err.message, "libxgboost cannot "));
    assert_null(strchr(err.message, '\n'));
    assert_int_equal(file.len, 0);
}

static void the_library_says_its_version(void **state)
{
    (void)state;
    assert_int_equal(strncmp(cr_trainer_find("xgboost")->library_version(), "libxgboost ", 11), 0);
    assert_null(cr_trainer_find("perceptron"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_equal_libxgboost_at_depth_3),
        cmocka_unit_test(margins_equal_libxgboost_at_depth_6),
        cmocka_unit_test(margins_equal_libxgboost_with_deleted_nodes),
        cmocka_unit_test(defaults_are_xgboosts),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(wrong_parameters_are_refused),
        cmocka_unit_test(a_failure_of_the_library_is_reported),
        cmocka_unit_test(the_library_says_its_version),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
