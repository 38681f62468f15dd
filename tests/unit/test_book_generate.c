// SPDX-License-Identifier: MIT
/* The shares, means and bounds are those of the specification, worked out by hand; the tolerances
 * are about four standard errors of 5,000 customers and 10,000 loans. On both engines
 * (cr_engine.h), but for what was drawn: that is the same bytes on either, and looked at on SQLite.
 */
#include "cr_engine.h"

#include <math.h>

#include "creditrisk/book/generate.h"
#include "creditrisk/book/table.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"

static struct cr_portfolio *portfolio;
static struct cr_db *book; /* 5,000 customers, 10,000 loans, seed 42; read only */
static struct cr_generate_report book_report;

static int generate(struct cr_db *db, size_t n_customers, size_t n_loans, uint64_t seed,
                    enum cr_import_mode mode, struct cr_generate_report *ret_report,
                    struct cr_error *err)
{
    const struct cr_generate_options options = {
        .n_customers = n_customers, .n_loans = n_loans, .seed = seed, .mode = mode, .quiet = true};

    return cr_generate_book(db, portfolio, &options, ret_report, err);
}

/* A schema for each book that lives at the same time. */
static struct cr_db *new_book(const char *schema, size_t n_customers, size_t n_loans, uint64_t seed,
                              struct cr_generate_report *ret_report)
{
    struct cr_db *db = cr_engine_open_tables(schema);
    struct cr_error err;

    cr_assert_ok(generate(db, n_customers, n_loans, seed, CR_IMPORT_EMPTY, ret_report, &err), &err);
    return db;
}

static int make_book(void **state)
{
    CR_CLEANUP(cr_freep) char *retail = cr_test_path("config/portfolios/retail");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(retail, NULL, &portfolio, &err), &err);
    book = new_book("book", 5000, 10000, 42, &book_report);
    return 0;
}

static int free_book(void **state)
{
    (void)state;
    cr_db_close(book);
    cr_portfolio_destroy(portfolio);
    return 0;
}

struct expectation {
    const char *sql; /* an expression over the tables named behind FROM */
    double value;
    double tolerance;
};

static void assert_all(const struct expectation *items, size_t n)
{
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        char sql[1024];
        double value;

        (void)snprintf(sql, sizeof(sql), "SELECT %s", items[i].sql);
        value = cr_engine_number(book, sql);
        if (!(fabs(value - items[i].value) <= items[i].tolerance)) {
            print_error("%s = %.6g, not %g +- %g\n", items[i].sql, value, items[i].value,
                        items[i].tolerance);
            good = false;
        }
    }
    assert_true(good);
}

/* What must never be: each condition, over the tables before it, has no row. */
static void assert_never(const char *const *conditions, size_t n)
{
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        char sql[1024];
        double count;

        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", conditions[i]);
        count = cr_engine_number(book, sql);
        if (count != 0) {
            print_error("%g rows: %s\n", count, conditions[i]);
            good = false;
        }
    }
    assert_true(good);
}

#define ASSERT_ALL(items)   assert_all((items), CR_ARRAY_LEN(items))
#define ASSERT_NEVER(items) assert_never((items), CR_ARRAY_LEN(items))

/* ---- the same seed, the same bytes ---- */

static char *dump_file(const char *dir, const char *name, size_t *ret_len)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    struct cr_error err;
    char *data = NULL;

    cr_assert_ok(cr_fs_read(path, (size_t)64 << 20, &data, ret_len, &err), &err);
    return data;
}

/* Whether the two books have the same bytes in a table's file. */
static bool same_table(const char *dir, const char *other, const char *file)
{
    size_t len;
    size_t other_len;
    CR_CLEANUP(cr_freep) char *data = dump_file(dir, file, &len);
    CR_CLEANUP(cr_freep) char *other_data = dump_file(other, file, &other_len);

    assert_true(len > 1000);
    return len == other_len && memcmp(data, other_data, len) == 0;
}

static char *dump(struct cr_db *db)
{
    char *dir = cr_test_tempdir();
    struct cr_error err;

    cr_assert_ok(cr_table_dump_all(db, portfolio, dir, &err), &err);
    return dir;
}

