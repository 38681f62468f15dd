// SPDX-License-Identifier: MIT
#include "relation.h"

#include <stdio.h>

#include "creditrisk/store/db.h"

/* The keys' names inside the statement; a field may have the same name as a key in training.sql. */
static const char *const key_columns[CR_RELATION_N_KEYS] = {
    [CR_RELATION_ROW] = "key row",         [CR_RELATION_CUSTOMER] = "key customer",
    [CR_RELATION_DATE] = "key date",       [CR_RELATION_TEST] = "key test",
    [CR_RELATION_OUTCOME] = "key outcome",
};

const char *cr_relation_key_name(const struct cr_portfolio *portfolio, enum cr_relation_key key)
{
    switch (key) {
    case CR_RELATION_ROW:
        return portfolio->key_row;
    case CR_RELATION_CUSTOMER:
        return portfolio->key_customer;
    case CR_RELATION_DATE:
        return portfolio->key_date;
    case CR_RELATION_TEST:
        return portfolio->key_test;
    case CR_RELATION_OUTCOME:
        return portfolio->outcome;
    case CR_RELATION_N_KEYS:
        break;
    }
    return NULL;
}

bool cr_relation_is_number(const struct cr_field *field)
{
    return field->type == CR_INT || field->type == CR_NUMBER || field->type == CR_BOOL;
}

const char *cr_relation_place(const struct cr_feature *feature, char place[CR_RELATION_PLACE_LEN])
{
    int len = snprintf(place, CR_RELATION_PLACE_LEN, "features.yaml");

    if (feature->line > 0) {
        (void)snprintf(place + len, CR_RELATION_PLACE_LEN - (size_t)len, ":%zu", feature->line);
    }
    return place;
}

int cr_relation_wrong_kind(const struct cr_feature *feature, struct cr_error *err)
{
    bool text = cr_feature_is_text(feature);
    char place[CR_RELATION_PLACE_LEN];

    return cr_error_at(err, CR_EPARSE, "features.sql", 0, 0,
                       "column '%s' gives a %s but %s says %s", feature->name,
                       text ? "number" : "text", cr_relation_place(feature, place),
                       text ? "ordinal or nominal" : "numeric or flag");
}

/* table."name", or "name" without a table */
static void put_column(const char *table, const char *name, struct cr_strbuf *out)
{
    if (table != NULL) {
        cr_strbuf_puts(out, table);
        cr_strbuf_putc(out, '.');
    }
    cr_db_quote(out, name);
}

static void put_next(const char *table, const char *name, struct cr_strbuf *out)
{
    cr_strbuf_puts(out, ", ");
    put_column(table, name, out);
}

/* Field i of the relation. `table` is where it comes from; NULL: parameter i + 1. A bool goes
 * through INTEGER because PostgreSQL knows no way from boolean to double precision. */
static void put_cast(const struct cr_field *field, size_t i, const char *table,
                     struct cr_strbuf *out)
{
    bool is_bool = field->type == CR_BOOL;

    cr_strbuf_puts(out, is_bool ? ", CAST(CAST(" : ", CAST(");
    if (table != NULL) {
        put_column(table, field->name, out);
    } else {
        cr_strbuf_printf(out, "?%zu", i + 1);
    }
    cr_strbuf_puts(out, is_bool ? " AS INTEGER)" : "");
    cr_strbuf_puts(out,
                   cr_relation_is_number(field) ? " AS DOUBLE PRECISION) AS " : " AS TEXT) AS ");
    put_column(NULL, field->name, out);
}

static void put_casts(const struct cr_portfolio *portfolio, const char *table,
                      struct cr_strbuf *out)
{
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        put_cast(&portfolio->fields[i], i, table, out);
    }
}

/* (text), the brackets on lines of their own, so that a comment at the text's end swallows none.
 * Returns where the text begins. */
static size_t put_text(const struct cr_portfolio_file *file, struct cr_strbuf *out)
{
    size_t start;

    cr_strbuf_puts(out, "(\n");
    start = out->len;
    cr_strbuf_append(out, file->data, file->len);
    cr_strbuf_puts(out, "\n)");
    return start;
}

void cr_relation_put_one(const struct cr_portfolio *portfolio,
                         const struct cr_portfolio_file *features, struct cr_strbuf *out,
                         size_t *ret_start)
{
    cr_strbuf_puts(out, "WITH application AS (SELECT 0 AS row_id");
    put_casts(portfolio, NULL, out);
    cr_strbuf_puts(out, "), features AS ");
    *ret_start = put_text(features, out);
    cr_strbuf_puts(out, "\nSELECT * FROM features");
}

/* cr_book: the applications with their row number, fields and keys. Kept (MATERIALIZED) because it
 * is read twice. */
static void put_book(const struct cr_portfolio *portfolio, const struct cr_portfolio_file *training,
                     const bool *has, struct cr_strbuf *out)
{
    cr_strbuf_puts(out, "cr_book AS MATERIALIZED (SELECT ROW_NUMBER() OVER () AS row_id");
    put_casts(portfolio, "raw", out);
    for (size_t key = 0; key < CR_RELATION_N_KEYS; key++) {
        if (has[key]) {
            cr_strbuf_puts(out, ", CAST(");
            put_column("raw", cr_relation_key_name(portfolio, key), out);
            cr_strbuf_printf(out, " AS TEXT) AS \"%s\"", key_columns[key]);
        }
    }
    cr_strbuf_puts(out, " FROM ");
    (void)put_text(training, out); /* its own faults were found when it was prepared alone */
    cr_strbuf_puts(out, " raw)");
}

/* `application` is known to features.sql only: training.sql may read a table of that name. The join
 * finds its rows through an index that SQLite makes for the statement, or a hash table in
 * PostgreSQL. */
void cr_relation_put_book(const struct cr_portfolio *portfolio,
                          const struct cr_portfolio_file *training,
                          const struct cr_portfolio_file *features, const bool *has,
                          struct cr_strbuf *out)
{
    cr_strbuf_puts(out, "WITH ");
    put_book(portfolio, training, has, out);
    cr_strbuf_puts(out, "\nSELECT b.row_id, f.row_id");
    for (size_t key = 0; key < CR_RELATION_N_KEYS; key++) {
        if (has[key]) {
            put_next("b", key_columns[key], out);
        }
    }
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        put_next("b", portfolio->fields[i].name, out);
    }
    for (size_t i = 0; i < portfolio->n_features; i++) {
        put_next("f", portfolio->features[i].name, out);
    }
    cr_strbuf_puts(out, "\nFROM cr_book b LEFT JOIN (WITH application AS (SELECT row_id");
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        put_next(NULL, portfolio->fields[i].name, out);
    }
    cr_strbuf_puts(out, " FROM cr_book), features AS ");
    (void)put_text(features, out);
    cr_strbuf_puts(out, " SELECT * FROM features) f ON f.row_id = b.row_id\nORDER BY b.row_id");
}
