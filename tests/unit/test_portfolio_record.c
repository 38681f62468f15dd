// SPDX-License-Identifier: MIT
/* Bytes → record or issues. Every answer of FastAPI and pydantic that tests/golden/pydantic.py
 * recorded is replayed; the rest is what we do differently on purpose, and fields that the retail
 * book lacks. */
#include "cr_test.h"

#include <math.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

/* A book with what retail has none of: a date, fractional and open ranges, one choice, aliases, a
 * field that may be left out but not null. */
static const char *const small_book[][2] = {
    {"application.yaml", "title: Small\n"
                         "currency: {code: EUR, symbol: E, grouping: thousands}\n"
                         "outcome: {name: bad, label: Bad, definition: not paid}\n"
                         "keys: {row: loan, customer: two}\n"
                         "groups: [All]\n"
                         "fields:\n"
                         "  - {name: since, type: date, group: All, default: 2020-02-29}\n"
                         "  - {name: ratio, type: number, min: 0.5, max: 1.0e22, group: All}\n"
                         "  - {name: open, type: number, group: All, nullable: true}\n"
                         "  - {name: count, type: int, group: All}\n"
                         "  - {name: flag, type: bool, group: All, default: true}\n"
                         "  - {name: only, type: enum, choices: [A], aliases: {a: A}, group: All}\n"
                         "  - {name: two, type: enum, choices: [A, B], group: All}\n"},
    {"features.yaml", "sets: [{name: all}]\n"
                      "features: [{name: ratio, kind: numeric, group: All, sources: [ratio]}]\n"},
    {"policy.yaml", "costs: {false_negative: 5, false_positive: 1}\n"
                    "threshold: {from: 0.1, to: 0.9, step: 0.1}\n"
                    "bands: [{name: All, color: \"#000000\", action: a, description: d}]\n"},
    {"search.yaml", "{folds: 2, seed: 0, models: {}}\n"},
    {"tables.yaml", "tables: [{name: t, file: t.csv, columns: [{name: a, type: text}]}]\n"},
    {"features.sql", "SELECT 1"},
    {"training.sql", "SELECT 1"},
};

static struct cr_portfolio *retail;
static struct cr_portfolio *small;
static struct cr_arena arena;

static int set_up(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    CR_CLEANUP(cr_freep) char *folder = cr_test_tempdir();
    struct cr_error err;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(small_book); i++) {
        free(cr_test_write(folder, small_book[i][0], small_book[i][1]));
    }
    cr_assert_ok(cr_portfolio_load(path, NULL, &retail, &err), &err);
    cr_assert_ok(cr_portfolio_load(folder, "small", &small, &err), &err);
    cr_arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cr_arena_finish(&arena);
    cr_portfolio_destroy(retail);
    cr_portfolio_destroy(small);
    return 0;
}

static struct cr_issues read_bytes(const struct cr_portfolio *portfolio, const char *body,
                                   size_t len, struct cr_record *record)
{
    struct cr_issues issues = {.n = SIZE_MAX};
    struct cr_error err;
    char *exact = malloc(len > 0 ? len : 1); /* so that a sanitizer sees a read behind the end */

    assert_non_null(exact);
    memcpy(exact, body, len);
    cr_arena_reset(&arena);
    cr_assert_ok(cr_record_from_json(portfolio, exact, len, &arena, record, &issues, &err), &err);
    free(exact);
    return issues;
}

static struct cr_record read_good(const struct cr_portfolio *portfolio, const char *body)
{
    struct cr_record record = {0};
    struct cr_issues issues = read_bytes(portfolio, body, strlen(body), &record);

    if (issues.n > 0) {
        fail_msg("%s: %s at %s", body, cr_issue_type_name(issues.items[0].type),
                 issues.items[0].field != NULL ? issues.items[0].field : "the body");
    }
    return record;
}

