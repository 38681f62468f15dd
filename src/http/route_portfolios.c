// SPDX-License-Identifier: MIT
/* GET /portfolios: which loan books are answered for here. */
#include "http.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

/* The one of the root stands first; a portfolio without a champion has a version of null. */
static json_t *describe(struct cr_seat *seat, bool is_first)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = cr_seat_champion(seat);
    const struct cr_bundle *bundle = champion != NULL ? champion->bundle : NULL;

    return json_pack("{s:s, s:b, s:s?, s:s?, s:s?}", "name", seat->portfolio, "default", is_first,
                     "title", bundle != NULL ? bundle->portfolio->title : NULL, "model_version",
                     bundle != NULL ? bundle->version : NULL, "model_name",
                     bundle != NULL ? bundle->model_name : NULL);
}

enum MHD_Result cr_route_portfolios(struct cr_request *request)
{
    struct cr_seats *seats = &request->server->seats;
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();

    for (size_t i = 0; i < atomic_load(&seats->n); i++) {
        if (json_array_append_new(list, describe(seats->items[i], i == 0)) != 0) {
            return cr_reply_json(request, 200, NULL);
        }
    }
    return cr_reply_json(request, 200, json_pack("{s:O}", "portfolios", list));
}
