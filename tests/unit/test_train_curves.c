// SPDX-License-Identifier: MIT
#include "cr_golden.h"
#include "cr_test.h"

#include <jansson.h>
#include <math.h>

#include "creditrisk/train/curves.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"

static double area(const struct cr_curve *roc)
{
    double sum = 0;
    for (size_t i = 1; i < roc->n; i++) {
        sum += (roc->points[i].x - roc->points[i - 1].x) *
               (roc->points[i].y + roc->points[i - 1].y) / 2;
    }
    return sum;
}

static double average_precision(const struct cr_curve *curve)
{
    double sum = 0;
    for (size_t i = 1; i < curve->n; i++) {
        sum += (curve->points[i].x - curve->points[i - 1].x) * curve->points[i].y;
    }
    return sum;
}

static double calibration_error(const struct cr_calibration_bin *bins, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < CR_CURVES_BINS; i++) {
        sum += bins[i].n == 0
                   ? 0
                   : fabs(bins[i].mean_pd - bins[i].default_rate) * (double)bins[i].n / (double)n;
    }
    return sum;
}

/* The curves carry the metrics that scikit-learn computes from the same rows. */
static void carry_scikit_learns_metrics(void **state)
{
    (void)state;
    struct cr_error err;
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("metrics.json");
    const json_t *cases = json_object_get(golden, "cases");
    assert_true(json_array_size(cases) >= 10);
    size_t c;
    json_t *one_case;
    json_array_foreach(cases, c, one_case)
    {
        CR_CLEANUP(cr_freep) double *pd = cr_golden_numbers(json_object_get(one_case, "pd"));
        CR_CLEANUP(cr_freep) double *y = cr_golden_numbers(json_object_get(one_case, "y"));
        size_t n = json_array_size(json_object_get(one_case, "pd"));
        const json_t *expected = json_object_get(one_case, "expected");
        CR_CLEANUP(cr_curves_finish) struct cr_curves curves = {0};
        cr_assert_ok(cr_curves_make(pd, y, n, 100000, &curves, &err), &err);
        cr_assert_close(area(&curves.roc), json_number_value(json_object_get(expected, "auc_roc")),
                        1e-12);
        cr_assert_close(average_precision(&curves.precision_recall),
                        json_number_value(json_object_get(expected, "auc_pr")), 1e-12);
        double ks = 0;
        for (size_t i = 0; i < curves.roc.n; i++) {
            ks = fmax(ks, curves.roc.points[i].y - curves.roc.points[i].x);
        }
        cr_assert_close(ks, json_number_value(json_object_get(expected, "ks")), 1e-12);
        cr_assert_close(calibration_error(curves.calibration, n),
                        json_number_value(json_object_get(expected, "ece")), 1e-12);
        cr_assert_close(curves.lift[CR_CURVES_BINS - 1].share, 1, 1e-15);
        cr_assert_close(curves.lift[CR_CURVES_BINS - 1].captured, 1, 1e-15);
    }
}

static void assert_point(const struct cr_curve *curve, size_t i, double x, double y)
{
    cr_assert_same(curve->points[i].x, x);
    cr_assert_same(curve->points[i].y, y);
}

/* Scores .8 (bad), .5 (bad, good), .2 (good), worked by hand. */
static void small_case_by_hand(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {.5, .2, .8, .5};
    const double y[] = {0, 0, 1, 1};
    CR_CLEANUP(cr_curves_finish) struct cr_curves curves = {0};
    cr_assert_ok(cr_curves_make(pd, y, 4, 201, &curves, &err), &err);
    assert_int_equal(curves.roc.n, 4);
    assert_int_equal(curves.precision_recall.n, 4);
    const double roc[4][2] = {{0, 0}, {0, .5}, {.5, 1}, {1, 1}};
    const double pr[4][2] = {{0, 1}, {.5, 1}, {1, 2. / 3}, {1, .5}};
    for (size_t i = 0; i < 4; i++) {
        assert_point(&curves.roc, i, roc[i][0], roc[i][1]);
        assert_point(&curves.precision_recall, i, pr[i][0], pr[i][1]);
    }
    cr_assert_same(curves.calibration[0].mean_pd, .2);
    cr_assert_same(curves.calibration[1].default_rate, 0); /* the tie: its good row comes first */
    cr_assert_same(curves.calibration[2].default_rate, 1);
    assert_int_equal(curves.calibration[4].n, 0);
    assert_true(isnan(curves.calibration[4].mean_pd) && isnan(curves.lift[4].lift));
    const double captured[] = {.5, .5, 1, 1, 1};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_same(curves.lift[i].share, (double)(i + 1) / 4);
        cr_assert_same(curves.lift[i].captured, captured[i]);
    }
    cr_assert_same(curves.lift[0].lift, 2);
    cr_assert_same(curves.lift[3].lift, 0);
}

static void long_curves_are_thinned_evenly(void **state)
{
    (void)state;
    enum { N = 5000, MAX = 201 };
    struct cr_error err;
    struct cr_rng rng;
    cr_rng_init(&rng, 3, 1);
    CR_CLEANUP(cr_freep) double *pd = calloc(N, sizeof *pd);
    CR_CLEANUP(cr_freep) double *y = calloc(N, sizeof *y);
    assert_true(pd != NULL && y != NULL);
    for (size_t i = 0; i < N; i++) {
        pd[i] = cr_rng_uniform(&rng);
        y[i] = cr_rng_uniform(&rng) < pd[i];
    }
    CR_CLEANUP(cr_curves_finish) struct cr_curves full = {0};
    CR_CLEANUP(cr_curves_finish) struct cr_curves thin = {0};
    cr_assert_ok(cr_curves_make(pd, y, N, N + 1, &full, &err), &err);
    cr_assert_ok(cr_curves_make(pd, y, N, MAX, &thin, &err), &err);
    assert_int_equal(full.roc.n, N + 1);
    assert_int_equal(thin.roc.n, MAX);
    for (size_t k = 0; k < MAX; k++) {
        const struct cr_curve_point *roc = &full.roc.points[k * N / (MAX - 1)];
        const struct cr_curve_point *pr = &full.precision_recall.points[k * N / (MAX - 1)];
        assert_point(&thin.roc, k, roc->x, roc->y);
        assert_point(&thin.precision_recall, k, pr->x, pr->y);
    }
    assert_point(&thin.roc, MAX - 1, 1, 1);
    assert_memory_equal(full.lift, thin.lift, sizeof full.lift);
    for (size_t bin = 0; bin < CR_CURVES_BINS; bin++) {
        assert_int_equal(thin.calibration[bin].n, N / CR_CURVES_BINS);
    }
}

static void need_both_outcomes(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {.1, .2};
    const double y[] = {0, 0};
    struct cr_curves curves = {0};
    assert_int_equal(cr_curves_make(pd, y, 2, 201, &curves, &err), CR_EINVAL);
    cr_curves_finish(&curves);
    cr_curves_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carry_scikit_learns_metrics),
        cmocka_unit_test(small_case_by_hand),
        cmocka_unit_test(long_curves_are_thinned_evenly),
        cmocka_unit_test(need_both_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
