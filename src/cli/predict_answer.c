// SPDX-License-Identifier: MIT
#include "predict_answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/strbuf.h"

static json_t *issues_to_json(const struct cr_issues *issues)
{
    json_t *detail = json_array();
    for (size_t i = 0; i < issues->n; i++) {
        (void)json_array_append_new(
            detail,
            cr_issue_to_json(&issues->items[i])); /* a lost one would need no memory at all */
    }
    return json_pack("{s:o}", "detail", detail);
}

int cr_predict_answer(struct cr_bundle *bundle, const char *text, size_t len, bool full,
                      struct cr_arena *arena, json_t **ret_answer, bool *ret_refused,
                      struct cr_error *err)
{
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result scored;
    json_t *answer;
    int result = cr_record_from_json(bundle->portfolio, text, len, arena, &record, &issues, err);
    if (result == 0 && issues.n == 0) {
        result = cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &record, arena, &scored,
                                 NULL, err);
    }
    if (result != 0) {
        return result;
    }
    answer =
        issues.n > 0 ? issues_to_json(&issues) : cr_result_to_json(bundle, &scored, NULL, full);
    if (answer == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the answer");
    }
    *ret_answer = answer;
    *ret_refused = issues.n > 0;
    return 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* The contribution and what it did, which is nothing where the digits shown are all zero. */
static void add_effect(struct cr_cells *cells, double contribution, bool is_raising)
{
    if (fabs(contribution) < 0.00005) {
        cr_cells_add(cells, "%.4f", 0.0);
        cr_cells_add(cells, "did not change the estimated risk");
        return;
    }
    cr_cells_add(cells, "%+.4f", contribution);
    cr_cells_add(cells, "%s the estimated risk", is_raising ? "raised" : "lowered");
}

static int print_reasons(const json_t *answer, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    size_t i;
    json_t *reason;
    json_array_foreach(json_object_get(answer, "top_5_shap_features"), i, reason)
    {
        const json_t *value = json_object_get(reason, "value");
        cr_cells_add(&cells, "  %s", text_of(reason, "feature"));
        if (json_is_number(value)) {
            cr_cells_add(&cells, "%.9g", cr_num_round(json_number_value(value), 3));
        } else {
            cr_cells_add(&cells, "%s",
                         json_is_string(value) ? json_string_value(value) : "not known");
        }
        add_effect(&cells, json_number_value(json_object_get(reason, "contribution")),
                   strcmp(text_of(reason, "direction"), "increases_risk") == 0);
    }
    return cr_cells_print(&cells, 4, 6, err);
}

/* The field that an issue is about, or the byte of what is no JSON. */
static const json_t *find_place(const json_t *issue)
{
    const json_t *loc = json_object_get(issue, "loc");
    return json_array_get(loc, json_array_size(loc) - 1);
}

/* The end of a complaint about a key that is no field: the one that was probably meant. */
static const char *find_hint(const struct cr_portfolio *portfolio, const json_t *issue,
                             char hint[CR_SLIP_HINT_LEN])
{
    bool is_extra =
        strcmp(text_of(issue, "type"), cr_issue_type_name(CR_ISSUE_EXTRA_FORBIDDEN)) == 0;
    const char *key = json_string_value(find_place(issue));
    const char *likely = NULL;
    for (size_t i = 0; is_extra && key != NULL && i < portfolio->n_fields; i++) {
        likely = cr_slip_nearer(likely, portfolio->fields[i].name, key);
    }
    return cr_slip_hint(likely, hint);
}

/* Whether the text was no JSON: the only complaint about it. */
static bool is_broken(const json_t *issue)
{
    return json_is_integer(find_place(issue));
}

/* "byte 7 of the row: JSON decode error: Expecting …" */
static void put_broken(const json_t *issue, size_t offset, const char *whole, struct cr_strbuf *out)
{
    cr_strbuf_printf(out, "byte %zu of the %s: %s: %s", offset, whole, text_of(issue, "msg"),
                     text_of(json_object_get(issue, "ctx"), "error"));
}

static size_t broken_at(const json_t *issue)
{
    return (size_t)json_integer_value(find_place(issue));
}

