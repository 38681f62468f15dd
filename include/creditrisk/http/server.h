// SPDX-License-Identifier: MIT
/* HTTP server: libmicrohttpd's epoll thread pool in front of the route table. One thread (the
 * daemon's main thread) calls these; requests are answered on the workers. */
#ifndef CREDITRISK_HTTP_SERVER_H
#define CREDITRISK_HTTP_SERVER_H

#include <stddef.h>

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"

struct cr_server;

/* Takes the listening socket (settings->listen_fd when ≥ 0, which it then owns, else address and
 * port). Clients may connect from now on and wait; nothing is answered before cr_server_start.
 * Settings must outlive it. Yours: cr_server_destroy. CR_EINVAL for a socket that is none and for
 * an address that may not be served (not loopback without keys or auth.allow_anonymous),
 * CR_EUNAVAIL when it cannot be had. */
int cr_server_create(const struct cr_settings *settings, struct cr_server **ret_server,
                     struct cr_error *err);

/* From now on a version is tried in a process of its own before it is loaded (score/trial.h), in
 * `program`, which is borrowed; without this call it is loaded at once. A trial ends early when the
 * server drains or stop_fd (−1 = none), which is borrowed too, becomes readable. */
void cr_server_try_versions(struct cr_server *server, const char *program, int stop_fd);

/* How many files a server of these settings may have open when it is full. */
size_t cr_server_max_files(const struct cr_settings *settings);

/* Ends what still runs, without waiting for requests in flight (cr_server_drain). */
void cr_server_destroy(struct cr_server *server);

/* Loads the registry's champions (digests, golden rows), of the settings' portfolio and of the
 * others that it serves, and serves them from the next request on; an old one goes when its last
 * request ends. On failure the old one, if any, keeps serving, and the others are loaded all the
 * same. Every outcome is logged; the error is that of the settings' own portfolio, if it has one.
 */
int cr_server_reload(struct cr_server *server, struct cr_error *err);

/* The same for those whose champion or challenger in the registry is another than was last loaded
 * or refused. The errors of cr_server_reload, and those of reading the registry: the log has the
 * first of several in a row, and /readyz tells how it is. */
int cr_server_follow(struct cr_server *server, struct cr_error *err);

/* Reads the clients' keys again; to be called every auth.refresh_s seconds, and by one thread. */
void cr_server_refresh(struct cr_server *server);

/* Starts answering; without a champion with 503. CR_EUNAVAIL. */
int cr_server_start(struct cr_server *server, struct cr_error *err);

/* The address (numeric; "unix" for a local socket) and port it listens on; borrowed. */
const char *cr_server_address(const struct cr_server *server);
int cr_server_port(const struct cr_server *server);

/* Readiness turns 503, no new connections (then "draining" is logged); waits until the requests in
 * flight are answered, at most drain_timeout_s. Returns the number that were not. */
size_t cr_server_drain(struct cr_server *server);

#endif