/* The issues as JSON text; yours (free). */
static char *issues_text(const struct cr_issues *issues)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;

    for (size_t i = 0; i < issues->n; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = cr_issue_to_json(&issues->items[i]);

        assert_non_null(json);
        cr_strbuf_puts(&out, i > 0 ? "\n" : "");
        cr_json_write(json, false, &out);
    }
    cr_strbuf_puts(&out, "");
    return cr_strbuf_steal(&out);
}

static void check_issues(const struct cr_portfolio *portfolio, const char *body,
                         const char *expected)
{
    struct cr_record record = {0};
    struct cr_issues issues = read_bytes(portfolio, body, strlen(body), &record);
    CR_CLEANUP(cr_freep) char *text = issues_text(&issues);

    assert_true(issues.n > 0);
    assert_null(record.values);
    assert_string_equal(text, expected);
}

static double value(const struct cr_portfolio *portfolio, const struct cr_record *record,
                    const char *field)
{
    return record->values[cr_portfolio_find_field(portfolio, field)].number;
}

static const char *text(const struct cr_portfolio *portfolio, const struct cr_record *record,
                        const char *field)
{
    return record->values[cr_portfolio_find_field(portfolio, field)].text;
}

/* Equal but for ctx.error, where every parser has its own words; here ours are those of Python too.
 */
static void check_detail(const char *body, size_t len, const json_t *detail)
{
    struct cr_record record = {0};
    struct cr_issues issues = read_bytes(retail, body, len, &record);

    assert_int_equal(issues.n, json_array_size(detail));
    for (size_t i = 0; i < issues.n; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *ours = cr_issue_to_json(&issues.items[i]);
        const json_t *theirs = json_array_get(detail, i);

        if (!json_equal(ours, theirs)) {
            CR_CLEANUP(cr_freep) char *a = json_dumps(ours, 0);
            CR_CLEANUP(cr_freep) char *b = json_dumps(theirs, 0);

            fail_msg("%s\nours:     %s\npydantic: %s", body, a, b);
        }
    }
}

static void test_golden(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("tests/golden/pydantic.jsonl");
    CR_CLEANUP(cr_freep) char *lines = NULL;
    struct cr_error err;
    size_t len, n = 0;

    (void)state;
    cr_assert_ok(cr_fs_read(path, 1 << 20, &lines, &len, &err), &err);
    for (char *line = lines, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        CR_CLEANUP(cr_json_decrefp)
        json_t *json = json_loadb(line, (size_t)(end - line), JSON_ALLOW_NUL, NULL);
        const json_t *body = json_object_get(json, "body");

        assert_non_null(json);
        if (line == lines) {
            assert_non_null(json_object_get(json, "pydantic")); /* the versions */
            continue;
        }
        check_detail(json_string_value(body), json_string_length(body),
                     json_object_get(json, "detail"));
        n++;
    }
    assert_true(n >= 40);
}

#define REQUIRED                                                                                   \
    "\"age\": 30, \"gender\": \"Male\", \"marital_status\": \"Single\", \"education\": null, "     \
    "\"employment_type\": \"Salaried\", \"employment_years\": null, \"annual_income\": 600000, "   \
    "\"credit_score\": null, \"loan_type\": \"Home\", \"loan_amount\": 2.5e6"

