// SPDX-License-Identifier: MIT
/* The answer as text at once: the same bytes that util/json writes of cr_result_to_json. */
#include "answer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_state.h"
#include "creditrisk/decision/policy.h"
#include "creditrisk/score/result.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"

enum { N_NUMBERS = 4 }; /* beside those of reasons and contributions */

/* Pieces are short and many: they are copied in blocks of this size, up to one beyond their end,
 * for which there is room on both sides. */
enum { BLOCK = 32 };

static void put_string(struct cr_strbuf *out, const char *text)
{
    cr_json_write_string(text, strlen(text), out);
}

/* "key": with what stands before it. */
static void put_key(struct cr_strbuf *out, const char *before, const char *key)
{
    cr_strbuf_puts(out, before);
    put_string(out, key);
    cr_strbuf_putc(out, ':');
}

static void put_member(struct cr_strbuf *out, const char *before, const char *key,
                       const char *value)
{
    put_key(out, before, key);
    put_string(out, value);
}

/* Where the next piece begins; cr_answer_init refuses what 32 bits do not number. */
static uint32_t position(const struct cr_answer *answer)
{
    return (uint32_t)answer->text.len;
}

static struct cr_piece between(uint32_t start, uint32_t end)
{
    return (struct cr_piece){start, end - start};
}

static struct cr_piece write_piece(struct cr_answer *answer, const char *text)
{
    uint32_t start = position(answer);

    cr_strbuf_puts(&answer->text, text);
    return between(start, position(answer));
}

static void write_band(struct cr_strbuf *text, const struct cr_bundle *bundle,
                       const struct cr_band *band)
{
    put_member(text, ",", "risk_category", band->name);
    put_member(text, ",", "risk_color", band->color);
    put_member(text, ",", "description", band->description);
    put_member(text, ",", "recommended_action", band->action);
    put_key(text, ",", "optimal_threshold_used");
    cr_json_write_number(bundle->threshold, text);
    put_member(text, ",", "model_version", bundle->version);
    put_member(text, ",", "model_name", bundle->model_name);
    put_key(text, ",", "emi");
}

/* Between a reason's impact and its value, for contributions of one sign. */
static void write_middle(struct cr_strbuf *text, const char *feature, double sign)
{
    put_member(text, ",", "direction", cr_policy_direction(sign));
    put_member(text, ",", "name", feature);
    put_key(text, ",", "value");
}

static void write_sources(struct cr_strbuf *text, const struct cr_bundle *bundle, size_t group)
{
    size_t n_fields;
    const uint16_t *fields = cr_lineage_group_fields(&bundle->state->lineage, group, &n_fields);

    put_key(text, ",", "sources");
    cr_strbuf_putc(text, '[');
    for (size_t i = 0; i < n_fields; i++) {
        cr_strbuf_puts(text, i > 0 ? "," : "");
        put_string(text, bundle->portfolio->fields[fields[i]].name);
    }
    cr_strbuf_puts(text, "]}");
}

static void write_reason(struct cr_answer *answer, const struct cr_bundle *bundle, size_t group)
{
    const struct cr_explain_group *about = cr_explainer_group(bundle->explainer, group);
    const char *feature = bundle->portfolio->features[about->first_feature].name;
    struct cr_answer_reason *reason = &answer->reasons[group];
    struct cr_strbuf *text = &answer->text;

    reason->feature = (uint32_t)about->first_feature;
    reason->starts[CR_ANSWER_HEAD] = position(answer);
    put_member(text, ",{", "feature", about->label);
    put_key(text, ",", "impact");
    reason->starts[CR_ANSWER_INCREASES] = position(answer);
    write_middle(text, feature, 1.0);
    reason->starts[CR_ANSWER_DECREASES] = position(answer);
    write_middle(text, feature, -1.0);
    reason->starts[CR_ANSWER_SOURCES] = position(answer);
    write_sources(text, bundle, group);
    reason->starts[CR_N_ANSWER_PARTS] = position(answer);
}

/* What every answer has. */
static void write_keys(struct cr_answer *answer, const struct cr_bundle *bundle)
{
    uint32_t without_id, behind_id;

    answer->probability = write_piece(answer, "{\"probability\":");
    answer->probability_raw = write_piece(answer, ",\"probability_raw\":");
    answer->top = write_piece(answer, ",\"top_5_shap_features\":[");
    answer->contribution = write_piece(answer, ",\"contribution\":");
    answer->decision_id = write_piece(answer, "],\"decision_id\":");
    without_id = position(answer);
    cr_strbuf_putc(&answer->text, ']');
    behind_id = position(answer);
    put_key(&answer->text, ",", "base_value");
    cr_json_write_number(cr_explainer_base_value(bundle->explainer), &answer->text);
    put_key(&answer->text, ",", "margin");
    answer->without_id = between(without_id, position(answer));
    answer->behind_id = between(behind_id, position(answer));
    answer->imputed = write_piece(answer, ",\"imputed\":[");
    answer->imputed_end = write_piece(answer, "]");
    answer->rate_is_assumed = write_piece(answer, ",\"emi_assumed_rate\":true");
    answer->by_group = write_piece(answer, ",\"contributions\":{\"by_group\":{");
    answer->by_input = write_piece(answer, "},\"by_input\":{");
    answer->inputs_end = write_piece(answer, "}}");
}

