// SPDX-License-Identifier: MIT
#include "healthcheck.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

enum { PATIENCE_S = 3, STATUS_LEN = 12 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int unavailable(struct cr_error *err, const char *what)
{
    char space[128];

    return cr_error_set(err, CR_EUNAVAIL, "cannot %s: %s", what,
                        strerror_r(errno, space, sizeof(space)));
}

/* Where a socket that listens on `text` is reached from here: every address means loopback. */
static socklen_t make_address(const char *text, int port, union address *ret_address)
{
    union address address = {0};

    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        if (address.v4.sin_addr.s_addr == htonl(INADDR_ANY)) {
            address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
        *ret_address = address;
        return sizeof(address.v4);
    }
    if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        if (IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr)) {
            address.v6.sin6_addr = in6addr_loopback;
        }
        *ret_address = address;
        return sizeof(address.v6);
    }
    return 0;
}

static int ask(int fd, struct cr_error *err)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char status[STATUS_LEN + 1] = "";
    size_t len = 0;

    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1) {
        return unavailable(err, "send");
    }
    while (len < STATUS_LEN) {
        ssize_t n = recv(fd, status + len, STATUS_LEN - len, 0);

        if (n < 0) {
            return unavailable(err, "receive");
        }
        if (n == 0) {
            return cr_error_set(err, CR_EUNAVAIL, "the connection was closed");
        }
        len += (size_t)n;
    }
    return strcmp(status, "HTTP/1.1 200") == 0
               ? 0
               : cr_error_set(err, CR_EUNAVAIL, "not ready: '%s'", status);
}

int cr_healthcheck(const struct cr_settings *settings, struct cr_error *err)
{
    CR_CLEANUP(cr_fs_closep) int fd = -1;
    struct timeval patience = {.tv_sec = PATIENCE_S};
    union address address;
    socklen_t len = make_address(settings->listen_address, settings->listen_port, &address);

    if (len == 0 || settings->listen_port == 0) {
        return cr_error_set(err, CR_EINVAL, "'%s' port %d is no place to ask",
                            settings->listen_address, settings->listen_port);
    }
    fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0) {
        return unavailable(err, "make a socket");
    }
    if (connect(fd, &address.any, len) != 0) {
        return unavailable(err, "connect");
    }
    return ask(fd, err);
}
