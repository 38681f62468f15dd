// SPDX-License-Identifier: MIT
/* The body of an inference request → columns → applications: every row is an object that the record
 * reader can judge; what is refused is refused in words of ours. */
#include "fuzz.h"

#include <string.h>

#include "../../src/http/oip.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { MAX_ROWS = 100, MAX_ARENA_LEN = 64 << 20 };

static void check_rows(const struct cr_oip_batch *batch, struct cr_arena *arena)
{
    FUZZ_CHECK(batch->n_rows <= MAX_ROWS);
    FUZZ_CHECK(batch->wants_probability || batch->wants_category);
    for (size_t i = 0; i < batch->n_rows; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *row = cr_oip_row(batch, i);
        struct cr_record record;
        struct cr_issues issues;
        struct cr_error err;

        FUZZ_CHECK(json_is_object(row) && json_object_size(row) <= fuzz_retail()->n_fields);
        FUZZ_CHECK(cr_record_from_value(fuzz_retail(), row, arena, &record, &issues, &err) == 0);
        for (size_t k = 0; k < issues.n; k++) {
            FUZZ_CHECK(issues.items[k].expected != NULL); /* no field that the model has not */
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena;
    CR_CLEANUP(cr_oip_batch_finish) struct cr_oip_batch batch = {0};
    struct cr_error err = {0};
    int result;

    cr_arena_init(&arena, MAX_ARENA_LEN);
    result = cr_oip_read(fuzz_retail(), (const char *)data, size, MAX_ROWS, &arena, &batch, &err);
    if (result < 0) {
        FUZZ_CHECK(result == CR_EINVAL);
        fuzz_check_error(result, &err);
    } else {
        check_rows(&batch, &arena);
    }
    return 0;
}
