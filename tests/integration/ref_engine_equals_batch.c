// SPDX-License-Identifier: MIT
/* Every application of the reference book, sent alone, gives what it gives in the batch. */
#include "cr_batch.h"
#include "cr_reference.h"
#include "cr_test.h"

enum { MIN_JSON = 1000 };

static char *folder;

static void test_reference_book(void **state)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = cr_reference_portfolio();
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_reference_book(portfolio, folder);

    (void)state;
    assert_true(cr_batch_compare(portfolio, db) >= MIN_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_reference_book, cr_batch_say_row),
    };
    int failed;

    folder = cr_reference_folder_or_skip();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(folder);
    return failed;
}
