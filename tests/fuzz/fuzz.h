// SPDX-License-Identifier: MIT
/* What every fuzz target shares. A target defines LLVMFuzzerTestOneInput: it feeds the bytes to one
 * parser, checks what must hold of anything that was accepted (FUZZ_CHECK), frees it and returns 0.
 * A crash, a sanitizer's report, a failed check and a run without end are findings. */
#ifndef CREDITRISK_TESTS_FUZZ_H
#define CREDITRISK_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program as a finding; also in builds without assertions. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* A refusal carries one of our codes and a message. */
void fuzz_check_error(int result, const struct cr_error *err);

/* A folder that lives until the program ends; the path is borrowed. */
const char *fuzz_folder(void);

/* Replaces folder/name, without the durability that the product's own writes have. */
void fuzz_write(const char *folder, const char *name, const void *bytes, size_t len);

/* The retail portfolio; borrowed. */
const struct cr_portfolio *fuzz_retail(void);

/* "<name>\n<rest>" → which of the n names the first line is, and the rest; −1 when none. */
ptrdiff_t fuzz_take_name(const uint8_t **data, size_t *size, const char *const *names, size_t n);

#endif
