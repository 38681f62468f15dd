// SPDX-License-Identifier: MIT
/* What each client holds, against plain arrays. */
#include "cr_test.h"

#include "../../src/http/tally.h"

#include "creditrisk/util/rng.h"

enum { CLIENTS = 40, CAPACITY = 25, MAX = 5, STEPS = 20000 };

static struct cr_address client(size_t i)
{
    return (struct cr_address){{(unsigned char)(i * 7), (unsigned char)i}};
}

static void test_counts(void **state)
{
    size_t counts[CLIENTS] = {0};
    size_t n_present = 0;
    size_t n_refused = 0;
    struct cr_tally *tally;
    struct cr_rng rng;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_tally_create(CAPACITY, MAX, &tally, &err), &err);
    cr_rng_init(&rng, 3, 0);
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = cr_rng_below(&rng, CLIENTS);
        size_t n = 1 + cr_rng_below(&rng, 3);
        struct cr_address address = client(i);

        if (cr_rng_below(&rng, 2) == 0) {
            bool room = counts[i] > 0 ? counts[i] + n <= MAX : n_present < CAPACITY;

            assert_int_equal(cr_tally_enter(tally, &address, n), room);
            n_present += room && counts[i] == 0;
            counts[i] += room ? n : 0;
            n_refused += !room;
        } else if (counts[i] >= n) {
            cr_tally_leave(tally, &address, n);
            counts[i] -= n;
            n_present -= counts[i] == 0;
        }
    }
    assert_true(n_refused > 100);
    assert_false(cr_tally_enter(tally, &(struct cr_address){{1}}, MAX + 1));
    assert_false(cr_tally_enter(tally, &(struct cr_address){{1}}, SIZE_MAX));
    cr_tally_destroy(tally);
    cr_tally_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
