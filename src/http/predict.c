// SPDX-License-Identifier: MIT
#include "predict.h"

#include <math.h>
#include <string.h>

#include "creditrisk/score/result.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/slip.h"
#include "shadow.h"

static const char explain[] = "explain";

/* Whether the name of a parameter was meant to be ours. */
static bool is_slip(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return name[strspn(name, letters)] == '\0' && cr_slip_distance(explain, name) != CR_SLIP_NONE;
}

/* One parameter; the library stops at MHD_NO. */
static enum MHD_Result visit(void *context, enum MHD_ValueKind kind, const char *key,
                             size_t key_len, const char *value, size_t value_len)
{
    struct cr_predict_query *query = context;

    (void)kind;
    if (key_len == sizeof(explain) - 1 && memcmp(key, explain, key_len) == 0) {
        query->full = value != NULL && value_len == 4 && memcmp(value, "full", 4) == 0;
        query->fault = query->full ? NULL : explain;
    } else if (is_slip(key)) {
        query->fault = key;
    }
    return query->fault == NULL ? MHD_YES : MHD_NO;
}

bool cr_predict_read_query(struct cr_request *request, struct cr_predict_query *ret_query)
{
    *ret_query = (struct cr_predict_query){0};
    (void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, visit,
                                      ret_query); /* a count */
    return ret_query->fault == NULL;
}

enum MHD_Result cr_predict_refuse_query(struct cr_request *request,
                                        const struct cr_predict_query *query)
{
    static const char *const full = "full";
    const struct cr_field expected = {.type = CR_ENUM, .levels = {.n = 1, .texts = &full}};
    const struct cr_issue issue = {
        .type = query->fault == explain ? CR_ISSUE_ENUM : CR_ISSUE_EXTRA_FORBIDDEN,
        .field = query->fault,
        .bound = NAN,
        .expected = query->fault == explain ? &expected : NULL,
        .place = "query",
    };

    return cr_reply_invalid(request, json_pack("[o]", cr_issue_to_json(&issue)));
}

json_t *cr_predict_details(struct cr_request *request, const struct cr_champion *champion,
                           const struct cr_issues *issues)
{
    CR_CLEANUP(cr_json_decrefp) json_t *details = json_array();

    cr_metrics_count_issues(request->runner->counters, champion->watch, issues);
    for (size_t i = 0; i < issues->n; i++) {
        if (json_array_append_new(details, cr_issue_to_json(&issues->items[i])) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(details);
}

int cr_predict_score(struct cr_request *request, struct cr_champion *champion,
                     const struct cr_record *record, struct cr_arena *arena,
                     struct cr_result *ret_result, struct cr_error *err)
{
    struct cr_context *context = cr_bundle_context(champion->bundle, request->runner->index);
    struct cr_trace trace;
    int result = cr_scorer_score(champion->bundle, context, record, arena, ret_result, &trace, err);

    if (result == 0) {
        request->decisions.n++;
        memcpy(request->decisions.version, champion->pointers.champion, CR_POINTER_LEN);
        cr_metrics_count_prediction(request->runner->counters, champion->watch, ret_result, &trace);
        cr_shadow_offer(request->server->shadow, champion, record, ret_result);
    }
    return result;
}

/* A random UUID (RFC 9562, version 4), with a version's digit and a variant's in their places. */
static void make_decision_id(struct cr_request *request, char ret_uuid[CR_DECISION_ID_LEN])
{
    char hex[CR_RANDOM_ID_LEN];

    cr_request_random_id(request, hex);
    hex[12] = '4';
    hex[16] = "89ab"[(unsigned char)hex[16] & 3];
    memcpy(ret_uuid, hex, 8);
    ret_uuid[8] = '-';
    memcpy(ret_uuid + 9, hex + 8, 4);
    ret_uuid[13] = '-';
    memcpy(ret_uuid + 14, hex + 12, 4);
    ret_uuid[18] = '-';
    memcpy(ret_uuid + 19, hex + 16, 4);
    ret_uuid[23] = '-';
    memcpy(ret_uuid + 24, hex + 20, 12);
    ret_uuid[CR_DECISION_ID_LEN - 1] = '\0';
}

void cr_predict_write(struct cr_request *request, const struct cr_champion *champion,
                      const struct cr_result *result, bool full, struct cr_strbuf *out)
{
    char *decision_id = request->decisions.id;

    make_decision_id(request, decision_id);
    cr_result_write(champion->bundle, result, decision_id, full, out);
}
