// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

static char *dir;

static int make_dir(void **state)
{
    (void)state;
    dir = cr_test_tempdir();
    return 0;
}

static int free_dir(void **state)
{
    (void)state;
    free(dir);
    return 0;
}

/* Writes a row as "LINE:[field][field]\n" with its line ends shown. */
static int describe(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct cr_strbuf *out = context;

    (void)err;
    cr_strbuf_printf(out, "%zu:", row->line);
    for (size_t i = 0; i < row->n; i++) {
        assert_int_equal(strlen(row->fields[i].text), row->fields[i].len);
        cr_strbuf_putc(out, '[');
        for (const char *p = row->fields[i].text; *p != '\0'; p++) {
            cr_strbuf_puts(out, *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : (char[]){*p, '\0'});
        }
        cr_strbuf_putc(out, ']');
    }
    cr_strbuf_putc(out, '\n');
    return 0;
}

static void check(const char *text, const char *expected)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "t.csv", text);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    struct cr_error err;

    cr_assert_ok(cr_csv_read(path, NULL, describe, &out, &err), &err);
    assert_string_equal(cr_strbuf_text(&out), expected);
}

static void check_error(const char *text, size_t len, int code, const char *place)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "bad.csv");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    struct cr_error err;

    cr_assert_ok(cr_fs_write(path, text, len, &err), &err);
    assert_int_equal(cr_csv_read(path, NULL, describe, &out, &err), code);
    assert_memory_equal(err.message, path, strlen(path));
    assert_memory_equal(err.message + strlen(path), place, strlen(place));
}

static void test_rows(void **state)
{
    (void)state;
    check("", "");
    check("\n\n", "");
    check("a,b\n1,2\n", "1:[a][b]\n2:[1][2]\n");
    check("a,b\n1,2", "1:[a][b]\n2:[1][2]\n");
    check("a,b\r\n1,\"2\"\r\n", "1:[a][b]\n2:[1][2]\n");
    check("a\rb\r", "1:[a]\n1:[b]\n");
    check(",\n\"\"\n", "1:[][]\n2:[]\n");
    check("a,\n", "1:[a][]\n");
    check("a,", "1:[a][]\n");
    check("\"a\"", "1:[a]\n");
    check("\xef\xbb\xbf"
          "a,é\n",
          "1:[a][é]\n");
    check("\xef\xbb\xbf", "");
    check(" a , b c\t,\" d \" \n", "1:[a][b c][ d ]\n");
}

static void test_lines(void **state)
{
    (void)state;
    check("h\n\n \t\nx\n", "1:[h]\n4:[x]\n");
    check("a,\"1\n2\n\n3\",b\nc\n\n\"\nd\"\ne", "1:[a][1\\n2\\n\\n3][b]\n5:[c]\n7:[\\nd]\n9:[e]\n");
    check("\"x\r\ny\"\r\nz\r\n", "1:[x\\r\\ny]\n3:[z]\n");
    check("\"a \"\"b\"\",\n\"\n", "1:[a \"b\",\\n]\n");
}

static void test_refused(void **state)
{
    (void)state;
    check_error("a\nb\"c\n", 6, CR_EPARSE, ":2: ");
    check_error("a\n\"b\"c\n", 7, CR_EPARSE, ":2: ");
    check_error("a\n\"b\" \"c\"\n", 10, CR_EPARSE, ":2: ");
    check_error("a\nb\n\n\"c\nd\n", 10, CR_EPARSE, ":4: ");
    check_error("a\n\"", 3, CR_EPARSE, ":2: ");
    check_error("a\nb\0c\n", 6, CR_EPARSE, ":2: ");
    check_error("\x1f\x8b\b\0\0\0", 6, CR_EPARSE, ": gzip: unpack it first");
    check_error("\xff\xfe"
                "a\0\n\0",
                6, CR_EPARSE, ": UTF-16, not UTF-8 text");
    check_error("\xfe\xff\0a\0\n", 6, CR_EPARSE, ": UTF-16, not UTF-8 text");
}

static void test_absent(void **state)
{
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_csv_read("/nonexistent.csv", NULL, describe, NULL, &err), CR_ENOTFOUND);
    assert_int_equal(cr_csv_read(dir, NULL, describe, NULL, &err), CR_EIO);
}

