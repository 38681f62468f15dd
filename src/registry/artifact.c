// SPDX-License-Identifier: MIT
#include "creditrisk/registry/artifact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

enum {
    MAX_MANIFEST_LEN = 4 << 20,
    MAX_DEPTH = 8,
    MAX_NAME_LEN = 128,
};

/* A regular file of the folder. */
struct entry {
    char *path; /* relative to the folder */
    off_t len;
};

struct entries {
    struct entry *items; /* sorted by path, the manifest and its signature left out */
    size_t n;
};

static void entries_finish(struct entries *entries)
{
    for (size_t i = 0; i < entries->n; i++) {
        free(entries->items[i].path);
    }
    free(entries->items);
}

static int add_entry(struct entries *entries, const char *path, off_t len, struct cr_error *err)
{
    struct entry *items;

    if (entries->n == CR_ARTIFACT_MAX_FILES) {
        return cr_error_set(err, CR_EMODEL, "a version has at most %d files",
                            CR_ARTIFACT_MAX_FILES);
    }
    items = reallocarray(entries->items, entries->n + 1, sizeof(*items));
    if (items == NULL) {
        return cr_error_no_memory(err);
    }
    entries->items = items;
    items[entries->n] = (struct entry){.path = strdup(path), .len = len};
    if (items[entries->n].path == NULL) {
        return cr_error_no_memory(err);
    }
    entries->n++;
    return 0;
}

static void closedirp(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir); /* a reader's close has nothing to report */
    }
}

/* Names that are the same for every file system, shell and JSON reader; what a crash leaves behind
 * begins with a dot. */
static bool is_name(const char *name, size_t len)
{
    return len > 0 && len <= MAX_NAME_LEN && name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") >= len;
}

bool cr_artifact_is_path(const char *path)
{
    for (int depth = 0; depth <= MAX_DEPTH; depth++) {
        size_t len = strcspn(path, "/");

        if (!is_name(path, len)) {
            return false;
        }
        if (path[len] == '\0') {
            return true;
        }
        path += len + 1;
    }
    return false;
}

static int walk(const char *root, const char *prefix, int depth, struct entries *entries,
                struct cr_error *err);

/* One name of the folder root/prefix. */
static int visit(const char *root, const char *prefix, int folder_fd, const char *name, int depth,
                 struct entries *entries, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = *prefix == '\0' ? strdup(name) : cr_fs_join(prefix, name);
    struct stat info;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    if (!is_name(name, strlen(name))) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s': no file of a version has such a name", root,
                            path);
    }
    if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return cr_error_set(err, CR_EIO, "cannot read '%s/%s'", root, path);
    }
    if (S_ISDIR(info.st_mode)) {
        return walk(root, path, depth + 1, entries, err);
    }
    if (!S_ISREG(info.st_mode)) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s' is neither a file nor a folder", root, path);
    }
    if (strcmp(path, CR_ARTIFACT_MANIFEST) == 0 || strcmp(path, CR_ARTIFACT_SIGNATURE) == 0) {
        return 0;
    }
    return add_entry(entries, path, info.st_size, err);
}

/* Why it was not opened. */
static int refuse_folder(const char *folder, int number, struct cr_error *err)
{
    switch (number) {
    case ENOENT:
        return cr_error_set(err, CR_ENOTFOUND, "there is no folder '%s'", folder);
    case ENOTDIR:
    case ELOOP: /* a symbolic link */
        return cr_error_set(err, CR_EMODEL, "'%s' is not a folder", folder);
    default:
        return cr_error_set(err, CR_EIO, "cannot open '%s': %s", folder, strerror(number));
    }
}

/* Adds what is below root/prefix; symbolic links are not followed but refused. */
static int walk(const char *root, const char *prefix, int depth, struct entries *entries,
                struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = *prefix == '\0' ? strdup(root) : cr_fs_join(root, prefix);
    CR_CLEANUP(closedirp) DIR *dir = NULL;
    const struct dirent *item;
    int fd;
    int r = 0;

    if (folder == NULL) {
        return cr_error_no_memory(err);
    }
    if (depth > MAX_DEPTH) {
        return cr_error_set(err, CR_EMODEL, "'%s': folders are nested too deeply", folder);
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return refuse_folder(folder, errno, err);
    }
    dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd); /* opened for reading */
        return cr_error_no_memory(err);
    }
    while (r == 0 && (errno = 0, item = readdir(dir)) != NULL) {
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            r = visit(root, prefix, dirfd(dir), item->d_name, depth, entries, err);
        }
    }
    return r == 0 && errno != 0 ? cr_error_set(err, CR_EIO, "cannot list '%s'", folder) : r;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int list_entries(const char *dir, struct entries *entries, struct cr_error *err)
{
    int r = walk(dir, "", 0, entries, err);

    if (r == 0 && entries->n > 0) {
        qsort(entries->items, entries->n, sizeof(*entries->items), compare_entries);
    }
    return r;
}

static int digest_entry(const char *dir, const struct entry *entry, char ret_hex[CR_DIGEST_LEN],
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, entry->path);

    return path == NULL ? cr_error_no_memory(err) : cr_digest_file(path, ret_hex, err);
}

static int save_manifest(const char *dir, const json_t *manifest, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);

    return path == NULL ? cr_error_no_memory(err) : cr_json_save(path, manifest, err);
}

