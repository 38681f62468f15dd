// SPDX-License-Identifier: MIT
#include "routes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/slip.h"
#include "http.h"

enum { READ = CR_METHOD_GET | CR_METHOD_HEAD, POST = CR_METHOD_POST };
enum { STORE = false, NO_STORE = true };

#define ROUTE(path, methods, surface, scope, media, size, lane, no_store, answer)                  \
    {                                                                                              \
        path, methods, CR_SURFACE_##surface, CR_KEY_##scope, CR_MEDIA_##media, CR_SIZE_##size,     \
            CR_LANE_##lane, no_store, answer                                                       \
    }

/* clang-format off */
/* THE route table: path, methods, error surface, scope of the key, what the body may be and how
 * large, where the answer is made, whether it may be stored, handler. What a route is in words
 * stands in openapi.json: no row may lack it. */
static const struct cr_route routes[] = {
    ROUTE("/predict",    POST, FASTAPI, PREDICT, JSON, SINGLE, EVENT, NO_STORE, cr_route_predict),
    ROUTE("/predict/batch", POST, PROBLEM, PREDICT, ROWS, BATCH, QUEUE, NO_STORE,
          cr_route_predict_batch),
    ROUTE("/health",     READ, FASTAPI, NONE,    NONE, SINGLE, EVENT, NO_STORE, cr_route_health),
    ROUTE("/livez",      READ, PROBLEM, NONE,    NONE, SINGLE, EVENT, NO_STORE, cr_route_livez),
    ROUTE("/readyz",     READ, PROBLEM, NONE,    NONE, SINGLE, EVENT, NO_STORE, cr_route_readyz),
    ROUTE("/model-info", READ, FASTAPI, READ,    NONE, SINGLE, EVENT, STORE,    cr_route_model_info),
    ROUTE("/metrics",    READ, PROBLEM, READ,    NONE, SINGLE, EVENT, NO_STORE, cr_route_metrics),
    ROUTE("/admin/reload", POST, PROBLEM, ADMIN, NONE, SINGLE, QUEUE, NO_STORE, cr_route_reload),
    ROUTE("/report.json", READ, PROBLEM, READ,   NONE, SINGLE, EVENT, STORE,    cr_route_report),
    ROUTE("/ui/portfolio.json", READ, PROBLEM, NONE, NONE, SINGLE, EVENT, STORE, cr_route_portfolio),
    ROUTE("/ui/registry.json", READ, PROBLEM, READ, NONE, SINGLE, QUEUE, NO_STORE,
          cr_route_registry),
    ROUTE("/openapi.json", READ, PROBLEM, NONE,  NONE, SINGLE, EVENT, STORE,    cr_route_openapi),
    ROUTE("/docs",       READ, FASTAPI, NONE,    NONE, SINGLE, EVENT, STORE,    cr_route_page),
    ROUTE("/portfolios", READ, PROBLEM, NONE,    NONE, SINGLE, EVENT, NO_STORE, cr_route_portfolios),
    ROUTE(CR_ROUTES_PORTFOLIO "/predict", POST, FASTAPI, PREDICT, JSON, SINGLE, EVENT, NO_STORE,
          cr_route_predict),
    ROUTE(CR_ROUTES_PORTFOLIO "/predict/batch", POST, PROBLEM, PREDICT, ROWS, BATCH, QUEUE, NO_STORE,
          cr_route_predict_batch),
    ROUTE(CR_ROUTES_PORTFOLIO "/health", READ, FASTAPI, NONE, NONE, SINGLE, EVENT, NO_STORE,
          cr_route_health),
    ROUTE(CR_ROUTES_PORTFOLIO "/model-info", READ, FASTAPI, READ, NONE, SINGLE, EVENT, STORE,
          cr_route_model_info),
    ROUTE(CR_ROUTES_PORTFOLIO "/report.json", READ, PROBLEM, READ, NONE, SINGLE, EVENT, STORE,
          cr_route_report),
    ROUTE(CR_ROUTES_PORTFOLIO "/ui/portfolio.json", READ, PROBLEM, NONE, NONE, SINGLE, EVENT, STORE,
          cr_route_portfolio),
    ROUTE(CR_ROUTES_PORTFOLIO "/ui/registry.json", READ, PROBLEM, READ, NONE, SINGLE, QUEUE, NO_STORE,
          cr_route_registry),
    ROUTE(CR_ROUTES_PORTFOLIO "/openapi.json", READ, PROBLEM, NONE, NONE, SINGLE, EVENT, STORE,
          cr_route_openapi),
    ROUTE("/v2",         READ, OIP,     NONE,    NONE, SINGLE, EVENT, STORE,    cr_route_oip_server),
    ROUTE("/v2/health/live", READ, OIP, NONE,    NONE, SINGLE, EVENT, NO_STORE, cr_route_oip_live),
    ROUTE("/v2/health/ready", READ, OIP, NONE,   NONE, SINGLE, EVENT, NO_STORE, cr_route_oip_ready),
    ROUTE("/v2/models/{name}", READ, OIP, READ,  NONE, SINGLE, EVENT, STORE,    cr_route_oip_model),
    ROUTE("/v2/models/{name}/ready", READ, OIP, NONE, NONE, SINGLE, EVENT, NO_STORE,
          cr_route_oip_model_ready),
    ROUTE("/v2/models/{name}/infer", POST, OIP, PREDICT, JSON, BATCH, QUEUE, NO_STORE,
          cr_route_oip_infer),
    ROUTE("/",           READ, PROBLEM, NONE,    NONE, SINGLE, EVENT, STORE,    cr_route_page),
    ROUTE("/dashboard",  READ, PROBLEM, NONE,    NONE, SINGLE, EVENT, STORE,    cr_route_page),
    ROUTE("/assets/{digest}/{file}", READ, PROBLEM, NONE, NONE, SINGLE, EVENT, STORE,
          cr_route_page),
};
/* clang-format on */

