// SPDX-License-Identifier: MIT
/* What the grammar of features.sql leaves out is refused where it stands; what only SQL knows the
 * meaning of stays with SQLite. */
#include <math.h>
#include <pthread.h>

#include "cr_test.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

static const char *const grades[] = {"A", "B"};

static const struct cr_field fields[] = {
    {.name = "age", .type = CR_INT, .example = {30, NULL}},
    {.name = "grade", .type = CR_ENUM, .levels = {2, grades, 0, NULL, NULL}, .example = {NAN, "B"}},
};

static const struct cr_feature features[] = {{.name = "x", .kind = CR_NUMERIC}};

static struct cr_portfolio_file file;

static struct cr_portfolio portfolio_of(const char *sql)
{
    file = (struct cr_portfolio_file){"features.sql", sql, strlen(sql)};
    return (struct cr_portfolio){
        .name = "small",
        .n_fields = CR_ARRAY_LEN(fields),
        .fields = fields,
        .n_features = 1,
        .features = features,
        .n_files = 1,
        .files = &file,
    };
}

static void refused(const char *sql, const char *message)
{
    struct cr_portfolio portfolio = portfolio_of(sql);
    struct cr_engine *engine = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_engine_create(&portfolio, &engine, &err), CR_EPARSE);
    assert_string_equal(err.message, message);
    assert_null(engine);
}

static void refused_expression(const char *expression, const char *message)
{
    char sql[256];

    (void)snprintf(sql, sizeof(sql), "SELECT row_id,\n %s AS x FROM application", expression);
    refused(sql, message);
}

/* All of these are good SQLite. */
static void leaving_the_grammar_is_refused(void **state)
{
    (void)state;
    refused_expression("age % 2", "features.sql:2:6: '%' is not in the grammar of features.sql");
    refused_expression("age | 2", "features.sql:2:6: '|' is not in the grammar of features.sql");
    refused_expression("CASE WHEN age != 2 THEN 1 END",
                       "features.sql:2:16: '!' is not in the grammar of features.sql");
    refused_expression("CASE WHEN grade = 'it''s' THEN 1 END",
                       "features.sql:2:23: a quote inside quotes is not in the grammar of "
                       "features.sql");
    refused_expression("CAST(age AS INTEGER)",
                       "features.sql:2:14: 'INTEGER' stands where DOUBLE is expected");
    refused_expression("age > 2", "features.sql:2:6: a condition stands where a value is expected");
    refused_expression("CASE WHEN age THEN 1 END",
                       "features.sql:2:12: a value stands where a condition is expected");
    refused_expression("(SELECT age)", "features.sql:2:3: 'SELECT' stands where a value is "
                                       "expected");
    refused_expression("age IS 2", "features.sql:2:9: '2' stands where NULL is expected");
    refused_expression("POWER(age, 0x1F)", "features.sql:2:13: '0x' is not a number");
    refused("SELECT row_id, age x FROM application",
            "features.sql:1:20: 'x' stands where FROM is expected");
    refused("SELECT row_id, age AS x FROM application LIMIT 1",
            "features.sql:1:42: 'LIMIT' stands where the end is expected");
    refused("SELECT DISTINCT row_id, age AS x FROM application",
            "features.sql:1:17: 'row_id' stands where FROM is expected");
    refused("SELECT row_id, age AS x FROM (SELECT * FROM application) a",
            "features.sql:1:38: '*' stands where application is expected");
    refused("SELECT row_id, a.age AS x FROM (SELECT application.*, 1 AS age FROM application) a",
            "features.sql:1:55: a derived column has the name of a field");
}

/* Accepted, and computed by SQLite: the message says why. */
static void sql_alone_knows(const char *expression, double expected, const char *why)
{
    char sql[256];
    struct cr_portfolio portfolio;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    const struct cr_value values[] = {{30, NULL}, {NAN, "B"}};
    const struct cr_record record = {values};
    struct cr_value row[1];
    struct cr_error err = {0};

    (void)snprintf(sql, sizeof(sql), "SELECT row_id, %s AS x FROM application", expression);
    portfolio = portfolio_of(sql);
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    assert_int_equal(cr_engine_compare(engine, &record, &arena, &err), CR_EUNAVAIL);
    assert_string_equal(err.message, why);
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    cr_assert_same(row[0].number, expected);
}

