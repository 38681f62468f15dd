// SPDX-License-Identifier: MIT
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

_Noreturn void fuzz_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

void fuzz_check_error(int result, const struct cr_error *err)
{
    FUZZ_CHECK(result < 0);
    FUZZ_CHECK(err->code == result);
    FUZZ_CHECK(err->message[0] != '\0');
    FUZZ_CHECK(strcmp(cr_error_name(result), "UNKNOWN") != 0);
}

const char *fuzz_folder(void)
{
    static char *folder;

    if (folder == NULL) {
        folder = cr_test_tempdir();
    }
    return folder;
}

void fuzz_write(const char *folder, const char *name, const void *bytes, size_t len)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, name);
    FILE *file = fopen(path, "wb");

    FUZZ_CHECK(file != NULL);
    FUZZ_CHECK(len == 0 || fwrite(bytes, 1, len, file) == len);
    FUZZ_CHECK(fclose(file) == 0);
}

const struct cr_portfolio *fuzz_retail(void)
{
    static struct cr_portfolio *portfolio;

    if (portfolio == NULL) {
        CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
        struct cr_error err;

        FUZZ_CHECK(cr_portfolio_load(path, NULL, &portfolio, &err) == 0);
    }
    return portfolio;
}

ptrdiff_t fuzz_take_name(const uint8_t **data, size_t *size, const char *const *names, size_t n)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    size_t len;

    if (end == NULL) {
        return -1;
    }
    len = (size_t)(end - *data);
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], *data, len) == 0) {
            *data += len + 1;
            *size -= len + 1;
            return (ptrdiff_t)i;
        }
    }
    return -1;
}
