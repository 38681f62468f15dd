// SPDX-License-Identifier: MIT
#include "cr_golden.h"
#include "cr_test.h"

#include <jansson.h>
#include <math.h>

#include "creditrisk/train/metrics.h"
#include "creditrisk/train/run.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

static void equal_scikit_learn(void **state)
{
    (void)state;
    struct cr_error err;
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("metrics.json");
    size_t i;
    json_t *one_case;
    const json_t *cases = json_object_get(golden, "cases");
    assert_true(json_array_size(cases) >= 10);
    json_array_foreach(cases, i, one_case)
    {
        CR_CLEANUP(cr_freep) double *pd = cr_golden_numbers(json_object_get(one_case, "pd"));
        CR_CLEANUP(cr_freep) double *y = cr_golden_numbers(json_object_get(one_case, "y"));
        size_t n = json_array_size(json_object_get(one_case, "pd"));
        double threshold = json_number_value(json_object_get(one_case, "threshold"));
        struct cr_metrics metrics;
        cr_assert_ok(cr_metrics_compute(pd, y, n, threshold, &metrics, &err), &err);
        CR_CLEANUP(cr_json_decrefp) json_t *ours = cr_train_metrics_to_json(&metrics);
        const json_t *expected = json_object_get(one_case, "expected");
        assert_true(json_object_size(expected) == 10);
        const char *name;
        json_t *value;
        json_object_foreach((json_t *)expected, name, value)
        {
            double theirs = json_number_value(value);
            cr_assert_close(json_number_value(json_object_get(ours, name)), theirs,
                            1e-12 * fmax(1, fabs(theirs)));
        }
        double auc;
        cr_assert_ok(cr_metrics_auc(pd, y, n, &auc, &err), &err);
        cr_assert_same(auc, metrics.auc_roc);
        cr_assert_close(metrics.gini, 2 * auc - 1, 1e-15);
    }
}

static void need_both_outcomes(void **state)
{
    (void)state;
    struct cr_error err;
    struct cr_metrics metrics;
    double pd[] = {0.1, 0.2};
    double good[] = {0, 0};
    double bad[] = {1, 1};
    assert_int_equal(cr_metrics_compute(pd, good, 2, 0.5, &metrics, &err), CR_EINVAL);
    assert_int_equal(cr_metrics_compute(pd, bad, 2, 0.5, &metrics, &err), CR_EINVAL);
    assert_int_equal(cr_metrics_compute(pd, bad, 0, 0.5, &metrics, &err), CR_EINVAL);
}

/* All numbers are exact in a double. */
static void two_standard_errors_above_chance(void **state)
{
    (void)state;
    assert_false(cr_metrics_beats_chance(0.75, 0.125));
    assert_false(cr_metrics_beats_chance(nextafter(0.75, 0), 0.125));
    assert_true(cr_metrics_beats_chance(nextafter(0.75, 1), 0.125));
    assert_false(cr_metrics_beats_chance(0.5, 0));
    assert_true(cr_metrics_beats_chance(nextafter(0.5, 1), 0));
    assert_false(cr_metrics_beats_chance(0.25, 0.0625)); /* far below is no better */
    assert_false(cr_metrics_beats_chance(NAN, 0.125));
    assert_false(cr_metrics_beats_chance(0.75, NAN));
}

/* Three models over four folds; the means are .80, .81 and .82. */
static void champion_is_the_simplest_within_one_standard_error(void **state)
{
    (void)state;
    const size_t order[] = {0, 1, 2};
    const double clear[] = {.79, .80, .80, .81, .80, .81, .81, .82, .81, .82, .82, .83};
    assert_int_equal(cr_train_choose(clear, order, 3, 4), 2); /* constant differences: no doubt */
    const double noisy[] = {.90, .70, .86, .74, .80, .81, .81, .82, .81, .82, .82, .83};
    assert_int_equal(cr_train_choose(noisy, order, 3, 4), 0); /* mean gap .02, paired se .048 */
    const size_t reversed[] = {2, 1, 0};
    assert_int_equal(cr_train_choose(noisy, reversed, 3, 4), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_scikit_learn),
        cmocka_unit_test(need_both_outcomes),
        cmocka_unit_test(two_standard_errors_above_chance),
        cmocka_unit_test(champion_is_the_simplest_within_one_standard_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
