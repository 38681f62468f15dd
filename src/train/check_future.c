// SPDX-License-Identifier: MIT
/* What an application's fields would have been on its own day: the book is cut at a few days, one
 * after the other, and the applications up to the cut are extracted again. A field that changes has
 * used rows from behind it. */
#include "check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

enum { N_CUTS = 3 };

/* ---- what lies behind a day ---- */

static const struct cr_table *find_table(const struct cr_portfolio *portfolio,
                                         const char *reference)
{
    size_t len = strcspn(reference, ".");
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        if (strncmp(portfolio->tables[i].name, reference, len) == 0 &&
            portfolio->tables[i].name[len] == '\0') {
            return &portfolio->tables[i];
        }
    }
    return NULL; /* the loader has checked that there is one */
}

static size_t count_dates(const struct cr_table *table)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        n += table->columns[i].type == CR_DATE;
    }
    return n;
}

/* Rows all of whose known dates lie behind the day, or whose parent does. */
static void put_condition(const struct cr_portfolio *portfolio, const struct cr_table *table,
                          const char *day, struct cr_strbuf *sql)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf known = CR_STRBUF_INIT;
    const char *separator = "";
    cr_strbuf_puts(sql, "(1 = 0");
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];
        if (column->type == CR_DATE) {
            cr_strbuf_puts(&known, separator);
            cr_db_quote(&known, column->name);
            separator = ", ";
        }
    }
    if (known.len > 0) {
        cr_strbuf_printf(sql, " OR (COALESCE(%s%s) IS NOT NULL", cr_strbuf_text(&known),
                         count_dates(table) == 1 ? ", NULL" : "");
        for (size_t i = 0; i < table->n_columns; i++) {
            if (table->columns[i].type == CR_DATE) {
                cr_strbuf_puts(sql, " AND (");
                cr_db_quote(sql, table->columns[i].name);
                cr_strbuf_puts(sql, " IS NULL OR ");
                cr_db_quote(sql, table->columns[i].name);
                cr_strbuf_printf(sql, " > '%s')", day);
            }
        }
        cr_strbuf_putc(sql, ')');
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *reference = table->columns[i].references;
        const struct cr_table *parent = reference != NULL ? find_table(portfolio, reference) : NULL;
        if (parent != NULL && parent < table) { /* parents come first: this ends */
            cr_strbuf_puts(sql, " OR ");
            cr_db_quote(sql, table->columns[i].name);
            cr_strbuf_puts(sql, " IN (SELECT ");
            cr_db_quote(sql, strchr(reference, '.') + 1);
            cr_strbuf_puts(sql, " FROM ");
            cr_db_quote(sql, parent->name);
            cr_strbuf_puts(sql, " WHERE ");
            put_condition(portfolio, parent, day, sql);
            cr_strbuf_putc(sql, ')');
        }
    }
    cr_strbuf_putc(sql, ')');
}

/* Children first. */
static int cut_book(struct cr_check *check, const char *day, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    const struct cr_portfolio *portfolio = check->portfolio;
    for (size_t i = portfolio->n_tables; i > 0; i--) {
        cr_strbuf_puts(&sql, "DELETE FROM ");
        cr_db_quote(&sql, portfolio->tables[i - 1].name);
        cr_strbuf_puts(&sql, " WHERE ");
        put_condition(portfolio, &portfolio->tables[i - 1], day, &sql);
        cr_strbuf_puts(&sql, ";\n");
    }
    int result = cr_strbuf_check(&sql, err);
    return result != 0 ? result : cr_db_exec(check->db, cr_strbuf_text(&sql), err);
}

/* ---- the same applications, before and after ---- */

static const char *day_of(const struct cr_extract *extract, size_t row)
{
    return cr_frame_get(&extract->frame, row, (size_t)extract->col_date).text;
}

static bool is_word(char c)
{
    return c == '_' || isalnum((unsigned char)c);
}

/* The last line of the text in which the name stands as a word, from 1; 0 when it does not. */
static size_t find_line(const struct cr_portfolio_file *file, const char *name)
{
    size_t len = strlen(name);
    size_t line = 1, found = 0;
    for (const char *c = file->data; *c != '\0'; c++) {
        line += *c == '\n';
        if (strncmp(c, name, len) == 0 && !is_word(c[len]) &&
            (c == file->data || !is_word(c[-1]))) {
            found = line;
        }
    }
    return found;
}

