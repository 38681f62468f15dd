// SPDX-License-Identifier: MIT
#include "creditrisk/features/extract.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"
#include "relation.h"

/* Columns of the statement before the frame's first: row_id of the application and of its features.
 */
enum { SQL_APPLICATION, SQL_FEATURES, SQL_FRAME };

/* What training.sql yields. */
struct source {
    const struct cr_portfolio_file *training;
    const struct cr_portfolio_file *features;
    bool has[CR_RELATION_N_KEYS];
};

static int find_file(const struct cr_portfolio *portfolio, const char *name,
                     const struct cr_portfolio_file **ret_file, struct cr_error *err)
{
    const struct cr_portfolio_file *file = cr_portfolio_find_file(portfolio, name);

    if (file == NULL) {
        return cr_error_set(err, CR_ENOTFOUND, "portfolio '%s' has no %s", portfolio->name, name);
    }
    *ret_file = file;
    return 0;
}

/* training.postgres.sql where the dialect forces it, else training.sql. */
static int find_files(struct cr_db *db, const struct cr_portfolio *portfolio, struct source *source,
                      struct cr_error *err)
{
    char name[64];
    int result;

    (void)snprintf(name, sizeof(name), "training.%s.sql", cr_db_engine_name(db));
    source->training = cr_portfolio_find_file(portfolio, name);
    result =
        source->training != NULL ? 0 : find_file(portfolio, "training.sql", &source->training, err);
    return result != 0 ? result : find_file(portfolio, "features.sql", &source->features, err);
}

/* How many columns of the statement have that name. */
static size_t count_columns(const struct cr_stmt *stmt, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < cr_stmt_n_columns(stmt); i++) {
        n += strcmp(cr_stmt_column_name(stmt, i), name) == 0;
    }
    return n;
}

/* Notes a column that must be there once, as application.yaml says in that line, in the list of
 * complaints. */
static void want_column(const struct cr_stmt *stmt, const char *name, size_t line,
                        struct cr_strbuf *missing, const char **twice)
{
    size_t n = count_columns(stmt, name);

    if (n == 0) {
        cr_strbuf_printf(missing, "%s'%s'", missing->len > 0 ? ", " : "", name);
        if (line > 0) {
            cr_strbuf_printf(missing, " (application.yaml:%zu)", line);
        }
    } else if (n > 1) {
        *twice = name;
    }
}

/* Prepares training.sql alone, so that a fault in it has its true place, and looks at its columns.
 */
static int inspect_training(struct cr_db *db, const struct cr_portfolio *portfolio,
                            struct source *source, struct cr_error *err)
{
    const char *file = source->training->name;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf missing = CR_STRBUF_INIT;
    const char *twice = NULL;
    int result = cr_db_prepare(db, source->training->data, file, &stmt, err);

    if (result == CR_EDB && err != NULL) {
        err->code = CR_EPARSE; /* the text asks for what the book does not have */
    }
    if (result != 0) {
        return result == CR_EDB ? CR_EPARSE : result;
    }
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        want_column(stmt, portfolio->fields[i].name, portfolio->fields[i].line, &missing, &twice);
    }
    want_column(stmt, portfolio->outcome, portfolio->outcome_line, &missing, &twice);
    for (size_t key = 0; key < CR_RELATION_N_KEYS; key++) {
        const char *name = cr_relation_key_name(portfolio, key);
        size_t n = name != NULL ? count_columns(stmt, name) : 0;

        source->has[key] = n > 0;
        twice = n > 1 ? name : twice;
    }
    result = cr_strbuf_check(&missing, err);
    if (result != 0) {
        return result;
    }
    if (missing.len > 0) {
        return cr_error_at(err, CR_EPARSE, file, 0, 0, "columns that must be there are missing: %s",
                           missing.data);
    }
    return twice == NULL
               ? 0
               : cr_error_at(err, CR_EPARSE, file, 0, 0, "column '%s' is there twice", twice);
}

/* Lays out the frame: its columns are those of the statement from SQL_FRAME on. */
static int add_columns(const struct cr_portfolio *portfolio, const bool *has,
                       struct cr_extract *extract, struct cr_error *err)
{
    struct cr_frame *frame = &extract->frame;
    ptrdiff_t at[CR_RELATION_N_KEYS];
    int result = 0;

    for (size_t key = 0; key < CR_RELATION_N_KEYS && result == 0; key++) {
        at[key] = has[key] ? (ptrdiff_t)frame->n_cols : -1;
        if (has[key]) {
            result = cr_frame_add_column(
                frame, cr_relation_key_name(portfolio, key),
                key == CR_RELATION_OUTCOME ? CR_COLUMN_NUMBER : CR_COLUMN_TEXT, err);
        }
    }
    if (result != 0) {
        return result;
    }
    extract->col_row = at[CR_RELATION_ROW];
    extract->col_customer = at[CR_RELATION_CUSTOMER];
    extract->col_date = at[CR_RELATION_DATE];
    extract->col_test = at[CR_RELATION_TEST];
    extract->col_outcome = (size_t)at[CR_RELATION_OUTCOME];
    extract->first_field = frame->n_cols;
    extract->first_feature = extract->first_field + portfolio->n_fields;
    for (size_t i = 0; i < portfolio->n_fields && result == 0; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        result = cr_frame_add_column(
            frame, field->name, cr_relation_is_number(field) ? CR_COLUMN_NUMBER : CR_COLUMN_TEXT,
            err);
    }
    for (size_t i = 0; i < portfolio->n_features && result == 0; i++) {
        const struct cr_feature *feature = &portfolio->features[i];

        result = cr_frame_add_column(
            frame, feature->name, cr_feature_is_text(feature) ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER,
            err);
    }
    return result;
}

