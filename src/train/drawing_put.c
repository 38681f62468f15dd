// SPDX-License-Identifier: MIT
#include "drawing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/num.h"

#define EN_DASH        "–"
#define NO_BREAK_SPACE " "
#define MINUS_SIGN     "−"

void cr_put_html(struct cr_strbuf *out, const char *text)
{
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        switch (*c) {
        case '&':
            cr_strbuf_puts(out, "&amp;");
            break;
        case '<':
            cr_strbuf_puts(out, "&lt;");
            break;
        case '>':
            cr_strbuf_puts(out, "&gt;");
            break;
        case '"':
            cr_strbuf_puts(out, "&quot;");
            break;
        case '\'':
            cr_strbuf_puts(out, "&#39;");
            break;
        default:
            cr_strbuf_putc(out, (unsigned char)*c < ' ' || *c == 0x7F ? ' ' : *c);
        }
    }
}

void cr_put_fixed(struct cr_strbuf *out, double value, int decimals)
{
    char text[64];
    if (!isfinite(value) || fabs(value) > 1e15) {
        cr_strbuf_puts(out, EN_DASH);
        return;
    }
    (void)snprintf(text, sizeof text, "%.*f", decimals, fabs(value)); /* |value| is bounded */
    bool is_zero = strspn(text, "0.") == strlen(text);
    cr_strbuf_printf(out, "%s%s", value < 0 && !is_zero ? MINUS_SIGN : "", text);
}

void cr_put_percent(struct cr_strbuf *out, double share, int decimals)
{
    cr_put_fixed(out, 100 * share, decimals);
    if (isfinite(share)) {
        cr_strbuf_puts(out, "%");
    }
}

/* Groups from the right: three digits, then two and two (Indian) or three and three. */
static void put_grouped(struct cr_strbuf *out, double value, bool indian)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.0f", value);
    for (int i = 0; i < n; i++) {
        int left = n - i; /* digits still to come */
        bool boundary = indian ? left == 3 || (left > 3 && left % 2 == 1) : left % 3 == 0;
        if (i > 0 && boundary) {
            cr_strbuf_putc(out, ',');
        }
        cr_strbuf_putc(out, digits[i]);
    }
}

/* The sign and the currency's symbol; false (and a dash) when there is no value to follow. */
static bool start_amount(struct cr_strbuf *out, double value, const char *symbol)
{
    if (!isfinite(value) || fabs(value) > 1e15) {
        cr_strbuf_puts(out, EN_DASH);
        return false;
    }
    if (value <= -0.5) {
        cr_strbuf_puts(out, MINUS_SIGN);
    }
    cr_put_html(out, symbol);
    return true;
}

void cr_put_count(struct cr_strbuf *out, const struct cr_drawing *drawing, double value)
{
    if (start_amount(out, value, "")) {
        put_grouped(out, fabs(value), drawing->indian);
    }
}

void cr_put_money(struct cr_strbuf *out, const struct cr_drawing *drawing, double value)
{
    if (start_amount(out, value, drawing->currency)) {
        put_grouped(out, fabs(value), drawing->indian);
    }
}

double cr_drawing_money_unit(const struct cr_drawing *drawing, double value, const char **ret_name)
{
    static const struct {
        double unit;
        const char *name;
    } scales[2][3] = {{{1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}},
                      {{1e7, "crore"}, {1e5, "lakh"}, {1e3, "thousand"}}};
    for (size_t i = 0; i < 3; i++) {
        if (value >= scales[drawing->indian][i].unit * (1 - 1e-9)) {
            *ret_name = scales[drawing->indian][i].name;
            return scales[drawing->indian][i].unit;
        }
    }
    *ret_name = "";
    return 1;
}

void cr_put_money_short(struct cr_strbuf *out, const struct cr_drawing *drawing, double value)
{
    const char *name;
    double unit = cr_drawing_money_unit(drawing, fabs(value), &name);
    if (!start_amount(out, value, drawing->currency)) {
        return;
    }
    if (*name == '\0') {
        put_grouped(out, fabs(value), drawing->indian);
        return;
    }
    char text[64];
    int n = snprintf(text, sizeof text, "%.2f", cr_num_round(fabs(value) / unit, 2));
    size_t len = (size_t)n - (strcmp(text + n - 3, ".00") == 0 ? 3 : text[n - 1] == '0');
    cr_strbuf_append(out, text, len);
    cr_strbuf_printf(out, NO_BREAK_SPACE "%s", name);
}

void cr_put_scalar(struct cr_strbuf *out, const json_t *value)
{
    if (json_is_string(value)) {
        cr_strbuf_puts(out, json_string_value(value));
    } else if (json_is_number(value)) {
        cr_strbuf_put_double(out, json_number_value(value));
    } else if (json_is_boolean(value)) {
        cr_strbuf_puts(out, json_is_true(value) ? "true" : "false");
    }
}

void cr_put_params(struct cr_strbuf *out, const json_t *params)
{
    struct cr_strbuf text = CR_STRBUF_INIT;
    void *at = json_object_iter((json_t *)params);
    for (bool first = true; at != NULL; first = false) {
        cr_strbuf_printf(&text, "%s%s ", first ? "" : ", ", json_object_iter_key(at));
        cr_put_scalar(&text, json_object_iter_value(at));
        at = json_object_iter_next((json_t *)params, at);
    }
    cr_put_html(out, cr_strbuf_text(&text));
    cr_strbuf_finish(&text);
}
