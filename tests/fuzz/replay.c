// SPDX-License-Identifier: MIT
/* The main() of a target in builds without a fuzzer: replays every file of the folders that it is
 * given, "corpus/<target>" first, which must hold some, then "regress/<target>", which need not
 * exist. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "fuzz.h"

enum { MAX_FILE_LEN = 16 << 20 };

/* In memory of exactly its size, so that a sanitizer sees a read beyond it. */
static void replay(const char *path)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    CR_CLEANUP(cr_freep) uint8_t *bytes = NULL;
    struct cr_error err;
    size_t len;

    if (cr_fs_read(path, MAX_FILE_LEN, &text, &len, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    bytes = malloc(len > 0 ? len : 1);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, text, len);
    (void)fprintf(stderr, "%s\n", path); /* the last line names the culprit */
    FUZZ_CHECK(LLVMFuzzerTestOneInput(bytes, len) == 0);
}

static size_t replay_folder(const char *folder)
{
    struct cr_error err;
    char **names = NULL;
    size_t n = 0;

    if (!cr_fs_is_dir(folder)) {
        return 0;
    }
    if (cr_fs_list(folder, &names, &n, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, names[i]);

        replay(path);
    }
    cr_fs_free_names(names, n);
    return n;
}

int main(int argc, char **argv)
{
    size_t n = 0;

    for (int i = 1; i < argc; i++) {
        size_t found = replay_folder(argv[i]);

        if (i == 1 && found == 0) {
            (void)fprintf(stderr, "'%s' holds no file: nothing was tested\n", argv[i]);
            return EXIT_FAILURE;
        }
        n += found;
    }
    printf("%zu files\n", n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
