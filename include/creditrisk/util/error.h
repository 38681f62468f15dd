// SPDX-License-Identifier: MIT
/* Errors: a function that can fail returns 0 or one of the codes below and, on failure only, fills
 * the caller's struct cr_error. There is no global error state. */
#ifndef CREDITRISK_UTIL_ERROR_H
#define CREDITRISK_UTIL_ERROR_H

#include <stddef.h>

enum cr_error_code {
    CR_EINVAL = -1,    /* a value or argument from outside is not acceptable */
    CR_EPARSE = -2,    /* text or bytes are not what their format demands */
    CR_ENOTFOUND = -3, /* the named thing does not exist */
    CR_ETOOBIG = -4,   /* a stated maximum was exceeded */
    CR_EUNAVAIL = -5,  /* right now (or in this build) it cannot be done */
    CR_EIO = -6,       /* the operating system refused a file operation */
    CR_EDB = -7,       /* the database refused */
    CR_EMODEL = -8,    /* a model or artifact is not trustworthy */
    CR_ENOMEM = -9,    /* memory is exhausted */
};

/* One line of UTF-8 for people: what was wrong, with which value in single quotes. Control
 * characters, line separators and bytes that are no UTF-8 have become question marks. */
struct cr_error {
    int code;
    char message[512];
};

/* Fills err (which may be NULL) and returns code, so that `return cr_error_set(…)` reads well. A
 * message that does not fit is cut. */
int cr_error_set(struct cr_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, the message preceded by "FILE:LINE:COLUMN: "; line and column count from 1, 0 leaves
 * them out. */
int cr_error_at(struct cr_error *err, int code, const char *file, size_t line, size_t column,
                const char *format, ...) __attribute__((format(printf, 6, 7)));

/* CR_ENOMEM, "out of memory". */
int cr_error_no_memory(struct cr_error *err);

/* The code's name without its prefix, e.g. "EPARSE"; borrowed, static. */
const char *cr_error_name(int code);

#endif