/* "age: Input should be …", or what is wrong at which byte of a row that is no JSON. */
static void print_issue(const struct cr_portfolio *portfolio, const json_t *issue)
{
    char hint[CR_SLIP_HINT_LEN];
    if (is_broken(issue)) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        put_broken(issue, broken_at(issue), "row", &text);
        cr_cli_line("%s", cr_strbuf_text(&text));
    } else {
        cr_cli_line("%s: %s%s", json_string_value(find_place(issue)), text_of(issue, "msg"),
                    find_hint(portfolio, issue, hint));
    }
}

/* Every group's contribution, in the order of the features. */
static int print_groups(const json_t *groups, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    const char *label;
    json_t *contribution;
    json_object_foreach((json_t *)groups, label, contribution)
    {
        cr_cells_add(&cells, "  %s", label);
        cr_cells_add(&cells, "%+.4f", json_number_value(contribution));
    }
    printf("\nall contributions, which add up with the base value to the log-odds:\n");
    return cr_cells_print(&cells, 2, 2, err);
}

static void print_imputed(const json_t *names)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf list = CR_STRBUF_INIT;
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        cr_strbuf_puts(&list, i > 0 ? ", " : "");
        cr_strbuf_puts(&list, json_string_value(name));
    }
    if (list.len > 0 && !list.failed) {
        printf("\n");
        cr_cli_line("not given, so a typical value was used: %s", cr_strbuf_text(&list));
    }
}

int cr_predict_print(const struct cr_portfolio *portfolio, const json_t *answer,
                     struct cr_error *err)
{
    size_t i;
    json_t *entry;
    const json_t *detail = json_object_get(answer, "detail");
    if (detail != NULL) {
        json_array_foreach(detail, i, entry)
        {
            print_issue(portfolio, entry);
        }
        return 0;
    }
    cr_cli_line("probability of default %.2f %%: %s, %s",
                json_number_value(json_object_get(answer, "probability")),
                text_of(answer, "risk_category"), text_of(answer, "recommended_action"));
    const json_t *emi = json_object_get(answer, "emi");
    if (json_is_number(emi)) {
        printf("monthly instalment %.2f%s\n", json_number_value(emi),
               json_object_get(answer, "emi_assumed_rate") != NULL ? " at an assumed rate" : "");
    }
    cr_cli_line("%s %s, threshold %g", text_of(answer, "model_name"),
                text_of(answer, "model_version"),
                json_number_value(json_object_get(answer, "optimal_threshold_used")));
    printf("\nreasons (log-odds):\n");
    int result = print_reasons(answer, err);
    const json_t *full = json_object_get(answer, "contributions");
    if (result == 0 && full != NULL) {
        result = print_groups(json_object_get(full, "by_group"), err);
        printf("  base value %+.4f, log-odds %+.4f\n",
               json_number_value(json_object_get(answer, "base_value")),
               json_number_value(json_object_get(answer, "margin")));
    }
    print_imputed(json_object_get(answer, "imputed"));
    return result;
}

/* What a text that is no JSON is instead, as far as one can see: another application stands where
 * the first should be all, or there is not even one, but cells. */
static const char *guess_format(const char *text, size_t fault_offset, enum cr_predict_basis basis,
                                char separator)
{
    size_t first = strspn(text, " \t\r\n");
    if (basis != CR_PREDICT_ASKED && text[first] == '{' && fault_offset > first &&
        text[fault_offset] == '{') {
        return "; one application a line is read with --format ndjson";
    }
    return basis != CR_PREDICT_ASKED && text[first] != '{' &&
                   memchr(text + first, separator, strcspn(text + first, "\n")) != NULL
               ? "; CSV is read with --format csv"
               : "";
}

int cr_predict_print_only(const struct cr_portfolio *portfolio,
                          const struct cr_predict_input *input, enum cr_predict_basis basis,
                          const json_t *answer, struct cr_error *err)
{
    const json_t *issue = json_array_get(json_object_get(answer, "detail"), 0);
    if (is_broken(issue)) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        size_t offset = broken_at(issue);
        put_broken(issue, input->mark_len + offset, "file", &text);
        return cr_error_at(
            err, CR_EPARSE, input->path, 0, 0, "%s%s", cr_strbuf_text(&text),
            guess_format(cr_strbuf_text(&input->held), offset, basis, portfolio->separator));
    }
    return cr_predict_print(portfolio, answer, err);
}
