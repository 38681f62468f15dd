// SPDX-License-Identifier: MIT
/* A version's signature and the file of trusted keys. The input's first line names one of the two,
 * the rest is what it holds. Nothing but the one
 * signature over the manifest is ever taken for it. */
#include "fuzz.h"

#include <strings.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/signature.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

CR_DEFINE_CLEANUP(struct cr_trust *, cr_trust_destroy);

static const char *const names[] = {CR_ARTIFACT_SIGNATURE, "trusted.keys"};

/* The public half of a key that was thrown away after it had signed "{}", and its signature. */
static const char key[] =
    "62af03cd618bfe3cd89304477dc3b334fb7c52dc2bf4e31a04e6f1c834d8781d somebody\n";
static const char signature[] =
    "397eb84623fa8bd9e34d771aee8a63be7d5f01a523346ccfd8a81bf74cf39280aa488e2a191fa4956cc48f47fcd7"
    "4881057f45953e670e767479facf5640c207";

/* Whether text[0..len) has the digits of the signature, in either case. */
static bool has_signature(const uint8_t *text, size_t len)
{
    size_t n = sizeof(signature) - 1;

    for (size_t i = 0; i + n <= len; i++) {
        if (strncasecmp((const char *)text + i, signature, n) == 0) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptrdiff_t file = fuzz_take_name(&data, &size, names, CR_ARRAY_LEN(names));
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(fuzz_folder(), names[1]);
    CR_CLEANUP(cr_trust_destroyp) struct cr_trust *trust = NULL;
    struct cr_error err = {0};
    int result;

    if (file < 0) {
        return 0;
    }
    fuzz_write(fuzz_folder(), names[1], key, sizeof(key) - 1);
    fuzz_write(fuzz_folder(), CR_ARTIFACT_MANIFEST, "{}", 2);
    fuzz_write(fuzz_folder(), names[0], "{}", 2);
    fuzz_write(fuzz_folder(), names[file], data, size);
    result = cr_trust_load(path, &trust, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
        return 0;
    }
    result = cr_trust_check(trust, fuzz_folder(), &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
        FUZZ_CHECK(result == CR_EMODEL);
    } else {
        FUZZ_CHECK(file == 0 && has_signature(data, size));
    }
    return 0;
}
