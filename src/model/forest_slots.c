// SPDX-License-Identifier: MIT
#include "creditrisk/model/forest_slots.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Ways to treat a missing value: bit 0 NaN goes left, bit 1 zero is missing. */
enum { N_KINDS = 4 };

static size_t kind_of(const struct cr_forest_node *node)
{
    return (size_t)node->feature * N_KINDS + (node->default_left ? 1 : 0) +
           (node->zero_is_missing ? 2 : 0);
}

int cr_forest_slots_init(struct cr_forest_slots *ret_slots, const struct cr_forest *forest,
                         struct cr_error *err)
{
    size_t n_kinds = forest->n_inputs * N_KINDS;
    struct cr_forest_slots slots = {
        .rounds_to_float = forest->compare != CR_FOREST_DOUBLE_LESS_EQUAL,
        .items = calloc(n_kinds + 1, sizeof(*slots.items)),
        .by_kind = calloc(n_kinds + 1, sizeof(*slots.by_kind)),
    };

    if (slots.items == NULL || slots.by_kind == NULL) {
        cr_forest_slots_finish(&slots);
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < forest->n_nodes; i++) {
        const struct cr_forest_node *node = &forest->nodes[i];

        if (node->feature >= 0) {
            slots.by_kind[kind_of(node)] = 1;
        }
    }
    for (size_t kind = 0; kind < n_kinds; kind++) {
        if (slots.by_kind[kind] != 0) {
            slots.by_kind[kind] = (uint32_t)slots.n;
            slots.items[slots.n++] = (struct cr_forest_slot){
                .input = (uint32_t)(kind / N_KINDS),
                .missing_left = (kind & 1) != 0,
                .zero_is_missing = (kind & 2) != 0,
            };
        }
    }
    if (slots.n == 0) {
        slots.n = forest->n_inputs > 0 ? 1 : 0; /* leaves only: any input will do */
    }
    *ret_slots = slots;
    return 0;
}

void cr_forest_slots_finish(struct cr_forest_slots *slots)
{
    free(slots->items);
    free(slots->by_kind);
    *slots = (struct cr_forest_slots){0};
}

uint32_t cr_forest_slots_find(const struct cr_forest_slots *slots,
                              const struct cr_forest_node *node)
{
    return slots->by_kind[kind_of(node)];
}

/* Among floats x < t is x <= the float below t. Below the least finite float there is −infinity, in
 * whose place a row has the least double. */
static double below(float threshold)
{
    float before = nextafterf(threshold, -INFINITY);

    if (threshold == -INFINITY) {
        return -INFINITY; /* nothing is less; a missing value still goes left */
    }
    return before == -INFINITY ? -DBL_MAX : (double)before;
}

double cr_forest_slots_threshold(const struct cr_forest *forest, const struct cr_forest_node *node)
{
    return forest->compare == CR_FOREST_FLOAT_LESS ? below((float)node->threshold)
                                                   : node->threshold;
}

void cr_forest_slots_fill(const struct cr_forest_slots *slots, const double *x, double *row)
{
    for (size_t i = 0; i < slots->n; i++) {
        const struct cr_forest_slot *slot = &slots->items[i];
        double value = x[slot->input];
        bool missing = isnan(value) || (slot->zero_is_missing && fabs(value) <= CR_FOREST_ZERO);

        value = slots->rounds_to_float ? (double)(float)value : value;
        value = value < -DBL_MAX ? -DBL_MAX : value; /* −infinity means missing here */
        row[i] = !missing ? value : slot->missing_left ? -INFINITY : INFINITY;
    }
}
