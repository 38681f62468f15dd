// SPDX-License-Identifier: MIT
#include "creditrisk/portfolio/rows.h"

#include <string.h>

#include "creditrisk/util/error.h"

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

void cr_rows_init(struct cr_rows *rows, enum cr_rows_form form, const char *body, size_t len)
{
    *rows = (struct cr_rows){.form = form, .body = body, .p = body, .end = body + len};
}

static int refuse(struct cr_rows *rows, const char *at, const char *fault)
{
    rows->fault = fault;
    rows->fault_offset = (size_t)(at - rows->body);
    return CR_EPARSE;
}

static struct cr_row_text make_row(const struct cr_rows *rows, const char *begin, const char *end)
{
    return (struct cr_row_text){begin, (size_t)(end - begin), (size_t)(begin - rows->body)};
}

static void next_line(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    *ret_more = false;
    while (!*ret_more && rows->p < rows->end) {
        const char *begin = rows->p;
        const char *end = memchr(begin, '\n', (size_t)(rows->end - begin));

        rows->p = end != NULL ? end + 1 : rows->end;
        end = end != NULL ? end : rows->end;
        if (skip_blanks(begin, end) < end) {
            *ret_row = make_row(rows, begin, end);
            *ret_more = true;
        }
    }
}

/* The end of the string whose opening quote stands at p; `end` when it has none. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\' && p + 1 < end) {
            p++;
        }
    }
    return p < end ? p + 1 : end;
}

/* The comma or bracket behind the element that begins at p. */
static const char *skip_element(const char *p, const char *end)
{
    size_t depth = 0;

    while (p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        if (*p == '[' || *p == '{') {
            depth++;
        } else if (depth == 0 && (*p == ',' || *p == ']')) {
            break;
        } else if (depth > 0 && (*p == ']' || *p == '}')) {
            depth--;
        }
        p++;
    }
    return p;
}

static int end_array(struct cr_rows *rows, bool *ret_more)
{
    rows->p = skip_blanks(rows->p + 1, rows->end);
    if (rows->p < rows->end) {
        return refuse(rows, rows->p, "Extra data");
    }
    *ret_more = false;
    return 0;
}

static int next_element(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    const char *begin;
    const char *end;

    if (!rows->begun) {
        rows->begun = true;
        rows->p = skip_blanks(rows->p, rows->end);
        if (rows->p == rows->end || *rows->p != '[') {
            rows->no_array = rows->p < rows->end;
            return refuse(rows, rows->p, "Expecting value");
        }
        begin = skip_blanks(rows->p + 1, rows->end);
        if (begin < rows->end && *begin == ']') {
            rows->p = begin;
        }
    }
    if (*rows->p == ']') {
        return end_array(rows, ret_more);
    }
    begin = skip_blanks(rows->p + 1, rows->end);
    end = skip_element(begin, rows->end);
    if (end == begin) {
        return refuse(rows, begin, "Expecting value");
    }
    if (end == rows->end) {
        return refuse(rows, end, "Expecting ',' delimiter");
    }
    rows->p = end;
    *ret_row = make_row(rows, begin, end);
    *ret_more = true;
    return 0;
}

int cr_rows_next(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more)
{
    if (rows->form == CR_ROWS_ARRAY) {
        return next_element(rows, ret_row, ret_more);
    }
    next_line(rows, ret_row, ret_more);
    return 0;
}
