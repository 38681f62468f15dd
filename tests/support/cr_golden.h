// SPDX-License-Identifier: MIT
/* Values from a reference library (tests/golden/). */
#ifndef CREDITRISK_TESTS_CR_GOLDEN_H
#define CREDITRISK_TESTS_CR_GOLDEN_H

#include <jansson.h>

/* The document tests/golden/NAME; yours (json_decref). */
json_t *cr_golden_load(const char *name);

/* The numbers of an array; yours (free). */
double *cr_golden_numbers(const json_t *array);

#endif
