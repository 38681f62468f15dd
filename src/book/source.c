// SPDX-License-Identifier: MIT
#include "source.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

char *cr_book_file_path(const char *source, const struct cr_table *table)
{
    return cr_fs_is_dir(source) ? cr_fs_join(source, table->file) : strdup(source);
}

const char *cr_book_file_name(const char *source, const struct cr_table *table)
{
    const char *slash = strrchr(source, '/');

    if (cr_fs_is_dir(source)) {
        return table->file;
    }
    return slash != NULL ? slash + 1 : source;
}

char *cr_book_file_beside(const char *source, const char *name)
{
    CR_CLEANUP(cr_freep) char *folder = NULL;
    const char *slash = strrchr(source, '/');

    if (cr_fs_is_dir(source)) {
        return cr_fs_join(source, name);
    }
    if (slash == NULL) {
        return strdup(name);
    }
    folder = strndup(source, slash == source ? 1 : (size_t)(slash - source));
    return folder != NULL ? cr_fs_join(folder, name) : NULL;
}
