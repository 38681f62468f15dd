// SPDX-License-Identifier: MIT
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

int cr_book_words_init(struct words *words, const struct cr_portfolio *portfolio,
                       struct cr_error *err)
{
    const struct cr_table *table = &portfolio->tables[0];
    size_t n_outcomes = 0;

    words->portfolio = portfolio;
    for (size_t i = 0; i < table->n_columns; i++) {
        if (strcmp(table->columns[i].name, portfolio->outcome) == 0) {
            words->outcome = &table->columns[i];
            n_outcomes = words->outcome->levels.n_aliases;
        }
    }
    words->missing = calloc(portfolio->n_missing + 1, sizeof(*words->missing));
    words->outcomes = calloc(n_outcomes + 1, sizeof(*words->outcomes));
    return words->missing != NULL && words->outcomes != NULL ? 0 : cr_error_no_memory(err);
}

void cr_book_words_finish(struct words *words)
{
    free(words->missing);
    free(words->outcomes);
    *words = (struct words){0};
}

static void mark(const char *const *texts, size_t n, const char *text, size_t len, bool *met)
{
    for (size_t i = 0; i < n; i++) {
        if (!met[i] && strlen(texts[i]) == len && memcmp(texts[i], text, len) == 0) {
            met[i] = true;
        }
    }
}

void cr_book_words_meet(struct words *words, const struct cr_table_column *column, const char *text,
                        size_t len, struct cr_value cell)
{
    if (words->portfolio == NULL) {
        return;
    }
    if (cr_value_is_missing(cell)) {
        mark(words->portfolio->missing, words->portfolio->n_missing, text, len, words->missing);
    } else if (column == words->outcome) {
        mark(column->levels.alias_texts, column->levels.n_aliases, text, len, words->outcomes);
    }
}

static void tell(const char *text, const char *list, cr_import_note_fn *on_note, void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

    cr_strbuf_printf(&note, "no row has '%s', which application.yaml lists under book, %s", text,
                     list);
    on_note(cr_strbuf_text(&note), context);
}

void cr_book_words_tell(const struct words *words, cr_import_note_fn *on_note, void *context)
{
    const struct cr_portfolio *portfolio = words->portfolio;
    const struct cr_levels *levels = words->outcome != NULL ? &words->outcome->levels : NULL;

    if (on_note == NULL || portfolio == NULL) {
        return;
    }
    for (size_t i = 0; i < portfolio->n_missing; i++) {
        if (!words->missing[i] && portfolio->missing[i][0] != '\0') {
            tell(portfolio->missing[i], "missing", on_note, context);
        }
    }
    for (size_t i = 0; levels != NULL && i < levels->n_aliases; i++) {
        if (!words->outcomes[i]) {
            tell(levels->alias_texts[i], levels->alias_targets[i] == 0 ? "good" : "bad", on_note,
                 context);
        }
    }
}
