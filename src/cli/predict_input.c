// SPDX-License-Identifier: MIT
#include "predict_input.h"

#include <string.h>
#include <unistd.h>

#include "creditrisk/util/fs.h"

enum { PIECE = 1 << 16 };

#define MAX_INPUT_BYTES ((size_t)64 << 20)

int cr_predict_input_open(const char *path, struct cr_predict_input *ret_input,
                          struct cr_error *err)
{
    int fd = STDIN_FILENO;
    int result = strcmp(path, "-") == 0 ? 0 : cr_fs_open(path, &fd, err);

    if (result == 0) {
        *ret_input = (struct cr_predict_input){.path = path, .fd = fd};
    }
    return result;
}

void cr_predict_input_finish(struct cr_predict_input *input)
{
    if (input->fd != STDIN_FILENO) {
        cr_fs_closep(&input->fd);
    }
    cr_strbuf_finish(&input->held);
}

/* Holds a piece more. */
static int read_piece(struct cr_predict_input *input, struct cr_error *err)
{
    struct cr_strbuf *held = &input->held;
    size_t len = 0;
    int result = cr_strbuf_reserve(held, PIECE) ? 0 : cr_strbuf_check(held, err);

    if (result == 0) {
        result = cr_fs_read_piece(input->fd, input->path, held->data + held->len, PIECE, &len, err);
    }
    if (result == 0) {
        held->len += len;
        held->data[held->len] = '\0';
        input->is_ended = len == 0;
    }
    return result;
}

/* A piece more of what is to be held as a whole. */
static int read_on(struct cr_predict_input *input, struct cr_error *err)
{
    int result = read_piece(input, err);

    return result == 0 && input->held.len > MAX_INPUT_BYTES
               ? cr_error_set(err, CR_ETOOBIG,
                              "'%s' has more than %zu bytes: as an array, NDJSON or CSV it may be "
                              "of any length",
                              input->path, MAX_INPUT_BYTES)
               : result;
}

int cr_predict_input_first(struct cr_predict_input *input, int *ret_first, struct cr_error *err)
{
    size_t at = 0;
    int result = 0;

    while (result == 0) {
        at += strspn(cr_strbuf_text(&input->held) + at, " \t\r\n");
        if (at < input->held.len || input->is_ended) {
            *ret_first = at < input->held.len ? (unsigned char)input->held.data[at] : -1;
            return 0;
        }
        result = read_on(input, err);
    }
    return result;
}

int cr_predict_input_all(struct cr_predict_input *input, const char **ret_text, size_t *ret_len,
                         struct cr_error *err)
{
    int result = 0;

    while (result == 0 && !input->is_ended) {
        result = read_on(input, err);
    }
    if (result == 0) {
        *ret_text = cr_strbuf_text(&input->held);
        *ret_len = input->held.len;
    }
    return result;
}

void cr_predict_input_begin(struct cr_predict_input *input, enum cr_rows_form form)
{
    cr_rows_init_pieces(&input->rows, form, CR_PREDICT_MAX_ROW);
    cr_rows_feed(&input->rows, cr_strbuf_text(&input->held), input->held.len, input->is_ended);
}

/* Forgets the rows that were taken and holds a piece more. */
static int feed(struct cr_predict_input *input, struct cr_error *err)
{
    struct cr_strbuf *held = &input->held;
    size_t n_done = input->rows.begin - input->rows.offset;
    int result;

    if (n_done > 0) {
        memmove(held->data, held->data + n_done, held->len - n_done);
        held->len -= n_done;
    }
    result = read_piece(input, err);
    if (result == 0) {
        cr_rows_feed(&input->rows, held->data, held->len, input->is_ended);
    }
    return result;
}

static int refuse(const struct cr_predict_input *input, int code, struct cr_error *err)
{
    const struct cr_rows *rows = &input->rows;

    if (rows->form == CR_ROWS_LINES) { /* its only fault */
        return cr_error_at(err, code, input->path, rows->line, 0, "a row has more than %d bytes",
                           CR_PREDICT_MAX_ROW);
    }
    if (code == CR_ETOOBIG) {
        return cr_error_at(err, code, input->path, 0, 0, "row %zu has more than %d bytes",
                           input->n_rows + 1, CR_PREDICT_MAX_ROW);
    }
    if (rows->place == CR_ROWS_BEHIND) {
        return cr_error_at(err, code, input->path, 0, 0, "byte %zu: %s behind the array",
                           rows->fault_offset, rows->fault);
    }
    return cr_error_at(err, code, input->path, 0, 0, "row %zu, byte %zu: %s%s", input->n_rows + 1,
                       rows->fault_offset, rows->fault,
                       rows->fault_offset == rows->offset + rows->len ? ": the array has no end"
                                                                      : "");
}

int cr_predict_input_next(struct cr_predict_input *input, struct cr_row_text *ret_row,
                          bool *ret_more, struct cr_error *err)
{
    for (;;) {
        int result = cr_rows_next(&input->rows, ret_row, ret_more);

        if (result < 0) {
            return refuse(input, result, err);
        }
        if (*ret_more || !input->rows.is_hungry) {
            input->n_rows += *ret_more;
            return 0;
        }
        result = feed(input, err);
        if (result < 0) {
            return result;
        }
    }
}
