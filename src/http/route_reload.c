// SPDX-License-Identifier: MIT
/* POST /admin/reload: load the registry's champion now, as SIGHUP does, and say how it went. */
#include "http.h"

#include "creditrisk/util/cleanup.h"

enum MHD_Result cr_route_reload(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = NULL;
    struct cr_error err;

    if (cr_server_reload(request->server, &err) < 0) {
        return cr_reply_refuse(request, CR_REFUSAL_CONFLICT, err.message);
    }
    champion = cr_server_champion(request->server);
    return cr_reply_json(
        request, 200,
        json_pack("{s:s, s:s, s:s, s:s?}", "model_version", champion->bundle->version, "model_name",
                  champion->bundle->model_name, "sha256", champion->bundle->sha256, "challenger",
                  champion->challenger != NULL ? champion->challenger->version : NULL));
}
