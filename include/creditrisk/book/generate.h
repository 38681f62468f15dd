// SPDX-License-Identifier: MIT
/* Generator: a synthetic retail loan book with realistic noise, skew and missingness (the
 * distributions stand beside the code that draws them). */
#ifndef CREDITRISK_BOOK_GENERATE_H
#define CREDITRISK_BOOK_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/book/import.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/error.h"

struct cr_generate_options {
    size_t n_customers;
    size_t n_loans;
    uint64_t seed;
    enum cr_import_mode mode; /* as for an import */
    bool quiet;
};

struct cr_generate_report {
    size_t n_customers;
    size_t n_loans;
    size_t n_repayments;
    size_t n_removed; /* rows that were there before (CR_IMPORT_REPLACE) */
    double default_rate;
};

/* Writes the book into the (migrated) tables in one transaction. The same options give the same
 * rows on every machine. CR_EINVAL when the portfolio lacks the retail tables or the counts are 0
 * or above 100 million. */
int cr_generate_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                     const struct cr_generate_options *options,
                     struct cr_generate_report *ret_report, struct cr_error *err);

#endif
