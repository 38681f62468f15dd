// SPDX-License-Identifier: MIT
#include "healthcheck.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/inet.h"

enum { PATIENCE_S = 3, STATUS_LEN = 12 };

static int unavailable(struct cr_error *err, const char *what, const char *advice)
{
    char space[128];

    if (errno == EAGAIN || errno == EINPROGRESS) { /* as patience ends */
        return cr_error_set(err, CR_EUNAVAIL, "no answer within %d s", PATIENCE_S);
    }
    return cr_error_set(err, CR_EUNAVAIL, "cannot %s: %s%s", what,
                        strerror_r(errno, space, sizeof(space)), advice);
}

/* Where a socket that listens on `text` is reached from here: every address means loopback. */
static socklen_t make_address(const char *text, int port, union cr_inet *ret_address)
{
    socklen_t len = cr_inet_read(text, port, ret_address);

    assert(len > 0); /* the settings have no other */
    if (ret_address->any.sa_family == AF_INET &&
        ret_address->v4.sin_addr.s_addr == htonl(INADDR_ANY)) {
        ret_address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (ret_address->any.sa_family == AF_INET6 &&
               IN6_IS_ADDR_UNSPECIFIED(&ret_address->v6.sin6_addr)) {
        ret_address->v6.sin6_addr = in6addr_loopback;
    }
    return len;
}

static int ask(int fd, struct cr_error *err)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char status[STATUS_LEN + 1] = "";
    size_t len = 0;

    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1) {
        return unavailable(err, "send", "");
    }
    while (len < STATUS_LEN) {
        ssize_t n = recv(fd, status + len, STATUS_LEN - len, 0);

        if (n < 0) {
            return unavailable(err, "receive", "");
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

static int connect_and_ask(const union cr_inet *address, socklen_t len, struct cr_error *err)
{
    CR_CLEANUP(cr_fs_closep) int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = PATIENCE_S};

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0) {
        return unavailable(err, "make a socket", "");
    }
    if (connect(fd, &address->any, len) != 0) {
        return unavailable(err, "connect", "; " CR_SETTINGS_LISTEN_HELP);
    }
    return ask(fd, err);
}

int cr_healthcheck(const struct cr_settings *settings, struct cr_error *err)
{
    union cr_inet address;
    socklen_t len = make_address(settings->listen_address, settings->listen_port, &address);
    bool is_v6 = address.any.sa_family == AF_INET6;
    char text[CR_INET_TEXT_LEN];
    int port = cr_inet_write(&address, text);
    struct cr_error why;
    int result;

    if (port == 0) {
        return cr_error_set(err, CR_EINVAL,
                            "port 0 is no place to ask: the daemon's log says which it "
                            "is; " CR_SETTINGS_LISTEN_HELP);
    }
    result = connect_and_ask(&address, len, &why);
    return result < 0 ? cr_error_set(err, result, "asked http://%s%s%s:%d/readyz: %s",
                                     is_v6 ? "[" : "", text, is_v6 ? "]" : "", port, why.message)
                      : 0;
}
