// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <float.h>
#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/rng.h"

static bool parse(const char *text, double *ret_value)
{
    return cr_num_parse(text, strlen(text), ret_value);
}

/* The oracle: golden/num.txt, made by golden/num.py. */
static void test_golden(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("tests/golden/num.txt");
    CR_CLEANUP(cr_fclosep) FILE *file = fopen(path, "r");
    char hex[17], repr[40], text[CR_NUM_LEN];
    size_t n = 0;

    (void)state;
    assert_non_null(file);
    while (fscanf(file, "%16s %39s", hex, repr) == 2) {
        uint64_t bits = strtoull(hex, NULL, 16);
        double expected, value = 0.0;
        size_t len;

        memcpy(&expected, &bits, sizeof(expected));
        assert_true(parse(repr, &value));
        cr_assert_same(value, expected);

        len = cr_num_format(expected, text);
        assert_int_equal(len, strlen(text));
        assert_true(len < CR_NUM_LEN);
        if (len > strlen(repr)) {
            fail_msg("'%s' is longer than '%s'", text, repr);
        }
        assert_true(parse(text, &value));
        cr_assert_same(value, expected);
        n++;
    }
    assert_true(feof(file));
    assert_true(n >= 2000);
}

/* The exact short cuts against the C library, on decimals of every size. */
static void test_short_cuts(void **state)
{
    size_t n = cr_test_cases(200000);
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 7, 0);
    for (size_t i = 0; i < n; i++) {
        uint64_t digits = cr_rng_next(&rng) >> cr_rng_below(&rng, 64);
        int exponent = (int)cr_rng_below(&rng, 60) - 30;
        char decimal[64], text[CR_NUM_LEN];
        double value = 0.0, again = 0.0;

        (void)snprintf(decimal, sizeof(decimal), "%llu%c%llue%d",
                       (unsigned long long)(digits / 1000), '.',
                       (unsigned long long)(digits % 1000), exponent);
        assert_true(parse(decimal, &value));
        cr_assert_same(value, strtod(decimal, NULL));
        (void)cr_num_format(value, text);
        assert_true(parse(text, &again));
        cr_assert_same(again, value);
        cr_assert_same(strtod(text, NULL), value);
    }
}

/* What the C library prints with the fewest digits that read back, from 15 on, which drops trailing
 * zeros; from 1 on where doubles have fewer. */
static void print_slowly(double value, char text[CR_NUM_LEN])
{
    int precision = fabs(value) < DBL_MIN ? 1 : 15;

    do {
        (void)snprintf(text, CR_NUM_LEN, "%.*g", precision++, value);
    } while (strtod(text, NULL) != value);
}

/* Random bits, random decimals, their neighbours and whole numbers; powers of two, whose intervals
 * are lopsided, are in golden/num.txt. */
static void test_format_equals_the_c_library(void **state)
{
    size_t n = cr_test_cases(200000);
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 8, 0);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = cr_rng_next(&rng);
        char text[CR_NUM_LEN], wanted[CR_NUM_LEN];
        double value;
        size_t len;

        memcpy(&value, &bits, sizeof(value));
        switch (i % 5) {
        case 0:
            break;
        case 1:
            value = cr_rng_normal(&rng);
            break;
        case 3: /* few decimals, or the neighbour of such a number */
            value = cr_num_round(pow(10.0, 9.5 * cr_rng_uniform(&rng)), (int)(bits >> 2 & 7));
            value = (bits & 1) != 0 ? nextafter(value, (bits & 2) != 0 ? INFINITY : 0.0) : value;
            break;
        case 2:
            value = (double)(bits >> cr_rng_below(&rng, 64)) /
                    pow(10.0, (double)cr_rng_below(&rng, 12));
            break;
        default:
            value = floor(ldexp(cr_rng_uniform(&rng), (int)cr_rng_below(&rng, 70)));
            break;
        }
        if (!isfinite(value)) {
            continue;
        }
        len = cr_num_format(value, text);
        assert_int_equal(len, strlen(text));
        print_slowly(value, wanted);
        if (strcmp(text, wanted) != 0 && (bits & 0xfffffffffffff) != 0) {
            fail_msg("'%s', not '%s'", text, wanted);
        }
    }
}

