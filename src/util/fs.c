// SPDX-License-Identifier: MIT
#include "creditrisk/util/fs.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/utf8.h"
#include "os.h"

enum { WALK_FDS = 16, MAX_WALKS = 100 };

static void closedirp(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir); /* a reader's close has nothing to report */
    }
}

/* The folder part of path as a new string. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result;

    if (fd < 0) {
        return -1;
    }
    result = fsync(fd);
    (void)close(fd); /* opened for reading */
    return result;
}

/* Reads at most len bytes; fewer only at the end of the file. */
static ssize_t read_up_to(int fd, char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, data + done, len - done);

        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)done;
}

int cr_fs_read(const char *path, size_t max_len, char **ret_data, size_t *ret_len,
               struct cr_error *err)
{
    /* non-blocking, so that a named pipe is refused below and not waited for */
    CR_CLEANUP(cr_fs_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    CR_CLEANUP(cr_freep) char *data = NULL;
    struct stat info;
    size_t cap;
    ssize_t len;

    if (fd < 0 || fstat(fd, &info) != 0) {
        return os_error(err, "read", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return cr_error_set(err, CR_EIO, "cannot read '%s': not a regular file", path);
    }
    if ((uintmax_t)info.st_size > max_len) {
        return cr_error_set(err, CR_ETOOBIG, "'%s' has more than %zu bytes", path, max_len);
    }
    cap = (size_t)info.st_size + 1; /* one more, to notice a file that grows */
    data = malloc(cap);
    if (data == NULL) {
        return cr_error_no_memory(err);
    }
    len = read_up_to(fd, data, cap);
    if (len < 0) {
        return os_error(err, "read", path);
    }
    if ((size_t)len == cap) {
        return cr_error_set(err, CR_EIO, "'%s' changed while it was read", path);
    }
    data[len] = '\0';
    *ret_len = (size_t)len;
    *ret_data = CR_STEAL(data);
    return 0;
}

int cr_fs_open(const char *path, int *ret_fd, struct cr_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return os_error(err, "read", path);
    }
    *ret_fd = fd;
    return 0;
}

int cr_fs_read_piece(int fd, const char *path, void *data, size_t len, size_t *ret_len,
                     struct cr_error *err)
{
    ssize_t n;