/* The lists in the order in which an answer needs them. */
static void write_lists(struct cr_answer *answer, const struct cr_bundle *bundle)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    size_t n_groups = cr_explainer_n_groups(bundle->explainer);
    struct cr_strbuf *text = &answer->text;

    answer->bands[0] = position(answer);
    for (size_t i = 0; i < portfolio->policy.n_bands; i++) {
        write_band(text, bundle, &portfolio->policy.bands[i]);
        answer->bands[i + 1] = position(answer);
    }
    for (size_t i = 0; i < n_groups; i++) {
        write_reason(answer, bundle, i);
    }
    answer->fields[0] = position(answer);
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        cr_strbuf_putc(text, ',');
        put_string(text, portfolio->fields[i].name);
        answer->fields[i + 1] = position(answer);
    }
    answer->groups[0] = position(answer);
    for (size_t i = 0; i < n_groups; i++) {
        put_key(text, ",", cr_explainer_group(bundle->explainer, i)->label);
        answer->groups[i + 1] = position(answer);
    }
    answer->inputs[0] = position(answer);
    for (size_t i = 0; i < cr_pipeline_n_inputs(bundle->pipeline); i++) {
        put_key(text, ",", cr_pipeline_input(bundle->pipeline, i)->name);
        answer->inputs[i + 1] = position(answer);
    }
}

/* All pieces are put at most once but one, and every number stands behind a piece. */
static size_t count_room(const struct cr_answer *answer, const struct cr_bundle *bundle)
{
    size_t n_reasons = bundle->portfolio->policy.top_reasons;
    size_t n_numbers = N_NUMBERS + 3 * n_reasons + cr_explainer_n_groups(bundle->explainer) +
                       cr_pipeline_n_inputs(bundle->pipeline);

    return answer->text.len + n_reasons * answer->contribution.len + n_numbers * CR_NUM_LEN + BLOCK;
}

int cr_answer_init(struct cr_answer *answer, const struct cr_bundle *bundle, struct cr_error *err)
{
    size_t n_groups = cr_explainer_n_groups(bundle->explainer);
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);

    answer->bands = calloc(bundle->portfolio->policy.n_bands + 1, sizeof(*answer->bands));
    answer->reasons = calloc(n_groups + 1, sizeof(*answer->reasons)); /* so that it is not empty */
    answer->fields = calloc(bundle->portfolio->n_fields + 1, sizeof(*answer->fields));
    answer->groups = calloc(n_groups + 1, sizeof(*answer->groups));
    answer->inputs = calloc(n_inputs + 1, sizeof(*answer->inputs));
    if (answer->bands == NULL || answer->reasons == NULL || answer->fields == NULL ||
        answer->groups == NULL || answer->inputs == NULL) {
        return cr_error_no_memory(err);
    }
    write_keys(answer, bundle);
    write_lists(answer, bundle);
    if (answer->text.len > UINT32_MAX) {
        return cr_error_set(err, CR_ETOOBIG, "the names in the answers have %zu bytes",
                            answer->text.len);
    }
    answer->room = count_room(answer, bundle);
    cr_strbuf_append(&answer->text, (const char[BLOCK]){0}, BLOCK); /* behind the last piece */
    return cr_strbuf_check(&answer->text, err);
}

void cr_answer_finish(struct cr_answer *answer)
{
    cr_strbuf_finish(&answer->text);
    free(answer->bands);
    free(answer->reasons);
    free(answer->fields);
    free(answer->groups);
    free(answer->inputs);
}

/* An answer while it is written, for all of which there is room. */
struct writing {
    const struct cr_answer *answer;
    const struct cr_result *result;
    struct cr_strbuf *out;
    char *end; /* of what is written; out knows its length at last */
};

/* An answer has some forty pieces: where they are put lines of the cache are saved when there is
 * but one copy of this. */
static __attribute__((noinline)) char *put(const char *bytes, size_t len, char *end)
{
    for (size_t i = 0; i < len; i += BLOCK) {
        memcpy(end + i, bytes + i, BLOCK);
    }
    return end + len;
}

static void put_piece(struct writing *writing, struct cr_piece piece)
{
    writing->end = put(writing->answer->text.data + piece.at, piece.len, writing->end);
}

static void put_number(struct writing *writing, double number)
{
    writing->end += cr_json_format_number(number, writing->end);
}