static void test_same_seed(void **state)
{
    struct cr_generate_report report;
    CR_CLEANUP(cr_db_closep) struct cr_db *first = new_book("first", 500, 1000, 7, &report);
    CR_CLEANUP(cr_db_closep) struct cr_db *second = new_book("second", 500, 1000, 7, &report);
    CR_CLEANUP(cr_db_closep) struct cr_db *third = new_book("third", 500, 1000, 8, &report);
    CR_CLEANUP(cr_freep) char *first_dir = dump(first);
    CR_CLEANUP(cr_freep) char *second_dir = dump(second);
    CR_CLEANUP(cr_freep) char *third_dir = dump(third);

    (void)state;
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        assert_true(same_table(first_dir, second_dir, portfolio->tables[i].file));
        assert_false(same_table(first_dir, third_dir, portfolio->tables[i].file));
    }
    cr_assert_same(cr_engine_number(first, "SELECT sum(pd_true * loan_id) FROM synthetic_truth"),
                   cr_engine_number(second, "SELECT sum(pd_true * loan_id) FROM synthetic_truth"));
}

/* The bytes of golden/generate.sha256: 200 customers, 400 loans, seed 42, on every machine. */
static void test_recorded_bytes(void **state)
{
    struct cr_generate_report report;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = new_book("other", 200, 400, 42, &report);
    CR_CLEANUP(cr_freep) char *path = cr_test_path("tests/golden/generate.sha256");
    CR_CLEANUP(cr_freep) char *dir = dump(db);
    CR_CLEANUP(cr_freep) char *recorded = NULL;
    struct cr_error err;
    size_t len;

    (void)state;
    cr_assert_ok(cr_fs_read(path, 1 << 16, &recorded, &len, &err), &err);
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        const char *file = portfolio->tables[i].file;
        CR_CLEANUP(cr_freep) char *table = cr_fs_join(dir, file);
        CR_CLEANUP(cr_freep) char *line = NULL;
        char digest[CR_DIGEST_LEN];

        cr_assert_ok(cr_digest_file(table, digest, &err), &err);
        assert_true(asprintf(&line, "%s  %s\n", digest, file) > 0);
        if (strstr(recorded, line) == NULL) {
            fail_msg("%s is not the recorded one: its SHA-256 is %s", file, digest);
        }
    }
}

/* One table's draws do not disturb another's: more loans, the same customers and first loans. */
static void test_streams(void **state)
{
    struct cr_generate_report report;
    CR_CLEANUP(cr_db_closep) struct cr_db *few = new_book("few", 300, 100, 7, &report);
    CR_CLEANUP(cr_db_closep) struct cr_db *many = new_book("many", 300, 200, 7, &report);
    CR_CLEANUP(cr_freep) char *few_dir = dump(few);
    CR_CLEANUP(cr_freep) char *many_dir = dump(many);
    size_t len;
    size_t many_len;
    CR_CLEANUP(cr_freep) char *loans = dump_file(few_dir, "loan_applications.csv", &len);
    CR_CLEANUP(cr_freep) char *more = dump_file(many_dir, "loan_applications.csv", &many_len);

    (void)state;
    assert_true(same_table(few_dir, many_dir, "customers.csv"));
    assert_true(same_table(few_dir, many_dir, "credit_history.csv"));
    assert_true(many_len > len);
    assert_memory_equal(loans, more, len);
}

/* What generate writes, import reads back to the same bytes. */
static void test_round_trip(void **state)
{
    const struct cr_import_options options = {.strict = true, .quiet = true};
    CR_CLEANUP(cr_db_closep) struct cr_db *copy = cr_engine_open_tables("copy");
    CR_CLEANUP(cr_freep) char *dir = dump(book);
    CR_CLEANUP(cr_freep) char *copy_dir = NULL;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_import_book(copy, portfolio, dir, &options, NULL, NULL, &report, &err), &err);
    assert_int_equal(report.tables[3].n_rows, book_report.n_repayments);
    copy_dir = dump(copy);
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        assert_true(same_table(dir, copy_dir, portfolio->tables[i].file));
    }
}

