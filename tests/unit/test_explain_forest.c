// SPDX-License-Identifier: MIT
/* Contributions of forests against libxgboost's own, and their sum against the margin. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/explain/explain.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum { N_ROWS = 3000, N_COLS = 12 };

/* the sanitizers slow both sides down */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { N_CHECKED = 200 };
#else
enum { N_CHECKED = 2000 };
#endif

static const size_t input_features[N_COLS];
static const struct cr_feature features[] = {{.name = "all", .group = "All"}};
static const struct cr_portfolio portfolio = {.n_features = 1, .features = features};

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

static void check_row(const struct cr_explainer *explainer, const struct cr_model *model,
                      const struct cr_calibration *calibration, const double *x,
                      const float *expected, void *scratch)
{
    double contributions[N_COLS], sum = cr_explainer_base_value(explainer), size = 0.0;
    double margin = cr_model_margin(model, x);
    double tolerance = 1e-5 * fmax(1.0, fabs(margin));

    cr_assert_same(cr_explainer_margin(explainer, x, scratch, contributions), margin);
    for (size_t j = 0; j < N_COLS; j++) {
        cr_assert_close(contributions[j] / calibration->slope, (double)expected[j], tolerance);
        sum += contributions[j];
        size += fabs(contributions[j]);
    }
    cr_assert_close((cr_explainer_base_value(explainer) - calibration->intercept) /
                        calibration->slope,
                    (double)expected[N_COLS], tolerance);
    cr_assert_close(sum, cr_calibrate_margin(calibration, margin), 1e-9 * fmax(1.0, size));
}

static void check_contributions(const struct cr_strbuf *file,
                                const struct cr_calibration *calibration)
{
    struct cr_model *model = model_data_load("xgboost", file, N_COLS);
    CR_CLEANUP(cr_freep) double *x = malloc((size_t)N_CHECKED * N_COLS * sizeof(*x));
    CR_CLEANUP(cr_freep)
    float *expected = malloc((size_t)N_CHECKED * (N_COLS + 1) * sizeof(*expected));
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    struct cr_explainer *explainer = NULL;
    struct cr_error err;
    struct cr_rng rng;

    cr_assert_ok(
        cr_explainer_create(&portfolio, model, calibration, input_features, &explainer, &err),
        &err);
    scratch = malloc(cr_explainer_scratch_len(explainer));
    assert_true(x != NULL && expected != NULL && scratch != NULL);
    cr_rng_init(&rng, 2, 0);
    for (size_t i = 0; i < N_CHECKED; i++) {
        adversarial_row(model->ops->forest(model), &rng, x + i * N_COLS);
    }
    xgboost_contributions(file, x, N_CHECKED, N_COLS, expected);
    for (size_t i = 0; i < N_CHECKED; i++) {
        check_row(explainer, model, calibration, x + i * N_COLS, expected + i * (N_COLS + 1),
                  scratch);
    }
    cr_explainer_destroy(explainer);
    cr_model_destroy(model);
}

static void contributions_equal_libxgboost_at_depth_3(void **state)
{
    static const struct cr_param params[] = {{"n_estimators", {500, NULL}},
                                             {"max_depth", {3, NULL}},
                                             {"learning_rate", {.05, NULL}},
                                             {"subsample", {.8, NULL}},
                                             {"colsample_bytree", {.7, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;

    (void)state;
    model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), 42, &file);
    check_contributions(&file, &(struct cr_calibration){1.0, 0.0});
}

static void contributions_equal_libxgboost_at_depth_6(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {60, NULL}}, {"max_depth", {6, NULL}}, {"scale_pos_weight", {1.5, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;

    (void)state;
    model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), 42, &file);
    check_contributions(&file, &(struct cr_calibration){0.7, -0.4});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_equal_libxgboost_at_depth_3),
        cmocka_unit_test(contributions_equal_libxgboost_at_depth_6),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
