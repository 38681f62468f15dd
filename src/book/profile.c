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
#include "creditrisk/util/num.h"
#include "creditrisk/util/utf8.h"

const char *const cr_profile_markers[] = {"",     "NA",   "N/A",  "n/a", "NaN", "nan",
                                          "NULL", "null", "None", "?",   "."};
const size_t cr_profile_n_markers = CR_ARRAY_LEN(cr_profile_markers);

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory for the profile of the file");
}

bool cr_profile_is_named_id(const char *header)
{
    static const char *const words[] = {"id", "uuid", "key"};
    size_t end = strlen(header);
    size_t begin = end;

    while (begin > 0 && isalpha((unsigned char)header[begin - 1]) &&
           !(begin < end && islower((unsigned char)header[begin - 1]) &&
             isupper((unsigned char)header[begin]))) {
        begin--; /* the last word of loan_id, "Loan ID", loanId */
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(words); i++) {
        if (strcasecmp(header + begin, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo): two different values of a file meet by accident less than
 * once in a million files of a million rows. */
static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325U;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3U;
    }
    return hash;
}

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
    if (column->n_levels == CR_PROFILE_MAX_LEVELS || len > CR_PROFILE_MAX_LEVEL_LEN) {
        column->has_many = true;
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

static bool is_marker(struct cr_profile *profile, const char *text, size_t len)
{
    for (size_t i = 0; i < cr_profile_n_markers; i++) {
        if (strlen(cr_profile_markers[i]) == len && memcmp(cr_profile_markers[i], text, len) == 0) {
            profile->markers |= 1U << i;
            return true;
        }
    }
    return false;
}

static int refuse_bytes(const struct cr_csv_row *row, size_t i, struct cr_error *err)
{
    return cr_error_at(err, CR_EINVAL, row->file, row->line, i + 1,
                       "'%s' is not UTF-8: convert the file", row->fields[i].text);
}

static int read_cell(struct cr_profile *profile, struct cr_profile_column *column,
                     const struct cr_csv_field *field, struct cr_error *err)
{
    double number;
    int64_t whole, days;

    if (is_marker(profile, field->text, field->len)) {
        column->n_missing++;
        return 0;
    }
    column->n_present++;
    if (cr_num_parse(field->text, field->len, &number) && isfinite(number)) {
        column->n_number++;
        column->n_int += cr_num_parse_int(field->text, field->len, &whole) &&
                         fabs((double)whole) <= CR_NUM_MAX_EXACT;
        column->min = column->n_number == 1 ? number : fmin(column->min, number);
        column->max = column->n_number == 1 ? number : fmax(column->max, number);
        column->sum += number;
    }
    column->n_date += cr_clock_parse_date(field->text, field->len, &days);
    if (cr_profile_is_named_id(column->header)) {
        return add_hash(column, hash_of(field->text, field->len), err);
    }
    return column->has_many ? 0 : add_level(column, field->text, field->len, err);
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
                ? read_cell(profile, &profile->columns[i], &row->fields[i], err)
                : refuse_bytes(row, i, err);
    }
    profile->n_rows++;
    return r;
}

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

/* "1", "01" and "1.0" are one value, which the first text stands for from now on. */
static int merge_values(struct cr_profile_column *column, struct cr_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < column->n_levels; i++) {
        struct cr_profile_level *level = &column->levels[i];
        char *text = NULL;
        int64_t whole = 0;

        (void)cr_num_parse_int(level->text, strlen(level->text), &whole); /* all of them are */
        if (asprintf(&text, "%" PRId64, whole) < 0) {
            return no_memory(err);
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

static int settle(struct cr_profile_column *column, struct cr_error *err)
{
    qsort(column->levels, column->n_levels, sizeof(*column->levels), by_value);
    column->is_distinct = column->n_hashes > 0;
    if (column->is_distinct) {
        qsort(column->hashes, column->n_hashes, sizeof(*column->hashes), by_hash);
    }
    for (size_t i = 1; i < column->n_hashes; i++) {
        column->is_distinct = column->is_distinct && column->hashes[i] != column->hashes[i - 1];
    }
    return cr_profile_is_int(column) ? merge_values(column, err) : 0;
}

/* The header has one name less than it has separators: the candidate that it has most of. */
static int guess_separator(const char *path, char *ret_separator, struct cr_error *err)
{
    static const char candidates[] = ",;\t|";
    CR_CLEANUP(cr_fclosep) FILE *file = fopen(path, "re");
    CR_CLEANUP(cr_freep) char *line = NULL;
    size_t cap = 0, best = 0;
    ssize_t len;

    if (file == NULL) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no file '%s'", path);
    }
    len = getline(&line, &cap, file);
    *ret_separator = candidates[0];
    for (const char *c = candidates; len > 0 && *c != '\0'; c++) {
        size_t n = 0;

        for (ssize_t i = 0; i < len; i++) {
            n += line[i] == *c;
        }
        if (n > best) {
            best = n;
            *ret_separator = *c;
        }
    }
    return 0;
}

int cr_profile_read(const char *path, struct cr_profile *ret_profile, struct cr_error *err)
{
    CR_CLEANUP(cr_profile_finish) struct cr_profile profile = {0};
    struct cr_csv_options options = {0};
    int r = guess_separator(path, &profile.separator, err);

    if (r == 0) {
        options.separator = profile.separator;
        r = cr_csv_read(path, &options, on_row, &profile, err);
    }
    if (r == 0 && profile.n_rows == 0) {
        r = cr_error_set(err, CR_EINVAL, "%s: there are no rows behind the header", path);
    }
    for (size_t i = 0; i < profile.n_columns && r == 0; i++) {
        r = settle(&profile.columns[i], err);
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
