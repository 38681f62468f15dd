// SPDX-License-Identifier: MIT
/* Charts as inline SVG. Colours and type come from the page (report.css); only geometry is here:
 *
 *   0,0 ─────────────────────── W     the axes cross at (LEFT, H − BOTTOM);
 *    │  LEFT ┌──────────┐ RIGHT       x grows to the right and y upwards
 *    H       └──────────┘ BOTTOM
 */
#include "drawing.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 440, HEIGHT = 320, LEFT = 58, RIGHT = 24, TOP = 16, BOTTOM = 50 };

static double x_at(const struct cr_chart *chart, double x)
{
    double share = fmin(fmax(x / chart->x_max, 0), 1);
    return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double y_at(const struct cr_chart *chart, double y)
{
    double share = fmin(fmax(y / chart->y_max, 0), 1);
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

/* A tick's text; all ticks of an axis have as many decimals as its step needs. */
static void put_tick(struct cr_strbuf *out, enum cr_chart_format format, double value, double step)
{
    double shown = format == CR_CHART_PERCENT ? 100 * step : step;
    int decimals = 0;
    while (decimals < 3 && fabs(shown - nearbyint(shown)) > 1e-6) {
        shown *= 10;
        decimals++;
    }
    if (format == CR_CHART_PERCENT) {
        cr_put_percent(out, value, decimals);
    } else {
        cr_put_fixed(out, value, decimals);
    }
}

static size_t n_ticks(double max, double step)
{
    double n = step > 0 ? floor(max / step + 1e-6) : 0;
    return n <= 20 ? (size_t)n : 20;
}

static void put_axes(struct cr_strbuf *out, const struct cr_chart *chart)
{
    const int bottom = HEIGHT - BOTTOM;
    cr_strbuf_puts(out, "<g class=\"grid\">");
    for (size_t i = 1; i <= n_ticks(chart->y_max, chart->y_step); i++) {
        double y = y_at(chart, (double)i * chart->y_step);
        cr_strbuf_printf(out, "<path d=\"M%d %.1fH%d\"/>", LEFT, y, WIDTH - RIGHT);
    }
    cr_strbuf_printf(out, "</g><path class=\"axis\" d=\"M%d %dV%dH%d\"/><g class=\"tick\">", LEFT,
                     TOP, bottom, WIDTH - RIGHT);
    for (size_t i = 0; i <= n_ticks(chart->x_max, chart->x_step); i++) {
        double value = (double)i * chart->x_step;
        cr_strbuf_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                         x_at(chart, value), bottom + 18);
        put_tick(out, chart->x_format, value, chart->x_step);
        cr_strbuf_puts(out, "</text>");
    }
    for (size_t i = 0; i <= n_ticks(chart->y_max, chart->y_step); i++) {
        double value = (double)i * chart->y_step;
        cr_strbuf_printf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 7,
                         y_at(chart, value) + 4.5);
        put_tick(out, chart->y_format, value, chart->y_step);
        cr_strbuf_puts(out, "</text>");
    }
    cr_strbuf_printf(out, "</g><text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
                     (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 9);
    cr_put_html(out, chart->x_label);
    cr_strbuf_puts(out, "</text>");
}

void cr_chart_begin(struct cr_strbuf *out, const struct cr_chart *chart)
{
    cr_strbuf_printf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
                     WIDTH, HEIGHT);
    cr_put_html(out, chart->title);
    cr_strbuf_puts(out, "\">");
    put_axes(out, chart);
}

static void start_path(struct cr_strbuf *out, size_t index, bool champion)
{
    cr_strbuf_printf(out, "<path class=\"series s%zu%s\" d=\"", index % CR_N_SERIES,
                     champion ? " champion" : "");
}

void cr_chart_line(struct cr_strbuf *out, const struct cr_chart *chart,
                   const struct cr_points *points, size_t index, bool champion, bool with_dots)
{
    if (points->n == 0) {
        return;
    }
    start_path(out, index, champion);
    for (size_t i = 0; i < points->n; i++) {
        cr_strbuf_printf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_at(chart, points->x[i]),
                         y_at(chart, points->y[i]));
    }
    cr_strbuf_puts(out, "\"/>");
    for (size_t i = 0; with_dots && i < points->n; i++) {
        cr_strbuf_printf(out, "<circle class=\"dot s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>",
                         index % CR_N_SERIES, x_at(chart, points->x[i]), y_at(chart, points->y[i]),
                         champion ? "4" : "3");
    }
}

void cr_chart_reference(struct cr_strbuf *out, const struct cr_chart *chart, double x0, double y0,
                        double x1, double y1)
{
    cr_strbuf_printf(out, "<path class=\"reference\" d=\"M%.1f %.1fL%.1f %.1f\"/>", x_at(chart, x0),
                     y_at(chart, y0), x_at(chart, x1), y_at(chart, y1));
}

void cr_chart_mark(struct cr_strbuf *out, const struct cr_chart *chart, double x, double y,
                   const char *label, bool strong)
{
    if (!isfinite(x)) {
        return;
    }
    const char *kind = strong ? "strong" : "weak";
    double at = x_at(chart, x);
    bool left = x > 0.7 * chart->x_max;
    cr_strbuf_printf(out, "<path class=\"mark %s\" d=\"M%.1f %dV%d\"/>", kind, at, TOP,
                     HEIGHT - BOTTOM);
    if (isfinite(y)) {
        cr_strbuf_printf(out, "<circle class=\"mark-dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>",
                         kind, at, y_at(chart, y));
    }
    cr_strbuf_printf(out, "<text class=\"mark-label %s\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">",
                     kind, left ? at - 6 : at + 6, TOP + (strong ? 6 : 24), left ? "end" : "start");
    cr_put_html(out, label);
    cr_strbuf_puts(out, "</text>");
}

void cr_chart_end(struct cr_strbuf *out)
{
    cr_strbuf_puts(out, "</svg>\n");
}

void cr_chart_interval(struct cr_strbuf *out, double low, double high, double from, double value,
                       double to)
{
    const double width = 120;
    double scale = (width - 10) / (high - low);
    if (!isfinite(value) || !(scale > 0)) {
        return;
    }
    cr_strbuf_puts(out, "<svg class=\"interval\" viewBox=\"0 0 120 16\" aria-hidden=\"true\">"
                        "<path class=\"axis\" d=\"M0 8H120\"/>");
    if (isfinite(from) && isfinite(to)) {
        cr_strbuf_printf(out, "<path class=\"whisker\" d=\"M%.1f 8H%.1f\"/>",
                         5 + (from - low) * scale, 5 + (to - low) * scale);
    }
    cr_strbuf_printf(out, "<circle cx=\"%.1f\" cy=\"8\" r=\"4\"/></svg>",
                     5 + (value - low) * scale);
}
