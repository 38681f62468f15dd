// SPDX-License-Identifier: MIT
/* LightGBM's text model (lightgbm_text.h) → forest. Inner nodes are numbered from 0, the root, a
 * child behind its parent; child c < 0 is the leaf −1 − c. So a tree's nodes go into the forest as
 * they come, the leaves behind the inner nodes. leaf_value includes the learning rate and, in the
 * first tree, the base margin.
 *
 * decision_type holds bits: 1 the split is by categories, 2 a missing value goes left, and in 4 and
 * 8 what is missing: 0 nothing, 1 what is 0, 2 NaN. Before it compares, the library takes every
 * |x| ≤ CR_FOREST_ZERO for 0, and NaN for 0 unless NaN is missing. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "forest_model.h"
#include "lightgbm.h"
#include "lightgbm_text.h"

enum missing { MISSING_NOTHING, MISSING_ZERO, MISSING_NAN };

static const char file_name[] = "model.txt";

static bool is_named(struct cr_text word, const char *name)
{
    if (word.len != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (word.start[i] != cr_lightgbm_name_char(name[i])) {
            return false;
        }
    }
    return true;
}

static int check_inputs(const struct cr_lightgbm_text *text, const char *const *input_names,
                        size_t n_inputs, struct cr_error *err)
{
    struct cr_text max = text->header[HEADER_MAX_FEATURE_IDX];
    struct cr_text names = text->header[HEADER_FEATURE_NAMES];
    size_t n = cr_text_n_words(names);
    int64_t last;

    if (!cr_text_int(max, 0, INT32_MAX - 1, &last) || (size_t)last + 1 != n) {
        return cr_error_set(err, CR_EMODEL, "%s: 'max_feature_idx' is '%.*s' for %zu names",
                            file_name, cr_text_shown(max), max.start, n);
    }
    if (n != n_inputs) {
        return cr_error_set(err, CR_EMODEL, "%s: has %zu inputs, the pipeline makes %zu", file_name,
                            n, n_inputs);
    }
    for (size_t j = 0; j < n; j++) {
        struct cr_text name = cr_text_word(&names);

        if (!is_named(name, input_names[j])) {
            return cr_error_set(err, CR_EMODEL,
                                "%s: input %zu is '%.*s' where the pipeline has '%s'", file_name, j,
                                cr_text_shown(name), name.start, input_names[j]);
        }
    }
    return 0;
}

/* Allocates for all nodes of all trees, whose lengths are checked on the way. */
static int allocate(struct cr_lightgbm_text text, struct cr_forest *forest, struct cr_error *err)
{
    size_t n_trees = cr_text_n_words(text.sizes), n_nodes = 0;
    struct cr_lightgbm_tree tree;
    int result;

    if (n_trees == 0 || n_trees > CR_FOREST_MAX_TREES) {
        return cr_error_set(err, CR_EMODEL, "%s: has %zu trees; there must be 1 to %d", file_name,
                            n_trees, CR_FOREST_MAX_TREES);
    }
    while (text.sizes.len > 0) {
        result = cr_lightgbm_text_tree(&text, &tree, err);
        if (result < 0) {
            return result;
        }
        n_nodes += 2 * tree.n_leaves - 1;
        if (n_nodes > CR_FOREST_MAX_NODES) {
            return cr_error_set(err, CR_EMODEL, "%s: more than %d nodes", file_name,
                                CR_FOREST_MAX_NODES);
        }
    }
    forest->roots = calloc(n_trees, sizeof(*forest->roots));
    forest->nodes = calloc(n_nodes, sizeof(*forest->nodes));
    if (forest->roots == NULL || forest->nodes == NULL) {
        return cr_error_no_memory(err);
    }
    return cr_lightgbm_text_end(&text, err);
}

/* The threshold that sends all of ±CR_FOREST_ZERO where 0 goes, and all else where it went. */
static double without_zero(double threshold)
{
    if (threshold >= 0.0) {
        return fmax(threshold, CR_FOREST_ZERO);
    }
    return threshold >= -CR_FOREST_ZERO ? nextafter(-CR_FOREST_ZERO, -INFINITY) : threshold;
}

/* The node has its threshold already. */
static bool set_decision(struct cr_forest_node *node, struct cr_text word)
{
    int64_t bits;

    if (!cr_text_int(word, 0, 15, &bits) || (bits & 1) != 0) {
        return false;
    }
    node->default_left = (bits & 2) != 0;
    switch (bits >> 2) {
    case MISSING_NOTHING:
        node->default_left = node->threshold >= 0.0;
        node->threshold = without_zero(node->threshold);
        return true;
    case MISSING_ZERO:
        node->zero_is_missing = true;
        return true;
    case MISSING_NAN:
        node->threshold = without_zero(node->threshold);
        return true;
    default:
        return false;
    }
}

static bool set_feature(struct cr_forest_node *node, size_t n_inputs, struct cr_text word)
{
    int64_t feature;

    if (!cr_text_int(word, 0, (int64_t)n_inputs - 1, &feature)) {
        return false;
    }
    node->feature = (int32_t)feature;
    return true;
}

