// SPDX-License-Identifier: MIT
#include "profile.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/hash.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/utf8.h"
#include "creditrisk/util/written.h"
#include "propose_name.h"

/* How much of a cell a message quotes. */
enum { SHOWN_LEN = 40 };

const char *const cr_profile_markers[CR_PROFILE_N_MARKERS] = {
    "",        "NA",      "N/A", "n/a",  "NaN",  "nan",     "NULL",    "null",
    "None",    "?",       ".",   "-",    "--",   "unknown", "Unknown", "UNKNOWN",
    "missing", "Missing", "na",  "n.a.", "#N/A", "<NA>",    "Nil",
};

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory for the profile of the file");
}

/* Of 64 bits: two different values of a file meet by accident less than once in a million files of
 * a million rows. */
static int add_hash(struct cr_profile_column *column, uint64_t hash, struct cr_error *err)
{
    if (column->n_hashes == column->cap_hashes) {
        size_t cap = column->cap_hashes > 0 ? 2 * column->cap_hashes : 1024;
        uint64_t *grown = reallocarray(column->hashes, cap, sizeof(*grown));

        if (grown == NULL) {
            return no_memory(err);
        }
        column->hashes = grown;
        column->cap_hashes = cap;
    }
    column->hashes[column->n_hashes++] = hash;
    return 0;
}

/* A whole number of a column that may be an identifier for all its name: as long as none has come
 * twice, which is looked for before their memory grows. */
static int meet_whole(struct cr_profile_column *column, int64_t whole, struct cr_error *err)
{
    if (column->is_id || column->has_repeats) {
        return 0;
    }
    if (column->n_hashes == column->cap_hashes &&
        cr_profile_count_distinct(column) < column->n_hashes) {
        column->has_repeats = true;
        return 0;
    }
    return add_hash(column, (uint64_t)whole, err);
}

static int add_level(struct cr_profile_column *column, const char *text, size_t len,
                     struct cr_error *err)
{
    struct cr_profile_level *level = column->levels;

    for (size_t i = 0; i < column->n_levels; i++, level++) {
        if (strlen(level->text) == len && memcmp(level->text, text, len) == 0) {
            level->n++;
            return 0;
        }
    }
    column->has_many = column->n_levels == CR_PROFILE_MAX_LEVELS;
    column->has_long |= len > CR_PROFILE_MAX_LEVEL_LEN;
    if (column->has_many || len > CR_PROFILE_MAX_LEVEL_LEN) {
        return 0;
    }
    level->text = strndup(text, len);
    if (level->text == NULL) {
        return no_memory(err);
    }
    level->n = 1;
    column->n_levels++;
    return 0;
}

/* The marker's number; CR_PROFILE_N_MARKERS for any other text. */
static size_t find_marker(const char *text, size_t len)
{
    size_t i = 0;

    while (i < CR_PROFILE_N_MARKERS && (strlen(cr_profile_markers[i]) != len ||
                                        memcmp(cr_profile_markers[i], text, len) != 0)) {
        i++;
    }
    return i;
}

/* The first text that is neither a number nor might be a marker. */
static int keep_odd(struct cr_profile_column *column, const struct cr_csv_field *field, size_t line,
                    struct cr_error *err)
{
    size_t len = field->len;

    if (column->odd != NULL) {
        return 0;
    }
    while (len > SHOWN_LEN || cr_utf8_follows((unsigned char)field->text[len])) {
        len--;
    }
    if (asprintf(&column->odd, "%.*s%s", (int)len, field->text, len < field->len ? "…" : "") < 0) {
        column->odd = NULL; /* undefined after a failure */
        return no_memory(err);
    }
    column->odd_line = line;
    return 0;
}

static int refuse_bytes(const struct cr_csv_row *row, size_t i, struct cr_error *err)
{
    return cr_error_at(err, CR_EINVAL, row->file, row->line, i + 1,
                       "'%s' is not UTF-8: convert the file", row->fields[i].text);
}

static int read_number(struct cr_profile_column *column, const struct cr_csv_field *field,
                       size_t line, double number, struct cr_error *err)
{
    int64_t whole;
    bool is_whole = cr_num_parse_int(field->text, field->len, &whole) &&
                    fabs((double)whole) <= CR_NUM_MAX_EXACT;
    bool has_zero = field->len > 1 && field->text[0] == '0';

    column->n_number++;
    column->n_zero_led += has_zero && strspn(field->text, "0123456789") == field->len;
    column->n_int += is_whole;
    column->min = column->n_number == 1 ? number : fmin(column->min, number);
    column->max = column->n_number == 1 ? number : fmax(column->max, number);
    column->sum += number;
    cr_book_points_meet(&column->points, field->text, field->len, line);
    column->has_repeats |= !is_whole;
    return is_whole ? meet_whole(column, whole, err) : 0;
}

