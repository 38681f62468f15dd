// SPDX-License-Identifier: MIT
/* Private to http/: the listening socket. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stddef.h>

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/inet.h"

struct cr_listener {
    int fd; /* non-blocking, listening */
    char address[CR_INET_TEXT_LEN];
    int port; /* 0 for a local socket */
};

/* Opens the socket that the settings ask for, or checks the one they bring. The fd is yours
 * (close). CR_EINVAL, CR_EUNAVAIL. */
int cr_listen_open(const struct cr_settings *settings, struct cr_listener *ret_listener,
                   struct cr_error *err);

/* Lets no further connection begin at the socket, while handshakes under way still end: what the
 * kernel accepts between the last accept and close would be reset. Who knocks meanwhile is told
 * after the close, when knocking again, that nobody listens. */
void cr_listen_end(int fd);

/* For every connection that is accepted from then on: lets it hear its client. */
void cr_listen_taken_late(int fd);

#endif
