// SPDX-License-Identifier: MIT
/* LightGBM's trainer with its parts: rows are binned once and shared by many fits, and a fit can be
 * watched and stopped. Ask cr_trainer_find("lightgbm") first: without the library only
 * cr_lightgbm_name works. */
#ifndef CREDITRISK_SRC_MODEL_LIGHTGBM_H
#define CREDITRISK_SRC_MODEL_LIGHTGBM_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "creditrisk/model/trainer.h"

/* Binned training rows; immutable, so that several threads may fit on it at once. */
struct cr_lightgbm_data;

/* Copies what it needs: data may go afterwards. CR_EMODEL also for two names that LightGBM cannot
 * tell apart (cr_lightgbm_name_char). Yours: cr_lightgbm_data_destroy. */
int cr_lightgbm_data_create(const struct cr_fit_data *data, struct cr_lightgbm_data **ret_data,
                            struct cr_error *err);
void cr_lightgbm_data_destroy(struct cr_lightgbm_data *data);

/* Appends the model file to out. watch may be NULL, and so may out, if the margins were all that
 * was wanted. Errors are those of struct cr_trainer's fit. */
int cr_lightgbm_fit(const struct cr_lightgbm_data *data, const struct cr_fit_options *options,
                    const struct cr_fit_watch *watch, struct cr_strbuf *out, struct cr_error *err);

/* LightGBM takes no blanks and none of JSON's signs in the names of inputs: a character of a name
 * as it stands in the model file. */
static inline char cr_lightgbm_name_char(char c)
{
    return (unsigned char)c <= ' ' || strchr("\",:[]{}", c) != NULL ? '_' : c;
}

#endif
