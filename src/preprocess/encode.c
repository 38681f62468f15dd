// SPDX-License-Identifier: MIT
/* Encode: an ordinal text becomes the index of its level in declared order, −1 when it is none; a
 * nominal one a column of 0 and 1 per declared level, all 0 when it is none. Nothing is learnt: the
 * levels are declared, so a set of rows cannot change the columns. */
#include <math.h>
#include <string.h>

#include "step.h"

/* The engine and the record reader hand on the level's own pointer: looking for that first spares
 * the comparison of texts. */
ptrdiff_t cr_encode_level(const struct cr_levels *levels, const char *text)
{
    for (size_t i = 0; i < levels->n; i++) {
        if (levels->texts[i] == text) {
            return (ptrdiff_t)i;
        }
    }
    for (size_t i = 0; i < levels->n; i++) {
        if (strcmp(levels->texts[i], text) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

void cr_encode_rows(const struct cr_step *step, const struct cr_step_rows *rows, double *values)
{
    const struct cr_column *column = rows->column;

    for (size_t i = 0; i < rows->n; i++) {
        size_t row = rows->rows[i];

        if (!step->is_text) {
            values[i] = isfinite(column->numbers[row]) ? column->numbers[row] : step->impute;
        } else if (column->codes[row] < 0) {
            values[i] = step->impute;
        } else {
            values[i] =
                (double)cr_encode_level(&step->feature->levels, column->texts[column->codes[row]]);
        }
    }
}
