// SPDX-License-Identifier: MIT
/* The CSV files of `creditrisk predict`: a row becomes the JSON that a client would send, beside
 * the book's keys. A column has the name that the file of a flat book gives it, or the field's or
 * key's own. Separator, missing markers and the words of truth values are those of the portfolio's
 * import. */
#ifndef CREDITRISK_SRC_CLI_PREDICT_CSV_H
#define CREDITRISK_SRC_CLI_PREDICT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/strbuf.h"

struct cr_predict_column {
    const char *name; /* the portfolio's, of the field or key that it is; NULL: it is neither */
    const struct cr_field *field; /* NULL: it is none */
    const char *key;              /* the portfolio's, perhaps of a field, too; NULL: it is none */
};

struct cr_predict_header {
    size_t n;
    struct cr_predict_column *columns;
};

/* Says which columns are ignored, but for those of the book's own file that are no fields, and
 * which optional fields have no column. CR_EPARSE: two columns are one field or key, one was meant
 * to be a field or key but is none, or none is a field at all. *ret_header is yours:
 * cr_predict_header_finish. */
int cr_predict_header_read(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                           const struct cr_csv_row *row, const struct cr_csv_head *head,
                           struct cr_predict_header *ret_header, struct cr_error *err);
void cr_predict_header_finish(struct cr_predict_header *header);

/* The first field or key whose cell, in a row as long as the header, is not UTF-8, as of a file in
 * another encoding; NULL when there is none. Borrowed. */
const char *cr_predict_find_garbled(const struct cr_predict_header *header,
                                    const struct cr_csv_row *row);

/* Of a row that was refused, as long as the header: says where it has a number as people write it
 * and how to write it, in the import's words. False when it has none. */
bool cr_predict_tell_written(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                             const struct cr_predict_header *header, const struct cr_csv_row *row);

/* Appends the fields of the row, as long as the header, as an object. A cell that means missing is
 * null, or absent where the field may not be null; one that is not of its field's type is a text,
 * which the reader of the application refuses. */
void cr_predict_write_row(const struct cr_portfolio *portfolio,
                          const struct cr_predict_header *header, const struct cr_csv_row *row,
                          struct cr_strbuf *out);

/* The keys of the row, as long as the header: texts, as the import of a flat book reads them and
 * whatever type a field of the same name has; null where the cell means missing. CR_ENOMEM. */
int cr_predict_read_keys(const struct cr_portfolio *portfolio,
                         const struct cr_predict_header *header, const struct cr_csv_row *row,
                         struct cr_arena *arena, struct cr_row_keys *ret_keys,
                         struct cr_error *err);

#endif
