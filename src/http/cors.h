// SPDX-License-Identifier: MIT
/* Private to http/: pages of other origins that may call from a browser. None unless
 * cors.allow_origins names some. That a page may not read an answer does not keep a browser from
 * sending what it asks, with whatever the daemon's own address is good for: so what changes
 * anything is refused to pages that are not listed. */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/list.h"

/* CR_EINVAL unless every entry of the list (commas between) is scheme://host or
 * scheme://host:port. */
int cr_cors_check(const char *list, struct cr_error *err);

/* The entry that an Origin header (NULL when absent) names; text NULL = the origin is not listed.
 */
struct cr_list_entry cr_cors_find(const char *list, const char *origin);

/* Whether a browser brings this for a page of another origin, listed or not: what Sec-Fetch-Site
 * says, or where a browser does not send it, an Origin that is not the Host. No program but a
 * browser sends either; all may be NULL. */
bool cr_cors_is_foreign(const char *fetch_site, const char *origin, const char *host);

/* Whether a Host header (NULL when absent) is a name which anybody's name server can point here, so
 * that a page of that name counts as the daemon's own (DNS rebinding): anything but an address and
 * localhost. */
bool cr_cors_is_borrowed(const char *host);

#endif