static void what_sql_alone_knows_stays_with_sqlite(void **state)
{
    (void)state;
    sql_alone_knows("7 / 2", 3, "features.sql:1:18: arithmetic of whole numbers");
    sql_alone_knows("CASE WHEN age = '30' THEN 1 ELSE 0 END", 1,
                    "features.sql:1:30: a text here and a number there");
    sql_alone_knows("CASE WHEN (age > 1) IS NULL THEN 1 ELSE 0 END", 0,
                    "features.sql:1:36: a condition that may be NULL");
    sql_alone_knows("row_id", 0, "features.sql:1:16: only fields and derived columns are compiled");
}

enum { N_NESTED = 24, N_LISTED = 256, STACK_BYTES = 4 << 20 };

/* CASE WHEN CASE WHEN … age IN (30.0, …) THEN 30.0 END IN (30.0, …) THEN 30.0 END: nearly as
 * deep as SQLite 3.40 reads, with lists as long as the grammar has them. A list is a chain of ORs,
 * and at its deep end stands the next one. */
static void write_nested(struct cr_strbuf *sql)
{
    cr_strbuf_puts(sql, "SELECT row_id, ");
    for (size_t i = 0; i < N_NESTED; i++) {
        cr_strbuf_puts(sql, "CASE WHEN ");
    }
    cr_strbuf_puts(sql, "age");
    for (size_t i = 0; i < N_NESTED; i++) {
        cr_strbuf_puts(sql, " IN (30.0");
        for (size_t j = 1; j < N_LISTED; j++) {
            cr_strbuf_puts(sql, ",30.0");
        }
        cr_strbuf_puts(sql, ") THEN 30.0 END");
    }
    cr_strbuf_puts(sql, " AS x FROM application");
}

/* What a thread finds: it cannot assert. */
struct finding {
    const struct cr_portfolio *portfolio;
    int created, compared, computed;
    double number;
    struct cr_error err; /* of the comparison */
};

static void *compute(void *argument)
{
    struct finding *finding = argument;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    const struct cr_value values[] = {{30, NULL}, {NAN, "B"}};
    const struct cr_record record = {values};
    struct cr_value row[1] = {{NAN, NULL}};
    struct cr_error err;

    finding->created = cr_engine_create(finding->portfolio, &engine, &err);
    if (finding->created == 0) {
        finding->compared = cr_engine_compare(engine, &record, &arena, &finding->err);
        finding->computed = cr_engine_row(engine, &record, &arena, row, &err);
        finding->number = row[0].number;
    }
    return NULL;
}

/* Compiling takes a bounded part of the stack of whoever does it: here of half the usual one. */
static void lists_nested_too_deeply_stay_with_sqlite(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    struct cr_portfolio portfolio;
    struct finding finding = {.portfolio = &portfolio};
    pthread_attr_t attributes;
    pthread_t thread;

    (void)state;
    write_nested(&sql);
    portfolio = portfolio_of(cr_strbuf_text(&sql));
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, compute, &finding), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_int_equal(finding.created, 0);
    assert_int_equal(finding.compared, CR_EUNAVAIL);
    assert_non_null(strstr(finding.err.message, ": nested too deeply"));
    assert_int_equal(finding.computed, 0);
    cr_assert_same(finding.number, 30.0);
}

static void the_program_takes_over(void **state)
{
    struct cr_portfolio portfolio = portfolio_of("SELECT row_id, CASE grade WHEN 'A' THEN 1 WHEN "
                                                 "'B' THEN age / 4 END AS x FROM application");
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value values[] = {{30, NULL}, {NAN, "B"}};
    const struct cr_record record = {values};
    struct cr_value row[1];
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    cr_assert_ok(cr_engine_compare(engine, &record, &arena, &err), &err);
    cr_engine_use_compiled(engine);
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    cr_assert_same(row[0].number, 7.5);
    values[1].text = "elsewhere"; /* nothing is left of the row before */
    cr_assert_ok(cr_engine_row(engine, &record, &arena, row, &err), &err);
    assert_true(cr_value_is_missing(row[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_the_grammar_is_refused),
        cmocka_unit_test(what_sql_alone_knows_stays_with_sqlite),
        cmocka_unit_test(lists_nested_too_deeply_stay_with_sqlite),
        cmocka_unit_test(the_program_takes_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
