// SPDX-License-Identifier: MIT
#include <jansson.h>
#include <math.h>

#include "cr_golden.h"
#include "cr_test.h"
#include "creditrisk/model/calibrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"

enum { MAX_ROWS = 1000 };

static void fit_equals_scipy(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("calibrate.json");
    const json_t *cases;
    struct cr_error err;

    (void)state;
    cases = json_object_get(golden, "cases");
    assert_int_equal(json_array_size(cases), 3);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        CR_CLEANUP(cr_freep) double *raw = cr_golden_numbers(json_object_get(item, "raw"));
        CR_CLEANUP(cr_freep) double *y = cr_golden_numbers(json_object_get(item, "y"));
        size_t n = json_array_size(json_object_get(item, "raw"));
        struct cr_calibration fitted;

        assert_int_equal(json_array_size(json_object_get(item, "y")), n);
        cr_assert_ok(cr_calibrate_fit(raw, y, n, &fitted, &err), &err);
        cr_assert_close(fitted.slope, json_number_value(json_object_get(item, "slope")), 1e-10);
        cr_assert_close(fitted.intercept, json_number_value(json_object_get(item, "intercept")),
                        1e-10);
    }
}

/* Rows whose outcomes follow σ(slope·t + shift), their raw margins being scale·t + offset. */
static void draw_rows(struct cr_rng *rng, double slope, double shift, double scale, double offset,
                      double *raw, double *y)
{
    for (size_t i = 0; i < MAX_ROWS; i++) {
        double t = cr_rng_normal(rng);

        raw[i] = scale * t + offset;
        y[i] = cr_rng_uniform(rng) < 1.0 / (1.0 + exp(-(slope * t + shift))) ? 1.0 : 0.0;
    }
}

/* The two conditions of the maximum: the mean PD is the default rate, and PD − y is uncorrelated
 * with the margin. */
static void check_maximum(const double *raw, const double *y, size_t n)
{
    double pd_sum = 0.0, y_sum = 0.0, product = 0.0;
    struct cr_calibration fitted;
    struct cr_error err;

    cr_assert_ok(cr_calibrate_fit(raw, y, n, &fitted, &err), &err);
    for (size_t i = 0; i < n; i++) {
        double margin = cr_calibrate_margin(&fitted, raw[i]);

        pd_sum += cr_calibrate_pd(margin);
        y_sum += y[i];
        product += (cr_calibrate_pd(margin) - y[i]) * margin;
    }
    cr_assert_close(pd_sum / (double)n, y_sum / (double)n, 1e-11);
    cr_assert_close(product / (double)n, 0.0, 1e-11);
}

static void mean_pd_is_the_default_rate_for_margins_of_any_size(void **state)
{
    static const double scales[][2] = {{1, 0}, {1e-6, 0}, {1e6, 0}, {1, 1e4}, {1e150, -1e150}};

    (void)state;
    for (size_t k = 0; k < CR_ARRAY_LEN(scales); k++) {
        double raw[MAX_ROWS], y[MAX_ROWS];
        struct cr_rng rng;

        cr_rng_init(&rng, 5, 0);
        draw_rows(&rng, 1.2, -2.0, scales[k][0], scales[k][1], raw, y);
        check_maximum(raw, y, MAX_ROWS);
    }
}

/* On the first, Newton's method without step halving runs away. */
static void outliers_do_not_mislead_the_fit(void **state)
{
    static const double raw[][25] = {
        {-3203.9, .03,  -.01,   -1.96, 0,       0,     .21,  .25,  .11,  8.52, .27,  -1.84, -33.96,
         -1.58,   -.03, -96.19, 2.31,  -128.06, -2.49, -.05, -.06, -.25, .01,  -.05, -.14},
        {1.21, .01, -507.43, 5.69, -.01, -10.83, .04, .01, 27188.33, .02, 1.68},
    };
    static const double y[][25] = {
        {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1},
    };

    (void)state;
    check_maximum(raw[0], y[0], 25);
    check_maximum(raw[1], y[1], 11);
}

