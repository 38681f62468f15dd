// SPDX-License-Identifier: MIT
/* The test rows by the keys in a file. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/num.h"
#include "rank.h"
#include "split.h"

/* The ids of a file, matched to the keys of the rows. */
struct id_marker {
    const struct cr_column *keys;
    const struct cr_keyed_row *rows; /* sorted by key */
    size_t n;
    bool *is_test; /* of each row */
    bool is_begun; /* the first line is read */
    size_t n_unknown;
    struct cr_error first; /* of the unknown ones */
};

/* Only the letters and digits of a name count, whatever their case: what a file calls LoanId or
 * "Loan ID" is loan_id in the book. */
static const char *skip_to_word(const char *text)
{
    while (*text != '\0' && !isalnum((unsigned char)*text)) {
        text++;
    }
    return text;
}

static bool is_same_name(const char *a, const char *b)
{
    a = skip_to_word(a);
    b = skip_to_word(b);
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a = skip_to_word(a + 1);
        b = skip_to_word(b + 1);
    }
    return *a == *b; /* both at their end */
}

/* The key that an id stands for, as cr_split_key has it; infinite for what can be none. */
static double find_key(const struct cr_column *keys, const struct cr_csv_field *id)
{
    if (keys->type == CR_COLUMN_NUMBER) {
        double key;
        return cr_num_parse(id->text, id->len, &key) ? key : INFINITY;
    }
    ptrdiff_t code = cr_column_find_text(keys, id->text, id->len);
    return code < 0 ? INFINITY : (double)code;
}

/* Marks the rows of the key; false when there is none. */
static bool mark_key(struct id_marker *marker, double key)
{
    size_t low = 0;
    size_t high = marker->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (marker->rows[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_known = isfinite(key) && low < marker->n && marker->rows[low].key == key;
    for (; is_known && low < marker->n && marker->rows[low].key == key; low++) {
        marker->is_test[marker->rows[low].row] = true;
    }
    return is_known;
}

static int mark_id(const struct cr_csv_row *csv, void *context, struct cr_error *err)
{
    struct id_marker *marker = context;
    const char *name = marker->keys->name;
    bool is_first = !marker->is_begun;
    (void)err; /* an unknown id is told of when all are counted */
    marker->is_begun = true;
    if (mark_key(marker, find_key(marker->keys, &csv->fields[0])) ||
        (is_first && is_same_name(csv->fields[0].text, name))) {
        return 0;
    }
    if (marker->n_unknown++ == 0) {
        (void)cr_error_at(&marker->first, CR_EINVAL, csv->file, csv->line, 1,
                          "no application has the id '%s'%s%s%s", csv->fields[0].text,
                          is_first ? ", and a header would be '" : "", is_first ? name : "",
                          is_first ? "'" : "");
    }
    return 0;
}

/* Refuses what leaves nothing to test, or to train, on. */
static int check_ids(const struct id_marker *marker, const char *file, struct cr_error *err)
{
    size_t n_test = 0;
    for (size_t i = 0; i < marker->n; i++) {
        n_test += marker->is_test[i];
    }
    if (marker->n_unknown > 1) {
        return cr_error_set(err, CR_EINVAL, "%s; it is the first of %zu such lines",
                            marker->first.message, marker->n_unknown);
    }
    if (marker->n_unknown == 1) {
        *err = marker->first;
        return err->code;
    }
    if (n_test == 0) {
        return cr_error_set(err, CR_EINVAL, "'%s' names no application", file);
    }
    return n_test < marker->n ? 0
                              : cr_error_set(err, CR_EINVAL,
                                             "'%s' names all %zu applications: none is left to "
                                             "train on",
                                             file, n_test);
}

int cr_split_mark_ids(const struct cr_extract *extract, const char *file, struct cr_split *split,
                      bool *is_test, struct cr_error *err)
{
    size_t n = extract->frame.n_rows;
    if (extract->col_row < 0) {
        return cr_error_set(err, CR_EINVAL,
                            "split 'ids' needs the keys of the rows, which training.sql lacks: "
                            "mark the test rows in a column of 0 and 1 and say column:NAME");
    }
    CR_CLEANUP(cr_freep) struct cr_keyed_row *rows = calloc(n + 1, sizeof *rows);
    if (rows == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a split of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct cr_keyed_row){cr_split_key(&extract->frame, extract->col_row, i), i};
    }
    cr_rank_keys(rows, n);
    struct id_marker marker = {.keys = &extract->frame.columns[extract->col_row],
                               .rows = rows,
                               .n = n,
                               .is_test = is_test};
    int result = cr_csv_read(file, &(struct cr_csv_options){0}, mark_id, &marker, err);
    if (result != 0 || (result = check_ids(&marker, file, err)) != 0) {
        return result;
    }
    split->ids_file = cr_fs_shown_name(file);
    return split->ids_file != NULL ? cr_digest_file(file, split->ids_sha256, err)
                                   : cr_error_no_memory(err);
}
