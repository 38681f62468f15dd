// SPDX-License-Identifier: MIT
#include <math.h>

#include "cr_test.h"
#include "creditrisk/features/extract.h"
#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

/* The plan of the whole statement is judged, too: it is private to the layer. */
#include "../../src/features/relation.h"

/* A book of one table. Its name is that of the relation, which must not matter. */
static const char book[] =
    "CREATE TABLE application (id INTEGER PRIMARY KEY, person TEXT, day TEXT, age INTEGER,"
    "                          income REAL, grade TEXT, owner INTEGER, bad INTEGER);"
    "INSERT INTO application VALUES"
    " (3, 'p1', '2020-01-03', 21, 0.1, 'A', 1, 0),"
    " (1, 'p2', '2020-01-01', 30, 9e999, 'B', 0, 1),"
    " (2, NULL, '2020-01-02', NULL, NULL, NULL, NULL, 1),"
    " (4, 'p1', '2020-01-04', 7, -2.5, 'Z', 1, 0);";

static const char *const grades[] = {"A", "B", "C"};

static const struct cr_field fields[] = {
    {.name = "age", .type = CR_INT, .example = {30, NULL}},
    {.name = "income", .type = CR_NUMBER, .example = {1000, NULL}},
    {.name = "grade", .type = CR_ENUM, .levels = {3, grades, 0, NULL, NULL}, .example = {NAN, "B"}},
    {.name = "owner", .type = CR_BOOL, .example = {1, NULL}},
    {.name = "day", .type = CR_DATE, .example = {NAN, "2020-02-29"}},
};

enum { AGE, INCOME, GRADE, OWNER, DAY, N_FIELDS };

static const struct cr_feature features[] = {
    {.name = "half_age", .kind = CR_NUMERIC},
    {.name = "grade", .kind = CR_NOMINAL, .levels = {3, grades, 0, NULL, NULL}},
    {.name = "is_early", .kind = CR_FLAG},
};

enum { HALF_AGE, GRADE_COLUMN, IS_EARLY, N_FEATURES };

static const char features_sql[] =
    "SELECT row_id, age / 2 AS half_age, grade,\n"
    "       CASE WHEN day < '2020-01-03' THEN owner ELSE 1e300 * 1e300 END AS is_early\n"
    "FROM application -- the end";

static const char training_sql[] =
    "SELECT id, person, day, age, income, grade, owner, bad, 1 AS more\n"
    "FROM application ORDER BY id DESC -- the end";

static struct cr_portfolio_file files[3];

static struct cr_portfolio portfolio_of(const char *training, const char *text)
{
    files[0] = (struct cr_portfolio_file){"training.sql", training, strlen(training)};
    files[1] = (struct cr_portfolio_file){"features.sql", text, strlen(text)};
    return (struct cr_portfolio){
        .name = "small",
        .outcome = "bad",
        .key_row = "id",
        .key_customer = "person",
        .key_date = "day", /* a key that is a field, too */
        .n_fields = N_FIELDS,
        .fields = fields,
        .n_features = N_FEATURES,
        .features = features,
        .n_files = 2,
        .files = files,
    };
}

static struct cr_db *open_book(void)
{
    struct cr_db *db = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_open("sqlite::memory:", true, &db, &err), &err);
    cr_assert_ok(cr_db_exec(db, book, &err), &err);
    return db;
}

