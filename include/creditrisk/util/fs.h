// SPDX-License-Identifier: MIT
/* Files: reads with a maximum, writes that are complete or absent. Paths are NUL-terminated UTF-8.
 */
#ifndef CREDITRISK_UTIL_FS_H
#define CREDITRISK_UTIL_FS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

/* Reads a whole regular file of at most max_len bytes. *ret_data is yours (free), NUL-terminated
 * beyond *ret_len. CR_ENOTFOUND, CR_ETOOBIG, CR_EIO. */
int cr_fs_read(const char *path, size_t max_len, char **ret_data, size_t *ret_len,
               struct cr_error *err);

/* For what is read piece by piece: opens a file of any kind, waiting for a pipe's other end, and
 * reads what comes next, up to len bytes; 0 only at the end. The path is for the message. The
 * descriptor is yours: cr_fs_closep. CR_ENOTFOUND, CR_EIO. */
int cr_fs_open(const char *path, int *ret_fd, struct cr_error *err);
int cr_fs_read_piece(int fd, const char *path, void *data, size_t len, size_t *ret_len,
                     struct cr_error *err);

/* Writes path through a temporary file beside it: write, fsync, rename, fsync of the folder. After
 * a crash path holds either its old or its new content. What is not replaceable (see below) is
 * CR_EIO and stays. */
int cr_fs_write(const char *path, const void *data, size_t len, struct cr_error *err);

/* Creates the folder and its parents (mode 0755); an existing folder is success. */
int cr_fs_mkdirs(const char *path, struct cr_error *err);

/* The same for what may have to be taken back: the first *ret_top_len bytes of the path name the
 * highest folder that was created, 0 when all were there; and the taking back, of what is empty. A
 * failure has done so. */
int cr_fs_make_dirs(const char *path, size_t *ret_top_len, struct cr_error *err);
void cr_fs_unmake_dirs(const char *path, size_t top_len);

/* Whether the folder can be made and written in, or only the latter where it is there; what it
 * makes for it is gone again. A link that leads nowhere is no folder, nor can one be made of it.
 * The path is not "". CR_EIO. */
int cr_fs_check_room(const char *path, struct cr_error *err);

/* Creates a new folder `<parent>/<prefix>XXXXXX`; *ret_path is yours (free). */
int cr_fs_mkdtemp(const char *parent, const char *prefix, char **ret_path, struct cr_error *err);

/* Syncs every file and folder below path, children first. */
int cr_fs_sync_tree(const char *path, struct cr_error *err);

/* Renames atomically within one file system and syncs the target's folder. Fails when the target
 * exists as a non-empty folder. */
int cr_fs_rename(const char *from, const char *to, struct cr_error *err);

/* Removes a file or a folder with everything below it; absence is success, also of a part that
 * another removes at the same time. Follows no symbolic link. */
int cr_fs_remove_tree(const char *path, struct cr_error *err);

/* Names of the entries of a folder (regular files and folders, also through symbolic links; no dot
 * files), sorted bytewise. *ret_names is yours: cr_fs_free_names. */
int cr_fs_list(const char *path, char ***ret_names, size_t *ret_n, struct cr_error *err);
void cr_fs_free_names(char **names, size_t n);

bool cr_fs_exists(const char *path);
bool cr_fs_is_dir(const char *path);

/* Whether a new file may take this name: nothing is there or a regular file. A symbolic link, a
 * device or a pipe is somebody's and stays. */
bool cr_fs_is_replaceable(const char *path);

/* "a/b" as a new string (yours, free); NULL without memory. */
char *cr_fs_join(const char *folder, const char *name);

/* The last part of a path, made harmless by cr_utf8_clean: how a record names a file that came from
 * anywhere. Yours (free), NULL without memory. */
char *cr_fs_shown_name(const char *path);

/* Closes what has nothing to report (a reader, a socket on its way out, a pipe of our own), for
 * CR_CLEANUP; -1 is none. */
void cr_fs_closep(const int *fd);

#endif
