// SPDX-License-Identifier: MIT
#include "creditrisk/decision/threshold.h"

#include <math.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { MAX_ROWS = 400, N_POINTS = 91 };

static struct cr_policy policy_with(double false_negative, double lgd, double false_positive)
{
    return (struct cr_policy){
        .costs = {.false_negative = false_negative, .lgd = lgd, .false_positive = false_positive},
        .threshold_from = 0.05,
        .threshold_to = 0.95,
        .threshold_step = 0.01,
    };
}

/* Random rows; PDs are often exactly on a threshold. */
struct sample {
    double pd[MAX_ROWS];
    double y[MAX_ROWS];
    double amount[MAX_ROWS];
    struct cr_threshold_rows rows;
};

static void fill_sample(struct sample *sample, struct cr_rng *rng, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double pd = cr_rng_uniform(rng);

        sample->pd[i] = cr_rng_below(rng, 2) == 0 ? pd : round(100.0 * pd) / 100.0;
        sample->y[i] = cr_rng_uniform(rng) < sample->pd[i] ? 1.0 : 0.0;
        sample->amount[i] = round(100.0 * cr_rng_between(rng, 10000.0, 5e7)) / 100.0;
    }
    sample->rows = (struct cr_threshold_rows){sample->pd, sample->y, sample->amount, n};
}

/* The definition, one threshold at a time. */
static int64_t plain_cost(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                          double threshold)
{
    int64_t cost = 0;

    for (size_t i = 0; i < rows->n; i++) {
        if (rows->pd[i] >= threshold && rows->y[i] == 0.0) {
            cost += llround(100.0 * costs->false_positive);
        }
        if (rows->pd[i] < threshold && rows->y[i] == 1.0) {
            cost += isnan(costs->lgd) ? llround(100.0 * costs->false_negative)
                                      : llround(100.0 * costs->lgd * rows->amount[i]);
        }
    }
    return cost;
}

static void assert_point(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                         const struct cr_threshold_point *point)
{
    size_t tp = 0, fp = 0, tn = 0, fn = 0;
    double precision, recall;

    for (size_t i = 0; i < rows->n; i++) {
        if (rows->pd[i] >= point->threshold) {
            *(rows->y[i] == 1.0 ? &tp : &fp) += 1;
        } else {
            *(rows->y[i] == 1.0 ? &fn : &tn) += 1;
        }
    }
    assert_int_equal(point->tp, tp);
    assert_int_equal(point->fp, fp);
    assert_int_equal(point->tn, tn);
    assert_int_equal(point->fn, fn);
    assert_true(point->cost == plain_cost(rows, costs, point->threshold));
    precision = tp + fp > 0 ? (double)tp / (double)(tp + fp) : 0.0;
    recall = tp + fn > 0 ? (double)tp / (double)(tp + fn) : 0.0;
    cr_assert_same(point->precision, precision);
    cr_assert_same(point->recall, recall);
    cr_assert_close(
        point->f1, precision + recall > 0.0 ? 2.0 * precision * recall / (precision + recall) : 0.0,
        1e-15);
}

static void sweep_and_check(const struct sample *sample, const struct cr_policy *policy)
{
    CR_CLEANUP(cr_freep) struct cr_threshold_point *points = NULL;
    const struct cr_threshold_point *best;
    struct cr_threshold_point single;
    struct cr_error err;
    size_t n = 0;

    cr_assert_ok(cr_threshold_sweep(&sample->rows, policy, &points, &n, &err), &err);
    assert_int_equal(n, N_POINTS);
    best = cr_threshold_best(points, n);
    for (size_t j = 0; j < n; j++) {
        cr_assert_same(points[j].threshold, (double)(j + 5) / 100.0);
        assert_point(&sample->rows, &policy->costs, &points[j]);
        cr_assert_ok(cr_threshold_evaluate(&sample->rows, &policy->costs, points[j].threshold,
                                           &single, &err),
                     &err);
        assert_memory_equal(&single, &points[j], sizeof(single));
        assert_true(best->cost <= points[j].cost);
        assert_true(best->cost < points[j].cost || best->threshold >= points[j].threshold);
    }
}