/* ---- counts, modes, refusals ---- */

static void test_counts(void **state)
{
    static const struct expectation expected[] = {
        {"count(*) FROM customers", 5000, 0},
        {"count(*) FROM credit_history", 5000, 0},
        {"count(*) FROM loan_applications", 10000, 0},
        {"count(*) FROM synthetic_truth", 10000, 0},
        {"count(*) FROM repayment_history", 127500, 2500},
        {"max(customer_id) FROM customers", 5000, 0},
        /* loans per customer: Poisson with mean 2 */
        {"count(DISTINCT customer_id) / 5000.0 FROM loan_applications", .8647, .02},
        {"avg(n * n) FROM (SELECT count(*) AS n FROM loan_applications GROUP BY customer_id)"
         " AS loans",
         6.939, .4},
    };

    (void)state;
    ASSERT_ALL(expected);
    cr_assert_same(cr_engine_count_indexes(book), 3);
    cr_assert_same(
        cr_engine_number(book,
                         cr_engine_of("SELECT count(*) FROM pragma_foreign_key_check",
                                      "SELECT 5 - count(*) FROM pg_constraint WHERE contype = 'f'"
                                      " AND convalidated AND connamespace ="
                                      " CAST(current_schema() AS regnamespace)")),
        0);
    assert_int_equal(book_report.n_customers, 5000);
    assert_int_equal(book_report.n_loans, 10000);
    assert_true((double)book_report.n_repayments ==
                cr_engine_number(book, "SELECT count(*) FROM repayment_history"));
    cr_assert_same(
        book_report.default_rate,
        cr_engine_number(
            book, "SELECT avg(CASE WHEN is_default THEN 1.0 ELSE 0 END) FROM loan_applications"));
}

static void test_default_rate(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct cr_generate_report report;

        cr_db_close(new_book("other", 5000, 10000, seed, &report));
        cr_assert_close(report.default_rate, .31, .02);
    }
}

static void test_modes(void **state)
{
    struct cr_generate_report report;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = new_book("other", 20, 40, 1, &report);
    size_t n_repayments = report.n_repayments;
    struct cr_error err;

    (void)state;
    assert_int_equal(generate(db, 20, 40, 2, CR_IMPORT_EMPTY, &report, &err), CR_EINVAL);
    cr_assert_ok(generate(db, 20, 40, 1, CR_IMPORT_APPEND, &report, &err), &err);
    assert_int_equal(report.n_repayments, n_repayments);
    cr_assert_same(cr_engine_number(db, "SELECT max(customer_id) FROM customers"), 40);
    cr_assert_same(cr_engine_number(db, "SELECT max(loan_id) FROM loan_applications"), 80);
    cr_assert_same(
        cr_engine_number(db, "SELECT count(*) FROM loan_applications WHERE customer_id > 20"), 40);
    cr_assert_ok(generate(db, 30, 10, 1, CR_IMPORT_REPLACE, &report, &err), &err);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM customers"), 30);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM synthetic_truth"), 10);
    cr_assert_same(cr_engine_number(db, "SELECT min(loan_id) FROM loan_applications"), 1);
}

static void test_refusals(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_tables("other");
    const struct cr_generate_options options = {.n_customers = 1, .n_loans = 1, .quiet = true};
    struct cr_portfolio other = *portfolio;
    struct cr_generate_report report;
    struct cr_error err;

    (void)state;
    assert_int_equal(generate(db, 0, 1, 1, CR_IMPORT_EMPTY, &report, &err), CR_EINVAL);
    assert_int_equal(generate(db, 1, 100000001, 1, CR_IMPORT_EMPTY, &report, &err), CR_EINVAL);
    other.n_tables = 3;
    assert_int_equal(cr_generate_book(db, &other, &options, &report, &err), CR_EINVAL);
    assert_string_equal(err.message, "the generator fills table 'repayment_history', which"
                                     " portfolio 'retail' does not have");
    cr_assert_ok(cr_generate_book(db, portfolio, &options, &report, &err), &err);
}

