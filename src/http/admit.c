// SPDX-License-Identifier: MIT
/* Who asks, and whether it may: the client's address, its key, its quota. */
#include "creditrisk/util/clock.h"
#include "http.h"

bool cr_admit_client(struct cr_request *request, const struct cr_headers *headers)
{
    struct cr_connections *connections = request->server->connections;

    request->client = cr_connections_client(connections, request->peer, headers->forwarded_for);
    if (!request->peer->is_proxy) {
        return true; /* counted with its connection */
    }
    request->is_entered = cr_connections_enter(connections, &request->client);
    if (!request->is_entered) {
        cr_metrics_count_rejection(request->server->metrics, CR_REJECTION_ADDRESS);
    }
    return request->is_entered;
}

/* One token of the key's, or without a valid key of the address's quota. */
static bool is_within_quota(struct cr_request *request, const char *key_id)
{
    struct cr_limit *limit = request->server->limit;

    if (limit == NULL) {
        return true;
    }
    request->is_limited = true;
    request->limit = *key_id != '\0' ? cr_limit_take(limit, key_id, CR_KEY_ID_LEN, cr_clock_ns())
                                     : cr_limit_take(limit, &request->client,
                                                     sizeof(request->client), cr_clock_ns());
    if (!request->limit.allowed) {
        cr_metrics_count_rejection(request->server->metrics, CR_REJECTION_RATE);
    }
    return request->limit.allowed;
}

enum cr_refusal cr_admit_request(struct cr_request *request, const struct cr_headers *headers)
{
    enum cr_key_scope scope = request->route->scope;
    char key_id[CR_KEY_ID_LEN];
    enum cr_refusal refusal = cr_auth_check(request->server->auth, headers, scope, key_id);

    if (scope != CR_KEY_NONE && !is_within_quota(request, key_id)) {
        return CR_REFUSAL_TOO_MANY;
    }
    return refusal;
}
