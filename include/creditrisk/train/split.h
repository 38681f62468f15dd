// SPDX-License-Identifier: MIT
/* Split: which rows are tested on, and the folds of the others.
 *
 * Units (customers, or rows without grouping) are put into cells by (number of rows, number of bad
 * ones), shuffled inside each cell, the cells laid end to end in that order and dealt in turn to
 * the folds: every fold gets nearly the same share of every cell. */
#ifndef CREDITRISK_TRAIN_SPLIT_H
#define CREDITRISK_TRAIN_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/features/extract.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/error.h"

struct cr_split {
    char kind[16];  /* "random", "group", "time", "column" or "ids": what was done */
    bool grouped;   /* no customer stands in two folds (nor, for "group", in train and test) */
    char note[160]; /* a line for people when it is not what was asked for; "" otherwise */
    size_t *train;  /* row indices of the extract, ascending */
    size_t n_train;
    size_t *test;
    size_t n_test;
    size_t n_folds;
    size_t *fold;                   /* n_train: the fold of train[i] */
    char *ids_file;                 /* "ids": the last part of its name, NULL for other kinds … */
    char ids_sha256[CR_DIGEST_LEN]; /* … and its digest */
};

/* `random`, `group` and `time` test on one of so many parts. */
enum { CR_SPLIT_N_PARTS = 5 };

/* spec: random | group | time | column:NAME | ids:FILE. The file's first column has the keys of the
 * test rows, numbers or texts, below the name of the keys' column or from the first line on.
 * CR_EINVAL for an unknown spec, no keys, a line that is no key, a file that names no row or all of
 * them, or when a part lacks one of the outcomes. Yours: cr_split_finish. */
int cr_split_make(const char *spec, const struct cr_extract *extract, size_t n_folds, uint64_t seed,
                  struct cr_split *ret_split, struct cr_error *err);
void cr_split_finish(struct cr_split *split);

/* Whether cr_split_make would know the spec: CR_EINVAL, before the book is read. */
int cr_split_check(const char *spec, struct cr_error *err);

#endif