/* ---- distributions: of the numbers drawn, and in SQLite's words ---- */

static void test_customers(void **state)
{
    static const struct expectation expected[] = {
        {"avg(age) FROM customers", 44.73, .6},
        {"avg(age * age) - avg(age) * avg(age) FROM customers", 9.77 * 9.77, 8},
        {"avg(gender = 'Male') FROM customers", .62, .03},
        {"avg(gender = 'Other') FROM customers", .02, .01},
        {"avg(marital_status = 'Single') FROM customers", .30, .03},
        {"avg(marital_status = 'Married') FROM customers", .55, .03},
        {"avg(marital_status = 'Divorced') FROM customers", .10, .02},
        {"avg(dependents) FROM customers WHERE marital_status = 'Married'", 1.80, .09},
        {"avg(dependents) FROM customers WHERE marital_status <> 'Married'", .40, .06},
        {"avg(employment_type = 'Salaried') FROM customers", .45, .03},
        {"avg(employment_type = 'Self-Employed') FROM customers", .20, .03},
        {"avg(employment_type = 'Business') FROM customers", .15, .02},
        {"avg(employment_type = 'Freelance') FROM customers", .12, .02},
        {"avg(education = 'Below Secondary') FROM customers WHERE education > ''", .12, .02},
        {"avg(education = 'Bachelor') FROM customers WHERE education > ''", .38, .03},
        {"avg(education = 'PhD') FROM customers WHERE education > ''", .04, .015},
        {"avg(city_tier = 1) FROM customers", .40, .03},
        {"avg(city_tier = 3) FROM customers", .25, .03},
        {"avg(phone_verified) FROM customers", .85, .02},
        {"avg(email_verified) FROM customers", .70, .03},
        /* medians bear the clipping: e^12.2 × 0.95 × 1.05 for the salaried, not unemployed */
        {"ln(annual_income) FROM customers WHERE education = 'Bachelor' AND employment_type ="
         " 'Salaried' ORDER BY annual_income LIMIT 1 OFFSET (SELECT count(*) / 2 FROM customers"
         " WHERE education = 'Bachelor' AND employment_type = 'Salaried')",
         12.2 + .0976, .15},
        {"avg(annual_income = 100000) FROM customers WHERE employment_type = 'Unemployed'", .55,
         .13},
        {"avg(years_employed) FROM customers WHERE employment_type = 'Salaried'", 6.5, .7},
    };
    static const char *const never[] = {
        "customers WHERE age NOT BETWEEN 22 AND 70",
        "customers WHERE annual_income NOT BETWEEN 1e5 AND 1e7",
        "customers WHERE annual_income % 1000 <> 0",
        "customers WHERE years_employed NOT BETWEEN 0 AND 40",
        "customers WHERE abs(10 * years_employed - round(10 * years_employed)) > 1e-9",
        "customers WHERE years_employed > 0 AND employment_type = 'Unemployed'",
    };

    (void)state;
    ASSERT_ALL(expected);
    ASSERT_NEVER(never);
    assert_true(cr_engine_number(book, "SELECT count(DISTINCT state) FROM customers") > 10);
}

