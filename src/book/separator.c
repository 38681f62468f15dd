// SPDX-License-Identifier: MIT
/* The separator of a CSV file: how YAML says it, and the one that was meant. */
#include "creditrisk/book/table.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/strbuf.h"
#include "table.h"

void cr_book_put_separator(char separator, struct cr_strbuf *out)
{
    if (separator == '\t') {
        cr_strbuf_puts(out, "\"\\t\"");
    } else {
        cr_strbuf_printf(out, "\"%c\"", separator);
    }
}

int cr_table_check_separator(const struct cr_portfolio *portfolio, const char *file,
                             const struct cr_csv_head *head, bool is_of_model, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf meant = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf expected = CR_STRBUF_INIT;

    if (head->separator == '\0' || head->separator == portfolio->separator) {
        return 0;
    }
    cr_book_put_separator(head->separator, &meant);
    cr_book_put_separator(portfolio->separator, &expected);
    return cr_error_at(err, CR_EINVAL, file, head->line, 0,
                       "the columns seem to be separated by %s, but the portfolio's separator is "
                       "%s: %ssay 'separator: %s' in %s%s",
                       cr_strbuf_text(&meant), cr_strbuf_text(&expected),
                       is_of_model ? "convert the file, or " : "", cr_strbuf_text(&meant),
                       portfolio->is_flat ? "application.yaml, under book" : "tables.yaml",
                       is_of_model ? ", and train again" : "");
}
