// SPDX-License-Identifier: MIT
/* Numeric addresses of machines, as people write them and as sockets take them. */
#ifndef CREDITRISK_UTIL_INET_H
#define CREDITRISK_UTIL_INET_H

#include <netinet/in.h>
#include <sys/socket.h>

union cr_inet {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/* Reads 127.0.0.1 or ::1, without brackets. Returns the length that belongs to the address; 0 when
 * text is none: a name would need a resolver and could mean several. */
socklen_t cr_inet_read(const char *text, int port, union cr_inet *ret_address);

enum { CR_INET_TEXT_LEN = INET6_ADDRSTRLEN };

/* Writes it back; "unix" for a local socket. Returns its port, 0 where there is none. */
int cr_inet_write(const union cr_inet *address, char ret_text[CR_INET_TEXT_LEN]);

#endif