static void test_presence(void **state)
{
    struct cr_record record = read_good(retail, "{" REQUIRED "}");

    (void)state;
    cr_assert_same(value(retail, &record, "age"), 30.0);
    cr_assert_same(value(retail, &record, "loan_amount"), 2500000.0);
    cr_assert_same(value(retail, &record, "dependents"), 0.0);
    cr_assert_same(value(retail, &record, "credit_utilization"), 40.0);
    cr_assert_same(value(retail, &record, "existing_loans"), 1.0);
    cr_assert_same(value(retail, &record, "loan_term_months"), 36.0);
    cr_assert_same(value(retail, &record, "interest_rate"), 12.0);
    assert_ptr_equal(text(retail, &record, "gender"), retail->fields[1].levels.texts[0]);
    assert_null(text(retail, &record, "education"));
    for (size_t i = 15; i < retail->n_fields; i++) {
        assert_true(cr_value_is_missing(record.values[i]));
    }
    /* null is missing, not the default */
    record = read_good(retail, "{" REQUIRED ", \"interest_rate\": null, \"city_tier\": null}");
    assert_true(isnan(value(retail, &record, "interest_rate")));
    assert_true(isnan(value(retail, &record, "city_tier")));
    record = read_good(retail, "{" REQUIRED ", \"phone_verified\": true, \"city_tier\": 2.0}");
    cr_assert_same(value(retail, &record, "phone_verified"), 1.0);
    cr_assert_same(value(retail, &record, "city_tier"), 2.0);
}

static void test_levels(void **state)
{
    struct cr_record record = read_good(small, "{\"only\": \"a\", \"two\": \"\\u0042\"}");

    (void)state;
    assert_ptr_equal(text(small, &record, "only"), small->fields[5].levels.texts[0]);
    assert_ptr_equal(text(small, &record, "two"), small->fields[6].levels.texts[1]);
    check_issues(small, "{\"only\": \"b\", \"two\": null}",
                 "{\"type\":\"enum\",\"loc\":[\"body\",\"only\"],\"msg\":\"Input should be 'A'\","
                 "\"ctx\":{\"expected\":\"'A'\"}}\n"
                 "{\"type\":\"enum\",\"loc\":[\"body\",\"two\"],\"msg\":\"Input should be 'A' or "
                 "'B'\",\"ctx\":{\"expected\":\"'A' or 'B'\"}}");
}

static void test_numbers(void **state)
{
    struct cr_record record = read_good(small, "{\"open\": -0.0, \"count\": -0, \"ratio\": 5e-1}");

    (void)state;
    cr_assert_same(value(small, &record, "open"), -0.0);
    cr_assert_same(value(small, &record, "count"), 0.0);
    cr_assert_same(value(small, &record, "ratio"), 0.5);
    record = read_good(small, "{\"count\": 123456789012345678901234567890, \"open\": 1e-400}");
    cr_assert_same(value(small, &record, "count"), 123456789012345678901234567890.0);
    cr_assert_same(value(small, &record, "open"), 0.0);
    check_issues(small, "{\"ratio\": 0.25, \"open\": 1e400, \"count\": 1e400}",
                 "{\"type\":\"greater_than_equal\",\"loc\":[\"body\",\"ratio\"],\"msg\":\"Input "
                 "should be greater than or equal to 0.5\",\"ctx\":{\"ge\":0.5}}\n"
                 "{\"type\":\"finite_number\",\"loc\":[\"body\",\"open\"],\"msg\":\"Input should "
                 "be a finite number\"}\n"
                 "{\"type\":\"finite_number\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should "
                 "be a finite number\"}");
}

/* Integers are numbers however long they are; a real beyond any double's digits is no sensible
 * body. */
static void test_long_numbers(void **state)
{
    char body[5000];
    struct cr_record record = {0};
    struct cr_issues issues;
    int len = snprintf(body, sizeof(body), "{\"age\": -1%04000d}", 0);

    (void)state;
    issues = read_bytes(retail, body, (size_t)len, &record);
    assert_int_equal(issues.items[0].type, CR_ISSUE_GREATER_THAN_EQUAL);
    assert_int_equal(issues.n, 10);
    len = snprintf(body, sizeof(body), "{\"count\": 1%04000d}", 0);
    issues = read_bytes(small, body, (size_t)len, &record);
    assert_int_equal(issues.items[0].type, CR_ISSUE_FINITE_NUMBER);
    len = snprintf(body, sizeof(body), "{\"open\": 0.%04000d}", 1);
    issues = read_bytes(small, body, (size_t)len, &record);
    assert_int_equal(issues.items[0].type, CR_ISSUE_JSON_INVALID);
    assert_int_equal(issues.items[0].offset, 9);
}

