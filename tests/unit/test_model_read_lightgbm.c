// SPDX-License-Identifier: MIT
/* LightGBM's text from outside: what is read means what LightGBM said it does
 * (golden/lightgbm_small.py), and everything else is refused with a message. Needs no LightGBM. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/explain/explain.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"
#include "model_reader.h"

enum { N_INPUTS = 4, N_TREES = 11, N_VALUES = 2 * N_INPUTS + 2 };

/* what the pipeline may call them; LightGBM writes neither blanks nor JSON's signs */
static const char *const names[N_INPUTS] = {"x0", "kind_Credit Card", "a:b,c", "x3"};

static char *good; /* the small model */
static struct model_reader reader = {.kind = "lightgbm", .names = names, .n_inputs = N_INPUTS};

static char *read_golden(const char *path, size_t *ret_len)
{
    CR_CLEANUP(cr_freep) char *full = cr_test_path(path);
    char *text = NULL;
    struct cr_error err;

    cr_assert_ok(cr_fs_read(full, 1 << 20, &text, ret_len, &err), &err);
    return text;
}

static int setup(void **state)
{
    (void)state;
    good = read_golden("tests/golden/lightgbm_small.txt", &reader.good_len);
    reader.good = good;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(good);
    return 0;
}

static struct cr_model *load_good(void)
{
    struct cr_model *model = NULL;
    struct cr_error err;

    cr_assert_ok(model_reader_load(&reader, good, reader.good_len, &model, &err), &err);
    return model;
}

/* One line of the table: inputs, margin, contributions, base value. */
static void check_line(const char *line, const struct cr_model *model,
                       const struct cr_explainer *explainer, void *scratch)
{
    double values[N_VALUES], contributions[N_INPUTS];
    const double *expected = values + N_INPUTS;

    for (size_t i = 0; i < N_VALUES; i++) {
        char *end;

        values[i] = strtod(line, &end);
        assert_true(end != line && *end == (i + 1 < N_VALUES ? ',' : '\0'));
        line = end + 1;
    }
    cr_assert_same(cr_model_margin(model, values), expected[0]);
    cr_assert_same(cr_explainer_margin(explainer, values, scratch, contributions), expected[0]);
    for (size_t j = 0; j < N_INPUTS; j++) {
        cr_assert_close(contributions[j], expected[1 + j], 1e-12);
    }
    cr_assert_close(cr_explainer_base_value(explainer), expected[1 + N_INPUTS], 1e-12);
}

