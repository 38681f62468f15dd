// SPDX-License-Identifier: MIT
/* XGBoost's UBJSON: what libxgboost writes gives the forest of its own JSON; every kind of value is
 * read, and everything else refused. */
#include <math.h>

#include "../../src/model/ubjson.h"
#include "cr_test.h"
#include "creditrisk/model/model.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "model_data.h"

enum { N_INPUTS = 6 };

static void assert_same_forest(const struct cr_forest *a, const struct cr_forest *b)
{
    assert_int_equal(a->n_trees, b->n_trees);
    assert_int_equal(a->n_nodes, b->n_nodes);
    assert_int_equal(a->compare, b->compare);
    cr_assert_same(a->base_margin, b->base_margin);
    assert_memory_equal(a->roots, b->roots, a->n_trees * sizeof(*a->roots));
    for (size_t i = 0; i < a->n_nodes; i++) {
        const struct cr_forest_node *x = &a->nodes[i], *y = &b->nodes[i];

        assert_int_equal(x->feature, y->feature);
        assert_int_equal(x->left, y->left);
        assert_int_equal(x->right, y->right);
        assert_int_equal(x->default_left, y->default_left);
        assert_int_equal(x->zero_is_missing, y->zero_is_missing);
        cr_assert_same(x->threshold, y->threshold);
        cr_assert_same(x->value, y->value);
        cr_assert_same(x->cover, y->cover);
    }
}

/* Loads a booster's JSON and its UBJSON; leaves the latter in *ubjson. */
static void compare_formats(const struct cr_strbuf *json, struct cr_strbuf *ubjson)
{
    CR_CLEANUP(cr_model_destroyp) struct cr_model *from_json = NULL;
    CR_CLEANUP(cr_model_destroyp) struct cr_model *from_ubjson = NULL;

    xgboost_to_ubjson(json, ubjson);
    assert_false(cr_ubjson_is_object(json->data, json->len));
    assert_true(cr_ubjson_is_object(ubjson->data, ubjson->len));
    from_json = model_data_load("xgboost", json, N_INPUTS);
    from_ubjson = model_data_load("xgboost", ubjson, N_INPUTS);
    assert_same_forest(from_json->ops->forest(from_json), from_ubjson->ops->forest(from_ubjson));
}

static void both_formats_give_the_same_forest(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {30, NULL}}, {"max_depth", {5, NULL}}, {"learning_rate", {0.1, NULL}}};

    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf trained = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf pruned = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf first = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf second = CR_STRBUF_INIT;
        struct model_data data;

        model_data_init(&data, 800, N_INPUTS, seed);
        model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), seed, &trained);
        xgboost_fit_pruned(&data, &pruned);
        compare_formats(&trained, &first);
        compare_formats(&pruned, &second);
        model_data_finish(&data);
    }
}

