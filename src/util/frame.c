// SPDX-License-Identifier: MIT
#include "creditrisk/util/frame.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/hash.h"
#include "creditrisk/util/num.h"
#include "os.h"

enum { FIRST_ROWS = 64, FIRST_SLOTS = 16 };

void cr_frame_init(struct cr_frame *frame)
{
    *frame = (struct cr_frame){0};
}

void cr_frame_finish(struct cr_frame *frame)
{
    if (frame == NULL) {
        return;
    }
    for (size_t i = 0; i < frame->n_cols; i++) {
        struct cr_column *column = &frame->columns[i];

        for (size_t j = 0; j < column->n_texts; j++) {
            free(column->texts[j]);
        }
        free(column->name);
        free(column->numbers);
        free(column->codes);
        free(column->texts);
        free(column->slots);
    }
    free(frame->columns);
    cr_frame_init(frame);
}

int cr_frame_add_column(struct cr_frame *frame, const char *name, enum cr_column_type type,
                        struct cr_error *err)
{
    struct cr_column *columns;
    char *copy;

    assert(frame->n_rows == 0);
    columns = reallocarray(frame->columns, frame->n_cols + 1, sizeof(*columns));
    if (columns == NULL) {
        return cr_error_no_memory(err);
    }
    frame->columns = columns;
    copy = strdup(name);
    if (copy == NULL) {
        return cr_error_no_memory(err);
    }
    columns[frame->n_cols++] = (struct cr_column){.name = copy, .type = type};
    return 0;
}

/* Should it fail half-way, row_cap still holds for every column. */
static int grow_rows(struct cr_frame *frame, struct cr_error *err)
{
    size_t cap = frame->row_cap == 0 ? FIRST_ROWS : 2 * frame->row_cap;

    for (size_t i = 0; i < frame->n_cols; i++) {
        struct cr_column *column = &frame->columns[i];

        if (column->type == CR_COLUMN_NUMBER) {
            double *numbers = reallocarray(column->numbers, cap, sizeof(*numbers));

            if (numbers == NULL) {
                return cr_error_no_memory(err);
            }
            column->numbers = numbers;
        } else {
            int32_t *codes = reallocarray(column->codes, cap, sizeof(*codes));

            if (codes == NULL) {
                return cr_error_no_memory(err);
            }
            column->codes = codes;
        }
    }
    frame->row_cap = cap;
    return 0;
}

int cr_frame_add_row(struct cr_frame *frame, struct cr_error *err)
{
    if (frame->n_rows == frame->row_cap) {
        int result = grow_rows(frame, err);

        if (result != 0) {
            return result;
        }
    }
    for (size_t i = 0; i < frame->n_cols; i++) {
        struct cr_column *column = &frame->columns[i];

        if (column->type == CR_COLUMN_NUMBER) {
            column->numbers[frame->n_rows] = NAN;
        } else {
            column->codes[frame->n_rows] = -1;
        }
    }
    frame->n_rows++;
    return 0;
}

void cr_frame_set_number(struct cr_frame *frame, size_t row, size_t col, double number)
{
    assert(row < frame->n_rows && col < frame->n_cols);
    assert(frame->columns[col].type == CR_COLUMN_NUMBER);
    frame->columns[col].numbers[row] = number;
}

