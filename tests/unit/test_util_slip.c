// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/slip.h"

static void test_distances(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t wanted;
    } cases[] = {
        {"explain", "explain", 0},
        {"explain", "explian", 2}, /* two letters in the other order */
        {"explain", "explai", 1},
        {"explain", "expalins", CR_SLIP_NONE},
        {"explain", "Explain", 1},
        {"explain", "EXPLAIN", 1}, /* however many letters differ in case */
        {"loan", "LOANS", 1},
        {"age", "AGE", 1},
        {"dependents", "dependants", 1},
        {"credit_score", "credit_scores", 1},
        {"credit_score", "score", CR_SLIP_NONE},
        {"age", "ag", 1},
        {"age", "a", CR_SLIP_NONE}, /* two changes of a text so short are another word */
        {"age", "ages", 1},
        {"age", "", CR_SLIP_NONE},
        {"a", "", 1},
        {"", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(cr_slip_distance(cases[i].name, cases[i].text), cases[i].wanted);
    }
}

/* Beyond 63 characters nothing is compared, also not with itself. */
static void test_long(void **state)
{
    char text[66];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[63] = '\0';
    assert_int_equal(cr_slip_distance(text, text), 0);
    assert_int_equal(cr_slip_distance(text + 1, text), 1);
    text[63] = 'x';
    text[64] = '\0';
    assert_int_equal(cr_slip_distance(text, text), CR_SLIP_NONE);
    assert_int_equal(cr_slip_distance(text + 2, text), CR_SLIP_NONE);
}

/* A walk finds the nearest, the first of those as near; what is no slip is nobody's. */
static void test_nearer(void **state)
{
    static const struct {
        const char *text;
        const char *wanted; /* NULL = nothing is near */
    } cases[] = {
        {"retial", "retail"}, {"retai", "retail"}, {"detail", "detail"}, {"xetail", "retail"},
        {"hmeg", "hmeq"},     {"mortgage", NULL},  {"", NULL},
    };
    static const char *const names[] = {"hmeq", "retail", "detail", "taiwan_cards"};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const char *best = NULL;

        for (size_t j = 0; j < CR_ARRAY_LEN(names); j++) {
            best = cr_slip_nearer(best, names[j], cases[i].text);
        }
        assert_true(best == cases[i].wanted || (best != NULL && cases[i].wanted != NULL &&
                                                strcmp(best, cases[i].wanted) == 0));
    }
}

static void test_hint(void **state)
{
    char text[CR_SLIP_HINT_LEN], longest[64];

    (void)state;
    assert_string_equal(cr_slip_hint("retail", text), "; did you mean 'retail'?");
    assert_string_equal(cr_slip_hint("", text), "");
    assert_string_equal(cr_slip_hint(NULL, text), "");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(strlen(cr_slip_hint(longest, text)),
                     strlen("; did you mean ''?") + sizeof(longest) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distances),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_nearer),
        cmocka_unit_test(test_hint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
