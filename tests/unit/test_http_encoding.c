// SPDX-License-Identifier: MIT
/* Accept-Encoding, with the cases of RFC 9110, 12.5.3. */
#include "cr_test.h"

#include "../../src/http/encoding.h"

#include "creditrisk/util/cleanup.h"

static void test_accepts(void **state)
{
    static const struct {
        const char *accept;
        bool gzip;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"compress, gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"*", true},
        {"compress;q=0.5, gzip;q=1.0", true},
        {"gzip;q=1.0, identity; q=0.5, *;q=0", true},
        {"gzip;q=0.001", true},
        {"gzip ; q=0.5 , br", true},
        {" ,gzip", true},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"*, gzip;q=0", false},
        {"gzip;q=0, *", false},
        {"*;q=0", false},
        {"identity", false},
        {"x-gzip", false},
        {"gzippy", false},
        {"gzi", false},
        {"gzip;q=2", false},
        {"gzip;q=0.0001", false},
        {"gzip;q=", false},
        {"gzip;level=9", false},
        {"gzip br", false},
        {"gzip;", false},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        if (cr_encoding_accepts(cases[i].accept, "gzip") != cases[i].gzip) {
            fail_msg("'%s'", cases[i].accept);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accepts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
