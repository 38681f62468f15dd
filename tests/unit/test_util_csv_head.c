// SPDX-License-Identifier: MIT
/* The first row of a CSV file: where it is, what separates it, and how much is read to know. */
#include "cr_test.h"

#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
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

/* Writes a row as "LINE:[field][field]\n". */
static int describe(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct cr_strbuf *out = context;

    (void)err;
    cr_strbuf_printf(out, "%zu:", row->line);
    for (size_t i = 0; i < row->n; i++) {
        cr_strbuf_printf(out, "[%s]", row->fields[i].text);
    }
    cr_strbuf_putc(out, '\n');
    return 0;
}

/* The usual one stays unless another is there more often. */
static void test_guess(void **state)
{
    static const struct {
        const char *line;
        char usual, separator;
    } cases[] = {
        {"", ',', ','},
        {"a", ';', ';'},
        {"a,b", ',', ','},
        {"a;b", ',', ';'},
        {"a\tb", ',', '\t'},
        {"a|b", ',', '|'},
        {"a b:c", ',', ','},
        {"a;b,c;d", ',', ';'},
        {"\"a, in \"\"EUR\"\"\";\"b, in EUR\"", ',', ';'},
        {"a,b;c", ',', ','},
        {"a,b;c", ';', ';'},
        {"a:b,c:d", ':', ':'},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(
            cr_csv_guess_separator(cases[i].line, strlen(cases[i].line), cases[i].usual),
            cases[i].separator);
    }
}

/* The first row's line and separator, whatever stands before it and whether it can be read. */
static void test_head(void **state)
{
    static const struct {
        const char *text;
        int code;
        size_t line;
        char separator;
        const char *guessed; /* the rows, read by the separator that is guessed */
    } cases[] = {
        {"a;b\n1;2\n", 0, 1, ';', "1:[a][b]\n2:[1][2]\n"},
        {"\xef\xbb\xbf\r\n \n\"a\"|b", CR_EPARSE, 3, '|', "3:[a][b]\n"},
        {"\"a\";\"b\"\n", CR_EPARSE, 1, ';', "1:[a][b]\n"},
        {"\"a,\nb,c\"\t\"d\"\n1,2,3\t4\n", CR_EPARSE, 1, '\t', "1:[a,\nb,c][d]\n3:[1,2,3][4]\n"},
        {"a, in EUR;b;c\n1,5;2;3\n", 0, 1, ';', "1:[a, in EUR][b][c]\n2:[1,5][2][3]\n"},
        {"a,b\n1;2;3,4\n", 0, 1, ',', "1:[a][b]\n2:[1;2;3][4]\n"},
        {"\tage\n0\t30\n", 0, 1, '\t', "1:[][age]\n2:[0][30]\n"},
        {" \t\r\n\n \ta;b\n1;2\n", 0, 3, ';', "3:[a][b]\n4:[1][2]\n"},
        {"", 0, 0, '\0', ""},
        {"\n\n", 0, 3, ',', ""},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "h.csv", cases[i].text);
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
        struct cr_csv_head head = {0};
        struct cr_csv_options options = {.ret_head = &head};
        struct cr_error err;

        assert_int_equal(cr_csv_read(path, &options, describe, &out, &err), cases[i].code);
        assert_int_equal(head.line, cases[i].line);
        assert_int_equal(head.separator, cases[i].separator);
        cr_strbuf_reset(&out);
        options.guess = true;
        cr_assert_ok(cr_csv_read(path, &options, describe, &out, &err), &err);
        assert_string_equal(cr_strbuf_text(&out), cases[i].guessed);
    }
}

/* Where tabs separate, a line of them alone is a row. */
static void test_row_of_tabs(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "tabs.csv", "\n\t\na\tb\n");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    struct cr_csv_head head;
    const struct cr_csv_options options = {.separator = '\t', .ret_head = &head};
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_csv_read(path, &options, describe, &out, &err), &err);
    assert_string_equal(cr_strbuf_text(&out), "2:[][]\n3:[a][b]\n");
    assert_int_equal(head.line, 2);
}

