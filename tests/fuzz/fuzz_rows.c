// SPDX-License-Identifier: MIT
/* A batch's body → rows. Where jansson reads the body as an array, the rows are its elements; lines
 * are the body's own, and nothing stands outside the body. */
#include "fuzz.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_loadb(body, size, 0, NULL);
    const json_t *array = json_is_array(json) ? json : NULL;
    long n = count(CR_ROWS_ARRAY, body, size, array);

    FUZZ_CHECK(array == NULL || n == (long)json_array_size(array));
    FUZZ_CHECK(json == NULL || array != NULL || n == -1);
    FUZZ_CHECK(count(CR_ROWS_LINES, body, size, NULL) >= 0);
    return 0;
}