static void test_separator(void **state)
{
    const struct cr_csv_options options[] = {{.separator = ';'}, {.separator = '\t'}};
    const char *const texts[] = {"a;1,5;\n;;\n", "a\t1,5\t\n\t\t\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "s.csv", texts[i]);
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
        struct cr_error err;

        cr_assert_ok(cr_csv_read(path, &options[i], describe, &out, &err), &err);
        assert_string_equal(cr_strbuf_text(&out), "1:[a][1,5][]\n2:[][][]\n");
    }
}

static int cancel(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    volatile sig_atomic_t *cancelled = context;

    (void)row;
    (void)err;
    *cancelled = 1;
    return 0;
}

/* It ends between two pieces of a long file and behind the last one, and begins no other file. */
static void test_cancelled(void **state)
{
    volatile sig_atomic_t cancelled = 0;
    const struct cr_csv_options options = {.cancelled = &cancelled};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;

    (void)state;
    for (int i = 0; i < 40000; i++) {
        cr_strbuf_puts(&text, "1,2\n");
    }
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "long.csv", cr_strbuf_text(&text));
    CR_CLEANUP(cr_freep) char *brief = cr_test_write(dir, "brief.csv", "1,2\n");
    assert_int_equal(cr_csv_read(path, &options, cancel, (void *)&cancelled, &err), CR_EUNAVAIL);
    assert_string_equal(err.message, "interrupted");
    assert_int_equal(cr_csv_read("/none", &options, cancel, (void *)&cancelled, &err), CR_EUNAVAIL);
    cancelled = 0;
    assert_int_equal(cr_csv_read(brief, &options, cancel, (void *)&cancelled, &err), CR_EUNAVAIL);
    cancelled = 0;
    assert_int_equal(cr_csv_read("/none", &options, cancel, (void *)&cancelled, &err),
                     CR_ENOTFOUND);
}

/* The maximum is one row's, quoted lines included, not the file's. */
static void test_max_row(void **state)
{
    const struct cr_csv_options options = {.max_row_len = 10};
    const struct {
        const char *text;
        int code;
    } cases[] = {
        {"123456789\n123456789\n\n\n\n\n\n\n\n\n\n\nx\n", 0},
        {"a\n1234567890\n", CR_ETOOBIG},
        {"a\n\"12\n\n\n\n56\n\"", CR_ETOOBIG},
        {"a\n,,,,,,,,,,\n", CR_ETOOBIG},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "m.csv", cases[i].text);
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
        struct cr_error err;

        assert_int_equal(cr_csv_read(path, &options, describe, &out, &err), cases[i].code);
        assert_true(cases[i].code == 0 || strstr(err.message, "m.csv:2: ") != NULL);
    }
}

/* What people call the file stands in messages and rows, wherever it is read from. */
static void test_name(void **state)
{
    const struct cr_csv_options options = {.max_row_len = 10, .name = "-"};
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "n.csv", "a\n12345678901\n");
    CR_CLEANUP(cr_freep) char *none = cr_fs_join(dir, "none.csv");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_csv_read(path, &options, describe, &out, &err), CR_ETOOBIG);
    assert_string_equal(err.message, "-:2: the row has more than 10 bytes");
    assert_int_equal(cr_csv_read(none, &options, describe, &out, &err), CR_ENOTFOUND);
    assert_string_equal(err.message, "cannot open '-': No such file or directory");
}

/* Without a maximum given, an endless quoted field ends at 1 MiB. */
static void test_default_max(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    (void)state;
    cr_strbuf_puts(&text, "a\n\"");
    for (int i = 0; i < 300000; i++) {
        cr_strbuf_puts(&text, "xyz\n");
    }
    check_error(text.data, text.len, CR_ETOOBIG, ":2: ");
}

static int refuse_second(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    size_t *n = context;

    return ++*n == 2 ? cr_error_at(err, CR_EINVAL, row->file, row->line, 0, "no") : 0;
}

static void test_callback_stops(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "stop.csv", "a\nb\nc\nd\n");
    CR_CLEANUP(cr_freep) char *last = cr_test_write(dir, "last.csv", "a\nb");
    struct cr_error err;
    size_t n = 0;

    (void)state;
    assert_int_equal(cr_csv_read(path, NULL, refuse_second, &n, &err), CR_EINVAL);
    assert_int_equal(n, 2);
    n = 0;
    assert_int_equal(cr_csv_read(last, NULL, refuse_second, &n, &err), CR_EINVAL);
    assert_int_equal(n, 2);
}

