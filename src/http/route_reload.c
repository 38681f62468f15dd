// SPDX-License-Identifier: MIT
/* POST /admin/reload: load the registry's champions now, as SIGHUP does, and say how it went. The
 * challenger that goes with the root's is named; /model-info tells what becomes of it. */
#include "http.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

/* Portfolio by portfolio, the version that serves; NULL without memory. */
static json_t *list_versions(struct cr_seats *seats)
{
    CR_CLEANUP(cr_json_decrefp) json_t *versions = json_object();

    for (size_t i = 0; i < atomic_load(&seats->n); i++) {
        CR_CLEANUP(cr_champion_unrefp)
        struct cr_champion *champion = cr_seat_champion(seats->items[i]);

        if (!cr_json_put(versions, seats->items[i]->portfolio,
                         champion != NULL ? json_string(champion->bundle->version) : json_null())) {
            return NULL;
        }
    }
    return CR_STEAL(versions);
}

enum MHD_Result cr_route_reload(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = NULL;
    const char *challenger;
    struct cr_error err;

    if (cr_server_reload(request->server, &err) < 0) {
        return cr_reply_refuse(request, CR_REFUSAL_CONFLICT, err.message);
    }
    champion = cr_server_champion(request->server);
    challenger = champion->pointers.challenger;
    return cr_reply_json(request, 200,
                         json_pack("{s:s, s:s, s:s, s:s?, s:o}", "model_version",
                                   champion->bundle->version, "model_name",
                                   champion->bundle->model_name, "sha256", champion->bundle->sha256,
                                   "challenger", *challenger != '\0' ? challenger : NULL,
                                   "portfolios", list_versions(&request->server->seats)));
}
