// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/utf8.h"

/* The borders of the table of well-formed sequences (Unicode, table 3-7). */
static void test_valid(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"a\x7f", true},
        {"\xc2\x80\xdf\xbf", true},
        {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"a\xc3", false},
        {"a\xe2\x82", false},
        {"a\xf0\x9f\x98", false},
        {"\xc3z", false},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(cr_utf8_is_valid(cases[i].text, strlen(cases[i].text)), cases[i].valid);
    }
    assert_false(cr_utf8_is_valid("é", 1));
}

static void test_place(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        size_t line;
        size_t column;
    } cases[] = {
        {"", 0, 1, 1},
        {"ab", 2, 1, 3},
        {"a\nb", 1, 1, 2},
        {"a\nb", 2, 2, 1},
        {"é₹😀x", 9, 1, 4},
        {"é\n₹\nx", 7, 3, 1},
        {"a\xff\xfe"
         "b",
         3, 1, 4},
        {"₹x", 3, 1, 2},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        size_t line;
        size_t column;

        cr_utf8_place(cases[i].text, cases[i].offset, &line, &column);
        assert_int_equal(line, cases[i].line);
        assert_int_equal(column, cases[i].column);
    }
}

static void test_clean(void **state)
{
    static const struct {
        const char *text;
        const char *clean;
    } cases[] = {
        {"", ""},
        {"Müller ₹ 😀", "Müller ₹ 😀"},
        {"\x1b[2J\x07", "?[2J?"},
        {"a\tb\r\nc\x7f", "a?b??c?"},
        {"\xc2\x9b"
         "31m\xc2\xa0",
         "?31m\xc2\xa0"},
        {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "??\xe2\x80\xaa"},
        {"a\xff\xc3", "a??"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *text = strdup(cases[i].text);

        assert_non_null(text);
        cr_utf8_clean(text);
        assert_string_equal(text, cases[i].clean);
    }
}

static void test_mark(void **state)
{
    static const char text[] = "\xef\xbb\xbf\xef\xbb\xbf";

    (void)state;
    assert_int_equal(cr_utf8_mark_len(text, sizeof(text) - 1), CR_UTF8_MARK_LEN);
    assert_int_equal(cr_utf8_mark_len(text, CR_UTF8_MARK_LEN), CR_UTF8_MARK_LEN);
    assert_int_equal(cr_utf8_mark_len(text, CR_UTF8_MARK_LEN - 1), 0);
    assert_int_equal(cr_utf8_mark_len(text + 1, CR_UTF8_MARK_LEN), 0);
    assert_int_equal(cr_utf8_mark_len("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
