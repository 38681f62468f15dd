// SPDX-License-Identifier: MIT
/* XGBoost's model file, JSON or UBJSON (ubjson.h) → forest. The format is XGBoost's own (doc
 * "Introduction to Model IO", and RegTree, GBTreeModel and LearnerIO in its source), as
 * versions 1.7 to 3 write it; what is read:
 *
 *   learner.learner_model_param   num_feature, num_class, num_target, base_score: all as texts
 *   learner.feature_names         [names], may be empty
 *   learner.objective.name        "binary:logistic"
 *   learner.gradient_booster      name "gbtree"; model.gbtree_model_param.num_trees, tree_info,
 *                                 trees: per tree the arrays below, one entry per node
 *
 * Node 0 is the root; a leaf has left = right = −1 and its value in split_conditions. Nodes that
 * pruning deleted stay in the arrays unreachable; nodes are renumbered depth first without them.
 * Numbers are rounded to float and kept as double, which is exact. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "forest_model.h"
#include "kinds.h"
#include "ubjson.h"

static const char file_name[] = "model.json";

/* The arrays of one tree, all of n_nodes entries. */
struct tree {
    size_t id;
    size_t n_nodes;
    size_t n_deleted;
    const json_t *left;
    const json_t *right;
    const json_t *feature;
    const json_t *condition;
    const json_t *default_left;
    const json_t *cover;
    const json_t *split_type; /* NULL when absent: no categorical splits */
};

struct reader {
    const json_t *trees;
    struct cr_forest forest;
    bool *seen; /* nodes of the current tree that were reached; room for the largest tree */
};

/* A count that XGBoost writes as text. */
static int get_count(const json_t *object, const char *key, size_t max, size_t *ret_count,
                     struct cr_error *err)
{
    const char *text;
    int64_t count;
    int result;

    result = cr_json_get_string(object, key, file_name, &text, err);
    if (result < 0) {
        return result;
    }
    if (!cr_num_parse_int(text, strlen(text), &count) || count < 0 || (uint64_t)count > max) {
        return cr_error_set(err, CR_EMODEL, "%s: '%s' must be a count of at most %zu, not '%s'",
                            file_name, key, max, text);
    }
    *ret_count = (size_t)count;
    return 0;
}

static int get_optional_count(const json_t *object, const char *key, size_t max, size_t *ret_count,
                              struct cr_error *err)
{
    if (json_object_get(object, key) == NULL) {
        *ret_count = 0;
        return 0;
    }
    return get_count(object, key, max, ret_count, err);
}

/* base_score is a probability, written "5E-1" or, from XGBoost 3.1, "[5E-1]"; the base margin is
 * its log-odds by XGBoost's own formula, in float. */
