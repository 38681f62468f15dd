// SPDX-License-Identifier: MIT
/* clang-format off */
/* The life of a request; a connection belongs to one worker, so all of it happens on one thread, but
 * for answers that take long.
 *
 *   open     the request line is read    memory, start time
 *   handle   the headers are read        judged: what is doubtful or too large is answered at once
 *                                        and the connection closed; other refusals wait for the
 *                                        end of the body
 *   handle   some bytes, often           collected in the arena
 *   handle   no bytes: the end           the route answers, or the connection sleeps while
 *                                        a thread of the queue does
 *   handle   awake again                 the answer is sent
 *   close    answer sent, client gone    memory freed or kept for the next
 */
/* clang-format on */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/utf8.h"

/* An application may cost this many times the size of the largest single body, and a fixed share,
 * while it is read and judged; a batch this many times its size while it arrives. */
enum { ARENA_FACTOR = 32, ARRIVAL_FACTOR = 4, ARENA_BASE = 1 << 20, FIRST_BODY = 4096 };

enum { LIMIT_TEXT_LEN = 64 };

/* The number a worker thread took with its first request; a thread serves one server only. */
static struct cr_worker *this_worker(struct cr_server *server)
{
    static _Thread_local struct cr_worker *worker;

    if (worker == NULL) {
        size_t index = atomic_fetch_add(&server->n_claimed, 1);

        if (index >= server->n_workers) {
            return NULL;
        }
        worker = &server->workers[index];
    }
    return worker;
}

size_t cr_request_memory(const struct cr_settings *settings)
{
    return ARENA_FACTOR * settings->body_bytes + ARENA_BASE;
}

void cr_request_random_id(struct cr_request *request, char ret_hex[CR_RANDOM_ID_LEN])
{
    struct cr_worker *worker = request->runner;

    if (worker->n_ids == 0) {
        cr_digest_random_hex(worker->ids, sizeof(worker->ids) / 2);
        worker->n_ids = CR_ID_POOL;
    }
    worker->n_ids--;
    memcpy(ret_hex, worker->ids + worker->n_ids * (CR_RANDOM_ID_LEN - 1), CR_RANDOM_ID_LEN - 1);
    ret_hex[CR_RANDOM_ID_LEN - 1] = '\0';
}

void *cr_request_open(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct cr_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct cr_worker *worker = this_worker(server);
    struct cr_request *request =
        worker != NULL && info->socket_context != NULL ? cr_spares_take(server, worker) : NULL;

    if (request == NULL) {
        return NULL; /* without memory; the connection will be closed */
    }
    request->connection = connection;
    request->peer = info->socket_context;
    request->started_ns = cr_clock_ns();
    request->peer->is_idle = false;
    if (request->peer->n_requests++ > 0) { /* the first has been due since the connection began */
        cr_timer_set(&request->peer->timer,
                     cr_connections_header_due(server->connections, request->started_ns));
    }
    request->uri = uri;
    request->uri_len = strlen(uri);
    request->is_target = cr_headers_is_target(uri);
    request->surface = CR_SURFACE_PROBLEM;
    request->method_text = "";
    (void)atomic_fetch_add(&server->n_started, 1);
    (void)atomic_fetch_add(&server->n_active, 1);
    return request;
}

bool cr_request_is_batch(const struct cr_request *request)
{
    return request->route != NULL && request->route->size == CR_SIZE_BATCH;
}

/* How much body and memory the route allows. */
static void set_limits(struct cr_request *request)
{
    const struct cr_settings *settings = request->server->settings;

    request->body_max = settings->body_bytes;
    if (cr_request_is_batch(request) && request->refusal == CR_REFUSAL_NONE) {
        request->body_max = settings->batch_bytes;
        request->arena.max += ARRIVAL_FACTOR * settings->batch_bytes;
    }
}

/* Whether a page that is not listed asks for something to be done; where no key is asked for, what
 * an administrator does is also refused to a page whose name may be borrowed. */
