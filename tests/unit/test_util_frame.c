// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/frame.h"
#include "creditrisk/util/fs.h"

static void set_text(struct cr_frame *frame, size_t row, size_t col, const char *text)
{
    struct cr_error err;

    cr_assert_ok(cr_frame_set_text(frame, row, col, text, strlen(text), &err), &err);
}

static void test_cells(void **state)
{
    CR_CLEANUP(cr_frame_finish) struct cr_frame frame;
    struct cr_error err;

    (void)state;
    cr_frame_init(&frame);
    cr_assert_ok(cr_frame_add_column(&frame, "amount", CR_COLUMN_NUMBER, &err), &err);
    cr_assert_ok(cr_frame_add_column(&frame, "city", CR_COLUMN_TEXT, &err), &err);
    for (int i = 0; i < 3; i++) {
        cr_assert_ok(cr_frame_add_row(&frame, &err), &err);
    }
    assert_true(cr_value_is_missing(cr_frame_get(&frame, 1, 0)));
    assert_true(cr_value_is_missing(cr_frame_get(&frame, 1, 1)));
    cr_frame_set_number(&frame, 0, 0, 1.5);
    set_text(&frame, 0, 1, "Pune");
    set_text(&frame, 1, 1, "");
    set_text(&frame, 2, 1, "Pune");
    cr_assert_same(cr_frame_get(&frame, 0, 0).number, 1.5);
    assert_null(cr_frame_get(&frame, 0, 0).text);
    assert_string_equal(cr_frame_get(&frame, 0, 1).text, "Pune");
    assert_true(isnan(cr_frame_get(&frame, 0, 1).number));
    assert_string_equal(cr_frame_get(&frame, 1, 1).text, "");
    assert_int_equal(frame.columns[1].n_texts, 2);
    assert_int_equal(frame.columns[1].codes[0], frame.columns[1].codes[2]);
    assert_int_equal(cr_frame_find(&frame, "city"), 1);
    assert_int_equal(cr_frame_find(&frame, "absent"), -1);
}

static void test_text_length(void **state)
{
    CR_CLEANUP(cr_frame_finish) struct cr_frame frame;
    struct cr_error err;

    (void)state;
    cr_frame_init(&frame);
    cr_assert_ok(cr_frame_add_column(&frame, "c", CR_COLUMN_TEXT, &err), &err);
    for (int i = 0; i < 3; i++) {
        cr_assert_ok(cr_frame_add_row(&frame, &err), &err);
    }
    cr_assert_ok(cr_frame_set_text(&frame, 0, 0, "abc", 2, &err), &err);
    cr_assert_ok(cr_frame_set_text(&frame, 1, 0, "abc", 3, &err), &err);
    cr_assert_ok(cr_frame_set_text(&frame, 2, 0, "ab\0x", 4, &err), &err);
    assert_string_equal(cr_frame_get(&frame, 0, 0).text, "ab");
    assert_string_equal(cr_frame_get(&frame, 1, 0).text, "abc");
    assert_int_equal(frame.columns[0].codes[2], frame.columns[0].codes[0]);
    assert_int_equal(frame.columns[0].n_texts, 2);
    assert_int_equal(cr_column_find_text(&frame.columns[0], "abcd", 2), 0);
    assert_int_equal(cr_column_find_text(&frame.columns[0], "abcd", 3), 1);
    assert_int_equal(cr_column_find_text(&frame.columns[0], "ab\0x", 4), 0);
    assert_int_equal(cr_column_find_text(&frame.columns[0], "abcd", 4), -1);
}

