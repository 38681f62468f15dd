// SPDX-License-Identifier: MIT
/* Private to http/: the bytes of an answer as the library takes them. A large answer is sent in
 * blocks, and its deadline moves with the bytes that the client has taken. */
#ifndef HTTP_CONTENT_H
#define HTTP_CONTENT_H

#include <microhttpd.h>
#include <stddef.h>

struct cr_request;

/* Longer answers are sent in blocks. */
enum { CR_CONTENT_LARGE = 65536 };

/* Bytes that stay until `release` is called with `owner`; release NULL = they are somebody else's,
 * and stay until the request ends. */
struct cr_content {
    const char *bytes;
    size_t len;
    MHD_ContentReaderFreeCallback release;
    void *owner;
};

/* The response with this content, which is released once it is sent or not wanted, also on failure.
 * NULL when there is no memory for it, or no room in the budget for a large one of a batch. */
struct MHD_Response *cr_content_respond(struct cr_request *request, struct cr_content content);

#endif