static void the_small_model_means_what_lightgbm_says(void **state)
{
    static const size_t input_features[N_INPUTS];
    static const struct cr_feature features[] = {{.name = "all", .group = "All"}};
    static const struct cr_portfolio portfolio = {.n_features = 1, .features = features};
    static const struct cr_calibration raw = {1.0, 0.0};
    size_t len, n = 0;
    CR_CLEANUP(cr_freep) char *table = read_golden("tests/golden/lightgbm_small.csv", &len);
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    struct cr_explainer *explainer = NULL;
    struct cr_model *model = load_good();
    struct cr_error err;

    (void)state;
    assert_int_equal(model->ops->forest(model)->n_trees, N_TREES);
    cr_assert_ok(cr_explainer_create(&portfolio, model, &raw, input_features, &explainer, &err),
                 &err);
    scratch = malloc(cr_explainer_scratch_len(explainer));
    assert_non_null(scratch);
    for (char *rest = NULL, *line = strtok_r(table, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        check_line(line, model, explainer, scratch);
        n++;
    }
    assert_int_equal(n, 300);
    cr_explainer_destroy(explainer);
    cr_model_destroy(model);
}

static void the_kind_is_registered_in_its_place(void **state)
{
    size_t n, place = 0;
    const struct cr_model_ops *const *kinds = cr_model_kinds(&n);

    (void)state;
    while (place < n && strcmp(kinds[place]->kind, "lightgbm") != 0) {
        place++;
    }
    assert_true(place > 0 && place + 1 < n);
    assert_string_equal(kinds[0]->kind, "logistic");
    assert_string_equal(kinds[place + 1]->kind, "xgboost");
    assert_string_equal(kinds[place]->display_name, "LightGBM");
    assert_string_equal(kinds[place]->file_name, "model.txt");
    assert_false(kinds[place]->scaled_input);
}

/* Where the part of the file ends that begins with a tree. */
static const char *end_of_tree(const char *tree)
{
    const char *next = strstr(tree + 1, "\nTree=");
    const char *end = strstr(tree + 1, "\nend of trees");

    return (next != NULL ? next : end) + 1;
}

/* Appends text with its 'tree_sizes' made to fit its trees. */
static void fit_sizes(const char *text, struct cr_strbuf *out)
{
    const char *sizes = strstr(text, "tree_sizes="), *behind = strchr(sizes, '\n');
    const char *tree = strstr(behind, "\nTree=") + 1;

    cr_strbuf_append(out, text, (size_t)(sizes - text));
    cr_strbuf_puts(out, "tree_sizes=");
    while (strncmp(tree, "Tree=", 5) == 0) {
        const char *end = end_of_tree(tree);

        cr_strbuf_printf(out, "%zu ", (size_t)(end - tree));
        tree = end;
    }
    out->len--; /* the last blank */
    out->data[out->len] = '\0';
    cr_strbuf_puts(out, behind);
}

static void other_spellings_are_read(void **state)
{
    static const struct {
        const char *find;
        const char *by;
    } cases[] = {
        {"feature_infos=", "monotone_constraints=0 0 0 0\nfeature_infos="},
        {"end of parameters\n", "end of parameters\n\npandas_categorical:null\n"},
        {"feature_importances:", "feature_importances:\nx9=1"},
        {"leaf_count=0", "leaf_count=400"}, /* LightGBM 4.6's lone leaf */
    };
    static const double zeros[N_INPUTS];
    struct cr_model *expected = load_good();

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_model *model = NULL;
        struct cr_error err;

        model_reader_replace(good, cases[i].find, cases[i].by, &text);
        fit_sizes(text.data, &file);
        cr_assert_ok(model_reader_load(&reader, file.data, file.len, &model, &err), &err);
        cr_assert_same(cr_model_margin(model, zeros), cr_model_margin(expected, zeros));
        cr_model_destroy(model);
    }
    cr_model_destroy(expected);
}