static void sweep_equals_the_definition(void **state)
{
    struct cr_policy constant = policy_with(100000.0, NAN, 10000.0);
    struct cr_policy odd = policy_with(1234.565, NAN, 999.99);
    struct cr_policy lgd = policy_with(NAN, 0.6, 10000.0);
    struct sample sample;
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 42, 1);
    for (size_t i = 0; i < 60; i++) {
        fill_sample(&sample, &rng, (size_t)cr_rng_below(&rng, MAX_ROWS + 1));
        sweep_and_check(&sample, &constant);
        sweep_and_check(&sample, &odd);
        sweep_and_check(&sample, &lgd);
    }
}

static void ties_go_to_the_largest_threshold(void **state)
{
    struct cr_policy policy = policy_with(100000.0, NAN, 10000.0);
    const double pd[] = {0.02, 0.30, 0.80}, y[] = {0.0, 0.0, 1.0};
    const struct cr_threshold_rows rows = {pd, y, NULL, 3};
    CR_CLEANUP(cr_freep) struct cr_threshold_point *points = NULL;
    const struct cr_threshold_point *best;
    struct cr_error err;
    size_t n = 0;

    (void)state;
    cr_assert_ok(cr_threshold_sweep(&rows, &policy, &points, &n, &err), &err);
    best = cr_threshold_best(points, n);
    cr_assert_same(best->threshold, 0.80); /* free from .31 to .80 */
    assert_true(best->cost == 0);
    assert_true(points[0].cost == 1000000); /* .05 declines one good payer: ₹10,000 */
    assert_true(points[n - 1].cost == 10000000);
}

static void steps_follow_the_policy(void **state)
{
    struct cr_policy policy = policy_with(100000.0, NAN, 50000.0);
    const struct cr_threshold_rows rows = {NULL, NULL, NULL, 0};
    CR_CLEANUP(cr_freep) struct cr_threshold_point *points = NULL;
    struct cr_error err;
    size_t n = 0;

    (void)state;
    policy.threshold_from = 0.1;
    policy.threshold_to = 0.68;
    policy.threshold_step = 0.05;
    cr_assert_ok(cr_threshold_sweep(&rows, &policy, &points, &n, &err), &err);
    assert_int_equal(n, 12);
    cr_assert_same(points[0].threshold, 0.1);
    cr_assert_same(points[n - 1].threshold, 0.65);
    cr_assert_same(cr_threshold_best(points, n)->threshold, 0.65);
}

static void closed_form_is_the_ratio(void **state)
{
    const struct cr_costs constant = {.false_negative = 1e5, .lgd = NAN, .false_positive = 1e4};
    const struct cr_costs lgd = {.false_negative = NAN, .lgd = 0.6, .false_positive = 1e4};

    (void)state;
    cr_assert_close(cr_threshold_closed_form(&constant), 1.0 / 11.0, 1e-16);
    assert_true(isnan(cr_threshold_closed_form(&lgd)));
}