static void test_columns_and_rows(void **state)
{
    static const char *const names[] = {"id",    "person", "day", "bad",      "age",   "income",
                                        "grade", "owner",  "day", "half_age", "grade", "is_early"};
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();
    struct cr_portfolio portfolio = portfolio_of(training_sql, features_sql);
    CR_CLEANUP(cr_extract_finish) struct cr_extract x = {0};
    struct cr_value row[N_FEATURES];
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_extract_book(db, &portfolio, &x, &err), &err);
    assert_int_equal(x.frame.n_rows, 4);
    assert_int_equal(x.frame.n_cols, CR_ARRAY_LEN(names));
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        assert_string_equal(x.frame.columns[i].name, names[i]);
    }
    assert_int_equal(x.col_row, 0);
    assert_int_equal(x.col_customer, 1);
    assert_int_equal(x.col_date, 2);
    assert_int_equal(x.col_outcome, 3);
    assert_int_equal(x.first_field, 4);
    assert_int_equal(x.first_feature, 9);

    /* rows as training.sql orders them */
    for (size_t i = 0; i < 4; i++) {
        cr_assert_same(cr_frame_get(&x.frame, i, 0).number, 4 - (double)i);
    }
    assert_string_equal(cr_frame_get(&x.frame, 1, 1).text, "p1");
    assert_true(cr_value_is_missing(cr_frame_get(&x.frame, 2, 1)));
    assert_string_equal(cr_frame_get(&x.frame, 3, 2).text, "2020-01-01");
    cr_assert_same(cr_frame_get(&x.frame, 1, 3).number, 0);
    cr_assert_same(cr_frame_get(&x.frame, 3, 3).number, 1);

    cr_extract_row(&x, &portfolio, 0, row);
    cr_assert_same(row[HALF_AGE].number, 3.5); /* no integer division */
    assert_string_equal(row[GRADE_COLUMN].text, "Z");
    assert_true(cr_value_is_missing(row[IS_EARLY])); /* infinite */
    cr_extract_row(&x, &portfolio, 2, row);
    assert_true(cr_value_is_missing(row[HALF_AGE]));
    assert_true(cr_value_is_missing(row[GRADE_COLUMN]));
    assert_true(cr_value_is_missing(row[IS_EARLY]));
    cr_extract_row(&x, &portfolio, 3, row);
    cr_assert_same(row[IS_EARLY].number, 0);
}

static void test_record(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();
    struct cr_portfolio portfolio = portfolio_of(training_sql, features_sql);
    CR_CLEANUP(cr_extract_finish) struct cr_extract x = {0};
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    CR_CLEANUP(cr_arena_finish) struct cr_arena tiny = {0};
    struct cr_record record;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_extract_book(db, &portfolio, &x, &err), &err);
    cr_assert_ok(cr_extract_record(&x, &portfolio, 1, &arena, &record, &err), &err);
    cr_assert_same(record.values[AGE].number, 21);
    cr_assert_same(record.values[INCOME].number, 0.1);
    assert_ptr_equal(record.values[GRADE].text, grades[0]);
    cr_assert_same(record.values[OWNER].number, 1);
    assert_string_equal(record.values[DAY].text, "2020-01-03");

    cr_assert_ok(cr_extract_record(&x, &portfolio, 2, &arena, &record, &err), &err);
    for (size_t i = 0; i < N_FIELDS; i++) {
        assert_int_equal(cr_value_is_missing(record.values[i]), i != DAY);
    }
    cr_assert_ok(cr_extract_record(&x, &portfolio, 3, &arena, &record, &err), &err);
    assert_true(cr_value_is_missing(record.values[INCOME])); /* infinite */
    cr_assert_ok(cr_extract_record(&x, &portfolio, 0, &arena, &record, &err), &err);
    assert_string_equal(record.values[GRADE].text, "Z"); /* no level, but what the book says */

    cr_arena_init(&tiny, 8);
    assert_int_equal(cr_extract_record(&x, &portfolio, 0, &tiny, &record, &err), CR_ENOMEM);
}

