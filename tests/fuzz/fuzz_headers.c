// SPDX-License-Identifier: MIT
/* What http/ reads out of single texts of a request's head, or of a setting that judges them:
 * target, request id, Content-Type, X-Forwarded-For, networks of proxies. The walk over all headers
 * needs a connection: see fuzz_socket.c. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/http/address.h"
#include "../../src/http/headers.h"
#include "creditrisk/util/cleanup.h"

static void check_texts(const char *text)
{
    if (cr_headers_is_id(text)) {
        FUZZ_CHECK(strlen(text) <= 128 && strpbrk(text, " \t\r\n\"") == NULL);
    }
    if (cr_headers_is_target(text)) {
        FUZZ_CHECK(strpbrk(text, " \t\r\n") == NULL);
    }
    if (cr_headers_media(text) != CR_MEDIA_NONE) {
        FUZZ_CHECK(strcasestr(text, "json") != NULL);
    }
}

static void check_addresses(const char *text)
{
    static const struct cr_address peer = {{0}};
    CR_CLEANUP(cr_networks_finish) struct cr_networks networks = {0};
    struct cr_address address;
    struct cr_error err = {0};
    int result = cr_networks_parse(text, &networks, &err);

    if (result < 0) {
        fuzz_check_error(result, &err);
        FUZZ_CHECK(cr_networks_parse("0.0.0.0/0,::/0", &networks, &err) == 0);
    }
    for (size_t i = 0; i < networks.n; i++) {
        FUZZ_CHECK(networks.items[i].prefix <= 128);
        FUZZ_CHECK(cr_networks_hold(&networks, &networks.items[i].address));
    }
    address = cr_networks_client(&networks, &peer, text);
    address = cr_address_client(&address);
    (void)cr_networks_hold(&networks, &address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_freep) char *text = malloc(size + 1);

    FUZZ_CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_texts(text);
    check_addresses(text);
    return 0;
}
