// SPDX-License-Identifier: MIT
#include "predict_input.h"

#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/utf8.h"

/* Bytes that are read at once; bytes behind a first bracket that are looked at to see whether it is
 * one of JSON. */
enum { PIECE = 1 << 16, MAX_LOOK = 1024 };

#define MAX_INPUT_BYTES ((size_t)64 << 20)

static const char BLANKS[] = " \t\r\n";

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

    if (result == 0 && input->before_read != NULL) {
        result = input->before_read(input->fd, input->context, err);
    }
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

static void forget(struct cr_predict_input *input, size_t len)
{
    struct cr_strbuf *held = &input->held;

    if (len > 0) {
        memmove(held->data, held->data + len, held->len - len);
        held->len -= len;
        held->data[held->len] = '\0';
    }
}

static int skip_mark(struct cr_predict_input *input, struct cr_error *err)
{
    int result = 0;

    while (result == 0 && input->held.len < CR_UTF8_MARK_LEN && !input->is_ended) {
        result = read_piece(input, err);
    }
    if (result == 0) {
        input->mark_len = cr_utf8_mark_len(cr_strbuf_text(&input->held), input->held.len);
        forget(input, input->mark_len);
    }
    return result;
}

int cr_predict_input_open(const char *path, struct cr_predict_input *ret_input,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_predict_input_finish)
    struct cr_predict_input input = {.path = path, .fd = STDIN_FILENO};
    int result = strcmp(path, "-") == 0 ? 0 : cr_fs_open(path, &input.fd, err);

    result = result == 0 ? skip_mark(&input, err) : result;
    if (result == 0) {
        *ret_input = input;
        input = (struct cr_predict_input){.fd = STDIN_FILENO};
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

/* Over blanks, from *at on; behind the last byte when there is nothing else. */
static int skip_blanks(struct cr_predict_input *input, size_t *at, struct cr_error *err)
{
    int result = 0;

    while (result == 0) {
        *at += strspn(cr_strbuf_text(&input->held) + *at, BLANKS);
        if (*at < input->held.len || input->is_ended) {
            return 0;
        }
        result = read_on(input, err);
    }
    return result;
}

/* Whether a word is a value of JSON. */
static bool is_value(const char *word, size_t len)
{
    static const char *const words[] = {"true", "false", "null"};
    double number;
    bool whole;

    for (size_t i = 0; i < CR_ARRAY_LEN(words); i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
            return true;
        }
    }
    return cr_num_read_json(word, len, &number, &whole) == len;
}

enum guess { NO, YES, OPEN };

/* Whether an array ends with this bracket: a name that it ends ([1],income) goes on at once. */
static enum guess ends(const char *bracket)
{
    return bracket[1] == '\0' ? OPEN : strchr(BLANKS, bracket[1]) != NULL ? YES : NO;
}

/* Whether JSON goes on like this behind a bracket, with one comma too many as well; open where the
 * text ends before one can tell. */
static enum guess goes_on(char bracket, const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-._";
    const char *word = text + strspn(text, BLANKS);
    size_t len = strspn(word, letters);
    const char *next = word + len + strspn(word + len, BLANKS);

    if (*next == '\0') {
        return OPEN;
    }
    if (bracket == '{') {
        return *word == '"' || *word == '}' ? YES : NO;
    }
    if (len > 0 && !is_value(word, len)) {
        return NO;
    }
    if (*next == ']') {
        return ends(next);
    }
    return *next == ',' || (len == 0 && strchr("{[\"", *next) != NULL) ? YES : NO;
}

int cr_predict_input_start(struct cr_predict_input *input, bool is_known,
                           enum cr_predict_start *ret_start, struct cr_error *err)
{
    enum guess is_json = is_known ? YES : NO;
    char bracket = '\0';
    size_t first = 0;
    int result = skip_blanks(input, &first, err);

    if (result == 0 && first < input->held.len) {
        bracket = input->held.data[first];
    }
    while (result == 0 && !is_known && (bracket == '[' || bracket == '{')) {
        is_json = goes_on(bracket, input->held.data + first + 1);
        if (is_json != OPEN || input->is_ended || input->held.len - first >= MAX_LOOK) {
            break;
        }
        result = read_on(input, err);
    }
    if (result == 0) {
        *ret_start = first == input->held.len ? CR_PREDICT_NOTHING
                     : is_json == NO          ? CR_PREDICT_TEXT
                     : bracket == '['         ? CR_PREDICT_ARRAY
                     : bracket == '{'         ? CR_PREDICT_OBJECT
                                              : CR_PREDICT_TEXT;
    }
    return result;
}

/* Whether a line is the first of an object's several; behind a brace a comma is but one too many.
 */
static bool ends_inside(const char *line, size_t len)
{
    while (len > 0 && strchr(BLANKS, line[len - 1]) != NULL) {
        len--;
    }
    return len > 0 && line[0] == '{' &&
           (line[len - 1] == '{' || (line[len - 1] == ',' && line[len - 2] != '}'));
}

int cr_predict_input_is_document(struct cr_predict_input *input, bool *ret_is_document,
                                 struct cr_error *err)
{
    const struct cr_strbuf *held = &input->held;
    enum cr_predict_start start = CR_PREDICT_NOTHING;
    size_t begin = 0;
    int result = cr_predict_input_start(input, false, &start, err);

    while (result == 0) {
        const char *text = cr_strbuf_text(held);
        size_t len;
        bool is_whole;

        begin += strspn(text + begin, BLANKS);
        len = strcspn(text + begin, "\n");
        is_whole = begin + len < held->len || input->is_ended;
        if (is_whole || held->len > CR_PREDICT_MAX_ROW) {
            *ret_is_document =
                start == CR_PREDICT_ARRAY || (is_whole && ends_inside(text + begin, len));
            return 0;
        }
        result = read_piece(input, err);
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
    int result;

    forget(input, input->rows.begin - input->rows.offset);
    result = read_piece(input, err);
    if (result == 0) {
        cr_rows_feed(&input->rows, input->held.data, input->held.len, input->is_ended);
    }
    return result;
}

static int refuse(const struct cr_predict_input *input, int code, struct cr_error *err)
{
    const struct cr_rows *rows = &input->rows;
    size_t at = input->mark_len + rows->fault_offset;

    if (rows->form == CR_ROWS_LINES) { /* its only fault */
        return cr_error_at(err, code, input->path, rows->line, 0, "a row has more than %d bytes",
                           CR_PREDICT_MAX_ROW);
    }
    if (code == CR_ETOOBIG) {
        return cr_error_at(err, code, input->path, 0, 0, "row %zu has more than %d bytes",
                           input->n_rows + 1, CR_PREDICT_MAX_ROW);
    }
    if (rows->place == CR_ROWS_BEHIND) {
        return cr_error_at(err, code, input->path, 0, 0,
                           "byte %zu of the file: %s behind the array", at, rows->fault);
    }
    return cr_error_at(err, code, input->path, 0, 0, "row %zu, byte %zu of the file: %s%s",
                       input->n_rows + 1, at, rows->fault,
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
        if (result != 0) {
            return result;
        }
    }
}
