// SPDX-License-Identifier: MIT
/* Private to book/: what the columns of a CSV file look like, seen in one pass and in memory that
 * does not grow with the rows (identifiers apart, and whole numbers of which none has come twice: 8
 * bytes a row). */
#ifndef BOOK_PROFILE_H
#define BOOK_PROFILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"
#include "points.h"

/* More different texts than these are not counted any further, nor are those with one that is
 * longer than a choice would be. */
enum { CR_PROFILE_MAX_LEVELS = 64, CR_PROFILE_MAX_LEVEL_LEN = 200 };

/* A whole number with at most so many values may be a code rather than an amount. */
enum { CR_PROFILE_MAX_CODES = 12 };

/* Texts that are missing values wherever they stand, the first being the empty one, and others that
 * are only if they stand among numbers. */
enum { CR_PROFILE_N_MARKERS = 23, CR_PROFILE_N_SURE = 11 };

extern const char *const cr_profile_markers[CR_PROFILE_N_MARKERS];

struct cr_profile_level {
    char *text;
    size_t n; /* rows that have it */
};

struct cr_profile_column {
    char *header; /* as the file writes it */
    bool is_id;   /* it is called as identifiers are */
    size_t n_present;
    size_t n_missing; /* empty or one of the markers that count */
    size_t n_int;     /* of those present: whole numbers, numbers, dates */
    size_t n_number;
    size_t n_date;
    size_t n_date_like;   /* dates to people, those among them */
    double min, max, sum; /* of the numbers */
    struct points points; /* theirs */
    size_t n_zero_led;    /* digits behind a 0, as of 01067: its texts are codes, and no numbers */
    size_t n_odd;         /* cells of a column of numbers that are none; they are not present */
    char *odd;            /* the first text that is no number, cut where it is long … */
    size_t odd_line;      /* … and where it stands; NULL when there is none */
    size_t n_levels;      /* different texts, numbers in ascending order before the others; of whole
                             numbers the values, however they are written */
    struct cr_profile_level levels[CR_PROFILE_MAX_LEVELS];
    bool has_many;     /* there are more than these, or a text that is longer */
    bool has_long;     /* the latter */
    size_t n_distinct; /* different values, if it is called as an identifier is; else 0 */
    bool is_unique;    /* it is not called so, but each row has a whole number of its own */

    /* While reading: how often each of the markers that are not sure, and the values of an
     * identifier or of what may be one. */
    bool has_repeats; /* it cannot be */
    size_t n_marked[CR_PROFILE_N_MARKERS];
    uint64_t *hashes;
    size_t n_hashes;
    size_t cap_hashes;
};

struct cr_profile {
    char separator;
    size_t n_rows;
    size_t n_columns;
    struct cr_profile_column *columns;
    unsigned markers; /* bit i: cr_profile_markers[i] was seen, and counts as missing */
};

/* Reads the file. Yours: cr_profile_finish. A file without rows, a header that is twice there or
 * empty, a row of another length and what is no UTF-8 are CR_EINVAL, with the place where there is
 * one; otherwise as cr_csv_read. */
int cr_profile_read(const char *path, const volatile sig_atomic_t *cancelled,
                    struct cr_profile *ret_profile, struct cr_error *err);
void cr_profile_finish(struct cr_profile *profile);

/* The last step of reading, when all rows were seen: which markers count, which columns are of
 * numbers but for a few odd cells, and the order of the levels. */
int cr_profile_settle(struct cr_profile *profile, struct cr_error *err);

/* How many different ones the hashes are; sorts them. */
size_t cr_profile_count_distinct(struct cr_profile_column *column);

/* The column of that header; NULL when there is none. */
const struct cr_profile_column *cr_profile_find(const struct cr_profile *profile,
                                                const char *header);

/* Whether all present values are of that kind, odd cells being none; false without any. */
bool cr_profile_is_int(const struct cr_profile_column *column);
bool cr_profile_is_number(const struct cr_profile_column *column);
bool cr_profile_is_date(const struct cr_profile_column *column);
bool cr_profile_is_date_like(const struct cr_profile_column *column);

#endif
