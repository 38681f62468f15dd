// SPDX-License-Identifier: MIT
/* Random values for property tests. */
#ifndef CR_DRAW_H
#define CR_DRAW_H

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/value.h"

/* A truth value, a level, or, for a date or a text, the date. The field is none of numbers. */
static inline struct cr_value cr_draw_word(struct cr_rng *rng, const struct cr_field *field,
                                           const char *date)
{
    struct cr_value value = CR_VALUE_MISSING;

    if (field->type == CR_BOOL) {
        value.number = (double)cr_rng_below(rng, 2);
    } else {
        value.text =
            field->type == CR_ENUM ? field->levels.texts[cr_rng_below(rng, field->levels.n)] : date;
    }
    return value;
}

#endif
