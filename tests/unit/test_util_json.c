// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

static json_t *parse(const char *text)
{
    struct cr_error err;
    json_t *json = NULL;

    cr_assert_ok(cr_json_parse("t.json", text, strlen(text), &json, &err), &err);
    return json;
}

static void check_text(const json_t *json, bool pretty, const char *expected)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;

    cr_json_write(json, pretty, &out);
    assert_string_equal(cr_strbuf_text(&out), expected);
}

static void check_refused(const char *text, size_t len, const char *place)
{
    struct cr_error err;
    json_t *json = NULL;

    assert_int_equal(cr_json_parse("t.json", text, len, &json, &err), CR_EPARSE);
    assert_null(json);
    assert_memory_equal(err.message, place, strlen(place));
}

static void test_parse_refuses(void **state)
{
    char deep[5000];

    (void)state;
    check_refused("", 0, "t.json:1: ");
    check_refused("{\"a\":1,\n \"a\":2}", 15, "t.json:2:4: ");
    check_refused("[1,]", 4, "t.json:1:4: ");
    check_refused("[1] x", 5, "t.json:1:5: ");
    check_refused("[NaN]", 5, "t.json:1:");
    check_refused("[1e999]", 7, "t.json:1:");
    check_refused("[\"\xff\"]", 5, "t.json:1:");
    check_refused("[\"a\0b\"]", 7, "t.json:1:");
    check_refused("[\"\\u0000\"]", 10, "t.json:1:");
    memset(deep, '[', sizeof(deep));
    check_refused(deep, sizeof(deep), "t.json:1:");
}

static void test_write(void **state)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json =
        parse("{\"z\":[1,2.0,0.1,1e300,-0.0,1e-7],\"a\":{},\"m\":[],\"n\":null,\"t\":true,"
              "\"f\":false,\"s\":\"x\"}");

    (void)state;
    check_text(json, false,
               "{\"z\":[1,2.0,0.1,1e+300,-0.0,1e-07],\"a\":{},\"m\":[],\"n\":null,\"t\":true,"
               "\"f\":false,\"s\":\"x\"}");
    check_text(
        json, true,
        "{\n  \"z\": [\n    1,\n    2.0,\n    0.1,\n    1e+300,\n    -0.0,\n    1e-07\n  ],\n"
        "  \"a\": {},\n  \"m\": [],\n  \"n\": null,\n  \"t\": true,\n  \"f\": false,\n"
        "  \"s\": \"x\"\n}");
}

/* Reals stay reals, integers integers, and both their values, for the next reader. */
static void test_round_trip(void **state)
{
    static const double values[] = {
        0.0, 1.0, -1.0, 1e15, 1e16, 1e22, 0.1, 5e-324, 1.7976931348623157e308};
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_array();
    CR_CLEANUP(cr_json_decrefp) json_t *again = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(values); i++) {
        assert_int_equal(json_array_append_new(json, cr_json_number(values[i])), 0);
    }
    assert_int_equal(json_array_append_new(json, json_integer(INT64_MIN)), 0);
    assert_int_equal(
        json_array_append_new(json, json_string("₹ \"\\/\b\f\n\r\t\x01\x7f\xc2\x9b\u2029")), 0);
    cr_json_write(json, false, &out);
    again = parse(out.data);
    assert_true(json_equal(json, again));
    for (size_t i = 0; i < CR_ARRAY_LEN(values); i++) {
        assert_true(json_is_real(json_array_get(again, i)));
    }
}

static void test_numbers(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *nan_value = cr_json_number(NAN);
    CR_CLEANUP(cr_json_decrefp) json_t *infinite = cr_json_number(-INFINITY);

    (void)state;
    assert_true(json_is_null(nan_value));
    assert_true(json_is_null(infinite));
}

static void check_string(const char *text, size_t len, const char *expected)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;

    cr_json_write_string(text, len, &out);
    assert_string_equal(cr_strbuf_text(&out), expected);
}

static void test_write_string(void **state)
{
    (void)state;
    check_string("", 0, "\"\"");
    check_string("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    check_string("\b\f\n\r\t\x1f\0", 7, "\"\\b\\f\\n\\r\\t\\u001f\\u0000\"");
    check_string("é₹😀", strlen("é₹😀"), "\"é₹😀\"");
    check_string("\x7f\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", 9,
                 "\"\\u007f\\u0080\\u009b\\u009f\xc2\xa0\"");
    check_string("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 9, "\"\\u2028\\u2029\xe2\x80\xaa\"");
    check_string("\x80"
                 "a\xc3",
                 3,
                 "\"\uFFFD"
                 "a\uFFFD\"");
    check_string("\xc0\xaf", 2, "\"\uFFFD\uFFFD\"");
    check_string("\xed\xa0\x80", 3, "\"\uFFFD\uFFFD\uFFFD\"");
    check_string("\xf4\x90\x80\x80", 4, "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");
    check_string("\xe2\x82\xac", 2, "\"\uFFFD\uFFFD\"");
}

/* A text is looked at eight bytes at once: no place in it hides a byte. */
static void test_write_every_byte_anywhere(void **state)
{
    char text[19], wanted[3 * sizeof(text)];

    (void)state;
    for (int byte = 0; byte <= 0xff; byte++) {
        const char *named = strchr("\"\"\\\\\bb\ff\nn\rr\tt", byte);
        bool printing = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';

        for (size_t at = 0; at < sizeof(text); at++) {
            char escape[8];

            memset(text, 'x', sizeof(text));
            text[at] = (char)byte;
            if (printing || byte >= 0x80) {
                (void)snprintf(escape, sizeof(escape), printing ? "%c" : "\xef\xbf\xbd", byte);
            } else if (byte != 0 && named != NULL) {
                (void)snprintf(escape, sizeof(escape), "\\%c", named[1]);
            } else {
                (void)snprintf(escape, sizeof(escape), "\\u%04x", byte);
            }
            (void)snprintf(wanted, sizeof(wanted), "\"%.*s%s%.*s\"", (int)at, text, escape,
                           (int)(sizeof(text) - at - 1), text + at + 1);
            check_string(text, sizeof(text), wanted);
        }
    }
}

