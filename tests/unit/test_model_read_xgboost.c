// SPDX-License-Identifier: MIT
/* XGBoost's JSON from outside: what is read, and that everything else is refused with a message. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/model/model.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"
#include "model_reader.h"

enum { N_INPUTS = 4 };

/* Two trees, the second with an inner node below its root; libxgboost itself reads it. */
static const char good[] =
    "{\"learner\":{\"attributes\":{},\"feature_names\":[\"x0\",\"x1\",\"x2\",\"x3\"],"
    "\"feature_types\":[],\"gradient_booster\":{\"model\":{\"gbtree_model_param\":{"
    "\"num_parallel_tree\":\"1\",\"num_trees\":\"2\",\"size_leaf_vector\":\"0\"},"
    "\"tree_info\":[0,0],\"trees\":[{\"base_weights\":[0E0,0E0,0E0],\"categories\":[],"
    "\"categories_nodes\":[],\"categories_segments\":[],\"categories_sizes\":[],"
    "\"default_left\":[1,0,0],\"id\":0,\"left_children\":[1,-1,-1],"
    "\"loss_changes\":[1E0,0E0,0E0],\"parents\":[2147483647,0,0],\"right_children\":[2,-1,-1],"
    "\"split_conditions\":[5E-1,-1.25E-1,2.5E-1],\"split_indices\":[0,0,0],"
    "\"split_type\":[0,0,0],\"sum_hessian\":[1E1,4E0,6E0],\"tree_param\":{\"num_deleted\":\"0\","
    "\"num_feature\":\"4\",\"num_nodes\":\"3\",\"size_leaf_vector\":\"0\"}},"
    "{\"base_weights\":[0E0,0E0,0E0,0E0,0E0],\"categories\":[],\"categories_nodes\":[],"
    "\"categories_segments\":[],\"categories_sizes\":[],\"default_left\":[0,1,0,0,0],\"id\":1,"
    "\"left_children\":[1,3,-1,-1,-1],\"loss_changes\":[1E0,1E0,0E0,0E0,0E0],"
    "\"parents\":[2147483647,0,0,1,1],\"right_children\":[2,4,-1,-1,-1],"
    "\"split_conditions\":[1.5E0,-2E0,3E-1,-4E-1,5E-2],\"split_indices\":[3,1,0,0,0],"
    "\"split_type\":[0,0,0,0,0],\"sum_hessian\":[9E0,7E0,2E0,3E0,4E0],\"tree_param\":{"
    "\"num_deleted\":\"0\",\"num_feature\":\"4\",\"num_nodes\":\"5\",\"size_leaf_vector\":\"0\"}}"
    "]},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":\"5E-1\","
    "\"boost_from_average\":\"1\",\"num_class\":\"0\",\"num_feature\":\"4\",\"num_target\":\"1\"},"
    "\"objective\":{\"name\":\"binary:logistic\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}},"
    "\"version\":[1,7,4]}";

static const struct model_reader reader = {
    .kind = "xgboost",
    .names = (const char *const[]){"x0", "x1", "x2", "x3"},
    .n_inputs = N_INPUTS,
    .good = good,
    .good_len = sizeof(good) - 1,
};

static void a_good_file_means_what_libxgboost_reads(void **state)
{
    const struct cr_strbuf file = {.data = (char *)(uintptr_t)good, .len = strlen(good)};
    struct cr_model *model = model_data_load("xgboost", &file, N_INPUTS);
    double x[200 * N_INPUTS];
    float expected[200];
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < 200; i++) {
        adversarial_row(model->ops->forest(model), &rng, x + i * N_INPUTS);
    }
    xgboost_margins(&file, x, 200, N_INPUTS, expected);
    for (size_t i = 0; i < 200; i++) {
        cr_assert_same((double)(float)cr_model_margin(model, x + i * N_INPUTS),
                       (double)expected[i]);
    }
    cr_model_destroy(model);
}

/* What other versions write in place of what is in `good`, and the margin of zeros. */
static void other_spellings_are_read(void **state)
{
    static const struct {
        const char *find;
        const char *by;
        double margin;
    } cases[] = {
        {"\"5E-1\"", "\"[5E-1]\"", -.075},
        {"\"5E-1\"", "\"0.5\"", -.075},
        {"\"5E-1\"", "\"[7.5E-1]\"", -.075 + 1.0986123},
        {"[\"x0\",\"x1\",\"x2\",\"x3\"]", "[]", -.075},
        {"\"default_left\":[1,0,0]", "\"default_left\":[true,false,false]", -.075},
        {"\"split_type\":[0,0,0],", "", -.075},
        {",\"num_target\":\"1\"", "", -.075},
        {"\"size_leaf_vector\":\"0\"}},{", "\"size_leaf_vector\":\"1\"}},{", -.075},
        {"[1,7,4]", "[3,0,0]", -.075},
    };
    static const double zeros[N_INPUTS];

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_model *model;

        model_reader_replace(good, cases[i].find, cases[i].by, &file);
        model = model_data_load("xgboost", &file, N_INPUTS);
        cr_assert_close(cr_model_margin(model, zeros), cases[i].margin, 1e-6);
        cr_model_destroy(model);
    }
}

