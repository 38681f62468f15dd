// SPDX-License-Identifier: MIT
/* The page's champion, table of models and curves. */
#include "drawing.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"

static void start_figure(struct cr_strbuf *out, const char *name)
{
    cr_strbuf_printf(out, "<div><dt>%s</dt><dd class=\"value\">", name);
}

/* "0.81 – 0.85 (95%)", when both ends are known. */
static void put_interval(struct cr_strbuf *out, double low, double high)
{
    if (isfinite(low) && isfinite(high)) {
        cr_put_fixed(out, low, 3);
        cr_strbuf_puts(out, " – ");
        cr_put_fixed(out, high, 3);
        cr_strbuf_puts(out, " (95%)");
    }
}

static void put_figures(struct cr_strbuf *out, const json_t *model)
{
    const json_t *metrics = cr_drawing_at(model, "metrics");
    double expected = cr_drawing_number(metrics, "ece_expected");
    double closed_form = cr_drawing_number(model, "threshold_analysis.closed_form");
    cr_strbuf_puts(out, "<dl class=\"figures\">");
    start_figure(out, "AUC-ROC");
    cr_put_fixed(out, cr_drawing_number(metrics, "auc_roc"), 3);
    cr_strbuf_puts(out, "</dd><dd>");
    put_interval(out, cr_drawing_number(metrics, "auc_low"),
                 cr_drawing_number(metrics, "auc_high"));
    cr_strbuf_puts(out, "</dd></div>");
    start_figure(out, "KS");
    cr_put_fixed(out, cr_drawing_number(metrics, "ks"), 3);
    cr_strbuf_puts(out, "</dd><dd>");
    put_interval(out, cr_drawing_number(metrics, "ks_low"), cr_drawing_number(metrics, "ks_high"));
    cr_strbuf_puts(out, "</dd></div>");
    start_figure(out, "Calibration error (ECE)");
    cr_put_fixed(out, cr_drawing_number(metrics, "ece"), 3);
    cr_strbuf_puts(out, "</dd><dd>");
    if (isfinite(expected)) {
        cr_put_fixed(out, expected, 3);
        cr_strbuf_puts(out, " by chance alone");
    }
    cr_strbuf_puts(out, "</dd></div>");
    start_figure(out, "Threshold");
    cr_put_fixed(out, cr_drawing_number(model, "threshold"), 2);
    cr_strbuf_puts(out, "</dd><dd>");
    if (isfinite(closed_form)) {
        cr_strbuf_puts(out, "closed form ");
        cr_put_fixed(out, closed_form, 3);
    }
    cr_strbuf_puts(out, "</dd></div>");
    start_figure(out, "Default rate");
    cr_put_percent(out, cr_drawing_number(metrics, "default_rate"), 1);
    cr_strbuf_puts(out, "</dd><dd>mean PD ");
    cr_put_percent(out, cr_drawing_number(metrics, "mean_pd"), 1);
    cr_strbuf_puts(out, "</dd></div></dl>\n");
}

/* What the threshold means in money, as one sentence. */
static void put_verdict(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *test = cr_drawing_at(drawing->champion, "threshold_analysis.test");
    double optimum = cr_drawing_number(test, "optimum.cost");
    double half = cr_drawing_number(test, "half.cost");
    double all = cr_drawing_number(test, "approve_all.cost");
    if (isnan(optimum + half + all)) {
        return;
    }
    cr_strbuf_puts(out,
                   "<p class=\"verdict\">On the test rows, deciding at this threshold costs <b>");
    cr_put_money_short(out, drawing, optimum);
    cr_strbuf_puts(out, "</b>; deciding at 0.5 costs <b>");
    cr_put_money_short(out, drawing, half);
    cr_strbuf_puts(out, "</b>, and approving everyone <b>");
    cr_put_money_short(out, drawing, all);
    cr_strbuf_puts(out, "</b>.</p>\n");
}

static void put_role(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    if (drawing->derived_from == NULL) {
        cr_strbuf_puts(out, drawing->is_promoted
                                ? "Champion"
                                : "This run's choice: it serves once it is promoted");
        return;
    }
    cr_strbuf_puts(out, "Made of ");
    cr_put_html(out, drawing->derived_from);
    cr_strbuf_puts(out, " with other costs");
}

