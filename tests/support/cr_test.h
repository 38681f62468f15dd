// SPDX-License-Identifier: MIT
/* What every test program includes: cmocka, exact comparison of doubles, temporary folders, honest
 * skips. */
#ifndef CREDITRISK_TESTS_CR_TEST_H
#define CREDITRISK_TESTS_CR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "creditrisk/util/error.h"

/* |a − b| ≤ tolerance; NaN equals NaN only. Prints both with 17 digits. (cmocka's own casts to
 * float.) */
#define cr_assert_close(a, b, tolerance)                                                           \
    cr_test_close((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)

/* The same bits, NaN payloads apart. */
#define cr_assert_same(a, b) cr_test_same((a), (b), #a, #b, __FILE__, __LINE__)

/* A call that must succeed; prints the error otherwise. */
#define cr_assert_ok(call, err) cr_test_ok((call), (err), #call, __FILE__, __LINE__)

/* The message has that part. */
#define cr_assert_says(err, part) cr_test_says((err), (part), __FILE__, __LINE__)

/* Exit status that meson counts as a skip. */
#define CR_TEST_SKIP 77

void cr_test_close(double a, double b, double tolerance, const char *a_text, const char *b_text,
                   const char *file, int line);
void cr_test_same(double a, double b, const char *a_text, const char *b_text, const char *file,
                  int line);
void cr_test_ok(int result, const struct cr_error *err, const char *call, const char *file,
                int line);
void cr_test_says(const struct cr_error *err, const char *part, const char *file, int line);

/* Something that the system may not let everybody do: 0, or an error. */
typedef int cr_test_attempt_fn(const char *path, struct cr_error *err);

/* Made in a process of its own, which is not root, it fails with a message that has the reason. */
#define cr_assert_refused(attempt, path, reason)                                                   \
    cr_test_refused(attempt, path, reason, __FILE__, __LINE__)
void cr_test_refused(cr_test_attempt_fn *attempt, const char *path, const char *reason,
                     const char *file, int line);

/* A new empty folder, removed with everything in it when the program ends; yours (free). */
char *cr_test_tempdir(void);

/* Writes text to dir/name; aborts the test on failure. Returns the path, yours (free). */
char *cr_test_write(const char *dir, const char *name, const char *text);

/* The checkout's root: tests read config/ and migrations/ below it. Borrowed. */
const char *cr_test_root(void);

/* A path below the root; yours (free). */
char *cr_test_path(const char *relative);

/* Folder of the shared reference data ($CREDITRISK_SHARED, else ../shared beside the checkout) or
 * NULL. Borrowed. */
const char *cr_test_shared(void);

/* Ends the program as skipped and says what is missing. */
_Noreturn void cr_test_skip(const char *missing);

/* Number of cases of a property test: `usual`, or $CREDITRISK_CASES. Anything there that is not a
 * positive whole number ends the program as failed. */
size_t cr_test_cases(size_t usual);

/* Whether $CREDITRISK_CASES chose another number than the usual one. */
bool cr_test_cases_chosen(void);

#endif
