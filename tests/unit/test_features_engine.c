// SPDX-License-Identifier: MIT
#include <math.h>

#include "cr_test.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

/* A small portfolio, built here so that each test can have its own features.sql. */

static const char *const grades[] = {"A", "B", "C"};

static const struct cr_field fields[] = {
    {.name = "age", .type = CR_INT, .example = {30, NULL}},
    {.name = "income", .type = CR_NUMBER, .example = {1000, NULL}},
    {.name = "grade", .type = CR_ENUM, .levels = {3, grades, 0, NULL, NULL}, .example = {NAN, "B"}},
    {.name = "owner", .type = CR_BOOL, .example = {1, NULL}},
    {.name = "since", .type = CR_DATE, .example = {NAN, "2020-02-29"}},
};

enum { AGE, INCOME, GRADE, OWNER, SINCE, N_FIELDS };

static const struct cr_feature features[] = {
    {.name = "half_age", .kind = CR_NUMERIC},
    {.name = "grade", .kind = CR_NOMINAL, .levels = {3, grades, 0, NULL, NULL}},
    {.name = "is_old", .kind = CR_FLAG},
};

enum { HALF_AGE, GRADE_COLUMN, IS_OLD, N_FEATURES };

static const struct cr_value nothing[N_FIELDS] = {
    {NAN, NULL}, {NAN, NULL}, {NAN, NULL}, {NAN, NULL}, {NAN, NULL}};

static struct cr_portfolio_file file;

static struct cr_portfolio portfolio_of(const char *sql)
{
    file = (struct cr_portfolio_file){"features.sql", sql, strlen(sql)};
    return (struct cr_portfolio){
        .name = "small",
        .n_fields = N_FIELDS,
        .fields = fields,
        .n_features = N_FEATURES,
        .features = features,
        .n_files = 1,
        .files = &file,
    };
}

/* SELECT row_id and the three columns: numeric, nominal, flag. */
static char *select_of(const char *half_age, const char *grade, const char *is_old)
{
    char *sql = NULL;

    assert_true(
        asprintf(&sql, "SELECT row_id, %s AS half_age, %s AS grade, %s AS is_old FROM application",
                 half_age, grade, is_old) > 0);
    return sql;
}

static void refused(const char *sql, const char *message)
{
    struct cr_portfolio portfolio = portfolio_of(sql);
    struct cr_engine *engine = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_engine_create(&portfolio, &engine, &err), CR_EPARSE);
    assert_int_equal(err.code, CR_EPARSE);
    assert_string_equal(err.message, message);
    assert_null(engine);
}

/* The same for an expression in the place of the first column. */
static void refused_expression(const char *expression, const char *message)
{
    CR_CLEANUP(cr_freep) char *sql = select_of(expression, "grade", "0");

    refused(sql, message);
}

static void test_computes_a_row(void **state)
{
    CR_CLEANUP(cr_freep)
    char *sql = select_of("age / 2", "CASE WHEN owner = 1 THEN grade ELSE 'none' END",
                          "CASE WHEN since < '2000-01-01' THEN 1 WHEN since IS NULL THEN NULL "
                          "ELSE 0 END");
    struct cr_portfolio portfolio = portfolio_of(sql);
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value values[N_FIELDS] = {
        {7, NULL}, {NAN, NULL}, {NAN, "C"}, {1, NULL}, {NAN, "1999-12-31"}};
    struct cr_value row[N_FEATURES];
    struct cr_record record = {values};
    struct cr_record empty = {nothing};
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    cr_assert_same(row[HALF_AGE].number, 3.5); /* no integer division */
    assert_null(row[HALF_AGE].text);
    assert_ptr_equal(row[GRADE_COLUMN].text, grades[2]);
    assert_true(isnan(row[GRADE_COLUMN].number));
    cr_assert_same(row[IS_OLD].number, 1);

    values[OWNER].number = 0;
    values[SINCE].text = "2000-01-01";
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    assert_string_equal(row[GRADE_COLUMN].text, "none"); /* no level: from the arena */
    cr_assert_same(row[IS_OLD].number, 0);

    /* nothing is left of the row before */
    cr_assert_ok(cr_engine_row(engine, &empty, &arena, row, &err), &err);
    assert_true(cr_value_is_missing(row[HALF_AGE]));
    assert_string_equal(row[GRADE_COLUMN].text, "none");
    assert_true(cr_value_is_missing(row[IS_OLD]));
}