struct table {
    struct cr_strbuf cells; /* each behind Q, when it must be in quotes, or - and with a NUL */
    size_t n_rows;
    size_t next;   /* row to be read */
    size_t offset; /* of its first cell */
};

enum { N_COLS = 4 };

/* Writes a row as one letter per field: q for one in quotes. */
static int describe_quotes(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    (void)err;
    for (size_t i = 0; i < row->n; i++) {
        cr_strbuf_putc(context, row->fields[i].quoted ? 'q' : '-');
    }
    cr_strbuf_putc(context, ' ');
    return 0;
}

static void test_quoted(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
        char separator;
    } cases[] = {
        {"a,\"a\",,\"\"\n", "-q-q ", ','},
        {"\"a\",a\n\na,\"a\"\n \n\"a\"", "q- -q q ", ','},
        {"\"a\"\r\na\r\n\r\n \"a\" , \"\"\"\" ,a", "q - qq- ", ','},
        {"\"a\ra\"\ra\r\"a\"\r", "q - q ", ','},
        {"\"a,\"\",\n,\",a\na,\"\n\n\"\n", "q- -q ", ','},
        {"\t\"a\"\ta,\t\n", "-q-- ", '\t'},
        {"a,", "-- ", ','},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "t.csv", cases[i].text);
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
        struct cr_csv_options options = {.separator = cases[i].separator};
        struct cr_error err;

        cr_assert_ok(cr_csv_read(path, &options, describe_quotes, &out, &err), &err);
        assert_string_equal(cr_strbuf_text(&out), cases[i].expected);
    }
}

static int compare_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct table *table = context;

    (void)err;
    assert_int_equal(row->n, N_COLS);
    for (size_t i = 0; i < N_COLS; i++) {
        const char *cell = table->cells.data + table->offset;

        assert_string_equal(row->fields[i].text, cell + 1);
        assert_int_equal(row->fields[i].len, strlen(cell + 1));
        if (*cell == 'Q' || strpbrk(cell, ",\"\n\r \t") == NULL) {
            assert_int_equal(row->fields[i].quoted, *cell == 'Q');
        }
        table->offset += strlen(cell) + 1;
    }
    table->next++;
    return 0;
}

/* What is written reads back, over many chunks: cells of awkward characters, rows across chunk
 * borders. */
static void test_round_trip(void **state)
{
    static const char alphabet[] = "ab,;\"\n\r \t.é";
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "round.csv");
    FILE *out = fopen(path, "w");
    struct table table = {.cells = CR_STRBUF_INIT, .n_rows = 20000};
    struct cr_error err;
    struct cr_rng rng;

    (void)state;
    assert_non_null(out);
    cr_rng_init(&rng, 4, 0);
    for (size_t i = 0; i < table.n_rows; i++) {
        for (size_t j = 0; j < N_COLS; j++) {
            size_t start = table.cells.len + 1, len = (size_t)cr_rng_below(&rng, 12);
            bool quoted = cr_rng_below(&rng, 3) == 0;

            cr_strbuf_putc(&table.cells, quoted ? 'Q' : '-');
            for (size_t k = 0; k < len; k++) {
                cr_strbuf_putc(&table.cells, alphabet[cr_rng_below(&rng, sizeof(alphabet) - 1)]);
            }
            if (quoted) {
                cr_csv_write_quoted(out, table.cells.data + start, table.cells.len - start);
            } else {
                cr_csv_write_field(out, table.cells.data + start, table.cells.len - start, ',');
            }
            cr_strbuf_putc(&table.cells, '\0');
            assert_int_equal(fputc(j + 1 < N_COLS ? ',' : '\n', out) == EOF, 0);
        }
    }
    assert_int_equal(fclose(out), 0);
    cr_assert_ok(cr_csv_read(path, NULL, compare_row, &table, &err), &err);
    assert_int_equal(table.next, table.n_rows);
    cr_strbuf_finish(&table.cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_separator),      cmocka_unit_test(test_max_row),
        cmocka_unit_test(test_name),           cmocka_unit_test(test_default_max),
        cmocka_unit_test(test_callback_stops), cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests(tests, make_dir, free_dir);
}
