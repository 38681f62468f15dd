// SPDX-License-Identifier: MIT
/* Private to http/: pages of other origins that may call from a browser. Off unless
 * cors.allow_origins names some. */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include <stddef.h>

#include "creditrisk/util/error.h"

/* One entry of the list, borrowed from it; text NULL = the origin is not listed. */
struct cr_origin_entry {
    const char *text;
    size_t len;
};

/* CR_EINVAL unless every entry of the list (commas between) is scheme://host or
 * scheme://host:port. */
int cr_cors_check(const char *list, struct cr_error *err);

/* The entry that an Origin header (NULL when absent) names. */
struct cr_origin_entry cr_cors_find(const char *list, const char *origin);

#endif
