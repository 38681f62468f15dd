// SPDX-License-Identifier: MIT
/* GET /health, /livez, /readyz. */
#include "http.h"

#include "creditrisk/util/cleanup.h"

/* The reference's answer: can this service predict? */
enum MHD_Result cr_route_health(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_seat_champion(request->seat);
    bool loaded = champion != NULL;

    return cr_reply_json(request, loaded ? 200 : 503,
                         json_pack("{s:s, s:b, s:s?, s:s?}", "status",
                                   loaded ? "healthy" : "degraded", "model_loaded", loaded,
                                   "model_version", loaded ? champion->bundle->version : NULL,
                                   "model_name", loaded ? champion->bundle->model_name : NULL));
}

/* The process answers; nothing else is asked. */
enum MHD_Result cr_route_livez(struct cr_request *request)
{
    return cr_reply_json(request, 200, json_pack("{s:s}", "status", "alive"));
}

/* Should requests be sent here? A loaded champion has passed its self-test. What serves needs no
 * registry: that it cannot be read is told, and is no reason to send requests elsewhere. */
enum MHD_Result cr_route_readyz(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_server_champion(request->server);
    bool draining = atomic_load(&request->server->draining);
    bool ready = cr_server_is_ready(request->server);
    int registry = atomic_load(&request->server->seats.registry);
    json_t *readable = registry == CR_REGISTRY_NOT_ASKED
                           ? json_null()
                           : json_boolean(registry == CR_REGISTRY_READ);

    return cr_reply_json(request, ready ? 200 : 503,
                         json_pack("{s:s, s:b, s:b, s:o}", "status", ready ? "ready" : "not ready",
                                   "model_loaded", champion != NULL, "draining", draining,
                                   "registry_readable", readable));
}
