// SPDX-License-Identifier: MIT
/* Private to train/: a version's oof.csv and test.csv, which later choices of a threshold are made
 * from. Columns: row key, fold (empty on the test part), outcome, raw_margin, pd, amount (empty
 * where none is known). */
#ifndef CREDITRISK_SRC_TRAIN_MARGINS_H
#define CREDITRISK_SRC_TRAIN_MARGINS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/features/extract.h"
#include "creditrisk/util/error.h"

#define CR_MARGINS_OOF  "oof.csv"
#define CR_MARGINS_TEST "test.csv"

/* What is written of one part of the book. All borrowed. */
struct cr_margin_rows {
    const size_t *rows; /* n, of the extract */
    size_t n;
    const size_t *fold;   /* n; NULL on the test part */
    const double *y;      /* n */
    const double *raw;    /* n */
    const double *pd;     /* n */
    const double *amount; /* n loan amounts; NULL when not known */
};

/* Writes <dir>/<name>. CR_EIO, CR_ENOMEM. */
int cr_margins_write(const struct cr_portfolio *portfolio, const struct cr_extract *extract,
                     const struct cr_margin_rows *rows, const char *dir, const char *name,
                     struct cr_error *err);

struct cr_margins {
    double *y;       /* n: 0 or 1 */
    double *pd;      /* n */
    double *amount;  /* n, NaN = missing */
    bool has_amount; /* of at least one row */
    size_t n;
    size_t cap;
};

/* Reads <dir>/<name>; `amount` may be absent. CR_EMODEL for other columns or a cell that is not
 * such a number. *ret_margins is yours: cr_margins_finish. */
int cr_margins_read(const char *dir, const char *name, const char *outcome,
                    struct cr_margins *ret_margins, struct cr_error *err);
void cr_margins_finish(struct cr_margins *margins);

#endif