static bool is_foreign(const struct cr_request *request, const struct cr_headers *headers)
{
    bool by_page = headers->fetch_site != NULL || headers->origin != NULL;

    if (request->method != CR_METHOD_POST || request->origin.text != NULL) {
        return false;
    }
    return cr_cors_is_foreign(headers->fetch_site, headers->origin, headers->host) ||
           (by_page && request->route->scope == CR_KEY_ADMIN &&
            !cr_auth_is_on(request->server->auth) && cr_cors_is_borrowed(headers->host));
}

/* A browser's question whether a page may ask (CORS). */
static bool is_preflight(const struct cr_request *request, const struct cr_headers *headers)
{
    return request->origin.text != NULL && headers->preflight != NULL &&
           strcmp(request->method_text, "OPTIONS") == 0;
}

/* NULL when the path names a portfolio that has none. */
static struct cr_seat *find_seat(struct cr_request *request)
{
    struct cr_seats *seats = &request->server->seats;

    return request->route != NULL && cr_routes_names_portfolio(request->route)
               ? cr_seats_find(seats, request->params.texts[0])
               : cr_seats_first(seats);
}

/* Says which path or portfolio was probably meant, where one is near. */
static void refuse_unknown(struct cr_request *request)
{
    bool is_path = request->route == NULL;
    const char *likely =
        is_path ? cr_routes_find_likely(request->path)
                : cr_seats_find_likely(&request->server->seats, request->params.texts[0]);
    char hint[CR_SLIP_HINT_LEN];
    char text[CR_SLIP_HINT_LEN + 32];

    request->refusal = CR_REFUSAL_NOT_FOUND;
    if (!is_path || likely != NULL) { /* else in the usual words */
        int len = snprintf(text, sizeof(text), "There is no such %s%s",
                           is_path ? "path" : "portfolio", cr_slip_hint(likely, hint)); /* fits */

        request->refusal_detail = cr_arena_strndup(&request->arena, text, (size_t)len);
    }
}

/* Refusals that leave the connection usable: they wait until the body has been read, unless it is
 * large. */
static void route(struct cr_request *request, const struct cr_headers *headers)
{
    const char *path = request->path;

    request->route = cr_routes_find(path, request->method, &request->params);
    request->media = cr_headers_media(headers->content_type);
    request->surface = request->route != NULL ? request->route->surface : cr_routes_surface(path);
    request->seat = find_seat(request);
    if (request->route == NULL || request->seat == NULL) {
        refuse_unknown(request);
    } else if ((request->route->methods & request->method) == 0) {
        request->is_preflight = is_preflight(request, headers);
        request->refusal = request->is_preflight ? CR_REFUSAL_NONE : CR_REFUSAL_METHOD;
    } else if (is_foreign(request, headers)) {
        request->refusal = CR_REFUSAL_FOREIGN;
    } else if ((request->refusal = cr_admit_request(request, headers)) != CR_REFUSAL_NONE) {
        request->refusal_detail = NULL;
    } else if (request->route->media != CR_MEDIA_NONE &&
               (request->route->media & request->media) == 0) {
        request->refusal = CR_REFUSAL_MEDIA_TYPE;
        request->refusal_detail = (request->route->media & CR_MEDIA_NDJSON) != 0
                                      ? "The body must be a JSON array, sent with Content-Type: "
                                        "application/json, or one JSON object a line, with "
                                        "application/x-ndjson"
                                      : NULL;
    } else if (headers->content_encoding != NULL &&
               strcasecmp(headers->content_encoding, "identity") != 0) {
        request->refusal = CR_REFUSAL_MEDIA_TYPE;
        request->refusal_detail = "The body must be sent as it is, without Content-Encoding";
    }
    set_limits(request);
}

/* The body may come. */
static enum MHD_Result await_body(struct cr_request *request, const struct cr_headers *headers)
{
    request->body_expected = headers->body_len;
    request->stage = CR_STAGE_BODY;
    if (headers->body_len > 0 || headers->transfer_encoding != NULL) {
        request->body_started_ns = cr_clock_coarse_ns();
        cr_timer_set(
            &request->peer->timer,
            cr_connections_transfer_due(request->server->connections, request->body_started_ns, 0));
    }
    return MHD_YES;
}

/* Tells a client that sends too much how much there may be. */
static const char *write_limit(const struct cr_request *request, char text[LIMIT_TEXT_LEN])
{
    (void)snprintf(text, LIMIT_TEXT_LEN, "The body must not have more than %zu bytes",
                   request->body_max); /* fits */
    return text;
}

