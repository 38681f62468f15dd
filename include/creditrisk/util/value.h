// SPDX-License-Identifier: MIT
/* One cell: a number or a text, or missing. Which of the two a column holds is known from its
 * description. */
#ifndef CREDITRISK_UTIL_VALUE_H
#define CREDITRISK_UTIL_VALUE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct cr_value {
    double number;    /* NaN = missing, and always NaN in a text cell */
    const char *text; /* NULL = missing, and always NULL in a number cell; borrowed */
};

#define CR_VALUE_MISSING ((struct cr_value){NAN, NULL})

static inline bool cr_value_is_missing(struct cr_value value)
{
    return value.text == NULL && isnan(value.number);
}

#endif
