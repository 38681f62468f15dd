// SPDX-License-Identifier: MIT
/* Private to book/: the CSV file of rejected rows, written as soon as there is one. */
#ifndef BOOK_REJECTS_H
#define BOOK_REJECTS_H

#include <stddef.h>
#include <stdio.h>

#include "creditrisk/util/error.h"

struct rejects {
    char *path;
    FILE *out; /* NULL before the first row */
    size_t n;
};

/* `path` is copied; NULL means <dir>/rejects.csv. A file of an earlier import is removed. */
int rejects_init(struct rejects *rejects, const char *dir, const char *path, struct cr_error *err);

/* One line: file, line, "column (position)" or nothing, reason. */
int rejects_add(struct rejects *rejects, const char *file, size_t line, const char *column,
                size_t position, const char *reason, struct cr_error *err);

/* No more rows: everything is on its way to the disk, or CR_EIO. */
int rejects_close(struct rejects *rejects, struct cr_error *err);

/* Frees. The file is removed, as that of a failed import, unless its path was taken (CR_STEAL). */
void rejects_finish(struct rejects *rejects);

#endif