static void put_sentence(struct cr_strbuf *out, const char *lead, const char *text)
{
    if (text != NULL) {
        cr_strbuf_puts(out, "<p class=\"rule\">");
        cr_strbuf_puts(out, lead);
        cr_put_html(out, text);
        cr_strbuf_puts(out, "</p>");
    }
}

void cr_html_champion(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *model = drawing->champion;
    const char *version = cr_drawing_text(model, "version");
    if (version == NULL) {
        version = cr_drawing_text(drawing->report, "champion");
    }
    if (model == NULL) {
        return;
    }
    cr_strbuf_puts(out, "<section class=\"hero\" aria-labelledby=\"champion-title\">"
                        "<p class=\"eyebrow\">");
    put_role(out, drawing);
    cr_strbuf_puts(out, "</p><h2 id=\"champion-title\">");
    cr_html_put_name(out, model);
    if (version != NULL) {
        cr_strbuf_puts(out, " <span class=\"version\">");
        cr_put_html(out, version);
        cr_strbuf_puts(out, "</span>");
    }
    cr_strbuf_puts(out, "</h2>\n");
    put_sentence(out, "", cr_drawing_text(drawing->report, "champion_rule"));
    put_sentence(out, "Reason: ", cr_drawing_text(drawing->report, "derived.reason"));
    put_figures(out, model);
    put_verdict(out, drawing);
    cr_strbuf_puts(out, "</section>\n");
}

/* The axis on which all AUC intervals are drawn: wide enough for each, with a margin. */
static void find_axis(const struct cr_drawing *drawing, double *ret_low, double *ret_high)
{
    double low = 1;
    double high = 0;
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *metrics = cr_drawing_at(json_array_get(drawing->models, m), "metrics");
        double auc = cr_drawing_number(metrics, "auc_roc");
        low = fmin(low, fmin(auc, cr_drawing_number(metrics, "auc_low")));
        high = fmax(high, fmax(auc, cr_drawing_number(metrics, "auc_high")));
    }
    *ret_low = low - 0.002;
    *ret_high = high + 0.002;
}

static void put_model_row(struct cr_strbuf *out, const struct cr_drawing *drawing, size_t index,
                          double low, double high)
{
    static const char *const rest[] = {"auc_pr", "precision", "recall", "f1",
                                       "ks",     "gini",      "brier",  "ece"};
    const json_t *model = json_array_get(drawing->models, index);
    const json_t *metrics = cr_drawing_at(model, "metrics");
    double auc = cr_drawing_number(metrics, "auc_roc");
    double from = cr_drawing_number(metrics, "auc_low");
    double to = cr_drawing_number(metrics, "auc_high");
    bool champion = model == drawing->champion;
    cr_strbuf_printf(out, "<tr%s><th scope=\"row\"><span class=\"key k%zu\"></span>",
                     champion ? " class=\"champion\"" : "", index % CR_N_SERIES);
    cr_html_put_name(out, model);
    cr_strbuf_puts(out, "<small>");
    cr_put_html(out, cr_drawing_text(model, "version"));
    if (champion) {
        cr_strbuf_printf(out, " <span class=\"tag\">%s</span>", drawing->role);
    }
    cr_strbuf_puts(out, "</small></th>");
    cr_html_cell_fixed(out, auc, 4);
    cr_strbuf_puts(out, "<td class=\"interval\">");
    cr_chart_interval(out, low, high, from, auc, to);
    if (isfinite(from) && isfinite(to)) {
        cr_strbuf_puts(out, "<small>");
        cr_put_fixed(out, from, 3);
        cr_strbuf_puts(out, " – ");
        cr_put_fixed(out, to, 3);
        cr_strbuf_puts(out, "</small>");
    }
    cr_strbuf_puts(out, "</td><td class=\"n\">");
    cr_put_fixed(out, cr_drawing_number(model, "cv_auc"), 4);
    cr_strbuf_puts(out, " <small>± ");
    cr_put_fixed(out, cr_drawing_number(model, "cv_se"), 4);
    cr_strbuf_puts(out, "</small></td>");
    for (size_t i = 0; i < CR_ARRAY_LEN(rest); i++) {
        cr_html_cell_fixed(out, cr_drawing_number(metrics, rest[i]), 3);
    }
    cr_html_cell_fixed(out, cr_drawing_number(model, "threshold"), 2);
    cr_strbuf_puts(out, "</tr>\n");
}

