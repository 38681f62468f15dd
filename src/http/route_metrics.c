// SPDX-License-Identifier: MIT
/* GET /metrics: Prometheus' text. */
#include "creditrisk/util/cleanup.h"
#include "http.h"

enum MHD_Result cr_route_metrics(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_server_champion(request->server);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    cr_metrics_write(request->server->metrics, atomic_load(&request->server->n_active),
                     champion != NULL ? champion->bundle : NULL, &text);
    return cr_reply_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}