static int read_cell(struct cr_profile *profile, struct cr_profile_column *column,
                     const struct cr_csv_field *field, size_t line, struct cr_error *err)
{
    size_t marker = find_marker(field->text, field->len);
    double number;
    int64_t days;
    int r = 0;

    if (marker < CR_PROFILE_N_SURE) {
        profile->markers |= 1U << marker;
        column->n_missing++;
        return 0;
    }
    column->n_present++;
    if (cr_num_parse(field->text, field->len, &number) && isfinite(number)) {
        r = read_number(column, field, line, number, err);
    } else if (marker < CR_PROFILE_N_MARKERS) {
        column->n_marked[marker]++;
    } else {
        r = keep_odd(column, field, line, err);
    }
    column->n_date += cr_clock_parse_date(field->text, field->len, &days);
    column->n_date_like += cr_written_is_date(field->text, field->len);
    if (r == 0 && column->is_id) {
        r = add_hash(column, cr_hash(field->text, field->len), err);
    } else if (r == 0 && !column->has_many) {
        r = add_level(column, field->text, field->len, err);
    }
    return r;
}

static int read_header(struct cr_profile *profile, const struct cr_csv_row *row,
                       struct cr_error *err)
{
    profile->columns = calloc(row->n, sizeof(*profile->columns));
    if (profile->columns == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < row->n; i++) {
        const char *header = row->fields[i].text;

        if (!cr_utf8_is_valid(header, row->fields[i].len)) {
            return refuse_bytes(row, i, err);
        }
        if (header[0] == '\0') {
            return cr_error_at(err, CR_EINVAL, row->file, row->line, i + 1,
                               "column %zu has no name", i + 1);
        }
        if (cr_profile_find(profile, header) != NULL) {
            return cr_error_at(err, CR_EINVAL, row->file, row->line, i + 1,
                               "column '%s' is there twice", header);
        }
        profile->columns[i].header = strdup(header);
        profile->columns[i].is_id = cr_propose_is_id(header);
        if (profile->columns[i].header == NULL) {
            return no_memory(err);
        }
        profile->n_columns = i + 1;
    }
    return 0;
}

static int on_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct cr_profile *profile = context;
    int r = 0;

    if (profile->n_columns == 0) {
        return read_header(profile, row, err);
    }
    if (row->n != profile->n_columns) {
        return cr_error_at(err, CR_EINVAL, row->file, row->line, 0,
                           "the row has %zu field%s, the header %zu", row->n,
                           row->n == 1 ? "" : "s", profile->n_columns);
    }
    for (size_t i = 0; i < row->n && r == 0; i++) {
        r = cr_utf8_is_valid(row->fields[i].text, row->fields[i].len)
                ? read_cell(profile, &profile->columns[i], &row->fields[i], row->line, err)
                : refuse_bytes(row, i, err);
    }
    profile->n_rows++;
    return r;
}

int cr_profile_read(const char *path, const volatile sig_atomic_t *cancelled,
                    struct cr_profile *ret_profile, struct cr_error *err)
{
    CR_CLEANUP(cr_profile_finish) struct cr_profile profile = {0};
    struct cr_csv_head head = {0};
    const struct cr_csv_options options = {
        .guess = true, .ret_head = &head, .cancelled = cancelled};
    int r;

    if (!cr_fs_exists(path)) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no file '%s'", path);
    }
    r = cr_csv_read(path, &options, on_row, &profile, err);
    profile.separator = head.separator;
    if (r == 0 && profile.n_rows == 0) {
        r = cr_error_set(err, CR_EINVAL, "%s: there are no rows behind the header", path);
    }
    if (r == 0) {
        r = cr_profile_settle(&profile, err);
    }
    if (r != 0) {
        return r;
    }
    *ret_profile = profile;
    profile = (struct cr_profile){0};
    return 0;
}

void cr_profile_finish(struct cr_profile *profile)
{
    for (size_t i = 0; i < profile->n_columns; i++) {
        struct cr_profile_column *column = &profile->columns[i];

        for (size_t j = 0; j < column->n_levels; j++) {
            free(column->levels[j].text);
        }
        free(column->hashes);
        free(column->odd);
        free(column->header);
    }
    free(profile->columns);
    *profile = (struct cr_profile){0};
}

const struct cr_profile_column *cr_profile_find(const struct cr_profile *profile,
                                                const char *header)
{
    for (size_t i = 0; i < profile->n_columns; i++) {
        if (strcmp(profile->columns[i].header, header) == 0) {
            return &profile->columns[i];
        }
    }
    return NULL;
}

bool cr_profile_is_int(const struct cr_profile_column *column)
{
    return column->n_present > 0 && column->n_int == column->n_present;
}

bool cr_profile_is_number(const struct cr_profile_column *column)
{
    return column->n_present > 0 && column->n_number == column->n_present;
}

bool cr_profile_is_date(const struct cr_profile_column *column)
{
    return column->n_present > 0 && column->n_date == column->n_present;
}

bool cr_profile_is_date_like(const struct cr_profile_column *column)
{
    return column->n_present > 0 && column->n_date_like == column->n_present;
}
