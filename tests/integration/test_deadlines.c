// SPDX-License-Identifier: MIT
/* What the daemon does to clients that are slow: absolute deadlines. Times are only compared with
 * the deadline that a client was given: never cut before, cut at all after. */
#include "cr_test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"

#define JSON_POST "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
#define SECOND    INT64_C(1000000000)

enum { DRIP_MS = 20, TIMEOUT_S = 2, IDLE_S = 3 };

static void start_with(struct cr_daemon *daemon, const char *const *variables)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};

    cr_daemon_start(daemon, options, variables);
    (void)cr_daemon_await(daemon, 0, "\"event\":\"listening\"");
}

/* With short timeouts. */
static void start(struct cr_daemon *daemon)
{
    static const char *const variables[] = {
        "CREDITRISK_LIMITS_HEADER_TIMEOUT_S=2",
        "CREDITRISK_LIMITS_TRANSFER_TIMEOUT_S=2",
        "CREDITRISK_LIMITS_IDLE_TIMEOUT_S=3",
        "CREDITRISK_THREADS=2",
        NULL,
    };

    start_with(daemon, variables);
}

/* Sends `text` again and again, a byte at a time, until the daemon hangs up, and reads nothing but
 * that; fails when it does not. */
static void drip(int fd, const char *text, int64_t not_before_ns)
{
    int64_t start_ns = cr_clock_ns();
    size_t i = 0;

    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN | POLLRDHUP};

        if (poll(&polled, 1, DRIP_MS) == 1) {
            break;
        }
        if (!cr_http_send(fd, &text[i++ % strlen(text)], 1)) {
            break;
        }
        if (cr_clock_ns() - start_ns > 30 * SECOND) {
            fail_msg("still connected");
        }
    }
    assert_true(cr_clock_ns() >= not_before_ns);
    assert_true(cr_http_is_closed(fd));
    (void)close(fd);
}

