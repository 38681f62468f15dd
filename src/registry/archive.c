// SPDX-License-Identifier: MIT
#include "creditrisk/registry/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

/* The manifest and its signature stand beside the files that are counted in a version. */
static const struct cr_archive_limits usual_limits = {
    CR_ARTIFACT_MAX_FILES + 2, CR_ARCHIVE_MAX_FILE_BYTES, CR_ARCHIVE_MAX_BYTES};

enum { BLOCK_LEN = 1 << 16 };

static void write_freep(struct archive **archive)
{
    (void)archive_write_free(*archive); /* NULL is fine; failures were seen before */
}

static void read_freep(struct archive **archive)
{
    (void)archive_read_free(*archive); /* a reader's close has nothing to report */
}

static void entry_freep(struct archive_entry **entry)
{
    archive_entry_free(*entry);
}

/* The library's receiver of bytes. */
static la_ssize_t take_bytes(struct archive *archive, void *out, const void *bytes, size_t len)
{
    struct cr_strbuf *text = out;

    cr_strbuf_append(text, bytes, len);
    if (text->failed) {
        archive_set_error(archive, CR_ENOMEM, "out of memory");
        return -1;
    }
    return (la_ssize_t)len;
}

/* An archive that is being packed. */
struct packing {
    struct archive *archive;
    const char *dir;
    const struct cr_archive_limits *limits;
    size_t n_files;
    size_t total_len;
};

/* What is packed can be unpacked: the limits of both are the same. */
static int count_file(struct packing *packing, size_t len, struct cr_error *err)
{
    packing->n_files++;
    packing->total_len += len;
    if (packing->n_files > packing->limits->n_files) {
        return cr_error_set(err, CR_ETOOBIG, "'%s' has more than %zu files", packing->dir,
                            packing->limits->n_files);
    }
    return packing->total_len <= packing->limits->total_len
               ? 0
               : cr_error_set(err, CR_ETOOBIG, "'%s' has more than %zu bytes", packing->dir,
                              packing->limits->total_len);
}

/* One file, owned by nobody and of no time, so that the same version gives the same bytes. */
static int put_file(struct packing *packing, const char *name, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(packing->dir, name);
    CR_CLEANUP(cr_freep) char *data = NULL;
    CR_CLEANUP(entry_freep) struct archive_entry *entry = archive_entry_new();
    size_t len = 0;
    int r = path == NULL || entry == NULL
                ? cr_error_no_memory(err)
                : cr_fs_read(path, packing->limits->file_len, &data, &len, err);

    if (r == 0) {
        r = count_file(packing, len, err);
    }
    if (r < 0) {
        return r;
    }
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    archive_entry_set_size(entry, (la_int64_t)len);
    if (archive_write_header(packing->archive, entry) != ARCHIVE_OK ||
        archive_write_data(packing->archive, data, len) != (la_ssize_t)len) {
        return cr_error_set(err, CR_EIO, "cannot pack '%s': %s", path,
                            archive_error_string(packing->archive));
    }
    return 0;
}

static int put_files(struct packing *packing, const json_t *manifest, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *signature = cr_fs_join(packing->dir, CR_ARTIFACT_SIGNATURE);
    const char *name;
    json_t *entry;
    int r =
        signature == NULL ? cr_error_no_memory(err) : put_file(packing, CR_ARTIFACT_MANIFEST, err);

    if (r == 0 && cr_fs_exists(signature)) {
        r = put_file(packing, CR_ARTIFACT_SIGNATURE, err);
    }
    json_object_foreach(json_object_get(manifest, "files"), name, entry)
    {
        r = r < 0 ? r : put_file(packing, name, err);
    }
    return r;
}

int cr_archive_write(const char *dir, const json_t *manifest, const char *file,
                     const struct cr_archive_limits *limits, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(write_freep) struct archive *archive = archive_write_new();
    struct packing packing = {archive, dir, limits != NULL ? limits : &usual_limits, 0, 0};
    int r;

    if (archive == NULL) {
        return cr_error_no_memory(err);
    }
    if (archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
        archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
        archive_write_set_options(archive, "gzip:!timestamp") != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK || /* no padding */
        archive_write_open(archive, &text, NULL, take_bytes, NULL) != ARCHIVE_OK) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot pack: %s", archive_error_string(archive));
    }
    r = put_files(&packing, manifest, err);
    if (r == 0 && archive_write_close(archive) != ARCHIVE_OK) {
        r = cr_error_set(err, CR_EIO, "cannot pack '%s': %s", dir, archive_error_string(archive));
    }
    return r < 0 ? r : cr_fs_write(file, text.data, text.len, err);
}

