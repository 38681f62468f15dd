// SPDX-License-Identifier: MIT
/* creditriskd.yaml. */
#include "fuzz.h"

#include <stdlib.h>

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static void read_all(const struct cr_settings *settings)
{
    struct cr_settings_entry entry;

    for (size_t i = 0; cr_settings_entry(settings, i, &entry); i++) {
        FUZZ_CHECK(entry.value != NULL && entry.key != NULL && entry.origin != NULL);
        free(entry.value);
    }
    free(cr_settings_portfolio_path(settings));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(fuzz_folder(), "creditriskd.yaml");
    const struct cr_settings_flag flag = {"config", path};
    CR_CLEANUP(cr_settings_finish) struct cr_settings settings = {0};
    struct cr_error err = {0};
    int result;

    fuzz_write(fuzz_folder(), "creditriskd.yaml", data, size);
    result = cr_settings_load(&flag, 1, &settings, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
        return 0;
    }
    FUZZ_CHECK(settings.listen_port >= 0 && settings.listen_port <= 65535);
    FUZZ_CHECK(settings.body_bytes > 0 && settings.header_bytes > 0);
    read_all(&settings);
    return 0;
}
