// SPDX-License-Identifier: MIT
#include "creditrisk/decision/emi.h"

#include <math.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/num.h"

/* Fields of the record below. */
enum { AMOUNT, TERM, RATE, AGREED, N_FIELDS };

static struct cr_policy retail_policy(void)
{
    return (struct cr_policy){.instalment = {
                                  .amount = AMOUNT,
                                  .term_months = TERM,
                                  .annual_rate = RATE,
                                  .agreed = AGREED,
                                  .assumed_rate = 12.0,
                                  .rounding = CR_ROUND_HALF_UP,
                                  .decimals = 2,
                              }};
}

static struct cr_emi emi_for(const struct cr_policy *policy, double amount, double term,
                             double rate, double agreed)
{
    const struct cr_value values[N_FIELDS] = {{.number = amount, .text = NULL},
                                              {.number = term, .text = NULL},
                                              {.number = rate, .text = NULL},
                                              {.number = agreed, .text = NULL}};
    const struct cr_record record = {.values = values};

    return cr_emi_for(policy, &record);
}

static double cell(const struct cr_csv_row *row, size_t i)
{
    double number = NAN;

    assert_true(cr_num_parse(row->fields[i].text, row->fields[i].len, &number));
    return number;
}

/* One row of golden/emi.csv: principal, term, rate, instalment. */
static int check_golden(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    size_t *n = context;
    double formula;

    (void)err;
    assert_int_equal(row->n, 4);
    if (row->line > 1) {
        formula = cr_emi_formula(cell(row, 0), cell(row, 1), cell(row, 2));
        cr_assert_same(cr_emi_round(formula, CR_ROUND_HALF_UP, 2), cell(row, 3));
        (*n)++;
    }
    return 0;
}

static void every_golden_paisa_agrees(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("tests/golden/emi.csv");
    const struct cr_csv_options options = {.separator = ','};
    struct cr_error err;
    size_t n = 0;

    (void)state;
    cr_assert_ok(cr_csv_read(path, &options, check_golden, &n, &err), &err);
    assert_true(n >= 5000);
}

static void known_instalment(void **state)
{
    struct cr_policy policy = retail_policy();

    (void)state;
    cr_assert_same(emi_for(&policy, 500000, 36, 12, NAN).amount, 16607.15);
    cr_assert_same(emi_for(&policy, 120000, 12, 0, NAN).amount, 10000.0);
}

static void rate_then_agreed_then_assumed(void **state)
{
    struct cr_policy policy = retail_policy();
    struct cr_emi emi;

    (void)state;
    emi = emi_for(&policy, 500000, 36, 10, 20000);
    cr_assert_same(emi.amount, 16133.59);
    assert_false(emi.assumed_rate);

    emi = emi_for(&policy, 500000, 36, NAN, 20000.126);
    cr_assert_same(emi.amount, 20000.13);
    assert_false(emi.assumed_rate);

    emi = emi_for(&policy, 500000, 36, NAN, NAN);
    cr_assert_same(emi.amount, 16607.15);
    assert_true(emi.assumed_rate);
}

static void a_book_without_instalments_has_none(void **state)
{
    struct cr_policy policy = retail_policy();
    struct cr_policy no_rate = retail_policy();

    (void)state;
    policy.instalment.amount = -1;
    assert_true(isnan(emi_for(&policy, 500000, 36, 12, 20000).amount));
    assert_false(emi_for(&policy, 500000, 36, NAN, NAN).assumed_rate);

    no_rate.instalment.annual_rate = -1;
    no_rate.instalment.agreed = -1;
    assert_true(emi_for(&no_rate, 500000, 36, 10, 20000).assumed_rate);
    cr_assert_same(emi_for(&no_rate, 500000, 36, 10, 20000).amount, 16607.15);
}

static void an_unknown_loan_has_none(void **state)
{
    struct cr_policy policy = retail_policy();

    (void)state;
    assert_true(isnan(emi_for(&policy, NAN, 36, 12, NAN).amount));
    assert_true(isnan(emi_for(&policy, 500000, NAN, 12, NAN).amount));
    assert_true(isnan(emi_for(&policy, 500000, 0, NAN, NAN).amount));
    assert_false(emi_for(&policy, 500000, 0, NAN, NAN).assumed_rate);
}

static void halves_round_by_the_mode(void **state)
{
    (void)state;
    cr_assert_same(cr_emi_round(0.125, CR_ROUND_HALF_UP, 2), 0.13);
    cr_assert_same(cr_emi_round(0.125, CR_ROUND_HALF_EVEN, 2), 0.12);
    cr_assert_same(cr_emi_round(0.375, CR_ROUND_HALF_UP, 2), 0.38);
    cr_assert_same(cr_emi_round(0.375, CR_ROUND_HALF_EVEN, 2), 0.38);
    cr_assert_same(cr_emi_round(2.5, CR_ROUND_HALF_UP, 0), 3.0);
    cr_assert_same(cr_emi_round(2.5, CR_ROUND_HALF_EVEN, 0), 2.0);
    assert_true(isnan(cr_emi_round(NAN, CR_ROUND_HALF_UP, 2)));
    assert_true(isnan(cr_emi_round(NAN, CR_ROUND_HALF_EVEN, 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_paisa_agrees),
        cmocka_unit_test(known_instalment),
        cmocka_unit_test(rate_then_agreed_then_assumed),
        cmocka_unit_test(a_book_without_instalments_has_none),
        cmocka_unit_test(an_unknown_loan_has_none),
        cmocka_unit_test(halves_round_by_the_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
