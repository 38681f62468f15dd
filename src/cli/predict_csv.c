// SPDX-License-Identifier: MIT
#include "predict_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/book/table.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/utf8.h"
#include "creditrisk/util/written.h"

void cr_predict_header_finish(struct cr_predict_header *header)
{
    free(header->columns);
    *header = (struct cr_predict_header){0};
}

/* ---- header ---- */

/* What the file of a flat book calls a field or key; NULL when the book has no such file. */
static const char *find_header(const struct cr_portfolio *portfolio, const char *name)
{
    const struct cr_table *table = portfolio->is_flat ? &portfolio->tables[0] : NULL;

    for (size_t i = 0; table != NULL && i < table->n_columns; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return table->columns[i].header;
        }
    }
    return NULL;
}

/* The key of the book that has the name; NULL when none has. */
static const char *find_key(const struct cr_portfolio *portfolio, const char *name)
{
    const char *keys[] = {portfolio->key_row, portfolio->key_customer};

    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        if (keys[i] != NULL && strcmp(keys[i], name) == 0) {
            return keys[i];
        }
    }
    return NULL;
}

/* What a column is; *ret_known: it is something, or the book's file has such a column. */
static struct cr_predict_column identify(const struct cr_portfolio *portfolio, const char *text,
                                         bool *ret_known)
{
    ptrdiff_t column = portfolio->is_flat ? cr_table_find_header(&portfolio->tables[0], text) : -1;
    const char *name = column >= 0 ? portfolio->tables[0].columns[column].name : text;
    ptrdiff_t index = cr_portfolio_find_field(portfolio, name);
    const struct cr_field *field = index >= 0 ? &portfolio->fields[index] : NULL;
    const char *key = find_key(portfolio, name);
    const char *member = field != NULL ? field->name : key;

    *ret_known = column >= 0 || member != NULL;
    return (struct cr_predict_column){.name = member, .field = field, .key = key};
}

/* Of the first n columns, the one that is the field or key of that name; n when there is none. */
static size_t find_column(const struct cr_predict_header *header, size_t n, const char *name)
{
    size_t i = 0;

    while (i < n && header->columns[i].name != name) {
        i++;
    }
    return i;
}

/* Best so far, or the name of a field or key, in the file or its own, if no column has it and it is
 * nearer to the text. */
static const char *nearer(const struct cr_portfolio *portfolio,
                          const struct cr_predict_header *header, const char *best,
                          const char *name, const char *text)
{
    const char *in_file = find_header(portfolio, name);

    if (find_column(header, header->n, name) < header->n) {
        return best;
    }
    best = in_file != NULL ? cr_slip_nearer(best, in_file, text) : best;
    return cr_slip_nearer(best, name, text);
}

/* The name that a column was meant to have; NULL when it is a column of its own. Without its key a
 * row would be answered, but nobody could tell whose answer it is. */
static const char *find_meant(const struct cr_portfolio *portfolio,
                              const struct cr_predict_header *header, const char *text,
                              const char **ret_what)
{
    const char *keys[] = {portfolio->key_row, portfolio->key_customer};
    const char *meant = NULL;

    *ret_what = "field";
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        meant = nearer(portfolio, header, meant, portfolio->fields[i].name, text);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        const char *best =
            keys[i] != NULL ? nearer(portfolio, header, meant, keys[i], text) : meant;

        *ret_what = best != meant ? "key" : *ret_what;
        meant = best;
    }
    return meant;
}

/* A column that is no field or key is ignored, unless it was meant to be one. Where most columns
 * are foreign and most fields have none, a likeness is chance. */
static int check_meant(const struct cr_portfolio *portfolio, const struct cr_predict_header *header,
                       const struct cr_csv_row *row, struct cr_error *err)
{
    const char *first = NULL, *first_meant = NULL, *first_what = NULL;
    char hint[CR_SLIP_HINT_LEN];
    size_t n_near = 0, n_foreign = 0;

    for (size_t i = 0; i < row->n; i++) {
        const char *name = row->fields[i].text;
        bool known = false;
        bool is_field = identify(portfolio, name, &known).field != NULL;
        const char *what = NULL;
        const char *meant = known ? NULL : find_meant(portfolio, header, name, &what);

        n_near += is_field || meant != NULL;
        n_foreign += !known && meant == NULL;
        if (meant != NULL && first == NULL) {
            first = name;
            first_meant = meant;
            first_what = what;
        }
    }
    if (first == NULL) {
        return 0;
    }
    return n_foreign > row->n / 2 && n_near < portfolio->n_fields / 2
               ? cr_error_at(err, CR_EPARSE, row->file, row->line, 0,
                             "these columns are not those of portfolio '%s': --portfolio NAME "
                             "chooses another; or is '%s' meant to be its '%s'?",
                             portfolio->name, first, first_meant)
               : cr_error_at(err, CR_EPARSE, row->file, row->line, 0, "there is no %s '%s'%s",
                             first_what, first, cr_slip_hint(first_meant, hint));
}