static void what_cannot_be_calibrated_is_refused(void **state)
{
    static const struct {
        double raw[6];
        double y[6];
        size_t n;
        int result;
        const char *message;
    } cases[] = {
        {{1, 2, 3, 4}, {1, 0, 1, 0}, 4, CR_EMODEL, "the slope of the calibration must be positive"},
        {{1, 2, 1, 2}, {0, 0, 1, 1}, 4, CR_EMODEL, "the slope of the calibration must be positive"},
        {{1, 2, 3, 4}, {0, 0, 1, 1}, 4, CR_EMODEL, "separate the outcomes completely"},
        {{1, 2, 2, 4}, {0, 0, 1, 1}, 4, CR_EMODEL, "separate the outcomes completely"},
        {{4, 3, 2, 1}, {0, 0, 1, 1}, 4, CR_EMODEL, "separate the outcomes completely"},
        {{5, 5, 5, 5},
         {0, 1, 1, 0},
         4,
         CR_EMODEL,
         "all margins are equal, as no input tells the outcome"},
        {{1, 2}, {1, 1}, 2, CR_EMODEL, "on one outcome only"},
        {{1, 2}, {0, 0}, 2, CR_EMODEL, "on one outcome only"},
        {{0}, {0}, 0, CR_EMODEL, "on one outcome only"},
        {{1, NAN}, {1, 0}, 2, CR_EINVAL, "the raw margin of row 1 is not finite: 'nan'"},
        {{1, INFINITY}, {1, 0}, 2, CR_EINVAL, "the raw margin of row 1 is not finite: 'inf'"},
        {{1, 2}, {1, .5}, 2, CR_EINVAL, "the outcome of row 1 is neither 0 nor 1: '0.5'"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_calibration fitted = {7, 7};
        struct cr_error err = {0};

        assert_int_equal(cr_calibrate_fit(cases[i].raw, cases[i].y, cases[i].n, &fitted, &err),
                         cases[i].result);
        if (strstr(err.message, cases[i].message) == NULL) {
            fail_msg("case %zu: '%s', not '%s'", i, err.message, cases[i].message);
        }
        cr_assert_same(fitted.slope, 7.0);
    }
}

static void pd_has_no_overflow(void **state)
{
    (void)state;
    cr_assert_same(cr_calibrate_pd(0.0), 0.5);
    cr_assert_same(cr_calibrate_pd(1e9), 1.0);
    cr_assert_same(cr_calibrate_pd(-1e9), 0.0);
    cr_assert_close(cr_calibrate_pd(-700.0), exp(-700.0), 1e-318);
    cr_assert_close(cr_calibrate_pd(log(3.0)), 0.75, 1e-15);
    cr_assert_close(cr_calibrate_pd(-log(3.0)), 0.25, 1e-15);
    assert_true(isnan(cr_calibrate_pd(NAN)));
}

static void a_saved_calibration_loads_as_itself(void **state)
{
    const struct cr_calibration saved = {0.1 + 0.2, -1.0 / 3.0};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_calibration loaded;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_calibrate_save(&saved, &text, &err), &err);
    cr_assert_ok(cr_calibrate_load(text.data, text.len, &loaded, &err), &err);
    cr_assert_same(loaded.slope, saved.slope);
    cr_assert_same(loaded.intercept, saved.intercept);
}

static void hostile_files_are_refused(void **state)
{
    static const struct {
        const char *text;
        int result;
    } cases[] = {
        {"{\"format\":1,\"slope\":1.0,\"intercept\":0}", 0},
        {"{\"format\":2,\"slope\":1.0,\"intercept\":0}", CR_EMODEL},
        {"{\"format\":1,\"slope\":0,\"intercept\":0}", CR_EMODEL},
        {"{\"format\":1,\"slope\":-1,\"intercept\":0}", CR_EMODEL},
        {"{\"format\":1,\"slope\":null,\"intercept\":0}", CR_EPARSE},
        {"{\"format\":1,\"slope\":1e999,\"intercept\":0}", CR_EPARSE},
        {"{\"format\":1,\"slope\":1,\"intercept\":\"0\"}", CR_EPARSE},
        {"{\"format\":1,\"slope\":1}", CR_EPARSE},
        {"[1, 2]", CR_EPARSE},
        {"", CR_EPARSE},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_calibration loaded;
        struct cr_error err = {0};

        assert_int_equal(cr_calibrate_load(cases[i].text, strlen(cases[i].text), &loaded, &err),
                         cases[i].result);
        assert_int_equal(err.message[0] == '\0', cases[i].result == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_equals_scipy),
        cmocka_unit_test(mean_pd_is_the_default_rate_for_margins_of_any_size),
        cmocka_unit_test(outliers_do_not_mislead_the_fit),
        cmocka_unit_test(what_cannot_be_calibrated_is_refused),
        cmocka_unit_test(pd_has_no_overflow),
        cmocka_unit_test(a_saved_calibration_loads_as_itself),
        cmocka_unit_test(hostile_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
