// SPDX-License-Identifier: MIT
#include "cors.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/inet.h"

int cr_cors_check(const char *list, struct cr_error *err)
{
    struct cr_list_entry entry;

    for (const char *at = cr_list_begin(list); cr_list_next(&at, &entry);) {
        const char *host = memmem(entry.text, entry.len, "://", 3);

        if (host == NULL || host == entry.text || host + 3 == entry.text + entry.len ||
            memchr(host + 3, '/', (size_t)(entry.text + entry.len - host - 3)) != NULL) {
            return cr_error_set(err, CR_EINVAL,
                                "cors.allow_origins: '%.*s' is no origin such as "
                                "https://desk.example.com",
                                (int)entry.len, entry.text);
        }
    }
    return 0;
}

struct cr_list_entry cr_cors_find(const char *list, const char *origin)
{
    const char *at = origin != NULL ? cr_list_begin(list) : NULL;
    struct cr_list_entry entry;

    while (cr_list_next(&at, &entry)) {
        if (cr_list_entry_is(&entry, origin)) {
            return entry;
        }
    }
    return (struct cr_list_entry){NULL, 0};
}

bool cr_cors_is_foreign(const char *fetch_site, const char *origin, const char *host)
{
    const char *authority;

    if (fetch_site != NULL) {
        return strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0;
    }
    if (origin == NULL) {
        return false;
    }
    authority = strstr(origin, "://");
    return authority == NULL || host == NULL || strcasecmp(authority + 3, host) != 0;
}

bool cr_cors_is_borrowed(const char *host)
{
    char name[INET_ADDRSTRLEN];
    union cr_inet address;
    int len;

    if (host == NULL || *host == '[') { /* only an address stands in brackets */
        return false;
    }
    len = (int)strcspn(host, ":");
    return snprintf(name, sizeof(name), "%.*s", len, host) >= (int)sizeof(name) ||
           (strcasecmp(name, "localhost") != 0 && cr_inet_read(name, 0, &address) == 0);
}
