// SPDX-License-Identifier: MIT
/* Ownership in locals: CR_CLEANUP(f) runs f(&variable) at scope exit; CR_STEAL(p) hands the pointer
 * on. */
#ifndef CREDITRISK_UTIL_CLEANUP_H
#define CREDITRISK_UTIL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>

#define CR_CLEANUP(function) __attribute__((cleanup(function)))

/* Yields p and leaves NULL behind. */
#define CR_STEAL(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#define CR_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Defines `<destroy>p`, the cleanup function of a type whose destroy function takes a pointer (NULL
 * allowed). */
#define CR_DEFINE_CLEANUP(type, destroy)                                                           \
    static inline void destroy##p(type *pointer)                                                   \
    {                                                                                              \
        destroy(*pointer);                                                                         \
    }                                                                                              \
    struct cr_semicolon_

/* Frees what *pointer points to; for `CR_CLEANUP(cr_freep) char *x = NULL;`. */
static inline void cr_freep(void *pointer)
{
    free(*(void **)pointer);
}

static inline void cr_fclosep(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file); /* a reader's close has nothing to report */
    }
}

#endif
