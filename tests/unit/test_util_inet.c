// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/inet.h"

static void test_round_trip(void **state)
{
    static const struct {
        const char *text;
        const char *written;
        int family;
        socklen_t len;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", AF_INET, sizeof(struct sockaddr_in)},
        {"0.0.0.0", "0.0.0.0", AF_INET, sizeof(struct sockaddr_in)},
        {"::", "::", AF_INET6, sizeof(struct sockaddr_in6)},
        {"2001:DB8:0:0::1", "2001:db8::1", AF_INET6, sizeof(struct sockaddr_in6)},
        {"::ffff:127.0.0.1", "::ffff:127.0.0.1", AF_INET6, sizeof(struct sockaddr_in6)},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        char text[CR_INET_TEXT_LEN];
        union cr_inet address;

        assert_int_equal(cr_inet_read(cases[i].text, 65535 - (int)i, &address), cases[i].len);
        assert_int_equal(address.any.sa_family, cases[i].family);
        assert_int_equal(cr_inet_write(&address, text), 65535 - (int)i);
        assert_string_equal(text, cases[i].written);
    }
}

static void test_no_address(void **state)
{
    static const char *const texts[] = {"",           "localhost",  "127.0.0.256", "127.0.0",
                                        "[::1]",      "::1%lo",     ":::",         "127.0.0.1:80",
                                        "127.0.0.1 ", " 127.0.0.1", "0x7f000001"};
    const union cr_inet before = {.v4 = {.sin_port = 7}};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        union cr_inet address = before;

        assert_int_equal(cr_inet_read(texts[i], 80, &address), 0);
        assert_memory_equal(&address, &before, sizeof(address));
    }
}

static void test_local_socket(void **state)
{
    const union cr_inet address = {.any = {.sa_family = AF_UNIX}};
    char text[CR_INET_TEXT_LEN];

    (void)state;
    assert_int_equal(cr_inet_write(&address, text), 0);
    assert_string_equal(text, "unix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_local_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