/* A file that ends anywhere before its end is refused. */
static void every_truncation_is_refused(void **state)
{
    static const struct cr_param params[] = {{"n_estimators", {2, NULL}}, {"max_depth", {2, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf json = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf ubjson = CR_STRBUF_INIT;
    struct model_data data;

    (void)state;
    model_data_init(&data, 200, N_INPUTS, 7);
    model_data_fit("xgboost", &data, params, CR_ARRAY_LEN(params), 7, &json);
    xgboost_to_ubjson(&json, &ubjson);
    for (size_t len = 0; len < ubjson.len; len++) {
        CR_CLEANUP(cr_freep) char *part = malloc(len + 1);
        struct cr_model *model = NULL;
        struct cr_error err = {0};

        memcpy(part, ubjson.data, len);
        assert_int_equal(
            cr_model_load("xgboost", part, len, model_data_names(), N_INPUTS, &model, &err),
            CR_EPARSE);
        assert_null(model);
    }
    model_data_finish(&data);
}

/* Bytes with NULs in them. */
#define BYTES(text) text, sizeof(text) - 1

static void every_kind_of_value_is_read(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *json;
    } cases[] = {
        {BYTES("Z"), "null"},
        {BYTES("T"), "true"},
        {BYTES("F"), "false"},
        {BYTES("i\x80"), "-128"},
        {BYTES("U\xff"), "255"},
        {BYTES("I\x80\x01"), "-32767"},
        {BYTES("l\x7f\xff\xff\xff"), "2147483647"},
        {BYTES("l\xff\xff\xff\xff"), "-1"},
        {BYTES("L\x80\0\0\0\0\0\0\0"), "-9223372036854775808"},
        {BYTES("d\xbf\xc0\0\0"), "-1.5"},
        {BYTES("d\0\0\0\1"), "1.401298464324817e-45"},
        {BYTES("D\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1"},
        {BYTES("SL\0\0\0\0\0\0\0\3\xe2\x82\xac"), "\"\xe2\x82\xac\""},
        {BYTES("SL\0\0\0\0\0\0\0\0"), "\"\""},
        {BYTES("[#L\0\0\0\0\0\0\0\0"), "[]"},
        {BYTES("[#L\0\0\0\0\0\0\0\3Z[#L\0\0\0\0\0\0\0\1T{}"), "[null,[true],{}]"},
        {BYTES("[$U#L\0\0\0\0\0\0\0\3\0\1\xff"), "[0,1,255]"},
        {BYTES("[$l#L\0\0\0\0\0\0\0\2\xff\xff\xff\xff\0\0\0\2"), "[-1,2]"},
        {BYTES("[$L#L\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1\0"), "[256]"},
        {BYTES("[$d#L\0\0\0\0\0\0\0\2\x3f\x80\0\0\xc0\0\0\0"), "[1.0,-2.0]"},
        {BYTES("{L\0\0\0\0\0\0\0\1bi\1L\0\0\0\0\0\0\0\0i\2}"), "{\"b\":1,\"\":2}"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        struct cr_error err;

        cr_assert_ok(cr_ubjson_parse("f", cases[i].bytes, cases[i].len, &json, &err), &err);
        cr_json_write(json, false, &text);
        assert_string_equal(cr_strbuf_text(&text), cases[i].json);
    }
}

static void everything_else_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *message;
    } cases[] = {
        {BYTES(""), "f: byte 0: the file ends too early"},
        {BYTES("X"), "f: byte 0: no value begins so"},
        {BYTES("Cx"), "f: byte 0: no value begins so"},
        {BYTES("ZZ"), "f: byte 1: bytes stand behind the value"},
        {BYTES("l\0\0\0"), "f: byte 1: the file ends inside a number"},
        {BYTES("d\x7f\xc0\0\0"), "f: byte 1: the number is not finite"},
        {BYTES("D\xff\xf0\0\0\0\0\0\0"), "f: byte 1: the number is not finite"},
        {BYTES("Si\1a"), "f: byte 1: there must be a 'L'"},
        {BYTES("SL\0\0\0"), "f: byte 1: the file ends inside a length"},
        {BYTES("SL\0\0\0\0\0\0\0\2a"), "f: byte 1: the length reaches beyond the file"},
        {BYTES("SL\xff\xff\xff\xff\xff\xff\xff\xff"),
         "f: byte 1: the length reaches beyond the file"},
        {BYTES("SL\0\0\0\0\0\0\0\1\xff"), "f: byte 1: the text is no UTF-8"},
        {BYTES("SL\0\0\0\0\0\0\0\1\0"), "f: byte 1: a NUL stands in the text"},
        {BYTES("[Z]"), "f: byte 1: a list must say its length"},
        {BYTES("[$Z#L\0\0\0\0\0\0\0\1"), "f: byte 2: a list can share a type of numbers only"},
        {BYTES("[$l#L\0\0\0\0\0\0\0\1\0"), "f: byte 13: the file ends inside a number"},
        {BYTES("[#L\0\0\0\0\0\0\0\2ZX"), "f: byte 12: no value begins so"},
        {BYTES("[#L\0\0\0\1\0\0\0\0Z"), "f: byte 2: the length reaches beyond the file"},
        {BYTES("{L\0\0\0\0\0\0\0\1aZ"), "f: byte 12: the file ends too early"},
        {BYTES("{L\0\0\0\0\0\0\0\1aZL\0\0\0\0\0\0\0\1aZ}"),
         "f: byte 12: the key stands twice in its object"},
        {BYTES("{L\0\0\0\0\0\0\0\1\xfeZ}"), "f: byte 1: the key is no UTF-8"},
        {BYTES("{#L\0\0\0\0\0\0\0\0"), "f: byte 1: there must be a 'L'"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        json_t *json = NULL;
        struct cr_error err = {0};

        assert_int_equal(cr_ubjson_parse("f", cases[i].bytes, cases[i].len, &json, &err),
                         CR_EPARSE);
        assert_null(json);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void depth_is_bounded(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf bytes = CR_STRBUF_INIT;

    (void)state;
    for (size_t depth = 1; depth <= 2 * CR_UBJSON_MAX_DEPTH; depth++) {
        json_t *json = NULL;
        struct cr_error err = {0};
        int result;

        cr_strbuf_append(&bytes, BYTES("[#L\0\0\0\0\0\0\0\1"));
        cr_strbuf_putc(&bytes, 'Z');
        result = cr_ubjson_parse("f", bytes.data, bytes.len, &json, &err);
        assert_int_equal(result, depth < CR_UBJSON_MAX_DEPTH ? 0 : CR_EPARSE);
        json_decref(json);
        bytes.len--; /* without the Z */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_give_the_same_forest),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
