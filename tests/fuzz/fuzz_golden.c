// SPDX-License-Identifier: MIT
/* golden.jsonl, replayed by a real version. */
#include "creditrisk/score/selftest.h"
#include "fuzz.h"
#include "fuzz_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cr_error err = {0};
    size_t n = 0;
    int result;

    fuzz_write(fuzz_folder(), "golden.jsonl", data, size);
    result = cr_selftest_replay(fuzz_version(), fuzz_folder(), &n, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
        FUZZ_CHECK(result == CR_EMODEL || result == CR_ENOMEM);
    } else {
        FUZZ_CHECK(n > 0);
    }
    return 0;
}
