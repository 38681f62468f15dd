// SPDX-License-Identifier: MIT
/* calibration.json. */
#include "fuzz.h"

#include <math.h>

#include "creditrisk/model/calibrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cr_calibration calibration;
    struct cr_error err = {0};
    int result = cr_calibrate_load((const char *)data, size, &calibration, &err);

    if (result < 0) {
        fuzz_check_error(result, &err);
        return 0;
    }
    FUZZ_CHECK(isfinite(calibration.slope) && calibration.slope > 0.0);
    FUZZ_CHECK(isfinite(calibration.intercept));
    return 0;
}
