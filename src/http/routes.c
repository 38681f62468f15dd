// SPDX-License-Identifier: MIT
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"

enum { READ = CR_METHOD_GET | CR_METHOD_HEAD, JSON = 1, NO_STORE = 1 };

/* THE route table: path, methods, error surface, whether the body is JSON, whether answers may be
 * stored, handler. */
static const struct cr_route routes[] = {
    {"/predict", CR_METHOD_POST, CR_SURFACE_FASTAPI, JSON, NO_STORE, cr_route_predict},
    {"/health", READ, CR_SURFACE_FASTAPI, 0, NO_STORE, cr_route_health},
    {"/livez", READ, CR_SURFACE_PROBLEM, 0, NO_STORE, cr_route_livez},
    {"/readyz", READ, CR_SURFACE_PROBLEM, 0, NO_STORE, cr_route_readyz},
    {"/model-info", READ, CR_SURFACE_FASTAPI, 0, 0, cr_route_model_info},
};

static const struct {
    const char *name;
    enum cr_method method;
} methods[] = {
    {"GET", CR_METHOD_GET},       {"HEAD", CR_METHOD_HEAD},     {"POST", CR_METHOD_POST},
    {"PUT", CR_METHOD_OTHER},     {"DELETE", CR_METHOD_OTHER},  {"PATCH", CR_METHOD_OTHER},
    {"OPTIONS", CR_METHOD_OTHER}, {"CONNECT", CR_METHOD_OTHER}, {"TRACE", CR_METHOD_OTHER},
};

/* An absolute target (http://host/path) names the same resource as its path. */
static const char *skip_authority(const char *path)
{
    if (strncasecmp(path, "http://", 7) == 0) {
        path += 7;
        path += strcspn(path, "/");
    }
    return path;
}

const struct cr_route *cr_routes_find(const char *path)
{
    path = skip_authority(path);
    for (size_t i = 0; i < CR_ARRAY_LEN(routes); i++) {
        if (strcmp(routes[i].path, path) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

enum cr_surface cr_routes_surface(const char *path)
{
    path = skip_authority(path);
    return strcmp(path, "/v2") == 0 || strncmp(path, "/v2/", 4) == 0 ? CR_SURFACE_OIP
                                                                     : CR_SURFACE_PROBLEM;
}

void cr_routes_allow(const struct cr_route *route, char ret_text[32])
{
    size_t len = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < CR_ARRAY_LEN(methods); i++) {
        if (methods[i].method != CR_METHOD_OTHER && (route->methods & methods[i].method) != 0) {
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