static void test_members(void **state)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = parse("{\"s\":\"text\",\"i\":3,\"r\":0.5,\"n\":null,\"a\":[1],\"o\":{}}");
    const json_t *member = NULL;
    const char *text = NULL;
    struct cr_error err;
    double number = 0.0;

    (void)state;
    cr_assert_ok(cr_json_get_string(json, "s", "f", &text, &err), &err);
    assert_string_equal(text, "text");
    cr_assert_ok(cr_json_get_number(json, "i", "f", false, &number, &err), &err);
    cr_assert_same(number, 3.0);
    cr_assert_ok(cr_json_get_number(json, "r", "f", false, &number, &err), &err);
    cr_assert_same(number, 0.5);
    cr_assert_ok(cr_json_get_number(json, "n", "f", true, &number, &err), &err);
    assert_true(isnan(number));
    cr_assert_ok(cr_json_get_array(json, "a", "f", &member, &err), &err);
    assert_int_equal(json_array_size(member), 1);
    cr_assert_ok(cr_json_get_object(json, "o", "f", &member, &err), &err);
    assert_true(json_is_object(member));
}

static void test_members_refused(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = parse("{\"s\":\"text\",\"n\":null}");
    const json_t *member = NULL;
    const char *text = NULL;
    struct cr_error err;
    double number = 7.0;

    (void)state;
    assert_int_equal(cr_json_get_string(json, "x", "f.json", &text, &err), CR_EPARSE);
    assert_string_equal(err.message, "f.json: 'x' is missing");
    assert_int_equal(cr_json_get_string(json, "n", "f.json", &text, &err), CR_EPARSE);
    assert_string_equal(err.message, "f.json: 'n' is not a string");
    assert_int_equal(cr_json_get_number(json, "x", "f.json", true, &number, &err), CR_EPARSE);
    assert_int_equal(cr_json_get_number(json, "n", "f.json", false, &number, &err), CR_EPARSE);
    assert_int_equal(cr_json_get_number(json, "s", "f.json", true, &number, &err), CR_EPARSE);
    assert_int_equal(cr_json_get_array(json, "s", "f.json", &member, &err), CR_EPARSE);
    assert_int_equal(cr_json_get_object(NULL, "s", "f.json", &member, &err), CR_EPARSE);
    assert_null(text);
    assert_null(member);
    cr_assert_same(number, 7.0);
}

static void test_save_and_load(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *bad = cr_test_write(dir, "bad.json", "{\n  \"a\": ]\n}");
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "a.json", "old");
    CR_CLEANUP(cr_json_decrefp) json_t *json = parse("{\"b\":1,\"a\":[1.5]}");
    CR_CLEANUP(cr_json_decrefp) json_t *again = NULL;
    struct cr_error err;
    json_t *none = NULL;

    (void)state;
    cr_assert_ok(cr_json_save(path, json, &err), &err);
    cr_assert_ok(cr_json_load(path, 1000, &again, &err), &err);
    assert_true(json_equal(json, again));
    assert_int_equal(cr_json_load(path, 10, &none, &err), CR_ETOOBIG);
    assert_int_equal(cr_json_load("/nonexistent", 10, &none, &err), CR_ENOTFOUND);
    assert_int_equal(cr_json_load(bad, 1000, &none, &err), CR_EPARSE);
    assert_non_null(strstr(err.message, "bad.json:2:"));
}

static void test_hand_over(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *object = json_object();
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    (void)state;
    assert_true(cr_json_put(object, "a", json_integer(1)));
    assert_true(cr_json_put(object, "a", json_integer(2)));
    assert_false(cr_json_put(object, "b", NULL));
    assert_false(cr_json_put(NULL, "b", json_integer(3)));
    cr_json_write_new(json_incref(object), &text);
    assert_string_equal(cr_strbuf_text(&text), "{\"a\":2}");
    assert_int_equal(object->refcount, 1);
    cr_json_write_new(NULL, &text);
    assert_true(text.failed);
}

static void test_copy(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *object = json_pack("{s:i, s:{s:[i]}}", "a", 1, "b", "c", 2);
    CR_CLEANUP(cr_json_decrefp) json_t *copy = cr_json_copy(object, "b", "c");
    CR_CLEANUP(cr_json_decrefp) json_t *top = cr_json_copy(object, NULL, "a");
    CR_CLEANUP(cr_json_decrefp) json_t *missing = cr_json_copy(object, "x", "c");
    CR_CLEANUP(cr_json_decrefp) json_t *nothing = cr_json_copy(NULL, NULL, "a");
    const json_t *original = json_object_get(json_object_get(object, "b"), "c");

    (void)state;
    assert_true(copy != original && json_equal(copy, original));
    assert_int_equal(json_integer_value(top), 1);
    assert_true(json_is_null(missing) && json_is_null(nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_refuses), cmocka_unit_test(test_write),
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_write_string),  cmocka_unit_test(test_write_every_byte_anywhere),
        cmocka_unit_test(test_members),       cmocka_unit_test(test_members_refused),
        cmocka_unit_test(test_save_and_load), cmocka_unit_test(test_hand_over),
        cmocka_unit_test(test_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
