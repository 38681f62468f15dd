// SPDX-License-Identifier: MIT
/* POST /predict: one application in, one decision out. */
#include "creditrisk/util/cleanup.h"
#include "predict.h"

enum MHD_Result cr_route_predict(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_seat_champion(request->seat);
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_predict_query query;
    struct cr_error err;

    if (champion == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, CR_NO_MODEL);
    }
    if (!cr_predict_read_query(request, &query)) {
        return cr_predict_refuse_query(request, &query);
    }
    if (cr_record_from_json(champion->bundle->portfolio, request->body, request->body_len,
                            &request->arena, &record, &issues, &err) < 0) {
        return cr_reply_error(request, &err);
    }
    if (issues.n > 0) {
        return cr_reply_invalid(request, cr_predict_details(request, champion, &issues));
    }
    if (cr_predict_score(request, champion, &record, &request->arena, &result, &err) < 0) {
        return cr_reply_error(request, &err);
    }
    cr_predict_write(request, champion, &result, query.full, &request->answer);
    return cr_reply_answer(request);
}
