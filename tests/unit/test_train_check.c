// SPDX-License-Identifier: MIT
/* A check cuts no book but a copy: while it extracts, others see all of the book and write to it.
 * Every extraction of the check is seen here (--wrap). */
#include "cr_reference.h"
#include "cr_test.h"

#include "creditrisk/book/generate.h"
#include "creditrisk/features/extract.h"
#include "creditrisk/train/check.h"

enum { N_CUSTOMERS = 100, N_LOANS = 300, N_CUTS = 3 };

int __real_cr_extract_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                           struct cr_extract *ret_extract, struct cr_error *err);
int __wrap_cr_extract_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                           struct cr_extract *ret_extract, struct cr_error *err);

static struct {
    const char *url;
    size_t n_extracts;
    size_t n_rows[1 + N_CUTS]; /* of the extracts */
} world;

static int64_t count(struct cr_db *db, const char *table)
{
    struct cr_error err;
    int64_t n = -1;

    cr_assert_ok(cr_db_count(db, table, &n, &err), &err);
    return n;
}

/* Somebody else, who would wait in vain if the check held the book. */
static void write_meanwhile(void)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *other = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_open(world.url, false, &other, &err), &err);
    assert_int_equal(count(other, "loan_applications"), N_LOANS);
    cr_assert_ok(cr_db_begin(other, &err), &err);
    cr_assert_ok(cr_db_exec(other, "UPDATE customers SET city_tier = city_tier", &err), &err);
    cr_assert_ok(cr_db_commit(other, &err), &err);
}

int __wrap_cr_extract_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                           struct cr_extract *ret_extract, struct cr_error *err)
{
    int result;

    write_meanwhile();
    result = __real_cr_extract_book(db, portfolio, ret_extract, err);
    assert_true(world.n_extracts < CR_ARRAY_LEN(world.n_rows));
    world.n_rows[world.n_extracts++] = result == 0 ? ret_extract->frame.n_rows : 0;
    return result;
}

static void on_fault(const char *fault, void *context)
{
    (void)context;
    fail_msg("%s", fault);
}

static void others_write_while_a_check_extracts(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *url = NULL;
    CR_CLEANUP(cr_freep) char *migrations = cr_test_path("migrations");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = cr_reference_portfolio();
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    const struct cr_generate_options options = {
        .n_customers = N_CUSTOMERS, .n_loans = N_LOANS, .seed = 5, .quiet = true};
    struct cr_generate_report generated;
    struct cr_migration_report migrated;
    struct cr_check_report report;
    struct cr_error err;

    (void)state;
    assert_true(asprintf(&url, "sqlite:%s/book.db", dir) > 0);
    world.url = url;
    cr_assert_ok(cr_db_open(url, true, &db, &err), &err);
    cr_assert_ok(cr_migrate_up(db, migrations, &migrated, &err), &err);
    cr_assert_ok(cr_generate_book(db, portfolio, &options, &generated, &err), &err);
    cr_assert_ok(cr_check_portfolio(db, portfolio, on_fault, NULL, &report, &err), &err);
    assert_int_equal(report.n_cuts, N_CUTS);
    assert_int_equal(world.n_extracts, 1 + N_CUTS);
    assert_int_equal(world.n_rows[0], N_LOANS);
    for (size_t i = 1; i <= N_CUTS; i++) { /* a later day has more applications, none has all */
        assert_true(world.n_rows[i] < N_LOANS);
        assert_true(world.n_rows[i] > (i == 1 ? 0 : world.n_rows[i - 1]));
    }
    assert_int_equal(count(db, "loan_applications"), N_LOANS); /* its own again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(others_write_while_a_check_extracts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
