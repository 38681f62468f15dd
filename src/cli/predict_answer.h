// SPDX-License-Identifier: MIT
/* One application of `creditrisk predict`: its answer, and what of it people read. */
#ifndef CREDITRISK_SRC_CLI_PREDICT_ANSWER_H
#define CREDITRISK_SRC_CLI_PREDICT_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/arena.h"
#include "predict_input.h"

/* The daemon's answer to the text, `full` with every contribution, or {"detail": […]}, which also
 * sets *ret_refused. *ret_answer is yours: json_decref. */
int cr_predict_answer(struct cr_bundle *bundle, const char *text, size_t len, bool full,
                      struct cr_arena *arena, json_t **ret_answer, bool *ret_refused,
                      struct cr_error *err);

/* Prints an answer in words. What is wrong with a key that is no field ends with the field that was
 * probably meant. */
int cr_predict_print(const struct cr_portfolio *portfolio, const json_t *answer,
                     struct cr_error *err);

/* The same of what the input, which is held, has alone; CR_EPARSE, with the file and the byte, when
 * that is no JSON. Unless it was asked for, the message says what else it looks like. */
int cr_predict_print_only(const struct cr_portfolio *portfolio,
                          const struct cr_predict_input *input, enum cr_predict_basis basis,
                          const json_t *answer, struct cr_error *err);

#endif
