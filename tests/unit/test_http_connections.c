// SPDX-License-Identifier: MIT
/* What is counted when connections are admitted, for whom, and until when. */
#include "cr_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "../../src/http/connections.h"

enum { IN_ALL = 4, PER_CLIENT = 2 };

static const struct cr_settings settings = {
    .connections = IN_ALL,
    .connections_per_ip = PER_CLIENT,
    .header_timeout_s = 60,
    .transfer_timeout_s = 60,
    .transfer_bytes_per_s = 1024,
    .idle_timeout_s = 60,
    .trusted_proxies = (char[]){"10.9.9.9"},
};

static struct cr_connections *create(void)
{
    struct cr_connections *connections;
    struct cr_error err;

    cr_assert_ok(cr_connections_create(&settings, &connections, &err), &err);
    return connections;
}

static enum cr_admission admit(struct cr_connections *connections, int fd, const char *from)
{
    struct sockaddr_in peer = {.sin_family = AF_INET};

    assert_int_equal(inet_pton(AF_INET, from, &peer.sin_addr), 1);
    return cr_connections_admit(connections, fd, (const struct sockaddr *)&peer);
}

static void caps_hold(void **state)
{
    struct cr_connections *connections = create();

    (void)state;
    assert_int_equal(admit(connections, 100, "10.0.0.1"), CR_ADMITTED);
    assert_int_equal(admit(connections, 101, "10.0.0.1"), CR_ADMITTED);
    assert_int_equal(admit(connections, 102, "10.0.0.1"), CR_REFUSED_CLIENT);
    assert_int_equal(admit(connections, 102, "10.0.0.2"), CR_ADMITTED);
    assert_int_equal(admit(connections, 103, "10.0.0.3"), CR_ADMITTED);
    assert_int_equal(admit(connections, 104, "10.0.0.4"), CR_REFUSED_TOTAL);
    cr_connections_destroy(connections);
}

/* As many clients as connections, again and again: what has left takes no room. */
static void clients_come_and_go(void **state)
{
    struct cr_connections *connections = create();
    char from[16];

    (void)state;
    for (int i = 0; i < 50 * IN_ALL; i++) {
        (void)snprintf(from, sizeof(from), "10.1.%d.%d", i / 200, i % 200);
        assert_int_equal(admit(connections, i % IN_ALL, from), CR_ADMITTED);
        if (i >= IN_ALL - 1) {
            cr_connections_dismiss(connections, (i + 1) % IN_ALL);
        }
    }
    cr_connections_destroy(connections);
}

/* What the library does not take is not counted: neither in all nor for its client. */
static void a_dismissed_one_is_not_counted(void **state)
{
    struct cr_connections *connections = create();

    (void)state;
    for (int fd = 0; fd < 100; fd++) {
        assert_int_equal(admit(connections, fd, "10.0.0.1"), CR_ADMITTED);
        cr_connections_dismiss(connections, fd);
        assert_null(cr_connections_start(connections, fd));
    }
    cr_connections_dismiss(connections, 7); /* nor is one that is none */
    assert_int_equal(admit(connections, 7, "10.0.0.1"), CR_ADMITTED);
    assert_int_equal(admit(connections, 8, "10.0.0.1"), CR_ADMITTED);
    assert_int_equal(admit(connections, 9, "10.0.0.1"), CR_REFUSED_CLIENT);
    cr_connections_destroy(connections);
}

/* Everybody behind a local socket has the same address, and a proxy is no client: both count in
 * all only. */
static void some_are_no_clients(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    (void)state;
    for (int is_local = 0; is_local < 2; is_local++) {
        struct cr_connections *connections = create();

        for (int fd = 0; fd <= IN_ALL; fd++) {
            enum cr_admission admission =
                is_local ? cr_connections_admit(connections, fd, (const struct sockaddr *)&local)
                         : admit(connections, fd, "10.9.9.9");

            assert_int_equal(admission, fd < IN_ALL ? CR_ADMITTED : CR_REFUSED_TOTAL);
        }
        cr_connections_dismiss(connections, 0);
        assert_int_equal(admit(connections, 0, "10.0.0.1"), CR_ADMITTED);
        cr_connections_destroy(connections);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps_hold),
        cmocka_unit_test(clients_come_and_go),
        cmocka_unit_test(a_dismissed_one_is_not_counted),
        cmocka_unit_test(some_are_no_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