/* The text that was run: that of the engine, where it has one of its own. */
static const struct cr_portfolio_file *find_training(const struct cr_check *check)
{
    char name[64];
    (void)snprintf(name, sizeof name, "training.%s.sql",
                   cr_db_engine_name(check->db)); /* it fits */
    const struct cr_portfolio_file *own = cr_portfolio_find_file(check->portfolio, name);
    return own != NULL ? own : cr_portfolio_find_file(check->portfolio, "training.sql");
}

static bool differs(struct cr_value a, struct cr_value b)
{
    if (a.text != NULL && b.text != NULL) {
        return strcmp(a.text, b.text) != 0;
    }
    return cr_value_is_missing(a) != cr_value_is_missing(b) ||
           (!cr_value_is_missing(a) && a.number != b.number);
}

/* Whether both rows are of one application, as far as the book names its applications. */
static bool is_same_row(const struct cr_extract *before, size_t row, const struct cr_extract *after,
                        size_t other)
{
    return before->col_row < 0 || after->col_row < 0 ||
           !differs(cr_frame_get(&before->frame, row, (size_t)before->col_row),
                    cr_frame_get(&after->frame, other, (size_t)after->col_row));
}

/* In how many of the applications up to the day field i has changed. Both extracts have them in one
 * order; of those that the cut took away nothing is known. */
static size_t count_changed(const struct cr_extract *before, const struct cr_extract *after,
                            const char *day, size_t i)
{
    size_t n = 0;
    size_t other = 0;
    for (size_t row = 0; row < before->frame.n_rows && other < after->frame.n_rows; row++) {
        if (strcmp(day_of(before, row), day) <= 0 && is_same_row(before, row, after, other)) {
            n += differs(cr_frame_get(&before->frame, row, before->first_field + i),
                         cr_frame_get(&after->frame, other, after->first_field + i));
            other++;
        }
    }
    return n;
}

/* Tells each field once. */
static void compare(struct cr_check *check, const struct cr_extract *after, const char *day,
                    bool *told)
{
    const struct cr_portfolio *portfolio = check->portfolio;
    const struct cr_portfolio_file *training = find_training(check);
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const char *name = portfolio->fields[i].name;
        size_t n = told[i] ? 0 : count_changed(&check->extract, after, day, i);
        if (n > 0) {
            told[i] = true;
            cr_check_tell(check, training->name, find_line(training, name),
                          "'%s' of %zu application%s up to %s uses rows that are dated later: it "
                          "was not known on their day",
                          name, n, n == 1 ? "" : "s", day);
        }
    }
}

static int check_cut(struct cr_check *check, const char *day, bool *told, struct cr_error *err)
{
    CR_CLEANUP(cr_extract_finish) struct cr_extract after = {0};
    int result = cr_db_begin(check->db, err);
    if (result != 0) {
        return result;
    }
    result = cut_book(check, day, err);
    if (result == 0) {
        result = cr_extract_book(check->db, check->portfolio, &after, err);
    }
    cr_db_rollback(check->db);
    if (result == 0) {
        check->report.n_cuts++;
        compare(check, &after, day, told);
    }
    return result;
}

static int by_day(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether any table tells what came when; the one of a flat book has nothing but its own row. */
static bool has_dates(const struct cr_check *check)
{
    const struct cr_portfolio *portfolio = check->portfolio;
    if (portfolio->is_flat || check->extract.col_date < 0) {
        return false;
    }
    for (size_t row = 0; row < check->extract.frame.n_rows; row++) {
        if (day_of(&check->extract, row) == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        if (count_dates(&portfolio->tables[i]) > 0) {
            return true;
        }
    }
    return false;
}

int cr_check_future(struct cr_check *check, struct cr_error *err)
{
    const struct cr_extract *extract = &check->extract;
    size_t n_rows = extract->frame.n_rows;
    CR_CLEANUP(cr_freep) const char **days = calloc(n_rows, sizeof *days);
    CR_CLEANUP(cr_freep) bool *told = calloc(check->portfolio->n_fields, sizeof *told);
    int result = 0;
    if (days == NULL || told == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a check of %zu rows", n_rows);
    }
    if (!has_dates(check)) {
        return 0;
    }
    if (!check->may_write) {
        check->report.is_partial = true;
        return 0;
    }
    for (size_t row = 0; row < n_rows; row++) {
        days[row] = day_of(extract, row);
    }
    qsort(days, n_rows, sizeof *days, by_day);
    for (size_t i = 1; i <= N_CUTS && result == 0; i++) {
        result = check_cut(check, days[i * n_rows / (N_CUTS + 1)], told, err);
    }
    return result;
}
