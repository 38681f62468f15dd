// SPDX-License-Identifier: MIT
/* The page's economics of the threshold: costs, policies, bands. */
#include "drawing.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

static void put_costs(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *costs = cr_drawing_at(drawing->report, "costs");
    double constant = cr_drawing_number(costs, "false_negative");
    double lgd = cr_drawing_number(costs, "lgd");
    double declined = cr_drawing_number(costs, "false_positive");
    if (isnan(declined) || (isnan(constant) && isnan(lgd))) {
        return;
    }
    cr_strbuf_puts(out, "<p class=\"lead\">A loan that was granted and defaults costs ");
    if (isfinite(lgd)) {
        cr_put_percent(out, lgd, 0);
        cr_strbuf_puts(out, " of its amount");
    } else {
        cr_put_money(out, drawing, constant);
    }
    cr_strbuf_puts(out, ", a good payer who is declined ");
    cr_put_money(out, drawing, declined);
    cr_strbuf_puts(out,
                   ", a right decision nothing. The threshold is the cheapest one on "
                   "out-of-fold training rows, drawn below; the table holds the test rows.</p>\n");
}

static void put_panel(struct cr_strbuf *out, const struct cr_drawing *drawing, const char *key,
                      const char *title, bool money)
{
    const json_t *analysis = cr_drawing_at(drawing->champion, "threshold_analysis");
    double optimum = cr_drawing_number(drawing->champion, "threshold");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf path = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf label = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_points points;
    double top = 0;
    double unit = 1;
    const char *unit_name = "";
    cr_drawing_sweep(drawing->champion, key, &points);
    for (size_t i = 0; i < points.n; i++) {
        top = fmax(top, points.y[i]);
    }
    if (points.n == 0) {
        return;
    }
    cr_strbuf_printf(&text, "%s of %s over the threshold, optimum and 0.5 marked", title,
                     drawing->role);
    cr_strbuf_puts(&label, "optimum ");
    cr_put_fixed(&label, optimum, 2);
    struct cr_chart chart = {cr_strbuf_text(&text), "threshold",     1, 1, 0.2, 0.2,
                             CR_CHART_NUMBER,       CR_CHART_PERCENT};
    if (money) {
        unit = cr_drawing_money_unit(drawing, top, &unit_name);
        for (size_t i = 0; i < points.n; i++) {
            points.y[i] /= unit;
        }
        chart.y_max = cr_drawing_round_up(top / unit, &chart.y_step);
        chart.y_format = CR_CHART_NUMBER;
    }
    cr_strbuf_printf(&path, "out_of_fold.optimum.%s", key);
    double at_optimum = cr_drawing_number(analysis, cr_strbuf_text(&path));
    cr_strbuf_reset(&path);
    cr_strbuf_printf(&path, "out_of_fold.half.%s", key);
    double at_half = cr_drawing_number(analysis, cr_strbuf_text(&path));
    cr_strbuf_printf(out, "<figure><figcaption><b>%s</b> <span>", title);
    if (money) {
        cr_put_html(out, drawing->currency);
        cr_strbuf_printf(out, " %s", unit_name);
    }
    cr_strbuf_puts(out, "</span></figcaption>");
    cr_chart_begin(out, &chart);
    cr_chart_line(out, &chart, &points, drawing->champion_index, true, false);
    cr_chart_mark(out, &chart, 0.5, at_half / unit, "0.5", false);
    cr_chart_mark(out, &chart, optimum, at_optimum / unit, cr_strbuf_text(&label), true);
    cr_chart_end(out);
    cr_strbuf_puts(out, "</figure>\n");
}

static void put_policy(struct cr_strbuf *out, const struct cr_drawing *drawing, const json_t *point,
                       const char *name, double most, bool chosen)
{
    double cost = cr_drawing_number(point, "cost");
    if (point == NULL) {
        return;
    }
    cr_html_row_begin(out, name, chosen);
    cr_strbuf_puts(out, "<td class=\"n\">");
    cr_put_money(out, drawing, cost);
    cr_strbuf_puts(out, "</td>");
    cr_html_cell_bar(out, most > 0 ? cost / most : NAN, chosen ? "strong" : "");
    cr_html_cell_count(out, drawing, cr_drawing_number(point, "fn"));
    cr_html_cell_count(out, drawing, cr_drawing_number(point, "fp"));
    cr_html_cell_percent(out, cr_drawing_number(point, "recall"), 1);
    if (cr_drawing_has_precision(point)) {
        cr_html_cell_percent(out, cr_drawing_number(point, "precision"), 1);
    } else {
        cr_strbuf_puts(out, "<td class=\"n\">none</td>");
    }
    cr_html_cell_fixed(out, cr_drawing_number(point, "f1"), 3);
    cr_strbuf_puts(out, "</tr>\n");
}