/* 10,000 rows and as many distinct texts: codes are the order of first appearance. */
static void test_many_texts(void **state)
{
    enum { N = 10000 };
    CR_CLEANUP(cr_frame_finish) struct cr_frame frame;
    struct cr_error err;
    char text[32];

    (void)state;
    cr_frame_init(&frame);
    cr_assert_ok(cr_frame_add_column(&frame, "id", CR_COLUMN_TEXT, &err), &err);
    cr_assert_ok(cr_frame_add_column(&frame, "mod", CR_COLUMN_TEXT, &err), &err);
    assert_int_equal(cr_column_find_text(&frame.columns[0], "id-0", 4), -1);
    cr_assert_ok(cr_frame_add_column(&frame, "x", CR_COLUMN_NUMBER, &err), &err);
    for (size_t i = 0; i < N; i++) {
        cr_assert_ok(cr_frame_add_row(&frame, &err), &err);
        (void)snprintf(text, sizeof(text), "id-%zu", i);
        set_text(&frame, i, 0, text);
        (void)snprintf(text, sizeof(text), "m%zu", i % 97);
        set_text(&frame, i, 1, text);
        cr_frame_set_number(&frame, i, 2, (double)i);
    }
    assert_int_equal(frame.columns[0].n_texts, N);
    assert_int_equal(frame.columns[1].n_texts, 97);
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(text, sizeof(text), "id-%zu", i);
        assert_int_equal(frame.columns[0].codes[i], i);
        assert_int_equal(cr_column_find_text(&frame.columns[0], text, strlen(text)), i);
        assert_string_equal(cr_frame_get(&frame, i, 0).text, text);
        assert_int_equal(frame.columns[1].codes[i], i % 97);
        cr_assert_same(cr_frame_get(&frame, i, 2).number, (double)i);
    }
}

static void check_csv(const struct cr_frame *frame, const size_t *cols, size_t n_cols,
                      const char *expected)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct cr_error err;

    assert_non_null(out);
    cr_assert_ok(cr_frame_write_csv(frame, cols, n_cols, out, "text", &err), &err);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
}

static void test_write_csv(void **state)
{
    CR_CLEANUP(cr_frame_finish) struct cr_frame frame;
    const size_t all[] = {0, 1}, swapped[] = {1, 0}, first[] = {0};
    struct cr_error err;
    FILE *full;

    (void)state;
    cr_frame_init(&frame);
    cr_assert_ok(cr_frame_add_column(&frame, "x", CR_COLUMN_NUMBER, &err), &err);
    cr_assert_ok(cr_frame_add_column(&frame, "a, b", CR_COLUMN_TEXT, &err), &err);
    check_csv(&frame, all, 2, "x,\"a, b\"\n");
    for (int i = 0; i < 3; i++) {
        cr_assert_ok(cr_frame_add_row(&frame, &err), &err);
    }
    cr_frame_set_number(&frame, 0, 0, 0.1);
    set_text(&frame, 0, 1, "say \"hi\"");
    cr_frame_set_number(&frame, 2, 0, -1e300);
    set_text(&frame, 2, 1, " two\nlines");
    check_csv(&frame, all, 2, "x,\"a, b\"\n0.1,\"say \"\"hi\"\"\"\n,\n-1e+300,\" two\nlines\"\n");
    check_csv(&frame, swapped, 2,
              "\"a, b\",x\n\"say \"\"hi\"\"\",0.1\n,\n\" two\nlines\",-1e+300\n");
    check_csv(&frame, first, 1, "x\n0.1\n\"\"\n-1e+300\n");

    full = fopen("/dev/full", "w");
    if (full != NULL) {
        assert_int_equal(cr_frame_write_csv(&frame, all, 2, full, "x.csv", &err), CR_EIO);
        assert_string_equal(err.message, "cannot write 'x.csv': No space left on device");
        (void)fclose(full); /* it fails again: the device is full */
    }
}

static void test_matrix(void **state)
{
    struct cr_matrix matrix;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_matrix_init(&matrix, 3, 2, &err), &err);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_same(matrix.values[i], 0.0);
    }
    cr_matrix_row(&matrix, 2)[1] = 7.0;
    cr_assert_same(matrix.values[5], 7.0);
    cr_matrix_finish(&matrix);
    cr_matrix_finish(&matrix);
    cr_matrix_finish(NULL);
    cr_assert_ok(cr_matrix_init(&matrix, 0, 5, &err), &err);
    assert_non_null(matrix.values);
    cr_matrix_finish(&matrix);
    assert_int_equal(cr_matrix_init(&matrix, SIZE_MAX / 2, 3, &err), CR_ENOMEM);
    assert_null(matrix.values);
}

static void test_finish(void **state)
{
    struct cr_frame frame = {0};

    (void)state;
    cr_frame_finish(&frame);
    cr_frame_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),      cmocka_unit_test(test_text_length),
        cmocka_unit_test(test_many_texts), cmocka_unit_test(test_write_csv),
        cmocka_unit_test(test_matrix),     cmocka_unit_test(test_finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
