// SPDX-License-Identifier: MIT
/* Contributions of a linear model, and what explain.c does with those of any model: scale, group,
 * rank. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/explain/explain.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum { N_INPUTS = 5 };

static const struct cr_feature features[] = {
    {.name = "unused", .group = "Nothing"}, {.name = "score", .group = "Credit score"},
    {.name = "age", .group = "Age"},        {.name = "income", .group = "Income"},
    {.name = "band", .group = "Age"},
};
static const struct cr_portfolio portfolio = {.n_features = CR_ARRAY_LEN(features),
                                              .features = features};

/* age, score, band, income, score's indicator */
static const size_t input_features[N_INPUTS] = {2, 1, 4, 3, 1};

static const char file[] = "{\"format\":1,\"kind\":\"logistic\",\"inputs\":[\"x0\",\"x1\",\"x2\","
                           "\"x3\",\"x4\"],\"weights\":[0.5,-1,0.25,0,2],"
                           "\"means\":[1,2,3,4,0.5],\"intercept\":-3,\"params\":{}}";
static const struct cr_calibration calibration = {2.0, 0.5};

static struct cr_model *model;
static struct cr_explainer *explainer;

static int setup(void **state)
{
    struct cr_error err;

    (void)state;
    cr_assert_ok(
        cr_model_load("logistic", file, strlen(file), model_data_names(), N_INPUTS, &model, &err),
        &err);
    cr_assert_ok(
        cr_explainer_create(&portfolio, model, &calibration, input_features, &explainer, &err),
        &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cr_explainer_destroy(explainer);
    cr_explainer_destroy(NULL);
    cr_model_destroy(model);
    cr_model_destroy(NULL);
    return 0;
}

static void contributions_are_weight_times_distance(void **state)
{
    static const double x[N_INPUTS] = {3, 1, 3, 100, 1};
    static const double expected[N_INPUTS] = {2, 2, 0, 0, 2};
    double contributions[N_INPUTS], sum;

    (void)state;
    assert_int_equal(cr_explainer_scratch_len(explainer), 0);
    /* −3 + .5 − 2 + .75 + 1 = −2.75 at the means */
    cr_assert_close(cr_explainer_base_value(explainer), 2 * -2.75 + .5, 1e-15);
    cr_assert_same(cr_explainer_margin(explainer, x, NULL, contributions),
                   cr_model_margin(model, x));
    sum = cr_explainer_base_value(explainer);
    for (size_t i = 0; i < N_INPUTS; i++) {
        cr_assert_close(contributions[i], expected[i], 1e-15);
        sum += contributions[i];
    }
    cr_assert_close(sum, cr_calibrate_margin(&calibration, cr_model_margin(model, x)), 1e-14);
}

static void groups_come_in_order_of_first_appearance(void **state)
{
    static const double contributions[N_INPUTS] = {1, 2, -4, 8, 16};
    static const char *const labels[] = {"Age", "Credit score", "Income"};
    static const size_t first[] = {2, 1, 3};
    static const double expected[] = {-3, 18, 8};
    double groups[3];

    (void)state;
    assert_int_equal(cr_explainer_n_groups(explainer), 3);
    cr_explainer_groups(explainer, contributions, groups);
    for (size_t g = 0; g < 3; g++) {
        assert_string_equal(cr_explainer_group(explainer, g)->label, labels[g]);
        assert_int_equal(cr_explainer_group(explainer, g)->first_feature, first[g]);
        cr_assert_same(groups[g], expected[g]);
    }
}

static void top_ranks_by_size_and_then_by_index(void **state)
{
    static const double groups[] = {0.5, -3, 3, 0, -7, 0.5};
    static const size_t ranked[] = {4, 1, 2, 0, 5, 3};
    size_t top[8];

    (void)state;
    for (size_t k = 0; k <= 8; k++) {
        size_t n = cr_explainer_top(groups, 6, k, top);

        assert_int_equal(n, k < 6 ? k : 6);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(top[i], ranked[i]);
        }
    }
    assert_int_equal(cr_explainer_top(NULL, 0, 5, top), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_are_weight_times_distance),
        cmocka_unit_test(groups_come_in_order_of_first_appearance),
        cmocka_unit_test(top_ranks_by_size_and_then_by_index),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
