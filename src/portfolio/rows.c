// SPDX-License-Identifier: MIT
#include "creditrisk/portfolio/rows.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "creditrisk/util/error.h"

void cr_rows_init(struct cr_rows *rows, enum cr_rows_form form, const char *body, size_t len)
{
    *rows = (struct cr_rows){
        .form = form,
        .max_row_len = SIZE_MAX,
        .text = len > 0 ? body : "",
        .len = len,
        .is_last = true,
        .line = form == CR_ROWS_LINES,
    };
}

void cr_rows_init_pieces(struct cr_rows *rows, enum cr_rows_form form, size_t max_row_len)
{
    *rows = (struct cr_rows){
        .form = form,
        .max_row_len = max_row_len,
        .text = "",
        .is_hungry = true,
        .line = form == CR_ROWS_LINES,
    };
}

void cr_rows_feed(struct cr_rows *rows, const char *text, size_t len, bool is_last)
{
    rows->text = text;
    rows->len = len;
    rows->offset = rows->begin;
    rows->is_last = is_last;
    rows->is_hungry = false;
}

static const char *held_at(const struct cr_rows *rows, size_t offset)
{
    return rows->text + (offset - rows->offset);
}

static const char *held_end(const struct cr_rows *rows)
{
    return rows->text + rows->len;
}

static size_t offset_of(const struct cr_rows *rows, const char *p)
{
    return rows->offset + (size_t)(p - rows->text);
}

static int refuse(struct cr_rows *rows, size_t offset, int code, const char *fault)
{
    rows->fault = fault;
    rows->fault_offset = offset;
    return code;
}

static int refuse_value(struct cr_rows *rows)
{
    return refuse(rows, rows->at, CR_EPARSE, "Expecting value");
}

/* What is held of a row ends at rows->at. */
static int check_len(struct cr_rows *rows)
{
    return rows->at - rows->begin <= rows->max_row_len
               ? 0
               : refuse(rows, rows->begin, CR_ETOOBIG, "Row too long");
}

static int wait_for_more(struct cr_rows *rows)
{
    rows->is_hungry = !rows->is_last;
    return check_len(rows);
}

/* The row from rows->begin to rows->at, which is done then, and so is the byte behind it. */
static int take_row(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    int result = check_len(rows);

    if (result == 0) {
        *ret_row = (struct cr_row_text){
            .text = held_at(rows, rows->begin),
            .len = rows->at - rows->begin,
            .offset = rows->begin,
            .line = rows->line,
        };
        *ret_more = true;
        rows->at += held_at(rows, rows->at) < held_end(rows);
        rows->begin = rows->at;
    }
    return result;
}

static const char *find_ink(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static int next_line(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    const char *end = held_end(rows);

    for (;;) {
        const char *begin = held_at(rows, rows->begin);
        const char *p = held_at(rows, rows->at);
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = newline != NULL ? newline : end;
        int result;

        rows->at = offset_of(rows, line_end);
        if (newline == NULL && !rows->is_last) {
            return wait_for_more(rows);
        }
        if (find_ink(begin, line_end) < line_end) {
            result = take_row(rows, ret_row, ret_more);
            rows->line += *ret_more;
            return result;
        }
        result = check_len(rows);
        if (result < 0 || newline == NULL) {
            return result;
        }
        rows->begin = ++rows->at;
        rows->line++;
    }
}

/* Inside a string: behind its end, or where it goes on with what is to come. */
static const char *skip_string(const char *p, const char *end, bool *ret_in_string)
{
    for (*ret_in_string = true; p < end && *p != '"'; p++) {
        if (*p == '\\') {
            if (p + 1 == end) {
                return p; /* what it escapes is to come */
            }
            p++;
        }
    }
    *ret_in_string = p == end;
    return p == end ? end : p + 1;
}

/* Goes on to the comma or bracket behind the row in work; false when that is to come. A row begins,
 * and ends, with no bracket and no string open. */
static bool find_row_end(struct cr_rows *rows)
{
    static const bool is_mark[UCHAR_MAX + 1] = {
        ['"'] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true, [','] = true,
    };
    const char *end = held_end(rows);
    const char *p = held_at(rows, rows->at);
    bool in_string = rows->in_string;
    bool is_found = false;

    if (in_string) {
        p = skip_string(p, end, &in_string);
    }
    while (!in_string && !is_found) {
        while (p < end && !is_mark[(unsigned char)*p]) {
            p++;
        }
        if (p == end) {
            break;
        }
        if (*p == '"') {
            p = skip_string(p + 1, end, &in_string);
        } else if (rows->depth == 0 && (*p == ',' || *p == ']')) {
            is_found = true;
        } else {
            rows->depth += *p == '[' || *p == '{';
            rows->depth -= rows->depth > 0 && (*p == ']' || *p == '}');
            p++;
        }
    }
    rows->at = offset_of(rows, p);
    rows->in_string = in_string;
    return is_found;
}

static int end_row(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    if (!find_row_end(rows)) {
        int result = wait_for_more(rows);

        return result == 0 && rows->is_last ? refuse(rows, offset_of(rows, held_end(rows)),
                                                     CR_EPARSE, "Expecting ',' delimiter")
                                            : result;
    }
    if (rows->at == rows->begin) {
        return refuse_value(rows);
    }
    rows->place = *held_at(rows, rows->at) == ',' ? CR_ROWS_COMMA : CR_ROWS_BEHIND;
    return take_row(rows, ret_row, ret_more);
}

/* Over what is no row; false when that is all that is held. */
static bool skip_blanks(struct cr_rows *rows)
{
    const char *p = find_ink(held_at(rows, rows->at), held_end(rows));

    rows->at = rows->begin = offset_of(rows, p);
    return p < held_end(rows);
}

/* What may stand outside the rows: the array's brackets. */
static int take_bracket(struct cr_rows *rows)
{
    char c = *held_at(rows, rows->at);

    if (rows->place == CR_ROWS_BEHIND) {
        return refuse(rows, rows->at, CR_EPARSE, "Extra data");
    }
    if (rows->place == CR_ROWS_BEFORE && c != '[') {
        rows->no_array = true;
        return refuse_value(rows);
    }
    if (rows->place == CR_ROWS_BEFORE) {
        rows->place = CR_ROWS_OPENED;
        rows->at++;
    } else if (rows->place == CR_ROWS_OPENED && c == ']') {
        rows->place = CR_ROWS_BEHIND;
        rows->at++;
    } else {
        rows->place = CR_ROWS_INSIDE;
    }
    return 0;
}

static int next_element(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    int result = 0;

    while (result == 0 && rows->place != CR_ROWS_INSIDE) {
        if (skip_blanks(rows)) {
            result = take_bracket(rows);
        } else if (!rows->is_last) {
            return wait_for_more(rows);
        } else {
            return rows->place == CR_ROWS_BEHIND ? 0 : refuse_value(rows);
        }
    }
    return result == 0 ? end_row(rows, ret_row, ret_more) : result;
}

int cr_rows_next(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    *ret_more = false;
    return rows->is_hungry               ? 0
           : rows->form == CR_ROWS_ARRAY ? next_element(rows, ret_row, ret_more)
                                         : next_line(rows, ret_row, ret_more);
}
