// SPDX-License-Identifier: MIT
/* The table of a flat book. How it was made is kept beside it, so that a later import sees whether
 * application.yaml still describes the same table, whatever the engine. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "table.h"

/* The statement that made a table; its name is the key. */
#define MADE "creditrisk_flat_tables"

/* The table that a portfolio asks for. */
struct wanted {
    const char *portfolio;
    const char *name;
    const char *definition;
    const char *advice; /* what to do where there is one of another's */
};

/* Types that both engines know. */
static const char *sql_type(enum cr_type type)
{
    switch (type) {
    case CR_INT:
    case CR_BOOL:
        return "BIGINT";
    case CR_NUMBER:
        return "DOUBLE PRECISION";
    case CR_ENUM:
    case CR_DATE:
    case CR_TEXT:
        break;
    }
    return "TEXT";
}

/* What a row becomes depends on more than the columns: on their names in the file, on the markers,
 * and on the words of the outcome. */
static void digest_reading(const struct cr_portfolio *portfolio, char ret_hex[CR_DIGEST_LEN])
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const struct cr_table *table = &portfolio->tables[0];

    for (size_t i = 0; i < portfolio->n_missing; i++) {
        cr_strbuf_printf(&text, "missing %s\n", portfolio->missing[i]);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];

        cr_strbuf_printf(&text, "column %s\n", column->header);
        for (size_t j = 0; column->type == CR_BOOL && j < column->levels.n_aliases; j++) {
            cr_strbuf_printf(&text, "%zu %s\n", column->levels.alias_targets[j],
                             column->levels.alias_texts[j]);
        }
    }
    cr_digest_bytes(cr_strbuf_text(&text), text.len, ret_hex);
}

/* The statement that makes the table, with how its rows are read in a comment. */
static int put_definition(const struct cr_portfolio *portfolio, struct cr_strbuf *sql,
                          struct cr_error *err)
{
    const struct cr_table *table = &portfolio->tables[0];
    char reading[CR_DIGEST_LEN];

    digest_reading(portfolio, reading);
    cr_strbuf_puts(sql, "CREATE TABLE ");
    cr_db_quote(sql, table->name);
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];

        cr_strbuf_puts(sql, i == 0 ? " (" : ", ");
        cr_db_quote(sql, column->name);
        cr_strbuf_printf(sql, " %s%s%s%s", sql_type(column->type),
                         column->nullable ? "" : " NOT NULL", column->key ? " PRIMARY KEY" : "",
                         column->unique ? " UNIQUE" : "");
    }
    cr_strbuf_printf(sql, ") -- %s", reading);
    return cr_strbuf_check(sql, err);
}

/* Runs one statement with n texts. */
static int run(struct cr_db *db, const char *sql, const char *const *texts, size_t n,
               struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = cr_db_prepare(db, sql, NULL, &stmt, err);

    for (size_t i = 0; i < n && r == 0; i++) {
        r = cr_stmt_bind_text(stmt, i, texts[i], err);
    }
    return r != 0 ? r : cr_stmt_run(stmt, err);
}

/* Whether an import of this portfolio made the table, and by this very definition; one of another
 * portfolio is CR_EINVAL. */
static int find_made(struct cr_db *db, const struct wanted *wanted, bool *ret_made, bool *ret_same,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = cr_db_prepare(db, "SELECT definition, portfolio FROM " MADE " WHERE name = ?1", NULL,
                          &stmt, err);

    if (r == 0) {
        r = cr_stmt_bind_text(stmt, 0, wanted->name, err);
    }
    if (r == 0) {
        r = cr_stmt_step(stmt, ret_made, err);
    }
    if (r == 0 && *ret_made && strcmp(cr_stmt_text(stmt, 1), wanted->portfolio) != 0) {
        return cr_error_set(err, CR_EINVAL, "table '%s' is that of the portfolio '%s': %s",
                            wanted->name, cr_stmt_text(stmt, 1), wanted->advice);
    }
    *ret_same = r == 0 && *ret_made && strcmp(cr_stmt_text(stmt, 0), wanted->definition) == 0;
    return r;
}

static int drop(struct cr_db *db, const char *name, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    cr_strbuf_puts(&sql, "DROP TABLE ");
    cr_db_quote(&sql, name);
    r = cr_strbuf_check(&sql, err);
    if (r == 0) {
        r = cr_db_exec(db, cr_strbuf_text(&sql), err);
    }
    return r != 0 ? r : run(db, "DELETE FROM " MADE " WHERE name = ?1", &name, 1, err);
}

static int make(struct cr_db *db, const struct wanted *wanted, struct cr_error *err)
{
    const char *const texts[] = {wanted->name, wanted->portfolio, wanted->definition};
    struct cr_error cause = {0};
    int r = cr_db_exec(db, wanted->definition, &cause);

    if (r != 0 && strstr(cause.message, "already exists") != NULL) {
        return cr_error_set(err, CR_EINVAL,
                            "there is a table '%s' that no import of a flat book has made: %s",
                            wanted->name, wanted->advice);
    }
    if (r != 0) {
        return cr_error_set(err, r, "%s", cause.message);
    }
    return run(db, "INSERT INTO " MADE " (name, portfolio, definition) VALUES (?1, ?2, ?3)", texts,
               CR_ARRAY_LEN(texts), err);
}

int cr_book_make_table(struct cr_db *db, const struct cr_portfolio *portfolio, bool replace,
                       const char *advice, int64_t *ret_n_dropped, struct cr_error *err)
{
    const struct cr_table *table = &portfolio->tables[0];
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf definition = CR_STRBUF_INIT;
    struct wanted wanted = {portfolio->name, table->name, NULL, advice};
    bool made = false;
    bool same = false;
    int64_t n_dropped = 0;
    int r;

    r = put_definition(portfolio, &definition, err);
    if (r == 0) {
        r = cr_db_exec(db,
                       "CREATE TABLE IF NOT EXISTS " MADE
                       " (name TEXT NOT NULL PRIMARY KEY, portfolio TEXT NOT NULL,"
                       " definition TEXT NOT NULL)",
                       err);
    }
    if (r == 0) {
        wanted.definition = cr_strbuf_text(&definition);
        r = find_made(db, &wanted, &made, &same, err);
    }
    if (r == 0 && made && !same && !replace) {
        return cr_error_set(err, CR_EINVAL,
                            "table '%s' was made from another application.yaml: --replace makes it "
                            "anew, without the rows that are there",
                            table->name);
    }
    if (r == 0 && made && !same) {
        r = cr_db_count(db, table->name, &n_dropped, err);
        r = r == 0 ? drop(db, table->name, err) : r;
    }
    if (r == 0 && !same) {
        r = make(db, &wanted, err);
    }
    if (r == 0) {
        *ret_n_dropped = n_dropped;
    }
    return r;
}

int cr_table_is_outdated(struct cr_db *db, const struct cr_portfolio *portfolio, bool *ret_outdated,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf definition = CR_STRBUF_INIT;
    bool made = false;
    bool same = false;
    int r = put_definition(portfolio, &definition, err);

    if (r == 0) {
        const struct wanted wanted = {portfolio->name, portfolio->tables[0].name,
                                      cr_strbuf_text(&definition),
                                      "no import of this portfolio has made it"};

        r = find_made(db, &wanted, &made, &same, err);
    }
    if (r == 0) {
        *ret_outdated = made && !same;
    }
    return r;
}
