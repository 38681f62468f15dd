// SPDX-License-Identifier: MIT
/* Slots: a forest's comparisons without their cases. Whatever the trainer's precision and wherever
 * a missing value goes, an inner node is
 *
 *     row[slot] <= threshold      goes left
 *
 * over doubles, where the row holds each input once for every way in which nodes treat a missing
 * one: −infinity in place of NaN where it goes left, +infinity where it goes right, the same in
 * place of 0 where 0 is missing. It agrees with cr_forest_goes_left for every double. */
#ifndef CREDITRISK_MODEL_FOREST_SLOTS_H
#define CREDITRISK_MODEL_FOREST_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/util/error.h"

/* A row of up to so many slots has room on the stack. Forests with more are rare: they are
 * predicted and explained without what model/forest_outcomes.h prepares. */
#define CR_FOREST_MAX_SLOTS 512

struct cr_forest_slot {
    uint32_t input;
    bool missing_left;
    bool zero_is_missing;
};

struct cr_forest_slots {
    bool rounds_to_float;
    size_t n; /* ≥ 1 when there are inputs */
    struct cr_forest_slot *items;
    uint32_t *by_kind; /* slot of (input, kind of missing), made by init */
};

/* The slots that the forest's nodes use. CR_ENOMEM. Yours: cr_forest_slots_finish. */
int cr_forest_slots_init(struct cr_forest_slots *ret_slots, const struct cr_forest *forest,
                         struct cr_error *err);
void cr_forest_slots_finish(struct cr_forest_slots *slots);

/* Slot and threshold of an inner node of that forest. */
uint32_t cr_forest_slots_find(const struct cr_forest_slots *slots,
                              const struct cr_forest_node *node);
double cr_forest_slots_threshold(const struct cr_forest *forest, const struct cr_forest_node *node);

/* row[0..slots->n) from x[0..n_inputs); no NaN is in it. */
void cr_forest_slots_fill(const struct cr_forest_slots *slots, const double *x, double *row);

#endif
