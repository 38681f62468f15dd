// SPDX-License-Identifier: MIT
/* A gbm file from outside: what is read, and that everything else is refused with a message. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/model/model.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"
#include "model_reader.h"

enum { N_INPUTS = 3 };

/* Two trees, the second with an inner node below its root. */
static const char good[] =
    "{\"format\":1,\"kind\":\"gbm\",\"inputs\":[\"x0\",\"x1\",\"x2\"],\"n_trees\":2,"
    "\"learning_rate\":0.1,\"base_margin\":-1.5,\"trees\":["
    "{\"feature\":[0,-1,-1],\"threshold\":[0.5,0.0,0.0],\"left\":[1,-1,-1],\"right\":[2,-1,-1],"
    "\"value\":[0.0,-0.125,0.25],\"cover\":[10.0,4.0,6.0]},"
    "{\"feature\":[2,1,-1,-1,-1],\"threshold\":[1.5,-2.0,0,0,0],\"left\":[1,2,-1,-1,-1],"
    "\"right\":[4,3,-1,-1,-1],\"value\":[0,0,-0.5,0.0625,0.75],\"cover\":[9,7,3,4,2]}],"
    "\"params\":{\"n_estimators\":2}}";

static const struct model_reader reader = {
    .kind = "gbm",
    .names = (const char *const[]){"x0", "x1", "x2"},
    .n_inputs = N_INPUTS,
    .good = good,
    .good_len = sizeof(good) - 1,
};

static void a_good_file_is_read(void **state)
{
    const struct {
        double x[N_INPUTS];
        double margin;
    } cases[] = {
        {{0, 0, 0}, -1.5 - 0.125 + 0.0625},
        {{0.5, -2, 1.5}, -1.5 - 0.125 - 0.5}, /* equal goes left */
        {{(double)nextafterf(0.5F, 1), (double)nextafterf(-2.0F, 0), 1}, -1.5 + 0.25 + 0.0625},
        {{nextafter(0.5, 1), nextafter(-2.0, 0), 1}, -1.5 - 0.125 - 0.5}, /* equal as floats */
        {{NAN, 0, NAN}, -1.5 + 0.25 + 0.75},                              /* missing goes right */
        {{-INFINITY, NAN, 0}, -1.5 - 0.125 + 0.0625},
    };
    struct cr_model *model = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(model_reader_load(&reader, good, strlen(good), &model, &err), &err);
    assert_string_equal(model->ops->display_name, "GBM");
    assert_string_equal(model->ops->file_name, "model.json");
    assert_false(model->ops->scaled_input);
    assert_int_equal(cr_forest_depth(model->ops->forest(model)), 2);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        cr_assert_same(cr_model_margin(model, cases[i].x), cases[i].margin);
    }
    cr_model_destroy(model);
}

static void kinds_stand_in_their_order(void **state)
{
    size_t n;
    const struct cr_model_ops *const *kinds = cr_model_kinds(&n);

    (void)state;
    assert_true(n >= 2);
    assert_string_equal(kinds[0]->kind, "logistic");
    assert_string_equal(kinds[1]->kind, "gbm");
}

