// SPDX-License-Identifier: MIT
/* The table of a flat book. How it was made is kept beside it, so that a later import sees whether
 * application.yaml still describes the same table, whatever the engine. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "table.h"

/* The statement that made a table; its name is the key. */
#define MADE "creditrisk_flat_tables"

/* Behind the statement: a digest of how application.yaml said that cells are read. */
#define COMMENT " -- "

/* The table that a portfolio asks for. */
struct wanted {
    const char *portfolio;
    const char *name;
    const char *definition; /* the statement, with its comment … */
    size_t definition_len;  /* … and without */
    const char *advice;     /* what to do where there is one of another's */
};

/* The table that is there. */
struct made {
    bool exists;
    bool same_columns; /* as wanted */
    bool same_reading; /* or it is not known, as of one that was made before it was kept */
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

/* What becomes of a cell depends on more than the column's type. */
static void digest_reading(const struct cr_portfolio *portfolio, char ret_hex[CR_DIGEST_LEN])
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const struct cr_table *table = &portfolio->tables[0];

    for (size_t i = 0; i < portfolio->n_missing; i++) {
        cr_strbuf_printf(&text, "missing %s\n", portfolio->missing[i]);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];

        cr_strbuf_printf(&text, "column %s %.17g %.17g\n", column->header, column->min,
                         column->max);
        for (size_t j = 0; j < column->levels.n; j++) {
            cr_strbuf_printf(&text, "level %s\n", column->levels.texts[j]);
        }
        for (size_t j = 0; j < column->levels.n_aliases; j++) {
            cr_strbuf_printf(&text, "alias %zu %s\n", column->levels.alias_targets[j],
                             column->levels.alias_texts[j]);
        }
    }
    cr_digest_bytes(cr_strbuf_text(&text), text.len, ret_hex);
}

static void put_definition(const struct cr_table *table, struct cr_strbuf *sql)
{
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
    cr_strbuf_puts(sql, ")");
}

/* What the import keeps of the portfolio: the statement, and how rows are read as its comment. */
static int put_wanted(const struct cr_portfolio *portfolio, struct wanted *ret_wanted,
                      struct cr_strbuf *kept, struct cr_error *err)
{
    char reading[CR_DIGEST_LEN];
    int r;

    put_definition(&portfolio->tables[0], kept);
    ret_wanted->definition_len = kept->len;
    digest_reading(portfolio, reading);
    cr_strbuf_printf(kept, COMMENT "%s", reading);
    r = cr_strbuf_check(kept, err);
    if (r == 0) {
        ret_wanted->portfolio = portfolio->name;
        ret_wanted->name = portfolio->tables[0].name;
        ret_wanted->definition = cr_strbuf_text(kept);
    }
    return r;
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

static void compare(const struct wanted *wanted, const char *definition, struct made *made)
{
    size_t len = wanted->definition_len;
    bool begins = strncmp(definition, wanted->definition, len) == 0;
    bool ends = begins && definition[len] == '\0';

    made->exists = true;
    made->same_columns =
        ends || (begins && strncmp(definition + len, COMMENT, strlen(COMMENT)) == 0);
    made->same_reading = ends || strcmp(definition, wanted->definition) == 0;
}

/* Whether an import of this portfolio made the table, and how; one of another portfolio is
 * CR_EINVAL. */
static int find_made(struct cr_db *db, const struct wanted *wanted, struct made *ret_made,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    bool found = false;
    int r = cr_db_prepare(db, "SELECT definition, portfolio FROM " MADE " WHERE name = ?1", NULL,
                          &stmt, err);

    *ret_made = (struct made){0};
    if (r == 0) {
        r = cr_stmt_bind_text(stmt, 0, wanted->name, err);
    }
    if (r == 0) {
        r = cr_stmt_step(stmt, &found, err);
    }
    if (r == 0 && found && strcmp(cr_stmt_text(stmt, 1), wanted->portfolio) != 0) {
        return cr_error_set(err, CR_EINVAL, "table '%s' is that of the portfolio '%s': %s",
                            wanted->name, cr_stmt_text(stmt, 1), wanted->advice);
    }
    if (r == 0 && found) {
        compare(wanted, cr_stmt_text(stmt, 0), ret_made);
    }
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

/* All rows are about to be read anew, into the table that is there. */
static int keep_reading(struct cr_db *db, const struct wanted *wanted, struct cr_error *err)
{
    const char *const texts[] = {wanted->name, wanted->definition};

    return run(db, "UPDATE " MADE " SET definition = ?2 WHERE name = ?1", texts,
               CR_ARRAY_LEN(texts), err);
}

/* Makes the table as wanted where it is not, and counts the rows that go with one that was. */
static int settle(struct cr_db *db, const struct wanted *wanted, const struct made *made,
                  bool replace, int64_t *n_dropped, struct cr_error *err)
{
    int r = 0;

    if (made->same_columns) {
        return replace ? keep_reading(db, wanted, err) : 0;
    }
    if (made->exists && !replace) {
        return cr_error_set(err, CR_EINVAL,
                            "table '%s' was made from another application.yaml: --replace makes it "
                            "anew, without the rows that are there",
                            wanted->name);
    }
    if (made->exists) {
        r = cr_db_count(db, wanted->name, n_dropped, err);
        r = r == 0 ? drop(db, wanted->name, err) : r;
    }
    return r == 0 ? make(db, wanted, err) : r;
}

int cr_book_make_table(struct cr_db *db, const struct cr_portfolio *portfolio, bool replace,
                       const char *advice, int64_t *ret_n_dropped, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf kept = CR_STRBUF_INIT;
    struct wanted wanted = {.advice = advice};
    struct made made;
    int64_t n_dropped = 0;
    int r = put_wanted(portfolio, &wanted, &kept, err);

    if (r == 0) {
        r = cr_db_exec(db,
                       "CREATE TABLE IF NOT EXISTS " MADE
                       " (name TEXT NOT NULL PRIMARY KEY, portfolio TEXT NOT NULL,"
                       " definition TEXT NOT NULL)",
                       err);
    }
    if (r == 0) {
        r = find_made(db, &wanted, &made, err);
    }
    if (r == 0) {
        r = settle(db, &wanted, &made, replace, &n_dropped, err);
    }
    if (r == 0) {
        *ret_n_dropped = n_dropped;
    }
    return r;
}

int cr_table_is_outdated(struct cr_db *db, const struct cr_portfolio *portfolio, bool *ret_outdated,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf kept = CR_STRBUF_INIT;
    struct wanted wanted = {.advice = "no import of this portfolio has made it"};
    struct made made;
    int r = put_wanted(portfolio, &wanted, &kept, err);

    if (r == 0) {
        r = find_made(db, &wanted, &made, err);
    }
    if (r == 0) {
        *ret_outdated = made.exists && !made.same_reading;
    }
    return r;
}
