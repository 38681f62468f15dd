// SPDX-License-Identifier: MIT
/* manifest.json: the list of digests over a folder of two files, and what a version reads out of
 * it. */
#include "fuzz.h"

#include "creditrisk/registry/artifact.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *folder = fuzz_folder();
    CR_CLEANUP(cr_json_decrefp) json_t *read = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *verified = NULL;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    struct cr_error err = {0};
    int result;

    fuzz_write(folder, "a.txt", "a\n", 2);
    fuzz_write(folder, "b.txt", "b\n", 2);
    fuzz_write(folder, CR_ARTIFACT_MANIFEST, data, size);
    result = cr_artifact_verify(folder, &verified, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
    }
    result = cr_artifact_read_manifest(folder, &read, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
        FUZZ_CHECK(verified == NULL);
        return 0;
    }
    FUZZ_CHECK(json_is_object(read));
    FUZZ_CHECK(verified == NULL || json_equal(verified, read));
    result = cr_bundle_assemble(folder, read, 1, &bundle, &err); /* the folder holds no model */
    fuzz_check_error(result, &err);
    return 0;
}
