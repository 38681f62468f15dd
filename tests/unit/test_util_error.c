// SPDX-License-Identifier: MIT
#include "cr_test.h"

static void test_set_returns_code(void **state)
{
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_error_set(&err, CR_EINVAL, "bad value '%s'", "x"), CR_EINVAL);
    assert_int_equal(err.code, CR_EINVAL);
    assert_string_equal(err.message, "bad value 'x'");
    assert_int_equal(cr_error_set(NULL, CR_EIO, "nobody %s", "listens"), CR_EIO);
    assert_int_equal(cr_error_at(NULL, CR_EPARSE, "f", 1, 2, "x"), CR_EPARSE);
    assert_int_equal(cr_error_no_memory(&err), CR_ENOMEM);
    assert_int_equal(err.code, CR_ENOMEM);
    assert_string_equal(err.message, "out of memory");
    assert_int_equal(cr_error_no_memory(NULL), CR_ENOMEM);
}

static void test_place(void **state)
{
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_error_at(&err, CR_EPARSE, "a.yaml", 3, 14, "no '%d'", 7), CR_EPARSE);
    assert_string_equal(err.message, "a.yaml:3:14: no '7'");
    (void)cr_error_at(&err, CR_EPARSE, "a.yaml", 3, 0, "x");
    assert_string_equal(err.message, "a.yaml:3: x");
    (void)cr_error_at(&err, CR_EPARSE, "a.yaml", 0, 9, "x");
    assert_string_equal(err.message, "a.yaml: x");
}

static void test_cut(void **state)
{
    char text[2000], file[2000];
    struct cr_error err;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    memcpy(file, text, sizeof(file));
    (void)cr_error_set(&err, CR_EINVAL, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    (void)cr_error_at(&err, CR_EINVAL, file, 1, 1, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

/* Whatever is quoted, one line of UTF-8 is left. */
static void test_clean(void **state)
{
    char text[600];
    struct cr_error err;

    (void)state;
    (void)cr_error_set(&err, CR_EINVAL, "'%s'", "a\nb\tc\x7f\x80z");
    assert_string_equal(err.message, "'a?b?c??z'");
    (void)cr_error_set(&err, CR_EINVAL, "'%s'", "a\xc2\x80z\xc2\x85y\xc2\x9fx\u2028w\u2029v");
    assert_string_equal(err.message, "'a?z?y?x?w?v'");
    (void)cr_error_set(&err, CR_EINVAL, "'%s'", "a\u00a0b\u2027c\u202ad");
    assert_string_equal(err.message, "'a\u00a0b\u2027c\u202ad'");
    (void)cr_error_set(&err, CR_EINVAL, "'%s'", "₹ é 😀");
    assert_string_equal(err.message, "'₹ é 😀'");
    (void)cr_error_set(&err, CR_EINVAL, "%s", "\xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80");
    assert_string_equal(err.message, "??? ?? ????");
    for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
        memcpy(text + i, "₹", 4);
    }
    (void)cr_error_set(&err, CR_EINVAL, "x%s", text); /* 511 = 1 + 3 · 170: no rest */
    assert_string_equal(err.message + 508, "₹");
    (void)cr_error_set(&err, CR_EINVAL, "%s", text); /* 511 = 3 · 170 + 1: half a character */
    assert_string_equal(err.message + 507, "₹?");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(cr_error_name(CR_EPARSE), "EPARSE");
    assert_string_equal(cr_error_name(CR_ENOMEM), "ENOMEM");
    assert_string_equal(cr_error_name(0), "OK");
    assert_string_equal(cr_error_name(-1000), "UNKNOWN");
    for (int code = CR_ENOMEM; code <= CR_EINVAL; code++) {
        assert_string_not_equal(cr_error_name(code), "UNKNOWN");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_returns_code),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