static void test_format(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e-4, "0.0001"},
        {1e-5, "1e-05"},
        {123456.789, "123456.789"},
        {999999999999999.0, "999999999999999"},
        {1e15, "1e+15"},
        {1e300, "1e+300"},
        {5e-324, "5e-324"},
        {0x1p-44, "5.684341886080802e-14"}, /* %.16g ends in 1, which reads back as a neighbour */
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {NAN, "nan"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
    };
    char text[CR_NUM_LEN];

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(cr_num_format(cases[i].value, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void test_format_real(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1200.0, "-1200.0"},
        {1.5, "1.5"},
        {0.001, "0.001"},
        {999999999.0, "999999999.0"},
        {1e9, "1000000000.0"},
        {999999999.999999, "999999999.999999"},
        {999999999999999.0, "999999999999999.0"},
        {9007199254740991.0, "9007199254740991.0"},
        {1e15, "1e+15"},
        {1e300, "1e+300"},
        {2e-5, "2e-05"},
    };
    char text[CR_NUM_LEN];

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(cr_num_format_real(cases[i].value, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void test_grammar(void **state)
{
    static const char *const good[] = {"0",   "-0",   "+1",     "007",   "1.50",
                                       "1e5", "1E-5", "1.5e+3", "1e999", "1e-999"};
    static const char *const bad[] = {"",      " ",   "1 ",    " 1",       "+",   "-",
                                      ".5",    "5.",  "1.e5",  "1e",       "1e+", "0x10",
                                      "inf",   "nan", "1,5",   "1_0",      "--1", "1.2.3",
                                      "1e5.0", "1f",  "1e5e5", "Infinity", "NAN", "٣"};
    double value = 42.0;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(good); i++) {
        assert_true(parse(good[i], &value));
    }
    value = 42.0;
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        if (parse(bad[i], &value)) {
            fail_msg("'%s' was read as a number", bad[i]);
        }
    }
    assert_false(cr_num_parse("1\0", 2, &value));
    cr_assert_same(value, 42.0);
    assert_true(cr_num_parse("12345", 3, &value)); /* the length counts, not the NUL */
    cr_assert_same(value, 123.0);
}

static void test_range(void **state)
{
    char zeros[2000];
    double value;

    (void)state;
    assert_true(parse("1e400", &value) && isinf(value) && value > 0.0);
    assert_true(parse("-1e99999999999", &value) && isinf(value) && value < 0.0);
    assert_true(parse("-1e-99999999999", &value) && value == 0.0 && signbit(value));
    memset(zeros, '0', sizeof(zeros));
    memcpy(zeros, "0.", 2);
    zeros[1022] = '7';
    assert_true(cr_num_parse(zeros, 1023, &value));
    cr_assert_same(value, 0.0);
    assert_false(cr_num_parse(zeros, 1024, &value));
    assert_true(parse("0.1000000000000000055511151231257827021181583404541015625", &value));
    cr_assert_same(value, 0.1);
}

static void test_int(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "1.5",
                                      "1.",
                                      ".0",
                                      "1e2",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999",
                                      "1.00x",
                                      "0x1",
                                      " 1",
                                      "1 "};
    int64_t value = 42;

    (void)state;
    assert_true(cr_num_parse_int("516.0", 5, &value));
    assert_int_equal(value, 516);
    assert_true(cr_num_parse_int("+7.00", 5, &value));
    assert_int_equal(value, 7);
    assert_true(cr_num_parse_int("9223372036854775807", 19, &value));
    assert_true(value == INT64_MAX);
    assert_true(cr_num_parse_int("-9223372036854775808", 20, &value));
    assert_true(value == INT64_MIN);
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        if (cr_num_parse_int(bad[i], strlen(bad[i]), &value)) {
            fail_msg("'%s' was read as an integer", bad[i]);
        }
    }
    assert_true(value == INT64_MIN);
}

/* As much as is a number, and its kind. */
static void test_json(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool whole;
    } cases[] = {
        {"0", 1, true},        {"-12,", 3, true},    {"007", 1, true},
        {"1.5e+3}", 6, false}, {"1.", 1, true},      {"1.e5", 1, true},
        {"2e", 1, true},       {"2E+", 1, true},     {"3e5.5", 3, false},
        {"1.25e", 4, false},   {"-0.10x", 5, false}, {"12345678901234567890", 20, true},
        {"", 0, false},        {"-", 0, false},      {"+1", 0, false},
        {".5", 0, false},      {"-a", 0, false},     {"nan", 0, false},
    };
    char digits[1100];
    double value = 0.0;
    bool whole = false;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        char copy[32] = "";
        size_t len = cr_num_read_json(cases[i].text, strlen(cases[i].text), &value, &whole);

        assert_int_equal(len, cases[i].len);
        if (len > 0) {
            memcpy(copy, cases[i].text, len);
            assert_int_equal(whole, cases[i].whole);
            cr_assert_same(value, strtod(copy, NULL));
        }
    }
    memset(digits, '1', sizeof(digits));
    assert_int_equal(cr_num_read_json(digits, 1023, &value, &whole), 1023);
    assert_true(isinf(value) && whole);
    assert_int_equal(cr_num_read_json(digits, sizeof(digits), &value, &whole), sizeof(digits));
    assert_true(isnan(value) && whole);
}

static void test_round(void **state)
{
    (void)state;
    cr_assert_same(cr_num_round(0.125, 2), 0.13);
    cr_assert_same(cr_num_round(-0.125, 2), -0.13);
    cr_assert_same(cr_num_round(2.5, 0), 3.0);
    cr_assert_same(cr_num_round(-0.2, 0), -0.0);
    cr_assert_same(cr_num_round(1234.56789, 3), 1234.568);
    cr_assert_same(cr_num_round(1e300, 9), 1e300);
    cr_assert_same(cr_num_round(0x1p52 + 1.0, 0), 0x1p52 + 1.0);
    cr_assert_same(cr_num_round(NAN, 2), NAN);
    cr_assert_same(cr_num_round(-INFINITY, 2), -INFINITY);
}

static void test_fits_float(void **state)
{
    static const struct {
        double value;
        bool fits;
    } cases[] = {
        {0, true},
        {-1e-300, true},
        {(double)FLT_MAX, true},
        {0x1.fffffefffffffp127, true}, /* below half a step beyond */
        {-0x1.fffffefffffffp127, true},
        {0x1.ffffffp127, false}, /* half a step: to even, which is infinite */
        {-0x1.ffffffp127, false},
        {DBL_MAX, false},
        {INFINITY, false},
        {-INFINITY, false},
        {NAN, false},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(cr_num_fits_float(cases[i].value), cases[i].fits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_short_cuts),
        cmocka_unit_test(test_format_equals_the_c_library),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_real),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_fits_float),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
