// SPDX-License-Identifier: MIT
/* Private to train/: the parts of the report's drawing, and how they read the document. */
#ifndef CREDITRISK_SRC_TRAIN_DRAWING_H
#define CREDITRISK_SRC_TRAIN_DRAWING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* The document, and what every part of it needs. All borrowed. */
struct cr_drawing {
    const json_t *report;
    const json_t *models;   /* an array, or NULL */
    const json_t *champion; /* one of models; NULL without any */
    size_t champion_index;
    const char *derived_from; /* the version that this report's one was made of; else NULL */
    const char *role;         /* what the drawn-out model is, as in "… of the champion" */
    bool is_promoted;         /* whether the run that the document is of made its choice serve */
    const char *currency;     /* symbol, "" when not known */
    bool indian;              /* 1,00,000 and lakh, crore; else 100,000 and thousand, million */
};

void cr_drawing_init(struct cr_drawing *drawing, const json_t *report);

/* The member at a dotted path ("metrics.auc_roc"): NULL, NaN or NULL when absent, null or of
 * another type. node may be NULL. Borrowed. */
const json_t *cr_drawing_at(const json_t *node, const char *path);
double cr_drawing_number(const json_t *node, const char *path);
const char *cr_drawing_text(const json_t *node, const char *path);

/* A model's name for people: its name, else its kind. Borrowed. */
const char *cr_drawing_model_name(const json_t *model);

/* Points of a curve or a sweep; NaN members are left out. */
#define CR_DRAWING_MAX_POINTS 512
struct cr_points {
    double x[CR_DRAWING_MAX_POINTS];
    double y[CR_DRAWING_MAX_POINTS];
    size_t n;
};

/* One of the plots that show every model. */
enum cr_curve { CR_CURVE_ROC, CR_CURVE_PRECISION_RECALL, CR_CURVE_CALIBRATION, CR_CURVE_LIFT };
#define CR_N_CURVES 4
struct cr_curve_info {
    const char *name; /* of its files */
    const char *title;
    const char *x_label;
    const char *y_label;
    bool unit_square; /* both axes run from 0 to 1 */
};
extern const struct cr_curve_info cr_curves[CR_N_CURVES];

/* A model's points of one curve. */
void cr_drawing_curve(const json_t *model, enum cr_curve curve, struct cr_points *ret_points);

/* Whether anybody is declined at a threshold (of the sweep, or a policy's): else its precision is
 * of nobody. */
bool cr_drawing_has_precision(const json_t *point);

/* Member `key` of the model's threshold sweep over the threshold; its precision where anybody is
 * declined. */
void cr_drawing_sweep(const json_t *model, const char *key, struct cr_points *ret_points);

/* Largest x and y over all models' points of one curve; 0 without any. */
void cr_drawing_extent(const struct cr_drawing *drawing, enum cr_curve curve, double *ret_x,
                       double *ret_y);

/* A round number at or above value that five or fewer round steps divide; *ret_step is one. */
double cr_drawing_round_up(double value, double *ret_step);

/* Text for a page: & < > " ' become references, control characters blanks. NULL is nothing. */
void cr_put_html(struct cr_strbuf *out, const char *text);

/* Numbers for people; NaN is an en dash. Percent: a share × 100. Count and money group digits by
 * the report's currency; short money says lakh, crore, thousand, million. */
void cr_put_fixed(struct cr_strbuf *out, double value, int decimals);
void cr_put_percent(struct cr_strbuf *out, double share, int decimals);
void cr_put_count(struct cr_strbuf *out, const struct cr_drawing *drawing, double value);
void cr_put_money(struct cr_strbuf *out, const struct cr_drawing *drawing, double value);
void cr_put_money_short(struct cr_strbuf *out, const struct cr_drawing *drawing, double value);

/* The largest of the units of short money that is at most value, and its name; 1 and "" below all.
 */
double cr_drawing_money_unit(const struct cr_drawing *drawing, double value, const char **ret_name);