/* As the sweep would round it. */
static void thresholds_are_whole_hundredths(void **state)
{
    static const struct {
        double from, to, step;
        const char *why; /* NULL: taken */
    } cases[] = {
        {0.05, 0.95, 0.01, NULL},
        {0.07, 0.29, 0.02, NULL},
        {0.055, 0.95, 0.01, "threshold.from '0.055' is not a whole number of hundredths"},
        {0.05, 0.955, 0.01, "threshold.to '0.955' is not a whole number of hundredths"},
        {0.05, 0.95, 0.001, "threshold.step '0.001' is not a whole number of hundredths"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_policy policy = policy_with(1e5, NAN, 2e4);
        struct cr_error err = {0};

        policy.threshold_from = cases[i].from;
        policy.threshold_to = cases[i].to;
        policy.threshold_step = cases[i].step;
        if (cases[i].why == NULL) {
            cr_assert_ok(cr_threshold_check_policy(&policy, &err), &err);
        } else {
            assert_int_equal(cr_threshold_check_policy(&policy, &err), CR_EINVAL);
            assert_ptr_equal(strstr(err.message, cases[i].why), err.message);
        }
    }
}

static void assert_refused(const struct cr_threshold_rows *rows, const struct cr_policy *policy,
                           const char *why)
{
    struct cr_threshold_point *points = NULL;
    struct cr_error err = {0};
    size_t n = 0;

    assert_int_equal(cr_threshold_sweep(rows, policy, &points, &n, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, why));
    assert_null(points);
}

static void bad_costs_and_rows_are_refused(void **state)
{
    const struct cr_policy good = policy_with(1e5, NAN, 1e4);
    const struct cr_policy zero = policy_with(1e5, NAN, 0.0);
    const struct cr_policy negative = policy_with(-1.0, NAN, 1e4);
    const struct cr_policy infinite = policy_with(INFINITY, NAN, 1e4);
    const struct cr_policy unset = policy_with(NAN, NAN, 1e4);
    const struct cr_policy no_loss = policy_with(NAN, 0.0, 1e4);
    const struct cr_policy lgd = policy_with(NAN, 0.6, 1e4);
    const struct cr_policy huge = policy_with(1e18, NAN, 1e17);
    const double pd[] = {0.5, 0.5}, y[] = {1.0, 0.0}, amount[] = {1e5, NAN};
    const double bad_amount[] = {-1.0, 0.0}, bad_pd[] = {0.5, NAN}, bad_y[] = {1.0, 2.0};

    (void)state;
    assert_refused(&(struct cr_threshold_rows){pd, y, NULL, 2}, &zero, "false positive '0'");
    assert_refused(&(struct cr_threshold_rows){pd, y, NULL, 2}, &negative, "false negative '-1'");
    assert_refused(&(struct cr_threshold_rows){pd, y, NULL, 2}, &infinite, "false negative 'inf'");
    assert_refused(&(struct cr_threshold_rows){pd, y, NULL, 2}, &unset, "false negative 'nan'");
    assert_refused(&(struct cr_threshold_rows){pd, y, amount, 2}, &no_loss, "default '0'");
    assert_refused(&(struct cr_threshold_rows){pd, y, NULL, 2}, &lgd, "needs the loans' amounts");
    assert_refused(&(struct cr_threshold_rows){pd, y, amount, 2}, &lgd, "of row 1");
    assert_refused(&(struct cr_threshold_rows){pd, y, bad_amount, 2}, &lgd, "of row 0");
    assert_refused(&(struct cr_threshold_rows){pd, y, NULL, 2}, &huge, "too large");
    assert_refused(&(struct cr_threshold_rows){bad_pd, y, NULL, 2}, &good, "PD 'nan' of row 1");
    assert_refused(&(struct cr_threshold_rows){pd, bad_y, NULL, 2}, &good, "outcome '2' of row 1");
}

static void ranges_that_cannot_be_swept_are_refused(void **state)
{
    const struct cr_threshold_rows rows = {NULL, NULL, NULL, 0};
    struct cr_policy policy = policy_with(1e6, NAN, 1e4);

    (void)state;
    assert_refused(&rows, &policy, "best threshold at 0.0099");
    policy = policy_with(1e4, NAN, 1e6);
    assert_refused(&rows, &policy, "best threshold at 0.9901");
    policy = policy_with(1e9, NAN, 1);
    assert_refused(&rows, &policy, "best threshold at 1e-09");
    policy = policy_with(1e5, NAN, 1e4);
    policy.threshold_from = 0.0;
    assert_refused(&rows, &policy, "no range");
    policy.threshold_from = 0.96;
    assert_refused(&rows, &policy, "no range");
    policy.threshold_from = 0.05;
    policy.threshold_step = 0.0;
    assert_refused(&rows, &policy, "no range");
    policy.threshold_step = NAN;
    assert_refused(&rows, &policy, "no range");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweep_equals_the_definition),
        cmocka_unit_test(ties_go_to_the_largest_threshold),
        cmocka_unit_test(steps_follow_the_policy),
        cmocka_unit_test(closed_form_is_the_ratio),
        cmocka_unit_test(thresholds_are_whole_hundredths),
        cmocka_unit_test(bad_costs_and_rows_are_refused),
        cmocka_unit_test(ranges_that_cannot_be_swept_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
