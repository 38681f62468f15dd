// SPDX-License-Identifier: MIT
/* The program's own gradient boosting, as train_gbm.c writes it, → forest:
 *   {"format":1, "kind":"gbm", "inputs":[names], "n_trees":…, "learning_rate":…, "base_margin":…,
 *    "trees":[{"feature":[], "threshold":[], "left":[], "right":[], "value":[], "cover":[]}, …],
 *    "params":{…}}
 * A tree's arrays have one entry per node, a parent before its children; a leaf has feature = left
 * = right = −1. Values include the learning rate. A missing value, which the trainer never sees,
 * goes right: it is not ≤ the threshold. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "forest_model.h"
#include "kinds.h"

enum { FORMAT = 1 };

static const char file_name[] = "model.json";

/* The arrays of one tree, all of n_nodes entries. */
struct tree {
    size_t id;
    size_t n_nodes;
    const json_t *feature;
    const json_t *threshold;
    const json_t *left;
    const json_t *right;
    const json_t *value;
    const json_t *cover;
};

/* Checks everything about the file but its trees. */
static int read_header(const json_t *json, const char *const *input_names, size_t n_inputs,
                       struct cr_forest *forest, const json_t **ret_trees, struct cr_error *err)
{
    const json_t *inputs, *trees, *params;
    double n_trees, rate;
    int result;

    result = cr_model_check_kind(json, "gbm", FORMAT, file_name, err);
    if (result == 0) {
        result = cr_json_get_array(json, "inputs", file_name, &inputs, err);
    }
    if (result == 0) {
        result = cr_model_check_names(inputs, input_names, n_inputs, file_name, err);
    }
    if (result == 0) {
        result = cr_json_get_number(json, "n_trees", file_name, false, &n_trees, err);
    }
    if (result == 0) {
        result = cr_json_get_number(json, "learning_rate", file_name, false, &rate, err);
    }
    if (result == 0) {
        result =
            cr_json_get_number(json, "base_margin", file_name, false, &forest->base_margin, err);
    }
    if (result == 0) {
        result = cr_json_get_array(json, "trees", file_name, &trees, err);
    }
    if (result == 0) {
        result = cr_json_get_object(json, "params", file_name, &params, err);
    }
    if (result < 0) {
        return result;
    }
    if (!(rate > 0.0 && rate <= 1.0)) {
        return cr_error_set(err, CR_EMODEL,
                            "%s: 'learning_rate' must lie above 0 and be at most 1, not '%g'",
                            file_name, rate);
    }
    forest->n_trees = json_array_size(trees);
    if (forest->n_trees == 0 || forest->n_trees > CR_FOREST_MAX_TREES ||
        n_trees != (double)forest->n_trees) {
        return cr_error_set(err, CR_EMODEL, "%s: 'n_trees' is '%g', but there are %zu trees",
                            file_name, n_trees, forest->n_trees);
    }
    *ret_trees = trees;
    return 0;
}

/* Binds the arrays of tree `id` and checks their lengths. */
static int bind_tree(const json_t *trees, size_t id, struct tree *ret_tree, struct cr_error *err)
{
    struct tree tree = {.id = id};
    const struct {
        const char *key;
        const json_t **array;
    } arrays[] = {
        {"feature", &tree.feature}, {"threshold", &tree.threshold}, {"left", &tree.left},
        {"right", &tree.right},     {"value", &tree.value},         {"cover", &tree.cover},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(arrays); i++) {
        int result = cr_json_get_array(json_array_get(trees, id), arrays[i].key, file_name,
                                       arrays[i].array, err);
        size_t n = result == 0 ? json_array_size(*arrays[i].array) : 0;

        if (result < 0) {
            return result;
        }
        if (i == 0) {
            tree.n_nodes = n;
        }
        if (n == 0 || n != tree.n_nodes) {
            return cr_error_set(err, CR_EMODEL, "%s: tree %zu: '%s' has %zu entries for %zu nodes",
                                file_name, id, arrays[i].key, n, tree.n_nodes);
        }
    }
    *ret_tree = tree;
    return 0;
}