static void test_bureau(void **state)
{
    static const struct expectation expected[] = {
        {"avg(credit_score) FROM credit_history", 600, 8},
        /* half of the percentile's 240 points between the richer and the poorer half */
        {"avg(CASE WHEN rich THEN credit_score END) - avg(CASE WHEN rich THEN NULL ELSE"
         " credit_score END) FROM (SELECT credit_score, percent_rank() OVER (ORDER BY"
         " annual_income) > .5 AS rich FROM credit_history JOIN customers USING (customer_id))",
         120, 15},
        {"avg(total_accounts) FROM credit_history", 44.73 / 12 - .5 + 2, .2},
        {"sum(active_accounts) * 1.0 / sum(total_accounts) FROM credit_history", .5, .02},
        {"avg(enquiries_last_12m - enquiries_last_6m) FROM credit_history", 1, .07},
        {"avg(credit_history_length_months / ((age - 18) * 12.0)) FROM credit_history JOIN"
         " customers USING (customer_id)",
         .6, .02},
        {"avg(total_credit_limit / annual_income) FROM credit_history JOIN customers USING"
         " (customer_id) WHERE annual_income BETWEEN 2e5 AND 1.5e6",
         1.75, .06},
        {"sum(overdue_60_count) * 1.0 / sum(overdue_30_count) FROM credit_history", 1.2 / 2.5, .05},
        {"sum(overdue_90_count) * 1.0 / sum(overdue_30_count) FROM credit_history", .5 / 2.5, .03},
        {"avg(overdue_30_count) FROM credit_history WHERE credit_score BETWEEN 590 AND 610",
         2.5 * .31, .25},
        {"avg(current_balance / total_credit_limit) FROM credit_history WHERE credit_score"
         " BETWEEN 590 AND 610",
         .45, .05},
    };
    static const char *const never[] = {
        "credit_history WHERE total_accounts <> active_accounts + closed_accounts",
        "credit_history WHERE current_balance > total_credit_limit",
        "credit_history WHERE total_credit_limit NOT BETWEEN 5e4 AND 5e6",
        "credit_history WHERE enquiries_last_12m < enquiries_last_6m",
        /* nobody is younger than 22, so that no history is shorter than .3 × 48 months */
        "credit_history WHERE credit_history_length_months NOT BETWEEN 14 AND 480",
        "credit_history WHERE pull_date IS NOT NULL",
    };

    (void)state;
    ASSERT_ALL(expected);
    ASSERT_NEVER(never);
}

static void test_missing(void **state)
{
    static const struct expectation expected[] = {
        {"avg(years_employed IS NULL) FROM customers WHERE employment_type IN"
         " ('Self-Employed', 'Freelance')",
         .15, .04},
        {"avg(education IS NULL) FROM customers", .03, .01},
        {"avg(credit_score IS NULL) FROM credit_history", .03, .01},
        {"avg(enquiries_last_6m IS NULL) FROM credit_history", .05, .013},
        {"avg(enquiries_last_12m IS NULL) FROM credit_history", .05, .013},
        {"avg(enquiries_last_6m IS NULL AND enquiries_last_12m IS NULL) FROM credit_history", .0025,
         .003},
        {"avg(interest_rate IS NULL) FROM loan_applications", .02, .006},
        {"avg(collateral_value IS NULL) FROM loan_applications WHERE is_secured", .08, .02},
    };
    static const char *const never[] = {
        "customers WHERE years_employed IS NULL AND employment_type NOT IN ('Self-Employed',"
        " 'Freelance')",
        "loan_applications WHERE collateral_value IS NULL AND NOT is_secured",
        "loan_applications WHERE is_default IS NULL",
    };

    (void)state;
    ASSERT_ALL(expected);
    ASSERT_NEVER(never);
}

