// SPDX-License-Identifier: MIT
/* Private to score/: a version's files, read with a maximum and checked against each other. */
#ifndef SCORE_BUNDLE_FILES_H
#define SCORE_BUNDLE_FILES_H

#include <stddef.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/util/error.h"

/* Fills threshold and model_name from bundle->manifest, then portfolio, pipeline, calibration and
 * model from the folder. CR_EMODEL names the file that is wrong. What was filled belongs to the
 * bundle, also after a failure. */
int cr_bundle_read_files(struct cr_bundle *bundle, const char *dir, struct cr_error *err);

/* Reads dir/name; *ret_text is yours (free). Absent or too large is CR_EMODEL. */
int cr_bundle_read_file(const char *dir, const char *name, size_t max_len, char **ret_text,
                        size_t *ret_len, struct cr_error *err);

/* A reader's complaint about a file as CR_EMODEL with the file's name in front, unless it is there;
 * CR_ENOMEM and CR_EIO stay what they are. */
int cr_bundle_refuse(const char *name, const struct cr_error *cause, struct cr_error *err);

#endif
