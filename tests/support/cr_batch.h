// SPDX-License-Identifier: MIT
/* One definition of the features: every application of a book, sent alone through the engine, gives
 * bit for bit the feature row and the model inputs that it has in the batch. */
#ifndef CREDITRISK_TESTS_CR_BATCH_H
#define CREDITRISK_TESTS_CR_BATCH_H

#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"

/* Compares every application of the book, and those that a client could send through JSON too;
 * returns how many these were. A difference ends the test. */
size_t cr_batch_compare(const struct cr_portfolio *portfolio, struct cr_db *db);

/* Teardown of a test, which runs after a failure too: says at which row it stopped. */
int cr_batch_say_row(void **state);

#endif