static void test_loans(void **state)
{
    static const struct expectation expected[] = {
        {"avg(loan_type = 'Personal') FROM loan_applications", .30, .02},
        {"avg(loan_type = 'Home') FROM loan_applications", .15, .015},
        {"avg(loan_type = 'Auto') FROM loan_applications", .15, .015},
        {"avg(loan_type = 'Education') FROM loan_applications", .10, .013},
        {"avg(loan_type = 'Business') FROM loan_applications", .15, .015},
        {"avg(loan_type = 'Credit Card') FROM loan_applications", .10, .013},
        {"avg(loan_amount / annual_income) FROM loan_applications JOIN customers USING"
         " (customer_id) WHERE loan_type = 'Home'",
         5.5, .2},
        {"avg(loan_amount / annual_income) FROM loan_applications JOIN customers USING"
         " (customer_id) WHERE loan_type = 'Business'",
         3, .15},
        {"avg(interest_rate - (700 - credit_score) / 200.0) FROM loan_applications JOIN"
         " credit_history USING (customer_id) WHERE loan_type = 'Auto'",
         10, .15},
        {"avg(interest_rate - (700 - credit_score) / 200.0) FROM loan_applications JOIN"
         " credit_history USING (customer_id) WHERE loan_type = 'Personal'",
         17, .35},
        {"avg(collateral_value / loan_amount) FROM loan_applications WHERE is_secured", 1.25, .015},
        {"avg(julianday(application_date) - julianday('2020-01-01')) FROM loan_applications",
         2007 / 2., 25},
        {"avg(application_date < '2021-01-01') FROM loan_applications", 366 / 2008., .017},
        {"count(DISTINCT loan_purpose) FROM loan_applications", 14, 2},
    };
    static const char *const never[] = {
        "loan_applications WHERE loan_amount NOT BETWEEN 1e4 AND 5e7",
        "loan_applications WHERE loan_amount % 1000 <> 0",
        "loan_applications WHERE interest_rate NOT BETWEEN 5 AND 36",
        "loan_applications WHERE application_date NOT BETWEEN '2020-01-01' AND '2025-06-30'",
        "loan_applications WHERE is_secured <> (loan_type IN ('Home', 'Auto', 'Gold'))",
        "loan_applications WHERE NOT is_secured AND collateral_value <> 0",
        "loan_applications WHERE collateral_value NOT BETWEEN loan_amount AND 1.5 * loan_amount"
        " AND is_secured",
        "loan_applications WHERE loan_term_months NOT BETWEEN 120 AND 360 AND loan_type = 'Home'",
        "loan_applications WHERE loan_term_months NOT BETWEEN 36 AND 84 AND loan_type = 'Auto'",
        "loan_applications WHERE loan_term_months NOT BETWEEN 12 AND 60 AND loan_type IN"
        " ('Personal', 'Business')",
        "loan_applications WHERE loan_term_months NOT BETWEEN 36 AND 120 AND loan_type ="
        " 'Education'",
        "loan_applications WHERE loan_term_months NOT BETWEEN 3 AND 24 AND loan_type ="
        " 'Credit Card'",
        "loan_applications WHERE loan_term_months NOT BETWEEN 6 AND 24 AND loan_type = 'Gold'",
        "loan_applications WHERE is_default <> (status IN ('Defaulted', 'Written-Off'))",
        "loan_applications WHERE status NOT IN ('Active', 'Closed', 'Defaulted', 'Written-Off')",
        "loan_applications WHERE (status IN ('Closed', 'Written-Off')) <>"
        " (date(application_date, 'start of month', loan_term_months || ' months') < '2026-01-01')",
    };

    (void)state;
    ASSERT_ALL(expected);
    ASSERT_NEVER(never);
}

static void test_instalments_of_loans(void **state)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *loans = NULL;
    struct cr_error err;
    bool row;
    size_t n = 0;

    (void)state;
    cr_assert_ok(cr_db_prepare(book,
                               "SELECT loan_amount, interest_rate, loan_term_months, emi_amount"
                               " FROM loan_applications WHERE interest_rate IS NOT NULL",
                               NULL, &loans, &err),
                 &err);
    while (cr_stmt_step(loans, &row, &err) == 0 && row) {
        double r = cr_stmt_number(loans, 1) / 1200;
        double growth = pow(1 + r, cr_stmt_number(loans, 2));
        double emi = cr_stmt_number(loans, 0) * r * growth / (growth - 1);

        cr_assert_close(cr_stmt_number(loans, 3), emi, .00500001);
        n++;
    }
    assert_true(n > 9000);
}