static void test_dates(void **state)
{
    static const char *const faults[][2] = {
        {"2020-02", "input is too short"},
        {"20x0-02-01", "invalid character in year"},
        {"2020/02/01", "invalid date separator, expected `-`"},
        {"2020-0a-01", "invalid character in month"},
        {"2020-02-0a", "invalid character in day"},
        {"2020-02-011", "unexpected extra characters at the end of the input"},
        {"2020-13-01", "month value is outside expected range of 1-12"},
        {"2020-00-01", "month value is outside expected range of 1-12"},
        {"2021-02-29", "day value is outside expected range"},
    };
    struct cr_record record = read_good(small, "{}");

    (void)state;
    assert_string_equal(text(small, &record, "since"), "2020-02-29");
    record = read_good(small, "{\"since\": \"2024\\u002d12-31\"}");
    assert_string_equal(text(small, &record, "since"), "2024-12-31");
    for (size_t i = 0; i < CR_ARRAY_LEN(faults); i++) {
        char body[64], expected[512];

        (void)snprintf(body, sizeof(body), "{\"since\": \"%s\"}", faults[i][0]);

        (void)snprintf(expected, sizeof(expected),
                       "{\"type\":\"date_from_datetime_parsing\",\"loc\":[\"body\",\"since\"],"
                       "\"msg\":\"Input should be a valid date or datetime, %s\","
                       "\"ctx\":{\"error\":\"%s\"}}",
                       faults[i][1], faults[i][1]);
        check_issues(small, body, expected);
    }
    check_issues(small, "{\"since\": 5, \"flag\": 1}",
                 "{\"type\":\"string_type\",\"loc\":[\"body\",\"since\"],\"msg\":\"Input should be "
                 "a valid string\"}\n"
                 "{\"type\":\"bool_type\",\"loc\":[\"body\",\"flag\"],\"msg\":\"Input should be a "
                 "valid boolean\"}");
}

