// SPDX-License-Identifier: MIT
/* Encode: an ordinal text becomes the index of its level in declared order, −1 when it is none; a
 * nominal one a column of 0 and 1 per declared level, all 0 when it is none. Nothing is learnt: the
 * levels are declared, so a set of rows cannot change the columns. */
#include "step.h"

void cr_encode_rows(const struct cr_step *step, const struct cr_step_rows *rows, double *values)
{
    for (size_t i = 0; i < rows->n; i++) {
        struct cr_value cell = cr_column_get(rows->column, rows->rows[i]);

        values[i] = cr_cell_encode(step->feature->levels, step->impute, &cell);
    }
}
