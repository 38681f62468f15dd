// SPDX-License-Identifier: MIT
/* Index: what reading an application looks at. Every line of the cache that a request touches costs
 * as much as some dozen instructions, and a field's full description fills three, its name another:
 * so the little that reading needs of all fields stands here once more, side by side. The loader
 * makes it from the fields; the portfolio owns it. */
#ifndef PORTFOLIO_INDEX_H
#define PORTFOLIO_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"

struct cr_index_field {
    const char *key; /* the name in its quotes, as it stands in a body */
    uint8_t key_len; /* 0 behind the last field */
    uint8_t type;    /* enum cr_type */
    bool required;
    bool nullable;
    union {
        struct {
            double min, max;
        }; /* int, number */
        struct {
            const char *const *levels; /* without the aliases */
            size_t n_levels;
        }; /* enum */
    };
};

_Static_assert(CR_PORTFOLIO_MAX_NAME_LEN + 2 <= UINT8_MAX, "a name in its quotes fits");
_Static_assert(CR_PORTFOLIO_MAX_ITEMS < UINT16_MAX, "a field's number fits a slot");

struct cr_index_default {
    size_t field;
    struct cr_value value;
};

struct cr_index {
    const struct cr_index_field *fields; /* n_fields, and one behind them that has no key */
    size_t n_required;
    size_t n_defaults; /* fields that are not missing when they are left out */
    const struct cr_index_default *defaults;
    size_t n_slots;        /* a power of two; open addressing over the names: … */
    const uint16_t *slots; /* … field + 1, 0 = free */
};

/* The field with a name of len bytes; −1 when there is none. */
ptrdiff_t cr_index_find_field(const struct cr_index *index, const char *name, size_t len);

#endif