/* Keys are optional, and numbers only where every one is written as an integer is. */
static void test_keys(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();
    struct cr_portfolio portfolio = portfolio_of(
        "SELECT '0' || id AS id, 10 - id AS person, age, income, grade, owner, day AS date, "
        "'' AS day, bad FROM application ORDER BY 1",
        features_sql);
    CR_CLEANUP(cr_extract_finish) struct cr_extract x = {0};
    CR_CLEANUP(cr_extract_finish) struct cr_extract y = {0};
    struct cr_error err;

    (void)state;
    portfolio.key_date = NULL;
    cr_assert_ok(cr_extract_book(db, &portfolio, &x, &err), &err);
    assert_int_equal(x.col_date, -1);
    assert_int_equal(x.col_outcome, 2);
    assert_int_equal(x.frame.columns[x.col_row].type, CR_COLUMN_TEXT);
    assert_string_equal(cr_frame_get(&x.frame, 0, 0).text, "01");
    assert_int_equal(x.frame.columns[x.col_customer].type, CR_COLUMN_NUMBER);
    cr_assert_same(cr_frame_get(&x.frame, 0, 1).number, 9);

    portfolio.key_date = "dated"; /* named, but not among the columns */
    portfolio.key_row = NULL;
    portfolio.key_customer = "nobody";
    cr_assert_ok(cr_extract_book(db, &portfolio, &y, &err), &err);
    assert_int_equal(y.col_row, -1);
    assert_int_equal(y.col_customer, -1);
    assert_int_equal(y.col_date, -1);
    assert_int_equal(y.col_outcome, 0);
    assert_int_equal(y.first_field, 1);
}

/* What the engines call 0 and 1 is an outcome; what a cast would turn into 0 is none. */
static void test_outcomes(void **state)
{
    static const struct {
        const char *expression;
        double outcome; /* −1: refused */
        const char *shown;
    } cases[] = {
        {"1", 1, ""},         {"0", 0, ""},         {"1.0", 1, ""}, {"0.0", 0, ""},
        {"'true'", 1, ""},    {"'false'", 0, ""},   {"2", -1, "2"}, {"0.5", -1, "0.5"},
        {"NULL", -1, "NULL"}, {"'bad'", -1, "bad"}, {"''", -1, ""}, {"-1", -1, "-1"},
    };
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *sql = NULL;
        CR_CLEANUP(cr_freep) char *message = NULL;
        CR_CLEANUP(cr_extract_finish) struct cr_extract x = {0};
        struct cr_portfolio portfolio;
        struct cr_error err = {0};

        assert_true(asprintf(&sql,
                             "SELECT age, income, grade, owner, day, CASE WHEN id > 1 THEN %s "
                             "ELSE 0 END AS bad FROM application ORDER BY id",
                             cases[i].expression) > 0);
        assert_true(asprintf(&message, "training.sql: column 'bad' is '%s' in row 2, not 0 or 1",
                             cases[i].shown) > 0);
        portfolio = portfolio_of(sql, features_sql);
        if (cases[i].outcome >= 0) {
            cr_assert_ok(cr_extract_book(db, &portfolio, &x, &err), &err);
            cr_assert_same(cr_frame_get(&x.frame, 1, x.col_outcome).number, cases[i].outcome);
        } else {
            assert_int_equal(cr_extract_book(db, &portfolio, &x, &err), CR_EPARSE);
            assert_string_equal(err.message, message);
        }
    }
}

static void refused(const char *training, const char *text, int code, const char *message)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();
    struct cr_portfolio portfolio = portfolio_of(training, text);
    struct cr_extract x;
    struct cr_error err = {0};

    memset(&x, 0x5a, sizeof(x)); /* untouched on failure */
    assert_int_equal(cr_extract_book(db, &portfolio, &x, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, message);
    assert_int_equal(x.col_outcome, (size_t)0x5a5a5a5a5a5a5a5a);
}

#define NO_FIELD "; the application has no such field, so no request carries it"

