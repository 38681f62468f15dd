// SPDX-License-Identifier: MIT
/* creditriskd --healthcheck: whom it asks and what it says. */
#include "cr_test.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_fixture.h"
#include "creditrisk/util/cleanup.h"

/* One call of --healthcheck for what listens on `listen`. */
static void check_health(const char *listen, int status, const char *message)
{
    const char *const words[] = {"--healthcheck", "--listen", listen, NULL};
    CR_CLEANUP(cr_freep) char *output = NULL;

    assert_int_equal(cr_daemon_run(words, NULL, &output), status);
    if (strstr(output, message) == NULL || (status == 0) != (*output == '\0')) {
        fail_msg("'%s' is not '%s'", output, message);
    }
}

/* It says which address it asked, and what came of that. */
static void check_unhealthy(const char *listen, const char *asked, const char *reason)
{
    char message[192];

    (void)snprintf(message, sizeof(message), "creditriskd: asked http://%s/readyz: %s", asked,
                   reason);
    check_health(listen, 1, message);
}

static void test_answers(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *version = NULL;
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    struct cr_daemon daemon;
    char here[32];
    char anywhere[32];
    char other[32];
    size_t at;

    cr_daemon_start(&daemon, options, NULL);
    (void)snprintf(here, sizeof(here), "127.0.0.1:%d", daemon.port);
    (void)snprintf(anywhere, sizeof(anywhere), "0.0.0.0:%d", daemon.port);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
    check_unhealthy(here, here, "not ready: 'HTTP/1.1 503'\n");
    check_unhealthy(anywhere, here, "not ready: 'HTTP/1.1 503'\n");
    version = cr_fixture_publish(fixture, "logistic");
    cr_fixture_promote(fixture, version);
    cr_daemon_signal(&daemon, SIGHUP);
    (void)cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
    check_health(here, 0, "");
    check_health(anywhere, 0, "");
    check_health("127.0.0.1:0", 1, "port 0 is no place to ask: the daemon's log says which it is");
    check_health("localhost:80", 2, "'localhost' is no IP address");
    assert_int_equal(cr_daemon_stop(&daemon), 0);
    check_unhealthy(here, here,
                    "cannot connect: Connection refused; another place is named by --listen ");
    (void)snprintf(other, sizeof(other), "[::1]:%d", daemon.port);
    check_unhealthy(other, other, "cannot connect: ");
}

/* A socket that is taken, by somebody who never answers. */
static void test_silent_one(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char here[32];

    (void)state;
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(here, sizeof(here), "127.0.0.1:%d", ntohs(address.sin_port));
    check_unhealthy(here, here, "no answer within 3 s\n");
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test(test_silent_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
