// SPDX-License-Identifier: MIT
/* Private to book/: the CSV file of rejected rows. They go to a temporary file beside it, made for
 * the first of them; only an import that succeeded touches the file itself. */
#ifndef BOOK_REJECTS_H
#define BOOK_REJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

struct rejects {
    char *path;
    char *temporary; /* NULL before the first row and once it has become `path` */
    FILE *out;       /* NULL before the first row and after cr_book_rejects_close */
    size_t n;
    bool named;   /* by the caller: a file that is there is not ours to remove */
    bool removed; /* by cr_book_rejects_keep: the list of an earlier import */
};

/* `path` is copied; NULL means rejects.csv in the folder of the source (source.h). CR_EINVAL when
 * that is one of the files that the import reads, or there and no list of rejected rows. */
int cr_book_rejects_init(struct rejects *rejects, const struct cr_portfolio *portfolio,
                         const char *source, const char *path, struct cr_error *err);

/* One line: file, line, "column (position)" or nothing, reason. */
int cr_book_rejects_add(struct rejects *rejects, const char *file, size_t line, const char *column,
                        size_t position, const char *reason, struct cr_error *err);

/* No more rows: everything is on its way to the disk, or CR_EIO. */
int cr_book_rejects_close(struct rejects *rejects, struct cr_error *err);

/* The import has succeeded: the rows replace the file of an earlier one; without any, a file of
 * the default name is removed. *ret_path, yours, is where the rows are, NULL without any. On
 * CR_EIO it is still set, then to the temporary file: the rows are not lost. */
int cr_book_rejects_keep(struct rejects *rejects, char **ret_path, struct cr_error *err);

/* Frees, and removes the temporary file of an import that failed. */
void cr_book_rejects_finish(struct rejects *rejects);

#endif