static void test_faults(void **state)
{
    (void)state;
    refused("SELECT id,\n  bad +* 1 FROM application", features_sql, CR_EPARSE,
            "training.sql:2:8: near \"*\": syntax error");
    refused("SELECT id FROM nowhere", features_sql, CR_EPARSE,
            "training.sql:1:1: no such table: nowhere");
    refused(
        "SELECT id, age, grade FROM application", features_sql, CR_EPARSE,
        "training.sql: columns that must be there are missing: 'income', 'owner', 'day', 'bad'");
    refused("SELECT *, 1 AS owner FROM application", features_sql, CR_EPARSE,
            "training.sql: column 'owner' is there twice");
    refused("SELECT *, 2 AS id FROM application", features_sql, CR_EPARSE,
            "training.sql: column 'id' is there twice");
    refused("SELECT * FROM application;", features_sql, CR_EPARSE,
            "training.sql: the text must be one SELECT without a semicolon");
    refused("SELECT * FROM application WHERE id > 4", features_sql, CR_ENOTFOUND,
            "training.sql: the book has no application with a known outcome");
    refused(training_sql, "SELECT row_id,\n ag AS half_age, grade, 0 AS is_early FROM application",
            CR_EPARSE, "features.sql:2:2: no such column: ag" NO_FIELD);
    /* a key is no field: a request would not have it */
    refused(training_sql, "SELECT row_id,\n id AS half_age, grade, 0 AS is_early FROM application",
            CR_EPARSE, "features.sql:2:2: no such column: id" NO_FIELD);
    refused(
        training_sql, "SELECT row_id, random() AS half_age, grade, 0 AS is_early FROM application",
        CR_EPARSE,
        "features.sql:1:16: function 'random' is not allowed here (COALESCE, LN and POWER are)");
    refused(training_sql,
            "SELECT row_id, age AS half_age, grade, owner AS is_early FROM application "
            "WHERE age <> 21",
            CR_EPARSE, "features.sql: no row for the application");
}

/* What the examples do not show the grammar does, before the book is read. */
static void test_rows_must_match(void **state)
{
    (void)state;
    refused(training_sql,
            "SELECT row_id, age AS half_age, grade, owner AS is_early FROM application "
            "WHERE COALESCE(age, 0) <> 21",
            CR_EPARSE, "features.sql:1:75: 'WHERE' stands where the end is expected");
    refused(training_sql,
            "SELECT row_id, age AS half_age, grade, owner AS is_early FROM application UNION ALL "
            "SELECT row_id, age, grade, owner FROM application WHERE age = 21",
            CR_EPARSE, "features.sql:1:75: 'UNION' stands where the end is expected");
}

/* A cell is refused in the book as in a request, and in the same words. */
static void test_cells_must_be_of_their_kind(void **state)
{
    (void)state;
    refused(training_sql,
            "SELECT row_id, CASE WHEN age = 21 THEN grade ELSE age END AS half_age, grade, "
            "owner AS is_early FROM application",
            CR_EPARSE,
            "features.sql: column 'half_age' gives a text but features.yaml says numeric or flag");
    refused(training_sql,
            "SELECT row_id, age AS half_age, CASE WHEN age = 21 THEN age ELSE grade END AS grade, "
            "owner AS is_early FROM application",
            CR_EPARSE,
            "features.sql: column 'grade' gives a number but features.yaml says ordinal or "
            "nominal");
}

static void test_dialect_goes_first(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();
    struct cr_portfolio portfolio = portfolio_of("SELECT not SQL", features_sql);
    CR_CLEANUP(cr_extract_finish) struct cr_extract x = {0};
    struct cr_error err;

    (void)state;
    files[2] =
        (struct cr_portfolio_file){"training.sqlite.sql", training_sql, strlen(training_sql)};
    portfolio.n_files = 3;
    cr_assert_ok(cr_extract_book(db, &portfolio, &x, &err), &err);
    assert_int_equal(x.frame.n_rows, 4);

    portfolio.n_files = 0;
    assert_int_equal(cr_extract_book(db, &portfolio, &x, &err), CR_ENOTFOUND);
    assert_string_equal(err.message, "portfolio 'small' has no training.sql");
    portfolio.n_files = 1;
    assert_int_equal(cr_extract_book(db, &portfolio, &x, &err), CR_ENOTFOUND);
    assert_string_equal(err.message, "portfolio 'small' has no features.sql");
}

