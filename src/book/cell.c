// SPDX-License-Identifier: MIT
/* One CSV cell → one typed value. */
#include "creditrisk/book/table.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/utf8.h"
#include "creditrisk/util/written.h"
#include "table.h"

/* Of a value that a message quotes. */
enum { SHOWN_LEN = 60 };

static int complain(struct cr_error *err, const char *text, size_t len, const char *complaint)
{
    return cr_error_set(err, CR_EINVAL, "'%.*s%s' %s", (int)(len < SHOWN_LEN ? len : SHOWN_LEN),
                        text, len > SHOWN_LEN ? "…" : "", complaint);
}

bool cr_book_is_marker(const struct cr_portfolio *portfolio, const char *text, size_t len)
{
    for (size_t i = 0; i < portfolio->n_missing; i++) {
        const char *marker = portfolio->missing[i];

        if (strlen(marker) == len && memcmp(marker, text, len) == 0) {
            return true;
        }
    }
    return len == 0;
}

static int check_range(const struct cr_table_column *column, const char *text, size_t len,
                       double number, struct cr_error *err)
{
    char bound[CR_NUM_LEN];
    char complaint[CR_NUM_LEN + 16];

    if (number >= column->min && number <= column->max) {
        return 0;
    }
    (void)cr_num_format(number < column->min ? column->min : column->max, bound);
    (void)snprintf(complaint, sizeof(complaint), "is %s %s",
                   number < column->min ? "below" : "above", bound);
    return complain(err, text, len, complaint);
}

/* What is wrong with a text that is no number. */
static int refuse_number(const char *text, size_t len, const char *complaint, struct cr_error *err)
{
    char advice[160];

    if (!cr_written_is_foreign(text, len)) {
        return complain(err, text, len, complaint);
    }
    (void)snprintf(advice, sizeof(advice), "%s: " CR_BOOK_WRITE_NUMBERS, complaint); /* fits */
    return complain(err, text, len, advice);
}

static int parse_int(const struct cr_table_column *column, const char *text, size_t len,
                     double *ret_number, struct cr_error *err)
{
    int64_t number;

    if (!cr_num_parse_int(text, len, &number)) {
        return refuse_number(text, len, "is not a whole number", err);
    }
    if (fabs((double)number) > CR_NUM_MAX_EXACT) {
        return complain(err, text, len, "is too large");
    }
    *ret_number = (double)number;
    return check_range(column, text, len, *ret_number, err);
}

static int parse_number(const struct cr_table_column *column, const char *text, size_t len,
                        double *ret_number, struct cr_error *err)
{
    double number;

    if (!cr_num_parse(text, len, &number)) {
        return refuse_number(text, len, "is not a number", err);
    }
    if (!isfinite(number)) {
        return complain(err, text, len, "is too large");
    }
    *ret_number = number;
    return check_range(column, text, len, number, err);
}

int cr_book_parse_bool(const char *text, size_t len, double *ret_number, struct cr_error *err)
{
    static const struct {
        const char *text;
        double number;
    } words[] = {{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}};
    int64_t number;

    for (size_t i = 0; i < CR_ARRAY_LEN(words); i++) {
        if (strlen(words[i].text) == len && strncasecmp(words[i].text, text, len) == 0) {
            *ret_number = words[i].number;
            return 0;
        }
    }
    if (cr_num_parse_int(text, len, &number) && (number == 0 || number == 1)) {
        *ret_number = (double)number;
        return 0;
    }
    return complain(err, text, len, "is none of true, false, yes, no, 1, 0");
}

static int complain_level(const struct cr_levels *levels, const char *text, size_t len,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf known = CR_STRBUF_INIT;
    size_t n = levels->n > 0 ? levels->n : levels->n_aliases;

    cr_strbuf_puts(&known, "is none of ");
    for (size_t i = 0; i < n; i++) {
        cr_strbuf_puts(&known, i == 0 ? "" : ", ");
        cr_strbuf_puts(&known, levels->n > 0 ? levels->texts[i] : levels->alias_texts[i]);
    }
    return complain(err, text, len, cr_strbuf_text(&known));
}

/* By the words that the column has of its own. */
static int parse_word(const struct cr_table_column *column, const char *text, size_t len,
                      double *ret_number, struct cr_error *err)
{
    ptrdiff_t outcome = cr_levels_find(&column->levels, text, len);

    if (outcome < 0) {
        return complain_level(&column->levels, text, len, err);
    }
    *ret_number = (double)outcome;
    return 0;
}

static int parse_level(const struct cr_table_column *column, const char *text, size_t len,
                       const char **ret_text, struct cr_error *err)
{
    ptrdiff_t level = cr_levels_find(&column->levels, text, len);

    if (level < 0) {
        return complain_level(&column->levels, text, len, err);
    }
    *ret_text = column->levels.texts[level];
    return 0;
}

static int parse_value(const struct cr_table_column *column, const char *text, size_t len,
                       struct cr_value *ret_value, struct cr_error *err)
{
    struct cr_value value = CR_VALUE_MISSING;
    int64_t days;
    int r = 0;

    switch (column->type) {
    case CR_INT:
        r = parse_int(column, text, len, &value.number, err);
        break;
    case CR_NUMBER:
        r = parse_number(column, text, len, &value.number, err);
        break;
    case CR_BOOL:
        r = column->levels.n_aliases > 0 ? parse_word(column, text, len, &value.number, err)
                                         : cr_book_parse_bool(text, len, &value.number, err);
        break;
    case CR_ENUM:
        r = parse_level(column, text, len, &value.text, err);
        break;
    case CR_DATE:
        value.text = text;
        r = cr_clock_parse_date(text, len, &days)
                ? 0
                : complain(err, text, len, "is not a date of the form YYYY-MM-DD");
        break;
    case CR_TEXT:
        value.text = text;
        r = cr_utf8_is_valid(text, len) ? 0 : complain(err, text, len, "is not UTF-8");
        break;
    }
    if (r == 0) {
        *ret_value = value;
    }
    return r;
}

int cr_table_parse_cell(const struct cr_portfolio *portfolio, const struct cr_table_column *column,
                        const char *text, size_t len, bool quoted, struct cr_value *ret_value,
                        struct cr_error *err)
{
    if (!cr_book_is_marker(portfolio, text, len)) {
        return parse_value(column, text, len, ret_value, err);
    }
    if (quoted && len > 0 && parse_value(column, text, len, ret_value, NULL) == 0) {
        return 0;
    }
    if (!column->nullable) {
        return cr_error_set(err, CR_EINVAL, "the value is missing");
    }
    *ret_value = CR_VALUE_MISSING;
    return 0;
}
