// SPDX-License-Identifier: MIT
/* The answer's JSON, against the result that it describes and against the definitions. */
#include "creditrisk/score/result.h"

#include <math.h>

#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

/* The reference system's 15 fields. */
#define APPLICATION(rate)                                                                          \
    "{\"age\": 35, \"gender\": \"Male\", \"marital_status\": \"Married\","                         \
    " \"education\": \"Bachelor\", \"dependents\": 2, \"employment_type\": \"Salaried\","          \
    " \"employment_years\": 8, \"annual_income\": 900000, \"credit_score\": 720,"                  \
    " \"credit_utilization\": 35, \"existing_loans\": 1, \"loan_type\": \"Personal\","             \
    " \"loan_amount\": 500000, \"loan_term_months\": 36, \"interest_rate\": " rate "}"

static struct cr_fixture fixture;
static struct cr_bundle *bundle;

static int load_bundle(void **state)
{
    CR_CLEANUP(cr_freep) char *version = NULL;

    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    bundle = cr_fixture_load(&fixture, version, 1);
    return 0;
}

static int drop_bundle(void **state)
{
    (void)state;
    cr_bundle_unref(bundle);
    cr_fixture_finish(&fixture);
    return 0;
}

/* An application, its result, and the arena of both. */
struct scored {
    struct cr_arena arena;
    struct cr_record record;
    struct cr_result result;
};

static void scored_finish(struct scored *scored)
{
    cr_arena_finish(&scored->arena);
}

static void score_record(struct scored *scored)
{
    struct cr_error err;

    cr_assert_ok(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &scored->record,
                                 &scored->arena, &scored->result, NULL, &err),
                 &err);
}

static void score_text(struct scored *scored, const char *text)
{
    struct cr_issues issues;
    struct cr_error err;

    *scored = (struct scored){0};
    cr_assert_ok(cr_record_from_json(bundle->portfolio, text, strlen(text), &scored->arena,
                                     &scored->record, &issues, &err),
                 &err);
    assert_int_equal(issues.n, 0);
    score_record(scored);
}

/* As a client reads it: written and parsed. */
static json_t *answer_of(const struct scored *scored, const char *decision_id, bool full)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_result_to_json(bundle, &scored->result, decision_id, full);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    json_t *answer = NULL;
    struct cr_error err;

    assert_non_null(json);
    cr_json_write(json, false, &text);
    cr_assert_ok(cr_json_parse("answer", cr_strbuf_text(&text), text.len, &answer, &err), &err);
    return answer;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);

    assert_true(json_is_number(number));
    return json_number_value(number);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static void assert_keys(const json_t *object, const char *expected)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf keys = CR_STRBUF_INIT;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        cr_strbuf_printf(&keys, "%s%s", keys.len > 0 ? " " : "", key);
    }
    assert_string_equal(cr_strbuf_text(&keys), expected);
}

/* "a b c" of an array of texts. */
static void assert_texts(const json_t *array, const char *expected)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf texts = CR_STRBUF_INIT;

    assert_true(json_is_array(array));
    for (size_t i = 0; i < json_array_size(array); i++) {
        cr_strbuf_printf(&texts, "%s%s", i > 0 ? " " : "",
                         json_string_value(json_array_get(array, i)));
    }
    assert_string_equal(cr_strbuf_text(&texts), expected);
}

static void an_answer_has_every_member(void **state)
{
    CR_CLEANUP(scored_finish) struct scored scored;
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    const struct cr_result *result = &scored.result;

    (void)state;
    score_text(&scored, APPLICATION("12.0"));
    answer = answer_of(&scored, "d-1", false);
    assert_keys(answer, "probability probability_raw risk_category risk_color description"
                        " recommended_action optimal_threshold_used model_version model_name emi"
                        " top_5_shap_features decision_id base_value margin imputed");
    cr_assert_close(number_of(answer, "probability"), 100.0 * result->pd, 0.005 + 1e-12);
    cr_assert_close(number_of(answer, "probability_raw"), result->pd, 0.0000005 + 1e-15);
    cr_assert_same(number_of(answer, "optimal_threshold_used"), 0.11);
    assert_string_equal(text_of(answer, "model_version"), bundle->version);
    assert_string_equal(text_of(answer, "model_name"), "Logistic_Regression");
    assert_string_equal(text_of(answer, "decision_id"), "d-1");
    cr_assert_same(number_of(answer, "emi"), 16607.15);
    cr_assert_same(number_of(answer, "base_value"), result->base_value);
    cr_assert_same(number_of(answer, "margin"), result->margin);
}

