// SPDX-License-Identifier: MIT
#include "creditrisk/util/inet.h"

#include <arpa/inet.h>
#include <stdio.h>

socklen_t cr_inet_read(const char *text, int port, union cr_inet *ret_address)
{
    union cr_inet address = {0};
    socklen_t len = 0;

    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        len = sizeof(address.v4);
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        len = sizeof(address.v6);
    }
    if (len > 0) {
        *ret_address = address;
    }
    return len;
}

int cr_inet_write(const union cr_inet *address, char ret_text[CR_INET_TEXT_LEN])
{
    if (address->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &address->v4.sin_addr, ret_text, CR_INET_TEXT_LEN); /* fits */
        return ntohs(address->v4.sin_port);
    }
    if (address->any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &address->v6.sin6_addr, ret_text, CR_INET_TEXT_LEN); /* fits */
        return ntohs(address->v6.sin6_port);
    }
    (void)snprintf(ret_text, CR_INET_TEXT_LEN, "unix"); /* fits */
    return 0;
}