/* A request and its answer. */
static void ping(int fd)
{
    struct cr_http_response response;

    assert_true(cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
    response = cr_http_read(fd, false);
    assert_int_equal(response.status, 200);
    cr_http_finish(&response);
}

static void test_slow_headers(void **state)
{
    struct cr_daemon daemon;
    int64_t start_ns;
    int fd;

    (void)state;
    start(&daemon);
    start_ns = cr_clock_ns(); /* no byte at all, some of the line, endless headers */
    fd = cr_http_connect(daemon.port);
    assert_true(cr_http_is_closed(fd));
    assert_true(cr_clock_ns() - start_ns >= TIMEOUT_S * SECOND);
    (void)close(fd);
    start_ns = cr_clock_ns();
    fd = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(fd, "GET /"));
    drip(fd, "z", start_ns + TIMEOUT_S * SECOND);
    start_ns = cr_clock_ns();
    fd = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n"));
    drip(fd, "a: b\r\n", start_ns + TIMEOUT_S * SECOND);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* The second request's headers are due from its first line on, not from the connection's begin. */
static void test_slow_second(void **state)
{
    struct cr_daemon daemon;
    int64_t start_ns;
    int fd;

    (void)state;
    start(&daemon);
    fd = cr_http_connect(daemon.port);
    for (int i = 0; i < 2; i++) {
        ping(fd);
    }
    start_ns = cr_clock_ns();
    assert_true(cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n"));
    drip(fd, "a: b\r\n", start_ns + TIMEOUT_S * SECOND);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void test_slow_body(void **state)
{
    static const char *const heads[] = {
        JSON_POST "Content-Length: 50000\r\n\r\n{",
        JSON_POST "Transfer-Encoding: chunked\r\n\r\nffff\r\n{",
    };
    struct cr_daemon daemon;

    (void)state;
    start(&daemon);
    for (size_t i = 0; i < CR_ARRAY_LEN(heads); i++) {
        int64_t start_ns = cr_clock_ns();
        int fd = cr_http_connect(daemon.port);

        assert_true(cr_http_puts(fd, heads[i]));
        drip(fd, " ", start_ns + TIMEOUT_S * SECOND);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* One second more for each KiB: who keeps that pace is served, however long it takes. A client that
 * this machine held up for longer than the timeout proves nothing and begins again. */
static bool send_steadily(int fd, int64_t timeout_ns)
{
    char piece[1024];
    int64_t start_ns = cr_clock_ns();

    memset(piece, ' ', sizeof(piece));
    assert_true(cr_http_puts(fd, JSON_POST "Content-Length: 20480\r\n\r\n"));
    for (int i = 0; i < 20; i++) { /* a KiB each quarter of a second */
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        bool is_cut = poll(&polled, 1, 250) != 0;

        if (cr_clock_ns() - start_ns > timeout_ns + (i - 1) * SECOND) {
            return false;
        }
        assert_false(is_cut);
        assert_true(cr_http_send(fd, piece, sizeof(piece)));
    }
    assert_true(cr_clock_ns() - start_ns > timeout_ns);
    return true;
}

static void test_steady_body(void **state)
{
    static const char *const variables[] = {"CREDITRISK_LIMITS_TRANSFER_TIMEOUT_S=4", NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;
    bool was_steady;
    int fd;

    (void)state;
    start_with(&daemon, variables);
    for (int i = 0; i < 10; i++) {
        fd = cr_http_connect(daemon.port);
        was_steady = send_steadily(fd, 4 * SECOND);
        if (was_steady) {
            break;
        }
        (void)close(fd);
    }
    assert_true(was_steady);
    response = cr_http_read(fd, false);
    assert_int_equal(response.status, 503); /* there is no model: but it was asked */
    cr_http_finish(&response);
    (void)close(fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Asks for far more than the sockets' buffers hold and takes a byte now and then. */
static void test_slow_reader(void **state)
{
    static const char request[] = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    struct cr_daemon daemon;
    int64_t start_ns;
    int size = 4096;
    size_t n_sent = 0;
    int fd;

    (void)state;
    start(&daemon);
    fd = cr_http_connect(daemon.port);
    start_ns = cr_clock_ns();
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLOUT | POLLRDHUP};
        char byte;

        if (poll(&polled, 1, DRIP_MS) == 1 && (polled.revents & (POLLERR | POLLHUP)) != 0) {
            break;
        }
        if ((polled.revents & POLLOUT) != 0) {
            ssize_t n = send(fd, request + n_sent % (sizeof(request) - 1),
                             sizeof(request) - 1 - n_sent % (sizeof(request) - 1),
                             MSG_NOSIGNAL | MSG_DONTWAIT);

            if (n < 0) {
                break;
            }
            n_sent += (size_t)n;
        } else {
            (void)recv(fd, &byte, 1, MSG_DONTWAIT); /* or nothing yet */
        }
        assert_true(cr_clock_ns() - start_ns < 60 * SECOND);
    }
    assert_true(cr_clock_ns() - start_ns >= TIMEOUT_S * SECOND);
    (void)close(fd);
    fd = cr_http_connect(daemon.port);
    cr_http_await_rejected(fd, "deadline");
    assert_int_equal(cr_http_n_rejected(fd, "deadline"), 1);
    (void)close(fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void test_idle(void **state)
{
    struct cr_daemon daemon;
    int64_t start_ns;
    int fd;

    (void)state;
    start(&daemon);
    fd = cr_http_connect(daemon.port);
    start_ns = cr_clock_ns();
    ping(fd);
    assert_true(cr_http_is_closed(fd));
    assert_true(cr_clock_ns() - start_ns >= IDLE_S * SECOND);
    (void)close(fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_headers), cmocka_unit_test(test_slow_second),
        cmocka_unit_test(test_slow_body),    cmocka_unit_test(test_steady_body),
        cmocka_unit_test(test_slow_reader),  cmocka_unit_test(test_idle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
