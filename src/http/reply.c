// SPDX-License-Identifier: MIT
#include "http.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "content.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/strbuf.h"
#include "kept.h"
#include "problem.h"
#include "reply_headers.h"

enum { DATE_LEN = 32 };

/* THE table of refusals. */
static const struct {
    unsigned status;
    bool close; /* the connection cannot or should not be used again */
    const char *title;
    const char *detail; /* what the client reads when there is nothing more precise */
} refusals[] = {
    [CR_REFUSAL_MALFORMED] = {400, true, "Bad Request", "The request is malformed"},
    [CR_REFUSAL_UNAUTHENTICATED] = {401, false, "Unauthorized", "A valid key is needed"},
    [CR_REFUSAL_FORBIDDEN] = {403, false, "Forbidden", "The key does not have the scope for this"},
    [CR_REFUSAL_FOREIGN] = {403, false, "Forbidden",
                            "A page of another origin may ask this only if cors.allow_origins "
                            "lists it"},
    [CR_REFUSAL_BAD_REQUEST] = {400, false, "Bad Request", "The request is not valid"},
    [CR_REFUSAL_NOT_FOUND] = {404, false, "Not Found", "Not Found"},
    [CR_REFUSAL_METHOD] = {405, false, "Method Not Allowed", "Method Not Allowed"},
    [CR_REFUSAL_CONFLICT] = {409, false, "Conflict", "Conflict"},
    [CR_REFUSAL_TOO_LARGE] = {413, true, "Content Too Large", "The body is too large"},
    [CR_REFUSAL_MEDIA_TYPE] = {415, false, "Unsupported Media Type",
                               "The body must be JSON, sent with Content-Type: application/json"},
    [CR_REFUSAL_INVALID] = {422, false, "Unprocessable Content", "The request is not valid"},
    [CR_REFUSAL_TOO_MANY] = {429, false, "Too Many Requests", "Too many requests: wait"},
    [CR_REFUSAL_HEADERS_TOO_LARGE] = {431, true, "Request Header Fields Too Large",
                                      "The headers are too many or too large"},
    [CR_REFUSAL_INTERNAL] = {500, false, "Internal Server Error", "Internal Server Error"},
    [CR_REFUSAL_UNKNOWN_METHOD] = {501, true, "Not Implemented", "The method is not known"},
    [CR_REFUSAL_UNAVAILABLE] = {503, false, "Service Unavailable", "Service Unavailable"},
    [CR_REFUSAL_OVERLOAD] = {503, true, "Service Unavailable", "Too much to do: try again later"},
};

bool cr_reply_status(size_t i, unsigned *ret_status, const char **ret_title)
{
    if (i + 1 >= CR_ARRAY_LEN(refusals)) {
        return false;
    }
    *ret_status = refusals[i + 1].status; /* the first is CR_REFUSAL_NONE */
    *ret_title = refusals[i + 1].title;
    return true;
}

/* THE table of errors from below; what is not listed is our own failure: 500. */
static const struct {
    int code;
    enum cr_refusal refusal;
} errors[] = {
    {CR_EUNAVAIL, CR_REFUSAL_UNAVAILABLE},
    {CR_ENOMEM, CR_REFUSAL_UNAVAILABLE},
    {CR_ETOOBIG, CR_REFUSAL_TOO_LARGE},
};

/* The body of a refusal in one of the three shapes; NULL without memory. */
static json_t *make_body(enum cr_surface surface, const char *id, enum cr_refusal refusal,
                         const char *detail)
{
    json_t *body = NULL;

    detail = detail != NULL ? detail : refusals[refusal].detail;
    switch (surface) {
    case CR_SURFACE_FASTAPI:
        body = json_pack("{s:s}", "detail", detail);
        break;
    case CR_SURFACE_PROBLEM:
        body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                         refusals[refusal].title, "status", (int)refusals[refusal].status, "detail",
                         detail);
        break;
    case CR_SURFACE_OIP:
        body = json_pack("{s:s}", "error", detail);
        break;
    }
    if (refusal == CR_REFUSAL_INTERNAL && body != NULL &&
        json_object_set_new(body, "request_id", json_string(id)) != 0) {
        json_decref(body);
        body = NULL;
    }
    return body;
}

static const char *error_type(enum cr_surface surface)
{
    return surface == CR_SURFACE_PROBLEM ? "application/problem+json" : "application/json";
}

static struct MHD_Response *render_text(struct cr_request *request, struct cr_strbuf *text)
{
    size_t len = text->len;
    char *bytes = cr_strbuf_steal(text);

    return bytes != NULL ? cr_content_respond(request, (struct cr_content){bytes, len, free, bytes})
                         : NULL;
}

static struct MHD_Response *render(struct cr_request *request, const json_t *json)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    cr_json_write(json, false, &text);
    return render_text(request, &text);
}

