// SPDX-License-Identifier: MIT
#include "creditrisk/decision/policy.h"

#include <math.h>

#include "cr_test.h"

/* The retail book's bands. */
static const struct cr_band bands[] = {
    {.name = "Low Risk", .below = 0.4},
    {.name = "Medium Risk", .below = 1.0},
    {.name = "High Risk", .below = INFINITY},
};

static const struct cr_policy policy = {.n_bands = 3, .bands = bands};

static void assert_band(double threshold, double pd, const char *name)
{
    assert_string_equal(cr_policy_band(&policy, threshold, pd)->name, name);
}

static void bands_begin_at_their_edges(void **state)
{
    (void)state;
    for (int i = 1; i <= 99; i++) {
        double threshold = i / 100.0;
        double low = 0.4 * threshold;

        assert_band(threshold, 0.0, "Low Risk");
        assert_band(threshold, nextafter(low, 0.0), "Low Risk");
        assert_band(threshold, low, "Medium Risk");
        assert_band(threshold, nextafter(threshold, 0.0), "Medium Risk");
        assert_band(threshold, threshold, "High Risk");
        assert_band(threshold, 1.0, "High Risk");
    }
}

static void band_rises_with_pd(void **state)
{
    const struct cr_band *before = &bands[0];

    (void)state;
    for (int i = 0; i <= 10000; i++) {
        const struct cr_band *band = cr_policy_band(&policy, 0.11, i / 10000.0);

        assert_true(band >= before);
        before = band;
    }
    assert_ptr_equal(before, &bands[2]);
}

static void one_band_takes_all(void **state)
{
    const struct cr_policy single = {.n_bands = 1, .bands = &bands[2]};

    (void)state;
    assert_ptr_equal(cr_policy_band(&single, 0.5, 0.0), &bands[2]);
    assert_ptr_equal(cr_policy_band(&single, 0.5, 1.0), &bands[2]);
}

static void direction_is_the_sign(void **state)
{
    (void)state;
    assert_string_equal(cr_policy_direction(0.3), "increases_risk");
    assert_string_equal(cr_policy_direction(-0.3), "decreases_risk");
}

static void impact_is_the_display_scale(void **state)
{
    (void)state;
    cr_assert_same(cr_policy_impact(-2.0, 2.0), 100.0);
    cr_assert_same(cr_policy_impact(0.5, 2.0), 50.0);
    cr_assert_same(cr_policy_impact(-0.02, 2.0), 10.0);
    cr_assert_same(cr_policy_impact(0.0, 2.0), 0.0);
    cr_assert_same(cr_policy_impact(0.0, 0.0), 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_begin_at_their_edges),  cmocka_unit_test(band_rises_with_pd),
        cmocka_unit_test(one_band_takes_all),          cmocka_unit_test(direction_is_the_sign),
        cmocka_unit_test(impact_is_the_display_scale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
