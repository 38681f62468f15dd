// SPDX-License-Identifier: MIT
/* LightGBM's text model cut into its parts, which stay texts. The format is LightGBM's own
 * (GBDT::SaveModelToString and Tree::ToString in its source), version v4, as LightGBM 4 writes it:
 *
 *   tree                   lines key=value up to a blank one
 *   tree_sizes=…           the last of them: bytes of each tree that follows
 *                          a blank line
 *   Tree=0                 lines key=value and two blank ones, all keys always in the same order;
 *   Tree=1                 n leaves: lists of n − 1 numbers for inner nodes, of n for leaves
 *   end of trees           importances and parameters follow, of no use here
 *   end of parameters */
#ifndef CREDITRISK_SRC_MODEL_LIGHTGBM_TEXT_H
#define CREDITRISK_SRC_MODEL_LIGHTGBM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

/* Borrowed bytes without NUL. */
struct cr_text {
    const char *start;
    size_t len;
};

/* Cuts the first word off a list whose words have one blank between them. */
struct cr_text cr_text_word(struct cr_text *list);
size_t cr_text_n_words(struct cr_text list);

/* False when the text is not a whole number within [min, max]. */
bool cr_text_int(struct cr_text text, int64_t min, int64_t max, int64_t *ret_value);

/* How much of it a message shows. */
int cr_text_shown(struct cr_text text);

enum cr_lightgbm_header {
    HEADER_VERSION,
    HEADER_NUM_CLASS,
    HEADER_NUM_TREE_PER_ITERATION,
    HEADER_LABEL_INDEX,
    HEADER_MAX_FEATURE_IDX,
    HEADER_OBJECTIVE,
    HEADER_FEATURE_NAMES,
    HEADER_MONOTONE_CONSTRAINTS,
    HEADER_FEATURE_INFOS,
    HEADER_TREE_SIZES,
    N_HEADER_KEYS,
};

/* In the order of the file. */
enum cr_lightgbm_key {
    TREE_NUM_LEAVES,
    TREE_NUM_CAT,
    TREE_SPLIT_FEATURE,
    TREE_SPLIT_GAIN,
    TREE_THRESHOLD,
    TREE_DECISION_TYPE,
    TREE_LEFT_CHILD,
    TREE_RIGHT_CHILD,
    TREE_LEAF_VALUE,
    TREE_LEAF_WEIGHT,
    TREE_LEAF_COUNT,
    TREE_INTERNAL_VALUE,
    TREE_INTERNAL_WEIGHT,
    TREE_INTERNAL_COUNT,
    TREE_IS_LINEAR,
    TREE_SHRINKAGE,
    N_TREE_KEYS,
};

/* A file that is read from its front. What follows holds after each function's success. */
struct cr_lightgbm_text {
    struct cr_text header[N_HEADER_KEYS]; /* of one outcome, binary, without averaging */
    struct cr_text sizes;                 /* of the trees that are still to come */
    struct cr_text rest;
    size_t n_trees; /* so far */
};

struct cr_lightgbm_tree {
    size_t id;
    size_t n_leaves;                    /* at least 1 */
    struct cr_text values[N_TREE_KEYS]; /* the lists that cr_lightgbm_is_read have their lengths */
};

const char *cr_lightgbm_key_name(enum cr_lightgbm_key key);

/* Whether a tree's key is a list that counts, and for one that does, whether for leaves. */
bool cr_lightgbm_is_read(enum cr_lightgbm_key key, bool *ret_of_leaves);

/* All give CR_EMODEL. The bytes must stay. */
int cr_lightgbm_text_open(const char *bytes, size_t len, struct cr_lightgbm_text *ret_text,
                          struct cr_error *err);
/* There must be one: text->sizes.len > 0. */
int cr_lightgbm_text_tree(struct cr_lightgbm_text *text, struct cr_lightgbm_tree *ret_tree,
                          struct cr_error *err);
/* Checks what stands behind the last tree. */
int cr_lightgbm_text_end(struct cr_lightgbm_text *text, struct cr_error *err);

#endif