static void test_infinity_is_missing(void **state)
{
    CR_CLEANUP(cr_freep) char *sql = select_of("income * 10", "grade", "POWER(income, 0)");
    struct cr_portfolio portfolio = portfolio_of(sql);
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value values[N_FIELDS];
    struct cr_value row[N_FEATURES];
    struct cr_record record = {values};
    struct cr_error err;

    (void)state;
    memcpy(values, nothing, sizeof(values));
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    for (int sign = -1; sign <= 1; sign += 2) {
        values[INCOME].number = sign * 1e308;
        cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
        assert_true(cr_value_is_missing(row[HALF_AGE]));
        cr_assert_same(row[IS_OLD].number, 1);
    }
}

static void test_numbers_pass_unchanged(void **state)
{
    static const double samples[] = {0.1,
                                     -0.0,
                                     5e-324,
                                     1.7976931348623157e308,
                                     9007199254740993.0,
                                     1.0 / 3,
                                     1e22,
                                     16.999999999999996};
    CR_CLEANUP(cr_freep) char *sql = select_of("income", "grade", "owner");
    struct cr_portfolio portfolio = portfolio_of(sql);
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value values[N_FIELDS];
    struct cr_value row[N_FEATURES];
    struct cr_record record = {values};
    struct cr_error err;

    (void)state;
    memcpy(values, nothing, sizeof(values));
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(samples); i++) {
        values[INCOME].number = samples[i];
        cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
        cr_assert_same(row[HALF_AGE].number, samples[i]);
    }
}

/* A sloppy comparison means the same as in the book, where the column has a type. */
static void test_columns_have_types(void **state)
{
    CR_CLEANUP(cr_freep)
    char *sql = select_of("CASE WHEN age = '35' THEN 1 ELSE 0 END", "grade",
                          "CASE WHEN grade IN ('A', 'B') THEN 1 ELSE 0 END");
    struct cr_portfolio portfolio = portfolio_of(sql);
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value values[N_FIELDS];
    struct cr_value row[N_FEATURES];
    struct cr_record record = {values};
    struct cr_error err;

    (void)state;
    memcpy(values, nothing, sizeof(values));
    values[AGE].number = 35;
    values[GRADE].text = "B";
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    cr_assert_same(row[HALF_AGE].number, 1);
    cr_assert_same(row[IS_OLD].number, 1);
}

static void test_arena_limit(void **state)
{
    CR_CLEANUP(cr_freep) char *sql = select_of("age", "'no such level'", "owner");
    struct cr_portfolio portfolio = portfolio_of(sql);
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value row[N_FEATURES];
    struct cr_record record = {nothing};
    struct cr_error err;

    (void)state;
    cr_arena_init(&arena, 4);
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    assert_int_equal(cr_engine_row(engine, &record, &arena, row, &err), CR_ENOMEM);
    cr_arena_finish(&arena);
    cr_arena_init(&arena, 0);
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    assert_string_equal(row[GRADE_COLUMN].text, "no such level");
}

#define NO_FIELD "; the application has no such field, so no request carries it"

static void test_faults_have_places(void **state)
{
    (void)state;
    refused("SELECT row_id,\n  age +* 2 AS half_age,\n  grade, owner AS is_old FROM application",
            "features.sql:2:8: near \"*\": syntax error");
    refused("SELECT row_id,\n\n   agee AS half_age FROM application",
            "features.sql:3:4: no such column: agee" NO_FIELD);
    refused("SELECT row_id, /* é */ agee AS half_age FROM application",
            "features.sql:1:24: no such column: agee" NO_FIELD);
    refused("SELECT row_id, FOO(age) AS half_age FROM application",
            "features.sql:1:16: no such function: FOO");
    refused("SELECT row_id, \"age\", \"text\" FROM application",
            "features.sql:1:23: no such column: text" NO_FIELD);
    refused("SELECT row_id, CASE WHEN age > 1 THEN 2\nFROM application",
            "features.sql:2:1: near \"FROM\": syntax error");
    refused("SELECT row_id, age AS half_age, grade, (owner\n", /* the end of the text is at fault */
            "features.sql:2:1: the text ends too early");
    refused("", "features.sql:1:1: the text ends too early");
}

