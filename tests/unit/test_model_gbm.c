// SPDX-License-Identifier: MIT
/* The program's own gradient boosting as a trainer: against scikit-learn (golden/gbm.py). */
#include <jansson.h>
#include <math.h>

#include "cr_golden.h"
#include "cr_test.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "model_data.h"

enum { MAX_PARAMS = 8, N_ROWS = 1500, N_COLS = 12 };

static struct model_data shared;

/* golden/gbm.py's `draw`, brought below n. */
static int draw(uint32_t data_set, size_t row, uint32_t k, uint32_t n)
{
    uint32_t x = (data_set << 24) + ((uint32_t)row << 5) + k;

    x = (x ^ x >> 16) * UINT32_C(0x7feb352d);
    x = (x ^ x >> 15) * UINT32_C(0x846ca68b);
    return (int)((x ^ x >> 16) % n);
}

/* Its set 1: fills a row of 8 inputs and returns the outcome. */
static bool draw_mixed(size_t row, double *x)
{
    int a = draw(1, row, 0, 1024), b = draw(1, row, 1, 12), c = draw(1, row, 2, 2);
    int e = draw(1, row, 4, 64), f = draw(1, row, 6, 300) - 150;
    int z = 2 * (a - 512) + 150 * (b - 6) * (2 * c - 1) + 12 * (e - 32) + 3 * f;
    const double inputs[] = {a, b, c, draw(1, row, 3, 5) - 2, 0.5 + e * 0x1p-24, 7, a * a, f};

    memcpy(x, inputs, sizeof(inputs));
    return z + draw(1, row, 8, 2048) + draw(1, row, 9, 2048) > 2900;
}

/* Its set 2: 10 inputs. */
static bool draw_flags(size_t row, double *x)
{
    int level = draw(2, row, 0, 7);
    const double inputs[] = {
        level == 0,
        level == 1,
        level == 2 || level == 3,
        level > 3,
        draw(2, row, 1, 40),
        draw(2, row, 2, 9) / 8.0,
        draw(2, row, 3, 10) == 0,
        draw(2, row, 4, 3),
        draw(2, row, 5, 500) / 4.0 - 30,
        draw(2, row, 6, 20) == 0,
    };
    double z = 600 * inputs[0] - 500 * inputs[3] + 40 * (inputs[4] - 20) + 900 * inputs[6] +
               10 * inputs[8] + 500 * inputs[7] * inputs[1] + 300 * inputs[5];

    memcpy(x, inputs, sizeof(inputs));
    return z + draw(2, row, 10, 1024) + draw(2, row, 11, 1024) > 1350;
}

/* Rows of one of the sets that a fold keeps: all, or those with row % 5 ≠ fold. */
struct rows {
    double *x;
    double *y;
    struct cr_fit_data fit; /* borrows the arrays */
};

static void rows_init(struct rows *rows, bool (*draw_row)(size_t, double *), size_t n_cols,
                      size_t begin, size_t end)
{
    size_t n = end - begin;

    rows->x = malloc(n * n_cols * sizeof(*rows->x));
    rows->y = malloc(n * sizeof(*rows->y));
    assert_true(rows->x != NULL && rows->y != NULL);
    for (size_t i = 0; i < n; i++) {
        rows->y[i] = draw_row(begin + i, rows->x + i * n_cols) ? 1.0 : 0.0;
    }
    rows->fit = (struct cr_fit_data){rows->x, rows->y, n, n_cols, model_data_names()};
}

static void rows_finish(struct rows *rows)
{
    free(rows->x);
    free(rows->y);
}

static size_t read_params(const json_t *json, struct cr_param params[MAX_PARAMS])
{
    const char *key;
    json_t *value;
    size_t n = 0;

    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        assert_true(n < MAX_PARAMS);
        params[n].name = key;
        params[n].value = (struct cr_value){
            json_is_number(value) ? json_number_value(value) : NAN,
            json_string_value(value),
        };
        n++;
    }
    return n;
}

static void fit(const struct cr_fit_data *data, const struct cr_param *params, size_t n_params,
                uint64_t seed, struct cr_strbuf *out)
{
    const struct cr_fit_options options = {params, n_params, seed, false};
    struct cr_error err;

    cr_assert_ok(cr_trainer_fit(cr_trainer_find("gbm"), data, &options, out, &err), &err);
}

/* Every training row must agree. Held-out rows may fall between two values of the training rows,
 * where a tie of columns decides: few differ, and they differ between scikit-learn's own seeds. */