static const struct model_change hostile[] = {
    /* what the model is */
    {"tree\nversion", "dart\nversion", "does not begin with the line 'tree'"},
    {"version=v4", "version=v3", "'version' must be 'v4', not 'v3'"},
    {"version=v4\n", "", "'version' is missing"},
    {"version=v4\n", "version=v4\nversion=v4\n", "'version' is there twice"},
    {"num_class=1", "num_class=3", "'num_class' must be '1', not '3'"},
    {"num_tree_per_iteration=1", "num_tree_per_iteration=2", "'num_tree_per_iteration' must be"},
    {"binary sigmoid:1", "binary sigmoid:2", "must be 'binary sigmoid:1', not 'binary sigmoid:2'"},
    {"objective=binary sigmoid:1", "objective=regression", "'objective' must be"},
    {"objective=binary sigmoid:1\n", "", "'objective' is missing"},
    {"feature_names=", "average_output\nfeature_names=", "'average_output' is not understood"},
    {"feature_names=", "colour=blue\nfeature_names=", "'colour=blue' is not understood"},
    {"feature_names=", "=\nfeature_names=", "the line '=' is not understood"},
    /* inputs */
    {"max_feature_idx=3", "max_feature_idx=4", "'max_feature_idx' is '4' for 4 names"},
    {"max_feature_idx=3", "max_feature_idx=-1", "'max_feature_idx' is '-1'"},
    {"max_feature_idx=3\nobjective=binary sigmoid:1\nfeature_names=x0 ",
     "max_feature_idx=2\nobjective=binary sigmoid:1\nfeature_names=", "has 3 inputs, the pipeline"},
    {"a_b_c", "a_b_d", "input 2 is 'a_b_d' where the pipeline has 'a:b,c'"},
    {"a_b_c x3", "a_b_c  ", "input 3 is '' where the pipeline has 'x3'"},
    /* where the trees are */
    {"tree_sizes=", "tree_sizes=9", "entry 0 of 'tree_sizes' cannot be '9"},
    {"tree_sizes=", "tree_sizes=1", "tree 0 does not end where 'tree_sizes' says"},
    {"tree_sizes=", "tree_sizes=-", "entry 0 of 'tree_sizes' cannot be '-"},
    {"tree_sizes=", "tree_sizes= ", "entry 0 of 'tree_sizes' cannot be ''"},
    {"tree_sizes=", "tree_sizes=0 ", "tree 0 does not begin where 'tree_sizes' says"},
    {"tree_sizes=6", "tree_sizes=5", "tree 0: 'internal_value' is missing"},
    {"tree_sizes=", "tree_sizes=\nlabel_index=", "'label_index' is there twice"},
    {" 242\n", "\n", "'end of trees' does not follow the last tree"},
    {" 242\n", " 242 242\n", "tree 11 does not begin"},
    {"Tree=3\n", "Tree=4\n", "tree 3 does not begin where 'tree_sizes' says"},
    {"Tree=3\n", "Tree:3\n", "tree 3 does not begin where 'tree_sizes' says"},
    {"shrinkage=1\n", "shrinkage=1\nx=1\n", "tree 0 does not end where 'tree_sizes' says"},
    {"end of trees\n", "end of treez\n", "'end of trees' does not follow the last tree"},
    {"end of parameters\n", "", "is cut short"},
    /* what a tree is */
    {"num_leaves=5", "num_leaves=4", "tree 0: 'split_feature' has 4 entries for 4 leaves"},
    {"num_leaves=5", "num_leaves=0", "tree 0: 'num_leaves' cannot be '0'"},
    {"num_leaves=5", "num_leaves=4294967301", "tree 0: 'num_leaves' cannot be '4294967301'"},
    {"num_leaves=5", "num_leaves=9999999", "'split_feature' has 4 entries for 9999999 leaves"},
    {"num_cat=0", "num_cat=1", "'num_cat' must be '0', not '1'"},
    {"is_linear=0", "is_linear=1", "'is_linear' must be '0', not '1'"},
    {"leaf_count=66 145", "leaf_count=66", "'leaf_count' has 4 entries for 5 leaves"},
    {"leaf_count=66", "leaf_counts=66", "tree 0: 'leaf_count' is missing"},
    {"split_feature=0 2", "split_feature=4 2", "entry 0 of 'split_feature' cannot be '4'"},
    {"split_feature=0 2", "split_feature=-1 2", "entry 0 of 'split_feature' cannot be '-1'"},
    {"threshold=-0.2", "threshold=nan-0.2", "entry 0 of 'threshold' cannot be 'nan-0.2"},
    {"threshold=-0.2", "threshold=1e999\n", "tree 0: 'decision_type' is missing"},
    {"threshold=-0.20610208334158389", "threshold=1e999", "of 'threshold' cannot be '1e999'"},
    {"threshold=-0.20610208334158389", "threshold=inf", "of 'threshold' cannot be 'inf'"},
    {"decision_type=2 0", "decision_type=1 0", "entry 0 of 'decision_type' cannot be '1'"},
    {"decision_type=2 0", "decision_type=2 12", "entry 1 of 'decision_type' cannot be '12'"},
    {"decision_type=2 0", "decision_type=2 16", "entry 1 of 'decision_type' cannot be '16'"},
    {"decision_type=2 0", "decision_type=2 -2", "entry 1 of 'decision_type' cannot be '-2'"},
    {"left_child=1 -1", "left_child=4 -1", "entry 0 of 'left_child' cannot be '4'"},
    {"left_child=1 -1", "left_child=1 -6", "entry 1 of 'left_child' cannot be '-6'"},
    {"left_child=1 -1", "left_child=1 1e9", "entry 1 of 'left_child' cannot be '1e9'"},
    {"left_child=1 -1", "left_child=0 -1", "its count is not that of its children"},
    {"leaf_value=0.13", "leaf_value=0.1.3", "entry 0 of 'leaf_value' cannot be '0.1.3"},
    {"leaf_value=0.13153614235609951", "leaf_value=-1e309", "'leaf_value' cannot be '-1e309'"},
    {"leaf_count=66", "leaf_count=0", "entry 0 of 'leaf_count' cannot be '0'"},
    {"leaf_count=66", "leaf_count=-66", "entry 0 of 'leaf_count' cannot be '-66'"},
    {"leaf_count=66", "leaf_count=67", "its count is not that of its children"},
    {"internal_count=400", "internal_count=401", "its count is not that of its children"},
    {"leaf_count=0", "leaf_count=-1", "entry 0 of 'leaf_count' cannot be '-1'"},
};

