// SPDX-License-Identifier: MIT
/* GET /metrics: Prometheus' text. */
#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "http.h"

enum MHD_Result cr_route_metrics(struct cr_request *request)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_seats *seats = &request->server->seats;
    size_t n = atomic_load(&seats->n);
    struct cr_champion *champions[CR_MAX_SEATS];
    const struct cr_bundle *bundles[CR_MAX_SEATS] = {NULL};
    int registry = atomic_load(&seats->registry);
    const struct cr_metrics_now now = {
        .n_active = atomic_load(&request->server->n_active),
        .registry_readable = registry == CR_REGISTRY_NOT_ASKED ? NAN : registry == CR_REGISTRY_READ,
        .champions = bundles,
        .n_champions = n,
    };

    for (size_t i = 0; i < n; i++) {
        champions[i] = cr_seat_champion(seats->items[i]);
        bundles[i] = champions[i] != NULL ? champions[i]->bundle : NULL;
    }
    cr_metrics_write(request->server->metrics, &now, &text);
    for (size_t i = 0; i < n; i++) {
        cr_champion_unref(champions[i]);
    }
    return cr_reply_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}