static void check_exact(const char *name, const json_t *item, const struct rows *train,
                        const struct rows *test)
{
    const json_t *expected_train = json_object_get(item, "train");
    const json_t *expected_test = json_object_get(item, "test");
    double own = json_number_value(json_object_get(item, "test_share_that_differs_between_seeds"));
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_param params[MAX_PARAMS];
    struct cr_model *model;
    size_t n_cols = train->fit.n_cols, n_differ = 0;

    fit(&train->fit, params, read_params(json_object_get(item, "params"), params), 1, &file);
    model = model_data_load("gbm", &file, n_cols);
    assert_int_equal(json_array_size(expected_train), train->fit.n_rows);
    assert_int_equal(json_array_size(expected_test), test->fit.n_rows);
    for (size_t i = 0; i < train->fit.n_rows; i++) {
        cr_assert_close(cr_model_margin(model, train->x + i * n_cols),
                        json_number_value(json_array_get(expected_train, i)), 1e-9);
    }
    for (size_t i = 0; i < test->fit.n_rows; i++) {
        double margin = cr_model_margin(model, test->x + i * n_cols);

        n_differ += fabs(margin - json_number_value(json_array_get(expected_test, i))) > 1e-9;
    }
    print_message("%s: %zu training rows agree; of %zu held-out rows %zu differ (%.1f%% between "
                  "scikit-learn's seeds)\n",
                  name, train->fit.n_rows, test->fit.n_rows, n_differ, 100.0 * own);
    assert_true((double)n_differ <= (own + 0.01) * (double)test->fit.n_rows);
    cr_model_destroy(model);
}

static void margins_equal_scikit_learn(void **state)
{
    static const struct {
        const char *name;
        bool (*draw_row)(size_t, double *);
        size_t n_cols;
    } sets[] = {
        {"gbm_mixed.json", draw_mixed, 8},
        {"gbm_flags.json", draw_flags, 10},
    };

    (void)state;
    for (size_t s = 0; s < CR_ARRAY_LEN(sets); s++) {
        CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load(sets[s].name);
        const json_t *cases = json_object_get(golden, "cases");
        size_t n = (size_t)json_integer_value(json_object_get(golden, "n_train"));
        size_t n_test = (size_t)json_integer_value(json_object_get(golden, "n_test"));
        double n_ones = 0.0;
        struct rows train, test;

        rows_init(&train, sets[s].draw_row, sets[s].n_cols, 0, n);
        rows_init(&test, sets[s].draw_row, sets[s].n_cols, n, n + n_test);
        for (size_t i = 0; i < n; i++) {
            n_ones += train.y[i];
        }
        cr_assert_same(n_ones, json_number_value(json_object_get(golden, "n_ones")));
        assert_int_equal(json_array_size(cases), 3);
        for (size_t i = 0; i < json_array_size(cases); i++) {
            check_exact(sets[s].name, json_array_get(cases, i), &train, &test);
        }
        rows_finish(&train);
        rows_finish(&test);
    }
}

/* Share of pairs of a one and a zero that are in order, ties half. */
static double measure_auc(const double *margins, const double *y, size_t n)
{
    double n_pairs = 0.0, in_order = 0.0;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            if (y[i] == 1.0 && y[k] == 0.0) {
                n_pairs += 1.0;
                in_order += margins[i] > margins[k] ? 1.0 : margins[i] == margins[k] ? 0.5 : 0.0;
            }
        }
    }
    return in_order / n_pairs;
}

/* AUC on the rows with row % 5 = fold of a model of the others. */
static double fold_auc(const struct rows *all, size_t fold, const struct cr_param *params,
                       size_t n_params, uint64_t seed)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    size_t n = all->fit.n_rows, n_cols = all->fit.n_cols, n_train = 0, n_test = 0;
    CR_CLEANUP(cr_freep) double *x = malloc(n * n_cols * sizeof(*x));
    CR_CLEANUP(cr_freep) double *y = malloc(n * sizeof(*y));
    CR_CLEANUP(cr_freep) double *margins = malloc(n * sizeof(*margins));
    struct cr_fit_data train = all->fit;
    struct cr_model *model;

    assert_true(x != NULL && y != NULL && margins != NULL);
    for (size_t i = 0; i < n; i++) {
        if (i % 5 != fold) {
            memcpy(x + n_train * n_cols, all->x + i * n_cols, n_cols * sizeof(*x));
            y[n_train++] = all->y[i];
        }
    }
    train.x = x;
    train.y = y;
    train.n_rows = n_train;
    fit(&train, params, n_params, seed, &file);
    model = model_data_load("gbm", &file, n_cols);
    for (size_t i = fold; i < n; i += 5) {
        margins[n_test] = cr_model_margin(model, all->x + i * n_cols);
        y[n_test++] = all->y[i];
    }
    cr_model_destroy(model);
    return measure_auc(margins, y, n_test);
}