/* No text has no separator to guess. */
static void test_head_of_no_text(void **state)
{
    static const char *const texts[] = {"\x1f\x8b;;;", "\xff\xfe;;", "a\0;\0b"};
    static const size_t lens[] = {5, 4, 5};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "binary.csv");
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
        struct cr_csv_head head = {.separator = ';'}; /* of another file */
        const struct cr_csv_options options = {.ret_head = &head};
        struct cr_error err;

        cr_assert_ok(cr_fs_write(path, texts[i], lens[i], &err), &err);
        assert_int_equal(cr_csv_read(path, &options, describe, &out, &err), CR_EPARSE);
        assert_int_equal(head.separator, '\0');
    }
}

/* What a pipe's writer sends, a piece each time that there is a wait for more. */
struct writer {
    struct cr_strbuf rows;
    const char *const *pieces; /* NULL behind the last: then the writer goes */
    size_t n_sent;
    int fd;
};

static int send_piece(int fd, void *context, struct cr_error *err)
{
    struct writer *writer = context;
    const char *piece = writer->pieces[writer->n_sent];

    (void)fd;
    (void)err;
    if (piece != NULL) {
        assert_int_equal(write(writer->fd, piece, strlen(piece)), strlen(piece));
        writer->n_sent++;
    } else if (writer->fd >= 0) {
        assert_int_equal(close(writer->fd), 0);
        writer->fd = -1;
    }
    return 0;
}

static int describe_sent(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct writer *writer = context;

    return describe(row, &writer->rows, err);
}

/* Of a pipe so much is read on that the head is there, and no more. */
static void test_pieces(void **state)
{
    static const struct {
        const char *pieces[5];
        bool guess;
        int code;
        size_t n_read; /* pieces that were waited for, and needed */
        const char *rows;
    } cases[] = {
        {{"a", ";b", "\n1;2\n"}, true, 0, 3, "1:[a][b]\n2:[1][2]\n"},
        {{"\n", " ", "\n\"a,\n", ",\";b\n"}, true, 0, 4, "3:[a,\n,][b]\n"},
        {{"\xef\xbb\xbf\n", "a;b", "\n1;2\n"}, true, 0, 3, "2:[a][b]\n3:[1][2]\n"},
        {{"\xef\xbb", "\xbf", "a;b\n", "1;2\n"}, true, 0, 4, "1:[a][b]\n2:[1][2]\n"},
        {{"a", "\nb", "\n"}, false, 0, 3, "1:[a]\n2:[b]\n"},
        {{"a,b\"c\n1,2\n", "3"}, false, CR_EPARSE, 1, ""},
        {{"a,b\"c\n1,2\n", "3"}, true, CR_EPARSE, 1, ""},
        {{"a,\"b\"\"\" \"\n1,2\n", "3"}, true, CR_EPARSE, 1, ""},
        {{"a;\"b\n1;2\n", "3"}, false, CR_EPARSE, 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct writer writer = {.rows = CR_STRBUF_INIT, .pieces = cases[i].pieces};
        const struct cr_csv_options options = {.guess = cases[i].guess, .before_read = send_piece};
        char path[32];
        int fds[2];
        struct cr_error err;

        assert_int_equal(pipe(fds), 0);
        writer.fd = fds[1];
        (void)snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
        assert_int_equal(cr_csv_read(path, &options, describe_sent, &writer, &err), cases[i].code);
        assert_string_equal(cr_strbuf_text(&writer.rows), cases[i].rows);
        assert_int_equal(writer.n_sent, cases[i].n_read);
        if (writer.fd >= 0) {
            (void)close(writer.fd);
        }
        (void)close(fds[0]);
        cr_strbuf_finish(&writer.rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),           cmocka_unit_test(test_head),
        cmocka_unit_test(test_head_of_no_text), cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_row_of_tabs),
    };

    return cmocka_run_group_tests(tests, make_dir, free_dir);
}
