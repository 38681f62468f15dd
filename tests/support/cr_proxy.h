// SPDX-License-Identifier: MIT
/* A way to a PostgreSQL server that loses a connection at the worst moment: when its client
 * commits. One connection at a time. */
#ifndef CREDITRISK_TESTS_CR_PROXY_H
#define CREDITRISK_TESTS_CR_PROXY_H

#include "cr_test.h"

enum cr_cut {
    CR_CUT_NOTHING,
    CR_CUT_BEFORE,   /* the server never sees the COMMIT */
    CR_CUT_HOLD,     /* nor that its client is gone */
    CR_CUT_AT_ONCE,  /* it sees the COMMIT; its client is gone */
    CR_CUT_AFTER,    /* it has committed and said so to nobody */
    CR_CUT_TWICE,    /* as after, and the first question what became of it is lost as well */
    CR_CUT_FOR_GOOD, /* as after, and no connection is made again until another cut is chosen */
};

struct cr_proxy;

/* To the server in whose folder the socket of that address lies. Yours: cr_proxy_stop, when its
 * clients are gone. */
struct cr_proxy *cr_proxy_start(const char *server);
void cr_proxy_stop(struct cr_proxy *proxy);

static inline void cr_proxy_stopp(struct cr_proxy **proxy)
{
    cr_proxy_stop(*proxy);
}

/* The server's address by way of the proxy. Borrowed. */
const char *cr_proxy_url(const struct cr_proxy *proxy);

/* What becomes of the next COMMIT, and no other. */
void cr_proxy_cut(struct cr_proxy *proxy, enum cr_cut cut);

#endif