static void auc_of_random_fits_equals_scikit_learn(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("gbm_auc.json");
    const json_t *cases = json_object_get(golden, "cases");
    size_t n = (size_t)json_integer_value(json_object_get(golden, "n"));
    size_t n_seeds = (size_t)json_integer_value(json_object_get(golden, "n_seeds"));
    struct rows all;

    (void)state;
    rows_init(&all, draw_flags, 10, 0, n);
    assert_int_equal(json_array_size(cases), 3);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        double expected = json_number_value(json_object_get(item, "auc"));
        struct cr_param params[MAX_PARAMS];
        size_t n_params = read_params(json_object_get(item, "params"), params);
        double sum = 0.0;

        for (size_t k = 0; k < 5 * n_seeds; k++) {
            sum += fold_auc(&all, k % 5, params, n_params, k / 5);
        }
        sum /= 5.0 * (double)n_seeds;
        print_message("case %zu: mean AUC %.5f, scikit-learn's %.5f\n", i, sum, expected);
        cr_assert_close(sum, expected, 0.002);
    }
    rows_finish(&all);
}

static bool same_bytes(const struct cr_strbuf *a, const struct cr_strbuf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void same_seed_same_bytes(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {30, NULL}}, {"subsample", {.7, NULL}}, {"max_features", {NAN, "log2"}}};
    struct cr_strbuf files[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        cr_strbuf_init(&files[i]);
        /* the last two without chance, whatever the seed */
        fit(&shared.fit, params, i < 3 ? CR_ARRAY_LEN(params) : 1, i == 1 ? 42 : 43 + i, &files[i]);
    }
    cr_strbuf_reset(&files[0]);
    fit(&shared.fit, params, CR_ARRAY_LEN(params), 42, &files[0]);
    assert_true(same_bytes(&files[0], &files[1]));
    assert_false(same_bytes(&files[0], &files[2]));
    assert_true(same_bytes(&files[3], &files[4]));
    for (size_t i = 0; i < 5; i++) {
        cr_strbuf_finish(&files[i]);
    }
}

