// SPDX-License-Identifier: MIT
/* The operating system's refusals as errors. */
#ifndef UTIL_OS_H
#define UTIL_OS_H

#include <errno.h>
#include <string.h>

#include "creditrisk/util/error.h"

/* The error for errno: "cannot VERB 'PATH': REASON". CR_ENOTFOUND, CR_ENOMEM or CR_EIO. */
static inline int os_error(struct cr_error *err, const char *verb, const char *path)
{
    int number = errno;
    int code = CR_EIO;
    char space[128];

    if (number == ENOENT || number == ENOTDIR) {
        code = CR_ENOTFOUND;
    } else if (number == ENOMEM) {
        code = CR_ENOMEM;
    }
    return cr_error_set(err, code, "cannot %s '%s': %s", verb, path,
                        strerror_r(number, space, sizeof(space)));
}

#endif