/* first: where the tree's nodes begin */
static bool get_child(const struct cr_lightgbm_tree *tree, int32_t first, struct cr_text word,
                      int32_t *ret_child)
{
    int64_t n_leaves = (int64_t)tree->n_leaves, child;

    if (!cr_text_int(word, -n_leaves, n_leaves - 2, &child)) {
        return false;
    }
    *ret_child = (int32_t)(first + (child >= 0 ? child : n_leaves - 2 - child));
    return true;
}

static bool get_number(struct cr_text word, double *ret_value)
{
    return cr_num_parse(word.start, word.len, ret_value) && isfinite(*ret_value);
}

/* A lone leaf is written without its rows, and no share of them is asked for. */
static bool get_cover(const struct cr_lightgbm_tree *tree, struct cr_text word, double *ret_cover)
{
    int64_t count;

    if (!cr_text_int(word, tree->n_leaves > 1, INT32_MAX, &count)) {
        return false;
    }
    *ret_cover = count > 0 ? (double)count : 1.0;
    return true;
}

/* Takes one entry of a list in. */
static bool set_entry(const struct cr_forest *forest, const struct cr_lightgbm_tree *tree,
                      enum cr_lightgbm_key key, struct cr_text word, struct cr_forest_node *node)
{
    int32_t first = forest->roots[tree->id];

    switch (key) {
    case TREE_SPLIT_FEATURE:
        return set_feature(node, forest->n_inputs, word);
    case TREE_THRESHOLD:
        return get_number(word, &node->threshold);
    case TREE_DECISION_TYPE:
        return set_decision(node, word);
    case TREE_LEFT_CHILD:
        return get_child(tree, first, word, &node->left);
    case TREE_RIGHT_CHILD:
        return get_child(tree, first, word, &node->right);
    case TREE_LEAF_VALUE:
        node->feature = node->left = node->right = -1;
        return get_number(word, &node->value);
    case TREE_LEAF_COUNT:
    case TREE_INTERNAL_COUNT:
        return get_cover(tree, word, &node->cover);
    default:
        assert(!"a list that is not read");
        return false;
    }
}

/* TreeSHAP divides by the sum of the children's covers, the library by the node's own. */
static int check_covers(const struct cr_forest *forest, size_t id, struct cr_error *err)
{
    for (size_t i = (size_t)forest->roots[id]; i < forest->n_nodes; i++) {
        const struct cr_forest_node *node = &forest->nodes[i];

        if (node->feature >= 0 &&
            node->cover != forest->nodes[node->left].cover + forest->nodes[node->right].cover) {
            return cr_error_set(err, CR_EMODEL,
                                "%s: tree %zu, node %zu: its count is not that of its children",
                                file_name, id, i - (size_t)forest->roots[id]);
        }
    }
    return 0;
}

static int add_tree(struct cr_forest *forest, const struct cr_lightgbm_tree *tree,
                    struct cr_error *err)
{
    struct cr_forest_node *inner = forest->nodes + forest->n_nodes;
    struct cr_forest_node *leaves = inner + tree->n_leaves - 1;
    bool of_leaves;

    forest->roots[tree->id] = (int32_t)forest->n_nodes;
    forest->n_nodes += 2 * tree->n_leaves - 1;
    forest->n_trees++;
    for (size_t k = 0; k < N_TREE_KEYS; k++) {
        enum cr_lightgbm_key key = (enum cr_lightgbm_key)k;
        struct cr_text list = tree->values[key];

        if (!cr_lightgbm_is_read(key, &of_leaves)) {
            continue;
        }
        for (size_t i = 0; list.len > 0; i++) {
            struct cr_text word = cr_text_word(&list);

            if (!set_entry(forest, tree, key, word, of_leaves ? &leaves[i] : &inner[i])) {
                return cr_error_set(
                    err, CR_EMODEL, "%s: tree %zu: entry %zu of '%s' cannot be '%.*s'", file_name,
                    tree->id, i, cr_lightgbm_key_name(key), cr_text_shown(word), word.start);
            }
        }
    }
    return check_covers(forest, tree->id, err);
}

int cr_read_lightgbm(const char *bytes, size_t len, const char *const *input_names, size_t n_inputs,
                     struct cr_forest *ret_forest, struct cr_error *err)
{
    CR_CLEANUP(cr_forest_finish)
    struct cr_forest forest = {.n_inputs = n_inputs, .compare = CR_FOREST_DOUBLE_LESS_EQUAL};
    struct cr_lightgbm_text text;
    struct cr_lightgbm_tree tree;
    int result;

    result = cr_lightgbm_text_open(bytes, len, &text, err);
    if (result == 0) {
        result = check_inputs(&text, input_names, n_inputs, err);
    }
    if (result == 0) {
        result = allocate(text, &forest, err);
    }
    while (result == 0 && text.sizes.len > 0) {
        result = cr_lightgbm_text_tree(&text, &tree, err);
        if (result == 0) {
            result = add_tree(&forest, &tree, err);
        }
    }
    if (result == 0) {
        result = cr_forest_validate(&forest, err);
    }
    if (result < 0) {
        return result;
    }
    *ret_forest = forest;
    forest = (struct cr_forest){0};
    return 0;
}
