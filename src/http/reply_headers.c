// SPDX-License-Identifier: MIT
#include "reply_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char id_name[] = "X-Request-ID";

bool cr_reply_put_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static void put_limit(const struct cr_request *request, struct MHD_Response *response)
{
    char text[CR_LIMIT_TEXT_LEN];

    cr_limit_policy(request->server->limit, text);
    (void)cr_reply_put_header(response, "RateLimit-Policy", text);
    cr_limit_state(&request->limit, text);
    (void)cr_reply_put_header(response, "RateLimit", text);
}

/* Lets a page of the request's origin read the answer. */
static void put_origin(const struct cr_request *request, struct MHD_Response *response)
{
    char *origin = strndup(request->origin.text, request->origin.len);

    if (origin != NULL) {
        (void)cr_reply_put_header(response, "Access-Control-Allow-Origin", origin);
        (void)cr_reply_put_header(response, "Access-Control-Expose-Headers",
                                  "X-Request-ID, Retry-After, RateLimit-Policy, RateLimit");
    }
    free(origin);
}

/* What the status asks for. */
static void put_status_headers(const struct cr_request *request, unsigned status,
                               struct MHD_Response *response)
{
    char text[32];

    switch (status) {
    case 401:
        (void)cr_reply_put_header(response, "WWW-Authenticate", "Bearer realm=\"creditrisk\"");
        break;
    case 403:
        if (request->refusal == CR_REFUSAL_FORBIDDEN) {
            (void)cr_reply_put_header(response, "WWW-Authenticate",
                                      "Bearer error=\"insufficient_scope\"");
        }
        break;
    case 405:
        cr_routes_allow(request->route, text);
        (void)cr_reply_put_header(response, "Allow", text);
        break;
    case 429:
        (void)snprintf(text, sizeof(text), "%u", request->limit.retry_after_s); /* fits */
        (void)cr_reply_put_header(response, "Retry-After", text);
        break;
    case 503:
        (void)cr_reply_put_header(response, "Retry-After", CR_RETRY_AFTER_S);
        break;
    default:
        break;
    }
}

bool cr_reply_put_common(const struct cr_request *request, const char *type,
                         struct MHD_Response *response)
{
    bool all = cr_reply_put_header(response, "X-Content-Type-Options", "nosniff");

    if (type != NULL) {
        all &= cr_reply_put_header(response, "Content-Type", type);
    }
    if (request->route != NULL && request->route->no_store) {
        all &= cr_reply_put_header(response, "Cache-Control", "no-store");
    }
    if (*request->server->settings->cors_origins != '\0') {
        all &= cr_reply_put_header(response, "Vary", "Origin");
    }
    return all;
}

void cr_reply_put_id(const struct cr_request *request, struct MHD_Response *response)
{
    const char *other = MHD_get_response_header(response, id_name);

    if (other != NULL) {
        (void)MHD_del_response_header(response, id_name, other); /* it is there */
    }
    (void)cr_reply_put_header(response, id_name, request->id);
}

static bool is_draining(const struct cr_request *request)
{
    return atomic_load_explicit(&request->server->draining, memory_order_relaxed);
}

void cr_reply_put_own(const struct cr_request *request, unsigned status, bool close,
                      struct MHD_Response *response)
{
    cr_reply_put_id(request, response);
    put_status_headers(request, status, response);
    if (request->is_limited) {
        put_limit(request, response);
    }
    if (request->origin.text != NULL) {
        put_origin(request, response);
    }
    if (close || is_draining(request)) {
        (void)cr_reply_put_header(response, "Connection", "close");
    }
}

bool cr_reply_has_own(const struct cr_request *request)
{
    /* what cr_reply_put_own adds to a usual answer */
    return request->is_limited || request->origin.text != NULL || is_draining(request);
}
