// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/name.h"

static void test_names(void **state)
{
    static const char longest[] =
        "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    static const char *const good[] = {"retail", "a", "9", "-", "South_German-2"};
    static const char *const bad[] = {"",    ".", "..",          "a b", "a/b",
                                      "a.b", "*", "caf\xc3\xa9", "a\n"};
    struct cr_error err;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(good); i++) {
        cr_assert_ok(cr_name_check(good[i], strlen(good[i]), "portfolio", &err), &err);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        assert_int_equal(cr_name_check(bad[i], strlen(bad[i]), "portfolio", &err), CR_EINVAL);
    }
    assert_int_equal(strlen(longest), CR_NAME_MAX_LEN + 1);
    cr_assert_ok(cr_name_check(longest, CR_NAME_MAX_LEN, "portfolio", &err), &err);
    assert_int_equal(cr_name_check(longest, CR_NAME_MAX_LEN + 1, "portfolio", &err), CR_EINVAL);
}

/* Only what is asked about is looked at, and quoted. */
static void test_part(void **state)
{
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_name_check("cards,../etc", 5, "portfolio", &err), &err);
    assert_int_equal(cr_name_check("../etc,cards", 6, "portfolio", &err), CR_EINVAL);
    assert_string_equal(err.message,
                        "'../etc' is no name of a portfolio: letters, digits, - and _, at most 63");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
