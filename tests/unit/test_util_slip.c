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
        {"explain", "explian", 1}, /* two letters in the other order */
        {"seed", "sede", 1},
        {"set", "sede", 2},
        {"age", "gae", 1},
        {"age", "GAe", 1},
        {"explain", "explai", 1},
        {"explain", "expalins", 2},
        {"explain", "xepalins", CR_SLIP_NONE},
        {"abcd", "cadb", CR_SLIP_NONE}, /* what has changed places is not changed again */
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

/* The least number of changes, by trying every way to go on. */
static size_t try_all(const char *a, const char *b)
{
    size_t best;

    if (*a == '\0' || *b == '\0') {
        return strlen(a) + strlen(b);
    }
    best = try_all(a + 1, b + 1) + (*a != *b);
    for (int i = 0; i < 2; i++) {
        size_t longer = 1 + (i == 0 ? try_all(a + 1, b) : try_all(a, b + 1));

        best = longer < best ? longer : best;
    }
    if (a[0] == b[1] && a[1] == b[0]) { /* b[1] is there: a[0] is no NUL */
        size_t swapped = 1 + try_all(a + 2, b + 2);

        best = swapped < best ? swapped : best;
    }
    return best;
}

/* The number-th text of at most four letters a to c. */
static void spell(size_t number, char text[5])
{
    size_t n = 0;

    for (; number > 0; number = (number - 1) / 3) {
        text[n++] = "abc"[(number - 1) % 3];
    }
    text[n] = '\0';
}

static void test_every_short_pair(void **state)
{
    enum { N_TEXTS = 1 + 3 + 9 + 27 + 81 };

    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++) {
        for (size_t j = 0; j < N_TEXTS; j++) {
            char name[5], text[5];
            size_t wanted;

            spell(i, name);
            spell(j, text);
            wanted = try_all(name, text);
            wanted = wanted <= (strlen(text) < 4 ? 1 : 2) ? wanted : CR_SLIP_NONE;
            if (cr_slip_distance(name, text) != wanted) {
                fail_msg("'%s' of '%s': %zu, not %zu", name, text, cr_slip_distance(name, text),
                         wanted);
            }
        }
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
        cmocka_unit_test(test_distances), cmocka_unit_test(test_every_short_pair),
        cmocka_unit_test(test_long),      cmocka_unit_test(test_nearer),
        cmocka_unit_test(test_hint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
