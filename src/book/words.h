// SPDX-License-Identifier: MIT
/* Private to book/: which of the texts that application.yaml lists for a flat book its file has. */
#ifndef BOOK_WORDS_H
#define BOOK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/book/import.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/value.h"

struct words {
    const struct cr_portfolio *portfolio; /* borrowed; NULL: nothing is looked for */
    const struct cr_table_column *outcome;
    bool *missing;  /* of each marker, whether a cell was … */
    bool *outcomes; /* … and of each word under good and bad */
};

/* Yours: cr_book_words_finish. CR_ENOMEM. */
int cr_book_words_init(struct words *words, const struct cr_portfolio *portfolio,
                       struct cr_error *err);
void cr_book_words_finish(struct words *words);

/* A text of the file that was read as this cell. */
void cr_book_words_meet(struct words *words, const struct cr_table_column *column, const char *text,
                        size_t len, struct cr_value cell);

/* One note for each text that no cell was: it may be misspelt. The empty one never is. `on_note`
 * may be NULL. */
void cr_book_words_tell(const struct words *words, cr_import_note_fn *on_note, void *context);

#endif
