// SPDX-License-Identifier: MIT
/* A batch's body → rows. Where jansson reads the body as an array, the rows are its elements; lines
 * are the body's own, and nothing stands outside the body. In pieces it has the same rows. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

/* The number of rows, −1 when the body is no array of them. */
static long count(enum cr_rows_form form, const char *body, size_t len, const json_t *array)
{
    struct cr_rows rows;
    struct cr_row_text row;
    size_t end = 0;
    bool more = true;
    long n = 0;

    cr_rows_init(&rows, form, body, len);
    for (;; n++) {
        if (cr_rows_next(&rows, &row, &more) < 0) {
            FUZZ_CHECK(form == CR_ROWS_ARRAY && rows.fault != NULL && rows.fault_offset <= len);
            return -1;
        }
        if (!more) {
            return n;
        }
        FUZZ_CHECK(row.len > 0 && row.offset >= end && row.len <= len - row.offset);
        FUZZ_CHECK(row.text == body + row.offset);
        end = row.offset + row.len;
        if (form == CR_ROWS_LINES) {
            FUZZ_CHECK(memchr(row.text, '\n', row.len) == NULL);
        } else if (array != NULL) {
            CR_CLEANUP(cr_json_decrefp)
            json_t *element = json_loadb(row.text, row.len, JSON_DECODE_ANY, NULL);

            FUZZ_CHECK(json_equal(element, json_array_get(array, (size_t)n)));
        }
    }
}

/* The next row of a body that comes in pieces, each in a memory of its own. */
static int next_of_pieces(struct cr_rows *rows, const char *body, size_t len, size_t piece_len,
                          char **held, struct cr_row_text *ret_row, bool *ret_more)
{
    int result = cr_rows_next(rows, ret_row, ret_more);

    while (result == 0 && rows->is_hungry) {
        size_t come = rows->offset + rows->len;
        char *piece;

        come = len - come < piece_len ? len : come + piece_len;
        piece = malloc(come - rows->begin + 1);
        FUZZ_CHECK(piece != NULL);
        memcpy(piece, body + rows->begin, come - rows->begin);
        free(*held);
        *held = piece;
        cr_rows_feed(rows, piece, come - rows->begin, come == len);
        result = cr_rows_next(rows, ret_row, ret_more);
    }
    return result;
}

static void compare_pieces(enum cr_rows_form form, const char *body, size_t len, size_t piece_len)
{
    struct cr_rows rows, pieces;
    bool more = true, more_pieces = true;
    char *held = NULL;
    int result = 0;

    cr_rows_init(&rows, form, body, len);
    cr_rows_init_pieces(&pieces, form, SIZE_MAX);
    while (result == 0 && more) {
        struct cr_row_text row, piece;

        result = cr_rows_next(&rows, &row, &more);
        FUZZ_CHECK(next_of_pieces(&pieces, body, len, piece_len, &held, &piece, &more_pieces) ==
                   result);
        FUZZ_CHECK(more == more_pieces);
        FUZZ_CHECK(!more || (row.offset == piece.offset && row.len == piece.len &&
                             row.line == piece.line && memcmp(row.text, piece.text, row.len) == 0));
    }
    FUZZ_CHECK(result == 0 ||
               (strcmp(rows.fault, pieces.fault) == 0 && rows.no_array == pieces.no_array &&
                rows.fault_offset == pieces.fault_offset));
    free(held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_loadb(body, size, 0, NULL);
    const json_t *array = json_is_array(json) ? json : NULL;
    long n = count(CR_ROWS_ARRAY, body, size, array);

    FUZZ_CHECK(array == NULL || n == (long)json_array_size(array));
    FUZZ_CHECK(json == NULL || array != NULL || n == -1);
    FUZZ_CHECK(count(CR_ROWS_LINES, body, size, NULL) >= 0);
    for (size_t piece_len = 1; piece_len <= 5; piece_len += 2) {
        compare_pieces(CR_ROWS_ARRAY, body, size, piece_len);
        compare_pieces(CR_ROWS_LINES, body, size, piece_len);
    }
    return 0;
}
