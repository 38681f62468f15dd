// SPDX-License-Identifier: MIT
/* What an optimum at the edge of what was swept means. The choice itself, and what is published,
 * are tests/integration/threshold.py's. */
#include "creditrisk/train/rethreshold.h"

#include <string.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"

/* why NULL = it is none. */
static void assert_edge(double threshold, const char *why)
{
    struct cr_threshold_point sweep[] = {
        {.threshold = 0.05}, {.threshold = 0.5}, {.threshold = 0.95}};
    const struct cr_rethreshold seen = {
        .choice = {.threshold = threshold, .sweep = sweep, .n_sweep = CR_ARRAY_LEN(sweep)}};
    struct cr_error err = {0};
    int result = cr_rethreshold_check_edge(&seen, &err);

    if (why == NULL) {
        cr_assert_ok(result, &err);
        return;
    }
    assert_int_equal(result, CR_EINVAL);
    assert_non_null(strstr(err.message, why));
    assert_non_null(strstr(err.message, "before anything hangs on it")); /* not cut */
}

static void an_optimum_at_the_edge_says_what_lies_beyond(void **state)
{
    (void)state;
    assert_edge(0.05, "0.05 is the lowest threshold, and a cheaper one may lie below it, where "
                      "nearly everybody is declined ('decline all'");
    assert_edge(0.95, "0.95 is the highest threshold, and a cheaper one may lie above it, where "
                      "nearly everybody is approved ('approve all'");
    assert_edge(0.5, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_optimum_at_the_edge_says_what_lies_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