int cr_artifact_seal(const char *dir, json_t *manifest, struct cr_error *err)
{
    CR_CLEANUP(entries_finish) struct entries entries = {NULL, 0};
    CR_CLEANUP(cr_json_decrefp) json_t *files = json_object();
    int r = list_entries(dir, &entries, err);

    for (size_t i = 0; r == 0 && i < entries.n; i++) {
        char hex[CR_DIGEST_LEN];
        const struct entry *entry = &entries.items[i];

        r = digest_entry(dir, entry, hex, err);
        if (r == 0 && json_object_set_new(files, entry->path,
                                          json_pack("{s:s, s:I}", "sha256", hex, "bytes",
                                                    (json_int_t)entry->len)) != 0) {
            r = cr_error_no_memory(err);
        }
    }
    if (r < 0) {
        return r;
    }
    if (json_object_set_new(manifest, "format", json_integer(CR_ARTIFACT_FORMAT)) != 0 ||
        json_object_set(manifest, "files", files) != 0) {
        return cr_error_no_memory(err);
    }
    return save_manifest(dir, manifest, err);
}

int cr_artifact_code(int code)
{
    return code == CR_EIO || code == CR_ENOMEM ? code : CR_EMODEL;
}

int cr_artifact_read_manifest(const char *dir, json_t **ret_manifest, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error cause = {0};
    int r;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    r = cr_json_load(path, MAX_MANIFEST_LEN, &manifest, &cause);
    if (r == CR_ENOTFOUND && !cr_fs_is_dir(dir)) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no folder '%s'", dir);
    }
    if (r < 0) {
        return cr_error_set(err, cr_artifact_code(r), "%s", cause.message);
    }
    if (!json_is_object(manifest)) {
        return cr_error_set(err, CR_EMODEL, "'%s' is not an object", path);
    }
    *ret_manifest = CR_STEAL(manifest);
    return 0;
}

/* Format, and that every listed file is there. */
static int check_list(const char *dir, const json_t *manifest, const struct entries *entries,
                      struct cr_error *err)
{
    const json_t *format = json_object_get(manifest, "format");
    json_t *files = json_object_get(manifest, "files");

    if (json_integer_value(format) != CR_ARTIFACT_FORMAT) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s': format '%lld' is not %d, which is known here",
                            dir, CR_ARTIFACT_MANIFEST, (long long)json_integer_value(format),
                            CR_ARTIFACT_FORMAT);
    }
    if (!json_is_object(files)) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s': 'files' is not an object", dir,
                            CR_ARTIFACT_MANIFEST);
    }
    for (void *it = json_object_iter(files); it != NULL; it = json_object_iter_next(files, it)) {
        struct entry wanted = {.path = (char *)json_object_iter_key(it), .len = 0};

        if (entries->n == 0 ||
            bsearch(&wanted, entries->items, entries->n, sizeof(wanted), compare_entries) == NULL) {
            return cr_error_set(err, CR_EMODEL, "'%s/%s' is missing", dir, wanted.path);
        }
    }
    return 0;
}

/* The file is listed, and as long as it was. */
static int check_size(const char *dir, const json_t *files, const struct entry *entry,
                      struct cr_error *err)
{
    const json_t *expected = json_object_get(files, entry->path);
    const json_t *bytes = json_object_get(expected, "bytes");
    const char *sha256 = json_string_value(json_object_get(expected, "sha256"));

    if (expected == NULL) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s' is not listed in %s", dir, entry->path,
                            CR_ARTIFACT_MANIFEST);
    }
    if (!json_is_integer(bytes) || sha256 == NULL) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s': '%s' lacks 'bytes' or 'sha256'", dir,
                            CR_ARTIFACT_MANIFEST, entry->path);
    }
    return json_integer_value(bytes) == entry->len
               ? 0
               : cr_error_set(err, CR_EMODEL, "'%s/%s' has %lld bytes instead of %lld", dir,
                              entry->path, (long long)entry->len,
                              (long long)json_integer_value(bytes));
}

static int check_entry(const char *dir, const json_t *files, const struct entry *entry,
                       struct cr_error *err)
{
    const json_t *expected = json_object_get(files, entry->path);
    char hex[CR_DIGEST_LEN];
    int r = check_size(dir, files, entry, err);

    if (r == 0) {
        r = digest_entry(dir, entry, hex, err);
    }
    if (r == 0 && strcmp(hex, json_string_value(json_object_get(expected, "sha256"))) != 0) {
        r = cr_error_set(err, CR_EMODEL, "'%s/%s' was changed: its SHA-256 is '%s'", dir,
                         entry->path, hex);
    }
    return r;
}

int cr_artifact_verify(const char *dir, json_t **ret_manifest, struct cr_error *err)
{
    CR_CLEANUP(entries_finish) struct entries entries = {NULL, 0};
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    int r = list_entries(dir, &entries, err);

    if (r == 0) {
        r = cr_artifact_read_manifest(dir, &manifest, err);
    }
    if (r == 0) {
        r = check_list(dir, manifest, &entries, err);
    }
    for (size_t i = 0; r == 0 && i < entries.n; i++) {
        r = check_entry(dir, json_object_get(manifest, "files"), &entries.items[i], err);
    }
    if (r < 0) {
        return r;
    }
    *ret_manifest = CR_STEAL(manifest);
    return 0;
}

int cr_artifact_look(const char *dir, const json_t *manifest, struct cr_error *err)
{
    CR_CLEANUP(entries_finish) struct entries entries = {NULL, 0};
    int r = list_entries(dir, &entries, err);

    if (r == 0) {
        r = check_list(dir, manifest, &entries, err);
    }
    for (size_t i = 0; r == 0 && i < entries.n; i++) {
        r = check_size(dir, json_object_get(manifest, "files"), &entries.items[i], err);
    }
    return r;
}
