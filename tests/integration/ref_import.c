// SPDX-License-Identifier: MIT
/* The reference system's four tables, as it wrote them, are imported whole. */
#include "cr_reference.h"
#include "cr_test.h"

static char *folder;

static void count_note(const char *note, void *context)
{
    (void)note;
    ++*(size_t *)context;
}

static void test_imports_whole(void **state)
{
    static const struct {
        const char *table;
        int64_t n_rows;
    } expected[] = {{"customers", 5000},
                    {"credit_history", 5000},
                    {"loan_applications", 10000},
                    {"repayment_history", 135457}};
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = cr_reference_portfolio();
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_reference_open();
    CR_CLEANUP(cr_freep) char *dir = cr_reference_unpack_tables(portfolio, folder);
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_import_options options = {.mode = CR_IMPORT_EMPTY, .strict = true, .quiet = true};
    struct cr_error err;
    size_t n_notes = 0;

    (void)state;
    cr_assert_ok(cr_import_book(db, portfolio, dir, &options, count_note, &n_notes, &report, &err),
                 &err);
    assert_int_equal(report.n_rejected, 0);
    assert_int_equal(portfolio->n_tables, CR_ARRAY_LEN(expected));
    for (size_t i = 0; i < CR_ARRAY_LEN(expected); i++) {
        int64_t n;

        cr_assert_ok(cr_db_count(db, expected[i].table, &n, &err), &err);
        assert_int_equal(n, expected[i].n_rows);
        assert_int_equal(report.tables[i].n_rows, expected[i].n_rows);
    }
    assert_int_equal(n_notes, 3); /* the files with columns that we do not know */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_imports_whole),
    };
    int failed;

    folder = cr_reference_folder_or_skip();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(folder);
    return failed;
}