static void put_policies(struct cr_strbuf *out, const struct cr_drawing *drawing,
                         const json_t *test)
{
    static const char *const headings[] = {"Policy",
                                           ">Total cost",
                                           "|Against the dearest",
                                           ">Defaults granted",
                                           ">Good payers declined",
                                           ">Recall",
                                           ">Precision",
                                           ">F1"};
    static const char *const keys[] = {"optimum", "half", "decline_all", "approve_all"};
    static const char *const names[] = {"", "Threshold 0.5", "Decline everyone",
                                        "Approve everyone"};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf optimum = CR_STRBUF_INIT;
    double most = 0;
    if (!json_is_object(test)) {
        return;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        most = fmax(most, cr_drawing_number(cr_drawing_at(test, keys[i]), "cost"));
    }
    cr_strbuf_puts(&optimum, "Optimum, threshold ");
    cr_put_fixed(&optimum, cr_drawing_number(test, "optimum.threshold"), 2);
    cr_html_table_begin(out, "What each policy costs on the test rows", headings,
                        CR_ARRAY_LEN(headings));
    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        put_policy(out, drawing, cr_drawing_at(test, keys[i]),
                   i == 0 ? cr_strbuf_text(&optimum) : names[i], most, i == 0);
    }
    cr_html_table_end(out);
}

static void put_remarks(struct cr_strbuf *out, const struct cr_drawing *drawing,
                        const json_t *analysis)
{
    double savings = cr_drawing_number(analysis, "test.optimum.savings");
    double closed_form = cr_drawing_number(analysis, "closed_form");
    double declined = cr_drawing_number(analysis, "test.optimum.good_declined");
    const char *caveat = cr_drawing_text(analysis, "caveat");
    cr_strbuf_puts(out, "<ul class=\"remarks\">");
    if (caveat != NULL) {
        cr_strbuf_puts(out, "<li><b>Caution:</b> ");
        cr_put_html(out, caveat);
        cr_strbuf_puts(out, ".</li>");
    }
    if (isfinite(declined)) {
        cr_strbuf_puts(out, "<li><b>");
        cr_put_percent(out, declined, 1);
        cr_strbuf_puts(out,
                       "</b> of the good payers are declined or escalated at the optimum.</li>");
    }
    if (isfinite(savings)) {
        cr_strbuf_puts(out, "<li><b>");
        cr_put_money_short(out, drawing, fabs(savings));
        cr_strbuf_puts(out, savings < 0 ? "</b> more than at a threshold of 0.5.</li>"
                                        : "</b> less than at a threshold of 0.5.</li>");
    }
    if (isfinite(closed_form)) {
        cr_strbuf_puts(out, "<li><b>");
        cr_put_fixed(out, closed_form, 4);
        cr_strbuf_puts(out, "</b> is the closed form, the cheapest threshold if every PD were "
                            "exact.</li>");
    }
    cr_strbuf_puts(out, "</ul>\n");
}

/* "#rrggbb", so that no policy can write style. */
static const char *safe_color(const char *color)
{
    bool is_safe = color != NULL && strlen(color) == 7 && color[0] == '#' &&
                   strspn(color + 1, "0123456789abcdefABCDEF") == 6;
    return is_safe ? color : "#64748b";
}

static void put_bands(struct cr_strbuf *out, const json_t *bands)
{
    static const char *const headings[] = {"Band", ">Share of applications", ">Default rate"};
    if (json_array_size(bands) == 0) {
        return;
    }
    cr_strbuf_puts(out, "<h3>Risk bands on the test rows</h3><div class=\"bands\" "
                        "aria-hidden=\"true\">");
    for (size_t i = 0; i < json_array_size(bands); i++) {
        const json_t *band = json_array_get(bands, i);
        double share = cr_drawing_number(band, "share");
        if (share > 0 && share <= 1) {
            cr_strbuf_printf(out, "<span style=\"width:%.2f%%;background:%s\"></span>", 100 * share,
                             safe_color(cr_drawing_text(band, "color")));
        }
    }
    cr_strbuf_puts(out, "</div>\n");
    cr_html_table_begin(out, "Risk bands on the test rows", headings, CR_ARRAY_LEN(headings));
    for (size_t i = 0; i < json_array_size(bands); i++) {
        const json_t *band = json_array_get(bands, i);
        cr_strbuf_printf(out,
                         "<tr><th scope=\"row\"><span class=\"swatch\" style=\"background:%s\">"
                         "</span>",
                         safe_color(cr_drawing_text(band, "color")));
        cr_put_html(out, cr_drawing_text(band, "name"));
        cr_strbuf_puts(out, "</th>");
        cr_html_cell_percent(out, cr_drawing_number(band, "share"), 1);
        cr_html_cell_percent(out, cr_drawing_number(band, "bad_rate"), 1);
        cr_strbuf_puts(out, "</tr>\n");
    }
    cr_html_table_end(out);
}

void cr_html_threshold(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *analysis = cr_drawing_at(drawing->champion, "threshold_analysis");
    if (!json_is_object(analysis)) {
        return;
    }
    put_costs(out, drawing);
    cr_strbuf_puts(out, "<div class=\"plots three\">");
    put_panel(out, drawing, "cost", "Total cost", true);
    put_panel(out, drawing, "recall", "Recall: defaults caught", false);
    put_panel(out, drawing, "precision", "Precision: declined rightly", false);
    cr_strbuf_puts(out, "</div>\n");
    put_policies(out, drawing, cr_drawing_at(analysis, "test"));
    put_remarks(out, drawing, analysis);
    put_bands(out, cr_drawing_at(analysis, "test.bands"));
}
