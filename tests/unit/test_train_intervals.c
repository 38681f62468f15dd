// SPDX-License-Identifier: MIT
#include "cr_golden.h"
#include "cr_test.h"

#include <jansson.h>
#include <math.h>

#include "creditrisk/train/intervals.h"
#include "creditrisk/train/metrics.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { N_DRAWS = 20000, SEED = 5 };

static double member(const json_t *object, const char *key, size_t i)
{
    return json_number_value(json_array_get(json_object_get(object, key), i));
}

/* Monte-Carlo error of a 2.5 % quantile of 20,000 draws: .02 sd of the statistic, on both sides;
 * with ties the quantiles are coarse. */
static void check(const struct cr_intervals *ours, const json_t *golden)
{
    double tolerance_auc = 0.15 * member(golden, "sd", 0);
    double tolerance_ks = 0.15 * member(golden, "sd", 1);
    cr_assert_close(ours->auc_roc.low, member(golden, "auc", 0), tolerance_auc);
    cr_assert_close(ours->auc_roc.high, member(golden, "auc", 1), tolerance_auc);
    cr_assert_close(ours->ks.low, member(golden, "ks", 0), tolerance_ks);
    cr_assert_close(ours->ks.high, member(golden, "ks", 1), tolerance_ks);
}

static void agree_with_numpy(void **state)
{
    (void)state;
    struct cr_error err;
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("intervals.json");
    const json_t *cases = json_object_get(golden, "cases");
    assert_int_equal(json_array_size(cases), 3);
    size_t c;
    json_t *one_case;
    json_array_foreach(cases, c, one_case)
    {
        CR_CLEANUP(cr_freep) double *pd = cr_golden_numbers(json_object_get(one_case, "pd"));
        CR_CLEANUP(cr_freep) double *y = cr_golden_numbers(json_object_get(one_case, "y"));
        CR_CLEANUP(cr_freep)
        double *customer = cr_golden_numbers(json_object_get(one_case, "customer"));
        size_t n = json_array_size(json_object_get(one_case, "pd"));
        struct cr_intervals intervals;
        cr_assert_ok(cr_intervals_bootstrap(pd, y, NULL, n, N_DRAWS, SEED, &intervals, &err), &err);
        check(&intervals, json_object_get(one_case, "by_row"));
        cr_assert_ok(cr_intervals_bootstrap(pd, y, customer, n, N_DRAWS, SEED, &intervals, &err),
                     &err);
        check(&intervals, json_object_get(one_case, "by_customer"));
        const json_t *chance = json_object_get(one_case, "chance");
        double sd = json_number_value(json_object_get(chance, "sd"));
        double mean;
        double p99;
        cr_assert_ok(cr_intervals_expected_ece(pd, n, N_DRAWS, SEED, &mean, &p99, &err), &err);
        cr_assert_close(mean, json_number_value(json_object_get(chance, "mean")), 0.05 * sd);
        cr_assert_close(p99, json_number_value(json_object_get(chance, "p99")), 0.2 * sd);
    }
}

static void same_seed_same_interval(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {.9, .7, .7, .4, .3, .3, .2, .1, .1, .05};
    const double y[] = {1, 1, 0, 1, 0, 0, 1, 0, 0, 0};
    struct cr_intervals a;
    struct cr_intervals b;
    cr_assert_ok(cr_intervals_bootstrap(pd, y, NULL, 10, 200, 1, &a, &err), &err);
    cr_assert_ok(cr_intervals_bootstrap(pd, y, NULL, 10, 200, 1, &b, &err), &err);
    assert_memory_equal(&a, &b, sizeof a);
    cr_assert_ok(cr_intervals_bootstrap(pd, y, NULL, 10, 200, 2, &b, &err), &err);
    assert_memory_not_equal(&a, &b, sizeof a);
    struct cr_metrics metrics;
    cr_assert_ok(cr_metrics_compute(pd, y, 10, .5, &metrics, &err), &err);
    assert_true(a.auc_roc.low < metrics.auc_roc && metrics.auc_roc < a.auc_roc.high);
}

/* One customer is the whole sample: nothing can vary. */
static void one_customer_is_always_drawn_whole(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {.9, .2, .6, .1};
    const double y[] = {1, 1, 0, 0};
    const double customer[] = {7, 7, 7, 7};
    struct cr_intervals intervals;
    cr_assert_ok(cr_intervals_bootstrap(pd, y, customer, 4, 50, 1, &intervals, &err), &err);
    cr_assert_same(intervals.auc_roc.low, .75);
    cr_assert_same(intervals.auc_roc.high, .75);
    cr_assert_same(intervals.ks.low, .5);
    cr_assert_same(intervals.ks.high, .5);
}

/* Rows whose customer is not known count one by one. */
static void unknown_customers_are_rows(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {.9, .7, .7, .4, .3};
    const double y[] = {1, 0, 1, 1, 0};
    const double unknown[] = {NAN, NAN, NAN, NAN, NAN};
    struct cr_intervals a;
    struct cr_intervals b;
    cr_assert_ok(cr_intervals_bootstrap(pd, y, NULL, 5, 100, 1, &a, &err), &err);
    cr_assert_ok(cr_intervals_bootstrap(pd, y, unknown, 5, 100, 1, &b, &err), &err);
    assert_memory_equal(&a, &b, sizeof a);
}

static void need_both_outcomes(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {.1, .2};
    const double y[] = {1, 1};
    struct cr_intervals intervals;
    assert_int_equal(cr_intervals_bootstrap(pd, y, NULL, 2, 10, 1, &intervals, &err), CR_EINVAL);
}

/* Certain outcomes leave nothing to chance; fewer rows than bins are no problem. */
static void certain_outcomes(void **state)
{
    (void)state;
    struct cr_error err;
    const double pd[] = {0, 1, 1};
    double mean;
    double p99;
    cr_assert_ok(cr_intervals_expected_ece(pd, 3, 50, 1, &mean, &p99, &err), &err);
    cr_assert_same(mean, 0.0);
    cr_assert_same(p99, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agree_with_numpy),
        cmocka_unit_test(same_seed_same_interval),
        cmocka_unit_test(one_customer_is_always_drawn_whole),
        cmocka_unit_test(unknown_customers_are_rows),
        cmocka_unit_test(need_both_outcomes),
        cmocka_unit_test(certain_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