/* EXPLAIN QUERY PLAN lists the loops of one join as neighbours, outermost first, below the same
 * parent. Only the outermost may read a whole table: anything else grows with the square of the
 * book. Returns the offending line, yours (free), or NULL. */
static char *scan_inside_a_join(struct cr_db *db, const char *sql, size_t *ret_n_loops)
{
    CR_CLEANUP(cr_freep) char *explain = NULL;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int64_t joins[1000]; /* parents whose outermost loop was seen */
    size_t n_joins = 0;
    bool more = false;
    struct cr_error err;

    assert_true(asprintf(&explain, "EXPLAIN QUERY PLAN %s", sql) > 0);
    cr_assert_ok(cr_db_prepare(db, explain, NULL, &stmt, &err), &err);
    *ret_n_loops = 0;
    for (;;) {
        const char *detail;
        bool inner = false;

        cr_assert_ok(cr_stmt_step(stmt, &more, &err), &err);
        if (!more) {
            return NULL;
        }
        detail = cr_stmt_text(stmt, 3);
        for (size_t i = 0; i < n_joins; i++) {
            inner = inner || joins[i] == cr_stmt_int(stmt, 1);
        }
        if (strstr(detail, "CORRELATED") != NULL || (inner && strncmp(detail, "SCAN ", 5) == 0)) {
            return strdup(detail);
        }
        if (strncmp(detail, "SCAN ", 5) == 0 || strncmp(detail, "SEARCH ", 7) == 0) {
            assert_true(n_joins < CR_ARRAY_LEN(joins));
            joins[n_joins++] = cr_stmt_int(stmt, 1);
            ++*ret_n_loops;
        }
    }
}

static void test_retail_plan(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    CR_CLEANUP(cr_freep) char *migrations = cr_test_path("migrations");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf whole = CR_STRBUF_INIT;
    const struct cr_portfolio_file *training, *text;
    const bool has[CR_RELATION_N_KEYS] = {
        [CR_RELATION_ROW] = true,
        [CR_RELATION_CUSTOMER] = true,
        [CR_RELATION_DATE] = true,
        [CR_RELATION_OUTCOME] = true,
    };
    struct cr_migration_report report;
    struct cr_error err;
    char *line;
    size_t n;

    (void)state;
    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    cr_assert_ok(cr_db_open("sqlite::memory:", true, &db, &err), &err);
    cr_assert_ok(cr_migrate_up(db, migrations, &report, &err), &err);

    /* the judge can say no */
    line = scan_inside_a_join(
        db, "SELECT 1 FROM customers c JOIN loan_applications l ON l.loan_amount < c.age", &n);
    assert_non_null(line);
    free(line);
    line = scan_inside_a_join(db,
                              "SELECT (SELECT COUNT(*) FROM loan_applications l WHERE "
                              "l.customer_id = c.customer_id) FROM customers c",
                              &n);
    assert_non_null(line);
    free(line);

    training = cr_portfolio_find_file(portfolio, "training.sql");
    text = cr_portfolio_find_file(portfolio, "features.sql");
    line = scan_inside_a_join(db, training->data, &n);
    if (line != NULL) {
        fail_msg("training.sql: %s", line);
    }
    assert_true(n > 10);
    cr_relation_put_book(portfolio, training, text, has, &whole);
    line = scan_inside_a_join(db, whole.data, &n);
    if (line != NULL) {
        fail_msg("the whole extract: %s", line);
    }
    assert_true(n > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_and_rows),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_rows_must_match),
        cmocka_unit_test(test_cells_must_be_of_their_kind),
        cmocka_unit_test(test_dialect_goes_first),
        cmocka_unit_test(test_retail_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
