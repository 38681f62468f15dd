// SPDX-License-Identifier: MIT
#include "listen.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/inet.h"

/* What an answer that a client does not take may cost the system, about; by itself it would lend
 * megabytes to each. */
enum { SEND_BYTES = 128 * 1024 };

enum { MOST_HOPS = 255 }; /* of a packet: hardly any system begins with so many */

static int unavailable(struct cr_error *err, const char *what, const struct cr_settings *settings,
                       const char *advice)
{
    char space[128];

    return cr_error_set(err, CR_EUNAVAIL, "cannot %s '%s' port %d: %s%s", what,
                        settings->listen_address, settings->listen_port,
                        strerror_r(errno, space, sizeof(space)), advice);
}

static bool is_loopback(const union cr_inet *address)
{
    if (address->any.sa_family == AF_INET) {
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->any.sa_family == AF_INET6) {
        const struct in6_addr *v6 = &address->v6.sin6_addr;

        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
    return address->any.sa_family == AF_UNIX;
}

static void describe(const union cr_inet *address, struct cr_listener *listener)
{
    listener->port = cr_inet_write(address, listener->address);
}

static int check_exposure(const struct cr_settings *settings, const union cr_inet *address,
                          const struct cr_listener *listener, struct cr_error *err)
{
    if (is_loopback(address) || settings->allow_anonymous ||
        strcmp(settings->auth_mode, "key") == 0) {
        return 0;
    }
    return cr_error_set(err, CR_EINVAL,
                        "'%s' can be reached from other machines and clients need no key: set "
                        "auth.mode to key (CREDITRISK_AUTH_MODE=key) or auth.allow_anonymous "
                        "(CREDITRISK_AUTH_ALLOW_ANONYMOUS=true) to serve it",
                        listener->address);
}

/* Options that only save time or trouble: without them the socket still serves. */
static void tune(int fd)
{
    int on = 1;
    int off = 0;
    int send_bytes = SEND_BYTES;

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* accepted ones inherit these two */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
}

/* The socket that --listen-fd brings. */
static int check_given(int fd, union cr_inet *ret_address, struct cr_error *err)
{
    socklen_t len = sizeof(*ret_address);
    int accepts = 0;
    socklen_t accepts_len = sizeof(accepts);
    int flags = fcntl(fd, F_GETFL);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &accepts_len) != 0 || accepts == 0 ||
        getsockname(fd, &ret_address->any, &len) != 0 || flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return cr_error_set(err, CR_EINVAL, "file descriptor %d is no listening socket", fd);
    }
    return 0;
}

static int open_new(const struct cr_settings *settings, int *ret_fd, union cr_inet *ret_address,
                    struct cr_error *err)
{
    CR_CLEANUP(cr_fs_closep) int fd = -1;
    struct cr_listener listener;
    socklen_t len = cr_inet_read(settings->listen_address, settings->listen_port, ret_address);
    int result;

    assert(len > 0); /* the settings have no other */
    describe(ret_address, &listener);
    result = check_exposure(settings, ret_address, &listener, err);
    if (result < 0) {
        return result;
    }
    fd = socket(ret_address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return unavailable(err, "open a socket for", settings, "");
    }
    tune(fd);
    if (bind(fd, &ret_address->any, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &ret_address->any, &len) != 0) {
        return unavailable(err, "listen on", settings, "; " CR_SETTINGS_LISTEN_HELP);
    }
    *ret_fd = fd;
    fd = -1;
    return 0;
}

int cr_listen_open(const struct cr_settings *settings, struct cr_listener *ret_listener,
                   struct cr_error *err)
{
    struct cr_listener listener = {.fd = settings->listen_fd};
    union cr_inet address = {0};
    int result;

    if (listener.fd < 0) {
        result = open_new(settings, &listener.fd, &address, err);
        describe(&address, &listener);
    } else {
        result = check_given(listener.fd, &address, err);
        describe(&address, &listener);
        if (result == 0) {
            tune(listener.fd);
            result = check_exposure(settings, &address, &listener, err);
        }
    }
    if (result == 0) {
        *ret_listener = listener;
    }
    return result;
}

/* Packets that may go over fewer hops are dropped (RFC 5082), where they are for no connection that
 * has begun; those that begin have it from the listening socket. Without it a few clients may see a
 * reset, as with most daemons. One of the two may fail: the socket is of the other family. */
static void set_least_hops(int fd, int n)
{
    (void)setsockopt(fd, IPPROTO_IP, IP_MINTTL, &n, sizeof(n));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &n, sizeof(n));
}

void cr_listen_end(int fd)
{
    enum { FLAGS_BYTE = 13, SYN = 0x02, ACK = 0x10, PASS = 0x7fffffff }; /* of RFC 9293's header */
    struct sock_filter drop_first[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_BYTE),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, PASS),
    };
    struct sock_fprog program = {CR_ARRAY_LEN(drop_first), drop_first};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
        set_least_hops(fd, MOST_HOPS); /* some systems let only a privileged process filter */
    }
}

void cr_listen_taken_late(int fd)
{
    set_least_hops(fd, 0);
}
