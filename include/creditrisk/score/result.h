// SPDX-License-Identifier: MIT
/* Result → JSON: the answer of POST /predict: the reference system's fields and ours. */
#ifndef CREDITRISK_SCORE_RESULT_H
#define CREDITRISK_SCORE_RESULT_H

#include <jansson.h>
#include <stdbool.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/strbuf.h"

/* A new reference; NULL without memory. decision_id may be NULL (left out). `full` adds
 * contributions by group and by input. */
json_t *cr_result_to_json(const struct cr_bundle *bundle, const struct cr_result *result,
                          const char *decision_id, bool full);

/* Appends the same as compact text, byte for byte, without the tree between. */
void cr_result_write(const struct cr_bundle *bundle, const struct cr_result *result,
                     const char *decision_id, bool full, struct cr_strbuf *out);

#endif
