// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "creditrisk/util/utf8.h"

#define MAX_COLUMNS 16

void cr_cells_add(struct cr_cells *cells, const char *format, ...)
{
    if (cells->n == cells->cap) {
        size_t cap = cells->cap == 0 ? 64 : 2 * cells->cap;
        char **texts = reallocarray(cells->texts, cap, sizeof *texts);
        if (texts == NULL) {
            cells->failed = true;
            return;
        }
        cells->texts = texts;
        cells->cap = cap;
    }
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        cells->failed = true;
    } else {
        cr_utf8_clean(text);
        cells->texts[cells->n++] = text;
    }
    va_end(arguments);
}

/* Characters, not bytes, of UTF-8 text: continuation bytes do not count. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void pad(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        putchar(' ');
    }
}

int cr_cells_print(const struct cr_cells *cells, size_t n_cols, unsigned right_mask,
                   struct cr_error *err)
{
    if (cells->failed || n_cols > MAX_COLUMNS) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a table");
    }
    size_t widths[MAX_COLUMNS] = {0};
    for (size_t i = 0; i < cells->n; i++) {
        size_t width = width_of(cells->texts[i]);
        size_t *widest = &widths[i % n_cols];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t i = 0; i < cells->n; i++) {
        size_t col = i % n_cols;
        bool is_last = col + 1 == n_cols;
        size_t gap = widths[col] - width_of(cells->texts[i]);
        bool is_right = (right_mask >> col & 1U) != 0;
        pad(is_right ? gap : 0);
        fputs(cells->texts[i], stdout);
        pad(is_right || is_last ? 0 : gap);
        fputs(is_last ? "\n" : "  ", stdout);
    }
    return 0;
}

void cr_cells_turn(struct cr_cells *cells, size_t n_cols)
{
    if (cells->failed) {
        return;
    }
    size_t n_rows = cells->n / n_cols;
    char **turned = calloc(cells->n + 1, sizeof *turned);
    if (turned == NULL) {
        cells->failed = true;
        return;
    }
    for (size_t i = 0; i < cells->n; i++) {
        turned[i % n_cols * n_rows + i / n_cols] = cells->texts[i];
    }
    free(cells->texts);
    cells->texts = turned;
    cells->cap = cells->n + 1;
}

void cr_cells_finish(struct cr_cells *cells)
{
    for (size_t i = 0; i < cells->n; i++) {
        free(cells->texts[i]);
    }
    free(cells->texts);
    *cells = (struct cr_cells){0};
}
