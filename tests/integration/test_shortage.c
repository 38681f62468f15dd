// SPDX-License-Identifier: MIT
/* A daemon that runs out of file descriptors turns clients away, rests, and serves again. */
#include "cr_test.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"

#define LIVEZ "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"

enum { N_FREE = 8, N_CLIENTS = 24 };

static void start(struct cr_daemon *daemon)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};

    cr_daemon_start(daemon, options, NULL);
    (void)cr_daemon_await(daemon, 0, "\"event\":\"listening\"");
}

/* The limit that leaves the daemon n_free numbers for files. */
static rlim_t limit_for(pid_t pid, size_t n_free)
{
    bool is_open[1024] = {false};
    char path[64];
    DIR *files;
    rlim_t limit = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    files = opendir(path);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        if (entry->d_name[0] != '.') {
            is_open[strtoul(entry->d_name, NULL, 10) % CR_ARRAY_LEN(is_open)] = true;
        }
    }
    (void)closedir(files);
    for (; n_free > 0 || is_open[limit]; limit++) {
        n_free -= !is_open[limit];
    }
    return limit;
}

/* Its soft limit; returns the one before. */
static rlim_t set_limit(pid_t pid, rlim_t n)
{
    struct rlimit limit;
    rlim_t before;

    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
    before = limit.rlim_cur;
    limit.rlim_cur = n;
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
    return before;
}

static bool is_served(int fd)
{
    struct cr_http_response response;
    bool served;

    (void)cr_http_puts(fd, LIVEZ); /* or it is closed */
    response = cr_http_read(fd, false);
    served = response.status == 200;
    assert_true(served || response.status == 0);
    cr_http_finish(&response);
    return served;
}

static int open_served(int port)
{
    for (;;) {
        int fd = cr_http_connect(port);

        if (is_served(fd)) {
            return fd;
        }
        (void)close(fd);
    }
}

static void test_no_numbers_left(void **state)
{
    struct cr_daemon daemon;
    int fds[N_CLIENTS];
    size_t n_served = 0;

    (void)state;
    start(&daemon);
    (void)set_limit(daemon.pid, limit_for(daemon.pid, N_FREE));
    for (size_t i = 0; i < N_CLIENTS; i++) { /* none is left waiting */
        fds[i] = cr_http_connect(daemon.port);
        n_served += is_served(fds[i]);
    }
    assert_in_range(n_served, 1, N_FREE);
    assert_true(is_served(fds[0])); /* who is in stays in */
    for (size_t i = 1; i < N_CLIENTS; i++) {
        (void)close(fds[i]);
    }
    (void)close(open_served(daemon.port));
    (void)close(fds[0]);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* The end comes through while there are no numbers. */
static void test_stop_in_a_shortage(void **state)
{
    struct cr_daemon daemon;
    int fds[N_CLIENTS];

    (void)state;
    start(&daemon);
    (void)set_limit(daemon.pid, limit_for(daemon.pid, 0));
    for (size_t i = 0; i < N_CLIENTS; i++) {
        fds[i] = cr_http_connect(daemon.port);
        assert_false(is_served(fds[i]));
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        (void)close(fds[i]);
    }
}

/* User and system time of the process so far. */
static int64_t cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec time;

    assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &time), 0);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Not even the spare number can be had again: a client waits, and the daemon waits too instead of
 * looking at it all the time. Once there are numbers it is served. */
static void test_rest(void **state)
{
    struct cr_daemon daemon;
    struct pollfd polled = {.events = POLLIN};
    int64_t start_ns, start_cpu_ns;
    rlim_t before;

    (void)state;
    start(&daemon);
    before = set_limit(daemon.pid, 3);
    polled.fd = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(polled.fd, LIVEZ));
    start_ns = cr_clock_ns();
    start_cpu_ns = cpu_ns(daemon.pid);
    assert_int_equal(poll(&polled, 1, 2000), 0);
    assert_true((cpu_ns(daemon.pid) - start_cpu_ns) * 50 < cr_clock_ns() - start_ns);
    (void)set_limit(daemon.pid, before);
    assert_int_equal(poll(&polled, 1, 20000), 1);
    {
        struct cr_http_response response = cr_http_read(polled.fd, false);

        assert_int_equal(response.status, 200);
        cr_http_finish(&response);
    }
    (void)close(polled.fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_numbers_left),
        cmocka_unit_test(test_stop_in_a_shortage),
        cmocka_unit_test(test_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
