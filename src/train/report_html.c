// SPDX-License-Identifier: MIT
/* The page around the sections, and their common parts. It asks for nothing from anywhere: the
 * style sheet and all charts stand inside it, and it has no script. */
#include "drawing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

struct section {
    const char *id;
    const char *title;
    const char *lead; /* one or two sentences below the title; NULL = none */
    void (*put)(struct cr_strbuf *out, const struct cr_drawing *drawing);
};

static const struct section sections[] = {
    {"models", "Models compared",
     "Measured on test rows that no model, calibration or threshold has seen.", cr_html_models},
    {"curves", "How well the models rank and estimate",
     "Ranking: ROC, precision and recall, lift. Estimating: calibration, where a point above the "
     "diagonal is a group that defaulted more often than predicted.",
     cr_html_curves},
    {"threshold", "What a decision costs", NULL, cr_html_threshold},
    {"drivers", "What drives the estimate",
     "How far each reason moves the log-odds of an average application, up or down. A model knows "
     "no causes: these are associations in this book.",
     cr_html_drivers},
    {"comparisons", "What the result depends on",
     "The kind and parameters of the run's choice, trained once more under other conditions. Bars "
     "run from an AUC of 0.5, which is chance, to 1.",
     cr_html_comparisons},
    {"search", "How the parameters were found", NULL, cr_html_search},
    {"honesty", "What to keep in mind", NULL, cr_html_honesty},
};

void cr_html_put_name(struct cr_strbuf *out, const json_t *model)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf name = CR_STRBUF_INIT;
    for (const char *c = cr_drawing_model_name(model); *c != '\0'; c++) {
        cr_strbuf_putc(&name, *c == '_' ? ' ' : *c);
    }
    cr_put_html(out, cr_strbuf_text(&name));
}

