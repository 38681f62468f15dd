// SPDX-License-Identifier: MIT
/* POST /predict/batch: many applications in, for each one what /predict would say, in their order.
 * Nothing is decided before the whole body has been taken apart; what is wrong inside a row is that
 * row's own. */
#include <math.h>
#include <stdio.h>

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"
#include "predict.h"

/* Bytes of budget that a growing answer takes at a time. */
enum { ANSWER_STEP = 1 << 20 };

struct batch {
    struct cr_request *request;
    struct cr_champion *champion;
    enum cr_rows_form form;
    struct cr_predict_query query;
    struct cr_arena arena; /* of one row */
    struct cr_strbuf out;
    size_t held_bytes;       /* of the budget, for `out` as it grows */
    size_t n_failed;         /* rows, by no fault of theirs … */
    struct cr_error failure; /* … and why the first did */
};

static void give_back(struct batch *batch)
{
    const struct cr_request *request = batch->request;

    if (batch->held_bytes > 0) {
        cr_budget_release(request->server->budget, &request->client, batch->held_bytes);
        batch->held_bytes = 0;
    }
}

static void batch_finish(struct batch *batch)
{
    give_back(batch);
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

/* Appends that it was not the row's fault. */
static void write_failure(struct batch *batch, size_t index, const struct cr_error *err)
{
    if (batch->n_failed++ == 0) {
        batch->failure = *err;
    }
    write_refusal(batch, index, json_string(cr_reply_words(err)));
}

static void write_row(struct batch *batch, size_t index, const struct cr_row_text *row)
{
    size_t body_bytes = batch->request->server->settings->body_bytes;
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_error err;

    cr_arena_reset(&batch->arena);
    if (row->len > body_bytes) { /* alone it would be too large, too */
        write_refusal(batch, index,
                      json_sprintf("The row must not have more than %zu bytes", body_bytes));
    } else if (cr_record_from_json(batch->champion->bundle->portfolio, row->text, row->len,
                                   &batch->arena, &record, &issues, &err) < 0) {
        write_failure(batch, index, &err);
    } else if (issues.n > 0) {
        write_refusal(batch, index, cr_predict_details(batch->request, batch->champion, &issues));
    } else if (cr_predict_score(batch->request, batch->champion, &record, &batch->arena, &result,
                                &err) < 0) {
        write_failure(batch, index, &err);
    } else {
        cr_predict_write(batch->request, batch->champion, &result, batch->query.full, &batch->out);
    }
}

/* What ends a batch before its last row: the answer is more than one client may hold, which another
 * time does not change, or there is no room for it now, or the server stops. */
static enum cr_refusal check_progress(struct batch *batch)
{
    const struct cr_request *request = batch->request;
    struct cr_budget *budget = request->server->budget;

    if (atomic_load(&request->server->stopping)) {
        return CR_REFUSAL_OVERLOAD;
    }
    while (batch->out.len > batch->held_bytes) {
        if (request->held_bytes + batch->held_bytes + ANSWER_STEP > cr_budget_share(budget)) {
            return CR_REFUSAL_TOO_LARGE;
        }
        if (!cr_budget_hold(budget, &request->client, ANSWER_STEP)) {
            return CR_REFUSAL_OVERLOAD;
        }
        batch->held_bytes += ANSWER_STEP;
    }
    return CR_REFUSAL_NONE;
}

/* One line for all rows that failed. */
static void log_failures(const struct batch *batch)
{
    if (batch->n_failed > 0) {
        cr_log(CR_LOG_ERROR, "rows_failed", "{s:s, s:I, s:s, s:s}", "request_id",
               batch->request->id, "n", (json_int_t)batch->n_failed, "error",
               cr_error_name(batch->failure.code), "message", batch->failure.message);
    }
}

static enum MHD_Result refuse_size(const struct batch *batch)
{
    char text[128];

    (void)snprintf(text, sizeof(text),
                   "The answer would be too large: with the body it must not have more than %zu "
                   "bytes; send fewer rows",
                   cr_budget_share(batch->request->server->budget)); /* fits */
    return cr_reply_refuse(batch->request, CR_REFUSAL_TOO_LARGE, text);
}

/* In the form of the request. */
static enum MHD_Result answer(struct batch *batch)
{
    struct cr_rows rows;
    struct cr_row_text row;
    bool is_array = batch->form == CR_ROWS_ARRAY;
    enum cr_refusal refusal = CR_REFUSAL_NONE;
    bool more;

    cr_rows_init(&rows, batch->form, batch->request->body, batch->request->body_len);
    cr_strbuf_puts(&batch->out, is_array ? "[" : "");
    for (size_t i = 0; refusal == CR_REFUSAL_NONE && cr_rows_next(&rows, &row, &more) == 0 && more;
         i++) {
        cr_strbuf_puts(&batch->out, is_array && i > 0 ? "," : "");
        write_row(batch, i, &row);
        batch->request->decisions.n_rows = i + 1;
        cr_strbuf_puts(&batch->out, is_array ? "" : "\n");
        refusal = check_progress(batch);
    }
    cr_strbuf_puts(&batch->out, is_array ? "]" : "");
    log_failures(batch);
    if (refusal == CR_REFUSAL_TOO_LARGE) {
        return refuse_size(batch);
    }
    if (refusal != CR_REFUSAL_NONE) {
        return cr_reply_refuse(batch->request, refusal, NULL);
    }
    give_back(batch); /* the answer as a whole holds what it needs */
    return cr_reply_text(batch->request, 200,
                         is_array ? "application/json" : "application/x-ndjson", &batch->out);
}

enum MHD_Result cr_route_predict_batch(struct cr_request *request)
{
    CR_CLEANUP(batch_finish)
    struct batch batch = {
        .request = request,
        .champion = cr_seat_champion(request->seat),
        .form = request->media == CR_MEDIA_NDJSON ? CR_ROWS_LINES : CR_ROWS_ARRAY,
    };
    struct cr_issue issue;

    cr_arena_init(&batch.arena, cr_request_memory(request->server->settings));
    if (batch.champion == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, CR_NO_MODEL);
    }
    if (!cr_predict_read_query(request, &batch.query)) {
        return cr_predict_refuse_query(request, &batch.query);
    }
    if (find_fault(&batch, &issue)) {
        struct cr_issues issues = {1, &issue};

        return cr_reply_invalid(request, cr_predict_details(request, batch.champion, &issues));
    }
    return answer(&batch);
}