static void test_repayments(void **state)
{
    static const struct expectation expected[] = {
        {"avg(payment_method = 'Auto-Debit') FROM repayment_history", .35, .01},
        {"avg(payment_method = 'UPI') FROM repayment_history", .25, .01},
        {"avg(payment_method = 'Other') FROM repayment_history", .05, .005},
        /* of paid ones: 3 + floor(Exp(20)), cut at 180 */
        {"avg(days_past_due) FROM repayment_history WHERE is_late AND payment_date > ''", 22.5, .6},
        {"avg(amount_paid / amount_due) FROM repayment_history WHERE days_past_due = 0", 1, .002},
        {"avg(amount_paid / amount_due) FROM repayment_history WHERE days_past_due BETWEEN 1 AND 90"
         " AND payment_date > ''",
         .9, .003},
        {"avg(amount_paid / amount_due) FROM repayment_history WHERE days_past_due > 90 AND"
         " payment_date > ''",
         .55, .03},
        {"min(n) FROM (SELECT count(*) AS n FROM repayment_history JOIN loan_applications USING"
         " (loan_id) WHERE application_date < '2023-01-01' GROUP BY loan_id)",
         3, 0},
        {"max(installment_number) FROM repayment_history", 24, 0},
        {"avg(n) FROM (SELECT count(*) AS n FROM repayment_history JOIN loan_applications USING"
         " (loan_id) WHERE application_date < '2023-01-01' AND loan_term_months >= 24"
         " GROUP BY loan_id)",
         15, .4},
    };
    static const char *const never[] = {
        "repayment_history WHERE due_date > '2025-12-31'",
        "repayment_history WHERE substr(due_date, 9) > '28'",
        "repayment_history JOIN loan_applications USING (loan_id) WHERE due_date <>"
        " substr(date(application_date, 'start of month', installment_number || ' months'), 1, 8)"
        " || CASE WHEN substr(application_date, 9) > '28' THEN '28' ELSE"
        " substr(application_date, 9) END",
        "repayment_history WHERE payment_date <> date(due_date, days_past_due || ' days')",
        "repayment_history WHERE is_late <> (days_past_due > 0)",
        "repayment_history WHERE is_partial <> (amount_paid < .95 * amount_due)",
        "repayment_history WHERE days_past_due > 180 OR days_past_due IN (1, 2) AND"
        " payment_date > ''",
        "repayment_history WHERE payment_date IS NULL AND (amount_paid <> 0 OR days_past_due <>"
        " min(180, julianday('2025-12-31') - julianday(due_date)))",
        "repayment_history JOIN loan_applications USING (loan_id) WHERE payment_date IS NULL AND"
        " NOT is_default",
        "repayment_history r JOIN loan_applications l USING (loan_id) WHERE amount_due <> "
        "emi_amount"
        " OR r.customer_id <> l.customer_id OR outstanding_balance < 0",
        "(SELECT loan_id, max(installment_number) AS n, count(*) AS m FROM repayment_history"
        " GROUP BY loan_id) WHERE n <> m",
        /* a loan that stopped paying does not start again */
        "repayment_history a JOIN repayment_history b USING (loan_id) WHERE a.payment_date IS NULL"
        " AND b.payment_date > '' AND b.installment_number > a.installment_number",
    };

    (void)state;
    ASSERT_ALL(expected);
    ASSERT_NEVER(never);
}

/* The probabilities are those that the outcomes were drawn from, and the trait is between them. */
static void test_truth(void **state)
{
    static const struct expectation expected[] = {
        {"avg(pd_true) - avg(is_default) FROM synthetic_truth JOIN loan_applications USING"
         " (loan_id)",
         0, .015},
        /* the most that an application's fields can give: AUC, from the ranks of the probabilities
         */
        {"(sum(rank * is_default) - sum(is_default) * (sum(is_default) + 1) / 2.0) /"
         " (1.0 * sum(is_default) * sum(1 - is_default)) FROM (SELECT is_default, row_number() OVER"
         " (ORDER BY pd_application) AS rank FROM synthetic_truth JOIN loan_applications USING"
         " (loan_id))",
         .838, .02},
        {"avg(pd_true - is_default) FROM synthetic_truth JOIN loan_applications USING (loan_id)"
         " WHERE pd_true BETWEEN .4 AND .6",
         0, .06},
        {"avg(u) FROM (SELECT ln(pd_attainable / (1 - pd_attainable)) - ln(pd_application /"
         " (1 - pd_application)) AS u FROM synthetic_truth WHERE pd_application BETWEEN .01 AND .99"
         " AND pd_attainable BETWEEN .001 AND .999)",
         0, .08},
        {"sqrt(avg(u * u)) FROM (SELECT ln(pd_attainable / (1 - pd_attainable)) -"
         " ln(pd_application / (1 - pd_application)) AS u FROM synthetic_truth WHERE"
         " pd_application BETWEEN .05 AND .95)",
         1.25, .06},
        /* noise: sd² = 0.3² + 0.1 */
        {"sqrt(avg(u * u)) FROM (SELECT ln(pd_true / (1 - pd_true)) - ln(pd_attainable /"
         " (1 - pd_attainable)) AS u FROM synthetic_truth WHERE pd_attainable BETWEEN .05 AND .95)",
         .4359, .02},
    };
    static const char *const never[] = {
        "synthetic_truth WHERE abs(pd_true - round(pd_true, 6)) > 1e-12",
        "synthetic_truth WHERE abs(pd_attainable - round(pd_attainable, 6)) > 1e-12",
        "synthetic_truth WHERE abs(pd_application - round(pd_application, 6)) > 1e-12",
    };

    (void)state;
    ASSERT_ALL(expected);
    ASSERT_NEVER(never);
}