static int find_columns(const struct cr_portfolio *portfolio, const struct cr_csv_row *row,
                        struct cr_predict_header *header, size_t *ret_n_fields,
                        struct cr_error *err)
{
    for (size_t i = 0; i < row->n; i++) {
        bool known;
        struct cr_predict_column column = identify(portfolio, row->fields[i].text, &known);
        size_t earlier = find_column(header, i, column.name);

        header->columns[i] = column;
        if (column.name != NULL && earlier < i) {
            return cr_error_at(err, CR_EPARSE, row->file, row->line, i + 1,
                               "the columns '%s' and '%s' are both the %s '%s'",
                               row->fields[earlier].text, row->fields[i].text,
                               column.field != NULL ? "field" : "key", column.name);
        }
        *ret_n_fields += column.field != NULL;
    }
    return 0;
}

/* The outcome and the like in the book's own file are no fields by design: nothing is said of them.
 */
static void say_ignored(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                        const struct cr_csv_row *row)
{
    for (size_t i = 0; i < row->n; i++) {
        bool known;

        (void)identify(portfolio, row->fields[i].text, &known); /* only whether it is known */
        if (!known) {
            cr_cli_say(cli, "%s: column '%s' is ignored", row->file, row->fields[i].text);
        }
    }
}

/* The optional fields without a column, those that have a default or the others: under another name
 * they would be missing without a word. Of a required one every row tells. */
static void say_absent(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                       const struct cr_predict_header *header, const char *file, bool has_default)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf names = CR_STRBUF_INIT;
    size_t n = 0;

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        if (!field->required && cr_value_is_missing(field->default_value) != has_default &&
            find_column(header, header->n, field->name) == header->n) {
            cr_strbuf_printf(&names, "%s'%s'", n++ > 0 ? ", " : "", field->name);
        }
    }
    if (n > 0) {
        cr_cli_say(cli, "%s: no column for the field%s %s: %s in all rows", file, n > 1 ? "s" : "",
                   cr_strbuf_text(&names), has_default ? "the default" : "missing");
    }
}

/* Whether some field that every application must have is no column. */
static bool lacks_required(const struct cr_portfolio *portfolio,
                           const struct cr_predict_header *header)
{
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        if (portfolio->fields[i].required &&
            find_column(header, header->n, portfolio->fields[i].name) == header->n) {
            return true;
        }
    }
    return false;
}

int cr_predict_header_read(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                           const struct cr_csv_row *row, const struct cr_csv_head *head,
                           struct cr_predict_header *ret_header, struct cr_error *err)
{
    size_t n_fields = 0;
    int result;

    ret_header->columns = calloc(row->n + 1, sizeof(*ret_header->columns));
    if (ret_header->columns == NULL) {
        return cr_error_no_memory(err);
    }
    ret_header->n = row->n;
    result = find_columns(portfolio, row, ret_header, &n_fields, err);
    if (result == 0 && (n_fields == 0 || lacks_required(portfolio, ret_header))) {
        result = cr_table_check_separator(portfolio, row->file, head, true, err);
    }
    if (result == 0) {
        result = check_meant(portfolio, ret_header, row, err);
    }
    if (result == 0 && n_fields == 0) {
        const char *first = find_header(portfolio, portfolio->fields[0].name);

        result = cr_error_at(err, CR_EPARSE, row->file, row->line, 0,
                             "no column is a field of the portfolio '%s', whose first is '%s' and "
                             "whose separator is '%c'",
                             portfolio->name, first != NULL ? first : portfolio->fields[0].name,
                             portfolio->separator);
    }
    if (result == 0) {
        say_ignored(cli, portfolio, row);
        say_absent(cli, portfolio, ret_header, row->file, false);
        say_absent(cli, portfolio, ret_header, row->file, true);
    }
    return result;
}

/* ---- rows ---- */

/* As it is where JSON has such numbers: the reader then tells 3.5 from a whole number. */
static bool write_number(const struct cr_csv_field *cell, struct cr_strbuf *out)
{
    double number;
    bool whole;

    if (cr_num_read_json(cell->text, cell->len, &number, &whole) == cell->len) {
        cr_strbuf_append(out, cell->text, cell->len);
        return true;
    }
    if (!cr_num_parse(cell->text, cell->len, &number) || !isfinite(number)) {
        return false;
    }
    cr_json_write_number(number, out); /* +5, .5, 007 */
    return true;
}

static void write_cell(enum cr_type type, const struct cr_csv_field *cell, struct cr_value value,
                       struct cr_strbuf *out)
{
    bool is_number = type == CR_INT || type == CR_NUMBER;

