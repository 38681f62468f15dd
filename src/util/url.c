// SPDX-License-Identifier: MIT
#include "creditrisk/util/url.h"

#include <string.h>

/* Where the password of user:PASSWORD@host begins and ends; false when there is none. It may hold
 * any character, so only the last @ of all surely ends it. */
static bool find_password(const char *user, const char **ret_begin, const char **ret_end)
{
    const char *at = memrchr(user, '@', strcspn(user, "/?"));
    const char *last = strrchr(user, '@');
    const char *colon;

    if (last == NULL) {
        return false;
    }
    at = at != NULL ? at : last;
    colon = memchr(user, ':', (size_t)(at - user));
    if (colon == NULL) {
        return false;
    }
    *ret_begin = colon + 1;
    *ret_end = last;
    return true;
}

void cr_url_put_masked(struct cr_strbuf *out, const char *url)
{
    static const char key[] = "password=";
    const char *scheme = strstr(url, "://");
    const char *begin;
    const char *end;

    if (strncmp(url, "sqlite:", strlen("sqlite:")) == 0) {
        cr_strbuf_puts(out, url);
        return;
    }
    if (find_password(scheme != NULL ? scheme + 3 : url, &begin, &end)) {
        cr_strbuf_append(out, url, (size_t)(begin - url));
        cr_strbuf_puts(out, "***");
        url = end;
    }
    while ((begin = strcasestr(url, key)) != NULL) {
        begin += strlen(key);
        cr_strbuf_append(out, url, (size_t)(begin - url));
        cr_strbuf_puts(out, "***");
        /* without a scheme these are words and quotes: nothing of the rest is shown */
        url = begin + (scheme != NULL ? strcspn(begin, "&") : strlen(begin));
    }
    cr_strbuf_puts(out, url);
}
