// SPDX-License-Identifier: MIT
/* A version's archive. Whatever is unpacked before a refusal has names that a version may have,
 * stays within the limits, and lies in the folder. */
#include "fuzz.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "creditrisk/registry/archive.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static const struct cr_archive_limits limits = {8, 1 << 16, 1 << 17};

/* What nftw has come by; it passes no context. */
static size_t n_files, total_len, folder_len;

static int look_at(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)place;
    FUZZ_CHECK(type == FTW_D || type == FTW_F);
    if (type == FTW_F) {
        FUZZ_CHECK(S_ISREG(info->st_mode) && (info->st_mode & 07111) == 0);
        FUZZ_CHECK(cr_artifact_is_path(path + folder_len + 1));
        n_files++;
        total_len += (size_t)info->st_size;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(fuzz_folder(), "version.tar.gz");
    CR_CLEANUP(cr_freep) char *dir = cr_fs_join(fuzz_folder(), "unpacked");
    struct cr_error err = {0};
    int result;

    fuzz_write(fuzz_folder(), "version.tar.gz", data, size);
    FUZZ_CHECK(cr_fs_mkdirs(dir, &err) == 0);
    result = cr_archive_read(file, dir, &limits, NULL, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
    }
    n_files = total_len = 0;
    folder_len = strlen(dir);
    FUZZ_CHECK(nftw(dir, look_at, 16, FTW_PHYS) == 0);
    FUZZ_CHECK(n_files <= limits.n_files && total_len <= limits.total_len);
    FUZZ_CHECK(result < 0 || n_files > 0);
    FUZZ_CHECK(cr_fs_remove_tree(dir, &err) == 0);
    return 0;
}
