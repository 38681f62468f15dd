// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "../../src/train/margins.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_with_and_without_amounts),
        cmocka_unit_test(grows),
        cmocka_unit_test(refuses_other_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
