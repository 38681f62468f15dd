// SPDX-License-Identifier: MIT
/* Archive: one version as one portable file, a compressed tar of its folder. Only the companion
 * reads and writes them; a library of its own, so that the daemon does not link it. */
#ifndef CREDITRISK_REGISTRY_ARCHIVE_H
#define CREDITRISK_REGISTRY_ARCHIVE_H

#include <jansson.h>
#include <stddef.h>

#include "creditrisk/util/digest.h"
#include "creditrisk/util/error.h"

/* The most that a version may be to travel: one file of it, and all together. */
#define CR_ARCHIVE_MAX_FILE_BYTES ((size_t)256 << 20)
#define CR_ARCHIVE_MAX_BYTES      ((size_t)512 << 20)

/* The same for both ways, so that what is written can be read: a few packed kilobytes can stand for
 * much more. NULL = as many files as a version may have, and the bytes above. */
struct cr_archive_limits {
    size_t n_files;
    size_t file_len;
    size_t total_len;
};

/* Writes a verified version's folder to file, durably and whole: manifest.json, its signature if
 * there is one, and the files that the manifest lists. The same version gives the same bytes.
 * CR_ETOOBIG, CR_EIO. */
int cr_archive_write(const char *dir, const json_t *manifest, const char *file,
                     const struct cr_archive_limits *limits, struct cr_error *err);

/* Whether there is such a file. CR_ENOTFOUND. */
int cr_archive_find(const char *file, struct cr_error *err);

/* Unpacks file into the empty folder dir. It believes nothing: only regular files with the names a
 * version may have (registry/artifact.h), each once, and bounded in number and size. What they hold
 * is not looked at: cr_artifact_verify. CR_ENOTFOUND, CR_EMODEL (no archive, cut off, a name or
 * kind that a version does not have), CR_ETOOBIG, CR_EIO. The file is read once, from its beginning
 * to its end: a pipe will do. ret_sha256, which may be NULL, is the digest of what was read. */
int cr_archive_read(const char *file, const char *dir, const struct cr_archive_limits *limits,
                    char ret_sha256[CR_DIGEST_LEN], struct cr_error *err);

#endif
