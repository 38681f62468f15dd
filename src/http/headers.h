// SPDX-License-Identifier: MIT
/* Private to http/: what may stand in a request's head. The library hands over much that another
 * server on the way may read differently (request smuggling), so everything doubtful in the head is
 * refused before anything is believed. Two things stay the library's own: the framing of chunks
 * (0.9.75 takes a bare LF at the end of a chunk's line), and a few refusals that come before any
 * handler, such as a Content-Length that is no number: these are its HTML, without our headers, and
 * 0.9.75 sends their head twice before it closes the connection. */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refusal.h"
#include "routes.h"

struct cr_headers_limits {
    size_t bytes;
    size_t count;
};

/* The request line as the library split it, in one buffer. */
struct cr_headers_line {
    const char *method;
    const char *uri; /* by now unescaped and cut at the query … */
    size_t uri_len;  /* … but it was this long, */
    bool is_target;  /* and passed cr_headers_is_target */
    const char *version;
};

/* The headers that matter; texts are borrowed from the connection, NULL when absent. */
struct cr_headers {
    const char *content_length;
    const char *transfer_encoding;
    const char *host;
    const char *content_type;
    const char *content_encoding;
    const char *expect;
    const char *request_id;
    const char *authorization;
    const char *api_key;
    const char *origin;
    const char *fetch_site;    /* Sec-Fetch-Site */
    const char *preflight;     /* Access-Control-Request-Method */
    const char *forwarded_for; /* the last one, which the nearest proxy wrote */
    uint64_t body_len;         /* Content-Length's value */
    const char *why;           /* of a refusal; static; NULL = nothing more precise */
};

/* Reads and judges all headers. CR_REFUSAL_NONE, _MALFORMED or _HEADERS_TOO_LARGE. */
enum cr_refusal cr_headers_check(struct MHD_Connection *connection,
                                 const struct cr_headers_line *line,
                                 const struct cr_headers_limits *limits,
                                 struct cr_headers *ret_headers);

/* Whether a request target, as sent, holds only visible ASCII and no escaped NUL. */
bool cr_headers_is_target(const char *uri);

/* What a Content-Type (NULL when absent) means: application/json and application/…+json are JSON,
 * application/x-ndjson and application/ndjson are NDJSON, all in UTF-8; else none. */
enum cr_media cr_headers_media(const char *content_type);

/* Whether a client's request id may be kept: 1 to 128 of [A-Za-z0-9._-]. */
bool cr_headers_is_id(const char *id);

#endif