/* The slot that holds text, or the free one where it belongs. */
static size_t find_slot(const struct cr_column *column, const char *text, size_t len)
{
    size_t mask = column->n_slots - 1;
    uint64_t hash = cr_hash(text, len);
    size_t slot = (size_t)(hash ^ (hash >> 32)) & mask;

    while (column->slots[slot] != 0) {
        const char *other = column->texts[column->slots[slot] - 1];

        if (strncmp(other, text, len) == 0 && other[len] == '\0') {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* Doubles the slots, and the list of texts to half of them: at most every second slot is taken. */
static int grow_texts(struct cr_column *column)
{
    size_t n_slots = column->n_slots == 0 ? FIRST_SLOTS : 2 * column->n_slots;
    char **texts = reallocarray(column->texts, n_slots / 2, sizeof(*texts));
    size_t *slots;

    if (texts == NULL) {
        return -1;
    }
    column->texts = texts;
    slots = calloc(n_slots, sizeof(*slots));
    if (slots == NULL) {
        return -1;
    }
    free(column->slots);
    column->slots = slots;
    column->n_slots = n_slots;
    for (size_t i = 0; i < column->n_texts; i++) {
        slots[find_slot(column, texts[i], strlen(texts[i]))] = i + 1;
    }
    return 0;
}

/* The code of text[0..len), which becomes one of the column's texts if it is new. */
static int intern(struct cr_column *column, const char *text, size_t len, int32_t *ret_code,
                  struct cr_error *err)
{
    size_t slot;

    if (column->n_texts == column->n_slots / 2 && grow_texts(column) != 0) {
        return cr_error_no_memory(err);
    }
    slot = find_slot(column, text, len);
    if (column->slots[slot] == 0) {
        char *copy = column->n_texts < INT32_MAX ? strndup(text, len) : NULL;

        if (copy == NULL) {
            return cr_error_no_memory(err);
        }
        column->texts[column->n_texts++] = copy;
        column->slots[slot] = column->n_texts;
    }
    *ret_code = (int32_t)(column->slots[slot] - 1);
    return 0;
}

int cr_frame_set_text(struct cr_frame *frame, size_t row, size_t col, const char *text, size_t len,
                      struct cr_error *err)
{
    assert(row < frame->n_rows && col < frame->n_cols);
    assert(frame->columns[col].type == CR_COLUMN_TEXT);
    return intern(&frame->columns[col], text, strnlen(text, len), &frame->columns[col].codes[row],
                  err);
}

ptrdiff_t cr_column_find_text(const struct cr_column *column, const char *text, size_t len)
{
    assert(column->type == CR_COLUMN_TEXT);
    if (column->n_slots == 0) {
        return -1;
    }
    return (ptrdiff_t)column->slots[find_slot(column, text, strnlen(text, len))] - 1; /* 0 = free */
}

struct cr_value cr_column_get(const struct cr_column *column, size_t row)
{
    struct cr_value value = CR_VALUE_MISSING;

    if (column->type == CR_COLUMN_NUMBER) {
        value.number = column->numbers[row];
    } else if (column->codes[row] >= 0) {
        value.text = column->texts[column->codes[row]];
    }
    return value;
}

struct cr_value cr_frame_get(const struct cr_frame *frame, size_t row, size_t col)
{
    assert(row < frame->n_rows && col < frame->n_cols);
    return cr_column_get(&frame->columns[col], row);
}

ptrdiff_t cr_frame_find(const struct cr_frame *frame, const char *name)
{
    for (size_t i = 0; i < frame->n_cols; i++) {
        if (strcmp(frame->columns[i].name, name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

static void write_cell(struct cr_value value, FILE *out)
{
    char number[CR_NUM_LEN];

    if (value.text != NULL) {
        cr_csv_write_field(out, value.text, strlen(value.text), ',');
    } else if (!isnan(value.number)) {
        cr_csv_write_field(out, number, cr_num_format(value.number, number), ',');
    }
}

/* Failures of the stream are sticky: the end looks once. */
int cr_frame_write_csv(const struct cr_frame *frame, const size_t *cols, size_t n_cols, FILE *out,
                       const char *out_name, struct cr_error *err)
{
    for (size_t j = 0; j < n_cols; j++) {
        const char *name = frame->columns[cols[j]].name;

        if (j > 0) {
            (void)fputc(',', out);
        }
        cr_csv_write_field(out, name, strlen(name), ',');
    }
    (void)fputc('\n', out);
    for (size_t i = 0; i < frame->n_rows; i++) {
        for (size_t j = 0; j < n_cols; j++) {
            struct cr_value value = cr_frame_get(frame, i, cols[j]);

            if (j > 0) {
                (void)fputc(',', out);
            } else if (n_cols == 1 && cr_value_is_missing(value)) {
                (void)fputs("\"\"", out); /* a blank line would be no row */
            }
            write_cell(value, out);
        }
        (void)fputc('\n', out);
    }
    if (fflush(out) != 0 || ferror(out)) {
        return os_error(err, "write", out_name);
    }
    return 0;
}

int cr_frame_save_csv(const struct cr_frame *frame, const size_t *cols, size_t n_cols,
                      const char *path, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int r;

    if (out == NULL) {
        return cr_error_no_memory(err);
    }
    r = cr_frame_write_csv(frame, cols, n_cols, out, path, err);
    if (fclose(out) != 0 && r == 0) {
        r = cr_error_no_memory(err);
    }
    return r != 0 ? r : cr_fs_write(path, text, len, err);
}

int cr_matrix_init(struct cr_matrix *matrix, size_t n_rows, size_t n_cols, struct cr_error *err)
{
    size_t n;
    double *values = NULL;

    if (!__builtin_mul_overflow(n_rows, n_cols, &n)) {
        values = calloc(n > 0 ? n : 1, sizeof(*values));
    }
    if (values == NULL) {
        return cr_error_set(err, CR_ENOMEM, "no memory for %zu × %zu numbers", n_rows, n_cols);
    }
    *matrix = (struct cr_matrix){values, n_rows, n_cols};
    return 0;
}

void cr_matrix_finish(struct cr_matrix *matrix)
{
    if (matrix != NULL) {
        free(matrix->values);
        *matrix = (struct cr_matrix){NULL, 0, 0};
    }
}
