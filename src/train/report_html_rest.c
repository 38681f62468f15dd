// SPDX-License-Identifier: MIT
/* The page's drivers, comparisons and what to keep in mind. */
#include "drawing.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

#define N_TOP_GROUPS 12
#define N_TOP_INPUTS 12

/* Entries of {label, value}, largest first, as bars; `keys` are the label's members in order of
 * preference. */
static void put_ranking(struct cr_strbuf *out, const json_t *entries, const char *title,
                        const char *heading, const char *const keys[2], size_t n_most)
{
    const char *const headings[] = {heading, "|Strength", ">Log-odds"};
    double most = cr_drawing_number(json_array_get(entries, 0), "value");
    if (json_array_size(entries) == 0) {
        return;
    }
    cr_strbuf_printf(out, "<div><h3>%s</h3>", title);
    cr_html_table_begin(out, title, headings, CR_ARRAY_LEN(headings));
    for (size_t i = 0; i < json_array_size(entries) && i < n_most; i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *label = cr_drawing_text(entry, keys[0]);
        double value = cr_drawing_number(entry, "value");
        cr_html_row_begin(out, label != NULL ? label : cr_drawing_text(entry, keys[1]), false);
        cr_html_cell_bar(out, most > 0 ? value / most : NAN, "strong");
        cr_html_cell_fixed(out, value, 3);
        cr_strbuf_puts(out, "</tr>\n");
    }
    cr_html_table_end(out);
    cr_strbuf_puts(out, "</div>\n");
}

void cr_html_drivers(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *groups = cr_drawing_at(drawing->champion, "groups");
    const json_t *inputs = cr_drawing_at(drawing->champion, "importance");
    if (json_array_size(groups) == 0 && json_array_size(inputs) == 0) {
        return;
    }
    cr_strbuf_puts(out, "<div class=\"two columns\">");
    put_ranking(out, groups, "By reason", "Reason", (const char *const[]){"group", "label"},
                N_TOP_GROUPS);
    put_ranking(out, inputs, "By model input", "Input", (const char *const[]){"label", "input"},
                N_TOP_INPUTS);
    cr_strbuf_puts(out, "</div>\n");
}

/* A comparison is a title, a sentence and rows of (label, AUC), the first being what the others
 * are compared with. */
static void start_comparison(struct cr_strbuf *out, const char *title, const char *sentence)
{
    static const char *const headings[] = {"Condition", "|0.5 to 1", ">AUC", ">Change"};
    cr_strbuf_printf(out, "<div><h3>%s</h3><p class=\"note\">%s</p>", title, sentence);
    cr_html_table_begin(out, title, headings, CR_ARRAY_LEN(headings));
}

static void put_compared(struct cr_strbuf *out, const char *label, double auc, double base,
                         bool is_base)
{
    if (isnan(auc)) {
        return;
    }
    cr_html_row_begin(out, label, is_base);
    cr_html_cell_bar(out, (auc - 0.5) / 0.5, is_base ? "strong" : "");
    cr_html_cell_fixed(out, auc, 4);
    cr_strbuf_puts(out, "<td class=\"n\">");
    if (!is_base && isfinite(base)) {
        cr_strbuf_puts(out, auc >= base ? "+" : "");
        cr_put_fixed(out, auc - base, 4);
    }
    cr_strbuf_puts(out, "</td></tr>\n");
}

static void end_comparison(struct cr_strbuf *out)
{
    cr_html_table_end(out);
    cr_strbuf_puts(out, "</div>\n");
}

/* An array of {key, auc_roc}; `others` follows each label, e.g. " split". */
static void put_list(struct cr_strbuf *out, const json_t *list, const char *title,
                     const char *sentence, const char *key, const char *suffix)
{
    double base = cr_drawing_number(json_array_get(list, 0), "auc_roc");
    if (json_array_size(list) == 0) {
        return;
    }
    start_comparison(out, title, sentence);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *name = cr_drawing_text(entry, key);
        double n_inputs = cr_drawing_number(entry, "n_inputs");
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf label = CR_STRBUF_INIT;
        cr_strbuf_printf(&label, "%s%s", name == NULL ? "" : name, suffix);
        if (isfinite(n_inputs)) {
            cr_strbuf_printf(&label, ", %.0f inputs", n_inputs);
        }
        put_compared(out, cr_strbuf_text(&label), cr_drawing_number(entry, "auc_roc"), base,
                     i == 0);
    }
    end_comparison(out);
}

static void put_records(struct cr_strbuf *out, const json_t *records)
{
    static const char *const headings[] = {"Record", ">AUC", ">Mean PD", ">Default rate", ">ECE"};
    if (json_array_size(records) == 0) {
        return;
    }
    cr_strbuf_puts(out, "<div><h3>Complete and short applications</h3><p class=\"note\">What "
                        "happens when only the fields that must be there are sent.</p>");
    cr_html_table_begin(out, "Complete and short applications", headings, CR_ARRAY_LEN(headings));
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        cr_html_row_begin(out, cr_drawing_text(record, "name"), i == 0);
        cr_html_cell_fixed(out, cr_drawing_number(record, "auc_roc"), 4);
        cr_html_cell_percent(out, cr_drawing_number(record, "mean_pd"), 1);
        cr_html_cell_percent(out, cr_drawing_number(record, "default_rate"), 1);
        cr_html_cell_fixed(out, cr_drawing_number(record, "ece"), 3);
        cr_strbuf_puts(out, "</tr>\n");
    }
    end_comparison(out);
}

