// SPDX-License-Identifier: MIT
/* The end of a listening socket: no connection begins any more, and one that has begun is heard,
 * whether or not the system lets the socket have a filter, with privileges and without. */
#include "cr_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/http/listen.h"

enum { PATIENCE_MS = 60000, NOBODY = 65534 };

static bool wait_for(int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};

    return poll(&polled, 1, PATIENCE_MS) == 1;
}

/* A socket at which a handshake is under way until its client has sent a byte. */
static int open_listener(const char *address)
{
    const struct cr_settings settings = {
        .listen_address = (char *)address, .listen_fd = -1, .auth_mode = (char[]){"none"}};
    int longest_s = PATIENCE_MS / 1000;
    struct cr_listener listener;
    struct cr_error err;

    cr_assert_ok(cr_listen_open(&settings, &listener, &err), &err);
    assert_int_equal(
        setsockopt(listener.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &longest_s, sizeof(longest_s)), 0);
    return listener.fd;
}

/* From now on the system refuses the socket a filter (EPERM), as it may refuse it to a process
 * without privileges. */
static void refuse_filter(int fd)
{
    int on = 1;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), 0);
}

/* A client that goes to the listening socket and has not waited for an answer. */
static int knock(int listener)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd;

    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, len), -1);
    assert_int_equal(errno, EINPROGRESS);
    return fd;
}

/* What became of it: 0 or an errno. */
static int outcome(int fd)
{
    int failed = 0;
    socklen_t len = sizeof(failed);

    assert_true(wait_for(fd, POLLOUT));
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len), 0);
    return failed;
}

static void assert_hears(int served, char expected)
{
    char byte = 0;

    assert_true(wait_for(served, POLLIN));
    assert_int_equal(recv(served, &byte, 1, 0), 1);
    assert_int_equal(byte, expected);
}

/* The one that waits, taken after the end, is heard to its last byte. */
static void serve_late(int listener, int client)
{
    int served;

    assert_true(wait_for(listener, POLLIN));
    served = accept(listener, NULL, NULL);
    assert_true(served >= 0);
    cr_listen_taken_late(served);
    assert_hears(served, '1');
    assert_int_equal(send(client, "2", 1, MSG_NOSIGNAL), 1);
    assert_hears(served, '2');
    (void)close(served);
    (void)close(client);
}

static void check_end(const char *address, bool filter_is_refused)
{
    int listener = open_listener(address);
    int waiting = knock(listener);
    int under_way = knock(listener);
    int late;

    assert_int_equal(outcome(waiting), 0);
    assert_int_equal(send(waiting, "1", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(outcome(under_way), 0);
    if (filter_is_refused) {
        refuse_filter(listener);
    }
    cr_listen_end(listener);
    late = knock(listener);
    serve_late(listener, waiting);
    assert_int_equal(send(under_way, "1", 1, MSG_NOSIGNAL), 1);
    serve_late(listener, under_way);
    (void)close(listener);
    assert_int_equal(outcome(late), ECONNREFUSED); /* when it knocks again, about a second later */
    (void)close(late);
}

static void with_a_filter(void **state)
{
    (void)state;
    check_end("127.0.0.1", false);
}

static void without_a_filter(void **state)
{
    (void)state;
    check_end("127.0.0.1", true);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return has;
}

static void over_ipv6(void **state)
{
    (void)state;
    if (!has_ipv6()) {
        skip(); /* main says so */
    }
    check_end("::1", false);
    check_end("::1", true);
}

/* Only as root there are any to give up. */
static int give_up_privileges(void **state)
{
    (void)state;
    return geteuid() == 0 ? seteuid(NOBODY) : 0;
}

static int take_privileges_back(void **state)
{
    (void)state;
    return getuid() == 0 ? seteuid(0) : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_filter), /* without privileges, if the system lets us */
        cmocka_unit_test(without_a_filter),
        cmocka_unit_test(over_ipv6),
    };
    int n_failed = cmocka_run_group_tests_name("as we are", tests, NULL, NULL) +
                   cmocka_run_group_tests_name("unprivileged", tests, give_up_privileges,
                                               take_privileges_back);

    if (n_failed == 0 && !has_ipv6()) {
        cr_test_skip("IPv6");
    }
    return n_failed;
}
