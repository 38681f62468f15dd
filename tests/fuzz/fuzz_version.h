// SPDX-License-Identifier: MIT
/* A small real version in memory for the targets that need one. */
#ifndef CREDITRISK_TESTS_FUZZ_VERSION_H
#define CREDITRISK_TESTS_FUZZ_VERSION_H

#include "creditrisk/score/bundle.h"

/* Trained on the generated book, published as the registry's champion; made at the first call.
 * Borrowed. */
struct cr_bundle *fuzz_version(void);

/* The registry's folder; borrowed. */
const char *fuzz_registry(void);

#endif
