// SPDX-License-Identifier: MIT
/* The answer as text at once: the same bytes that util/json writes of cr_result_to_json. */
#include "answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_state.h"
#include "creditrisk/decision/policy.h"
#include "creditrisk/score/result.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"

static struct cr_piece begin(const struct cr_strbuf *text)
{
    return (struct cr_piece){text->len, 0};
}

static void end(const struct cr_strbuf *text, struct cr_piece *piece)
{
    piece->len = text->len - piece->at;
}

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

static void write_band(struct cr_answer *answer, const struct cr_bundle *bundle, size_t i)
{
    const struct cr_band *band = &bundle->portfolio->policy.bands[i];
    struct cr_strbuf *text = &answer->text;

    answer->bands[i] = begin(text);
    put_member(text, ",", "risk_category", band->name);
    put_member(text, ",", "risk_color", band->color);
    put_member(text, ",", "description", band->description);
    put_member(text, ",", "recommended_action", band->action);
    put_key(text, ",", "optimal_threshold_used");
    cr_json_write_number(bundle->threshold, text);
    put_member(text, ",", "model_version", bundle->version);
    put_member(text, ",", "model_name", bundle->model_name);
    put_key(text, ",", "emi");
    end(text, &answer->bands[i]);
}

/* Between a reason's impact and its value, for contributions of one sign. */
static struct cr_piece write_middle(struct cr_answer *answer, const struct cr_bundle *bundle,
                                    const struct cr_explain_group *about, double sign)
{
    struct cr_strbuf *text = &answer->text;
    struct cr_piece middle = begin(text);

    put_member(text, ",", "direction", cr_policy_direction(sign));
    put_member(text, ",", "name", bundle->portfolio->features[about->first_feature].name);
    put_key(text, ",", "value");
    end(text, &middle);
    return middle;
}

static void write_reason(struct cr_answer *answer, const struct cr_bundle *bundle, size_t group)
{
    const struct cr_explain_group *about = cr_explainer_group(bundle->explainer, group);
    struct cr_answer_reason *reason = &answer->reasons[group];
    struct cr_strbuf *text = &answer->text;
    size_t n_fields;
    const size_t *fields = cr_lineage_group_fields(&bundle->state->lineage, group, &n_fields);

    reason->head = begin(text);
    put_member(text, ",{", "feature", about->label);
    put_key(text, ",", "impact");
    end(text, &reason->head);

    reason->increases = write_middle(answer, bundle, about, 1.0);
    reason->decreases = write_middle(answer, bundle, about, -1.0);

    reason->sources = begin(text);
    put_key(text, ",", "sources");
    cr_strbuf_putc(text, '[');
    for (size_t i = 0; i < n_fields; i++) {
        cr_strbuf_puts(text, i > 0 ? "," : "");
        put_string(text, bundle->portfolio->fields[fields[i]].name);
    }
    cr_strbuf_puts(text, "]}");
    end(text, &reason->sources);
}

static void write_names(struct cr_answer *answer, const struct cr_bundle *bundle)
{
    struct cr_strbuf *text = &answer->text;

    for (size_t i = 0; i < bundle->portfolio->n_fields; i++) {
        answer->fields[i] = begin(text);
        cr_strbuf_putc(text, ',');
        put_string(text, bundle->portfolio->fields[i].name);
        end(text, &answer->fields[i]);
    }
    for (size_t i = 0; i < cr_explainer_n_groups(bundle->explainer); i++) {
        answer->groups[i] = begin(text);
        put_key(text, ",", cr_explainer_group(bundle->explainer, i)->label);
        end(text, &answer->groups[i]);
    }
    for (size_t i = 0; i < cr_pipeline_n_inputs(bundle->pipeline); i++) {
        answer->inputs[i] = begin(text);
        put_key(text, ",", cr_pipeline_input(bundle->pipeline, i)->name);
        end(text, &answer->inputs[i]);
    }
}