    if (type == CR_BOOL && !isnan(value.number)) {
        cr_strbuf_puts(out, value.number != 0.0 ? "true" : "false");
    } else if (!is_number || !write_number(cell, out)) {
        cr_json_write_string(cell->text, cell->len, out);
    }
}

/* As the import reads it, but for the range, of which the reader of the application speaks; a key
 * (whose field is NULL here) is a text. */
static int parse_cell(const struct cr_portfolio *portfolio, const struct cr_field *field,
                      const struct cr_csv_field *cell, struct cr_value *ret_value,
                      struct cr_error *err)
{
    const struct cr_table_column column = {
        .type = field != NULL ? field->type : CR_TEXT,
        .min = -INFINITY,
        .max = INFINITY,
        .levels = field != NULL ? field->levels : (struct cr_levels){0},
        .nullable = true,
    };

    return cr_table_parse_cell(portfolio, &column, cell->text, cell->len, cell->quoted, ret_value,
                               err);
}

/* A cell that is not of its type leaves *ret_value. */
static bool is_missing(const struct cr_portfolio *portfolio, const struct cr_field *field,
                       const struct cr_csv_field *cell, struct cr_value *ret_value)
{
    return parse_cell(portfolio, field, cell, ret_value, NULL) == 0 &&
           cr_value_is_missing(*ret_value);
}

bool cr_predict_tell_written(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                             const struct cr_predict_header *header, const struct cr_csv_row *row)
{
    for (size_t i = 0; i < row->n; i++) {
        const struct cr_field *field = header->columns[i].field;
        const struct cr_csv_field *cell = &row->fields[i];
        struct cr_value value;
        struct cr_error cause;

        if (field != NULL && (field->type == CR_INT || field->type == CR_NUMBER) &&
            cr_written_is_foreign(cell->text, cell->len) &&
            parse_cell(portfolio, field, cell, &value, &cause) != 0) {
            cr_cli_say(cli, "%s:%zu:%zu: %s: %s", row->file, row->line, i + 1, field->name,
                       cause.message);
            return true;
        }
    }
    return false;
}

const char *cr_predict_find_garbled(const struct cr_predict_header *header,
                                    const struct cr_csv_row *row)
{
    for (size_t i = 0; i < row->n; i++) {
        const struct cr_csv_field *cell = &row->fields[i];

        if (header->columns[i].name != NULL && !cr_utf8_is_valid(cell->text, cell->len)) {
            return header->columns[i].name;
        }
    }
    return NULL;
}

void cr_predict_write_row(const struct cr_portfolio *portfolio,
                          const struct cr_predict_header *header, const struct cr_csv_row *row,
                          struct cr_strbuf *out)
{
    const char *before = "{";

    for (size_t i = 0; i < row->n; i++) {
        const struct cr_field *field = header->columns[i].field;
        struct cr_value value = CR_VALUE_MISSING;
        bool missing;

        if (field == NULL) {
            continue;
        }
        missing = is_missing(portfolio, field, &row->fields[i], &value);
        if (missing && !field->nullable) {
            continue; /* absent: the default, or a complaint */
        }
        cr_strbuf_puts(out, before);
        cr_json_write_string(field->name, strlen(field->name), out);
        cr_strbuf_putc(out, ':');
        if (missing) {
            cr_strbuf_puts(out, "null");
        } else {
            write_cell(field->type, &row->fields[i], value, out);
        }
        before = ",";
    }
    cr_strbuf_puts(out, before[0] == '{' ? "{}" : "}");
}

/* JSON; NULL without memory. */
static const char *read_key(const struct cr_portfolio *portfolio, const struct cr_csv_field *cell,
                            struct cr_arena *arena)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_value value = CR_VALUE_MISSING;

    if (is_missing(portfolio, NULL, cell, &value)) {
        return "null";
    }
    cr_json_write_string(cell->text, cell->len, &text);
    return text.failed ? NULL : cr_arena_strndup(arena, text.data, text.len);
}

int cr_predict_read_keys(const struct cr_portfolio *portfolio,
                         const struct cr_predict_header *header, const struct cr_csv_row *row,
                         struct cr_arena *arena, struct cr_row_keys *ret_keys, struct cr_error *err)
{
    *ret_keys = (struct cr_row_keys){0};
    for (size_t i = 0; i < row->n; i++) {
        const char *key = header->columns[i].key;
        const char **kept = key == portfolio->key_row ? &ret_keys->row : &ret_keys->customer;

        if (key == NULL) {
            continue;
        }
        *kept = read_key(portfolio, &row->fields[i], arena);
        if (*kept == NULL) {
            return cr_error_no_memory(err);
        }
    }
    return 0;
}
