// SPDX-License-Identifier: MIT
/* POST /predict: one application in, one decision out. */
#include "http.h"

#include <string.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/cleanup.h"

enum { UUID_LEN = 37 };

/* Reads ?explain=full; false for any other value. */
static bool read_explain(struct cr_request *request, bool *ret_full)
{
    const char *value = NULL;
    size_t len = 0;

    *ret_full = false;
    if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, "explain", 7,
                                      &value, &len) != MHD_YES) {
        return true;
    }
    *ret_full = value != NULL && len == 4 && memcmp(value, "full", 4) == 0;
    return *ret_full;
}

static enum MHD_Result refuse_explain(struct cr_request *request)
{
    return cr_reply_invalid(request,
                            json_pack("[{s:s, s:[s, s], s:s, s:{s:s}}]", "type", "enum", "loc",
                                      "query", "explain", "msg", "Input should be 'full'", "ctx",
                                      "expected", "'full'"));
}

static enum MHD_Result refuse_record(struct cr_request *request, const struct cr_issues *issues)
{
    json_t *details = json_array();

    for (size_t i = 0; i < issues->n; i++) {
        if (json_array_append_new(details, cr_issue_to_json(&issues->items[i])) != 0) {
            json_decref(details);
            return cr_reply_invalid(request, NULL);
        }
    }
    return cr_reply_invalid(request, details);
}

/* A random UUID (RFC 9562, version 4). */
static void make_decision_id(struct cr_request *request, char ret_uuid[UUID_LEN])
{
    static const char variants[] = "89ab";
    char hex[CR_RANDOM_ID_LEN];
    const char *from = hex;

    cr_request_random_id(request, hex);
    hex[12] = '4';
    hex[16] = variants[(unsigned char)hex[16] & 3];
    for (size_t i = 0; i < UUID_LEN - 1; i++) {
        ret_uuid[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : *from++;
    }
    ret_uuid[UUID_LEN - 1] = '\0';
}

enum MHD_Result cr_route_predict(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_server_champion(request->server);
    struct cr_context *context;
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_trace trace;
    struct cr_error err;
    char decision_id[UUID_LEN];
    bool full;

    if (champion == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, "No model is loaded");
    }
    if (!read_explain(request, &full)) {
        return refuse_explain(request);
    }
    if (cr_record_from_json(champion->bundle->portfolio, request->body, request->body_len,
                            &request->arena, &record, &issues, &err) < 0) {
        return cr_reply_error(request, &err);
    }
    if (issues.n > 0) {
        cr_metrics_count_issues(request->runner->counters, champion->watch, &issues);
        return refuse_record(request, &issues);
    }
    context = cr_bundle_context(champion->bundle, request->runner->index);
    if (cr_scorer_score(champion->bundle, context, &record, &request->arena, &result, &trace,
                        &err) < 0) {
        return cr_reply_error(request, &err);
    }
    cr_metrics_count_prediction(request->runner->counters, champion->watch, &result, &trace);
    make_decision_id(request, decision_id);
    return cr_reply_json(request, 200,
                         cr_result_to_json(champion->bundle, &result, decision_id, full));
}
