// SPDX-License-Identifier: MIT
/* A portfolio's files. The input's first line names one of them, the rest is what it holds; the
 * others are those of support/small/. A portfolio that loads is also compiled: features.sql comes
 * from a version, too. */
#include "fuzz.h"

#include <stdlib.h>

#include "cr_test.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static const char *const names[] = {
    "application.yaml", "features.sql", "features.yaml", "policy.yaml",
    "search.yaml",      "tables.yaml",  "training.sql",
};

static void restore(const char *folder, const char *name)
{
    CR_CLEANUP(cr_freep) char *small = cr_test_path("tests/support/small");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(small, name);
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_error err;
    size_t len;

    FUZZ_CHECK(cr_fs_read(path, 1 << 20, &text, &len, &err) == 0);
    fuzz_write(folder, name, text, len);
}

static void compile(const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    struct cr_error err = {0};
    int result = cr_engine_create(portfolio, &engine, &err);

    if (result < 0) {
        fuzz_check_error(result, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ptrdiff_t changed = -1; /* the file that is not as in support/small/ */
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    const char *folder = fuzz_folder();
    ptrdiff_t file = fuzz_take_name(&data, &size, names, CR_ARRAY_LEN(names));
    struct cr_error err = {0};
    int result;

    if (file < 0) {
        return 0;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        if (i != (size_t)file && (changed < 0 || i == (size_t)changed)) {
            restore(folder, names[i]);
        }
    }
    changed = file;
    fuzz_write(folder, names[file], data, size);
    result = cr_portfolio_load(folder, "small", &portfolio, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
    } else {
        compile(portfolio);
    }
    return 0;
}