/* Hands the answer to the library, which has it taken by the client before the deadline. */
static enum MHD_Result deliver(struct cr_request *request, unsigned status,
                               struct MHD_Response *response)
{
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);

    cr_timer_set(&request->peer->timer,
                 cr_connections_transfer_due(request->server->connections, cr_clock_coarse_ns(),
                                             request->answer_len));
    request->stage = CR_STAGE_ANSWERED;
    return result;
}

/* The response is consumed. */
static enum MHD_Result deliver_once(struct cr_request *request, unsigned status,
                                    struct MHD_Response *response)
{
    enum MHD_Result result = deliver(request, status, response);

    MHD_destroy_response(response);
    return result;
}

enum MHD_Result cr_reply_deliver(struct cr_request *request)
{
    struct MHD_Response *response = request->reply.response;

    request->reply.response = NULL;
    return response != NULL ? deliver_once(request, request->reply.status, response) : MHD_NO;
}

/* Adds the headers and queues the response, which is consumed. */
static enum MHD_Result queue(struct cr_request *request, unsigned status, const char *type,
                             bool close, struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO;
    }
    (void)cr_reply_put_common(request, type, response);
    cr_reply_put_own(request, status, close, response);
    request->status = status;
    if (request->stage == CR_STAGE_QUEUED) { /* not this thread's connection */
        request->reply = (struct cr_reply){response, status};
        return MHD_YES;
    }
    return deliver_once(request, status, response);
}

enum MHD_Result cr_reply_preflight(struct cr_request *request)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    char allow[32];

    if (response != NULL) {
        cr_routes_allow(request->route, allow);
        (void)cr_reply_put_header(response, "Access-Control-Allow-Methods", allow);
        (void)cr_reply_put_header(response, "Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, X-API-Key, X-Request-ID");
        (void)cr_reply_put_header(response, "Access-Control-Max-Age", "600");
    }
    return queue(request, 204, NULL, false, response);
}

/* The client may still be sending what nobody will read. */
static void linger(const struct cr_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info != NULL) {
        cr_linger_add(request->server->linger, info->connect_fd);
    }
}

/* A client that waited for an answer gets one, and be it that there is no room for its own. */
static enum MHD_Result queue_or_refuse(struct cr_request *request, unsigned status,
                                       const char *type, struct MHD_Response *response)
{
    return response != NULL ? queue(request, status, type, false, response)
                            : cr_reply_refuse(request, CR_REFUSAL_OVERLOAD, NULL);
}

/* Consumes the JSON. */
static enum MHD_Result reply(struct cr_request *request, unsigned status, const char *type,
                             json_t *json)
{
    CR_CLEANUP(cr_json_decrefp) json_t *owned = json;

    if (owned == NULL) {
        struct cr_error err;

        (void)cr_error_no_memory(&err);
        return cr_reply_error(request, &err);
    }
    return queue_or_refuse(request, status, type, render(request, owned));
}

enum MHD_Result cr_reply_json(struct cr_request *request, unsigned status, json_t *json)
{
    return reply(request, status, "application/json", json);
}

/* Makes a response with all common headers and keeps it; borrowed, NULL without memory. */
static struct MHD_Response *make_kept(struct cr_request *request, const char *type,
                                      struct cr_content content)
{
    struct MHD_Response *response = cr_content_respond(request, content);

    if (response == NULL) {
        return NULL;
    }
    if (!cr_reply_put_common(request, type, response)) {
        MHD_destroy_response(response);
        return NULL;
    }
    cr_kept_put(request->kept, response, content.bytes, content.len);
    return response;
}

/* A response for the content that lacks nothing but the request's id; borrowed. NULL without
 * memory, or when the answer is too long for that or needs more headers. */
static struct MHD_Response *find_kept(struct cr_request *request, const char *type,
                                      struct cr_content content)
{
    struct MHD_Response *response;

    if (content.len > CR_KEPT_MAX || cr_reply_has_own(request)) {
        return NULL;
    }
    if (request->kept == NULL) {
        request->kept = cr_kept_create();
    }
    if (request->kept == NULL) {
        return NULL;
    }
    response = cr_kept_get(request->kept, content.bytes, content.len);
    return response != NULL ? response : make_kept(request, type, content);
}

enum MHD_Result cr_reply_answer(struct cr_request *request)
{
    static const char type[] = "application/json";
    struct cr_strbuf *answer = &request->answer;
    struct MHD_Response *response;
    struct cr_content content;
    struct cr_error err;

    assert(request->route->no_store && request->stage == CR_STAGE_BODY);
    cr_kept_fill(answer);
    if (cr_strbuf_check(answer, &err) < 0) {
        return cr_reply_error(request, &err);
    }
    content = (struct cr_content){answer->data, answer->len, NULL, NULL};
    response = find_kept(request, type, content);
    if (response == NULL) {
        return queue_or_refuse(request, 200, type, cr_content_respond(request, content));
    }
    cr_reply_put_id(request, response);
    request->answer_len = content.len;
    request->status = 200;
    return deliver(request, 200, response);
}

