// SPDX-License-Identifier: MIT
/* Every application of a generated book, sent alone, gives what it gives in the batch. */
#include <inttypes.h>

#include "cr_batch.h"
#include "cr_reference.h"
#include "cr_test.h"
#include "creditrisk/book/generate.h"

enum { USUAL_LOANS = 6000, MIN_JSON = 1000 };

static const uint64_t seed = 7;

static void test_generated_book(void **state)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = cr_reference_portfolio();
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_reference_open();
    size_t n = cr_test_cases(USUAL_LOANS);
    struct cr_generate_options options = {
        .n_customers = n / 2 + 1, .n_loans = n, .seed = seed, .quiet = true};
    struct cr_generate_report report;
    struct cr_error err;
    size_t n_json;

    (void)state;
    print_message("seed %" PRIu64 "\n", seed);
    cr_assert_ok(cr_generate_book(db, portfolio, &options, &report, &err), &err);
    /* history may lie outside what a client may send */
    cr_assert_ok(cr_db_exec(db, "UPDATE customers SET age = 75 WHERE customer_id % 20 = 0", &err),
                 &err);
    n_json = cr_batch_compare(portfolio, db);
    assert_true(n_json >= MIN_JSON || cr_test_cases_chosen());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_generated_book, cr_batch_say_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
