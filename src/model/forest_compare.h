// SPDX-License-Identifier: MIT
/* Compare: the comparisons of small trees (model/forest_outcomes.h) between numbers of one byte.
 * Where n ascending thresholds are, a value's rank is how many of them are less than it; it is <=
 * the threshold at a place, counted from 0, when its rank is <= that place. */
#ifndef CREDITRISK_SRC_MODEL_FOREST_COMPARE_H
#define CREDITRISK_SRC_MODEL_FOREST_COMPARE_H

#include <stddef.h>
#include <stdint.h>

enum {
    CR_COMPARE_TREES = 4, /* of one block */
    CR_COMPARE_BITS = 8,  /* of a tree's outcome */
    CR_COMPARE_LEN = CR_COMPARE_TREES * CR_COMPARE_BITS,
    CR_COMPARE_RANKS = 256,
};

/* Four trees: bit k of tree t is 1 when ranks[of[8·t + k]] <= places[8·t + k]. It is as long as a
 * line of the processor's cache. */
struct cr_compare_block {
    _Alignas(2 * CR_COMPARE_LEN) uint8_t of[CR_COMPARE_LEN];
    uint8_t places[CR_COMPARE_LEN];
};

/* Numbers below n_ranks ≤ CR_COMPARE_RANKS stand in the blocks. ret_bytes[0..4 × n_blocks). */
typedef void cr_compare_fn(const uint8_t ranks[CR_COMPARE_RANKS], size_t n_ranks,
                           const struct cr_compare_block *blocks, size_t n_blocks,
                           unsigned char *ret_bytes);

/* The plain form; and the best one that this processor has. */
cr_compare_fn cr_compare_plain;
cr_compare_fn *cr_compare_best(void);

#endif