/* Where the library's bytes come from, with the digest of what has come. */
struct source {
    FILE *file;
    struct cr_digest *digest;
    bool ended; /* more was asked for than there is */
    char block[BLOCK_LEN];
};

/* An archive that is being unpacked. */
struct unpacking {
    struct archive *archive;
    const char *file;
    const char *dir;
    const struct cr_archive_limits *limits;
    const struct source *source;
    size_t n_files;
    size_t total_len;
};

/* Whether the library gave up for want of bytes: it had begun to read an archive and met the end of
 * the file before that of the archive. EILSEQ is its code for what it takes for no archive. */
static bool is_cut(const struct unpacking *unpacking)
{
    return unpacking->source->ended && archive_errno(unpacking->archive) != EILSEQ;
}

/* The archive as a whole. */
static int refuse_archive(const struct unpacking *unpacking, struct cr_error *err)
{
    return cr_error_set(
        err, CR_EMODEL,
        is_cut(unpacking)
            ? "'%s' is incomplete or damaged: the file ends before the archive in it does"
            : "'%s' is no archive of a version, or damaged",
        unpacking->file);
}

static int refuse(const struct unpacking *unpacking, const char *name, const char *why,
                  struct cr_error *err)
{
    return cr_error_set(err, CR_EMODEL, "'%s': '%s' %s", unpacking->file, name, why);
}

/* The current entry's bytes, into a file that was just created. */
static int copy_data(struct unpacking *unpacking, const char *name, FILE *out, struct cr_error *err)
{
    char block[BLOCK_LEN];
    size_t file_len = 0;
    la_ssize_t len;

    while ((len = archive_read_data(unpacking->archive, block, sizeof(block))) > 0) {
        file_len += (size_t)len;
        unpacking->total_len += (size_t)len;
        if (file_len > unpacking->limits->file_len ||
            unpacking->total_len > unpacking->limits->total_len) {
            return cr_error_set(err, CR_ETOOBIG, "'%s': '%s' is larger than a version may be",
                                unpacking->file, name);
        }
        if (fwrite(block, 1, (size_t)len, out) != (size_t)len) {
            return cr_error_set(err, CR_EIO, "cannot write '%s/%s': %s", unpacking->dir, name,
                                strerror(errno));
        }
    }
    if (len < 0) {
        return is_cut(unpacking)
                   ? refuse_archive(unpacking, err)
                   : refuse(unpacking, name, "cannot be read: the archive is damaged", err);
    }
    return 0;
}

/* Not synced yet: publishing does that for the whole folder. */
static int unpack_file(struct unpacking *unpacking, const char *name, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(unpacking->dir, name);
    CR_CLEANUP(cr_freep) char *folder = path != NULL ? strdup(path) : NULL;
    FILE *out;
    int r;

    if (folder == NULL) {
        return cr_error_no_memory(err);
    }
    *strrchr(folder, '/') = '\0';
    r = cr_fs_mkdirs(folder, err);
    if (r < 0) {
        return r;
    }
    out = fopen(path, "wxe");
    if (out == NULL) {
        return errno == EEXIST
                   ? refuse(unpacking, name, "is there twice", err)
                   : cr_error_set(err, CR_EIO, "cannot create '%s': %s", path, strerror(errno));
    }
    r = copy_data(unpacking, name, out, err);
    if (fclose(out) != 0 && r == 0) {
        r = cr_error_set(err, CR_EIO, "cannot write '%s': %s", path, strerror(errno));
    }
    return r;
}

static int unpack_entry(struct unpacking *unpacking, struct archive_entry *entry,
                        struct cr_error *err)
{
    const char *name = archive_entry_pathname(entry);

