// SPDX-License-Identifier: MIT
/* Private to http/: the tensors of the Open Inference Protocol, version 2. One tensor is one
 * column: a field of the portfolio over n applications, of shape [n] or [n, 1]. */
#ifndef HTTP_OIP_H
#define HTTP_OIP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"

struct cr_oip_batch {
    const struct cr_portfolio *portfolio;
    json_t *body; /* the batch's reference */
    size_t n_rows;
    const json_t *
        *columns;   /* n_fields; NULL = left out; borrowed from body, the array from the arena */
    const char *id; /* the client's, NULL when none */
    bool wants_probability; /* outputs; both unless some were asked for */
    bool wants_category;
};

/* "INT64", "FP64", "BOOL" or "BYTES"; static. */
const char *cr_oip_datatype(const struct cr_field *field);

/* Reads the body of an inference request. NaN, which JSON has no word for, is taken as null: both
 * mean missing. CR_EINVAL with a text for the client, which holds nothing of the body; CR_ENOMEM.
 * Yours: cr_oip_batch_finish. */
int cr_oip_read(const struct cr_portfolio *portfolio, const char *body, size_t len, size_t max_rows,
                struct cr_arena *arena, struct cr_oip_batch *ret_batch, struct cr_error *err);
void cr_oip_batch_finish(struct cr_oip_batch *batch);

/* The i-th application as /predict takes it. A new reference; NULL without memory. */
json_t *cr_oip_row(const struct cr_oip_batch *batch, size_t i);

#endif