/* A parameter or another scalar as text: shortest number, the string itself, true, null. */
void cr_put_scalar(struct cr_strbuf *out, const json_t *value);

/* "C 0.1, penalty l1" of an object of scalars, escaped. */
void cr_put_params(struct cr_strbuf *out, const json_t *params);

/* Writes dir/name. */
int cr_drawing_save(const char *dir, const char *name, const struct cr_strbuf *text,
                    struct cr_error *err);

/* The text files (report_text.c): CSV, classification reports, short JSON documents. */
int cr_report_write_texts(const struct cr_drawing *drawing, const char *dir, struct cr_error *err);

/* The plot files (plot.c). Needs gnuplot. */
int cr_report_write_plots(const struct cr_drawing *drawing, const char *dir, bool with_png,
                          struct cr_error *err);

/* What stands inside a version: as cr_report_write, with plots as SVG only. Plots that gnuplot
 * refuses are no failure: a version is complete without them. */
int cr_report_write_version(const json_t *report, const char *dir, struct cr_error *err);

/* Colours that report.css and plot.c have for models; a seventh model takes the first again. */
#define CR_N_SERIES 6

/* A chart of the page (report_svg.c): an inline SVG in the page's colours. */
enum cr_chart_format { CR_CHART_NUMBER, CR_CHART_PERCENT };
struct cr_chart {
    const char *title; /* what it shows, for those who cannot see it */
    const char *x_label;
    double x_max; /* both axes start at 0 */
    double y_max;
    double x_step;
    double y_step;
    enum cr_chart_format x_format;
    enum cr_chart_format y_format;
};

/* A chart is begun, drawn into, ended. Series take the class s<index> (its colour) and `champion`
 * when they stand out. */
void cr_chart_begin(struct cr_strbuf *out, const struct cr_chart *chart);
void cr_chart_line(struct cr_strbuf *out, const struct cr_chart *chart,
                   const struct cr_points *points, size_t index, bool champion, bool with_dots);
void cr_chart_reference(struct cr_strbuf *out, const struct cr_chart *chart, double x0, double y0,
                        double x1, double y1);
void cr_chart_mark(struct cr_strbuf *out, const struct cr_chart *chart, double x, double y,
                   const char *label, bool strong);
void cr_chart_end(struct cr_strbuf *out);

/* Dot and whisker on the axis [low, high], for a table's cell. */
void cr_chart_interval(struct cr_strbuf *out, double low, double high, double from, double value,
                       double to);

/* Bodies of the page's sections, in its order; each writes nothing when its members are absent. */
void cr_html_champion(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_models(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_curves(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_threshold(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_drivers(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_comparisons(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_search(struct cr_strbuf *out, const struct cr_drawing *drawing);
void cr_html_honesty(struct cr_strbuf *out, const struct cr_drawing *drawing);

/* Parts of tables. A heading that starts with '>' stands over numbers, on the right, one that
 * starts with '|' over bars, which only repeat a number. The caption
 * names the table for those who cannot see it. Texts are escaped. */
void cr_html_table_begin(struct cr_strbuf *out, const char *caption, const char *const *headings,
                         size_t n_headings);
void cr_html_table_end(struct cr_strbuf *out);
void cr_html_row_begin(struct cr_strbuf *out, const char *header, bool champion);
void cr_html_cell_fixed(struct cr_strbuf *out, double value, int decimals);
void cr_html_cell_percent(struct cr_strbuf *out, double share, int decimals);
void cr_html_cell_count(struct cr_strbuf *out, const struct cr_drawing *drawing, double value);

/* A cell with a bar of that share of the column's width. */
void cr_html_cell_bar(struct cr_strbuf *out, double share, const char *css_class);

/* A model's name as words: underscores become blanks. */
void cr_html_put_name(struct cr_strbuf *out, const json_t *model);

/* report.css, made a C file by embed.py. */
extern const char cr_report_css[];
extern const size_t cr_report_css_len;

/* The page (report_html.c). */
void cr_html_page(struct cr_strbuf *out, const struct cr_drawing *drawing);

#endif