/* Judges the head. */
static enum MHD_Result begin(struct cr_request *request, const char *url, const char *version)
{
    const struct cr_settings *settings = request->server->settings;
    struct cr_headers_limits limits = {settings->header_bytes, (size_t)settings->header_count};
    struct cr_headers_line line = {request->method_text, request->uri, request->uri_len,
                                   request->is_target, version};
    struct cr_headers headers;
    enum cr_refusal refusal = cr_headers_check(request->connection, &line, &limits, &headers);
    char limit[LIMIT_TEXT_LEN];
    bool is_counted;

    if (headers.request_id != NULL && cr_headers_is_id(headers.request_id)) {
        (void)snprintf(request->id, sizeof(request->id), "%s", headers.request_id); /* it fits */
    } else {
        cr_request_random_id(request, request->id);
    }
    is_counted = cr_admit_client(request, &headers);
    request->origin = cr_cors_find(settings->cors_origins, headers.origin);
    request->method = cr_routes_method(request->method_text);
    request->path = cr_routes_path(url);
    route(request, &headers);
    if (refusal == CR_REFUSAL_NONE && request->method == CR_METHOD_UNKNOWN) {
        refusal = CR_REFUSAL_UNKNOWN_METHOD;
    }
    if (refusal == CR_REFUSAL_NONE && !is_counted) {
        refusal = CR_REFUSAL_OVERLOAD;
    }
    if (refusal == CR_REFUSAL_NONE && request->refusal != CR_REFUSAL_NONE &&
        (headers.expect != NULL || headers.body_len > settings->body_bytes)) {
        /* the client asks first, and need not send the body at all; or it is too much to drop */
        return cr_reply_refuse(request, request->refusal, request->refusal_detail);
    }
    if (refusal == CR_REFUSAL_NONE && headers.body_len > request->body_max) {
        refusal = CR_REFUSAL_TOO_LARGE;
        headers.why = write_limit(request, limit);
    }
    if (refusal != CR_REFUSAL_NONE) {
        return cr_reply_refuse(request, refusal, headers.why);
    }
    return await_body(request, &headers);
}

/* Room for at least `len` bytes: all that was announced, or twice as much as before. Beyond the
 * size of a single body it is the server's, which has only so much for all, and grows as bytes
 * come. */
static bool reserve_body(struct cr_request *request, size_t len)
{
    size_t single = request->server->settings->body_bytes;
    size_t cap = request->body_cap > 0 ? 2 * request->body_cap : FIRST_BODY;
    char *body;

    if (len <= request->body_cap) {
        return true;
    }
    if (request->body_expected > 0 &&
        (request->body_expected <= single || cap > request->body_expected)) {
        cap = (size_t)request->body_expected;
    }
    cap = cap > request->body_max ? request->body_max : cap;
    cap = cap < len ? len : cap;
    if (cap > single) {
        if (!cr_budget_hold(request->server->budget, &request->client, cap)) {
            return false;
        }
        request->held_bytes += cap;
    }
    body = cr_arena_alloc(&request->arena, cap);
    if (body == NULL) {
        return false;
    }
    if (request->body_len > 0) {
        memcpy(body, request->body, request->body_len);
    }
    request->body = body;
    request->body_cap = cap;
    return true;
}

/* Takes all of the bytes, or nothing more of this connection. */
static enum MHD_Result collect(struct cr_request *request, const char *data, size_t *data_len)
{
    size_t max = request->body_max;
    size_t len = *data_len;

    if (len > max || request->body_len + request->body_dropped > max - len) {
        char limit[LIMIT_TEXT_LEN]; /* chunked: its size was not announced */

        cr_reply_cut(request, CR_REFUSAL_TOO_LARGE, write_limit(request, limit));
        return MHD_NO;
    }
    if (request->refusal != CR_REFUSAL_NONE || request->is_preflight ||
        request->route->media == CR_MEDIA_NONE) {
        request->body_dropped += len;
    } else if (reserve_body(request, request->body_len + len)) {
        memcpy(request->body + request->body_len, data, len);
        request->body_len += len;
    } else {
        cr_reply_cut(request, CR_REFUSAL_OVERLOAD, NULL);
        return MHD_NO;
    }
    cr_timer_set(&request->peer->timer,
                 cr_connections_transfer_due(request->server->connections, request->body_started_ns,
                                             request->body_len + request->body_dropped));
    *data_len = 0;
    return MHD_YES;
}

