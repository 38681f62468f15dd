// SPDX-License-Identifier: MIT
/* Private to http/: one thread accepts connections, so that those beyond the limits get an answer
 * at once, and hands the others to the library's workers. */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "creditrisk/util/error.h"

struct cr_acceptor;
struct cr_server;

/* Accepts from the server's listen_fd. Yours: cr_acceptor_destroy. CR_ENOMEM, CR_EUNAVAIL. */
int cr_acceptor_create(struct cr_server *server, struct cr_acceptor **ret_acceptor,
                       struct cr_error *err);

/* Accepts what the kernel has taken for us so far, then no more. */
void cr_acceptor_destroy(struct cr_acceptor *acceptor);

#endif