/* Where we are stricter than Python: one json_invalid at that byte. */
static void test_strictness(void **state)
{
    static const struct {
        const char *body;
        size_t len; /* 0 = to the NUL */
        size_t offset;
        const char *reason;
    } bodies[] = {
        {"{\"age\": NaN}", 0, 8, "Expecting value"},
        {"{\"age\": Infinity}", 0, 8, "Expecting value"},
        {"{\"age\": -Infinity}", 0, 8, "Expecting value"},
        {"{\"age\": 1, \"age\": 1}", 0, 11, "Duplicate key"},
        {"{\"age\": 1, \"\\u0061ge\": 1}", 0, 11, "Duplicate key"},
        {"{\"gender\": \"Male\", \"age\": 1, \"gender\": 1}", 0, 29, "Duplicate key"},
        {"{\"x\": 1, \"y\": 2, \"x\": 1}", 0, 17, "Duplicate key"},
        {"{\"\": 1, \"\": 2}", 0, 8, "Duplicate key"},
        {"{\"x\": {\"a\": 1, \"b\": {\"a\": 1}}, \"y\": {\"a\": 1, \"a\": 2}}", 0, 45,
         "Duplicate key"},
        {"[{\"a\": 1, \"a\": 2}]", 0, 10, "Duplicate key"},
        {"{\"age\": \"\xff\"}", 0, 9, "Invalid UTF-8"},
        {"{\"\xc0\x80\": 1}", 0, 2, "Invalid UTF-8"},
        {"{\"\xed\xa0\x80\": 1}", 0, 2, "Invalid UTF-8"},
        {"{\"\xf4\x90\x80\x80\": 1}", 0, 2, "Invalid UTF-8"},
        {"{\"\xe2\x82", 0, 2, "Invalid UTF-8"},
        {"\xef\xbb\xbf{}", 0, 0, "Expecting value"},
        {"{\"age\": \"\\ud800\"}", 0, 10, "Unpaired surrogate"},
        {"{\"age\": \"\\ud800\\u0041\"}", 0, 10, "Unpaired surrogate"},
        {"{\"age\": \"\\udc00\"}", 0, 10, "Unpaired surrogate"},
        {"{\"age\": \"\\u0000\"}", 0, 10, "NUL character"},
        {"{\"age\": \"\0\"}", 12, 9, "Invalid control character at"},
        {"{}\0", 3, 2, "Extra data"},
        {"{\"a\": [[[[[[[[1]]]]]]]]}", 0, 13, "Nested too deeply"},
        {"[[[[[[[[[", 0, 8, "Nested too deeply"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(bodies); i++) {
        size_t len = bodies[i].len > 0 ? bodies[i].len : strlen(bodies[i].body);
        struct cr_record record = {0};
        struct cr_issues issues = read_bytes(retail, bodies[i].body, len, &record);

        assert_int_equal(issues.n, 1);
        assert_int_equal(issues.items[0].type, CR_ISSUE_JSON_INVALID);
        assert_string_equal(issues.items[0].reason, bodies[i].reason);
        assert_int_equal(issues.items[0].offset, bodies[i].offset);
        assert_null(issues.items[0].field);
    }
    /* eight deep is allowed, and the same key in different objects */
    check_issues(
        small, "{\"a\": [[[[[[[1]]]]]]], \"b\": [{\"b\": 1}, {\"b\": 1}]}",
        "{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"a\"],\"msg\":\"Extra inputs are "
        "not permitted\"}\n"
        "{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"b\"],\"msg\":\"Extra inputs are "
        "not permitted\"}");
}

static void test_keys_decoded(void **state)
{
    (void)state;
    check_issues(
        small, "{\"\\ud83d\\ude00\\n\\\"\\/\\u00e9\": 1}",
        "{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"\xf0\x9f\x98\x80\\n\\\"/\xc3\xa9"
        "\"],\"msg\":\"Extra inputs are not permitted\"}");
}

/* The beginning of a field's name is no field, nor is the name with more behind it. */
static void test_keys_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < small->n_fields; i++) {
        size_t len = strlen(small->fields[i].name);

        for (size_t k = 0; k <= len + 1; k++) {
            CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf key = CR_STRBUF_INIT;
            CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;
            struct cr_record record = {0};
            struct cr_issues issues;

            cr_strbuf_printf(&key, "%s_", small->fields[i].name);
            key.data[k] = '\0';
            if (cr_portfolio_find_field(small, key.data) >= 0) {
                continue; /* it is one's name */
            }
            cr_strbuf_printf(&body, "{\"%s\":1}", key.data);
            issues = read_bytes(small, body.data, body.len, &record);
            assert_true(issues.n > 0);
            assert_string_equal(issues.items[0].field, key.data);
            assert_int_equal(issues.items[0].type, CR_ISSUE_EXTRA_FORBIDDEN);
        }
    }
}

/* A hostile body of thousands of unknown keys: all are named, and the time does not grow with their
 * square. */
static void test_many_keys(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;
    struct cr_record record = {0};
    struct cr_issues issues;
    size_t n = 20000;

    (void)state;
    cr_strbuf_putc(&body, '{');
    for (size_t i = 0; i < n; i++) {
        cr_strbuf_printf(&body, "%s\"k%zu\":0", i > 0 ? "," : "", i);
    }
    cr_strbuf_putc(&body, '}');
    issues = read_bytes(small, body.data, body.len, &record);
    assert_int_equal(issues.n, n);
    assert_string_equal(issues.items[0].field, "k0");
    assert_string_equal(issues.items[n - 1].field, "k19999");
    body.data[body.len - 1] = ',';
    cr_strbuf_puts(&body, "\"k7\":0}");
    issues = read_bytes(small, body.data, body.len, &record);
    assert_int_equal(issues.n, 1);
    assert_string_equal(issues.items[0].reason, "Duplicate key");
}