enum MHD_Result cr_reply_text(struct cr_request *request, unsigned status, const char *type,
                              struct cr_strbuf *text)
{
    struct cr_error err;

    if (cr_strbuf_check(text, &err) < 0) {
        return cr_reply_error(request, &err);
    }
    return queue_or_refuse(request, status, type, render_text(request, text));
}

enum MHD_Result cr_reply_response(struct cr_request *request, unsigned status, const char *type,
                                  struct MHD_Response *response)
{
    return queue(request, status, type, false, response);
}

enum MHD_Result cr_reply_invalid(struct cr_request *request, json_t *details)
{
    CR_CLEANUP(cr_json_decrefp) json_t *owned = details;
    json_t *body = NULL;

    assert(request->surface != CR_SURFACE_OIP); /* it has one text for all complaints */
    if (owned != NULL && request->surface == CR_SURFACE_FASTAPI) {
        body = json_pack("{s:O}", "detail", owned);
    } else if (owned != NULL) {
        body = make_body(request->surface, request->id, CR_REFUSAL_INVALID, NULL);
        if (json_object_set_new(body, "errors", cr_problem_errors(owned)) != 0) {
            json_decref(body);
            body = NULL;
        }
    }
    return reply(request, refusals[CR_REFUSAL_INVALID].status, error_type(request->surface), body);
}

enum MHD_Result cr_reply_refuse(struct cr_request *request, enum cr_refusal refusal,
                                const char *detail)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *body = make_body(request->surface, request->id, refusal, detail);
    bool early = request->stage == CR_STAGE_HEAD; /* the library closes after an early answer */

    if (body == NULL) {
        return MHD_NO;
    }
    if (early) {
        linger(request);
    }
    return queue(request, refusals[refusal].status, error_type(request->surface),
                 early || refusals[refusal].close, render(request, body));
}

static enum cr_refusal find_refusal(const struct cr_error *err)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(errors); i++) {
        if (errors[i].code == err->code) {
            return errors[i].refusal;
        }
    }
    return CR_REFUSAL_INTERNAL;
}

enum MHD_Result cr_reply_error(struct cr_request *request, const struct cr_error *err)
{
    cr_log(CR_LOG_ERROR, "request_failed", "{s:s, s:s, s:s}", "request_id", request->id, "error",
           cr_error_name(err->code), "message", err->message);
    return cr_reply_refuse(request, find_refusal(err), NULL);
}

const char *cr_reply_words(const struct cr_error *err)
{
    return refusals[find_refusal(err)].detail;
}

/* RFC 9110's "Sun, 06 Nov 1994 08:49:37 GMT"; no locale is ever set. */
static void write_date(char ret_date[DATE_LEN])
{
    time_t now = time(NULL);
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL ||
        strftime(ret_date, DATE_LEN, "%a, %d %b %Y %H:%M:%S GMT", &utc) == 0) {
        ret_date[0] = '\0';
    }
}

void cr_reply_write(struct cr_strbuf *out, enum cr_refusal refusal, enum cr_surface surface,
                    const char *id, const char *detail)
{
    CR_CLEANUP(cr_json_decrefp) json_t *body = make_body(surface, id, refusal, detail);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    char date[DATE_LEN];

    if (body != NULL) {
        cr_json_write(body, false, &text);
    }
    if (body == NULL || text.failed) {
        out->failed = true;
        return;
    }
    write_date(date);
    cr_strbuf_printf(out,
                     "HTTP/1.1 %u %s\r\n"
                     "Date: %s\r\n"
                     "Content-Type: %s\r\n"
                     "Content-Length: %zu\r\n"
                     "X-Request-ID: %s\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "Cache-Control: no-store\r\n%s"
                     "Connection: close\r\n\r\n%s",
                     refusals[refusal].status, refusals[refusal].title, date, error_type(surface),
                     text.len, id,
                     refusals[refusal].status == MHD_HTTP_SERVICE_UNAVAILABLE
                         ? "Retry-After: " CR_RETRY_AFTER_S "\r\n"
                         : "",
                     cr_strbuf_text(&text));
}

void cr_reply_cut(struct cr_request *request, enum cr_refusal refusal, const char *detail)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf bytes = CR_STRBUF_INIT;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    cr_reply_write(&bytes, refusal, request->surface, request->id, detail);
    if (bytes.failed || info == NULL) {
        return;
    }
    linger(request);
    /* nothing was sent on this connection since the last answer: so little fits the socket's buffer
     */
    (void)send(info->connect_fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    request->stage = CR_STAGE_ANSWERED;
    request->status = refusals[refusal].status;
}