static void hostile_files_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(hostile); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        bool of_sizes = strstr(hostile[i].message, "tree_sizes") != NULL ||
                        strstr(hostile[i].find, "tree_sizes") != NULL || hostile[i].find[0] == ' ';
        struct cr_model *model = NULL;
        struct cr_error err = {0};
        int result;

        model_reader_replace(good, hostile[i].find, hostile[i].by, &text);
        if (of_sizes || strstr(text.data, "end of trees\n") == NULL) {
            cr_strbuf_puts(&file, text.data);
        } else {
            fit_sizes(text.data, &file);
        }
        result = model_reader_load(&reader, file.data, file.len, &model, &err);
        if (result != CR_EMODEL || model != NULL ||
            strstr(err.message, hostile[i].message) == NULL) {
            fail_msg("'%s' for '%s': %d '%s', not '%s'", hostile[i].by, hostile[i].find, result,
                     err.message, hostile[i].message);
        }
    }
}

/* One of a tree's lists: entry i is base + step·i, but `last` comes last. */
static void write_list(struct cr_strbuf *out, const char *key, size_t n, long base, long step,
                       long last)
{
    cr_strbuf_printf(out, "%s=", key);
    for (size_t i = 0; i < n; i++) {
        cr_strbuf_printf(out, "%s%ld", i > 0 ? " " : "", i + 1 < n ? base + step * (long)i : last);
    }
    cr_strbuf_putc(out, '\n');
}

/* A file whose only tree is one path of `depth` inner nodes: node i has the leaf i on its left and
 * node i + 1 on its right. */
static void write_chain(size_t depth, struct cr_strbuf *out)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    long n = (long)depth;

    cr_strbuf_append(&text, good, (size_t)(strstr(good, "Tree=0") - good));
    cr_strbuf_printf(&text, "Tree=0\nnum_leaves=%ld\nnum_cat=0\n", n + 1);
    write_list(&text, "split_feature", depth, 0, 0, 0);
    cr_strbuf_puts(&text, "split_gain=\n");
    write_list(&text, "threshold", depth, 0, 1, 0);
    write_list(&text, "decision_type", depth, 2, 0, 2);
    write_list(&text, "left_child", depth, -1, -1, -n);
    write_list(&text, "right_child", depth, 1, 1, -n - 1);
    write_list(&text, "leaf_value", depth + 1, 0, 1, 0);
    cr_strbuf_puts(&text, "leaf_weight=\n");
    write_list(&text, "leaf_count", depth + 1, 1, 0, 1);
    cr_strbuf_puts(&text, "internal_value=\ninternal_weight=\n");
    write_list(&text, "internal_count", depth, n + 1, -1, 2);
    cr_strbuf_puts(&text, "is_linear=0\nshrinkage=1\n\n\n");
    cr_strbuf_puts(&text, strstr(good, "end of trees"));
    fit_sizes(text.data, out);
}

