// SPDX-License-Identifier: MIT
/* Private to http/: closing late. A socket that is closed while its client is still sending is
 * reset, and the client loses the answer. One thread reads and drops what such clients send, for
 * at most 16 MiB or 2 s each. */
#ifndef HTTP_LINGER_H
#define HTTP_LINGER_H

#include "creditrisk/util/error.h"

/* More sockets than these are closed at once. */
enum { CR_LINGER_MAX = 256 };

struct cr_linger;

/* Yours: cr_linger_destroy. CR_EUNAVAIL, CR_ENOMEM. */
int cr_linger_create(struct cr_linger **ret_linger, struct cr_error *err);

/* Closes what still lingers. */
void cr_linger_destroy(struct cr_linger *linger);

/* Keeps the connection of fd open beyond its owner's close and drops what arrives. fd remains its
 * owner's, who must not read from it any more. Nothing happens when too many linger. */
void cr_linger_add(struct cr_linger *linger, int fd);

/* The same for a connection that has no other owner: fd is closed in the end. */
void cr_linger_take(struct cr_linger *linger, int fd);

#endif
