// SPDX-License-Identifier: MIT
/* Private to http/: the open connections: how many, whose, and until when.
 *
 *   admit   acceptor   counted, in all and for its client, or refused
 *   dismiss acceptor   the library did not take it: no longer counted
 *   start   worker     watched by the reaper from now on
 *   end     worker     before the library closes the fd: forgotten, no longer counted
 *
 * A connection that the library took and then dropped before its start (for lack of memory) stays
 * counted until its fd is admitted again. Any thread may call. */
#ifndef HTTP_CONNECTIONS_H
#define HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "address.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "deadline.h"

struct cr_connections;

struct cr_connection {
    struct cr_timer timer;
    struct cr_address peer;     /* whoever connected */
    bool is_proxy;              /* a trusted one: what it brings counts for those behind it */
    bool is_counted;            /* for its client: no proxy, and not by a local socket */
    size_t n_requests;          /* the worker's, … */
    bool is_idle;               /* … as this is: between two requests */
    int fd;                     /* −1 = free */
    struct cr_connection *next; /* free one; under the lock of the connections */
};

/* What limits and proxies the settings tell, which must outlive it. Yours: cr_connections_destroy.
 * CR_EINVAL (trusted_proxies), CR_ENOMEM, CR_EUNAVAIL. */
int cr_connections_create(const struct cr_settings *settings,
                          struct cr_connections **ret_connections, struct cr_error *err);
void cr_connections_destroy(struct cr_connections *connections);

enum cr_admission { CR_ADMITTED, CR_REFUSED_TOTAL, CR_REFUSED_CLIENT };

enum cr_admission cr_connections_admit(struct cr_connections *connections, int fd,
                                       const struct sockaddr *peer);

/* Takes an admission back, of a connection that was not started. */
void cr_connections_dismiss(struct cr_connections *connections, int fd);

/* The admitted connection of fd, NULL when there is none; borrowed until its end. Its first header
 * block is due. */
struct cr_connection *cr_connections_start(struct cr_connections *connections, int fd);
void cr_connections_end(struct cr_connections *connections, struct cr_connection *connection);

/* How many are admitted now. */
size_t cr_connections_count(struct cr_connections *connections);

/* Who makes a request: the peer, or the client behind a trusted proxy. */
struct cr_address cr_connections_client(const struct cr_connections *connections,
                                        const struct cr_connection *connection,
                                        const char *forwarded_for);

/* A request that a proxy brings counts as a connection of its client; false when it has too many.
 */
bool cr_connections_enter(struct cr_connections *connections, const struct cr_address *client);
void cr_connections_leave(struct cr_connections *connections, const struct cr_address *client);

/* Deadlines, from now_ns on: of a header block, of a body or answer of which n_bytes have gone
 * over, of the next request. */
int64_t cr_connections_header_due(const struct cr_connections *connections, int64_t now_ns);
int64_t cr_connections_transfer_due(const struct cr_connections *connections, int64_t start_ns,
                                    size_t n_bytes);
int64_t cr_connections_idle_due(const struct cr_connections *connections, int64_t now_ns);

#endif
