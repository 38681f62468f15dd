// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "../../src/http/budget.h"

#include "creditrisk/util/rng.h"

enum { TOTAL = 1000, CLIENTS = 6, STEPS = 20000 };

static struct cr_address client(size_t i)
{
    return (struct cr_address){{0x20, (unsigned char)(i + 1)}};
}

/* Against plain sums: no client beyond its share, all together not beyond the total. */
static void test_sums(void **state)
{
    size_t held[CLIENTS] = {0}, all = 0, n_share = 0, n_total = 0;
    struct cr_budget *budget;
    struct cr_error err;
    struct cr_rng rng;

    (void)state;
    cr_assert_ok(cr_budget_create(TOTAL, CLIENTS, &budget, &err), &err);
    assert_int_equal(cr_budget_share(budget), TOTAL / CR_BUDGET_SHARES);
    cr_rng_init(&rng, 5, 0);
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = cr_rng_below(&rng, CLIENTS), n = 1 + cr_rng_below(&rng, 120);
        struct cr_address address = client(i);

        if (cr_rng_below(&rng, 5) > 0) {
            bool in_share = held[i] + n <= TOTAL / CR_BUDGET_SHARES, in_total = all + n <= TOTAL;

            assert_int_equal(cr_budget_hold(budget, &address, n), in_share && in_total);
            held[i] += in_share && in_total ? n : 0;
            all += in_share && in_total ? n : 0;
            n_share += !in_share;
            n_total += in_share && !in_total;
        } else if (held[i] > 0) {
            cr_budget_release(budget, &address, held[i]);
            all -= held[i];
            held[i] = 0;
        }
    }
    assert_true(n_share > 100 && n_total > 100);
    cr_budget_destroy(budget);
    cr_budget_destroy(NULL);
}

/* Those behind a local socket cannot be told apart. */
static void test_local(void **state)
{
    const struct cr_address local = {{0}};
    struct cr_address other = client(0);
    struct cr_budget *budget;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_budget_create(TOTAL, CLIENTS, &budget, &err), &err);
    assert_true(cr_budget_hold(budget, &local, TOTAL - 1));
    assert_false(cr_budget_hold(budget, &local, 2));
    assert_false(cr_budget_hold(budget, &other, 2));
    assert_true(cr_budget_hold(budget, &other, 1)); /* what failed was given back */
    cr_budget_release(budget, &other, 1);
    cr_budget_release(budget, &local, TOTAL - 1);
    assert_false(cr_budget_hold(budget, &local, SIZE_MAX));
    assert_true(cr_budget_hold(budget, &local, TOTAL));
    cr_budget_destroy(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_local),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