/* Decimals as written: no rounding noise reaches the client. */
static void probabilities_are_rounded_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < fixture.n_records; i++) {
        CR_CLEANUP(scored_finish) struct scored scored = {.record = fixture.records[i]};
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        char expected[32];

        score_record(&scored);
        answer = answer_of(&scored, NULL, false);
        (void)snprintf(expected, sizeof(expected), "%.2f", 100.0 * scored.result.pd);
        cr_assert_close(number_of(answer, "probability"), strtod(expected, NULL), 0.0);
        (void)snprintf(expected, sizeof(expected), "%.6f", scored.result.pd);
        cr_assert_close(number_of(answer, "probability_raw"), strtod(expected, NULL), 0.0);
    }
}

static void bands_follow_the_policy(void **state)
{
    static const struct {
        const char *name, *color, *action, *description;
    } bands[] = {
        {"Low Risk", "#10b981", "Auto-Approve",
         "Strong repayment profile. Standard approval recommended."},
        {"Medium Risk", "#f59e0b", "Manual Review",
         "Some risk indicators present. Manual review suggested."},
        {"High Risk", "#ef4444", "Decline / Escalate",
         "Significant default risk. Additional verification required."},
    };
    size_t seen[CR_ARRAY_LEN(bands)] = {0};

    (void)state;
    for (size_t i = 0; i < fixture.n_records; i++) {
        CR_CLEANUP(scored_finish) struct scored scored = {.record = fixture.records[i]};
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        size_t band;

        score_record(&scored);
        answer = answer_of(&scored, NULL, false);
        band = scored.result.pd < 0.4 * 0.11 ? 0 : scored.result.pd < 0.11 ? 1 : 2;
        assert_string_equal(text_of(answer, "risk_category"), bands[band].name);
        assert_string_equal(text_of(answer, "risk_color"), bands[band].color);
        assert_string_equal(text_of(answer, "recommended_action"), bands[band].action);
        assert_string_equal(text_of(answer, "description"), bands[band].description);
        seen[band]++;
    }
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}

/* Sum of the contributions of the inputs whose feature has this group label. */
static double group_sum(const struct cr_result *result, const char *label)
{
    double sum = 0.0;

    for (size_t i = 0; i < cr_pipeline_n_inputs(bundle->pipeline); i++) {
        size_t feature = cr_pipeline_input(bundle->pipeline, i)->feature;

        if (strcmp(bundle->portfolio->features[feature].group, label) == 0) {
            sum += result->contributions[i];
        }
    }
    return sum;
}

static void reasons_are_the_largest_groups(void **state)
{
    CR_CLEANUP(scored_finish) struct scored scored;
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    const json_t *reasons;
    double largest;

    (void)state;
    score_text(&scored, APPLICATION("12.0"));
    answer = answer_of(&scored, NULL, true);
    assert_null(json_object_get(answer, "decision_id"));
    reasons = json_object_get(answer, "top_5_shap_features");
    assert_int_equal(json_array_size(reasons), 5);
    largest = fabs(number_of(json_array_get(reasons, 0), "contribution"));
    for (size_t i = 0; i < 5; i++) {
        const json_t *reason = json_array_get(reasons, i);
        double contribution = number_of(reason, "contribution");

        assert_keys(reason, "feature impact direction name value contribution sources");
        cr_assert_close(contribution, group_sum(&scored.result, text_of(reason, "feature")), 1e-12);
        cr_assert_close(number_of(reason, "impact"), 100.0 * sqrt(fabs(contribution) / largest),
                        0.05 + 1e-9);
        assert_string_equal(text_of(reason, "direction"),
                            contribution > 0.0 ? "increases_risk" : "decreases_risk");
        assert_true(i == 0 || fabs(contribution) <=
                                  fabs(number_of(json_array_get(reasons, i - 1), "contribution")));
    }
    cr_assert_same(number_of(json_array_get(reasons, 0), "impact"), 100.0);
}

