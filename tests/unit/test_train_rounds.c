// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <math.h>

#include "../../src/train/search.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { MAX_LOOKS = 60 };

/* Plays a series of AUCs, one every ten rounds; the round at which it is ended, 0 = never. */
static size_t play(const double *auc, size_t n, size_t patience)
{
    struct cr_rounds rounds = {.patience = patience};
    for (size_t i = 0; i < n; i++) {
        size_t n_rounds = 10 * (i + 1);
        if (cr_rounds_look(&rounds, n_rounds, auc[i])) {
            assert_int_equal(rounds.stopped_at, n_rounds);
            return n_rounds;
        }
        assert_int_equal(rounds.stopped_at, 0);
    }
    return 0;
}

static void patience_grows_as_the_rate_shrinks(void **state)
{
    (void)state;
    static const struct {
        double rate;
        size_t patience;
    } cases[] = {{1, 50},    {0.1, 50},   {0.05, 50},  {0.0401, 50}, {0.04, 50},
                 {0.03, 67}, {0.02, 100}, {0.01, 200}, {0.007, 286}, {1e-3, 2000}};
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        if (cr_rounds_patience(cases[i].rate) != cases[i].patience) {
            fail_msg("rate %g: %zu", cases[i].rate, cr_rounds_patience(cases[i].rate));
        }
    }
    assert_true(cr_rounds_patience(5e-324) > 1000000);
}

static void scripted_series_end_where_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double auc[12];
        size_t n;
        size_t patience;
        size_t stopped_at;
    } cases[] = {
        {"rises to the end", {.70, .71, .72, .73, .74, .75, .76, .77, .78}, 9, 50, 0},
        {"rises once, then falls", {.70, .69, .68, .67, .66, .65, .64}, 7, 50, 60},
        {"equal is no rise", {.70, .80, .80, .80, .80, .80, .80, .80}, 8, 50, 70},
        {"the smallest rise is one", {.7, .7, .7, .7, .7, .7 + 1.2e-16, .7, .7, .7}, 9, 50, 0},
        {"rises again in time",
         {.70, .69, .69, .69, .69, .71, .70, .70, .70, .70, .70, .70},
         12,
         50,
         110},
        {"rises again too late", {.70, .69, .69, .69, .69, .69, .99}, 7, 50, 60},
        {"more patience", {.70, .69, .69, .69, .69, .69, .69, .69, .69, .69, .69}, 11, 100, 110},
        {"a patience between two looks", {.70, .69, .69, .69, .69, .69, .69, .69}, 8, 55, 70},
        {"no patience means no end", {.70, .6, .6, .6, .6, .6, .6, .6, .6, .6, .6, .6}, 12, 0, 0},
        {"worse than a coin", {0, 0, 0, 0, 0, 0}, 6, 50, 50},
    };
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        size_t seen = play(cases[i].auc, cases[i].n, cases[i].patience);
        if (seen != cases[i].stopped_at) {
            fail_msg("%s: ended at %zu, not %zu", cases[i].what, seen, cases[i].stopped_at);
        }
    }
}

/* The long way: the first look k at which no look of the last `patience` rounds is above all those
 * before them. */
static size_t expect(const double *auc, size_t n, size_t patience)
{
    for (size_t k = 0; k < n; k++) {
        double before = 0;
        double lately = 0;
        for (size_t i = 0; i <= k; i++) {
            double *best = 10 * (k - i) < patience ? &lately : &before;
            *best = fmax(*best, auc[i]);
        }
        if (10 * (k + 1) >= patience && lately <= before) {
            return 10 * (k + 1);
        }
    }
    return 0;
}

static void any_series_ends_where_it_should(void **state)
{
    (void)state;
    struct cr_rng rng;
    size_t n_stopped = 0;
    size_t n_run = 0;
    cr_rng_init(&rng, 5, 0);
    for (size_t c = 0; c < 5000; c++) {
        double auc[MAX_LOOKS];
        size_t n = 1 + (size_t)cr_rng_below(&rng, MAX_LOOKS);
        size_t patience = 10 * (1 + (size_t)cr_rng_below(&rng, 30));
        double slope = cr_rng_uniform(&rng) / 10;
        for (size_t i = 0; i < n; i++) { /* coarse, so that some are equal */
            auc[i] = floor(20 * (0.5 + slope * (double)i + cr_rng_uniform(&rng))) / 200;
        }
        size_t expected = expect(auc, n, patience);
        size_t seen = play(auc, n, patience);
        if (seen != expected) {
            fail_msg("case %zu: %zu looks, patience %zu: ended at %zu, not %zu", c, n, patience,
                     seen, expected);
        }
        n_stopped += expected > 0;
        n_run += expected == 0;
    }
    assert_true(n_stopped > 1000 && n_run > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patience_grows_as_the_rate_shrinks),
        cmocka_unit_test(scripted_series_end_where_they_should),
        cmocka_unit_test(any_series_ends_where_it_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
