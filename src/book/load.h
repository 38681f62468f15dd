// SPDX-License-Identifier: MIT
/* Private to book/: the frame of a bulk load. One transaction; the mode decides about rows that are
 * there; indexes without a constraint (cr_db_begin_load) are dropped and made again, which is what
 * keeps a load of millions of rows near-linear. */
#ifndef BOOK_LOAD_H
#define BOOK_LOAD_H

#include "creditrisk/book/import.h"
#include "creditrisk/util/strbuf.h"

struct load {
    struct cr_db *db;       /* borrowed; NULL before begin and after commit */
    bool is_init;           /* the caller's to set (cr_import_options) */
    int64_t n_removed;      /* rows that were there and went, CR_IMPORT_REPLACE */
    struct cr_strbuf after; /* statements to be run behind the rows (cr_db_begin_load) */
};

/* Of deferred references a row without its parent fails the commit. */
int cr_book_load_begin(struct load *load, struct cr_db *db, const struct cr_portfolio *portfolio,
                       enum cr_import_mode mode, enum cr_db_load references, struct cr_error *err);

int cr_book_load_commit(struct load *load, struct cr_error *err);

/* Rolls back what was not committed; accepts a zeroed load. */
void cr_book_load_finish(struct load *load);

#endif