/* On a thread of the queue. When the connection is awake again the request is no more ours. */
static void answer_queued(struct cr_job *job, size_t thread)
{
    struct cr_request *request =
        (struct cr_request *)(void *)((char *)job - offsetof(struct cr_request, job));
    struct cr_server *server = request->server;

    request->runner = &server->workers[server->n_workers + thread];
    if (atomic_load(&server->stopping)) {
        (void)cr_reply_refuse(request, CR_REFUSAL_OVERLOAD, NULL); /* the reply, or its absence, */
    } else {
        (void)request->route->answer(request); /* is found in the request */
    }
    MHD_resume_connection(request->connection);
}

static enum MHD_Result enqueue(struct cr_request *request)
{
    struct cr_queue *queue = request->server->queue;

    if (!cr_queue_reserve(queue)) {
        cr_metrics_count_rejection(request->server->metrics, CR_REJECTION_QUEUE);
        return cr_reply_refuse(request, CR_REFUSAL_OVERLOAD, NULL);
    }
    request->stage = CR_STAGE_QUEUED;
    request->job.run = answer_queued;
    cr_timer_set(&request->peer->timer, INT64_MAX); /* the client has done its part */
    MHD_suspend_connection(request->connection);
    cr_queue_push(queue, &request->job);
    return MHD_YES;
}

/* A byte order mark is no part of the text behind it (RFC 8259, 8.1, lets a reader ignore it). */
static void skip_mark(struct cr_request *request)
{
    size_t len = cr_utf8_mark_len(request->body, request->body_len);

    request->body += len;
    request->body_len -= len;
}

static enum MHD_Result answer(struct cr_request *request)
{
    if (request->is_preflight) {
        return cr_reply_preflight(request);
    }
    if (request->refusal != CR_REFUSAL_NONE) {
        return cr_reply_refuse(request, request->refusal, request->refusal_detail);
    }
    skip_mark(request);
    return request->route->lane == CR_LANE_QUEUE ? enqueue(request)
                                                 : request->route->answer(request);
}

enum MHD_Result cr_request_handle(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **context)
{
    struct cr_request *request = *context;

    (void)server;
    (void)connection;
    if (request == NULL) {
        return MHD_NO;
    }
    request->method_text = method;
    switch (request->stage) {
    case CR_STAGE_HEAD:
        return begin(request, url, version);
    case CR_STAGE_BODY:
        return *data_len > 0 ? collect(request, data, data_len) : answer(request);
    case CR_STAGE_QUEUED:
        return cr_reply_deliver(request);
    case CR_STAGE_ANSWERED:
        break;
    }
    *data_len = 0; /* what comes after the answer is nobody's */
    return MHD_YES;
}

void cr_request_close(void *context, struct MHD_Connection *connection, void **slot,
                      enum MHD_RequestTerminationCode code)
{
    struct cr_server *server = context;
    struct cr_request *request = *slot;
    int64_t now_ns;

    (void)connection;
    if (request == NULL) {
        return;
    }
    *slot = NULL;
    now_ns = cr_clock_ns();
    if (!atomic_load(&request->peer->timer.is_cut)) {
        request->peer->is_idle = true;
        cr_timer_set(&request->peer->timer, cr_connections_idle_due(server->connections, now_ns));
    }
    if (request->is_entered) {
        cr_connections_leave(server->connections, &request->client);
    }
    if (request->reply.response != NULL) { /* the connection ended before it could be sent */
        MHD_destroy_response(request->reply.response);
    }
    if (request->held_bytes > 0) {
        cr_budget_release(server->budget, &request->client, request->held_bytes);
    }
    cr_metrics_count_request(request->worker->counters, request->route, request->method,
                             request->status, now_ns - request->started_ns);
    if (server->settings->access_log) {
        cr_access_log(request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    }
    cr_spares_give(request);
    (void)atomic_fetch_sub(&server->n_active, 1);
}
