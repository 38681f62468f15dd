// SPDX-License-Identifier: MIT
/* Private to http/: the server, one request, and what routes use. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accept.h"
#include "auth.h"
#include "budget.h"
#include "burst.h"
#include "champion.h"
#include "connections.h"
#include "cors.h"
#include "creditrisk/http/server.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/inet.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/web/assets.h"
#include "headers.h"
#include "limit.h"
#include "linger.h"
#include "metrics.h"
#include "queue.h"
#include "refusal.h"
#include "routes.h"
#include "seat.h"

enum { CR_REQUEST_ID_MAX = 128, CR_RANDOM_ID_LEN = 33, CR_ID_POOL = 128, CR_DECISION_ID_LEN = 37 };

/* What one worker thread keeps between requests; only that thread touches it. */
struct cr_worker {
    size_t index;                                      /* of the scoring contexts it uses */
    struct cr_counters *counters;                      /* what it counts in */
    struct cr_request *spares;                         /* with the memory of earlier requests … */
    size_t n_spares;                                   /* … the last one first */
    char ids[CR_ID_POOL * (CR_RANDOM_ID_LEN - 1) + 1]; /* random digits drawn ahead … */
    size_t n_ids;                                      /* … and how many ids are left in them */
};

enum cr_stage {
    CR_STAGE_HEAD,     /* request line seen */
    CR_STAGE_BODY,     /* headers accepted; bytes may come */
    CR_STAGE_QUEUED,   /* the connection sleeps while a thread of the queue answers */
    CR_STAGE_ANSWERED, /* a reply is queued */
};

/* A reply that was made by a thread of the queue and waits for the connection's own. */
struct cr_reply {
    struct MHD_Response *response; /* NULL = none could be made */
    unsigned status;
};

/* What was decided, for the access log. */
struct cr_decisions {
    size_t n;                     /* 0 = nothing was */
    size_t n_rows;                /* of a body that holds many; 0 for a single application */
    char version[CR_POINTER_LEN]; /* which decided */
    char id[CR_DECISION_ID_LEN];  /* of the last one; "" where they have none */
};

struct cr_request {
    struct cr_request *next; /* among the spares */
    struct cr_server *server;
    struct cr_worker *worker; /* whose thread reads and sends */
    struct cr_worker *runner; /* whose thread answers: the same, or one of the queue's; answers use
                                 its scoring context, ids and counters, never those of `worker` */
    struct MHD_Connection *connection;
    struct cr_connection *peer; /* the connection as we know it */
    struct cr_address client;   /* who asks */
    bool is_entered;            /* counted for its client, behind a proxy */
    struct cr_job job;          /* while it is queued */
    struct cr_reply reply;      /* after that */
    enum cr_stage stage;
    int64_t started_ns;
    int64_t body_started_ns;
    const char *uri;  /* in the library's memory */
    size_t uri_len;   /* as sent */
    const char *path; /* unescaped, without query and host; in the library's memory */
    bool is_target;   /* cr_headers_is_target */
    const char *method_text;
    enum cr_method method;
    const struct cr_route *route; /* NULL when none */
    struct cr_route_params params;
    struct cr_seat *seat; /* of the portfolio that the path names, else the first */
    enum cr_surface surface;
    enum cr_media media;         /* of the body */
    struct cr_list_entry origin; /* of a page that may read the answer; text NULL = none */
    bool is_preflight;           /* it only asks whether it may ask */
    bool is_limited;             /* the rate limit looked at it: */
    struct cr_limit_verdict limit;
    enum cr_refusal refusal;    /* what the head earned; answered once the body is read */
    const char *refusal_detail; /* static or in the arena; NULL = the refusal's own words */
    uint64_t body_expected;     /* Content-Length */
    size_t body_max;            /* of the route */
    char *body;                 /* body_len of body_cap bytes, in the arena; once it is complete,
                                   behind its byte order mark */
    size_t body_len;
    size_t body_cap;
    size_t body_dropped; /* bytes read for a refused request */
    size_t answer_len;   /* what the client must take before the deadline */
    size_t held_bytes;   /* of the budget, for the body */
    unsigned status;     /* 0 until answered */
    struct cr_decisions decisions;
    char id[CR_REQUEST_ID_MAX + 1];
    struct cr_arena arena;   /* this and what follows is kept for the requests to come */
    struct cr_strbuf answer; /* for the route; stays until the request ends */
    struct cr_kept *kept;    /* responses for it; NULL until there are some */
};

