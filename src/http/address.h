// SPDX-License-Identifier: MIT
/* Private to http/: who a client is, as far as its address tells. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "creditrisk/util/error.h"

/* An IPv6 address; IPv4 stands in it as ::ffff:a.b.c.d, a local socket is all zeros. */
struct cr_address {
    unsigned char bytes[16];
};

struct cr_address cr_address_of(const struct sockaddr *socket);

/* Whether it is a local socket's, which tells nobody apart. */
bool cr_address_is_local(const struct cr_address *address);

/* Reads a numeric address; brackets and a port may surround it, as in X-Forwarded-For. */
bool cr_address_parse(const char *text, size_t len, struct cr_address *ret_address);

/* What is counted as one client: an IPv4 address, or an IPv6 network of /64, whose addresses are
 * all one customer's. */
struct cr_address cr_address_client(const struct cr_address *address);

/* Networks, e.g. of trusted proxies. */
struct cr_network {
    struct cr_address address;
    unsigned prefix; /* leading bits that count, of 128 */
};

struct cr_networks {
    struct cr_network *items;
    size_t n;
};

/* Reads "10.0.0.0/8,::1"; bits beyond the prefix do not count. CR_EINVAL, CR_ENOMEM. Yours:
 * cr_networks_finish. */
int cr_networks_parse(const char *list, struct cr_networks *ret_networks, struct cr_error *err);
void cr_networks_finish(struct cr_networks *networks);

bool cr_networks_hold(const struct cr_networks *networks, const struct cr_address *address);

/* The client behind `peer`: X-Forwarded-For (NULL when absent) is read from its end for as long as
 * the one who wrote it is trusted; what cannot be read ends the search. */
struct cr_address cr_networks_client(const struct cr_networks *trusted,
                                     const struct cr_address *peer, const char *forwarded_for);

#endif
