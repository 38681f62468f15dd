// SPDX-License-Identifier: MIT
/* What speaks against an optimum, on rows whose costs are counted by hand. The choice itself, and
 * what is published, are tests/integration/threshold.py's. */
#include "creditrisk/train/choice.h"

#include <math.h>
#include <string.h>

#include "cr_test.h"
#include "creditrisk/train/rethreshold.h"
#include "creditrisk/util/cleanup.h"

/* A default that was granted and a good payer who was declined cost that much. */
static struct cr_portfolio portfolio_with(double false_negative, double false_positive)
{
    static const struct cr_band bands[] = {{.name = "any", .below = INFINITY}};
    return (struct cr_portfolio){
        .currency_symbol = "$",
        .currency_grouping = "thousands",
        .policy = {.costs = {false_negative, NAN, false_positive},
                   .threshold_from = 0.05,
                   .threshold_to = 0.95,
                   .threshold_step = 0.01,
                   .n_bands = CR_ARRAY_LEN(bands),
                   .bands = bands},
    };
}

/* caveat NULL = there is none. Only an optimum at the edge is refused. */
static void assert_caveat(struct cr_portfolio *portfolio, const struct cr_threshold_rows *rows,
                          const char *caveat, bool is_at_edge)
{
    struct cr_bundle bundle = {.portfolio = portfolio};
    struct cr_rethreshold seen = {.bundle = &bundle};
    struct cr_error err = {0};
    char text[CR_CHOICE_CAVEAT_LEN];

    cr_assert_ok(cr_choice_make(&portfolio->policy, rows, rows, &seen.choice, &err), &err);
    if (caveat == NULL) {
        assert_null(cr_choice_caveat(&seen.choice, portfolio, text));
    } else {
        assert_string_equal(cr_choice_caveat(&seen.choice, portfolio, text), caveat);
    }
    assert_int_equal(cr_choice_is_at_edge(&seen.choice), is_at_edge);
    assert_int_equal(cr_rethreshold_check_edge(&seen, &err), is_at_edge ? CR_EINVAL : 0);
    if (is_at_edge) {
        cr_assert_says(&err, caveat);
        cr_assert_says(&err, "before anything hangs on it");
    }
    cr_choice_finish(&seen.choice);
}

static void a_model_that_tells_apart_has_no_caveat(void **state)
{
    (void)state;
    static const double pd[] = {0.1, 0.2, 0.6, 0.7};
    static const double y[] = {0, 0, 1, 1};
    struct cr_portfolio portfolio = portfolio_with(100, 10);

    assert_caveat(&portfolio, &(struct cr_threshold_rows){pd, y, NULL, 4}, NULL, false);
}

static void an_optimum_no_better_than_a_rule_without_a_model_says_so(void **state)
{
    (void)state;
    static const double pd[] = {0.2, 0.3, 0.4, 0.5};
    static const double y[] = {1, 0, 1, 0};
    const struct cr_threshold_rows rows = {pd, y, NULL, 4};
    struct cr_portfolio declines = portfolio_with(10000, 1000.5);
    struct cr_portfolio approves = portfolio_with(10, 100);

    assert_caveat(
        &declines, &rows,
        "the best threshold, 0.20, is no better than declining everybody: on the out-of-fold rows "
        "it costs $2,001, declining everybody $2,001",
        false);
    assert_caveat(&approves, &rows,
                  "the best threshold, 0.95, is no better than approving everybody: on the "
                  "out-of-fold rows it costs $20, approving everybody $20",
                  false);
}

/* All are declined by every threshold, which is no edge: none beyond was seen to be cheaper. */
static void an_optimum_that_declines_everybody_is_held_against_that(void **state)
{
    (void)state;
    static const double pd[] = {0.96, 0.97, 0.98, 0.99};
    static const double y[] = {1, 1, 1, 0};
    struct cr_portfolio portfolio = portfolio_with(100000, 10000);

    assert_caveat(&portfolio, &(struct cr_threshold_rows){pd, y, NULL, 4},
                  "the best threshold, 0.95, is no better than declining everybody: on the "
                  "out-of-fold rows it costs $10,000, declining everybody $10,000",
                  false);
}

static void a_level_that_the_sweep_ends_is_no_edge(void **state)
{
    (void)state;
    static const double pd[] = {0.1, 0.2, 0.96, 0.97};
    static const double y[] = {0, 0, 1, 1};
    struct cr_portfolio portfolio = portfolio_with(100, 10);

    assert_caveat(&portfolio, &(struct cr_threshold_rows){pd, y, NULL, 4}, NULL, false);
}

static void an_optimum_at_the_edge_may_not_be_the_cheapest(void **state)
{
    (void)state;
    static const double low[] = {0.01, 0.05, 0.5};
    static const double high[] = {0.5, 0.94, 0.99};
    static const double y_low[] = {0, 1, 0};
    static const double y_high[] = {1, 0, 1};
    struct cr_portfolio declines = portfolio_with(100, 10);
    struct cr_portfolio approves = portfolio_with(10, 100);

    assert_caveat(
        &declines, &(struct cr_threshold_rows){low, y_low, NULL, 3},
        "the best threshold, 0.05, is the lowest that was swept and may not be the cheapest: "
        "on the out-of-fold rows it costs $10, declining everybody $20",
        true);
    assert_caveat(&approves, &(struct cr_threshold_rows){high, y_high, NULL, 3},
                  "the best threshold, 0.95, is the highest that was swept and may not be the "
                  "cheapest: on the out-of-fold rows it costs $10, approving everybody $20",
                  true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_that_tells_apart_has_no_caveat),
        cmocka_unit_test(an_optimum_no_better_than_a_rule_without_a_model_says_so),
        cmocka_unit_test(an_optimum_that_declines_everybody_is_held_against_that),
        cmocka_unit_test(a_level_that_the_sweep_ends_is_no_edge),
        cmocka_unit_test(an_optimum_at_the_edge_may_not_be_the_cheapest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