static const struct model_change hostile[] = {
    /* shape of the document */
    {"\"format\":1,", "", "'format' is missing"},
    {"\"format\":1", "\"format\":2", "unknown format '2'"},
    {"\"gbm\"", "\"xgboost\"", "kind is 'xgboost', not 'gbm'"},
    {"\"gbm\"", "7", "'kind' is not a string"},
    {"\"x2\"", "\"age\"", "input 2 is 'age' where the pipeline has 'x2'"},
    {"\"x2\"]", "\"x2\",\"x3\"]", "has 4 inputs, the pipeline makes 3"},
    {"\"n_trees\":2", "\"n_trees\":3", "'n_trees' is '3', but there are 2 trees"},
    {"\"n_trees\":2", "\"n_trees\":\"2\"", "'n_trees' is not a number"},
    {"\"n_trees\":2", "\"n_trees\":2.5", "'n_trees' is '2.5', but there are 2 trees"},
    {"\"learning_rate\":0.1", "\"learning_rate\":0", "'learning_rate' must lie above 0"},
    {"\"learning_rate\":0.1", "\"learning_rate\":1.5", "'learning_rate' must lie above 0"},
    {"\"learning_rate\":0.1", "\"learning_rate\":null", "'learning_rate' is not a number"},
    {"-1.5", "1e999", "real number overflow"},
    {"-1.5", "\"-1.5\"", "'base_margin' is not a number"},
    {"\"trees\":[", "\"trees\":7,\"woods\":[", "'trees' is not a"},
    {"\"trees\":[{", "\"trees\":[7,{", "but there are 3 trees"},
    {"\"params\"", "\"settings\"", "'params' is missing"},
    {"{\"n_estimators\":2}", "[]", "'params' is not an object"},
    {"\"kind\"", "\"format\":1,\"kind\"", "duplicate object key"},
    /* arrays of a tree */
    {"{\"feature\":[0,-1,-1]", "{\"feature\":[]", "tree 0: 'feature' has 0 entries"},
    {"\"feature\":[0,-1,-1]", "\"feature\":[0,-1]", "'threshold' has 3 entries for 2 nodes"},
    {"\"cover\":[10.0,4.0,6.0]", "\"cover\":[10.0]", "'cover' has 1 entries for 3 nodes"},
    {"\"left\"", "\"links\"", "'left' is missing"},
    {"\"value\":[0.0,-0.125,0.25]", "\"value\":{}", "'value' is not a"},
    /* nodes */
    {"\"feature\":[0,", "\"feature\":[3,", "tree 0, node 0: it tests an input that does not exist"},
    {"\"feature\":[0,", "\"feature\":[-2,", "it tests an input that does not exist"},
    {"\"feature\":[0,", "\"feature\":[4294967296,", "it tests an input that does not exist"},
    {"\"feature\":[0,", "\"feature\":[0.0,", "it tests an input that does not exist"},
    {"\"feature\":[0,", "\"feature\":[-1,", "its children are not nodes of the tree"},
    {"\"feature\":[0,-1", "\"feature\":[0,1", "node 1: its children are not nodes of the tree"},
    {"\"left\":[1,", "\"left\":[3,", "its children are not nodes of the tree"},
    {"\"left\":[1,", "\"left\":[-2,", "its children are not nodes of the tree"},
    {"\"left\":[1,", "\"left\":[true,", "its children are not nodes of the tree"},
    {"\"left\":[1,", "\"left\":[0,", "tree 0, node 0: a child does not lie behind it"},
    {"\"left\":[1,", "\"left\":[2,", "tree 0, node 0: a child has two parents"},
    {"\"left\":[1,2,", "\"left\":[1,1,", "tree 1, node 1: a child does not lie behind it"},
    {"\"right\":[4,3,", "\"right\":[4,4,", "tree 1, node 1: a child has two parents"},
    {"\"threshold\":[0.5", "\"threshold\":[null", "its threshold is not a finite number"},
    {"\"threshold\":[0.5", "\"threshold\":[\"0.5\"", "its threshold is not a finite number"},
    {"-0.125", "{}", "tree 0, node 1: its value is not a finite number"},
    {"\"cover\":[10.0", "\"cover\":[0", "its cover is not a count of rows"},
    {"\"cover\":[10.0", "\"cover\":[-1", "its cover is not a count of rows"},
    {"\"cover\":[10.0", "\"cover\":[9.5", "its cover is not a count of rows"},
    {"\"cover\":[10.0", "\"cover\":[[]", "its cover is not a count of rows"},
    {"0.5,", "NaN,", "invalid token"},
};

static void hostile_files_are_refused(void **state)
{
    (void)state;
    model_reader_check_changes(&reader, hostile, CR_ARRAY_LEN(hostile));
}

/* A tree that is one path of `depth` inner nodes, twice. */
static void write_chain(size_t depth, struct cr_strbuf *out)
{
    static const char *const keys[] = {"feature", "left", "right", "threshold", "value", "cover"};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf tree = CR_STRBUF_INIT;
    size_t n = 2 * depth + 1; /* node 2k has the children 2k + 1, a leaf, and 2k + 2 */
    const char *first = strstr(good, "{\"feature\"");
    const char *end = strstr(good, "],\"params\"");

    for (size_t k = 0; k < CR_ARRAY_LEN(keys); k++) {
        cr_strbuf_printf(&tree, "%s\"%s\":[", k > 0 ? "," : "{", keys[k]);
        for (size_t i = 0; i < n; i++) {
            bool inner = i % 2 == 0 && i + 1 < n;
            long values[] = {
                inner ? 0 : -1, inner ? (long)i + 1 : -1, inner ? (long)i + 2 : -1, 1, 0, 1};

            cr_strbuf_printf(&tree, "%s%ld", i > 0 ? "," : "", values[k]);
        }
        cr_strbuf_putc(&tree, ']');
    }
    cr_strbuf_putc(&tree, '}');
    cr_strbuf_append(out, good, (size_t)(first - good));
    cr_strbuf_printf(out, "%s,%s", tree.data, tree.data);
    cr_strbuf_puts(out, end);
}

static void depth_is_limited(void **state)
{
    (void)state;
    model_reader_check_depth(&reader, write_chain);
}

static void no_damage_is_fatal(void **state)
{
    (void)state;
    model_reader_check_damage(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_read),       cmocka_unit_test(kinds_stand_in_their_order),
        cmocka_unit_test(hostile_files_are_refused), cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(no_damage_is_fatal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
