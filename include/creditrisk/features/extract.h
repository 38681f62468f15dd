// SPDX-License-Identifier: MIT
/* Extract: the same features.sql over the whole book: training.sql gives the applications with
 * their outcome, features.sql their features. */
#ifndef CREDITRISK_FEATURES_EXTRACT_H
#define CREDITRISK_FEATURES_EXTRACT_H

#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/frame.h"

/* Columns of the frame, in this order: the keys that training.sql yields (row, customer, date,
 * test; −1 = absent), the outcome (0 or 1), the application's fields, the feature columns. A field
 * and a feature may have the same name. Rows are ordered as training.sql orders them. The date is a
 * text; row, customer and test are numbers when all of them are integers, else texts. */
struct cr_extract {
    struct cr_frame frame;
    ptrdiff_t col_row;
    ptrdiff_t col_customer;
    ptrdiff_t col_date;
    ptrdiff_t col_test;
    size_t col_outcome;
    size_t first_field;   /* portfolio->n_fields columns */
    size_t first_feature; /* portfolio->n_features columns */
};

/* Runs both texts; training.<engine>.sql goes before training.sql. Infinite numbers become missing.
 * Faults in the texts are CR_EPARSE with file and, where the engine tells the place, line and
 * column: columns that are missing or twice there, an outcome that is neither 0 nor 1, anything
 * cr_engine_create refuses. No rows at all is CR_ENOTFOUND. *ret_extract is yours:
 * cr_extract_finish. */
int cr_extract_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                    struct cr_extract *ret_extract, struct cr_error *err);
void cr_extract_finish(struct cr_extract *extract);

/* Row `row` as the record a client would have sent, its array allocated in the arena (texts
 * borrowed from the portfolio's levels or the frame). CR_ENOMEM, also at the arena's limit. */
int cr_extract_record(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                      size_t row, struct cr_arena *arena, struct cr_record *ret_record,
                      struct cr_error *err);

/* Row `row` as a feature row: values[0..n_features), texts borrowed from the frame. */
void cr_extract_row(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                    size_t row, struct cr_value *values);

#endif