static const struct {
    const char *name;
    enum cr_method method;
} methods[] = {
    {"GET", CR_METHOD_GET},       {"HEAD", CR_METHOD_HEAD},     {"POST", CR_METHOD_POST},
    {"PUT", CR_METHOD_OTHER},     {"DELETE", CR_METHOD_OTHER},  {"PATCH", CR_METHOD_OTHER},
    {"OPTIONS", CR_METHOD_OTHER}, {"CONNECT", CR_METHOD_OTHER}, {"TRACE", CR_METHOD_OTHER},
    {"QUERY", CR_METHOD_OTHER},
};

const char *cr_routes_path(const char *target)
{
    if (strncasecmp(target, "http://", 7) == 0) {
        target += 7;
        target += strcspn(target, "/");
    }
    return target;
}

/* Whether the path has the pattern's form; the parameters are written on the way. */
static bool matches(const char *pattern, const char *path, struct cr_route_params *params)
{
    size_t n = 0;

    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t len = strcspn(path, "/");

            if (len == 0) {
                return false;
            }
            (void)snprintf(params->texts[n++], CR_ROUTE_PARAM_LEN, "%.*s", (int)len, path);
            path += len;
            pattern += strcspn(pattern, "}") + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

const struct cr_route *cr_routes_find(const char *path, enum cr_method method,
                                      struct cr_route_params *ret_params)
{
    const struct cr_route *found = NULL;

    for (size_t i = 0; i < CR_ARRAY_LEN(routes); i++) {
        if (matches(routes[i].path, path, ret_params)) {
            if ((routes[i].methods & method) != 0) {
                return &routes[i];
            }
            found = &routes[i];
        }
    }
    return found;
}

/* What stands behind /portfolios/NAME; NULL where the path does not begin so. */
static const char *find_rest(const char *path)
{
    static const char before[] = "/portfolios/";
    const char *name = path + sizeof(before) - 1;
    size_t len;

    if (strncmp(path, before, sizeof(before) - 1) != 0) {
        return NULL;
    }
    len = strcspn(name, "/");
    return len > 0 && name[len] == '/' ? name + len : NULL;
}

const char *cr_routes_find_likely(const char *path)
{
    const char *rest = find_rest(path);
    size_t skip = rest != NULL ? sizeof(CR_ROUTES_PORTFOLIO) - 1 : 0;
    const char *likely = NULL; /* behind what is skipped */

    for (size_t i = 0; i < CR_ARRAY_LEN(routes); i++) {
        if (rest != NULL ? cr_routes_names_portfolio(&routes[i])
                         : strchr(routes[i].path, '{') == NULL) {
            likely = cr_slip_nearer(likely, routes[i].path + skip, rest != NULL ? rest : path);
        }
    }
    return likely != NULL ? likely - skip : NULL;
}

const struct cr_route *cr_routes_at(size_t i)
{
    return i < CR_ARRAY_LEN(routes) ? &routes[i] : NULL;
}

size_t cr_routes_index(const struct cr_route *route)
{
    return (size_t)(route - routes);
}

bool cr_routes_names_portfolio(const struct cr_route *route)
{
    return strncmp(route->path, CR_ROUTES_PORTFOLIO "/", sizeof(CR_ROUTES_PORTFOLIO)) == 0;
}

const char *cr_routes_rest(const struct cr_route *route)
{
    return route->path + sizeof(CR_ROUTES_PORTFOLIO) - 1;
}

enum cr_surface cr_routes_surface(const char *path)
{
    return strcmp(path, "/v2") == 0 || strncmp(path, "/v2/", 4) == 0 ? CR_SURFACE_OIP
                                                                     : CR_SURFACE_PROBLEM;
}

void cr_routes_allow(const struct cr_route *route, char ret_text[32])
{
    unsigned allowed = 0;
    size_t len = 0;

    for (size_t i = 0; i < CR_ARRAY_LEN(routes); i++) {
        allowed |= strcmp(routes[i].path, route->path) == 0 ? routes[i].methods : 0;
    }
    ret_text[0] = '\0';
    for (size_t i = 0; i < CR_ARRAY_LEN(methods); i++) {
        if (methods[i].method != CR_METHOD_OTHER && (allowed & methods[i].method) != 0) {
            len += (size_t)snprintf(ret_text + len, 32 - len, "%s%s", len > 0 ? ", " : "",
                                    methods[i].name); /* all three fit */
        }
    }
}

enum cr_method cr_routes_method(const char *method)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i].name, method) == 0) {
            return methods[i].method;
        }
    }
    return CR_METHOD_UNKNOWN;
}

const char *cr_routes_method_name(enum cr_method method)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(methods) && method != CR_METHOD_OTHER; i++) {
        if (methods[i].method == method) {
            return methods[i].name;
        }
    }
    return "_OTHER";
}
