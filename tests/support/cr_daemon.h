// SPDX-License-Identifier: MIT
/* Starts the real creditriskd ($CR_DAEMON) on a socket of the test's own, so that a client may
 * connect at once and nothing has to sleep. The daemon dies with the test. */
#ifndef CREDITRISK_TESTS_CR_DAEMON_H
#define CREDITRISK_TESTS_CR_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "creditrisk/util/strbuf.h"

struct cr_daemon {
    pid_t pid;
    int port;
    int log_fd;           /* what it writes to standard error … */
    struct cr_strbuf log; /* … and has been read of it */
};

/* Starts it with the given options (NULL-terminated) in the checkout's root, without variables of
 * ours in its environment except `variables` ("NAME=value", NULL-terminated, may be NULL). It is
 * yours: cr_daemon_stop. */
void cr_daemon_start(struct cr_daemon *ret_daemon, const char *const *options,
                     const char *const *variables);

/* The same without a socket: it opens its own, or ends at once. */
void cr_daemon_launch(struct cr_daemon *ret_daemon, const char *const *options,
                      const char *const *variables);

/* Waits (at most 60 s, else the test fails) until its log holds `text` beyond byte `from`; returns
 * the first byte after it. */
size_t cr_daemon_await(struct cr_daemon *daemon, size_t from, const char *text);

/* Sends a signal once it listens. */
void cr_daemon_signal(struct cr_daemon *daemon, int number);

/* Waits for its end and reads the rest of its log; returns the exit status, or −1 if a signal
 * killed it. The log stays until cr_daemon_finish. */
int cr_daemon_wait(struct cr_daemon *daemon);

/* SIGTERM, and one more request (its bytes) on the connection, which is closed: whether it was
 * still answered, with 200; then the answer must end the connection. Waits for the daemon and
 * finishes it.
 */
bool cr_daemon_answers_draining(struct cr_daemon *daemon, int fd, const char *request);

/* SIGTERM, wait, finish; the exit status. */
int cr_daemon_stop(struct cr_daemon *daemon);
void cr_daemon_finish(struct cr_daemon *daemon);

/* Runs creditriskd (without a socket) until it ends by itself; *ret_output (both streams) is yours
 * (free). */
int cr_daemon_run(const char *const *options, const char *const *variables, char **ret_output);

#endif