void cr_html_table_begin(struct cr_strbuf *out, const char *caption, const char *const *headings,
                         size_t n_headings)
{
    cr_strbuf_puts(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    cr_put_html(out, caption);
    cr_strbuf_puts(out, "\"><table><caption>");
    cr_put_html(out, caption);
    cr_strbuf_puts(out, "</caption><thead><tr>");
    for (size_t i = 0; i < n_headings; i++) {
        bool right = headings[i][0] == '>';
        bool bar = headings[i][0] == '|';
        cr_strbuf_printf(out, "<th scope=\"col\"%s>",
                         right ? " class=\"n\""
                         : bar ? " class=\"bar\" aria-hidden=\"true\""
                               : "");
        cr_put_html(out, headings[i] + (right || bar));
        cr_strbuf_puts(out, "</th>");
    }
    cr_strbuf_puts(out, "</tr></thead><tbody>\n");
}

void cr_html_table_end(struct cr_strbuf *out)
{
    cr_strbuf_puts(out, "</tbody></table></div>\n");
}

void cr_html_row_begin(struct cr_strbuf *out, const char *header, bool champion)
{
    cr_strbuf_printf(out, "<tr%s><th scope=\"row\">", champion ? " class=\"champion\"" : "");
    cr_put_html(out, header);
    cr_strbuf_puts(out, "</th>");
}

void cr_html_cell_fixed(struct cr_strbuf *out, double value, int decimals)
{
    cr_strbuf_puts(out, "<td class=\"n\">");
    cr_put_fixed(out, value, decimals);
    cr_strbuf_puts(out, "</td>");
}

void cr_html_cell_percent(struct cr_strbuf *out, double share, int decimals)
{
    cr_strbuf_puts(out, "<td class=\"n\">");
    cr_put_percent(out, share, decimals);
    cr_strbuf_puts(out, "</td>");
}

void cr_html_cell_count(struct cr_strbuf *out, const struct cr_drawing *drawing, double value)
{
    cr_strbuf_puts(out, "<td class=\"n\">");
    cr_put_count(out, drawing, value);
    cr_strbuf_puts(out, "</td>");
}

void cr_html_cell_bar(struct cr_strbuf *out, double share, const char *css_class)
{
    double width = isfinite(share) ? fmin(fmax(100 * share, 0), 100) : 0;
    cr_strbuf_printf(
        out,
        "<td class=\"bar %s\" aria-hidden=\"true\"><span><i style=\"width:%.1f%%\"></i>"
        "</span></td>",
        css_class, width);
}

static const char *title_of(const struct cr_drawing *drawing)
{
    const char *title = cr_drawing_text(drawing->report, "title");
    if (title == NULL) {
        title = cr_drawing_text(drawing->report, "portfolio");
    }
    return title == NULL ? "Loans" : title;
}

static void put_fact(struct cr_strbuf *out, const char *text)
{
    if (text != NULL && *text != '\0') {
        cr_strbuf_puts(out, "<li>");
        cr_put_html(out, text);
        cr_strbuf_puts(out, "</li>");
    }
}

/* "2026-01-31T10:20:30.123Z" as "2026-01-31 10:20 UTC"; anything else as it is. */
static void put_day(struct cr_strbuf *out, const char *time)
{
    char text[32];
    size_t len = time == NULL ? 0 : strlen(time);
    if (len >= 20 && time[10] == 'T' && time[len - 1] == 'Z') {
        (void)snprintf(text, sizeof text, "%.10s %.5s UTC", time, time + 11); /* it fits */
        time = text;
    }
    put_fact(out, time);
}

static void put_header(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *report = drawing->report;
    double n_train = cr_drawing_number(report, "split.n_train");
    double n_test = cr_drawing_number(report, "split.n_test");
    const char *kind = cr_drawing_text(report, "split.kind");
    cr_strbuf_puts(out,
                   "<header class=\"page\"><p class=\"eyebrow\">Model training report</p><h1>");
    cr_put_html(out, title_of(drawing));
    cr_strbuf_puts(out, "</h1><ul class=\"facts\">");
    put_day(out, cr_drawing_text(report, "created_at"));
    if (isfinite(n_train) && isfinite(n_test)) {
        cr_strbuf_puts(out, "<li>");
        cr_put_count(out, drawing, n_train);
        cr_strbuf_puts(out, " training rows, ");
        cr_put_count(out, drawing, n_test);
        cr_strbuf_puts(out, " test rows");
        if (kind != NULL) {
            cr_strbuf_puts(out, ", ");
            cr_put_html(out, kind);
            cr_strbuf_puts(out, " split");
        }
        cr_strbuf_puts(out, "</li>");
    }
    if (isfinite(cr_drawing_number(report, "n_inputs"))) {
        cr_strbuf_puts(out, "<li>");
        cr_put_fixed(out, cr_drawing_number(report, "n_inputs"), 0);
        cr_strbuf_puts(out, " inputs</li>");
    }
    put_fact(out, cr_drawing_text(report, "outcome.definition"));
    cr_strbuf_puts(out, "</ul></header>\n");
}

static void put_navigation(struct cr_strbuf *out, const struct cr_strbuf *bodies)
{
    cr_strbuf_puts(out, "<nav aria-label=\"Sections\"><ul>");
    for (size_t i = 0; i < CR_ARRAY_LEN(sections); i++) {
        if (bodies[i].len > 0) {
            cr_strbuf_printf(out, "<li><a href=\"#%s\">%s</a></li>", sections[i].id,
                             sections[i].title);
        }
    }
    cr_strbuf_puts(out, "</ul></nav>\n");
}

static void put_section(struct cr_strbuf *out, const struct section *section,
                        const struct cr_strbuf *body)
{
    cr_strbuf_printf(out, "<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">",
                     section->id, section->id, section->id);
    cr_strbuf_printf(out, "%s</h2>\n", section->title);
    if (section->lead != NULL) {
        cr_strbuf_printf(out, "<p class=\"lead\">%s</p>\n", section->lead);
    }
    cr_strbuf_append(out, body->data, body->len);
    cr_strbuf_puts(out, "</section>\n");
}

void cr_html_page(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    struct cr_strbuf bodies[CR_ARRAY_LEN(sections)] = {CR_STRBUF_INIT};
    cr_strbuf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                        "<meta name=\"color-scheme\" content=\"light dark\"><title>");
    cr_put_html(out, title_of(drawing));
    cr_strbuf_puts(out, " – model training report</title>\n<style>\n");
    cr_strbuf_append(out, cr_report_css, cr_report_css_len);
    cr_strbuf_puts(out, "</style></head><body><main>\n");
    put_header(out, drawing);
    cr_html_champion(out, drawing);
    for (size_t i = 0; i < CR_ARRAY_LEN(sections); i++) {
        sections[i].put(&bodies[i], drawing);
        out->failed |= bodies[i].failed;
    }
    put_navigation(out, bodies);
    for (size_t i = 0; i < CR_ARRAY_LEN(sections); i++) {
        if (bodies[i].len > 0) {
            put_section(out, &sections[i], &bodies[i]);
        }
        cr_strbuf_finish(&bodies[i]);
    }
    cr_strbuf_puts(out, "</main></body></html>\n");
}