static void depth_is_limited(void **state)
{
    (void)state;
    model_reader_check_depth(&reader, write_chain);
}

/* Counts stay right, and yet: two parents, or no way to a node. */
static void shared_nodes_are_refused(void **state)
{
    static const char *const children[][2] = {
        {"left_child=-1 -1 -3\n", "right_child=1 2 -4\n"},  /* leaf 0 twice, leaf 1 never */
        {"left_child=-1 -2 -3\n", "right_child=1 -3 -4\n"}, /* node 2 never */
        {"left_child=-1 0 -3\n", "right_child=1 2 -4\n"},   /* a cycle */
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(children); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf chain = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf left = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf right = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_model *model = NULL;
        struct cr_error err = {0};

        write_chain(3, &chain);
        model_reader_replace(chain.data, "left_child=-1 -2 -3\n", children[i][0], &left);
        model_reader_replace(left.data, "right_child=1 2 -4\n", children[i][1], &right);
        fit_sizes(right.data, &file);
        assert_int_equal(model_reader_load(&reader, file.data, file.len, &model, &err), CR_EMODEL);
        assert_non_null(strstr(err.message, "tree 0"));
        assert_null(model);
    }
}

/* The copy has exactly len bytes, so that a sanitizer sees any step beyond them. What follows the
 * trees is of no use, and so are half the lines before: much damage does nothing. */
static void no_damage_is_fatal(void **state)
{
    static const unsigned char patterns[] = {0x01, 0x02, 0x04, 0x10, 0x40, 0xff};
    size_t len = (size_t)(strstr(good, "feature_importances:") - good);
    size_t n_refused = 0, n = 0;
    CR_CLEANUP(cr_freep) char *copy = malloc(reader.good_len);

    (void)state;
    assert_non_null(copy);
    memcpy(copy, good, reader.good_len);
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < CR_ARRAY_LEN(patterns); k++, n++) {
            copy[i] = (char)((unsigned char)good[i] ^ patterns[k]);
            n_refused += !model_reader_takes(&reader, copy, reader.good_len);
        }
        copy[i] = good[i];
    }
    assert_true(n_refused > n / 3 && n_refused < n);
}

static void no_part_of_a_file_is_read(void **state)
{
    size_t whole =
        (size_t)(strstr(good, "end of parameters\n") - good) + strlen("end of parameters\n");

    (void)state;
    for (size_t i = 0; i < reader.good_len; i++) {
        CR_CLEANUP(cr_freep) char *copy = malloc(i + 1);

        assert_non_null(copy);
        memcpy(copy + 1, good, i);
        assert_true(model_reader_takes(&reader, copy + 1, i) == (i >= whole));
    }
}

/* In this program nobody has asked for LightGBM before. */
static void without_the_library_the_reason_is_known(void **state)
{
    (void)state;
    assert_int_equal(setenv("CREDITRISK_LIGHTGBM", "/nowhere/lib_lightgbm.so", 1), 0);
    assert_null(cr_trainer_find("lightgbm"));
    assert_non_null(strstr(cr_trainer_absence("lightgbm"), "LightGBM cannot be loaded"));
    assert_non_null(strstr(cr_trainer_absence("lightgbm"), "/nowhere/lib_lightgbm.so"));
    assert_null(strchr(cr_trainer_absence("lightgbm"), '\n'));
    assert_null(cr_trainer_absence("logistic"));
    assert_non_null(cr_trainer_find("logistic"));
    assert_string_equal(cr_trainer_absence("perceptron"),
                        "this program has no trainer of that kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_model_means_what_lightgbm_says),
        cmocka_unit_test(the_kind_is_registered_in_its_place),
        cmocka_unit_test(other_spellings_are_read),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(shared_nodes_are_refused),
        cmocka_unit_test(no_damage_is_fatal),
        cmocka_unit_test(no_part_of_a_file_is_read),
        cmocka_unit_test(without_the_library_the_reason_is_known),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