static void put_rate(struct cr_strbuf *out, const json_t *without, double champion)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf label = CR_STRBUF_INIT;
    const char *field = cr_drawing_text(without, "field");
    double auc = cr_drawing_number(without, "auc_roc");
    if (isnan(auc)) {
        return;
    }
    cr_strbuf_printf(&label, "without %s", field == NULL ? "it" : field);
    start_comparison(out, "Without the interest rate",
                     "A rate that was set by somebody's judgement of the risk lends its judgement "
                     "to the model.");
    put_compared(out, "all inputs", champion, NAN, true);
    put_compared(out, cr_strbuf_text(&label), auc, champion, false);
    end_comparison(out);
}

static void put_ceiling(struct cr_strbuf *out, const json_t *ceiling, double champion)
{
    static const char *const keys[] = {"pd_application", "pd_attainable", "pd_true"};
    static const char *const labels[] = {"best possible from the application",
                                         "best possible from all that is recorded",
                                         "knowing each loan's true PD"};
    if (!json_is_object(ceiling)) {
        return;
    }
    start_comparison(out, "The ceiling",
                     "This book is generated, so the true probabilities are known: on these test "
                     "rows no model can be expected to do better.");
    put_compared(out, "the run's choice", champion, NAN, true);
    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        put_compared(out, labels[i], cr_drawing_number(ceiling, keys[i]), champion, false);
    }
    end_comparison(out);
}

void cr_html_comparisons(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *all = cr_drawing_at(drawing->report, "comparisons");
    double champion = cr_drawing_number(drawing->champion, "metrics.auc_roc");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;
    put_list(&body, cr_drawing_at(all, "feature_sets"), "Feature sets",
             "What more is known about the applicant.", "name", "");
    put_records(&body, cr_drawing_at(all, "records"));
    put_list(&body, cr_drawing_at(all, "splits"), "Ways to split",
             "Group: nobody stands on both sides. Random: many do. Time: the latest loans are the "
             "test.",
             "kind", " split");
    put_list(&body, cr_drawing_at(all, "protected"), "Protected inputs",
             "What leaving out the prohibited inputs costs.", "name", " protected inputs");
    put_rate(&body, cr_drawing_at(all, "without_interest_rate"), champion);
    put_ceiling(&body, cr_drawing_at(all, "ceiling"), champion);
    if (body.len == 0) {
        return;
    }
    cr_strbuf_puts(out, "<div class=\"two columns\">");
    cr_strbuf_append(out, body.data, body.len);
    out->failed |= body.failed;
    cr_strbuf_puts(out, "</div>\n");
}

static void put_origin(struct cr_strbuf *out, const char *name, const char *text)
{
    if (text != NULL && *text != '\0') {
        cr_strbuf_printf(out, "<div><dt>%s</dt><dd>", name);
        cr_put_html(out, text);
        cr_strbuf_puts(out, "</dd></div>");
    }
}

static void put_origin_number(struct cr_strbuf *out, const char *name, const json_t *report,
                              const char *path, const char *unit)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    double value = cr_drawing_number(report, path);
    if (isfinite(value)) {
        cr_strbuf_printf(&text, "%.0f%s", value, unit);
        put_origin(out, name, cr_strbuf_text(&text));
    }
}

void cr_html_honesty(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *report = drawing->report;
    const json_t *sentences = cr_drawing_at(report, "honesty");
    const json_t *with_protected = cr_drawing_at(report, "include_protected");
    if (json_array_size(sentences) > 0) {
        cr_strbuf_puts(out, "<ul class=\"honesty\">");
        for (size_t i = 0; i < json_array_size(sentences); i++) {
            cr_strbuf_puts(out, "<li>");
            cr_put_html(out, json_string_value(json_array_get(sentences, i)));
            cr_strbuf_puts(out, "</li>\n");
        }
        cr_strbuf_puts(out, "</ul>\n");
    }
    cr_strbuf_puts(out, "<h3>How this run can be repeated</h3><dl class=\"origin\">");
    put_origin(out, "Portfolio", cr_drawing_text(report, "portfolio"));
    put_origin(out, "Outcome", cr_drawing_text(report, "outcome.definition"));
    put_origin_number(out, "Outcome window", report, "outcome.window_months", " months");
    put_origin(out, "Feature set", cr_drawing_text(report, "feature_set"));
    if (with_protected != NULL) {
        put_origin(out, "Protected inputs", json_is_true(with_protected) ? "used" : "left out");
    }
    put_origin(out, "Split", cr_drawing_text(report, "split.kind"));
    put_origin(out, "About the split", cr_drawing_text(report, "split.note"));
    put_origin_number(out, "Folds", report, "split.n_folds", "");
    put_origin_number(out, "Seed", report, "seed", "");
    put_origin_number(out, "Rows of the book", report, "data.n_rows", "");
    put_origin(out, "SHA-256 of the data", cr_drawing_text(report, "data.sha256"));
    cr_strbuf_puts(out, "</dl>\n");
}