static const struct model_change hostile[] = {
    /* shape of the document */
    {"\"learner\"", "\"teacher\"", "'learner' is missing"},
    {"{\"learner\":{", "{\"learner\":[],\"x\":{", "'learner' is not an object"},
    {"\"gradient_booster\":", "\"linear_booster\":", "'gradient_booster' is missing"},
    {"\"trees\":[", "\"woods\":[", "'trees' is missing"},
    {"\"tree_info\":[0,0]", "\"tree_info\":[0]", "1 entries of 'tree_info'"},
    {"\"tree_info\":[0,0]", "\"tree_info\":[0,1]", "tree 1 is not for the one outcome"},
    {"\"num_trees\":\"2\"", "\"num_trees\":\"3\"", "'num_trees' is 3, but there are 2 trees"},
    {"\"num_trees\":\"2\"", "\"num_trees\":\"0\"", "'num_trees' is 0"},
    {"\"num_trees\":\"2\"", "\"num_trees\":\"4000000000\"", "must be a count of at most 100000"},
    {"\"num_trees\":\"2\"", "\"num_trees\":\"-2\"", "must be a count"},
    {"\"num_trees\":\"2\"", "\"num_trees\":2", "'num_trees' is not a string"},
    /* what the model is */
    {"\"gbtree\"", "\"dart\"", "the booster must be 'gbtree', not 'dart'"},
    {"binary:logistic", "reg:squarederror", "the objective must be 'binary:logistic'"},
    {"\"num_class\":\"0\"", "\"num_class\":\"3\"", "'num_class'"},
    {"\"num_target\":\"1\"", "\"num_target\":\"2\"", "'num_target'"},
    {"\"num_feature\":\"4\",\"num_target\"", "\"num_feature\":\"5\",\"num_target\"",
     "has 5 inputs, the pipeline makes 4"},
    {"\"x2\"", "\"age\"", "input 2 is 'age' where the pipeline has 'x2'"},
    {"\"x2\",", "", "has 3 inputs"},
    {"\"x2\"", "7", "input 2 is ''"},
    {"[\"x0\",\"x1\",\"x2\",\"x3\"]", "\"x0\"", "'feature_names' is not a list"},
    {"\"5E-1\"", "\"0\"", "'base_score' must lie between 0 and 1, not '0'"},
    {"\"5E-1\"", "\"1\"", "'base_score'"},
    {"\"5E-1\"", "\"nan\"", "'base_score'"},
    {"\"5E-1\"", "\"[5E-1,5E-1]\"", "'base_score'"},
    {"\"5E-1\"", "\"[]\"", "'base_score'"},
    {"\"5E-1\"", "\"1e-42\"", "base margin is not finite"},
    /* arrays of a tree */
    {"\"id\":1", "\"id\":0", "tree 1 has another 'id'"},
    {"\"num_nodes\":\"3\"", "\"num_nodes\":\"2\"", "tree 0: 'left_children' has 3 entries for 2"},
    {"\"num_nodes\":\"3\"", "\"num_nodes\":\"0\"", "tree 0 has no nodes"},
    {"\"num_nodes\":\"3\"", "\"num_nodes\":\"99999999\"", "'num_nodes' must be a count"},
    {"\"size_leaf_vector\":\"0\"}},{", "\"size_leaf_vector\":\"3\"}},{", "'size_leaf_vector'"},
    {"\"sum_hessian\":[1E1,4E0,6E0]", "\"sum_hessian\":[1E1,4E0]", "'sum_hessian' has 2 entries"},
    {"\"sum_hessian\"", "\"sum\"", "'sum_hessian' is missing"},
    {"\"split_type\":[0,0,0]", "\"split_type\":[1,0,0]", "categorical splits are not supported"},
    {"\"split_type\":[0,0,0]", "\"split_type\":[0,0]", "'split_type' has 2 entries"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[0,-1,-1]",
     "tree 0, node 0: two paths lead to it"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[2,-1,-1]",
     "tree 0, node 2: two paths lead to it"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[3,-1,-1]", "are not nodes of the tree"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[-2,-1,-1]", "are not nodes of the tree"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[-1,-1,-1]", "are not nodes of the tree"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[4294967297,-1,-1]", "are not nodes"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[1.0,-1,-1]", "are not nodes of the tree"},
    {"\"left_children\":[1,3,-1,-1,-1]", "\"left_children\":[1,0,-1,-1,-1]",
     "tree 1, node 0: two paths lead to it"},
    {"\"num_deleted\":\"0\"", "\"num_deleted\":\"1\"", "3 of 3 nodes are reached, 1 are deleted"},
    {"\"left_children\":[1,3,-1,-1,-1],\"loss_changes\":[1E0,1E0,0E0,0E0,0E0],"
     "\"parents\":[2147483647,0,0,1,1],\"right_children\":[2,4,-1,-1,-1]",
     "\"left_children\":[1,-1,-1,-1,-1],\"right_children\":[2,-1,-1,-1,-1]",
     "3 of 5 nodes are reached, 0 are deleted"},
    {"\"split_indices\":[0,0,0]", "\"split_indices\":[4,0,0]", "an input that does not exist"},
    {"\"split_indices\":[0,0,0]", "\"split_indices\":[-1,0,0]", "an input that does not exist"},
    {"\"split_indices\":[0,0,0]", "\"split_indices\":[2147483647,0,0]", "does not exist"},
    {"\"default_left\":[1,0,0]", "\"default_left\":[2,0,0]", "'default_left' is neither 0 nor 1"},
    {"5E-1,-1.25E-1", "5E99,-1.25E-1", "its threshold or value is not a finite float"},
    {"5E-1,-1.25E-1", "5E-1,1E39", "its threshold or value is not a finite float"},
    {"5E-1,-1.25E-1", "5E-1,null", "its threshold or value is not a finite float"},
    {"5E-1,-1.25E-1", "5E-1,\"1\"", "its threshold or value is not a finite float"},
    {"5E-1,-1.25E-1", "5E-1,NaN", "invalid token"},
    {"5E-1,-1.25E-1", "5E-1,1E400", "real number overflow"},
    {"[1E1,4E0,6E0]", "[1E1,0E0,6E0]", "its hessian sum is not a positive float"},
    {"[1E1,4E0,6E0]", "[1E1,4E0,-6E0]", "its hessian sum is not a positive float"},
    {"\"id\":0", "\"id\":0,\"id\":0", "duplicate object key"},
};

static void hostile_files_are_refused(void **state)
{
    (void)state;
    model_reader_check_changes(&reader, hostile, CR_ARRAY_LEN(hostile));
}

/* A tree that is one path of `depth` inner nodes. */
static void write_chain(size_t depth, struct cr_strbuf *out)
{
    static const char *const keys[] = {"left_children",    "right_children", "split_indices",
                                       "split_conditions", "default_left",   "sum_hessian"};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf tree = CR_STRBUF_INIT;
    size_t n = 2 * depth + 1; /* node 2k has the children 2k + 1, a leaf, and 2k + 2 */
    const char *first = strstr(good, "{\"base_weights\"");
    const char *end = strstr(good, "]},\"name\":\"gbtree\"");

    cr_strbuf_printf(&tree, "{\"tree_param\":{\"num_nodes\":\"%zu\"}", n);
    for (size_t k = 0; k < CR_ARRAY_LEN(keys); k++) {
        cr_strbuf_printf(&tree, ",\"%s\":[", keys[k]);
        for (size_t i = 0; i < n; i++) {
            bool inner = i % 2 == 0 && i + 1 < n;
            long values[] = {inner ? (long)i + 1 : -1, inner ? (long)i + 2 : -1, 0, 1, 0, 1};

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

static void kinds_are_found_by_name(void **state)
{
    size_t n;
    const struct cr_model_ops *const *kinds = cr_model_kinds(&n);

    (void)state;
    assert_true(n >= 2);
    assert_string_equal(kinds[0]->kind, "logistic");
    assert_string_equal(kinds[n - 1]->kind, "xgboost");
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(cr_model_find(kinds[i]->kind), kinds[i]);
    }
    assert_null(cr_model_find("perceptron"));
}

static void a_kind_must_exist_and_a_file_may_not_be_huge(void **state)
{
    struct cr_model *model = NULL;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(
        cr_model_load("perceptron", good, 1, model_data_names(), N_INPUTS, &model, &err),
        CR_EINVAL);
    assert_string_equal(err.message, "unknown kind of model 'perceptron'");
    assert_int_equal(model_reader_load(&reader, good, CR_MODEL_MAX_BYTES + 1, &model, &err),
                     CR_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_means_what_libxgboost_reads),
        cmocka_unit_test(other_spellings_are_read),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(no_damage_is_fatal),
        cmocka_unit_test(kinds_are_found_by_name),
        cmocka_unit_test(a_kind_must_exist_and_a_file_may_not_be_huge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