static void check_key(const char *key, const char *expected)
{
    assert_string_equal(key != NULL ? key : "none", expected != NULL ? expected : "none");
}

/* As the row of a file a body may have the keys, by their own names, one of which is a field too:
 * they are kept as they are written. For a client a key is unknown as ever. */
static void test_row(void **state)
{
    static const struct {
        const char *body;
        const char *row;
        const char *customer;
        const char *issue; /* type of the only one, or NULL */
    } cases[] = {
        {"{\"count\": 1}", NULL, NULL, NULL},
        {"{\"loan\" : 12345678901234567890 }", "12345678901234567890", NULL, NULL},
        {"{\"two\":\"A\",\"loan\":\"0\\u0037\\\"\"}", "\"0\\u0037\\\"\"", "\"A\"", NULL},
        {"{\"l\\u006fan\":-1.50e3,\"count\":2}", "-1.50e3", NULL, NULL},
        {"{\"loan\":null,\"flag\":true}", "null", NULL, NULL},
        {"{\"loan\":7,\"count\":\"x\"}", "7", NULL, "int_type"},
        {"{\"loan\":7,\"two\":\"C\"}", "7", "\"C\"", "enum"},
        {"{\"loan\":7,\"loans\":7}", "7", NULL, "extra_forbidden"},
        {"{\"Loan\":7}", NULL, NULL, "extra_forbidden"},
        {"{\"loan\":[7]}", NULL, NULL, "extra_forbidden"},
        {"{\"loan\":{}}", NULL, NULL, "extra_forbidden"},
        {"{\"loan\":7,\"loan\":8}", NULL, NULL, "json_invalid"},
        {"{\"loan\":7,\"two\":\"A\",", NULL, NULL, "json_invalid"},
        {"[7]", NULL, NULL, "model_attributes_type"},
        {"", NULL, NULL, "missing"},
    };
    struct cr_record record;
    struct cr_row_keys keys;
    struct cr_issues issues;
    struct cr_error err;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const char *body = cases[i].body;

        cr_assert_ok(
            cr_record_from_row(small, body, strlen(body), &arena, &record, &keys, &issues, &err),
            &err);
        if (issues.n != (cases[i].issue != NULL)) {
            fail_msg("%s: %zu issues", body, issues.n);
        }
        if (issues.n > 0) {
            assert_string_equal(cr_issue_type_name(issues.items[0].type), cases[i].issue);
        }
        check_key(keys.row, cases[i].row);
        check_key(keys.customer, cases[i].customer);
    }
    issues = read_bytes(small, "{\"loan\":7}", 10, &record);
    assert_int_equal(issues.n, 1);
    assert_int_equal(issues.items[0].type, CR_ISSUE_EXTRA_FORBIDDEN);
}

/* Every limit of memory is survived: either the answer or CR_ENOMEM. */
static void test_memory(void **state)
{
    static const char *const bodies[] = {
        "{\"since\": \"2020-01-01\", \"x\": 1, \"y\\n\": {\"a\": 1}}",
        "{\"since\": \"2020-01-01\", \"only\": \"\\u0061\"}",
        "[1",
        "",
    };
    struct cr_arena bounded = {0};
    struct cr_error err;
    size_t n_refused = 0, n_done = 0;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(bodies); i++) {
        for (size_t max = 16; max <= 2048; max += 16) {
            struct cr_record record = {0};
            struct cr_issues issues = {.n = 99};
            int result;

            cr_arena_init(&bounded, max);
            result = cr_record_from_json(small, bodies[i], strlen(bodies[i]), &bounded, &record,
                                         &issues, &err);
            assert_true(result == 0 || (result == CR_ENOMEM && err.code == CR_ENOMEM));
            n_refused += result != 0;
            n_done += result == 0;
            cr_arena_finish(&bounded);
        }
    }
    assert_true(n_refused > 4 && n_done > 4);
}

