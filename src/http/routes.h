// SPDX-License-Identifier: MIT
/* Private to http/: what THE route table says of a route. The table is immutable and shared. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/registry/key.h"
#include "creditrisk/util/name.h"

struct cr_request;

/* How errors look: FastAPI's {"detail": …}, RFC 9457's problem document, OIP's {"error": …}. */
enum cr_surface { CR_SURFACE_FASTAPI, CR_SURFACE_PROBLEM, CR_SURFACE_OIP };

/* Methods as bits. Those beyond POST are known, so that they get 405 and not 501. */
enum cr_method {
    CR_METHOD_UNKNOWN = 0,
    CR_METHOD_GET = 1,
    CR_METHOD_HEAD = 2,
    CR_METHOD_POST = 4,
    CR_METHOD_OTHER = 8,
};

/* What a body may be, as bits; a route that takes none reads and drops it. */
enum cr_media {
    CR_MEDIA_NONE = 0,
    CR_MEDIA_JSON = 1,
    CR_MEDIA_NDJSON = 2, /* one JSON text a line */
    CR_MEDIA_ROWS = CR_MEDIA_JSON | CR_MEDIA_NDJSON,
};

/* How large a body may be: limits.body_bytes or limits.batch_bytes. */
enum cr_size { CR_SIZE_SINGLE, CR_SIZE_BATCH };

/* Where the answer is made: at once in the event thread, which no other request may wait for long,
 * or in a worker of the bounded queue. */
enum cr_lane { CR_LANE_EVENT, CR_LANE_QUEUE };

/* A route answers with exactly one cr_reply_…() and returns its result. */
typedef enum MHD_Result cr_route_fn(struct cr_request *request);

struct cr_route {
    const char *path; /* a segment {name} stands for any text without a slash */
    unsigned methods; /* enum cr_method */
    enum cr_surface surface;
    enum cr_key_scope scope; /* what a key must be good for where keys are asked */
    unsigned media;          /* enum cr_media */
    enum cr_size size;
    enum cr_lane lane;
    bool no_store; /* Cache-Control: no-store */
    cr_route_fn *answer;
};

enum { CR_ROUTE_MAX_PARAMS = 2, CR_ROUTE_PARAM_LEN = CR_NAME_MAX_LEN + 2 };

/* What stood for the route's {…} segments, in their order. A longer one is cut: it is still no name
 * of anything, for names have up to CR_NAME_MAX_LEN characters. */
struct cr_route_params {
    char texts[CR_ROUTE_MAX_PARAMS][CR_ROUTE_PARAM_LEN];
};

/* The path of a request target: an absolute one (http://host/path) names the same resource. */
const char *cr_routes_path(const char *target);

/* The route of a path and method; when the path has only routes of other methods, one of them;
 * NULL when it has none. A parameter that is empty or too long matches nothing. ret_params is
 * filled as far as the route has parameters. */
const struct cr_route *cr_routes_find(const char *path, enum cr_method method,
                                      struct cr_route_params *ret_params);

/* The route's path that an unknown one was probably meant to be: one without parameters, or behind
 * a portfolio's name one of its routes, as "/portfolios/{name}/…"; NULL when none is near. */
const char *cr_routes_find_likely(const char *path);

/* The i-th row of the table, NULL beyond the last; and which row it is. */
const struct cr_route *cr_routes_at(size_t i);
size_t cr_routes_index(const struct cr_route *route);

/* Whether the path begins with /portfolios/{name}; and the rest of such a path, which is that of
 * the same route for the first portfolio. */
#define CR_ROUTES_PORTFOLIO "/portfolios/{name}"
bool cr_routes_names_portfolio(const struct cr_route *route);
const char *cr_routes_rest(const struct cr_route *route);

/* The error surface of paths that have no route. */
enum cr_surface cr_routes_surface(const char *path);

/* All methods of the route's path, as the Allow header lists them. */
void cr_routes_allow(const struct cr_route *route, char ret_text[32]);

enum cr_method cr_routes_method(const char *method);

/* "GET", "HEAD", "POST", else "_OTHER"; static. */
const char *cr_routes_method_name(enum cr_method method);

#endif
