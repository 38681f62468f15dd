// SPDX-License-Identifier: MIT
/* Result → JSON: the answer of POST /predict: the reference system's fields and ours. */
#ifndef CREDITRISK_SCORE_RESULT_H
#define CREDITRISK_SCORE_RESULT_H

#include <jansson.h>
#include <stdbool.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/score/scorer.h"

/* A new reference; NULL without memory. decision_id may be NULL (left out). `full` adds
 * contributions by group and by input. */
json_t *cr_result_to_json(const struct cr_bundle *bundle, const struct cr_result *result,
                          const char *decision_id, bool full);

#endif
