// SPDX-License-Identifier: MIT
/* Raising the cost of a false negative never raises the threshold, raising that of a false positive
 * never lowers it. Both hold because ties go to the largest threshold; costs are drawn so that ties
 * are frequent. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/decision/threshold.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { MAX_ROWS = 60, USUAL_CASES = 2000 };

static const uint64_t seed = 20260131;

struct book {
    double pd[MAX_ROWS];
    double y[MAX_ROWS];
    double amount[MAX_ROWS];
    struct cr_threshold_rows rows;
};

static void draw_book(struct book *book, struct cr_rng *rng)
{
    size_t n = 1 + (size_t)cr_rng_below(rng, MAX_ROWS);
    uint64_t grid = 1 + cr_rng_below(rng, 100);
    double rate = cr_rng_uniform(rng);

    for (size_t i = 0; i < n; i++) {
        book->pd[i] = (double)cr_rng_below(rng, grid + 1) / (double)grid;
        book->y[i] = cr_rng_uniform(rng) < rate ? 1.0 : 0.0;
        book->amount[i] = 1000.0 * (double)(1 + cr_rng_below(rng, 500));
    }
    book->rows = (struct cr_threshold_rows){book->pd, book->y, book->amount, n};
}

static double best_threshold(const struct book *book, const struct cr_costs *costs)
{
    const struct cr_policy policy = {
        .costs = *costs, .threshold_from = 0.05, .threshold_to = 0.95, .threshold_step = 0.01};
    CR_CLEANUP(cr_freep) struct cr_threshold_point *points = NULL;
    struct cr_error err;
    size_t n = 0;

    cr_assert_ok(cr_threshold_sweep(&book->rows, &policy, &points, &n, &err), &err);
    return cr_threshold_best(points, n)->threshold;
}

/* Costs stay within a ratio of 19, whose closed forms lie in the swept range. */
static void check_case(size_t number, const struct book *book, struct cr_rng *rng)
{
    double low = (double)(1000 + 100 * cr_rng_below(rng, 50));
    double high = low + (double)(100 * cr_rng_below(rng, 100));
    double other = (double)(1000 + 100 * cr_rng_below(rng, 100));
    double at_low = best_threshold(book, &(struct cr_costs){low, NAN, other});
    double at_high = best_threshold(book, &(struct cr_costs){high, NAN, other});
    double by_low = best_threshold(book, &(struct cr_costs){other, NAN, low});
    double by_high = best_threshold(book, &(struct cr_costs){other, NAN, high});
    double lgd_low = best_threshold(book, &(struct cr_costs){NAN, 0.2, other});
    double lgd_high = best_threshold(book, &(struct cr_costs){NAN, 0.2 + high / 1e5, other});

    if (at_high > at_low || by_high < by_low || lgd_high > lgd_low) {
        fail_msg("seed %llu case %zu: costs %g, %g, %g give %g %g, %g %g, %g %g",
                 (unsigned long long)seed, number, low, high, other, at_low, at_high, by_low,
                 by_high, lgd_low, lgd_high);
    }
}

static void threshold_moves_with_costs(void **state)
{
    size_t n = cr_test_cases(USUAL_CASES);

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        struct cr_rng rng;
        struct book book;

        cr_rng_init(&rng, seed, i);
        draw_book(&book, &rng);
        check_case(i, &book, &rng);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threshold_moves_with_costs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
