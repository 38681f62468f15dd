// SPDX-License-Identifier: MIT
/* The one reply whose bytes are there already: pages, their files, the champion's documents. */
#include <string.h>

#include "content.h"
#include "creditrisk/util/cleanup.h"
#include "encoding.h"
#include "reply_headers.h"

/* What a page may do: nothing that another host, or a script that is no file of ours, could have a
 * part in. */
static void put_page_headers(struct MHD_Response *response)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-src 'none'; "
         "media-src 'none'; worker-src 'none'; manifest-src 'none'; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(headers); i++) {
        (void)cr_reply_put_header(response, headers[i][0], headers[i][1]);
    }
}

static const char *look_up(const struct cr_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Whether If-None-Match names the version that we have (RFC 9110: weak comparison). */
static bool has_already(const struct cr_request *request, const char *etag)
{
    const char *tags = look_up(request, "If-None-Match");

    return tags != NULL && (strcmp(tags, "*") == 0 || strstr(tags, etag) != NULL);
}

enum MHD_Result cr_reply_asset(struct cr_request *request, const struct cr_asset *asset,
                               MHD_ContentReaderFreeCallback release, void *owner)
{
    bool pack =
        asset->gzip != NULL && cr_encoding_accepts(look_up(request, "Accept-Encoding"), "gzip");
    const char *bytes = pack ? asset->gzip : asset->bytes;
    const char *etag = pack ? asset->gzip_etag : asset->etag;
    bool same = has_already(request, etag);
    size_t len = pack ? asset->gzip_len : asset->len;
    const struct cr_content content = {bytes, same ? 0 : len, release, owner};
    struct MHD_Response *response = cr_content_respond(request, content);

    if (response == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_OVERLOAD, NULL);
    }
    (void)cr_reply_put_header(response, "ETag", etag);
    (void)cr_reply_put_header(response, "Cache-Control",
                              asset->is_immutable ? "public, max-age=31536000, immutable"
                                                  : "no-cache");
    if (asset->gzip != NULL) {
        (void)cr_reply_put_header(response, "Vary", "Accept-Encoding");
    }
    if (pack && !same) {
        (void)cr_reply_put_header(response, "Content-Encoding", "gzip");
    }
    if (strncmp(asset->type, "text/html", 9) == 0) {
        put_page_headers(response);
    }
    return cr_reply_response(request, same ? 304 : 200, asset->type, response);
}