void cr_html_models(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    static const char *const headings[] = {
        "Model", ">AUC-ROC", "95% interval", ">CV AUC", ">AUC-PR", ">Precision", ">Recall",
        ">F1",   ">KS",      ">Gini",        ">Brier",  ">ECE",    ">Threshold"};
    double low, high;
    if (json_array_size(drawing->models) == 0) {
        return;
    }
    find_axis(drawing, &low, &high);
    cr_html_table_begin(out, "Models compared", headings, CR_ARRAY_LEN(headings));
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        put_model_row(out, drawing, m, low, high);
    }
    cr_html_table_end(out);
    cr_strbuf_puts(out,
                   "<p class=\"note\">CV AUC: mean over the folds ± its standard error. "
                   "Precision, recall and F1 hold at the model's own threshold. Brier and ECE: "
                   "smaller is better.</p>\n");
}

static void put_legend(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    cr_strbuf_puts(out, "<ul class=\"legend\">");
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        cr_strbuf_printf(out, "<li><span class=\"key k%zu\"></span>", m % CR_N_SERIES);
        cr_html_put_name(out, model);
        if (model == drawing->champion) {
            cr_strbuf_printf(out, " (%s)", drawing->role);
        }
        cr_strbuf_puts(out, "</li>");
    }
    cr_strbuf_puts(out, "</ul>\n");
}

static void put_reference(struct cr_strbuf *out, const struct cr_drawing *drawing,
                          const struct cr_chart *chart, enum cr_curve curve)
{
    double rate = cr_drawing_number(drawing->champion, "metrics.default_rate");
    switch (curve) {
    case CR_CURVE_ROC:
    case CR_CURVE_CALIBRATION:
        cr_chart_reference(out, chart, 0, 0, chart->x_max, chart->y_max);
        break;
    case CR_CURVE_PRECISION_RECALL:
        if (isfinite(rate)) {
            cr_chart_reference(out, chart, 0, rate, 1, rate);
        }
        break;
    case CR_CURVE_LIFT:
        cr_chart_reference(out, chart, 0, 1, 1, 1);
        break;
    }
}

static void put_curve(struct cr_strbuf *out, const struct cr_drawing *drawing, enum cr_curve curve)
{
    const struct cr_curve_info *info = &cr_curves[curve];
    bool dots = curve == CR_CURVE_CALIBRATION || curve == CR_CURVE_LIFT;
    double x, y;
    cr_drawing_extent(drawing, curve, &x, &y);
    if (!(x > 0 && y > 0)) {
        return;
    }
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    cr_strbuf_printf(&text, "%s of every model: %s over %s", info->title, info->y_label,
                     info->x_label);
    struct cr_chart chart = {cr_strbuf_text(&text), info->x_label,   1, 1, 0.2, 0.2,
                             CR_CHART_PERCENT,      CR_CHART_PERCENT};
    if (curve == CR_CURVE_CALIBRATION) {
        chart.x_max = chart.y_max = cr_drawing_round_up(fmax(x, y), &chart.x_step);
        chart.y_step = chart.x_step;
    } else if (curve == CR_CURVE_LIFT) {
        chart.y_max = cr_drawing_round_up(y, &chart.y_step);
        chart.y_format = CR_CHART_NUMBER;
    }
    cr_strbuf_printf(out, "<figure><figcaption><b>%s</b> <span>%s</span></figcaption>", info->title,
                     info->y_label);
    cr_chart_begin(out, &chart);
    put_reference(out, drawing, &chart, curve);
    size_t n = json_array_size(drawing->models);
    for (size_t i = 1; i <= n; i++) {
        size_t m = (drawing->champion_index + i) % n; /* the champion last, on top */
        struct cr_points points;
        cr_drawing_curve(json_array_get(drawing->models, m), curve, &points);
        cr_chart_line(out, &chart, &points, m, m == drawing->champion_index, dots);
    }
    cr_chart_end(out);
    cr_strbuf_puts(out, "</figure>\n");
}

void cr_html_curves(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf figures = CR_STRBUF_INIT;
    for (int curve = 0; curve < CR_N_CURVES; curve++) {
        put_curve(&figures, drawing, curve);
    }
    if (figures.len == 0) {
        return;
    }
    put_legend(out, drawing);
    cr_strbuf_puts(out, "<div class=\"plots two\">");
    cr_strbuf_append(out, figures.data, figures.len);
    out->failed |= figures.failed;
    cr_strbuf_puts(out, "</div>\n");
}