static void early_stopping_watches_a_tenth(void **state)
{
    static const struct cr_param on[] = {{"n_estimators", {2000, NULL}},
                                         {"learning_rate", {.2, NULL}},
                                         {"early_stopping", {NAN, "on"}},
                                         {"n_iter_no_change", {10, NULL}}};
    static const struct cr_param none[] = {{"n_estimators", {60, NULL}},
                                           {"early_stopping", {NAN, "on"}},
                                           {"n_iter_no_change", {0, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_model *model;
    double n_ones = 0.0, kept_ones;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        n_ones += shared.y[i];
    }
    kept_ones = floor(n_ones / 10.0 + 0.5);
    fit(&shared.fit, on, CR_ARRAY_LEN(on), 1, &file);
    model = model_data_load("gbm", &file, N_COLS);
    assert_in_range(model->ops->forest(model)->n_trees, 11, 300);
    cr_assert_same(model->ops->forest(model)->nodes[0].cover, 1350.0);
    cr_assert_close(model->ops->forest(model)->base_margin,
                    log((n_ones - kept_ones) / (1350.0 - n_ones + kept_ones)), 1e-12);
    cr_model_destroy(model);

    cr_strbuf_reset(&file);
    fit(&shared.fit, none, CR_ARRAY_LEN(none), 1, &file);
    model = model_data_load("gbm", &file, N_COLS);
    assert_int_equal(model->ops->forest(model)->n_trees, 60);
    cr_assert_same(model->ops->forest(model)->nodes[0].cover, 1500.0);
    cr_model_destroy(model);
}

static void odd_data_are_fitted(void **state)
{
    static const struct {
        double x[6];
        double y[3];
        size_t n_rows;
        size_t n_nodes; /* of the first tree */
    } cases[] = {
        {{0, 1, 0, 2}, {0, 1}, 2, 3},                   /* one row on each side */
        {{5, 5, 5, 5}, {0, 1}, 2, 1},                   /* constant inputs */
        {{0.0, 1, -0.0, 1, 0, 1}, {0, 1, 1}, 3, 1},     /* −0 is 0 */
        {{1, 1, 1 + 0x1p-24, 1}, {0, 1}, 2, 1},         /* the same in float */
        {{1, 1, 1 + 0x1p-23, 1}, {0, 1}, 2, 1},         /* 1.2e-7 apart, but 1 + 1e-7f is there */
        {{1, 1, 1 + 0x1p-22, 1}, {0, 1}, 2, 3},         /* 2.4e-7 apart */
        {{0.5, 1, 0.5 + 0x1p-24, 1}, {0, 1}, 2, 1},     /* neighbours, 6e-8 apart */
        {{-3e38, 1, 3e38, 1}, {0, 1}, 2, 3},            /* ends of the range */
        {{1e-45, 1, 0, 1, -1e-45, 1}, {0, 1, 1}, 3, 1}, /* subnormal */
        {{0, 0, 1, 0, 2, 0}, {1, 0, 1}, 3, 5},          /* not monotone */
    };
    static const struct cr_param params[] = {{"n_estimators", {3, NULL}}};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const struct cr_fit_data data = {cases[i].x, cases[i].y, cases[i].n_rows, 2,
                                         model_data_names()};
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_model *model;

        fit(&data, params, 1, 1, &file);
        model = model_data_load("gbm", &file, 2);
        if ((size_t)model->ops->forest(model)->roots[1] != cases[i].n_nodes) {
            fail_msg("case %zu: the first tree has %d nodes", i,
                     model->ops->forest(model)->roots[1]);
        }
        cr_model_destroy(model);
    }
}

static void wrong_parameters_and_data_are_refused(void **state)
{
    static const double x[] = {1, 2, 3, 4}, wide_x[] = {1, 2, 1e300, 4}, y[] = {0, 1};
    const struct cr_fit_data few = {x, y, 2, 2, model_data_names()};
    const struct cr_fit_data wide = {wide_x, y, 2, 2, model_data_names()};
    static const struct {
        struct cr_param param;
        int result;
        const char *message;
    } cases[] = {
        {{"learning_rat", {1, NULL}},
         CR_EINVAL,
         "gbm has no parameter 'learning_rat'; did you mean 'learning_rate'?"},
        {{"max_leaf_nodes", {5, NULL}}, CR_EINVAL, "gbm has no parameter 'max_leaf_nodes'"},
        {{"max_features", {0, NULL}},
         CR_EINVAL,
         "parameter 'max_features' of gbm must be one of sqrt, log2, or a number above 0 and at "
         "most 1, not '0'"},
        {{"max_features", {NAN, "auto"}},
         CR_EINVAL,
         "parameter 'max_features' of gbm must be one of sqrt, log2, or a number above 0 and at "
         "most 1, not 'auto'"},
        {{"early_stopping", {1, NULL}},
         CR_EINVAL,
         "parameter 'early_stopping' of gbm must be one of off, on, not '1'"},
        {{"min_samples_leaf", {0, NULL}},
         CR_EINVAL,
         "parameter 'min_samples_leaf' of gbm must be a whole number of at least 1 and at most "
         "1000000, not '0'"},
        {{"max_depth", {3, NULL}},
         CR_EINVAL,
         "training row 1: input 'x0' is beyond the range of float: '1e+300'"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const struct cr_fit_options options = {&cases[i].param, 1, 1, false};
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_error err = {0};

        const struct cr_fit_data *data = strstr(cases[i].message, "row") != NULL ? &wide : &few;

        assert_int_equal(cr_trainer_fit(cr_trainer_find("gbm"), data, &options, &file, &err),
                         cases[i].result);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(file.len, 0);
        err = (struct cr_error){0};
        if (data == &few) {
            assert_int_equal(cr_trainer_check_param("gbm", &cases[i].param, &err), CR_EINVAL);
            assert_string_equal(err.message, cases[i].message);
        } else {
            assert_int_equal(cr_trainer_check_param("gbm", &cases[i].param, &err), 0);
        }
    }
}

static int setup(void **state)
{
    (void)state;
    model_data_init(&shared, N_ROWS, N_COLS, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_data_finish(&shared);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_equal_scikit_learn),
        cmocka_unit_test(auc_of_random_fits_equals_scikit_learn),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(early_stopping_watches_a_tenth),
        cmocka_unit_test(odd_data_are_fitted),
        cmocka_unit_test(wrong_parameters_and_data_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
