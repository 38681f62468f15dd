// SPDX-License-Identifier: MIT
/* /v2: the Open Inference Protocol, version 2. The model is named like the portfolio. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "oip.h"
#include "predict.h"

enum { MAX_NAMED = 5 }; /* complaints that one error names */

enum MHD_Result cr_route_oip_live(struct cr_request *request)
{
    return cr_reply_json(request, 200, json_pack("{s:b}", "live", 1));
}

enum MHD_Result cr_route_oip_ready(struct cr_request *request)
{
    bool ready = cr_server_is_ready(request->server);

    return cr_reply_json(request, ready ? 200 : 503, json_pack("{s:b}", "ready", ready));
}

enum MHD_Result cr_route_oip_server(struct cr_request *request)
{
    return cr_reply_json(
        request, 200,
        json_pack("{s:s, s:s, s:[]}", "name", "creditrisk", "version", CR_VERSION, "extensions"));
}

/* The champion of the portfolio that the path names, else NULL with the answer in *ret_result. */
static struct cr_champion *find_model(struct cr_request *request, enum MHD_Result *ret_result)
{
    struct cr_seat *seat = cr_seats_find(&request->server->seats, request->params.texts[0]);
    struct cr_champion *champion = seat != NULL ? cr_seat_champion(seat) : NULL;

    request->seat = seat;
    if (seat == NULL) {
        *ret_result = cr_reply_refuse(request, CR_REFUSAL_NOT_FOUND, "There is no such model");
    } else if (champion == NULL) {
        *ret_result = cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, CR_NO_MODEL);
    }
    return champion;
}

static json_t *describe_inputs(const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = json_array();

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        if (json_array_append_new(inputs,
                                  json_pack("{s:s, s:s, s:[i]}", "name", field->name, "datatype",
                                            cr_oip_datatype(field), "shape", -1)) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(inputs);
}

enum MHD_Result cr_route_oip_model(struct cr_request *request)
{
    enum MHD_Result refused = MHD_NO;
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = find_model(request, &refused);
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = NULL;

    if (champion == NULL) {
        return refused;
    }
    inputs = describe_inputs(champion->bundle->portfolio);
    return cr_reply_json(
        request, 200,
        inputs == NULL
            ? NULL
            : json_pack("{s:s, s:[s], s:s, s:O, s:[{s:s, s:s, s:[i]}, {s:s, s:s, s:[i]}]}", "name",
                        champion->bundle->portfolio->name, "versions", champion->bundle->version,
                        "platform", "creditrisk", "inputs", inputs, "outputs", "name",
                        "probability", "datatype", "FP64", "shape", -1, "name", "risk_category",
                        "datatype", "BYTES", "shape", -1));
}

enum MHD_Result cr_route_oip_model_ready(struct cr_request *request)
{
    enum MHD_Result refused = MHD_NO;
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = find_model(request, &refused);

    if (champion == NULL) {
        return refused;
    }
    return cr_reply_json(
        request, 200,
        json_pack("{s:s, s:b}", "name", champion->bundle->portfolio->name, "ready", 1));
}

/* One inference: its rows, and the outputs as they grow. */
struct inference {
    struct cr_request *request;
    struct cr_champion *champion;
    struct cr_oip_batch batch;
    struct cr_arena arena; /* of one row */
    json_t *probabilities;
    json_t *categories;
    struct cr_strbuf complaints;
    size_t n_complaints;
};

static void inference_finish(struct inference *inference)
{
    cr_champion_unref(inference->champion);
    cr_oip_batch_finish(&inference->batch);
    cr_arena_finish(&inference->arena);
    json_decref(inference->probabilities);
    json_decref(inference->categories);
    cr_strbuf_finish(&inference->complaints);
}

/* "row 3: age: Field required"; the fields of the record are the client's inputs. */
static void note(struct inference *inference, size_t row, const struct cr_issue *issue)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_issue_to_json(issue);
    const char *message = json_string_value(json_object_get(json, "msg"));

    if (inference->n_complaints++ < MAX_NAMED) {
        cr_strbuf_printf(&inference->complaints, "%srow %zu: %s: %s",
                         inference->n_complaints > 1 ? "; " : "", row,
                         issue->field != NULL ? issue->field : "", message != NULL ? message : "");
    }
}

