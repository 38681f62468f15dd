// SPDX-License-Identifier: MIT
/* Ranks: the comparisons of small trees (model/forest_outcomes.h) between numbers of one byte.
 * Where n ascending thresholds are, a value's rank is how many of them are less than it; it is <=
 * the threshold at a place, counted from 0, when its rank is <= that place. */
#ifndef CREDITRISK_SRC_MODEL_FOREST_RANKS_H
#define CREDITRISK_SRC_MODEL_FOREST_RANKS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CR_FOREST_RANKS_TREES = 4, /* of one block */
    CR_FOREST_RANKS_BITS = 8,  /* of a tree's outcome */
    CR_FOREST_RANKS_LEN = CR_FOREST_RANKS_TREES * CR_FOREST_RANKS_BITS,
    CR_FOREST_RANKS_MAX = 256,
};

/* Four trees: bit k of tree t is 1 when ranks[of[8·t + k]] <= places[8·t + k]. It is as long as a
 * line of the processor's cache. */
struct cr_forest_ranks_block {
    _Alignas(2 * CR_FOREST_RANKS_LEN) uint8_t of[CR_FOREST_RANKS_LEN];
    uint8_t places[CR_FOREST_RANKS_LEN];
};

/* Numbers below n_ranks ≤ CR_FOREST_RANKS_MAX stand in the blocks. ret_bytes[0..4 × n_blocks). */
typedef void cr_forest_ranks_fn(const uint8_t ranks[CR_FOREST_RANKS_MAX], size_t n_ranks,
                                const struct cr_forest_ranks_block *blocks, size_t n_blocks,
                                unsigned char *ret_bytes);

/* The plain form; and the best one that this processor has. */
cr_forest_ranks_fn cr_forest_ranks_plain;
cr_forest_ranks_fn *cr_forest_ranks_best(void);

#endif