static int read_base_margin(const json_t *param, double *ret_margin, struct cr_error *err)
{
    const char *text;
    size_t len;
    double score;
    float rounded;
    int result;

    result = cr_json_get_string(param, "base_score", file_name, &text, err);
    if (result < 0) {
        return result;
    }
    len = strlen(text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (!cr_num_parse(text, len, &score) || !((float)score > 0.0f && (float)score < 1.0f)) {
        return cr_error_set(err, CR_EMODEL, "%s: 'base_score' must lie between 0 and 1, not '%.*s'",
                            file_name, (int)(len < 40 ? len : 40), text);
    }
    rounded = (float)score;
    *ret_margin = (double)-logf(1.0f / rounded - 1.0f);
    return 0;
}

static int check_name(const json_t *object, const char *what, const char *expected,
                      struct cr_error *err)
{
    const char *name;
    int result;

    result = cr_json_get_string(object, "name", file_name, &name, err);
    if (result < 0) {
        return result;
    }
    if (strcmp(name, expected) != 0) {
        return cr_error_set(err, CR_EMODEL, "%s: the %s must be '%s', not '%s'", file_name, what,
                            expected, name);
    }
    return 0;
}

/* Everything of the learner but its trees. */
static int read_learner(const json_t *learner, const char *const *input_names, size_t n_inputs,
                        struct cr_forest *forest, struct cr_error *err)
{
    const json_t *param, *objective, *names = json_object_get(learner, "feature_names");
    size_t n_features = 0, n_classes = 0, n_targets = 0;
    int result;

    result = cr_json_get_object(learner, "objective", file_name, &objective, err);
    if (result == 0) {
        result = check_name(objective, "objective", "binary:logistic", err);
    }
    if (result == 0) {
        result = cr_json_get_object(learner, "learner_model_param", file_name, &param, err);
    }
    if (result == 0) {
        result = get_count(param, "num_feature", INT32_MAX, &n_features, err);
    }
    if (result == 0) {
        result = get_optional_count(param, "num_class", 1, &n_classes, err);
    }
    if (result == 0) {
        result = get_optional_count(param, "num_target", 1, &n_targets, err);
    }
    if (result == 0) {
        result = read_base_margin(param, &forest->base_margin, err);
    }
    if (result < 0) {
        return result;
    }
    if (n_features != n_inputs) {
        return cr_error_set(err, CR_EMODEL, "%s: has %zu inputs, the pipeline makes %zu", file_name,
                            n_features, n_inputs);
    }
    if (names != NULL && !json_is_array(names)) {
        return cr_error_set(err, CR_EMODEL, "%s: 'feature_names' is not a list", file_name);
    }
    if (json_array_size(names) > 0) {
        return cr_model_check_names(names, input_names, n_inputs, file_name, err);
    }
    return 0;
}

/* Finds the list of trees and checks what stands around it. */
static int find_trees(const json_t *learner, const json_t **ret_trees, struct cr_error *err)
{
    const json_t *booster, *model, *param, *trees, *info;
    size_t n_trees = 0;
    int result;

    result = cr_json_get_object(learner, "gradient_booster", file_name, &booster, err);
    if (result == 0) {
        result = check_name(booster, "booster", "gbtree", err);
    }
    if (result == 0) {
        result = cr_json_get_object(booster, "model", file_name, &model, err);
    }
    if (result == 0) {
        result = cr_json_get_object(model, "gbtree_model_param", file_name, &param, err);
    }
    if (result == 0) {
        result = get_count(param, "num_trees", CR_FOREST_MAX_TREES, &n_trees, err);
    }
    if (result == 0) {
        result = cr_json_get_array(model, "trees", file_name, &trees, err);
    }
    if (result == 0) {
        result = cr_json_get_array(model, "tree_info", file_name, &info, err);
    }
    if (result < 0) {
        return result;
    }
    if (n_trees == 0 || json_array_size(trees) != n_trees || json_array_size(info) != n_trees) {
        return cr_error_set(err, CR_EMODEL,
                            "%s: 'num_trees' is %zu, but there are %zu trees and %zu entries of "
                            "'tree_info'",
                            file_name, n_trees, json_array_size(trees), json_array_size(info));
    }
    for (size_t t = 0; t < n_trees; t++) {
        const json_t *group = json_array_get(info, t);

        if (!json_is_integer(group) || json_integer_value(group) != 0) {
            return cr_error_set(err, CR_EMODEL, "%s: tree %zu is not for the one outcome",
                                file_name, t);
        }
    }
    *ret_trees = trees;
    return 0;
}

static int refuse(struct cr_error *err, const struct tree *tree, int32_t node, const char *reason)
{
    return cr_error_set(err, CR_EMODEL, "%s: tree %zu, node %d: %s", file_name, tree->id, node,
                        reason);
}

static int get_tree_array(const json_t *json, const char *key, const struct tree *tree,
                          const json_t **ret_array, struct cr_error *err)
{
    int result;

    result = cr_json_get_array(json, key, file_name, ret_array, err);
    if (result < 0) {
        return result;
    }
    if (json_array_size(*ret_array) != tree->n_nodes) {
        return cr_error_set(err, CR_EMODEL, "%s: tree %zu: '%s' has %zu entries for %zu nodes",
                            file_name, tree->id, key, json_array_size(*ret_array), tree->n_nodes);
    }
    return 0;
}

static int read_tree_param(const json_t *json, struct tree *tree, struct cr_error *err)
{
    const json_t *param, *id = json_object_get(json, "id");
    size_t vector_len;
    int result;

    result = cr_json_get_object(json, "tree_param", file_name, &param, err);
    if (result == 0) {
        result = get_count(param, "num_nodes", CR_FOREST_MAX_NODES, &tree->n_nodes, err);
    }
    if (result == 0) {
        result =
            get_optional_count(param, "num_deleted", CR_FOREST_MAX_NODES, &tree->n_deleted, err);
    }
    if (result == 0) {
        result = get_optional_count(param, "size_leaf_vector", 1, &vector_len, err);
    }
    if (result < 0) {
        return result;
    }
    if (id != NULL && (!json_is_integer(id) || json_integer_value(id) != (json_int_t)tree->id)) {
        return cr_error_set(err, CR_EMODEL, "%s: tree %zu has another 'id'", file_name, tree->id);
    }
    if (tree->n_nodes == 0) {
        return cr_error_set(err, CR_EMODEL, "%s: tree %zu has no nodes", file_name, tree->id);
    }
    return 0;
}

/* Binds the arrays of tree `id` and checks their lengths. */
static int bind_tree(const json_t *trees, size_t id, struct tree *ret_tree, struct cr_error *err)
{
    const json_t *json = json_array_get(trees, id);
    struct tree tree = {.id = id};
    const struct {
        const char *key;
        const json_t **array;
    } arrays[] = {
        {"left_children", &tree.left},        {"right_children", &tree.right},
        {"split_indices", &tree.feature},     {"split_conditions", &tree.condition},
        {"default_left", &tree.default_left}, {"sum_hessian", &tree.cover},
    };
    int result;

    result = read_tree_param(json, &tree, err);
    for (size_t i = 0; result == 0 && i < CR_ARRAY_LEN(arrays); i++) {
        result = get_tree_array(json, arrays[i].key, &tree, arrays[i].array, err);
    }
    if (result == 0 && json_object_get(json, "split_type") != NULL) {
        result = get_tree_array(json, "split_type", &tree, &tree.split_type, err);
    }
    if (result < 0) {
        return result;
    }
    *ret_tree = tree;
    return 0;
}

/* Entry i of an array of integers, within [min, max]. */
static bool get_int(const json_t *array, int32_t i, int32_t min, int32_t max, int32_t *ret_value)
{
    const json_t *item = json_array_get(array, (size_t)i);
    json_int_t value = json_integer_value(item);

    *ret_value = (int32_t)value;
    return json_is_integer(item) && value >= min && value <= max;
}

/* Entry i of an array of floats, finite. */
static bool get_float(const json_t *array, int32_t i, double *ret_value)
{
    const json_t *item = json_array_get(array, (size_t)i);

    *ret_value = (double)(float)json_number_value(item);
    return json_is_number(item) && isfinite(*ret_value);
}

/* XGBoost before 1.6 writes true and false, later versions 1 and 0. */
static bool get_bool(const json_t *array, int32_t i, bool *ret_value)
{
    const json_t *item = json_array_get(array, (size_t)i);
    int32_t number;

    if (json_is_boolean(item)) {
        *ret_value = json_is_true(item);
        return true;
    }
    if (!get_int(array, i, 0, 1, &number)) {
        return false;
    }
    *ret_value = number == 1;
    return true;
}

/* Node i of the file without its children's new places: left and right are still the file's. */
static int read_node(const struct reader *reader, const struct tree *tree, int32_t i,
                     struct cr_forest_node *ret_node, struct cr_error *err)
{
    struct cr_forest_node node = {.feature = -1, .left = -1, .right = -1};
    int32_t last = (int32_t)tree->n_nodes - 1;
    int32_t type = 0;
    double condition;

    if (!get_int(tree->left, i, -1, last, &node.left) ||
        !get_int(tree->right, i, -1, last, &node.right) || (node.left < 0) != (node.right < 0)) {
        return refuse(err, tree, i, "its children are not nodes of the tree");
    }
    if (!get_float(tree->condition, i, &condition)) {
        return refuse(err, tree, i, "its threshold or value is not a finite float");
    }
    if (!get_float(tree->cover, i, &node.cover) || node.cover <= 0.0) {
        return refuse(err, tree, i, "its hessian sum is not a positive float");
    }
    if (node.left < 0) {
        node.value = condition;
        *ret_node = node;
        return 0;
    }
    node.threshold = condition;
    if (tree->split_type != NULL && !get_int(tree->split_type, i, 0, 0, &type)) {
        return refuse(err, tree, i, "categorical splits are not supported");
    }
    if (!get_int(tree->feature, i, 0, (int32_t)reader->forest.n_inputs - 1, &node.feature)) {
        return refuse(err, tree, i, "it tests an input that does not exist");
    }
    if (!get_bool(tree->default_left, i, &node.default_left)) {
        return refuse(err, tree, i, "'default_left' is neither 0 nor 1");
    }
    *ret_node = node;
    return 0;
}

/* Appends node i and what is below it, a parent before its children. `seen` ends cycles and shared
 * nodes, so that at most n_nodes are appended; `depth` bounds the recursion. */
static int add_nodes(struct reader *reader, const struct tree *tree, int32_t i, size_t depth,
                     int32_t *ret_index, struct cr_error *err)
{
    struct cr_forest *forest = &reader->forest;
    struct cr_forest_node node;
    int32_t index = (int32_t)forest->n_nodes;
    int result;

    if (depth > CR_FOREST_MAX_DEPTH) {
        return refuse(err, tree, i, "the tree is too deep");
    }
    if (reader->seen[i]) {
        return refuse(err, tree, i, "two paths lead to it");
    }
    reader->seen[i] = true;
    result = read_node(reader, tree, i, &node, err);
    if (result < 0) {
        return result;
    }
    forest->n_nodes++;
    if (node.feature >= 0) {
        result = add_nodes(reader, tree, node.left, depth + 1, &node.left, err);
        if (result == 0) {
            result = add_nodes(reader, tree, node.right, depth + 1, &node.right, err);
        }
        if (result < 0) {
            return result;
        }
    }
    forest->nodes[index] = node;
    *ret_index = index;
    return 0;
}

static int add_tree(struct reader *reader, const struct tree *tree, struct cr_error *err)
{
    struct cr_forest *forest = &reader->forest;
    size_t before = forest->n_nodes;
    int result;

    memset(reader->seen, 0, tree->n_nodes * sizeof(*reader->seen));
    result = add_nodes(reader, tree, 0, 0, &forest->roots[tree->id], err);
    if (result < 0) {
        return result;
    }
    if (forest->n_nodes - before + tree->n_deleted != tree->n_nodes) {
        return cr_error_set(
            err, CR_EMODEL, "%s: tree %zu: %zu of %zu nodes are reached, %zu are deleted",
            file_name, tree->id, forest->n_nodes - before, tree->n_nodes, tree->n_deleted);
    }
    return 0;
}

/* Allocates for all nodes of all trees, whose lengths are checked on the way. */
static int allocate(struct reader *reader, struct cr_error *err)
{
    struct cr_forest *forest = &reader->forest;
    size_t n_nodes = 0, largest = 0;
    struct tree tree;
    int result;

    for (size_t t = 0; t < json_array_size(reader->trees); t++) {
        result = bind_tree(reader->trees, t, &tree, err);
        if (result < 0) {
            return result;
        }
        n_nodes += tree.n_nodes;
        largest = tree.n_nodes > largest ? tree.n_nodes : largest;
        if (n_nodes > CR_FOREST_MAX_NODES) {
            return cr_error_set(err, CR_EMODEL, "%s: more than %d nodes", file_name,
                                CR_FOREST_MAX_NODES);
        }
    }
    forest->n_trees = json_array_size(reader->trees);
    forest->roots = calloc(forest->n_trees, sizeof(*forest->roots));
    forest->nodes = calloc(n_nodes, sizeof(*forest->nodes));
    reader->seen = calloc(largest, sizeof(*reader->seen));
    if (forest->roots == NULL || forest->nodes == NULL || reader->seen == NULL) {
        return cr_error_no_memory(err);
    }
    return 0;
}

static void reader_finish(struct reader *reader)
{
    cr_forest_finish(&reader->forest);
    free(reader->seen);
}

int cr_read_xgboost(const char *bytes, size_t len, const char *const *input_names, size_t n_inputs,
                    struct cr_forest *ret_forest, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    CR_CLEANUP(reader_finish)
    struct reader reader = {
        .forest = {.n_inputs = n_inputs, .compare = CR_FOREST_FLOAT_LESS},
    };
    const json_t *learner;
    struct tree tree;
    int result;

    result = cr_ubjson_is_object(bytes, len) ? cr_ubjson_parse(file_name, bytes, len, &json, err)
                                             : cr_json_parse(file_name, bytes, len, &json, err);
    if (result == 0) {
        result = cr_json_get_object(json, "learner", file_name, &learner, err);
    }
    if (result == 0) {
        result = read_learner(learner, input_names, n_inputs, &reader.forest, err);
    }
    if (result == 0) {
        result = find_trees(learner, &reader.trees, err);
    }
    if (result == 0) {
        result = allocate(&reader, err);
    }
    for (size_t t = 0; result == 0 && t < reader.forest.n_trees; t++) {
        result = bind_tree(reader.trees, t, &tree, err);
        if (result == 0) {
            result = add_tree(&reader, &tree, err);
        }
    }
    if (result == 0) {
        result = cr_forest_validate(&reader.forest, err);
    }
    if (result < 0) {
        return result;
    }
    *ret_forest = reader.forest;
    reader.forest = (struct cr_forest){0};
    return 0;
}