static void test_one_select(void **state)
{
    CR_CLEANUP(cr_freep) char *sql = select_of("age", "grade", "owner");
    CR_CLEANUP(cr_freep) char *commented = NULL;
    struct cr_portfolio portfolio;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    struct cr_error err;

    (void)state;
    refused("SELECT row_id, age AS half_age, grade, owner AS is_old FROM application;",
            "features.sql:1:72: near \";\": syntax error");
    refused("SELECT row_id, age AS half_age, grade, owner AS is_old FROM application)\n"
            "SELECT * FROM features; SELECT (1",
            "features.sql:2:23: the text must be one SELECT without a semicolon");
    refused("DELETE FROM application", "features.sql:1:1: near \"DELETE\": syntax error");
    /* a comment at the end hides nothing */
    assert_true(asprintf(&commented, "-- first\n%s -- last", sql) > 0);
    portfolio = portfolio_of(commented);
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
}

static void test_columns_must_be_the_catalogue(void **state)
{
    (void)state;
    refused("SELECT age, age AS half_age, grade, owner AS is_old FROM application",
            "features.sql: column 1 is 'age' but features.yaml wants 'row_id' there");
    refused("SELECT row_id, grade, age AS half_age, owner AS is_old FROM application",
            "features.sql: column 2 is 'grade' but features.yaml wants 'half_age' there");
    refused("SELECT row_id, age AS half_age, grade FROM application",
            "features.sql: column 4 'is_old' of features.yaml is missing");
    refused("SELECT row_id, age AS half_age, grade, owner AS is_old, 1 AS extra FROM application",
            "features.sql: column 5 'extra' is not in features.yaml or behind it");
    refused("SELECT 1 AS row_id, age AS half_age, grade, owner AS is_old FROM application",
            "features.sql: column 'row_id' is not that of the application");
}

static void test_cells_must_be_of_their_kind(void **state)
{
    (void)state;
    refused_expression("'x'", "features.sql: column 'half_age' gives a text but features.yaml says "
                              "numeric or flag");
    refused_expression("CASE WHEN age IS NOT NULL THEN grade END", /* seen in the examples only */
                       "features.sql: column 'half_age' gives a text but features.yaml says "
                       "numeric or flag");
    refused("SELECT row_id, age AS half_age, age AS grade, owner AS is_old FROM application",
            "features.sql: column 'grade' gives a number but features.yaml says "
            "ordinal or nominal");
}

static void test_one_row(void **state)
{
    (void)state;
    refused("SELECT row_id, age AS half_age, grade, owner AS is_old FROM application "
            "WHERE age IS NULL",
            "features.sql: no row for the application");
    refused("SELECT row_id, age AS half_age, grade, owner AS is_old FROM application UNION ALL "
            "SELECT row_id, age, grade, owner FROM application",
            "features.sql: two rows for one application");
}

/* The text runs from a registry version: it may compute and nothing else. */
static void test_nothing_but_computing(void **state)
{
    (void)state;
    refused_expression("random()", "features.sql:1:16: function 'random' is not allowed here "
                                   "(COALESCE, LN and POWER are)");
    refused_expression("load_extension('x')",
                       "features.sql:1:16: function 'load_extension' is not allowed here "
                       "(COALESCE, LN and POWER are)");
    refused_expression("round(age)", "features.sql:1:16: function 'round' is not allowed here "
                                     "(COALESCE, LN and POWER are)");
    refused_expression("max(age)", "features.sql:1:16: function 'max' is not allowed here "
                                   "(COALESCE, LN and POWER are)");
    refused_expression("grade LIKE 'A%'", "features.sql:1:22: function 'like' is not allowed here "
                                          "(COALESCE, LN and POWER are)");
    refused_expression("CURRENT_TIMESTAMP",
                       "features.sql:1:16: function 'current_timestamp' is not allowed here "
                       "(COALESCE, LN and POWER are)");
    refused_expression("(SELECT type FROM sqlite_master)",
                       "features.sql: table 'sqlite_master' is not allowed here (only the "
                       "relation application is)");
    refused_expression(
        "(SELECT 1 FROM json_each('[1]'))",
        "features.sql: only one SELECT over the relation application is allowed here");
    refused_expression(
        "(SELECT 1 FROM pragma_database_list)",
        "features.sql: only one SELECT over the relation application is allowed here");
    refused("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) "
            "SELECT row_id, i AS half_age, grade, owner AS is_old FROM application, n",
            "features.sql: only one SELECT over the relation application is allowed here");
    refused("SELECT row_id, age AS half_age, grade, owner AS is_old FROM application) SELECT * "
            "FROM features; ATTACH 'x' AS (y",
            "features.sql:1:96: the text must be one SELECT without a semicolon");
}