static int refuse(struct cr_error *err, const struct tree *tree, size_t node, const char *reason)
{
    return cr_error_set(err, CR_EMODEL, "%s: tree %zu, node %zu: %s", file_name, tree->id, node,
                        reason);
}

/* Entry i of an array of integers, within [−1, max]. */
static bool get_int(const json_t *array, size_t i, size_t max, int32_t *ret_value)
{
    const json_t *item = json_array_get(array, i);
    json_int_t value = json_integer_value(item);

    *ret_value = (int32_t)value;
    return json_is_integer(item) && value >= -1 && value <= (json_int_t)max;
}

static bool get_double(const json_t *array, size_t i, double *ret_value)
{
    const json_t *item = json_array_get(array, i);

    *ret_value = json_number_value(item);
    return json_is_number(item) && isfinite(*ret_value);
}

/* Node i of the tree; children become indices into the forest's nodes. */
static int read_node(const struct cr_forest *forest, const struct tree *tree, size_t i,
                     struct cr_forest_node *ret_node, struct cr_error *err)
{
    struct cr_forest_node node = {.default_left = false};
    int32_t first = forest->roots[tree->id];

    if (!get_int(tree->feature, i, forest->n_inputs - 1, &node.feature)) {
        return refuse(err, tree, i, "it tests an input that does not exist");
    }
    if (!get_int(tree->left, i, tree->n_nodes - 1, &node.left) ||
        !get_int(tree->right, i, tree->n_nodes - 1, &node.right) ||
        (node.left < 0) != (node.feature < 0) || (node.right < 0) != (node.feature < 0)) {
        return refuse(err, tree, i, "its children are not nodes of the tree");
    }
    if (!get_double(tree->threshold, i, &node.threshold)) {
        return refuse(err, tree, i, "its threshold is not a finite number");
    }
    if (!get_double(tree->value, i, &node.value)) {
        return refuse(err, tree, i, "its value is not a finite number");
    }
    if (!get_double(tree->cover, i, &node.cover) || node.cover < 1.0 ||
        node.cover != floor(node.cover)) {
        return refuse(err, tree, i, "its cover is not a count of rows");
    }
    if (node.feature >= 0) {
        node.left += first;
        node.right += first;
    }
    *ret_node = node;
    return 0;
}

static int read_trees(const json_t *trees, struct cr_forest *forest, struct cr_error *err)
{
    struct tree tree;
    int result;

    forest->roots = calloc(forest->n_trees, sizeof(*forest->roots));
    if (forest->roots == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        result = bind_tree(trees, t, &tree, err);
        if (result < 0) {
            return result;
        }
        forest->roots[t] = (int32_t)forest->n_nodes;
        forest->n_nodes += tree.n_nodes;
        if (forest->n_nodes > CR_FOREST_MAX_NODES) {
            return cr_error_set(err, CR_EMODEL, "%s: more than %d nodes", file_name,
                                CR_FOREST_MAX_NODES);
        }
    }
    forest->nodes = calloc(forest->n_nodes, sizeof(*forest->nodes));
    if (forest->nodes == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        result = bind_tree(trees, t, &tree, err);
        for (size_t i = 0; result == 0 && i < tree.n_nodes; i++) {
            result =
                read_node(forest, &tree, i, &forest->nodes[forest->roots[t] + (int32_t)i], err);
        }
        if (result < 0) {
            return result;
        }
    }
    return cr_forest_validate(forest, err);
}

int cr_read_gbm(const char *bytes, size_t len, const char *const *input_names, size_t n_inputs,
                struct cr_forest *ret_forest, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    CR_CLEANUP(cr_forest_finish)
    struct cr_forest forest = {.n_inputs = n_inputs, .compare = CR_FOREST_FLOAT_LESS_EQUAL};
    const json_t *trees = NULL;
    int result;

    result = cr_json_parse(file_name, bytes, len, &json, err);
    if (result == 0) {
        result = read_header(json, input_names, n_inputs, &forest, &trees, err);
    }
    if (result == 0) {
        result = read_trees(trees, &forest, err);
    }
    if (result < 0) {
        return result;
    }
    *ret_forest = forest;
    forest = (struct cr_forest){0};
    return 0;
}