struct cr_server {
    const struct cr_settings *settings;
    struct MHD_Daemon *mhd; /* NULL before start */
    int listen_fd;
    char address[CR_INET_TEXT_LEN];
    int port;
    size_t n_workers;
    size_t n_runners;          /* n_workers and the queue's threads */
    struct cr_worker *workers; /* n_runners, the queue's last */
    atomic_size_t n_claimed;   /* workers that have their number */
    struct cr_metrics *metrics;
    struct cr_linger *linger;
    struct cr_connections *connections;
    struct cr_acceptor *acceptor; /* NULL before start and while draining */
    struct cr_queue *queue;
    struct cr_shadow *shadow; /* scores challengers */
    struct cr_auth *auth;
    struct cr_limit *limit;          /* NULL = none */
    struct cr_burst cuts;            /* connections beyond their deadline */
    struct cr_budget *budget;        /* of large bodies and answers */
    struct cr_trial_host trial_host; /* program NULL = none */
    int stop_fd;                     /* an eventfd: readable once the server drains or ends */
    pthread_mutex_t reload_lock;     /* one reload at a time */
    struct cr_seats seats;           /* the champions */
    atomic_bool draining;
    atomic_bool stopping;    /* what is queued is not done any more */
    atomic_size_t n_active;  /* requests whose line was read and whose answer is not out */
    atomic_size_t n_started; /* all requests ever */
    pthread_mutex_t drain_lock;
    pthread_cond_t progress; /* while draining: a connection ended */
};

/* server.c: a reference to the champion of the first seat, NULL when there is none; yours:
 * cr_champion_unref. */
struct cr_champion *cr_server_champion(struct cr_server *server);

/* Whether requests should be sent here: the first seat has a champion (which has passed its
 * self-test) and the server is not draining. */
bool cr_server_is_ready(struct cr_server *server);

/* What clients read where there is none. */
#define CR_NO_MODEL "No model is loaded"

/* request.c: the library's callbacks, and random ids for the request at hand. */
void *cr_request_open(void *server, const char *uri, struct MHD_Connection *connection);
enum MHD_Result cr_request_handle(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **request);
void cr_request_close(void *server, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code);

/* Whether the request's body and answer may be so large that they count in the budget. */
bool cr_request_is_batch(const struct cr_request *request);

/* Bytes of arena that one application may cost. */
size_t cr_request_memory(const struct cr_settings *settings);
void cr_request_random_id(struct cr_request *request, char ret_hex[CR_RANDOM_ID_LEN]);

/* spares.c: an empty request, with the memory of an earlier one where the worker has such; NULL
 * without memory. It is given back when it has ended. */
struct cr_request *cr_spares_take(struct cr_server *server, struct cr_worker *worker);
void cr_spares_give(struct cr_request *request);
void cr_spares_free(struct cr_worker *worker);

/* access_log.c: a request that has ended, answered whole or not; its `answer` becomes the line. */
void cr_access_log(struct cr_request *request, bool is_complete);

/* admit.c: names the request's client, and counts the request for it behind a proxy (false when it
 * has too many at a time); whether its key and its quota allow what its route needs:
 * CR_REFUSAL_NONE, _UNAUTHENTICATED, _FORBIDDEN or _TOO_MANY. */
