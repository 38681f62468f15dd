// SPDX-License-Identifier: MIT
/* What `creditrisk predict` reads as JSON: a file of any kind, or standard input ("-"). It is
 * looked at first, then taken as a whole or row by row: rows need no more memory than the longest,
 * however many there are. A byte order mark at the very beginning, as Windows writes it, is skipped
 * (RFC 8259, section 8.1). */
#ifndef CREDITRISK_SRC_CLI_PREDICT_INPUT_H
#define CREDITRISK_SRC_CLI_PREDICT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* Bytes of one row, whatever the form of the file. */
#define CR_PREDICT_MAX_ROW (1 << 20)

/* On what it is known in which form a file is. */
enum cr_predict_basis {
    CR_PREDICT_ASSUMED, /* on nothing */
    CR_PREDICT_NAMED,   /* by its name */
    CR_PREDICT_ASKED,   /* --format says so */
};

struct cr_predict_input {
    const char *path;
    int fd;
    size_t mark_len;       /* of the byte order mark, which held has no more */
    struct cr_strbuf held; /* what is read and still needed */
    bool is_ended;         /* nothing comes behind it */
    struct cr_rows rows;
    size_t n_rows; /* that were taken */
    /* May be NULL; as cr_csv_options.before_read. */
    int (*before_read)(int fd, void *context, struct cr_error *err);
    void *context;
};

/* Opens it and reads its first bytes. The path must outlive the input. CR_ENOTFOUND, CR_EIO. */
int cr_predict_input_open(const char *path, struct cr_predict_input *ret_input,
                          struct cr_error *err);
void cr_predict_input_finish(struct cr_predict_input *input);

/* What stands first in it. */
enum cr_predict_start {
    CR_PREDICT_NOTHING, /* it is empty, or has blanks only */
    CR_PREDICT_ARRAY,
    CR_PREDICT_OBJECT,
    CR_PREDICT_TEXT, /* no JSON, or none that predict has a use for */
};

/* Unless it is known to be JSON, a bracket is the beginning of JSON only where JSON can go on as
 * the text does: a CSV file's first name may have brackets ([id],income). */
int cr_predict_input_start(struct cr_predict_input *input, bool is_known,
                           enum cr_predict_start *ret_start, struct cr_error *err);

/* Whether it begins as no row of NDJSON does, but one JSON document: with an array, or with a line
 * that ends inside its object. */
int cr_predict_input_is_document(struct cr_predict_input *input, bool *ret_is_document,
                                 struct cr_error *err);

/* All of it, borrowed; CR_ETOOBIG beyond 64 MiB. */
int cr_predict_input_all(struct cr_predict_input *input, const char **ret_text, size_t *ret_len,
                         struct cr_error *err);

/* From now on row by row. */
void cr_predict_input_begin(struct cr_predict_input *input, enum cr_rows_form form);

/* The next row, borrowed until the one after it; *ret_more is false behind the last. CR_EPARSE when
 * the array is none (what stood before was taken as rows all the same), CR_ETOOBIG: a row is longer
 * than CR_PREDICT_MAX_ROW; both name the file and the place. CR_EIO. */
int cr_predict_input_next(struct cr_predict_input *input, struct cr_row_text *ret_row,
                          bool *ret_more, struct cr_error *err);

#endif
