// SPDX-License-Identifier: MIT
/* Check: what would make a training of a portfolio worthless, looked for in its book. The loader
 * and the extraction find what does not work at all; this finds what works and misleads. */
#ifndef CREDITRISK_TRAIN_CHECK_H
#define CREDITRISK_TRAIN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/error.h"

/* A single feature that tells good from bad better than this knows the outcome; of a model that
 * does one may suspect that an input does. */
#define CR_CHECK_MAX_AUC 0.95

/* More rows than this share must not hold what no request can carry. */
#define CR_CHECK_MAX_UNSENDABLE 0.1

/* Called for every fault with one line: "FILE:LINE: what is wrong". */
typedef void cr_check_fault_fn(const char *fault, void *context);

struct cr_check_report {
    size_t n_rows; /* of training.sql */
    size_t n_faults;
    size_t n_cuts;   /* days up to which the book was cut to look for the future: 0 without dates */
    bool is_partial; /* it has dates, but was not to be written into */
};

/* Looks at the policy, runs both texts over the book and looks at every column:
 *   - costs whose best threshold lies outside of what is swept
 *   - models in search.yaml that there are not, and parameters that a kind's trainer does not take
 *   - texts of fields and features that are none of the declared choices and levels
 *   - fields whose values no request could carry, in more than CR_CHECK_MAX_UNSENDABLE of the rows
 *   - features with numbers beyond what a model can take, with which no training begins
 *   - features that alone tell the outcome with an AUC above CR_CHECK_MAX_AUC, missing or not being
 *     a value like others
 *   - fields that change when everything dated after the application is taken away, where tables of
 *     the book have dates and may_write: in transactions that are rolled back, under the book's
 *     lock
 *
 * A text that does not work, or an outcome that never varies, is the error that a training would
 * end with. */
int cr_check_portfolio(struct cr_db *db, const struct cr_portfolio *portfolio, bool may_write,
                       cr_check_fault_fn *on_fault, void *context,
                       struct cr_check_report *ret_report, struct cr_error *err);

#endif
