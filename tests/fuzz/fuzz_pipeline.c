// SPDX-License-Identifier: MIT
/* pipeline.json against the retail catalogue. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>

#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/cleanup.h"

/* Two rows that no training set had: nothing known, and everything strange. */
static void apply(const struct cr_pipeline *pipeline, const struct cr_portfolio *portfolio)
{
    size_t n = portfolio->n_features;
    CR_CLEANUP(cr_freep) struct cr_value *row = calloc(n, sizeof(*row));
    CR_CLEANUP(cr_freep) bool *unknown = calloc(n, sizeof(*unknown));
    CR_CLEANUP(cr_freep) double *inputs = calloc(cr_pipeline_n_inputs(pipeline), sizeof(*inputs));

    FUZZ_CHECK(row != NULL && unknown != NULL && inputs != NULL);
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            bool text = cr_feature_is_text(&portfolio->features[i]);

            row[i] = CR_VALUE_MISSING;
            if (pass == 1) {
                row[i] = text ? (struct cr_value){NAN, "no such level"}
                              : (struct cr_value){i % 2 == 0 ? 1e308 : -1e308, NULL};
            }
        }
        (void)cr_pipeline_apply(pipeline, row, inputs, unknown);
        for (size_t i = 0; pass == 0 && i < cr_pipeline_n_inputs(pipeline); i++) {
            FUZZ_CHECK(!isnan(inputs[i]));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_error err = {0};
    int result = cr_pipeline_load(fuzz_retail(), (const char *)data, size, &pipeline, &err);

    if (result < 0) {
        fuzz_check_error(result, &err);
        return 0;
    }
    for (size_t i = 0; i < cr_pipeline_n_inputs(pipeline); i++) {
        FUZZ_CHECK(cr_pipeline_input(pipeline, i)->feature < fuzz_retail()->n_features);
    }
    apply(pipeline, fuzz_retail());
    return 0;
}
