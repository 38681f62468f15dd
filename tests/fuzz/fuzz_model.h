// SPDX-License-Identifier: MIT
/* The body of the targets for model files: a file of one kind for the inputs "a" to "d". What was
 * accepted must keep the promises of its structure, whatever row it is asked about. */
#ifndef CREDITRISK_TESTS_FUZZ_MODEL_H
#define CREDITRISK_TESTS_FUZZ_MODEL_H

#include <stddef.h>
#include <stdint.h>

int fuzz_model(const char *kind, const uint8_t *data, size_t size);

#endif