int cr_answer_init(struct cr_answer *answer, const struct cr_bundle *bundle, struct cr_error *err)
{
    size_t n_groups = cr_explainer_n_groups(bundle->explainer);

    /* one more than needed, so that none is empty */
    answer->bands = calloc(bundle->portfolio->policy.n_bands + 1, sizeof(*answer->bands));
    answer->reasons = calloc(n_groups + 1, sizeof(*answer->reasons));
    answer->fields = calloc(bundle->portfolio->n_fields + 1, sizeof(*answer->fields));
    answer->groups = calloc(n_groups + 1, sizeof(*answer->groups));
    answer->inputs = calloc(cr_pipeline_n_inputs(bundle->pipeline) + 1, sizeof(*answer->inputs));
    if (answer->bands == NULL || answer->reasons == NULL || answer->fields == NULL ||
        answer->groups == NULL || answer->inputs == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < bundle->portfolio->policy.n_bands; i++) {
        write_band(answer, bundle, i);
    }
    for (size_t i = 0; i < n_groups; i++) {
        write_reason(answer, bundle, i);
    }
    answer->base_value = begin(&answer->text);
    put_key(&answer->text, ",", "base_value");
    cr_json_write_number(cr_explainer_base_value(bundle->explainer), &answer->text);
    put_key(&answer->text, ",", "margin");
    end(&answer->text, &answer->base_value);
    write_names(answer, bundle);
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

/* An answer while it is written. */
struct writing {
    const struct cr_bundle *bundle;
    const struct cr_answer *answer;
    const struct cr_result *result;
    struct cr_strbuf *out;
};

static void put_piece(const struct writing *writing, struct cr_piece piece)
{
    cr_strbuf_append(writing->out, writing->answer->text.data + piece.at, piece.len);
}

/* Entry i of a list: the first one without its comma. */
static void put_entry(const struct writing *writing, struct cr_piece piece, size_t i)
{
    size_t skip = i == 0 ? 1 : 0;

    put_piece(writing, (struct cr_piece){piece.at + skip, piece.len - skip});
}

static void put_reason(const struct writing *writing, size_t i, double largest)
{
    const struct cr_result *result = writing->result;
    size_t group = result->top[i];
    const struct cr_explain_group *about = cr_explainer_group(writing->bundle->explainer, group);
    const struct cr_answer_reason *reason = &writing->answer->reasons[group];
    const struct cr_value *value = &result->row[about->first_feature];
    double contribution = result->groups[group];
    struct cr_strbuf *out = writing->out;

    put_entry(writing, reason->head, i);
    cr_json_write_number(cr_num_round(cr_policy_impact(contribution, largest), 1), out);
    put_piece(writing,
              cr_policy_increases_risk(contribution) ? reason->increases : reason->decreases);
    if (value->text != NULL) {
        put_string(out, value->text);
    } else {
        cr_json_write_number(value->number, out);
    }
    cr_strbuf_puts(out, ",\"contribution\":");
    cr_json_write_number(contribution, out);
    put_piece(writing, reason->sources);
}

static void put_numbers(const struct writing *writing, const struct cr_piece *keys,
                        const double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_entry(writing, keys[i], i);
        cr_json_write_number(numbers[i], writing->out);
    }
}

static void put_contributions(const struct writing *writing)
{
    cr_strbuf_puts(writing->out, ",\"contributions\":{\"by_group\":{");
    put_numbers(writing, writing->answer->groups, writing->result->groups,
                cr_explainer_n_groups(writing->bundle->explainer));
    cr_strbuf_puts(writing->out, "},\"by_input\":{");
    put_numbers(writing, writing->answer->inputs, writing->result->contributions,
                cr_pipeline_n_inputs(writing->bundle->pipeline));
    cr_strbuf_puts(writing->out, "}}");
}

void cr_result_write(const struct cr_bundle *bundle, const struct cr_result *result,
                     const char *decision_id, bool full, struct cr_strbuf *out)
{
    const struct writing writing = {bundle, &bundle->state->answer, result, out};
    double largest = result->n_top > 0 ? fabs(result->groups[result->top[0]]) : 0.0;

    cr_strbuf_puts(out, "{\"probability\":");
    cr_json_write_number(cr_num_round(100.0 * result->pd, 2), out);
    cr_strbuf_puts(out, ",\"probability_raw\":");
    cr_json_write_number(cr_num_round(result->pd, 6), out);
    put_piece(&writing, writing.answer->bands[result->band - bundle->portfolio->policy.bands]);
    cr_json_write_number(result->emi.amount, out);
    cr_strbuf_puts(out, ",\"top_5_shap_features\":[");
    for (size_t i = 0; i < result->n_top; i++) {
        put_reason(&writing, i, largest);
    }
    cr_strbuf_puts(out, "]");
    if (decision_id != NULL) {
        cr_strbuf_puts(out, ",\"decision_id\":");
        put_string(out, decision_id);
    }
    put_piece(&writing, writing.answer->base_value);
    cr_json_write_number(result->margin, out);
    cr_strbuf_puts(out, ",\"imputed\":[");
    for (size_t i = 0; i < result->n_imputed; i++) {
        put_entry(&writing, writing.answer->fields[result->imputed[i]], i);
    }
    cr_strbuf_puts(out, "]");
    if (result->emi.assumed_rate) {
        cr_strbuf_puts(out, ",\"emi_assumed_rate\":true");
    }
    if (full) {
        put_contributions(&writing);
    }
    cr_strbuf_puts(out, "}");
}