/* No group outside the reasons is larger than the last of them. */
static void reasons_leave_out_nothing_larger(void **state)
{
    CR_CLEANUP(scored_finish) struct scored scored;
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    const json_t *reasons;
    const char *label;
    json_t *contribution;
    size_t n_larger = 0;
    double last;

    (void)state;
    score_text(&scored, APPLICATION("12.0"));
    answer = answer_of(&scored, NULL, true);
    reasons = json_object_get(answer, "top_5_shap_features");
    last = fabs(number_of(json_array_get(reasons, 4), "contribution"));
    json_object_foreach(json_object_get(json_object_get(answer, "contributions"), "by_group"),
                        label, contribution)
    {
        n_larger += fabs(json_number_value(contribution)) >= last;
    }
    assert_int_equal(n_larger, 5);
}

/* The reason with this label over all records in turn, until one has it. */
static json_t *find_reason(const char *label)
{
    for (size_t i = 0; i < fixture.n_records; i++) {
        CR_CLEANUP(scored_finish) struct scored scored = {.record = fixture.records[i]};
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        const json_t *reasons;

        score_record(&scored);
        answer = answer_of(&scored, NULL, false);
        reasons = json_object_get(answer, "top_5_shap_features");
        for (size_t k = 0; k < json_array_size(reasons); k++) {
            json_t *reason = json_array_get(reasons, k);

            if (strcmp(text_of(reason, "feature"), label) == 0) {
                return json_incref(reason);
            }
        }
    }
    fail_msg("no record has the reason '%s'", label);
    return NULL;
}

static void a_reason_shows_its_first_feature_and_all_sources(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *work = find_reason("Employment type");
    CR_CLEANUP(cr_json_decrefp) json_t *cost = find_reason("Instalment and interest cost");

    (void)state;
    assert_string_equal(text_of(work, "name"), "employment_type");
    assert_true(json_is_string(json_object_get(work, "value")));
    assert_texts(json_object_get(work, "sources"), "employment_type");
    assert_string_equal(text_of(cost, "name"), "emi_amount");
    assert_true(number_of(cost, "value") > 0.0);
    assert_texts(json_object_get(cost, "sources"),
                 "loan_amount loan_term_months interest_rate emi_amount");
}

static void full_contributions_add_up(void **state)
{
    CR_CLEANUP(scored_finish) struct scored scored;
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    const json_t *contributions;
    static const char *const parts[] = {"by_group", "by_input"};

    (void)state;
    score_text(&scored, APPLICATION("12.0"));
    answer = answer_of(&scored, NULL, true);
    contributions = json_object_get(answer, "contributions");
    assert_keys(contributions, "by_group by_input");
    for (size_t p = 0; p < CR_ARRAY_LEN(parts); p++) {
        double sum = number_of(answer, "base_value");
        const char *key;
        json_t *value;

        json_object_foreach(json_object_get(contributions, parts[p]), key, value)
        {
            sum += json_real_value(value);
        }
        cr_assert_close(sum, number_of(answer, "margin"), 1e-9);
    }
    assert_int_equal(json_object_size(json_object_get(contributions, "by_input")),
                     cr_pipeline_n_inputs(bundle->pipeline));
    assert_int_equal(json_object_size(json_object_get(contributions, "by_group")),
                     cr_explainer_n_groups(bundle->explainer));
}