/* Little text, much work: 2^40 rows that no condition lets pass, and a text of 16·4^10 bytes. */
static void test_costs_are_bounded(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf rows = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(cr_freep) char *grows = NULL;

    (void)state;
    cr_strbuf_puts(&rows, "SELECT row_id, age AS half_age, grade, 0 AS is_old FROM application");
    for (int i = 0; i < 40; i++) {
        cr_strbuf_printf(&rows, ", (SELECT 1 AS x UNION ALL SELECT 2) t%d", i);
    }
    cr_strbuf_puts(&rows, " WHERE 1000 = 0");
    for (int i = 0; i < 40; i++) {
        cr_strbuf_printf(&rows, " + t%d.x", i);
    }
    refused(cr_strbuf_text(&rows), "features.sql: one row takes too many steps");

    for (int i = 0; i < 10; i++) {
        cr_strbuf_puts(&text, "(SELECT x || x || x || x AS x FROM ");
    }
    cr_strbuf_puts(&text, "(SELECT 'sixteen letters!' AS x)");
    for (int i = 0; i < 10; i++) {
        cr_strbuf_puts(&text, ")");
    }
    grows = select_of("age", cr_strbuf_text(&text), "0");
    refused(grows, "features.sql: a text grows beyond 16384 bytes");
}

static void test_no_file(void **state)
{
    struct cr_portfolio portfolio = portfolio_of("");
    struct cr_engine *engine = NULL;
    struct cr_error err;

    (void)state;
    portfolio.n_files = 0;
    assert_int_equal(cr_engine_create(&portfolio, &engine, &err), CR_ENOTFOUND);
    assert_string_equal(err.message, "portfolio 'small' has no features.sql");
    cr_engine_destroy(NULL);
}

/* The default portfolio, with values worked out by hand. */
static void test_retail(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    static const char body[] =
        "{\"age\": 40, \"gender\": \"Male\", \"marital_status\": \"Married\", \"education\": "
        "\"PhD\","
        "\"employment_type\": \"Salaried\", \"employment_years\": 10, \"annual_income\": 1200000,"
        "\"credit_score\": null, \"existing_loans\": 0, \"loan_type\": \"Gold\","
        "\"loan_amount\": 120000, \"loan_term_months\": 12, \"interest_rate\": 12}";
    struct cr_record record;
    struct cr_issues issues = {0};
    struct cr_value row[256];
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    assert_true(portfolio->n_features <= CR_ARRAY_LEN(row));
    cr_assert_ok(cr_record_from_json(portfolio, body, strlen(body), &arena, &record, &issues, &err),
                 &err);
    assert_int_equal(issues.n, 0);
    cr_assert_ok(cr_engine_create(portfolio, &engine, &err), &err);
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);

#define FEATURE(name) row[cr_portfolio_find_feature(portfolio, (name))]
    assert_string_equal(FEATURE("age_group").text, "Mid_Career");
    cr_assert_same(FEATURE("employment_stability_ratio").number, 0.25);
    assert_true(cr_value_is_missing(FEATURE("credit_score")));
    assert_true(cr_value_is_missing(FEATURE("credit_score_tier"))); /* not Very_Poor */
    cr_assert_close(FEATURE("credit_utilization").number, 0.4, 1e-15);
    assert_string_equal(FEATURE("utilization_bucket").text, "Moderate");
    cr_assert_close(FEATURE("emi_amount").number, 10661.8546414, 1e-6); /* P·r·(1+r)ⁿ/((1+r)ⁿ−1) */
    cr_assert_close(FEATURE("dti_ratio").number, 0.106618546414, 1e-12);
    cr_assert_same(FEATURE("is_secured").number, 1);
    cr_assert_same(FEATURE("total_loans").number, 1);
    cr_assert_same(FEATURE("total_exposure_to_income").number, 0.1); /* no earlier loans: 0 */
    cr_assert_same(FEATURE("loan_type_diversity").number, 1);
    cr_assert_same(FEATURE("has_repayment_history").number, 0);
    assert_string_equal(FEATURE("gender").text, "Male");
#undef FEATURE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_computes_a_row),
        cmocka_unit_test(test_infinity_is_missing),
        cmocka_unit_test(test_numbers_pass_unchanged),
        cmocka_unit_test(test_columns_have_types),
        cmocka_unit_test(test_arena_limit),
        cmocka_unit_test(test_faults_have_places),
        cmocka_unit_test(test_one_select),
        cmocka_unit_test(test_columns_must_be_the_catalogue),
        cmocka_unit_test(test_cells_must_be_of_their_kind),
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_nothing_but_computing),
        cmocka_unit_test(test_costs_are_bounded),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_retail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
