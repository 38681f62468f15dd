// SPDX-License-Identifier: MIT
/* The whole request line: a body becomes a record, a score and an answer, with a real version. */
#include "fuzz.h"

#include <math.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "fuzz_version.h"

enum { MAX_ARENA_LEN = 64 << 20 };

static void check_answer(const struct cr_bundle *bundle, const struct cr_result *result)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *answer =
        cr_result_to_json(bundle, result, "00000000-0000-4000-8000-000000000000", true);
    CR_CLEANUP(cr_json_decrefp) json_t *again = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    double sum = result->base_value, scale = 1.0;
    struct cr_error err;

    FUZZ_CHECK(answer != NULL);
    cr_json_write(answer, false, &text);
    FUZZ_CHECK(cr_json_parse("answer", text.data, text.len, &again, &err) == 0);
    FUZZ_CHECK(result->pd >= 0.0 && result->pd <= 1.0 && result->band != NULL);
    for (size_t i = 0; i < cr_pipeline_n_inputs(bundle->pipeline); i++) {
        sum += result->contributions[i];
        scale += fabs(result->contributions[i]);
    }
    FUZZ_CHECK(fabs(sum - result->margin) <= 1e-9 * scale);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cr_bundle *bundle = fuzz_version();
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena;
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_error err = {0};

    cr_arena_init(&arena, MAX_ARENA_LEN);
    FUZZ_CHECK(cr_record_from_json(bundle->portfolio, (const char *)data, size, &arena, &record,
                                   &issues, &err) == 0);
    if (issues.n == 0) {
        FUZZ_CHECK(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &record, &arena, &result,
                                   NULL, &err) == 0);
        check_answer(bundle, &result);
    }
    return 0;
}
