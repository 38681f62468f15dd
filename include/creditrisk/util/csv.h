// SPDX-License-Identifier: MIT
/* CSV (RFC 4180, through libcsv): rows with the line they start on, and correct quoting on the way
 * out. */
#ifndef CREDITRISK_UTIL_CSV_H
#define CREDITRISK_UTIL_CSV_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "creditrisk/util/error.h"

struct cr_csv_field {
    const char *text; /* NUL-terminated; borrowed until the callback returns */
    size_t len;
    bool quoted; /* written in quotes: a text, whatever it looks like */
};

struct cr_csv_row {
    const char *file;
    size_t line; /* line of the file on which the row starts, from 1 */
    size_t n;
    const struct cr_csv_field *fields;
};

/* The first row, as the bytes of the file have it: known before it is parsed. */
struct cr_csv_head {
    size_t line;    /* of the file on which it starts, from 1 */
    char separator; /* that of the options, or another that the row has more often outside quotes; 0
                       where it is no text */
};

struct cr_csv_options {
    char separator;                         /* 0 = ',' */
    bool guess;                             /* read by the separator that the head suggests */
    struct cr_csv_head *ret_head;           /* may be NULL; also filled where no row can be read */
    size_t max_row_len;                     /* bytes of one row; 0 = 1 MiB */
    const char *name;                       /* of the file in messages and rows; NULL = its path */
    const volatile sig_atomic_t *cancelled; /* may be NULL; non-zero ends the reading */
    /* May be NULL; called before each reading, which may have to wait: a return other than 0 ends
     * it and is returned. */
    int (*before_read)(int fd, void *context, struct cr_error *err);
};

/* Called once per row, the header included; a non-zero return stops the reading and is returned. */
typedef int cr_csv_row_fn(const struct cr_csv_row *row, void *context, struct cr_error *err);

/* Streams a CSV file in constant memory. A byte order mark at the start is skipped, and so are
 * blank lines; blanks around a field that is not quoted are dropped. An unclosed or stray quote or
 * a NUL byte is CR_EPARSE, a row above the maximum CR_ETOOBIG, both with file and line; a file that
 * begins as gzip or UTF-16 does is CR_EPARSE; CR_ENOTFOUND, CR_EIO. CR_EUNAVAIL: cancelled, seen
 * before the file is opened, with every piece, of 64 KiB
 * at most, and at its end. */
int cr_csv_read(const char *path, const struct cr_csv_options *options, cr_csv_row_fn *on_row,
                void *context, struct cr_error *err);

/* The separator of a line of names: of comma, semicolon, tab and bar the one that it has most of
 * outside quotes, if it has more of them than of the usual one. */
char cr_csv_guess_separator(const char *text, size_t len, char usual);

/* Writes one field, quoted where needed, or in any case. */
void cr_csv_write_field(FILE *out, const char *text, size_t len, char separator);
void cr_csv_write_quoted(FILE *out, const char *text, size_t len);

#endif