static void set_length(const struct writing *writing)
{
    writing->out->len = (size_t)(writing->end - writing->out->data);
    assert(writing->out->len < writing->out->cap);
}

static void put_text(struct writing *writing, const char *text)
{
    set_length(writing);
    put_string(writing->out, text);
    writing->end = writing->out->data + writing->out->len;
}

/* Entry i of a list: the first one without its comma. */
static void put_entry(struct writing *writing, const uint32_t *starts, size_t i, bool is_first)
{
    put_piece(writing, between(starts[i] + (is_first ? 1 : 0), starts[i + 1]));
}

static void put_reason(struct writing *writing, size_t i, double largest)
{
    const struct cr_result *result = writing->result;
    size_t group = result->top[i];
    const struct cr_answer_reason *reason = &writing->answer->reasons[group];
    const struct cr_value *value = &result->row[reason->feature];
    double contribution = result->groups[group];

    put_entry(writing, reason->starts, CR_ANSWER_HEAD, i == 0);
    put_number(writing, cr_num_round(cr_policy_impact(contribution, largest), 1));
    put_entry(writing, reason->starts,
              cr_policy_increases_risk(contribution) ? CR_ANSWER_INCREASES : CR_ANSWER_DECREASES,
              false);
    if (value->text != NULL) {
        put_text(writing, value->text);
    } else {
        put_number(writing, value->number);
    }
    put_piece(writing, writing->answer->contribution);
    put_number(writing, contribution);
    put_entry(writing, reason->starts, CR_ANSWER_SOURCES, false);
}

static void put_numbers(struct writing *writing, const uint32_t *keys, const double *numbers,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_entry(writing, keys, i, i == 0);
        put_number(writing, numbers[i]);
    }
}

static void put_contributions(struct writing *writing, const struct cr_bundle *bundle)
{
    put_piece(writing, writing->answer->by_group);
    put_numbers(writing, writing->answer->groups, writing->result->groups,
                cr_explainer_n_groups(bundle->explainer));
    put_piece(writing, writing->answer->by_input);
    put_numbers(writing, writing->answer->inputs, writing->result->contributions,
                cr_pipeline_n_inputs(bundle->pipeline));
    put_piece(writing, writing->answer->inputs_end);
}

/* Up to the margin. */
static void put_decision_id(struct writing *writing, const char *decision_id)
{
    if (decision_id == NULL) {
        put_piece(writing, writing->answer->without_id);
        return;
    }
    put_piece(writing, writing->answer->decision_id);
    put_text(writing, decision_id);
    put_piece(writing, writing->answer->behind_id);
}

/* The texts that are not of the bundle may be of any length. */
static size_t count_text_room(const struct writing *writing, const char *decision_id)
{
    size_t n = decision_id != NULL ? strlen(decision_id) + 1 : 0; /* with the quotes' room */

    for (size_t i = 0; i < writing->result->n_top; i++) {
        size_t group = writing->result->top[i];
        const char *text = writing->result->row[writing->answer->reasons[group].feature].text;

        n += text != NULL ? strlen(text) + 1 : 0;
    }
    return n * CR_JSON_ESCAPE_LEN;
}

void cr_result_write(const struct cr_bundle *bundle, const struct cr_result *result,
                     const char *decision_id, bool full, struct cr_strbuf *out)
{
    const struct cr_answer *answer = &bundle->state->answer;
    struct writing writing = {answer, result, out, NULL};
    double largest = result->n_top > 0 ? fabs(result->groups[result->top[0]]) : 0.0;

    if (!cr_strbuf_reserve(out, answer->room + count_text_room(&writing, decision_id))) {
        return;
    }
    writing.end = out->data + out->len;
    put_piece(&writing, answer->probability);
    put_number(&writing, cr_num_round(100.0 * result->pd, 2));
    put_piece(&writing, answer->probability_raw);
    put_number(&writing, cr_num_round(result->pd, 6));
    put_entry(&writing, answer->bands, (size_t)(result->band - bundle->portfolio->policy.bands),
              false);
    put_number(&writing, result->emi.amount);
    put_piece(&writing, answer->top);
    for (size_t i = 0; i < result->n_top; i++) {
        put_reason(&writing, i, largest);
    }
    put_decision_id(&writing, decision_id);
    put_number(&writing, result->margin);
    put_piece(&writing, answer->imputed);
    for (size_t i = 0; i < result->n_imputed; i++) {
        put_entry(&writing, answer->fields, result->imputed[i], i == 0);
    }
    put_piece(&writing, answer->imputed_end);
    if (result->emi.assumed_rate) {
        put_piece(&writing, answer->rate_is_assumed);
    }
    if (full) {
        put_contributions(&writing, bundle);
    }
    set_length(&writing);
    cr_strbuf_putc(out, '}'); /* and the NUL */
}
