// SPDX-License-Identifier: MIT
/* Rows of a batch: found where a JSON parser finds them. */
#include "cr_test.h"

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

enum { N_CASES = 3000, MAX_ROWS = 6 };

/* The rows as one text, each between angle brackets with its offset checked; the fault instead. */
static void check(enum cr_rows_form form, const char *body, const char *expected)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_rows rows;
    struct cr_row_text row;
    bool more = true;

    cr_rows_init(&rows, form, body, strlen(body));
    while (more) {
        if (cr_rows_next(&rows, &row, &more) < 0) {
            cr_strbuf_printf(&text, "%s%zu %s", rows.no_array ? "!" : "", rows.fault_offset,
                             rows.fault);
            break;
        }
        if (more) {
            assert_ptr_equal(row.text, body + row.offset);
            cr_strbuf_printf(&text, "<%.*s>", (int)row.len, row.text);
        }
    }
    assert_string_equal(cr_strbuf_text(&text), expected);
}

static void arrays(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } cases[] = {
        {"[]", ""},
        {" [ ] \n", ""},
        {"[{\"a\":1},{\"b\":[2,3]}]", "<{\"a\":1}><{\"b\":[2,3]}>"},
        {"[1 , \"x,]\\\"\\\\\" ,null]\n", "<1 ><\"x,]\\\"\\\\\" ><null>"},
        {"[[1,2],{\"k\":{\"l\":\"}\"}}]", "<[1,2]><{\"k\":{\"l\":\"}\"}}>"},
        {"", "0 Expecting value"},
        {"  ", "2 Expecting value"},
        {"{}", "!0 Expecting value"},
        {" 5", "!1 Expecting value"},
        {"[", "1 Expecting value"},
        {"[1", "2 Expecting ',' delimiter"},
        {"[1,", "<1>3 Expecting value"},
        {"[1,]", "<1>3 Expecting value"},
        {"[,1]", "1 Expecting value"},
        {"[1]x", "<1>3 Extra data"},
        {"[1][2]", "<1>3 Extra data"},
        {"[\"ab", "4 Expecting ',' delimiter"},
        {"[\"ab\\", "5 Expecting ',' delimiter"},
        {"[{\"a\":1]", "8 Expecting ',' delimiter"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        check(CR_ROWS_ARRAY, cases[i].body, cases[i].expected);
    }
}

static void lines(void **state)
{
    (void)state;
    check(CR_ROWS_LINES, "", "");
    check(CR_ROWS_LINES, "\n \r\n\t\n", "");
    check(CR_ROWS_LINES, "{}\n[1]\r\n\nx", "<{}><[1]\r><x>");
    check(CR_ROWS_LINES, "{}\n", "<{}>");
}

/* A random value as text; sometimes nested, sometimes with what looks like structure in strings. */
static void put_value(struct cr_strbuf *out, struct cr_rng *rng, int depth)
{
    static const char *const leaves[] = {
        "1", "-2.5e3", "true", "null", "\"a\"", "\"],[\"", "\"\\\"}\"", "\"\\\\\"", "[]", "{}",
    };
    uint64_t kind = cr_rng_below(rng, 4);

    if (depth == 0 || kind < 2) {
        cr_strbuf_puts(out, leaves[cr_rng_below(rng, CR_ARRAY_LEN(leaves))]);
        return;
    }
    cr_strbuf_puts(out, kind == 2 ? "[" : "{");
    for (uint64_t i = 0, n = cr_rng_below(rng, 3); i <= n; i++) {
        cr_strbuf_printf(out, i > 0 ? " , " : "");
        if (kind == 3) {
            cr_strbuf_printf(out, "\"k%d\" :", (int)i);
        }
        put_value(out, rng, depth - 1);
    }
    cr_strbuf_puts(out, kind == 2 ? "]" : "}");
}

/* jansson as the oracle: each row is the array's element. */
static void random_arrays(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_CASES; seed++) {
        struct cr_rng rng;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;
        CR_CLEANUP(cr_json_decrefp) json_t *array = NULL;
        struct cr_rows rows;
        struct cr_row_text row;
        uint64_t n;
        bool more;

        cr_rng_init(&rng, seed, 0);
        n = cr_rng_below(&rng, MAX_ROWS);
        cr_strbuf_puts(&body, " [");
        for (uint64_t i = 0; i < n; i++) {
            cr_strbuf_puts(&body, i > 0 ? "," : "");
            put_value(&body, &rng, 3);
        }
        cr_strbuf_puts(&body, "] ");
        array = json_loads(cr_strbuf_text(&body), 0, NULL);
        assert_non_null(array);
        cr_rows_init(&rows, CR_ROWS_ARRAY, body.data, body.len);
        for (size_t i = 0; i < json_array_size(array); i++) {
            CR_CLEANUP(cr_json_decrefp) json_t *element = NULL;

            assert_int_equal(cr_rows_next(&rows, &row, &more), 0);
            assert_true(more);
            element = json_loadb(row.text, row.len, JSON_DECODE_ANY, NULL);
            if (!json_equal(element, json_array_get(array, i))) {
                fail_msg("seed %llu: %s", (unsigned long long)seed, cr_strbuf_text(&body));
            }
        }
        assert_int_equal(cr_rows_next(&rows, &row, &more), 0);
        assert_false(more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays),
        cmocka_unit_test(lines),
        cmocka_unit_test(random_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