    do {
        n = read(fd, data, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return os_error(err, "read", path);
    }
    *ret_len = (size_t)n;
    return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* Creates path with this content, on disk when it returns 0; else errno is set. */
static int create_synced(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int saved;

    if (fd < 0) {
        return -1;
    }
    if (write_all(fd, data, len) != 0 || fsync(fd) != 0) {
        saved = errno;
        (void)close(fd); /* the first failure counts */
        errno = saved;
        return -1;
    }
    return close(fd);
}

int cr_fs_write(const char *path, const void *data, size_t len, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = parent_of(path);
    CR_CLEANUP(cr_freep) char *temporary = NULL;
    const char *slash = strrchr(path, '/');
    char suffix[17];

    if (!cr_fs_is_replaceable(path)) {
        return cr_error_set(err, CR_EIO, "cannot write '%s': not a regular file", path);
    }
    cr_digest_random_hex(suffix, 8);
    /* a dot file: cr_fs_list never shows what a crash leaves behind */
    if (folder == NULL ||
        asprintf(&temporary, "%s/.%s.%s", folder, slash != NULL ? slash + 1 : path, suffix) < 0) {
        temporary = NULL; /* undefined after a failure */
        return cr_error_no_memory(err);
    }
    if (create_synced(temporary, data, len) != 0 || rename(temporary, path) != 0) {
        int code = os_error(err, "write", path);

        (void)unlink(temporary); /* may not exist */
        return code;
    }
    return sync_path(folder) == 0 ? 0 : os_error(err, "sync", folder);
}

/* Creates one folder where there is none; *top_len is that of the first that was created. */
static int make_folder(const char *path, size_t *top_len, struct cr_error *err)
{
    if (mkdir(path, 0755) == 0) {
        *top_len = *top_len > 0 ? *top_len : strlen(path);
        return 0;
    }
    return errno == EEXIST ? 0 : os_error(err, "create", path);
}

int cr_fs_make_dirs(const char *path, size_t *ret_top_len, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *part = strdup(path);
    size_t top_len = 0;
    int r = 0;

    if (part == NULL) {
        return cr_error_no_memory(err);
    }
    for (char *p = part; *p != '\0' && r == 0; p++) {
        if (*p == '/' && p > part) {
            *p = '\0';
            r = make_folder(part, &top_len, err);
            *p = '/';
        }
    }
    if (r == 0) {
        r = make_folder(part, &top_len, err);
    }
    if (r == 0 && !cr_fs_is_dir(path)) {
        r = cr_error_set(err, CR_EIO, "cannot create '%s': it exists and is no folder", path);
    }
    if (r != 0) {
        cr_fs_unmake_dirs(path, top_len);
        return r;
    }
    *ret_top_len = top_len;
    return 0;
}

void cr_fs_unmake_dirs(const char *path, size_t top_len)
{
    CR_CLEANUP(cr_freep) char *part = strdup(path);
    char *slash = part;

    while (slash != NULL && top_len > 0 && strlen(part) >= top_len) {
        (void)rmdir(part); /* fails where it is not empty, as that above it then is not */
        slash = strrchr(part, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
}

int cr_fs_mkdirs(const char *path, struct cr_error *err)
{
    size_t top_len;

    return cr_fs_make_dirs(path, &top_len, err);
}

/* Only trying tells: root may write everywhere, and yet nobody makes a folder in /proc. */
static int try_folder(const char *folder, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *trial = NULL;
    struct cr_error cause;

    if (cr_fs_mkdtemp(folder, ".room-", &trial, &cause) != 0) {
        return cr_error_set(err, cause.code == CR_ENOMEM ? CR_ENOMEM : CR_EIO, "%s", cause.message);
    }
    (void)rmdir(trial); /* as empty as it was made */
    return 0;
}

int cr_fs_check_room(const char *path, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *part = strdup(path);
    const char *folder = part;
    struct stat info;

    assert(*path != '\0');
    if (part == NULL) {
        return cr_error_no_memory(err);
    }
    while (lstat(folder, &info) != 0) {
        char *slash = strrchr(part, '/');

        if (errno != ENOENT && errno != ENOTDIR) {
            return os_error(err, "create a folder in", folder);
        }
        if (slash == NULL || slash == part) {
            folder = slash == NULL ? "." : "/";
            break;
        }
        *slash = '\0';
    }
    if (!cr_fs_is_dir(folder)) {
        return cr_error_set(err, CR_EIO, "cannot create '%s': '%s' is no folder", path, folder);
    }
    return try_folder(folder, err);
}

int cr_fs_mkdtemp(const char *parent, const char *prefix, char **ret_path, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = NULL;

    if (asprintf(&path, "%s/%sXXXXXX", parent, prefix) < 0) {
        path = NULL; /* undefined after a failure */
        return cr_error_no_memory(err);
    }
    if (mkdtemp(path) == NULL) {
        return os_error(err, "create a folder in", parent);
    }
    *ret_path = CR_STEAL(path);
    return 0;
}

static int sync_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)type; /* both are given by nftw and not needed */
    (void)where;
    return S_ISREG(info->st_mode) || S_ISDIR(info->st_mode) ? sync_path(path) : 0;
}

int cr_fs_sync_tree(const char *path, struct cr_error *err)
{
    if (nftw(path, sync_entry, WALK_FDS, FTW_DEPTH | FTW_PHYS) != 0) {
        return os_error(err, "sync", path);
    }
    return 0;
}

int cr_fs_rename(const char *from, const char *to, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = parent_of(to);

    if (folder == NULL) {
        return cr_error_no_memory(err);
    }
    if (rename(from, to) != 0) {
        return errno == ENOENT ? os_error(err, "rename", from) : os_error(err, "replace", to);
    }
    return sync_path(folder) == 0 ? 0 : os_error(err, "sync", folder);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info; /* the three are given by nftw and not needed */
    (void)type;
    (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1; /* another may have been faster */
}

static bool is_absent(const char *path)
{
    struct stat info;

    return lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* A folder that another removes while the walk enters it ends the walk: what is left is walked
 * again. */
int cr_fs_remove_tree(const char *path, struct cr_error *err)
{
    for (size_t i = 1; nftw(path, remove_entry, WALK_FDS, FTW_DEPTH | FTW_PHYS) != 0; i++) {
        bool vanished = errno == ENOENT || errno == ENOTDIR;

        if (!vanished || i == MAX_WALKS) {
            return os_error(err, "remove", path);
        }
        if (is_absent(path)) {
            return 0;
        }
    }
    return 0;
}

struct names {
    char **items;
    size_t n;
    size_t cap;
};

static void names_finish(struct names *names)
{
    cr_fs_free_names(names->items, names->n);
}

static int names_add(struct names *names, const char *name)
{
    if (names->n == names->cap) {
        size_t cap = names->cap == 0 ? 16 : 2 * names->cap;
        char **items = reallocarray(names->items, cap, sizeof(*items));

        if (items == NULL) {
            return -1;
        }
        names->items = items;
        names->cap = cap;
    }
    names->items[names->n] = strdup(name);
    if (names->items[names->n] == NULL) {
        return -1;
    }
    names->n++;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int cr_fs_list(const char *path, char ***ret_names, size_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(closedirp) DIR *dir = opendir(path);
    CR_CLEANUP(names_finish) struct names names = {NULL, 0, 0};
    const struct dirent *entry;
    struct stat info;

    if (dir == NULL) {
        return os_error(err, "list", path);
    }
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        /* through symbolic links: a mounted configuration consists of them */
        if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &info, 0) != 0 ||
            !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
            continue;
        }
        if (names_add(&names, entry->d_name) != 0) {
            return cr_error_no_memory(err);
        }
    }
    if (errno != 0) {
        return os_error(err, "list", path);
    }
    if (names.n > 0) {
        qsort(names.items, names.n, sizeof(*names.items), compare_names);
    }
    *ret_n = names.n;
    *ret_names = CR_STEAL(names.items);
    names.n = 0;
    return 0;
}

void cr_fs_free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}

bool cr_fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool cr_fs_is_dir(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool cr_fs_is_replaceable(const char *path)
{
    struct stat info;

    return lstat(path, &info) != 0 || S_ISREG(info.st_mode);
}

char *cr_fs_join(const char *folder, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

char *cr_fs_shown_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    if (name != NULL) {
        cr_utf8_clean(name);
    }
    return name;
}

void cr_fs_closep(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}
