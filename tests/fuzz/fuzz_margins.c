// SPDX-License-Identifier: MIT
/* A version's oof.csv and test.csv, which `creditrisk threshold` reads back. */
#include "fuzz.h"

#include <math.h>

#include "../../src/train/margins.h"
#include "creditrisk/util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_margins_finish) struct cr_margins margins = {0};
    struct cr_error err = {0};
    int result;

    fuzz_write(fuzz_folder(), "oof.csv", data, size);
    result = cr_margins_read(fuzz_folder(), "oof.csv", "is_default", &margins, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
        return 0;
    }
    for (size_t i = 0; i < margins.n; i++) {
        FUZZ_CHECK(margins.y[i] == 0.0 || margins.y[i] == 1.0);
        FUZZ_CHECK(margins.pd[i] >= 0.0 && margins.pd[i] <= 1.0);
    }
    return 0;
}