/* Only what the formula names moves the log-odds, by what it says: two loans of one customer differ
 * in dti and type alone. */
static void test_log_odds(void **state)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *loans = NULL;
    struct cr_error err;
    bool row;
    size_t n = 0;

    (void)state;
    cr_assert_ok(
        cr_db_prepare(
            book,
            "SELECT pd_application, credit_score, min(12 * emi_amount / annual_income, 1),"
            " annual_income, employment_type, years_employed, loan_type, overdue_30_count,"
            " overdue_90_count, age FROM synthetic_truth JOIN loan_applications USING (loan_id)"
            " JOIN customers USING (customer_id) JOIN credit_history USING (customer_id)"
            " WHERE credit_score > 0 AND years_employed >= 0 AND pd_application > .01",
            NULL, &loans, &err),
        &err);
    while (cr_stmt_step(loans, &row, &err) == 0 && row) {
        const char *work = cr_stmt_text(loans, 4);
        const char *type = cr_stmt_text(loans, 6);
        double p = cr_stmt_number(loans, 0);
        double e = strcmp(work, "Unemployed") == 0  ? 2
                   : strcmp(work, "Freelance") == 0 ? .8
                   : cr_stmt_number(loans, 5) < 1   ? .5
                                                    : 0;
        double t = strcmp(type, "Personal") == 0      ? .5
                   : strcmp(type, "Credit Card") == 0 ? .4
                   : strcmp(type, "Business") == 0    ? .3
                   : strcmp(type, "Home") == 0        ? -.3
                                                      : 0;
        double overdue = .12 * cr_stmt_number(loans, 7) + .25 * cr_stmt_number(loans, 8);
        double log_odds = -3.08 - 1.05 * (cr_stmt_number(loans, 1) - 600) / 150 +
                          .85 * (cr_stmt_number(loans, 2) - .3) / .15 -
                          .5 * (log(cr_stmt_number(loans, 3)) - 13) / 1.5 + .5 * e + .35 * t +
                          .45 * fmin(overdue, 1.5) - .15 * (cr_stmt_number(loans, 9) - 35) / 12;

        cr_assert_close(p, 1 / (1 + exp(-log_odds)), 5.1e-7);
        n++;
    }
    assert_true(n > 5000);
}

int main(void)
{
    const struct CMUnitTest on_both[] = {
        cmocka_unit_test(test_same_seed), cmocka_unit_test(test_recorded_bytes),
        cmocka_unit_test(test_streams),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_counts),    cmocka_unit_test(test_default_rate),
        cmocka_unit_test(test_modes),     cmocka_unit_test(test_refusals),
    };
    const struct CMUnitTest of_numbers[] = {
        cmocka_unit_test(test_customers),
        cmocka_unit_test(test_bureau),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_loans),
        cmocka_unit_test(test_instalments_of_loans),
        cmocka_unit_test(test_repayments),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_log_odds),
    };

    int failed = cmocka_run_group_tests(on_both, make_book, free_book);

    return cr_engine_server() != NULL
               ? failed
               : failed + cmocka_run_group_tests(of_numbers, make_book, free_book);
}
