// SPDX-License-Identifier: MIT
/* Private to train/: a version's oof.csv and test.csv, read back. */
#ifndef CREDITRISK_SRC_TRAIN_MARGINS_H
#define CREDITRISK_SRC_TRAIN_MARGINS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

struct cr_margins {
    double *y;       /* n: 0 or 1 */
    double *pd;      /* n */
    double *amount;  /* n, NaN = missing */
    bool has_amount; /* of at least one row */
    size_t n;
    size_t cap;
};

/* Reads <dir>/<name>: row key, fold, outcome, raw_margin, pd and perhaps amount. CR_EMODEL for
 * other columns or a cell that is no number. *ret_margins is yours: cr_margins_finish. */
int cr_margins_read(const char *dir, const char *name, const char *outcome,
                    struct cr_margins *ret_margins, struct cr_error *err);
void cr_margins_finish(struct cr_margins *margins);

#endif