bool cr_admit_client(struct cr_request *request, const struct cr_headers *headers);
enum cr_refusal cr_admit_request(struct cr_request *request, const struct cr_headers *headers);

/* reply.c: the i-th way to be refused, false beyond the last; two may have one status. */
bool cr_reply_status(size_t i, unsigned *ret_status, const char **ret_title);

/* Each queues the one reply of the request. JSON values are consumed, also on failure;
 * NULL (no memory) becomes 503, as an answer does that the budget has no room for. Without memory
 * even for that the connection is closed. */
enum MHD_Result cr_reply_json(struct cr_request *request, unsigned status, json_t *json);

/* 200 with the request's own `answer`, a JSON text, which must not change from then on: of a route
 * of the event lane that allows no store. Blanks and the end of a line are added to it (kept.h). */
enum MHD_Result cr_reply_answer(struct cr_request *request);

/* Any other text, which is consumed. */
enum MHD_Result cr_reply_text(struct cr_request *request, unsigned status, const char *type,
                              struct cr_strbuf *text);

/* reply_asset.c: the asset's bytes, packed where the client takes that, or 304 when it has them.
 * They must stay until `release` (NULL = for ever) is called with `owner`, which happens also on
 * failure. */
enum MHD_Result cr_reply_asset(struct cr_request *request, const struct cr_asset *asset,
                               MHD_ContentReaderFreeCallback release, void *owner);

/* Queues a response of this module's own making, which is consumed; NULL closes the connection. */
enum MHD_Result cr_reply_response(struct cr_request *request, unsigned status, const char *type,
                                  struct MHD_Response *response);

/* 422 with the list of complaints, each {"type", "loc", "msg", …} as FastAPI has them; the problem
 * document says the same with pointers. Not for the OIP surface. */
enum MHD_Result cr_reply_invalid(struct cr_request *request, json_t *details);

/* A refusal in the route's error shape; detail is shown to the client, NULL = the table's words. */
enum MHD_Result cr_reply_refuse(struct cr_request *request, enum cr_refusal refusal,
                                const char *detail);

/* An error from below, by its code; the message goes to the log only. */
enum MHD_Result cr_reply_error(struct cr_request *request, const struct cr_error *err);

/* The same without a reply and unlogged, for a part of an answer: what the client may read; static.
 */
const char *cr_reply_words(const struct cr_error *err);
/* A whole refusal as bytes, with `Connection: close`; detail NULL = the table's words. */
void cr_reply_write(struct cr_strbuf *out, enum cr_refusal refusal, enum cr_surface surface,
                    const char *id, const char *detail);

/* 204: what a page of another origin may ask of the route. */
enum MHD_Result cr_reply_preflight(struct cr_request *request);

/* Hands the reply that a thread of the queue made to the library. */
enum MHD_Result cr_reply_deliver(struct cr_request *request);

/* While the body is still coming the library takes no reply: this one goes to the socket as it is,
 * the connection must be closed after it (return MHD_NO). */
void cr_reply_cut(struct cr_request *request, enum cr_refusal refusal, const char *detail);

/* The routes. */
cr_route_fn cr_route_portfolios;
cr_route_fn cr_route_predict;
cr_route_fn cr_route_predict_batch;
cr_route_fn cr_route_health;
cr_route_fn cr_route_livez;
cr_route_fn cr_route_readyz;
cr_route_fn cr_route_model_info;
cr_route_fn cr_route_metrics;
cr_route_fn cr_route_reload;
cr_route_fn cr_route_openapi;
cr_route_fn cr_route_portfolio;
cr_route_fn cr_route_report;
cr_route_fn cr_route_registry;
cr_route_fn cr_route_page;
cr_route_fn cr_route_oip_live;
cr_route_fn cr_route_oip_ready;
cr_route_fn cr_route_oip_server;
cr_route_fn cr_route_oip_model;
cr_route_fn cr_route_oip_model_ready;
cr_route_fn cr_route_oip_infer;

#endif
