// SPDX-License-Identifier: MIT
/* Rows of a batch: found where a JSON parser finds them. */
#include "cr_test.h"

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

enum { N_CASES = 3000, MAX_ROWS = 6 };

/* Between angle brackets; its place checked. */
static void put_row(struct cr_strbuf *out, enum cr_rows_form form, const char *body,
                    const struct cr_row_text *row)
{
    size_t line = form == CR_ROWS_LINES;

    for (size_t i = 0; i < row->offset; i++) {
        line += form == CR_ROWS_LINES && body[i] == '\n';
    }
    assert_memory_equal(row->text, body + row->offset, row->len);
    assert_int_equal(row->line, line);
    cr_strbuf_printf(out, "<%.*s>", (int)row->len, row->text);
}

static void put_fault(struct cr_strbuf *out, const struct cr_rows *rows)
{
    cr_strbuf_printf(out, "%s%zu %s", rows->no_array ? "!" : "", rows->fault_offset, rows->fault);
}

/* The rows that are held, as one text; the fault, which ends them, behind. */
static int put_rows(struct cr_strbuf *out, const char *body, struct cr_rows *rows)
{
    struct cr_row_text row;
    bool more = true;
    int result = 0;

    while (result == 0 && more) {
        result = cr_rows_next(rows, &row, &more);
        if (result == 0 && more) {
            put_row(out, rows->form, body, &row);
        }
    }
    if (result < 0) {
        put_fault(out, rows);
    }
    return result;
}

/* The same body in pieces of that many bytes, each time in a memory of its own; when `announced`
 * the last bytes are known to be the last. */
static void put_pieces(struct cr_strbuf *out, enum cr_rows_form form, size_t max_len,
                       const char *body, size_t piece_len, bool announced)
{
    size_t len = strlen(body), come = 0;
    char *held = NULL;
    struct cr_rows rows;
    int result = 0;

    cr_rows_init_pieces(&rows, form, max_len);
    while (result == 0 && rows.is_hungry) {
        bool was_all = come == len;
        char *piece;

        come = come + piece_len < len ? come + piece_len : len;
        piece = malloc(come - rows.begin + 1);
        assert_non_null(piece);
        memcpy(piece, body + rows.begin, come - rows.begin);
        free(held);
        held = piece;
        cr_rows_feed(&rows, held, come - rows.begin, announced ? come == len : was_all);
        result = put_rows(out, body, &rows);
    }
    free(held);
}

static void check_pieces(enum cr_rows_form form, size_t max_len, const char *body,
                         const char *expected)
{
    for (size_t piece_len = 1; piece_len <= strlen(body) + 1; piece_len++) {
        for (int announced = 0; announced < 2; announced++) {
            CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

            put_pieces(&text, form, max_len, body, piece_len, announced != 0);
            if (strcmp(cr_strbuf_text(&text), expected) != 0) {
                fail_msg("'%s' in pieces of %zu: %s, not %s", body, piece_len,
                         cr_strbuf_text(&text), expected);
            }
        }
    }
}

/* As a whole, and in pieces of every length. */
static void check(enum cr_rows_form form, const char *body, const char *expected)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_rows rows;

    cr_rows_init(&rows, form, body, strlen(body));
    (void)put_rows(&text, body, &rows); /* the fault is in the text */
    assert_false(rows.is_hungry);
    assert_string_equal(cr_strbuf_text(&text), expected);
    check_pieces(form, SIZE_MAX, body, expected);
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
        {"[1 2]", "<1 2>"},
        {"[1}]", "<1}>"},
        {"[1,,2]", "<1>3 Expecting value"},
        {"[1]\n,", "<1>4 Extra data"},
        {"\n[\n1\n,\n2\n]\n", "<1\n><2\n>"},
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

/* What a row may be long is what it is long, wherever the pieces end. */
static void lengths(void **state)
{
    (void)state;
    check_pieces(CR_ROWS_ARRAY, 4, " [ 1234 ,      1,\"12\"]", "3 Row too long");
    check_pieces(CR_ROWS_ARRAY, 5, " [ 1234 ,      1,\"12\"]", "<1234 ><1><\"12\">");
    check_pieces(CR_ROWS_ARRAY, 3, "[123,1234]", "<123>5 Row too long");
    check_pieces(CR_ROWS_ARRAY, 3, "[123, \"345", "<123>6 Row too long");
    check_pieces(CR_ROWS_LINES, 3, "123\n\n12\r\n1", "<123><12\r><1>");
    check_pieces(CR_ROWS_LINES, 3, "123\n1234\n1", "<123>4 Row too long");
    check_pieces(CR_ROWS_LINES, 3, "123\n    \n1", "<123>4 Row too long");
    check_pieces(CR_ROWS_LINES, 3, "123\n1234", "<123>4 Row too long");
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
        cmocka_unit_test(lengths),
        cmocka_unit_test(random_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