static void test_value(void **state)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *rows =
        json_loads("[{\"count\": 5, \"flag\": false}, {\"count\": 5.5, \"x\": {}, \"only\": [], "
                   "\"open\": \"1\"}, [], null]",
                   0, NULL);
    struct cr_record record = {0};
    struct cr_issues issues;
    struct cr_error err;

    (void)state;
    cr_assert_ok(
        cr_record_from_value(small, json_array_get(rows, 0), &arena, &record, &issues, &err), &err);
    assert_int_equal(issues.n, 0);
    cr_assert_same(value(small, &record, "count"), 5.0);
    cr_assert_same(value(small, &record, "flag"), 0.0);
    cr_assert_ok(
        cr_record_from_value(small, json_array_get(rows, 1), &arena, &record, &issues, &err), &err);
    assert_int_equal(issues.n, 4);
    assert_int_equal(issues.items[0].type, CR_ISSUE_FLOAT_TYPE);
    assert_int_equal(issues.items[1].type, CR_ISSUE_INT_FROM_FLOAT);
    assert_int_equal(issues.items[2].type, CR_ISSUE_ENUM);
    assert_int_equal(issues.items[3].type, CR_ISSUE_EXTRA_FORBIDDEN);
    for (size_t i = 2; i < 4; i++) {
        cr_assert_ok(
            cr_record_from_value(small, json_array_get(rows, i), &arena, &record, &issues, &err),
            &err);
        assert_int_equal(issues.n, 1);
        assert_int_equal(issues.items[0].type, CR_ISSUE_MODEL_ATTRIBUTES_TYPE);
    }
}

static void test_to_json(void **state)
{
    struct cr_record record = read_good(retail, "{" REQUIRED ", \"interest_rate\": null}");
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_record_to_json(retail, &record);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;

    (void)state;
    cr_json_write(json, false, &out);
    assert_string_equal(
        cr_strbuf_text(&out),
        "{\"age\":30,\"gender\":\"Male\",\"marital_status\":\"Single\",\"education\":null,"
        "\"dependents\":0,\"employment_type\":\"Salaried\",\"employment_years\":null,"
        "\"annual_income\":600000.0,\"credit_score\":null,\"credit_utilization\":40.0,"
        "\"existing_loans\":1,\"loan_type\":\"Home\",\"loan_amount\":2500000.0,"
        "\"loan_term_months\":36,\"interest_rate\":null}");
}

static void test_sendable(void **state)
{
    struct cr_value values[7];
    struct cr_record record = read_good(small, "{\"ratio\": 1, \"count\": 3, \"only\": \"A\"}");
    struct cr_record changed = {.values = values};

    (void)state;
    assert_true(cr_record_is_sendable(small, &record));
#define CHANGED(index, ...)                                                                        \
    (memcpy(values, record.values, sizeof(values)),                                                \
     values[index] = (struct cr_value){__VA_ARGS__}, cr_record_is_sendable(small, &changed))
    assert_true(CHANGED(0, NAN, "2020-01-01"));
    assert_false(CHANGED(0, NAN, "2020-1-1"));
    assert_false(CHANGED(0, NAN, NULL)); /* absent would be the default, null is not allowed */
    assert_true(CHANGED(1, NAN, NULL));
    assert_false(CHANGED(1, 0.4, NULL));
    assert_false(CHANGED(2, INFINITY, NULL));
    assert_true(CHANGED(2, -1e300, NULL));
    assert_false(CHANGED(3, 2.5, NULL));
    assert_false(CHANGED(4, 2.0, NULL));
    assert_false(CHANGED(4, NAN, NULL));
    assert_true(CHANGED(5, NAN, "a"));
    assert_false(CHANGED(5, NAN, "B"));
    assert_false(CHANGED(5, 1.0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_presence),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_strictness),
        cmocka_unit_test(test_keys_decoded),
        cmocka_unit_test(test_keys_are_whole),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_to_json),
        cmocka_unit_test(test_sendable),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
