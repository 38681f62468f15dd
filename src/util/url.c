// SPDX-License-Identifier: MIT
#include "creditrisk/util/url.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"

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

int cr_url_refuse(const char *url, const char *why, int code, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf shown = CR_STRBUF_INIT;
    int r;

    cr_url_put_masked(&shown, url);
    r = cr_strbuf_check(&shown, err);
    return r != 0 ? r : cr_error_set(err, code, "database '%s' %s", cr_strbuf_text(&shown), why);
}

int cr_url_read_kind(const char *url, enum cr_url_kind *ret_kind, struct cr_error *err)
{
    static const struct {
        const char *begin;
        enum cr_url_kind kind;
    } kinds[] = {
        {"sqlite:", CR_URL_SQLITE},
        {"postgresql://", CR_URL_POSTGRES},
        {"postgres://", CR_URL_POSTGRES},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(kinds); i++) {
        if (strncmp(url, kinds[i].begin, strlen(kinds[i].begin)) == 0) {
            *ret_kind = kinds[i].kind;
            return 0;
        }
    }
    return cr_url_refuse(url, "is not of the form sqlite:PATH or postgresql://…", CR_EINVAL, err);
}
