// SPDX-License-Identifier: MIT
/* What the columns of a file are, once all rows were seen. */
#include "profile.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/num.h"

/* A column is of numbers when of so many cells at most one is none: of an amount, and of what has
 * few values, where a rare text may be one of them ("3+"). */
enum { FEW_OF_AMOUNTS = 20, FEW_OF_CODES = 100 };

static int by_value(const void *a, const void *b)
{
    const struct cr_profile_level *x = a;
    const struct cr_profile_level *y = b;
    double u, v;
    bool x_number = cr_num_parse(x->text, strlen(x->text), &u);
    bool y_number = cr_num_parse(y->text, strlen(y->text), &v);

    if (x_number && y_number && u != v) {
        return u < v ? -1 : 1;
    }
    if (x_number != y_number) {
        return x_number ? -1 : 1;
    }
    return strcmp(x->text, y->text);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* "1" and "1.0" are one value, which the first text stands for from now on. */
static int merge_values(struct cr_profile_column *column, struct cr_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < column->n_levels; i++) {
        struct cr_profile_level *level = &column->levels[i];
        char *text = NULL;
        int64_t whole = 0;

        (void)cr_num_parse_int(level->text, strlen(level->text), &whole); /* all of them are */
        if (asprintf(&text, "%" PRId64, whole) < 0) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for the profile of the file");
        }
        free(level->text);
        level->text = NULL;
        if (n > 0 && strcmp(column->levels[n - 1].text, text) == 0) {
            column->levels[n - 1].n += level->n;
            free(text);
        } else {
            column->levels[n++] = (struct cr_profile_level){text, level->n};
        }
    }
    column->n_levels = n;
    return 0;
}

static int settle_levels(struct cr_profile_column *column, struct cr_error *err)
{
    qsort(column->levels, column->n_levels, sizeof(*column->levels), by_value);
    return cr_profile_is_int(column) ? merge_values(column, err) : 0;
}

size_t cr_profile_count_distinct(struct cr_profile_column *column)
{
    size_t n = 0;

    if (column->n_hashes > 0) {
        qsort(column->hashes, column->n_hashes, sizeof(*column->hashes), by_hash);
    }
    for (size_t i = 0; i < column->n_hashes; i++) {
        n += i == 0 || column->hashes[i] != column->hashes[i - 1];
    }
    return n;
}

static void settle_distinct(struct cr_profile_column *column, size_t n_rows)
{
    size_t n = cr_profile_count_distinct(column);

    column->n_distinct = column->is_id ? n : 0;
    column->is_unique =
        !column->is_id && cr_profile_is_int(column) && !column->has_repeats && n == n_rows;
}

/* ---- markers and odd cells ---- */

/* Whether the column holds numbers, what might be markers, and little else. */
static bool is_of_numbers(const struct cr_profile_column *column)
{
    bool is_amount = column->has_many || column->n_levels > CR_PROFILE_MAX_CODES;
    size_t n_odd = column->n_present - column->n_number;

    for (size_t i = CR_PROFILE_N_SURE; i < CR_PROFILE_N_MARKERS; i++) {
        n_odd -= column->n_marked[i];
    }
    return column->n_number > 0 && !column->is_id &&
           n_odd * (is_amount ? FEW_OF_AMOUNTS : FEW_OF_CODES) <= column->n_number + n_odd;
}

static bool is_number(const char *text)
{
    double number;

    return cr_num_parse(text, strlen(text), &number) && isfinite(number);
}

/* Takes away the levels that are this text or, if it is NULL, no number. */
static void drop_levels(struct cr_profile_column *column, const char *text)
{
    size_t n = 0;

    for (size_t i = 0; i < column->n_levels; i++) {
        struct cr_profile_level *level = &column->levels[i];

        if (text != NULL ? strcmp(level->text, text) == 0 : !is_number(level->text)) {
            free(level->text);
        } else {
            column->levels[n++] = *level;
        }
    }
    column->n_levels = n;
}

/* Markers are those of the file: what is missing among numbers is so everywhere. */
static void take_markers(struct cr_profile_column *column, unsigned markers)
{
    for (size_t i = CR_PROFILE_N_SURE; i < CR_PROFILE_N_MARKERS; i++) {
        if ((markers & 1U << i) != 0 && column->n_marked[i] > 0) {
            column->n_present -= column->n_marked[i];
            column->n_missing += column->n_marked[i];
            drop_levels(column, cr_profile_markers[i]);
        }
    }
}

static void take_odd(struct cr_profile_column *column)
{
    column->n_odd = column->n_present - column->n_number;
    column->n_present = column->n_number;
    drop_levels(column, NULL);
}

/* Leading zeros prove that the column holds codes. */
static void take_codes(struct cr_profile_column *column)
{
    if (column->n_zero_led > 0) {
        column->n_number = 0;
        column->n_int = 0;
    }
}

int cr_profile_settle(struct cr_profile *profile, struct cr_error *err)
{
    int r = 0;

    for (size_t i = 0; i < profile->n_columns; i++) {
        struct cr_profile_column *column = &profile->columns[i];

        take_codes(column);
        for (size_t j = CR_PROFILE_N_SURE; j < CR_PROFILE_N_MARKERS; j++) {
            profile->markers |= column->n_marked[j] > 0 && is_of_numbers(column) ? 1U << j : 0;
        }
    }
    for (size_t i = 0; i < profile->n_columns && r == 0; i++) {
        struct cr_profile_column *column = &profile->columns[i];
        bool has_numbers = is_of_numbers(column);

        take_markers(column, profile->markers);
        if (has_numbers) {
            take_odd(column);
        } else {
            column->has_many |= column->has_long;
        }
        settle_distinct(column, profile->n_rows);
        r = settle_levels(column, err);
    }
    return r;
}