    if (name == NULL) {
        return refuse(unpacking, "", "is no name", err);
    }
    while (strncmp(name, "./", 2) == 0) { /* as `tar -c .` writes them */
        name += 2;
    }
    if (archive_entry_filetype(entry) == AE_IFDIR) {
        return 0; /* comes with its files */
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL) {
        return refuse(unpacking, name, "is no regular file", err);
    }
    if (!cr_artifact_is_path(name)) {
        return refuse(unpacking, name, "is no name of a version's file", err);
    }
    if (unpacking->n_files++ == unpacking->limits->n_files) {
        return refuse(unpacking, name, "is one file too many", err);
    }
    return unpack_file(unpacking, name, err);
}

int cr_archive_find(const char *file, struct cr_error *err)
{
    return cr_fs_exists(file) ? 0 : cr_error_set(err, CR_ENOTFOUND, "there is no file '%s'", file);
}

static void source_freep(struct source **source)
{
    if (*source != NULL) {
        if ((*source)->file != NULL) {
            (void)fclose((*source)->file); /* a reader's close has nothing to report */
        }
        cr_digest_destroy((*source)->digest);
        free(*source);
    }
}

static int open_source(const char *file, struct source **ret_source, struct cr_error *err)
{
    CR_CLEANUP(source_freep) struct source *source = calloc(1, sizeof(*source));
    int r = source != NULL ? cr_archive_find(file, err) : cr_error_no_memory(err);

    if (r < 0) {
        return r;
    }
    source->digest = cr_digest_create();
    if (source->digest == NULL) {
        return cr_error_no_memory(err);
    }
    source->file = fopen(file, "rbe");
    if (source->file == NULL) {
        return cr_error_set(err, CR_EIO, "cannot open '%s': %s", file, strerror(errno));
    }
    *ret_source = CR_STEAL(source);
    return 0;
}

/* The library's giver of bytes; 0 at the end. */
static la_ssize_t give_bytes(struct archive *archive, void *in, const void **ret_bytes)
{
    struct source *source = in;
    size_t len = fread(source->block, 1, sizeof(source->block), source->file);

    if (ferror(source->file)) {
        archive_set_error(archive, errno, "cannot be read");
        return -1;
    }
    source->ended = len == 0;
    cr_digest_add(source->digest, source->block, len);
    *ret_bytes = source->block;
    return (la_ssize_t)len;
}

/* What stands behind the archive's end is a part of the file, too. */
static int read_rest(struct unpacking *unpacking, struct source *source, struct cr_error *err)
{
    const void *bytes;
    size_t rest_len = 0;
    la_ssize_t len;

    while ((len = give_bytes(unpacking->archive, source, &bytes)) > 0) {
        rest_len += (size_t)len;
        if (rest_len > unpacking->limits->total_len) {
            return cr_error_set(err, CR_ETOOBIG, "'%s' does not end behind the archive",
                                unpacking->file);
        }
    }
    return len == 0 ? 0 : cr_error_set(err, CR_EIO, "cannot read '%s'", unpacking->file);
}

int cr_archive_read(const char *file, const char *dir, const struct cr_archive_limits *limits,
                    char ret_sha256[CR_DIGEST_LEN], struct cr_error *err)
{
    CR_CLEANUP(source_freep) struct source *source = NULL;
    CR_CLEANUP(read_freep) struct archive *archive = archive_read_new();
    struct unpacking unpacking = {archive, file, dir, limits != NULL ? limits : &usual_limits,
                                  NULL,    0,    0};
    struct archive_entry *entry;
    int status;
    int r = archive != NULL ? open_source(file, &source, err) : cr_error_no_memory(err);

    if (r < 0) {
        return r;
    }
    unpacking.source = source;
    if (archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
        archive_read_support_format_tar(archive) != ARCHIVE_OK ||
        archive_read_open(archive, source, NULL, give_bytes, NULL) != ARCHIVE_OK) {
        return refuse_archive(&unpacking, err);
    }
    while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        r = unpack_entry(&unpacking, entry, err);
        if (r < 0) {
            return r;
        }
    }
    if (status != ARCHIVE_EOF || unpacking.n_files == 0) {
        return refuse_archive(&unpacking, err);
    }
    r = read_rest(&unpacking, source, err);
    if (r == 0 && ret_sha256 != NULL) {
        cr_digest_end(source->digest, ret_sha256);
    }
    return r;
}
