// SPDX-License-Identifier: MIT
#include "lightgbm_text.h"

#include <stdio.h>
#include <string.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/util/num.h"

static const char file_name[] = "model.txt";

/* A key; where only one value will do, that. */
struct key {
    const char *name;
    const char *only;
    bool optional;
};

static const struct key header_keys[N_HEADER_KEYS] = {
    [HEADER_VERSION] = {.name = "version", .only = "v4"},
    [HEADER_NUM_CLASS] = {.name = "num_class", .only = "1"},
    [HEADER_NUM_TREE_PER_ITERATION] = {.name = "num_tree_per_iteration", .only = "1"},
    [HEADER_LABEL_INDEX] = {.name = "label_index"},
    [HEADER_MAX_FEATURE_IDX] = {.name = "max_feature_idx"},
    [HEADER_OBJECTIVE] = {.name = "objective", .only = "binary sigmoid:1"},
    [HEADER_FEATURE_NAMES] = {.name = "feature_names"},
    [HEADER_MONOTONE_CONSTRAINTS] = {.name = "monotone_constraints", .optional = true},
    [HEADER_FEATURE_INFOS] = {.name = "feature_infos"},
    [HEADER_TREE_SIZES] = {.name = "tree_sizes"},
};

static const struct key tree_keys[N_TREE_KEYS] = {
    [TREE_NUM_LEAVES] = {.name = "num_leaves"},
    [TREE_NUM_CAT] = {.name = "num_cat", .only = "0"},
    [TREE_SPLIT_FEATURE] = {.name = "split_feature"},
    [TREE_SPLIT_GAIN] = {.name = "split_gain"},
    [TREE_THRESHOLD] = {.name = "threshold"},
    [TREE_DECISION_TYPE] = {.name = "decision_type"},
    [TREE_LEFT_CHILD] = {.name = "left_child"},
    [TREE_RIGHT_CHILD] = {.name = "right_child"},
    [TREE_LEAF_VALUE] = {.name = "leaf_value"},
    [TREE_LEAF_WEIGHT] = {.name = "leaf_weight"},
    [TREE_LEAF_COUNT] = {.name = "leaf_count"},
    [TREE_INTERNAL_VALUE] = {.name = "internal_value"},
    [TREE_INTERNAL_WEIGHT] = {.name = "internal_weight"},
    [TREE_INTERNAL_COUNT] = {.name = "internal_count"},
    [TREE_IS_LINEAR] = {.name = "is_linear", .only = "0"},
    [TREE_SHRINKAGE] = {.name = "shrinkage"},
};

const char *cr_lightgbm_key_name(enum cr_lightgbm_key key)
{
    return tree_keys[key].name;
}

bool cr_lightgbm_is_read(enum cr_lightgbm_key key, bool *ret_of_leaves)
{
    switch (key) {
    case TREE_LEAF_VALUE:
    case TREE_LEAF_COUNT:
        *ret_of_leaves = true;
        return true;
    case TREE_SPLIT_FEATURE:
    case TREE_THRESHOLD:
    case TREE_DECISION_TYPE:
    case TREE_LEFT_CHILD:
    case TREE_RIGHT_CHILD:
    case TREE_INTERNAL_COUNT:
        *ret_of_leaves = false;
        return true;
    default:
        return false;
    }
}

static bool equals(struct cr_text text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.start, expected, text.len) == 0;
}

/* Cuts what stands before the next `end` off the text; false when there is none. */
static bool cut(struct cr_text *text, char end, struct cr_text *ret_part)
{
    const char *place = text->len == 0 ? NULL : memchr(text->start, end, text->len);

    if (place == NULL) {
        return false;
    }
    *ret_part = (struct cr_text){text->start, (size_t)(place - text->start)};
    *text = (struct cr_text){place + 1, text->len - ret_part->len - 1};
    return true;
}

static bool next_line(struct cr_text *rest, struct cr_text *ret_line)
{
    return cut(rest, '\n', ret_line);
}

struct cr_text cr_text_word(struct cr_text *list)
{
    struct cr_text word;

    if (!cut(list, ' ', &word)) {
        word = *list;
        list->len = 0;
    }
    return word;
}

size_t cr_text_n_words(struct cr_text list)
{
    size_t n = 0;

    while (list.len > 0) {
        (void)cr_text_word(&list); /* only their number is of interest */
        n++;
    }
    return n;
}

bool cr_text_int(struct cr_text text, int64_t min, int64_t max, int64_t *ret_value)
{
    return cr_num_parse_int(text.start, text.len, ret_value) && *ret_value >= min &&
           *ret_value <= max;
}

int cr_text_shown(struct cr_text text)
{
    return (int)(text.len < 40 ? text.len : 40);
}

static int check_value(const struct key *key, struct cr_text value, struct cr_error *err)
{
    if (key->only != NULL && !equals(value, key->only)) {
        return cr_error_set(err, CR_EMODEL, "%s: '%s' must be '%s', not '%.*s'", file_name,
                            key->name, key->only, cr_text_shown(value), value.start);
    }
    return 0;
}

static int read_header_line(struct cr_text line, struct cr_lightgbm_text *text,
                            struct cr_error *err)
{
    struct cr_text value = line, name = {0};
    size_t k = cut(&value, '=', &name) ? 0 : N_HEADER_KEYS;

