// SPDX-License-Identifier: MIT
/* Private to train/: what the parts of a split share. */
#ifndef CREDITRISK_SRC_TRAIN_SPLIT_H
#define CREDITRISK_SRC_TRAIN_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/features/extract.h"
#include "creditrisk/train/split.h"
#include "creditrisk/util/error.h"

/* A number that is equal for equal cells of the column: its value, or its text's code; infinite,
 * behind all others, for a missing one. */
double cr_split_key(const struct cr_frame *frame, ptrdiff_t col, size_t row);

/* split_ids.c: marks the rows whose keys stand in the first column of a CSV file. Its first line
 * may be a header: the name of the keys' column, in whatever capitals and however parted ("LoanId"
 * for loan_id). Names the file in `split`. CR_EINVAL for a line that is no key of a row, no keys,
 * and where no row or none but such rows is named; the errors of cr_csv_read. */
int cr_split_mark_ids(const struct cr_extract *extract, const char *file, struct cr_split *split,
                      bool *is_test, struct cr_error *err);

#endif
