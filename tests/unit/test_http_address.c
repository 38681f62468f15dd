// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "../../src/http/address.h"

#include "creditrisk/util/cleanup.h"

static struct cr_address address(const char *text)
{
    struct cr_address parsed;

    assert_true(cr_address_parse(text, strlen(text), &parsed));
    return parsed;
}

static void check_same(struct cr_address a, struct cr_address b)
{
    assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
}

static void test_parse(void **state)
{
    static const char *const bad[] = {"",
                                      "10.0.0",
                                      "10.0.0.1.2",
                                      "[::1",
                                      "::1]",
                                      "host",
                                      "1 ",
                                      "10.0.0.1:80:1",
                                      ":80",
                                      "[]:1",
                                      "[::1]junk",
                                      "[::1]:",
                                      "[::1]:8x",
                                      "10.0.0.1:",
                                      "10.0.0.1:x",
                                      "10.0.0.1:123456",
                                      "::ffff:1.2.3.4:::",
                                      "unknown",
                                      "fe80::1%eth0"};
    struct cr_address parsed;

    (void)state;
    check_same(address("10.1.2.3"), address("::ffff:10.1.2.3"));
    check_same(address("10.1.2.3:8080"), address("10.1.2.3"));
    check_same(address("[2001:db8::1]:443"), address("2001:db8::1"));
    check_same(address("[2001:db8::1]"), address("2001:db8:0::1"));
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        if (cr_address_parse(bad[i], strlen(bad[i]), &parsed)) {
            fail_msg("'%s' was read", bad[i]);
        }
    }
}

static void test_of(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr local = {.sa_family = AF_UNIX};

    (void)state;
    check_same(cr_address_of((struct sockaddr *)&v4), address("127.0.0.2"));
    check_same(cr_address_of((struct sockaddr *)&v6), address("::1"));
    check_same(cr_address_of(&local), address("::"));
}

static void test_client(void **state)
{
    struct cr_address a = address("2001:db8:1:2:3::4");
    struct cr_address b = address("2001:db8:1:2:ffff::");
    struct cr_address c = address("2001:db8:1:3::");
    struct cr_address d = address("10.0.0.1");

    (void)state;
    check_same(cr_address_client(&a), cr_address_client(&b));
    check_same(cr_address_client(&c), c);
    check_same(cr_address_client(&d), d);
}

static void test_networks(void **state)
{
    static const struct {
        const char *list;
        const char *address;
        bool inside;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/9", "10.127.0.1", true},
        {"10.0.0.0/9", "10.128.0.1", false},
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},
        {"0.0.0.0/0", "192.168.1.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1,10.0.0.0/8", "10.0.0.9", true},
        {"", "10.0.0.9", false},
        {"10.0.0.1/31", "10.0.0.0", true},
    };
    static const char *const bad[] = {"10.0.0.0/33", "::1/129",   "10.0.0.0/-1",   "10.0.0.0/",
                                      "10.0.0.0/x",  "host",      "10.0.0.1,,::1", "10.0.0.0:8",
                                      "[::1]",       "[::1]junk", "10.0.0.1,",     ",",
                                      "10.0.0.0/8/8"};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_address probe = address(cases[i].address);
        struct cr_networks networks;
        struct cr_error err;

        cr_assert_ok(cr_networks_parse(cases[i].list, &networks, &err), &err);
        if (cr_networks_hold(&networks, &probe) != cases[i].inside) {
            fail_msg("%s in %s", cases[i].address, cases[i].list);
        }
        cr_networks_finish(&networks);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        struct cr_networks networks;
        struct cr_error err;

        assert_int_equal(cr_networks_parse(bad[i], &networks, &err), CR_EINVAL);
        assert_non_null(strstr(err.message, "is no address and no network"));
    }
}

/* Nobody is believed but a trusted proxy, and no further than the first who is none. */
static void test_forwarded(void **state)
{
    static const struct {
        const char *peer;
        const char *header;
        const char *client;
    } cases[] = {
        {"10.0.0.1", "203.0.113.7", "203.0.113.7"},
        {"10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"},
        {"10.0.0.1", "1.1.1.1, 203.0.113.7 , 10.0.0.2", "203.0.113.7"},
        {"10.0.0.1", "1.1.1.1,203.0.113.7:55, [2001:db8::1]:443", "2001:db8::1"},
        {"10.0.0.1", "10.0.0.3", "10.0.0.3"},
        {"10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "unknown", "10.0.0.1"},
        {"10.0.0.1", "203.0.113.7,", "10.0.0.1"},
        {"10.0.0.1", "203.0.113.7, unknown, 10.0.0.2", "10.0.0.2"},
        {"192.0.2.1", "203.0.113.7", "192.0.2.1"},
    };
    struct cr_networks trusted;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_networks_parse("10.0.0.0/8", &trusted, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_address peer = address(cases[i].peer);

        check_same(cr_networks_client(&trusted, &peer, cases[i].header), address(cases[i].client));
    }
    cr_networks_finish(&trusted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),     cmocka_unit_test(test_of),
        cmocka_unit_test(test_client),    cmocka_unit_test(test_networks),
        cmocka_unit_test(test_forwarded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
