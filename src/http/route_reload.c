// SPDX-License-Identifier: MIT
/* POST /admin/reload: load the registry's champion now, as SIGHUP does, and say how it went. The
 * challenger that goes with it is named; /model-info tells what becomes of it. */
#include "http.h"

#include "creditrisk/util/cleanup.h"

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
                         json_pack("{s:s, s:s, s:s, s:s?}", "model_version",
                                   champion->bundle->version, "model_name",
                                   champion->bundle->model_name, "sha256", champion->bundle->sha256,
                                   "challenger", *challenger != '\0' ? challenger : NULL));
}
