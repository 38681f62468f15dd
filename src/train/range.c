// SPDX-License-Identifier: MIT
#include "range.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "creditrisk/util/num.h"

enum { ROW_NAME_LEN = 160, REASON_LEN = 240 };

/* As its reader finds it in the book. */
static void name_row(const struct cr_extract *extract, size_t row, char *name)
{
    const struct cr_frame *frame = &extract->frame;
    struct cr_value key = extract->col_row < 0 ? CR_VALUE_MISSING
                                               : cr_frame_get(frame, row, (size_t)extract->col_row);
    if (cr_value_is_missing(key)) {
        (void)snprintf(name, ROW_NAME_LEN, "row %zu of training.sql", row + 1);
        return;
    }
    const char *column = frame->columns[extract->col_row].name;
    char number[CR_NUM_LEN];
    if (key.text == NULL) {
        (void)cr_num_format(key.number, number); /* the length is of no use here */
    }
    (void)snprintf(name, ROW_NAME_LEN, "%s '%s'", column, key.text != NULL ? key.text : number);
}

/* Why a feature matters that the set leaves out; "" of one that it has. */
static void give_reason(const struct cr_portfolio *portfolio, size_t set, size_t feature,
                        char reason[REASON_LEN])
{
    reason[0] = '\0';
    if (!cr_portfolio_set_has(portfolio, set, feature)) {
        (void)snprintf(reason, REASON_LEN,
                       "; the set '%s' has the feature, and a training on '%s' is compared with it",
                       portfolio->sets[portfolio->features[feature].set].name,
                       portfolio->sets[set].name);
    }
}

int cr_range_check_feature(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                           size_t set, size_t feature, struct cr_error *err)
{
    const struct cr_frame *frame = &extract->frame;
    const struct cr_column *column = &frame->columns[extract->first_feature + feature];
    size_t first = 0;
    size_t n = 0;
    for (size_t row = 0; column->type == CR_COLUMN_NUMBER && row < frame->n_rows; row++) {
        double number = column->numbers[row];
        if (!isnan(number) && !cr_num_fits_float(number)) {
            first = n++ == 0 ? row : first;
        }
    }
    if (n == 0) {
        return 0;
    }
    char name[ROW_NAME_LEN];
    char number[CR_NUM_LEN];
    char reason[REASON_LEN];
    name_row(extract, first, name);
    give_reason(portfolio, set, feature, reason);
    (void)cr_num_format(column->numbers[first], number); /* the length is of no use here */
    return cr_error_set(err, CR_EINVAL,
                        "'%s' is '%s' or the like in %zu of %zu rows, first in %s: models take "
                        "numbers within ±%.2g only%s",
                        portfolio->features[feature].name, number, n, frame->n_rows, name,
                        (double)FLT_MAX, reason);
}
