// SPDX-License-Identifier: MIT
/* POST /predict/batch: many applications in, for each one what /predict would say, in their order.
 * Nothing is decided before the whole body has been taken apart; what is wrong inside a row is that
 * row's own. */
#include <math.h>

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "predict.h"

struct batch {
    struct cr_request *request;
    struct cr_champion *champion;
    enum cr_rows_form form;
    bool full;             /* ?explain=full */
    struct cr_arena arena; /* of one row */
    struct cr_strbuf out;
};

static void batch_finish(struct batch *batch)
{
    cr_champion_unref(batch->champion);
    cr_arena_finish(&batch->arena);
    cr_strbuf_finish(&batch->out);
}

/* What is wrong with the body as a whole; false when nothing is. */
static bool find_fault(struct batch *batch, struct cr_issue *ret_issue)
{
    const struct cr_request *request = batch->request;
    size_t max_rows = (size_t)request->server->settings->batch_rows;
    struct cr_rows rows;
    struct cr_row_text row;
    bool more = true;

    *ret_issue = (struct cr_issue){.bound = NAN};
    cr_rows_init(&rows, batch->form, request->body, request->body_len);
    for (size_t n = 0; more; n++) {
        if (cr_rows_next(&rows, &row, &more) < 0) {
            ret_issue->type = request->body_len == 0 ? CR_ISSUE_MISSING
                              : rows.no_array        ? CR_ISSUE_LIST_TYPE
                                                     : CR_ISSUE_JSON_INVALID;
            ret_issue->offset = rows.fault_offset;
            ret_issue->reason = rows.fault;
            return true;
        }
        if (more && n == max_rows) {
            ret_issue->type = CR_ISSUE_TOO_LONG;
            ret_issue->bound = (double)max_rows;
            return true;
        }
    }
    return false;
}

/* Appends {"index", "detail"}; consumes the detail. */
static void write_refusal(struct batch *batch, size_t index, json_t *detail)
{
    json_t *json = detail != NULL
                       ? json_pack("{s:I, s:o}", "index", (json_int_t)index, "detail", detail)
                       : NULL;

    cr_json_write_new(json, &batch->out);
}

static void write_row(struct batch *batch, size_t index, const struct cr_row_text *row)
{
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_error err;

    cr_arena_reset(&batch->arena);
    if (row->len > batch->request->server->settings->body_bytes) { /* alone it would be, too */
        write_refusal(batch, index, json_string("The row is too large"));
    } else if (cr_record_from_json(batch->champion->bundle->portfolio, row->text, row->len,
                                   &batch->arena, &record, &issues, &err) < 0) {
        write_refusal(batch, index, json_string(cr_reply_words(batch->request, &err)));
    } else if (issues.n > 0) {
        write_refusal(batch, index, cr_predict_details(batch->request, batch->champion, &issues));
    } else if (cr_predict_score(batch->request, batch->champion, &record, &batch->arena, &result,
                                &err) < 0) {
        write_refusal(batch, index, json_string(cr_reply_words(batch->request, &err)));
    } else {
        cr_predict_write(batch->request, batch->champion, &result, batch->full, &batch->out);
    }
}

/* In the form of the request. */
static enum MHD_Result answer(struct batch *batch)
{
    struct cr_rows rows;
    struct cr_row_text row;
    bool is_array = batch->form == CR_ROWS_ARRAY;
    bool more;

    cr_rows_init(&rows, batch->form, batch->request->body, batch->request->body_len);
    cr_strbuf_puts(&batch->out, is_array ? "[" : "");
    for (size_t i = 0; cr_rows_next(&rows, &row, &more) == 0 && more; i++) {
        cr_strbuf_puts(&batch->out, is_array && i > 0 ? "," : "");
        write_row(batch, i, &row);
        cr_strbuf_puts(&batch->out, is_array ? "" : "\n");
    }
    cr_strbuf_puts(&batch->out, is_array ? "]" : "");
    return cr_reply_text(batch->request, 200,
                         is_array ? "application/json" : "application/x-ndjson", &batch->out);
}

enum MHD_Result cr_route_predict_batch(struct cr_request *request)
{
    CR_CLEANUP(batch_finish)
    struct batch batch = {
        .request = request,
        .champion = cr_server_champion(request->server),
        .form = request->media == CR_MEDIA_NDJSON ? CR_ROWS_LINES : CR_ROWS_ARRAY,
    };
    struct cr_issue issue;

    cr_arena_init(&batch.arena, cr_request_memory(request->server->settings));
    if (batch.champion == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, CR_NO_MODEL);
    }
    if (!cr_predict_read_explain(request, &batch.full)) {
        return cr_predict_refuse_explain(request);
    }
    if (find_fault(&batch, &issue)) {
        struct cr_issues issues = {1, &issue};

        return cr_reply_invalid(request, cr_predict_details(request, batch.champion, &issues));
    }
    return answer(&batch);
}
