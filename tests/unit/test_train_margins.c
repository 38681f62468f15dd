// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "../../src/train/margins.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"

static int read_text(const char *text, struct cr_margins *margins, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "oof.csv", text);
    return cr_margins_read(dir, "oof.csv", "bad", margins, err);
}

static void reads_rows_with_and_without_amounts(void **state)
{
    (void)state;
    CR_CLEANUP(cr_margins_finish) struct cr_margins with = {0};
    CR_CLEANUP(cr_margins_finish) struct cr_margins without = {0};
    struct cr_error err;
    cr_assert_ok(
        read_text("id,fold,bad,raw_margin,pd,amount\na,0,1,-0.5,0.25,1000\nb,,0,nan,1,nan\n"
                  "c,4,0,1,0,\n",
                  &with, &err),
        &err);
    assert_int_equal(with.n, 3);
    assert_true(with.has_amount);
    cr_assert_same(with.y[0], 1.0);
    cr_assert_same(with.pd[0], 0.25);
    cr_assert_same(with.amount[0], 1000.0);
    cr_assert_same(with.pd[1], 1.0);
    assert_true(isnan(with.amount[1]) && isnan(with.amount[2]));
    cr_assert_ok(read_text("id,fold,bad,raw_margin,pd\n1,0,0,0,0.5\n", &without, &err), &err);
    assert_int_equal(without.n, 1);
    assert_false(without.has_amount);
    assert_true(isnan(without.amount[0]));
}

static void grows(void **state)
{
    (void)state;
    CR_CLEANUP(cr_margins_finish) struct cr_margins margins = {0};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;
    cr_strbuf_puts(&text, "id,fold,bad,raw_margin,pd\n");
    for (int i = 0; i < 5000; i++) {
        cr_strbuf_printf(&text, "%d,0,%d,0,0.%04d\n", i, i % 2, i);
    }
    cr_assert_ok(read_text(cr_strbuf_text(&text), &margins, &err), &err);
    assert_int_equal(margins.n, 5000);
    cr_assert_same(margins.pd[4999], 0.4999);
    cr_assert_same(margins.y[4999], 1.0);
}

static void refuses_other_files(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "id,fold,bad,raw_margin,pd\n",
        "id,fold,good,raw_margin,pd\n1,0,0,0,0.5\n",
        "id,fold,bad,raw_margin\n1,0,0,0\n",
        "id,fold,bad,raw_margin,pd,amount,more\n1,0,0,0,0.5,1,2\n",
        "id,fold,bad,raw_margin,pd,amount\n1,0,0,0,0.5\n",
        "id,fold,bad,raw_margin,pd\n1,0,0,0,0.5,7\n",
        "id,fold,bad,raw_margin,pd\n1,0,no,0,0.5\n",
        "id,fold,bad,raw_margin,pd\n1,0,0,0,\n",
        "id,fold,bad,raw_margin,pd,amount\n1,0,0,0,0.5,much\n",
        "id,fold,bad,raw_margin,pd\n1,0,2,0,0.5\n",
        "id,fold,bad,raw_margin,pd\n1,0,1,0,1.5\n",
        "id,fold,bad,raw_margin,pd\n1,0,1,0,-1e-9\n",
        "id,fold,bad,raw_margin,pd,amount\n1,0,0,0,0.5,1e999\n",
    };
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        struct cr_margins margins = {0};
        struct cr_error err = {0};
        int result = read_text(texts[i], &margins, &err);
        if (result != CR_EMODEL) {
            fail_msg("'%s' gave %d: %s", texts[i], result, err.message);
        }
        assert_non_null(strstr(err.message, "oof.csv"));
    }
}

/* A book of two rows whose keys are the given texts, or numbers where they are NULL. */
static void make_extract(const char *const *keys, struct cr_extract *extract)
{
    struct cr_error err;
    *extract = (struct cr_extract){0};
    cr_frame_init(&extract->frame);
    cr_assert_ok(cr_frame_add_column(&extract->frame, "loan",
                                     keys == NULL ? CR_COLUMN_NUMBER : CR_COLUMN_TEXT, &err),
                 &err);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_ok(cr_frame_add_row(&extract->frame, &err), &err);
        if (keys == NULL) {
            cr_frame_set_number(&extract->frame, i, 0, 70 + (double)i);
        } else {
            cr_assert_ok(cr_frame_set_text(&extract->frame, i, 0, keys[i], strlen(keys[i]), &err),
                         &err);
        }
    }
}

/* What was written is the text that it should be, and is read back bit for bit. */
static void reads_what_was_written(void **state)
{
    (void)state;
    static char outcome[] = "bad";
    static char key[] = "loan";
    static const char *const texts[] = {"a,1", "b"};
    static const struct {
        const char *const *keys;
        ptrdiff_t col_row; /* −1: the book has no key */
        bool is_known;     /* fold and amount */
        const char *file;
    } cases[] = {
        {texts, 0, true,
         "loan,fold,bad,raw_margin,pd,amount\n"
         "b,0,1,-1.5,0.1,1000.5\n\"a,1\",4,0,0.30000000000000004,1e-300,\n"},
        {NULL, 0, false,
         "loan,fold,bad,raw_margin,pd,amount\n"
         "71,,1,-1.5,0.1,\n70,,0,0.30000000000000004,1e-300,\n"},
        {NULL, -1, false,
         "row,fold,bad,raw_margin,pd,amount\n"
         "1,,1,-1.5,0.1,\n0,,0,0.30000000000000004,1e-300,\n"},
    };
    static const size_t order[] = {1, 0};
    static const size_t fold[] = {0, 4};
    static const double y[] = {1, 0};
    static const double raw[] = {-1.5, 0.1 + 0.2};
    static const double pd[] = {0.1, 1e-300};
    static const double amount[] = {1000.5, NAN};
    for (size_t c = 0; c < CR_ARRAY_LEN(cases); c++) {
        CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_MARGINS_OOF);
        CR_CLEANUP(cr_freep) char *text = NULL;
        CR_CLEANUP(cr_extract_finish) struct cr_extract extract;
        CR_CLEANUP(cr_margins_finish) struct cr_margins margins = {0};
        const struct cr_portfolio portfolio = {.outcome = outcome,
                                               .key_row = cases[c].col_row < 0 ? NULL : key};
        const struct cr_margin_rows rows = {order, 2,  cases[c].is_known ? fold : NULL,  y,
                                            raw,   pd, cases[c].is_known ? amount : NULL};
        struct cr_error err;
        size_t len;
        make_extract(cases[c].keys, &extract);
        extract.col_row = cases[c].col_row;
        cr_assert_ok(cr_margins_write(&portfolio, &extract, &rows, dir, CR_MARGINS_OOF, &err),
                     &err);
        cr_assert_ok(cr_fs_read(path, 1000, &text, &len, &err), &err);
        assert_string_equal(text, cases[c].file);
        cr_assert_ok(cr_margins_read(dir, CR_MARGINS_OOF, "bad", &margins, &err), &err);
        assert_int_equal(margins.n, 2);
        assert_int_equal(margins.has_amount, cases[c].is_known);
        for (size_t i = 0; i < 2; i++) {
            cr_assert_same(margins.y[i], y[i]);
            cr_assert_same(margins.pd[i], pd[i]);
            assert_true(cases[c].is_known && i == 0 ? margins.amount[i] == amount[i]
                                                    : isnan(margins.amount[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_with_and_without_amounts),
        cmocka_unit_test(grows),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(reads_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