/* "imputed" by its definition, feature by feature. */
static void assert_imputed(const struct scored *scored, const json_t *answer)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf expected = CR_STRBUF_INIT;

    for (size_t field = 0; field < portfolio->n_fields; field++) {
        bool imputed = false;

        for (size_t i = 0; i < portfolio->n_features; i++) {
            for (size_t s = 0; s < portfolio->features[i].n_sources; s++) {
                imputed |= portfolio->features[i].sources[s] == field &&
                           cr_pipeline_uses(bundle->pipeline, i) &&
                           cr_value_is_missing(scored->result.row[i]);
            }
        }
        if (imputed && cr_value_is_missing(scored->record.values[field])) {
            cr_strbuf_printf(&expected, "%s%s", expected.len > 0 ? " " : "",
                             portfolio->fields[field].name);
        }
    }
    assert_texts(json_object_get(answer, "imputed"), cr_strbuf_text(&expected));
}

static void missing_fields_are_named(void **state)
{
    CR_CLEANUP(scored_finish) struct scored scored;
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;

    (void)state;
    score_text(&scored, APPLICATION("12.0"));
    answer = answer_of(&scored, NULL, false);
    /* the rate is known, so nothing hangs on the missing emi_amount */
    assert_texts(json_object_get(answer, "imputed"),
                 "city_tier phone_verified email_verified total_accounts active_accounts"
                 " overdue_30_count overdue_60_count overdue_90_count enquiries_last_6m"
                 " enquiries_last_12m credit_history_length_months prior_exposure"
                 " prior_loan_types");
    for (size_t i = 0; i < fixture.n_records; i++) {
        CR_CLEANUP(scored_finish) struct scored other = {.record = fixture.records[i]};
        CR_CLEANUP(cr_json_decrefp) json_t *other_answer = NULL;

        score_record(&other);
        other_answer = answer_of(&other, NULL, false);
        assert_imputed(&other, other_answer);
    }
}

static void an_assumed_rate_is_said(void **state)
{
    CR_CLEANUP(scored_finish) struct scored known, assumed;
    CR_CLEANUP(cr_json_decrefp) json_t *with = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *without = NULL;

    (void)state;
    score_text(&known, APPLICATION("12.0"));
    with = answer_of(&known, NULL, false);
    score_text(&assumed, APPLICATION("null"));
    without = answer_of(&assumed, NULL, false);
    assert_null(json_object_get(with, "emi_assumed_rate"));
    assert_true(json_is_true(json_object_get(without, "emi_assumed_rate")));
    cr_assert_same(number_of(without, "emi"), 16607.15);
}

static void an_unknown_instalment_is_null(void **state)
{
    CR_CLEANUP(scored_finish) struct scored scored;
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;

    (void)state;
    score_text(&scored, APPLICATION("12.0"));
    scored.result.emi.amount = NAN;
    answer = answer_of(&scored, NULL, false);
    assert_true(json_is_null(json_object_get(answer, "emi")));
}

/* Every application of the book, absent fields and all, in each of the four forms. */
static void text_equals_the_written_tree(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf direct = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf tree = CR_STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < fixture.n_records; i++) {
        CR_CLEANUP(scored_finish) struct scored scored = {.record = fixture.records[i]};

        score_record(&scored);
        for (size_t form = 0; form < 4; form++) {
            const char *decision_id = (form & 1) != 0 ? "an \"id\"" : NULL;
            CR_CLEANUP(cr_json_decrefp)
            json_t *json = cr_result_to_json(bundle, &scored.result, decision_id, form >= 2);

            cr_strbuf_reset(&direct);
            cr_strbuf_reset(&tree);
            cr_json_write(json, false, &tree);
            cr_result_write(bundle, &scored.result, decision_id, form >= 2, &direct);
            assert_string_equal(cr_strbuf_text(&direct), cr_strbuf_text(&tree));
        }
    }
}

/* The one text of an answer whose length the model does not tell: there is room for it and for all
 * that comes behind. */
