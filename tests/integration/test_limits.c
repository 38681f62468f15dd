// SPDX-License-Identifier: MIT
/* What the daemon does to clients that are many: caps, for one address and for all. */
#include "cr_test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { PER_CLIENT = 4, IN_ALL = 10 };

/* With few connections, and a trusted proxy at 127.0.0.9. */
static void start(struct cr_daemon *daemon)
{
    static const char *const variables[] = {
        "CREDITRISK_LIMITS_CONNECTIONS=10",
        "CREDITRISK_LIMITS_CONNECTIONS_PER_ADDRESS=4",
        "CREDITRISK_TRUSTED_PROXIES=127.0.0.9/32",
        "CREDITRISK_THREADS=2",
        NULL,
    };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};

    cr_daemon_start(daemon, options, variables);
    (void)cr_daemon_await(daemon, 0, "\"event\":\"listening\"");
}

/* A request on a connection; true when it was answered, false when the connection was refused. */
static bool is_served(int fd)
{
    struct cr_http_response response;
    char value[256];
    bool served;

    (void)cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"); /* or it is closed */
    response = cr_http_read(fd, false);
    served = response.status == 200;
    if (!served) {
        CR_CLEANUP(cr_json_decrefp) json_t *problem = cr_http_json(&response);

        cr_http_check(&response, 503);
        cr_http_check_header(&response, "Connection", "close");
        assert_non_null(cr_http_header(&response, "Retry-After", value));
        assert_string_equal(cr_http_text(problem, "detail"), "Too many connections");
        assert_true(cr_http_is_closed(fd));
    }
    cr_http_finish(&response);
    return served;
}

static int open_served(const char *from, int port)
{
    int fd = cr_http_connect_from(from, port);

    assert_true(is_served(fd));
    return fd;
}

static void check_refused(const char *from, int port)
{
    int fd = cr_http_connect_from(from, port);

    assert_false(is_served(fd));
    (void)close(fd);
}

/* A place that was given back is free as soon as the daemon has seen the end. */
static int open_again(const char *from, int port)
{
    for (;;) {
        int fd = cr_http_connect_from(from, port);

        if (is_served(fd)) {
            return fd;
        }
        (void)close(fd);
    }
}

static void test_caps(void **state)
{
    struct cr_daemon daemon;
    int fds[IN_ALL];

    (void)state;
    start(&daemon);
    for (size_t i = 0; i < PER_CLIENT; i++) {
        fds[i] = open_served("127.0.0.1", daemon.port);
    }
    check_refused("127.0.0.1", daemon.port);
    for (size_t i = PER_CLIENT; i < 2 * PER_CLIENT; i++) {
        fds[i] = open_served("127.0.0.2", daemon.port);
    }
    check_refused("127.0.0.2", daemon.port);
    for (size_t i = 2 * PER_CLIENT; i < IN_ALL; i++) {
        fds[i] = open_served("127.0.0.3", daemon.port);
    }
    check_refused("127.0.0.3", daemon.port); /* has 2 of its 4, but there are 10 in all */
    assert_int_equal(cr_http_n_rejected(fds[0], "address"), 2);
    assert_int_equal(cr_http_n_rejected(fds[0], "connections"), 1);
    (void)close(fds[0]);
    fds[0] = open_again("127.0.0.3", daemon.port);
    check_refused("127.0.0.1", daemon.port);
    for (size_t i = 0; i < IN_ALL; i++) {
        (void)close(fds[i]);
    }
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"connections_refused\"");
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* What a trusted proxy brings counts for the client that it names, and nobody else can name one. */
static void test_proxy(void **state)
{
    static const char head[] = "POST /predict HTTP/1.1\r\nHost: h\r\n"
                               "Content-Type: application/json\r\nContent-Length: 2\r\n";
    struct cr_http_response response;
    struct cr_daemon daemon;
    char interim[32];
    int fds[PER_CLIENT];
    int fd;

    (void)state;
    start(&daemon);
    for (size_t i = 0; i < PER_CLIENT; i++) { /* in flight: the body is not there yet */
        fds[i] = cr_http_connect_from("127.0.0.9", daemon.port);
        assert_true(cr_http_puts(fds[i], head));
        assert_true(cr_http_puts(fds[i], "X-Forwarded-For: 1.2.3.4, 203.0.113.7\r\n"
                                         "Expect: 100-continue\r\n\r\n"));
        assert_int_equal(recv(fds[i], interim, 25, MSG_WAITALL), 25);
    }
    fd = cr_http_connect_from("127.0.0.9", daemon.port); /* a fifth of 203.0.113.7 */
    assert_true(cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n"
                                 "X-Forwarded-For: 203.0.113.7\r\n\r\n"));
    response = cr_http_read(fd, false);
    cr_http_check(&response, 503);
    assert_true(cr_http_is_closed(fd));
    cr_http_finish(&response);
    (void)close(fd);
    fd = cr_http_connect_from("127.0.0.9", daemon.port); /* another client */
    assert_true(cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n"
                                 "X-Forwarded-For: 203.0.113.7, 203.0.113.8\r\n\r\n"));
    response = cr_http_read(fd, false);
    cr_http_check(&response, 200);
    cr_http_finish(&response);
    (void)close(fd);
    fd = cr_http_connect_from("127.0.0.8", daemon.port); /* no proxy of ours */
    assert_true(cr_http_puts(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n"
                                 "X-Forwarded-For: 203.0.113.7\r\n\r\n"));
    response = cr_http_read(fd, false);
    cr_http_check(&response, 200);
    cr_http_finish(&response);
    (void)close(fd);
    for (size_t i = 0; i < PER_CLIENT; i++) { /* and what was in flight goes on */
        assert_true(cr_http_puts(fds[i], "{}"));
        response = cr_http_read(fds[i], false);
        cr_http_check(&response, 503);
        cr_http_finish(&response);
        (void)close(fds[i]);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void test_bad_proxies(void **state)
{
    static const char *const options[] = {"--listen", "127.0.0.1:0", NULL};
    static const char *const variables[] = {"CREDITRISK_TRUSTED_PROXIES=10.0.0.0/8,proxy.local",
                                            NULL};
    CR_CLEANUP(cr_freep) char *output = NULL;

    (void)state;
    assert_int_equal(cr_daemon_run(options, variables, &output), 1);
    assert_non_null(strstr(output, "trusted_proxies: 'proxy.local' is no address"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_bad_proxies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
