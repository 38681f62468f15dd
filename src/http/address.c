// SPDX-License-Identifier: MIT
#include "address.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/inet.h"
#include "creditrisk/util/list.h"
#include "creditrisk/util/num.h"

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static struct cr_address from_v4(const void *v4)
{
    struct cr_address address;

    memcpy(address.bytes, mapped, sizeof(mapped));
    memcpy(address.bytes + sizeof(mapped), v4, 4);
    return address;
}

static bool is_v4(const struct cr_address *address)
{
    return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

struct cr_address cr_address_of(const struct sockaddr *socket)
{
    struct cr_address address = {0};

    if (socket->sa_family == AF_INET) {
        address = from_v4(&((const struct sockaddr_in *)(const void *)socket)->sin_addr);
    } else if (socket->sa_family == AF_INET6) {
        memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr,
               sizeof(address.bytes));
    }
    return address;
}

bool cr_address_is_local(const struct cr_address *address)
{
    static const struct cr_address local;

    return memcmp(address, &local, sizeof(local)) == 0;
}

/* The address alone. */
static bool parse_bare(const char *text, size_t len, struct cr_address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    union cr_inet address;

    if (len == 0 || len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (cr_inet_read(copy, 0, &address) == 0) {
        return false;
    }
    *ret_address = cr_address_of(&address.any);
    return true;
}

/* Nothing, or a colon and digits. */
static bool is_port(const char *text, size_t len)
{
    int64_t port;

    return len == 0 || (len > 1 && len <= 6 && text[0] == ':' && text[1] >= '0' && text[1] <= '9' &&
                        cr_num_parse_int(text + 1, len - 1, &port));
}

bool cr_address_parse(const char *text, size_t len, struct cr_address *ret_address)
{
    const char *end = text + len;
    const char *colon = memchr(text, ':', len);
    const char *closing;

    if (len > 0 && text[0] == '[') { /* [::1]:80 */
        closing = memchr(text, ']', len);
        return closing != NULL && is_port(closing + 1, (size_t)(end - closing - 1)) &&
               parse_bare(text + 1, (size_t)(closing - text - 1), ret_address);
    }
    if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) == NULL) {
        return is_port(colon, (size_t)(end - colon)) && /* 10.0.0.1:80 */
               parse_bare(text, (size_t)(colon - text), ret_address);
    }
    return parse_bare(text, len, ret_address);
}

struct cr_address cr_address_client(const struct cr_address *address)
{
    struct cr_address client = *address;

    if (!is_v4(address)) {
        memset(client.bytes + 8, 0, 8);
    }
    return client;
}

static bool is_inside(const struct cr_network *network, const struct cr_address *address)
{
    size_t whole = network->prefix / 8;
    unsigned mask = 0xffU << (8 - network->prefix % 8) & 0xffU;

    return memcmp(network->address.bytes, address->bytes, whole) == 0 &&
           (mask == 0 || ((network->address.bytes[whole] ^ address->bytes[whole]) & mask) == 0);
}

/* One entry, with or without /PREFIX. */
static int parse_network(const char *text, size_t len, struct cr_network *ret_network,
                         struct cr_error *err)
{
    const char *slash = memchr(text, '/', len);
    size_t address_len = slash != NULL ? (size_t)(slash - text) : len;
    bool known = parse_bare(text, address_len, &ret_network->address);
    int64_t bits = known && is_v4(&ret_network->address) ? 32 : 128;
    int64_t prefix = bits;

    if (!known ||
        (slash != NULL &&
         (!cr_num_parse_int(slash + 1, len - address_len - 1, &prefix) || prefix < 0)) ||
        prefix > bits) {
        return cr_error_set(err, CR_EINVAL, "'%.*s' is no address and no network", (int)len, text);
    }
    ret_network->prefix = (unsigned)(128 - bits + prefix);
    return 0;
}

int cr_networks_parse(const char *list, struct cr_networks *ret_networks, struct cr_error *err)
{
    CR_CLEANUP(cr_networks_finish) struct cr_networks networks = {NULL, 0};
    struct cr_list_entry entry;

    for (const char *at = cr_list_begin(list); cr_list_next(&at, &entry);) {
        struct cr_network *items =
            reallocarray(networks.items, networks.n + 1, sizeof(*networks.items));
        int result;

        if (items == NULL) {
            return cr_error_no_memory(err);
        }
        networks.items = items;
        result = parse_network(entry.text, entry.len, &items[networks.n], err);
        if (result < 0) {
            return result;
        }
        networks.n++;
    }
    *ret_networks = networks;
    networks = (struct cr_networks){NULL, 0};
    return 0;
}

void cr_networks_finish(struct cr_networks *networks)
{
    if (networks != NULL) {
        free(networks->items);
        *networks = (struct cr_networks){NULL, 0};
    }
}

bool cr_networks_hold(const struct cr_networks *networks, const struct cr_address *address)
{
    for (size_t i = 0; i < networks->n; i++) {
        if (is_inside(&networks->items[i], address)) {
            return true;
        }
    }
    return false;
}

struct cr_address cr_networks_client(const struct cr_networks *trusted,
                                     const struct cr_address *peer, const char *forwarded_for)
{
    struct cr_address client = *peer;
    size_t end = forwarded_for != NULL ? strlen(forwarded_for) : 0;

    while (end > 0 && cr_networks_hold(trusted, &client)) {
        size_t start = end;
        size_t first;

        while (start > 0 && forwarded_for[start - 1] != ',') {
            start--;
        }
        first = start + strspn(forwarded_for + start, " \t");
        while (end > first && (forwarded_for[end - 1] == ' ' || forwarded_for[end - 1] == '\t')) {
            end--;
        }
        if (first >= end || !cr_address_parse(forwarded_for + first, end - first, &client)) {
            break;
        }
        end = start > 0 ? start - 1 : 0;
    }
    return client;
}