    while (k < N_HEADER_KEYS && !equals(name, header_keys[k].name)) {
        k++;
    }
    if (k == N_HEADER_KEYS) {
        return cr_error_set(err, CR_EMODEL, "%s: the line '%.*s' is not understood", file_name,
                            cr_text_shown(line), line.start);
    }
    if (text->header[k].start != NULL) {
        return cr_error_set(err, CR_EMODEL, "%s: '%s' is there twice", file_name,
                            header_keys[k].name);
    }
    text->header[k] = value;
    return check_value(&header_keys[k], value, err);
}

int cr_lightgbm_text_open(const char *bytes, size_t len, struct cr_lightgbm_text *ret_text,
                          struct cr_error *err)
{
    struct cr_lightgbm_text text = {.rest = {bytes, len}};
    struct cr_text line;
    int result;

    if (!next_line(&text.rest, &line) || !equals(line, "tree")) {
        return cr_error_set(err, CR_EMODEL, "%s: does not begin with the line 'tree'", file_name);
    }
    while (next_line(&text.rest, &line) && line.len > 0) {
        result = read_header_line(line, &text, err);
        if (result < 0) {
            return result;
        }
    }
    for (size_t k = 0; k < N_HEADER_KEYS; k++) {
        if (text.header[k].start == NULL && !header_keys[k].optional) {
            return cr_error_set(err, CR_EMODEL, "%s: '%s' is missing", file_name,
                                header_keys[k].name);
        }
    }
    text.sizes = text.header[HEADER_TREE_SIZES];
    *ret_text = text;
    return 0;
}

/* Finds the values of a tree in its part of the file. */
static int read_lines(struct cr_text part, struct cr_lightgbm_tree *tree, struct cr_error *err)
{
    struct cr_text line, name;
    int64_t id;
    int result;

    if (!next_line(&part, &line) || !cut(&line, '=', &name) || !equals(name, "Tree") ||
        !cr_text_int(line, (int64_t)tree->id, (int64_t)tree->id, &id)) {
        return cr_error_set(err, CR_EMODEL, "%s: tree %zu does not begin where 'tree_sizes' says",
                            file_name, tree->id);
    }
    for (size_t k = 0; k < N_TREE_KEYS; k++) {
        if (!next_line(&part, &line) || !cut(&line, '=', &name) ||
            !equals(name, tree_keys[k].name)) {
            return cr_error_set(err, CR_EMODEL, "%s: tree %zu: '%s' is missing", file_name,
                                tree->id, tree_keys[k].name);
        }
        tree->values[k] = line;
        result = check_value(&tree_keys[k], line, err);
        if (result < 0) {
            return result;
        }
    }
    if (!equals(part, "\n\n")) {
        return cr_error_set(err, CR_EMODEL, "%s: tree %zu does not end where 'tree_sizes' says",
                            file_name, tree->id);
    }
    return 0;
}

/* Reads the number of leaves and compares the lists with it. */
static int check_lengths(struct cr_lightgbm_tree *tree, struct cr_error *err)
{
    int64_t n_leaves;
    bool of_leaves;

    if (!cr_text_int(tree->values[TREE_NUM_LEAVES], 1, CR_FOREST_MAX_NODES / 2, &n_leaves)) {
        return cr_error_set(err, CR_EMODEL, "%s: tree %zu: 'num_leaves' cannot be '%.*s'",
                            file_name, tree->id, cr_text_shown(tree->values[TREE_NUM_LEAVES]),
                            tree->values[TREE_NUM_LEAVES].start);
    }
    tree->n_leaves = (size_t)n_leaves;
    for (size_t k = 0; k < N_TREE_KEYS; k++) {
        size_t n;

        if (!cr_lightgbm_is_read((enum cr_lightgbm_key)k, &of_leaves)) {
            continue;
        }
        n = cr_text_n_words(tree->values[k]);
        if (n != tree->n_leaves - !of_leaves) {
            return cr_error_set(err, CR_EMODEL, "%s: tree %zu: '%s' has %zu entries for %zu leaves",
                                file_name, tree->id, tree_keys[k].name, n, tree->n_leaves);
        }
    }
    return 0;
}

int cr_lightgbm_text_tree(struct cr_lightgbm_text *text, struct cr_lightgbm_tree *ret_tree,
                          struct cr_error *err)
{
    struct cr_lightgbm_tree tree = {.id = text->n_trees};
    struct cr_text word = cr_text_word(&text->sizes);
    int64_t size;
    int result;

    if (!cr_text_int(word, 0, (int64_t)text->rest.len, &size)) {
        return cr_error_set(err, CR_EMODEL, "%s: entry %zu of 'tree_sizes' cannot be '%.*s'",
                            file_name, tree.id, cr_text_shown(word), word.start);
    }
    result = read_lines((struct cr_text){text->rest.start, (size_t)size}, &tree, err);
    if (result == 0) {
        result = check_lengths(&tree, err);
    }
    if (result < 0) {
        return result;
    }
    text->rest.start += size;
    text->rest.len -= (size_t)size;
    text->n_trees++;
    *ret_tree = tree;
    return 0;
}

int cr_lightgbm_text_end(struct cr_lightgbm_text *text, struct cr_error *err)
{
    struct cr_text line;

    if (!next_line(&text->rest, &line) || !equals(line, "end of trees")) {
        return cr_error_set(err, CR_EMODEL, "%s: 'end of trees' does not follow the last tree",
                            file_name);
    }
    while (next_line(&text->rest, &line)) {
        if (equals(line, "end of parameters")) {
            return 0;
        }
    }
    return cr_error_set(err, CR_EMODEL, "%s: is cut short: there is no 'end of parameters'",
                        file_name);
}
