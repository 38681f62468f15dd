// SPDX-License-Identifier: MIT
/* What `creditrisk predict` reads as JSON: a file of any kind, or standard input ("-"). It is
 * looked at first, then taken as a whole or row by row: rows need no more memory than the longest,
 * however many there are. */
#ifndef CREDITRISK_SRC_CLI_PREDICT_INPUT_H
#define CREDITRISK_SRC_CLI_PREDICT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* Bytes of one row, whatever the form of the file. */
#define CR_PREDICT_MAX_ROW (1 << 20)

struct cr_predict_input {
    const char *path;
    int fd;
    struct cr_strbuf held; /* what is read and still needed */
    bool is_ended;         /* nothing comes behind it */
    struct cr_rows rows;
    size_t n_rows; /* that were taken */
};

/* The path must outlive the input. CR_ENOTFOUND, CR_EIO. */
int cr_predict_input_open(const char *path, struct cr_predict_input *ret_input,
                          struct cr_error *err);
void cr_predict_input_finish(struct cr_predict_input *input);

/* The first byte that is no blank; -1 when there is none. */
int cr_predict_input_first(struct cr_predict_input *input, int *ret_first, struct cr_error *err);

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
