// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/list.h"

static void test_entries(void **state)
{
    static const struct {
        const char *list;
        size_t n;
        const char *entries[3];
    } cases[] = {
        {"", 0, {NULL}},      {"a", 1, {"a"}},      {"ab,c", 2, {"ab", "c"}},    {",", 2, {"", ""}},
        {"a,", 2, {"a", ""}}, {",a", 2, {"", "a"}}, {"a,,b", 3, {"a", "", "b"}},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_list_entry entry;
        size_t n = 0;

        for (const char *at = cr_list_begin(cases[i].list); cr_list_next(&at, &entry); n++) {
            assert_true(n < cases[i].n);
            assert_true(cr_list_entry_is(&entry, cases[i].entries[n]));
            assert_false(cr_list_entry_is(&entry, "other"));
        }
        assert_int_equal(n, cases[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_entries)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
