// SPDX-License-Identifier: MIT
/* Named parameters of a model: numbers or texts, as search.yaml gives them. */
#ifndef CREDITRISK_UTIL_PARAM_H
#define CREDITRISK_UTIL_PARAM_H

#include <stddef.h>

#include "creditrisk/util/value.h"

struct cr_param {
    const char *name;
    struct cr_value value;
};

#endif
