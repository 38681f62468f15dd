// SPDX-License-Identifier: MIT
/* The rate limit, on a clock of the test's own. */
#include "cr_test.h"

#include "../../src/http/limit.h"

#include "creditrisk/util/rng.h"

#define SECOND INT64_C(1000000000)

enum { CASES = 300, ASKS = 200 };

static struct cr_limit *create(unsigned quota, unsigned window_s)
{
    struct cr_limit *limit;
    struct cr_error err;

    cr_assert_ok(cr_limit_create(quota, window_s, &limit, &err), &err);
    return limit;
}

static void test_quota(void **state)
{
    struct cr_limit *limit = create(3, 60);
    struct cr_limit_verdict verdict;
    char text[CR_LIMIT_TEXT_LEN];
    int64_t now = 5 * SECOND;

    (void)state;
    for (unsigned left = 3; left-- > 0;) {
        verdict = cr_limit_take(limit, "a", 1, now);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, left);
        assert_int_equal(verdict.full_in_s, (3 - left) * 20);
        assert_int_equal(verdict.retry_after_s, 0);
    }
    verdict = cr_limit_take(limit, "a", 1, now);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.retry_after_s, 20);
    cr_limit_state(&verdict, text);
    assert_string_equal(text, "\"default\";r=0;t=60");
    cr_limit_policy(limit, text);
    assert_string_equal(text, "\"default\";q=3;w=60");
    assert_true(cr_limit_take(limit, "b", 1, now).allowed); /* another client */

    /* waiting as long as it was told is enough, less is not */
    assert_false(cr_limit_take(limit, "a", 1, now + 20 * SECOND - 1).allowed);
    assert_true(cr_limit_take(limit, "a", 1, now + 20 * SECOND).allowed);
    assert_false(cr_limit_take(limit, "a", 1, now + 20 * SECOND).allowed);
    cr_limit_destroy(limit);
    cr_limit_destroy(NULL);
}

/* Against the bucket of the textbook, whose tokens are counted: tokens = min(quota, tokens + Δt ·
 * quota / window). */
static void test_textbook(void **state)
{
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 11, 0);
    for (size_t i = 0; i < CASES; i++) {
        unsigned quota = 1 + (unsigned)cr_rng_below(&rng, 50);
        unsigned window_s = 1 + (unsigned)cr_rng_below(&rng, 100);
        double rate = (double)quota / window_s;
        double tokens = quota;
        int64_t now = (int64_t)cr_rng_below(&rng, 1000) * SECOND;
        struct cr_limit *limit = create(quota, window_s);

        for (size_t j = 0; j < ASKS; j++) {
            int64_t step = (int64_t)(cr_rng_uniform(&rng) * 2 / rate * 1e9);
            struct cr_limit_verdict verdict;

            step = cr_rng_below(&rng, 3) == 0 ? 0 : step;
            now += step;
            tokens = tokens + (double)step / 1e9 * rate;
            tokens = tokens > quota ? quota : tokens;
            verdict = cr_limit_take(limit, "x", 1, now);
            if (tokens > 1 + 1e-4 || tokens < 1 - 1e-4) { /* else rounding decides */
                assert_int_equal(verdict.allowed, tokens >= 1);
            }
            tokens -= verdict.allowed;
            assert_true((double)verdict.remaining < tokens + 1e-3 &&
                        (double)verdict.remaining > tokens - 1 - 1e-3);
        }
        cr_limit_destroy(limit);
    }
}

/* A million other clients take no memory and no tokens of this one while it keeps asking. */
static void test_many_clients(void **state)
{
    struct cr_limit *limit = create(2, 3600);
    size_t n_allowed = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000000; i++) {
        assert_true(cr_limit_take(limit, &i, sizeof(i), 1 + i).allowed);
        if (i % 100 == 0) {
            n_allowed += cr_limit_take(limit, "steady", 6, 1 + i).allowed;
        }
    }
    assert_int_equal(n_allowed, 2);
    cr_limit_destroy(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_textbook),
        cmocka_unit_test(test_many_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