/* Reads one row; `ret_valid` says whether it can be scored, else its faults are noted. */
static int read_row(struct inference *inference, size_t i, struct cr_record *ret_record,
                    bool *ret_valid, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *row = cr_oip_row(&inference->batch, i);
    struct cr_issues issues;
    int r;

    cr_arena_reset(&inference->arena);
    if (row == NULL) {
        return cr_error_no_memory(err);
    }
    r = cr_record_from_value(inference->batch.portfolio, row, &inference->arena, ret_record,
                             &issues, err);
    if (r < 0) {
        return r;
    }
    *ret_valid = issues.n == 0;
    cr_metrics_count_issues(inference->request->runner->counters, inference->champion->watch,
                            &issues);
    for (size_t k = 0; k < issues.n; k++) {
        note(inference, i, &issues.items[k]);
    }
    return 0;
}

static int score_row(struct inference *inference, size_t i, struct cr_error *err)
{
    struct cr_record record;
    struct cr_result result;
    bool valid;
    int r = read_row(inference, i, &record, &valid, err);

    if (r == 0) {
        r = cr_predict_score(inference->request, inference->champion, &record, &inference->arena,
                             &result, err);
    }
    if (r == 0 &&
        (json_array_append_new(inference->probabilities, cr_json_number(result.pd)) != 0 ||
         json_array_append_new(inference->categories, json_string(result.band->name)) != 0)) {
        r = cr_error_no_memory(err);
    }
    return r;
}

/* First all rows are judged, then all are scored: nothing is decided of a request that is refused.
 */
static int run(struct inference *inference, struct cr_error *err)
{
    size_t n = inference->batch.n_rows;
    struct cr_record record;
    bool valid;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        r = read_row(inference, i, &record, &valid, err);
    }
    for (size_t i = 0; r == 0 && inference->n_complaints == 0 && i < n; i++) {
        r = score_row(inference, i, err);
    }
    return r;
}

static bool add_output(json_t *outputs, const char *name, const char *datatype, json_t *data)
{
    return json_array_append_new(
               outputs, json_pack("{s:s, s:s, s:[I], s:O}", "name", name, "datatype", datatype,
                                  "shape", (json_int_t)json_array_size(data), "data", data)) == 0;
}

static json_t *make_answer(const struct inference *inference)
{
    const struct cr_oip_batch *batch = &inference->batch;
    CR_CLEANUP(cr_json_decrefp) json_t *outputs = json_array();

    if ((batch->wants_probability &&
         !add_output(outputs, "probability", "FP64", inference->probabilities)) ||
        (batch->wants_category &&
         !add_output(outputs, "risk_category", "BYTES", inference->categories))) {
        return NULL;
    }
    return json_pack("{s:s, s:s, s:s*, s:O}", "model_name", batch->portfolio->name, "model_version",
                     inference->champion->bundle->version, "id", batch->id, "outputs", outputs);
}

static enum MHD_Result refuse_rows(struct inference *inference)
{
    if (inference->n_complaints > MAX_NAMED) {
        cr_strbuf_printf(&inference->complaints, "; and %zu more",
                         inference->n_complaints - MAX_NAMED);
    }
    return cr_reply_refuse(inference->request, CR_REFUSAL_BAD_REQUEST,
                           cr_strbuf_text(&inference->complaints));
}

enum MHD_Result cr_route_oip_infer(struct cr_request *request)
{
    enum MHD_Result refused = MHD_NO;
    CR_CLEANUP(inference_finish)
    struct inference inference = {
        .request = request,
        .champion = find_model(request, &refused),
        .probabilities = json_array(),
        .categories = json_array(),
    };
    struct cr_error err;
    int r;

    if (inference.champion == NULL) {
        return refused;
    }
    cr_arena_init(&inference.arena, cr_request_memory(request->server->settings));
    r = cr_oip_read(inference.champion->bundle->portfolio, request->body, request->body_len,
                    (size_t)request->server->settings->batch_rows, &request->arena,
                    &inference.batch, &err);
    if (r == CR_EINVAL) {
        return cr_reply_refuse(request, CR_REFUSAL_BAD_REQUEST, err.message);
    }
    if (r == 0) {
        request->decisions.n_rows = inference.batch.n_rows;
        r = run(&inference, &err);
    }
    if (r < 0) {
        return cr_reply_error(request, &err);
    }
    return inference.n_complaints > 0 ? refuse_rows(&inference)
                                      : cr_reply_json(request, 200, make_answer(&inference));
}