/* The outcome comes as text, because engines differ in what a 0 or 1 is: "1", "1.0", "true".
 * Anything else is refused; a cast would have made a 0 of it. */
static bool parse_outcome(const char *text, double *ret_outcome)
{
    if (text == NULL) {
        return false;
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *ret_outcome = text[0] == 't';
        return true;
    }
    return cr_num_parse(text, strlen(text), ret_outcome) &&
           (*ret_outcome == 0 || *ret_outcome == 1);
}

/* Row `row` of the frame from the statement's current row, whose row_ids must be the next ones. */
static int check_row(const struct cr_stmt *stmt, size_t row, struct cr_error *err)
{
    if (cr_stmt_is_null(stmt, SQL_FEATURES)) {
        return cr_error_at(err, CR_EPARSE, "features.sql", 0, 0, "no row for application %zu",
                           row + 1);
    }
    if (cr_stmt_int(stmt, SQL_APPLICATION) != (int64_t)row + 1) {
        return cr_error_at(err, CR_EPARSE, "features.sql", 0, 0, "two rows for application %zu",
                           row);
    }
    return 0;
}

static int read_outcome(const struct cr_stmt *stmt, const char *file, struct cr_frame *frame,
                        size_t col, struct cr_error *err)
{
    const char *text = cr_stmt_text(stmt, col + SQL_FRAME);
    size_t row = frame->n_rows - 1;
    double outcome;

    if (!parse_outcome(text, &outcome)) {
        return cr_error_at(err, CR_EPARSE, file, 0, 0, "column '%s' is '%s' in row %zu, not 0 or 1",
                           frame->columns[col].name, text != NULL ? text : "NULL", row + 1);
    }
    cr_frame_set_number(frame, row, col, outcome);
    return 0;
}

/* A cell of the last row; it has its column's type. */
static int read_cell(const struct cr_stmt *stmt, struct cr_frame *frame, size_t col,
                     struct cr_error *err)
{
    size_t row = frame->n_rows - 1;
    const char *text;
    double number;

    if (frame->columns[col].type == CR_COLUMN_NUMBER) {
        number = cr_stmt_number(stmt, col + SQL_FRAME);
        cr_frame_set_number(frame, row, col, isfinite(number) ? number : NAN);
        return 0;
    }
    text = cr_stmt_text(stmt, col + SQL_FRAME);
    return text == NULL ? 0 : cr_frame_set_text(frame, row, col, text, strlen(text), err);
}

/* The keys and fields have been cast; what features.sql gives is as it is, and a request that finds
 * a text for a number is refused, too. */
static int check_kind(const struct cr_stmt *stmt, size_t col, const struct cr_feature *feature,
                      struct cr_error *err)
{
    enum cr_db_type type = cr_stmt_type(stmt, col + SQL_FRAME);

    if (type == CR_DB_NULL || cr_feature_is_text(feature) == (type == CR_DB_TEXT)) {
        return 0;
    }
    return cr_relation_wrong_kind(feature, err);
}

static int read_row(const struct cr_stmt *stmt, const struct cr_portfolio *portfolio,
                    const char *file, struct cr_extract *extract, struct cr_error *err)
{
    struct cr_frame *frame = &extract->frame;
    int result = 0;

    for (size_t col = 0; col < frame->n_cols && result == 0; col++) {
        if (col == extract->col_outcome) {
            result = read_outcome(stmt, file, frame, col, err);
            continue;
        }
        if (col >= extract->first_feature) {
            result = check_kind(stmt, col, &portfolio->features[col - extract->first_feature], err);
        }
        if (result == 0) {
            result = read_cell(stmt, frame, col, err);
        }
    }
    return result;
}

static int read_rows(struct cr_stmt *stmt, const struct cr_portfolio *portfolio, const char *file,
                     struct cr_extract *extract, struct cr_error *err)
{
    struct cr_frame *frame = &extract->frame;
    bool more = false;
    int result = cr_stmt_step(stmt, &more, err);

    while (result == 0 && more) {
        result = check_row(stmt, frame->n_rows, err);
        if (result == 0) {
            result = cr_frame_add_row(frame, err);
        }
        if (result == 0) {
            result = read_row(stmt, portfolio, file, extract, err);
        }
        if (result == 0) {
            result = cr_stmt_step(stmt, &more, err);
        }
    }
    if (result == 0 && frame->n_rows == 0) {
        result = cr_error_at(err, CR_ENOTFOUND, file, 0, 0,
                             "the book has no application with a known outcome");
    }
    return result;
}