static void a_long_decision_id_has_room(void **state)
{
    enum { LONGEST = 70000, STEP = 97 };
    CR_CLEANUP(scored_finish) struct scored scored = {.record = fixture.records[0]};
    CR_CLEANUP(cr_freep) char *id = malloc(LONGEST + 1);

    (void)state;
    assert_non_null(id);
    score_record(&scored);
    for (size_t len = 0; len <= LONGEST; len += STEP) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf answer = CR_STRBUF_INIT;
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;

        memset(id, 'i', len);
        id[len] = '\0';
        cr_result_write(bundle, &scored.result, id, true, &answer);
        json = json_loads(cr_strbuf_text(&answer), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        assert_string_equal(text_of(json, "decision_id"), id);
    }
}

static void verdicts_are_those_of_the_results(void **state)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    CR_CLEANUP(cr_freep)
    struct cr_verdict *verdicts = calloc(fixture.n_records, sizeof(*verdicts));
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_scorer_verdicts(bundle, cr_bundle_context(bundle, 0), fixture.records,
                                    fixture.n_records, &arena, verdicts, &err),
                 &err);
    for (size_t i = 0; i < fixture.n_records; i++) {
        CR_CLEANUP(scored_finish) struct scored scored = {.record = fixture.records[i]};

        score_record(&scored);
        cr_assert_same(verdicts[i].margin, scored.result.margin);
        cr_assert_same(verdicts[i].pd, scored.result.pd);
        assert_ptr_equal(verdicts[i].band, scored.result.band);
    }
}

/* Numbers that no book has: not finite, −0, whole, tiny; a text that is no level. */
static void odd_values_are_written_alike(void **state)
{
    static const double odd[] = {NAN, INFINITY, -0.0, 0.0, 1.0, 1e17, 123456789012345680.0, 5e-324};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf direct = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf tree = CR_STRBUF_INIT;
    CR_CLEANUP(scored_finish) struct scored scored;
    char lengthy[3000];
    struct cr_value *row;

    (void)state;
    memset(lengthy, '\x01', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    score_text(&scored, APPLICATION("null"));
    row = cr_arena_alloc_array(&scored.arena, bundle->portfolio->n_features, sizeof(*row));
    for (size_t k = 0; k < CR_ARRAY_LEN(odd); k++) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;

        for (size_t i = 0; i < bundle->portfolio->n_features; i++) {
            row[i] = i % 3 == 0 ? (struct cr_value){odd[k], NULL}
                                : (struct cr_value){NAN, k > 0 ? "\x01\"\\\xc3\xa9\n" : lengthy};
        }
        scored.result.row = row;
        scored.result.emi.amount = odd[k];
        scored.result.margin = odd[k];
        json = cr_result_to_json(bundle, &scored.result, NULL, true);
        cr_strbuf_finish(&direct); /* so that no room is left of the one before */
        cr_strbuf_reset(&tree);
        cr_json_write(json, false, &tree);
        cr_result_write(bundle, &scored.result, NULL, true, &direct);
        assert_string_equal(cr_strbuf_text(&direct), cr_strbuf_text(&tree));
        if (k == 0) {
            assert_true(direct.len > CR_JSON_ESCAPE_LEN * sizeof(lengthy)); /* it is a reason's */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_equals_the_written_tree),
        cmocka_unit_test(a_long_decision_id_has_room),
        cmocka_unit_test(odd_values_are_written_alike),
        cmocka_unit_test(verdicts_are_those_of_the_results),
        cmocka_unit_test(an_answer_has_every_member),
        cmocka_unit_test(probabilities_are_rounded_texts),
        cmocka_unit_test(bands_follow_the_policy),
        cmocka_unit_test(reasons_are_the_largest_groups),
        cmocka_unit_test(reasons_leave_out_nothing_larger),
        cmocka_unit_test(a_reason_shows_its_first_feature_and_all_sources),
        cmocka_unit_test(full_contributions_add_up),
        cmocka_unit_test(missing_fields_are_named),
        cmocka_unit_test(an_assumed_rate_is_said),
        cmocka_unit_test(an_unknown_instalment_is_null),
    };

    return cmocka_run_group_tests(tests, load_bundle, drop_bundle);
}
