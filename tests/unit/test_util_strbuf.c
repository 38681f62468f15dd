// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

static void test_empty(void **state)
{
    struct cr_strbuf buf = CR_STRBUF_INIT;
    char *text;

    (void)state;
    assert_string_equal(cr_strbuf_text(&buf), "");
    cr_strbuf_append(&buf, NULL, 0);
    assert_string_equal(cr_strbuf_text(&buf), "");
    text = cr_strbuf_steal(&buf);
    assert_string_equal(text, "");
    assert_null(buf.data);
    free(text);
    cr_strbuf_finish(&buf);
    cr_strbuf_finish(NULL);
}

static void test_append(void **state)
{
    struct cr_strbuf buf;
    struct cr_error err;
    char *text;

    (void)state;
    cr_strbuf_init(&buf);
    cr_strbuf_puts(&buf, "ab");
    cr_strbuf_putc(&buf, 'c');
    cr_strbuf_append(&buf, "de-", 2);
    cr_strbuf_printf(&buf, "%d%s", 42, "!");
    cr_strbuf_put_double(&buf, 0.1);
    assert_string_equal(cr_strbuf_text(&buf), "abcde42!0.1");
    assert_int_equal(buf.len, 11);
    cr_assert_ok(cr_strbuf_check(&buf, &err), &err);
    text = cr_strbuf_steal(&buf);
    assert_string_equal(text, "abcde42!0.1");
    free(text);
    assert_int_equal(buf.len, 0);
}

/* Every length around a doubling. */
static void test_growth(void **state)
{
    struct cr_strbuf buf = CR_STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        if (i % 2 == 0) {
            cr_strbuf_putc(&buf, (char)('a' + i % 26));
        } else {
            cr_strbuf_printf(&buf, "%c", (char)('a' + i % 26));
        }
        assert_int_equal(buf.len, i + 1);
        assert_int_equal(strlen(buf.data), i + 1);
        assert_true(buf.cap > buf.len);
    }
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(buf.data[i], 'a' + i % 26);
    }
    cr_strbuf_reset(&buf);
    assert_string_equal(cr_strbuf_text(&buf), "");
    assert_true(buf.cap > 5000);
    cr_strbuf_finish(&buf);
}

/* A failure sticks until it is reset. */
static void test_failed(void **state)
{
    struct cr_strbuf buf = CR_STRBUF_INIT;
    struct cr_error err;

    (void)state;
    cr_strbuf_puts(&buf, "kept");
    assert_false(cr_strbuf_reserve(&buf, SIZE_MAX / 2));
    assert_true(buf.failed);
    cr_strbuf_puts(&buf, "nothing");
    assert_string_equal(cr_strbuf_text(&buf), "kept");
    assert_int_equal(cr_strbuf_check(&buf, &err), CR_ENOMEM);
    assert_null(cr_strbuf_steal(&buf));
    assert_null(buf.data);
    cr_strbuf_puts(&buf, "again");
    assert_string_equal(cr_strbuf_text(&buf), "again");
    cr_strbuf_finish(&buf);
}

static void test_replace(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},   {"b", "b"},         {"aa", "xyz"},         {"aaa", "xyza"},
        {"a", "a"}, {"aaaa", "xyzxyz"}, {"b aa c", "b xyz c"}, {"aab", "xyzb"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf buf = CR_STRBUF_INIT;

        cr_strbuf_puts(&buf, "<");
        cr_strbuf_replace(&buf, cases[i].text, "aa", "xyz");
        assert_int_equal(cr_strbuf_text(&buf)[0], '<');
        assert_string_equal(cr_strbuf_text(&buf) + 1, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),   cmocka_unit_test(test_append),
        cmocka_unit_test(test_growth),  cmocka_unit_test(test_failed),
        cmocka_unit_test(test_replace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