/* Whether the text is an integer as a double would print it ("12", not "012" or "1e3"). */
static bool is_plain_integer(const char *text)
{
    char again[CR_NUM_LEN];
    int64_t number;

    if (!cr_num_parse_int(text, strlen(text), &number) || fabs((double)number) > CR_NUM_MAX_EXACT) {
        return false;
    }
    (void)snprintf(again, sizeof(again), "%lld", (long long)number);
    return strcmp(again, text) == 0;
}

/* A key column of integers becomes a column of numbers; any other stays text. */
static int settle_key(struct cr_frame *frame, ptrdiff_t col, struct cr_error *err)
{
    struct cr_column *column;
    double *numbers;

    if (col < 0) {
        return 0;
    }
    column = &frame->columns[col];
    for (size_t i = 0; i < column->n_texts; i++) {
        if (!is_plain_integer(column->texts[i])) {
            return 0;
        }
    }
    numbers = calloc(frame->row_cap, sizeof(*numbers));
    if (numbers == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t row = 0; row < frame->n_rows; row++) {
        int32_t code = column->codes[row];

        numbers[row] = NAN;
        if (code >= 0) {
            (void)cr_num_parse(column->texts[code], strlen(column->texts[code]), &numbers[row]);
        }
    }
    for (size_t i = 0; i < column->n_texts; i++) {
        free(column->texts[i]);
    }
    free(column->texts);
    free(column->slots);
    free(column->codes);
    *column =
        (struct cr_column){.name = column->name, .type = CR_COLUMN_NUMBER, .numbers = numbers};
    return 0;
}

static int settle_keys(struct cr_extract *extract, struct cr_error *err)
{
    const ptrdiff_t keys[] = {extract->col_row, extract->col_customer, extract->col_test};
    int result = 0;

    for (size_t i = 0; i < CR_ARRAY_LEN(keys) && result == 0; i++) {
        result = settle_key(&extract->frame, keys[i], err);
    }
    return result;
}

/* The one statement over the whole book. */
static int prepare_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                        const struct source *source, struct cr_stmt **ret_stmt,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    struct cr_error inner;
    int result;

    cr_relation_put_book(portfolio, source->training, source->features, source->has, &sql);
    result = cr_strbuf_check(&sql, err);
    if (result != 0) {
        return result;
    }
    result = cr_db_prepare(db, sql.data, NULL, ret_stmt, &inner);
    if (result != 0 && strstr(inner.message, "near \";\"") != NULL) {
        return cr_error_at(err, CR_EPARSE, source->training->name, 0, 0,
                           "the text must be one SELECT without a semicolon");
    }
    if (result != 0 && err != NULL) {
        *err = inner;
    }
    return result;
}

int cr_extract_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                    struct cr_extract *ret_extract, struct cr_error *err)
{
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    CR_CLEANUP(cr_extract_finish) struct cr_extract extract = {0};
    struct source source = {0};
    int result = find_files(db, portfolio, &source, err);

    if (result == 0) {
        /* features.sql is checked as a request will see it, with the same messages */
        result = cr_engine_create(portfolio, &engine, err);
    }
    if (result == 0) {
        result = inspect_training(db, portfolio, &source, err);
    }
    if (result == 0) {
        result = prepare_book(db, portfolio, &source, &stmt, err);
    }
    if (result == 0) {
        result = add_columns(portfolio, source.has, &extract, err);
    }
    if (result == 0) {
        result = read_rows(stmt, portfolio, source.training->name, &extract, err);
    }
    if (result == 0) {
        result = settle_keys(&extract, err);
    }
    if (result != 0) {
        return result;
    }
    *ret_extract = extract;
    extract = (struct cr_extract){0};
    return 0;
}

void cr_extract_finish(struct cr_extract *extract)
{
    if (extract != NULL) {
        cr_frame_finish(&extract->frame);
        *extract = (struct cr_extract){0};
    }
}

int cr_extract_record(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                      size_t row, struct cr_arena *arena, struct cr_record *ret_record,
                      struct cr_error *err)
{
    struct cr_value *values = cr_arena_alloc_array(arena, portfolio->n_fields, sizeof(*values));

    if (values == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_levels *levels = &portfolio->fields[i].levels;
        struct cr_value *value = &values[i];
        ptrdiff_t level;

        *value = cr_frame_get(&extract->frame, row, extract->first_field + i);
        level = value->text != NULL ? cr_levels_index(levels, value->text) : -1;
        if (level >= 0) {
            value->text = levels->texts[level];
        }
    }
    ret_record->values = values;
    return 0;
}

void cr_extract_row(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                    size_t row, struct cr_value *values)
{
    for (size_t i = 0; i < portfolio->n_features; i++) {
        values[i] = cr_frame_get(&extract->frame, row, extract->first_feature + i);
    }
}
