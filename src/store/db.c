// SPDX-License-Identifier: MIT
#include "creditrisk/store/db.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/url.h"
#include "db_engine.h"

/* NULL: this build lacks its library. */
static const struct cr_db_ops *const engines[CR_URL_N_KINDS] = {
    [CR_URL_SQLITE] = &cr_db_sqlite,
#if CR_HAVE_POSTGRES
    [CR_URL_POSTGRES] = &cr_db_postgres,
#endif
};

static int answer_limit_ms;

void cr_db_limit_answers(int ms)
{
    answer_limit_ms = ms;
}

int cr_db_answer_limit(void)
{
    return answer_limit_ms;
}

int cr_db_open(const char *url, bool create, struct cr_db **ret_db, struct cr_error *err)
{
    enum cr_url_kind kind;
    int r = cr_url_read_kind(url, &kind, err);

    if (r != 0) {
        return r;
    }
    return engines[kind] != NULL
               ? engines[kind]->open(url, create, ret_db, err)
               : cr_url_refuse(url, "needs PostgreSQL's library, which this build lacks",
                               CR_EUNAVAIL, err);
}

int cr_db_make(const struct cr_db_ops *ops, size_t size, const char *name, struct cr_db **ret_db,
               struct cr_error *err)
{
    struct cr_db *db = calloc(1, size);
    char *copy = strdup(name);

    if (db == NULL || copy == NULL) {
        free(db);
        free(copy);
        return cr_error_no_memory(err);
    }
    db->ops = ops;
    db->name = copy;
    *ret_db = db;
    return 0;
}

void cr_db_free(struct cr_db *db)
{
    free(db->name);
    free(db);
}

void cr_db_unmake(struct cr_db *db)
{
    if (db != NULL && db->ops->unmake != NULL) {
        db->ops->unmake(db);
    }
}

void cr_db_close(struct cr_db *db)
{
    if (db != NULL) {
        db->ops->close(db);
    }
}

enum cr_db_engine cr_db_engine(const struct cr_db *db)
{
    return db->ops->engine;
}

const char *cr_db_engine_name(const struct cr_db *db)
{
    return db->ops->name;
}

int cr_db_exec(struct cr_db *db, const char *sql, struct cr_error *err)
{
    return db->ops->exec(db, sql, NULL, err);
}

int cr_db_exec_named(struct cr_db *db, const char *sql, const char *name, struct cr_error *err)
{
    return db->ops->exec(db, sql, name, err);
}

void cr_db_quote(struct cr_strbuf *sql, const char *name)
{
    cr_strbuf_putc(sql, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"') {
            cr_strbuf_putc(sql, '"');
        }
        cr_strbuf_putc(sql, *name);
    }
    cr_strbuf_putc(sql, '"');
}

int cr_db_begin(struct cr_db *db, struct cr_error *err)
{
    return db->ops->begin(db, err);
}

int cr_db_commit(struct cr_db *db, struct cr_error *err)
{
    return db->ops->commit(db, err);
}

bool cr_db_is_undecided(const struct cr_db *db)
{
    return db->ops->is_undecided != NULL && db->ops->is_undecided(db);
}

void cr_db_rollback(struct cr_db *db)
{
    if (db != NULL) {
        db->ops->rollback(db);
    }
}

int cr_db_use_schema(struct cr_db *db, const char *name, bool create, struct cr_error *err)
{
    return db->ops->use_schema(db, name, create, err);
}

enum cr_db_constraint cr_db_constraint(const struct cr_db *db)
{
    return db->ops->constraint(db);
}

bool cr_db_is_constraint(const struct cr_db *db)
{
    return db->ops->constraint(db) != CR_DB_NO_CONSTRAINT;
}

int cr_db_prepare(struct cr_db *db, const char *sql, const char *name, struct cr_stmt **ret_stmt,
                  struct cr_error *err)
{
    return db->ops->prepare(db, sql, name, ret_stmt, err);
}

void cr_stmt_destroy(struct cr_stmt *stmt)
{
    if (stmt != NULL) {
        stmt->ops->destroy(stmt);
    }
}

int cr_stmt_bind_number(struct cr_stmt *stmt, size_t param, double number, struct cr_error *err)
{
    return stmt->ops->bind_number(stmt, param, number, err);
}

int cr_stmt_bind_int(struct cr_stmt *stmt, size_t param, int64_t number, struct cr_error *err)
{
    return stmt->ops->bind_int(stmt, param, number, err);
}

int cr_stmt_bind_text(struct cr_stmt *stmt, size_t param, const char *text, struct cr_error *err)
{
    if (text == NULL) {
        return stmt->ops->bind_null(stmt, param, err);
    }
    return stmt->ops->bind_text(stmt, param, text, err);
}

int cr_stmt_bind_null(struct cr_stmt *stmt, size_t param, struct cr_error *err)
{
    return stmt->ops->bind_null(stmt, param, err);
}

int cr_stmt_step(struct cr_stmt *stmt, bool *ret_row, struct cr_error *err)
{
    return stmt->ops->step(stmt, ret_row, err);
}

static int put_insert(struct cr_strbuf *sql, const char *table, const char *columns,
                      size_t n_columns, size_t n_rows, struct cr_error *err)
{
    cr_strbuf_puts(sql, "INSERT INTO ");
    cr_db_quote(sql, table);
    cr_strbuf_printf(sql, " %s VALUES ", columns);
    for (size_t i = 0; i < n_rows * n_columns; i++) {
        cr_strbuf_puts(sql, i == 0 ? "(" : i % n_columns == 0 ? "), (" : ", ");
        cr_strbuf_printf(sql, "?%zu", i + 1);
    }
    cr_strbuf_puts(sql, ")");
    return cr_strbuf_check(sql, err);
}

int cr_db_prepare_insert(struct cr_db *db, const char *table, const char *const *columns,
                         size_t n_columns, size_t n_rows, struct cr_stmt **ret_stmt,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf list = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    for (size_t i = 0; i < n_columns; i++) {
        cr_strbuf_puts(&list, i == 0 ? "(" : ", ");
        cr_db_quote(&list, columns[i]);
    }
    cr_strbuf_puts(&list, ")");
    r = cr_strbuf_check(&list, err);
    if (r == 0 && n_rows > 1 && db->ops->prepare_rows != NULL) {
        return db->ops->prepare_rows(db, table, cr_strbuf_text(&list), n_columns, n_rows, ret_stmt,
                                     err);
    }
    if (r == 0) {
        r = put_insert(&sql, table, cr_strbuf_text(&list), n_columns, n_rows, err);
    }
    return r != 0 ? r : cr_db_prepare(db, cr_strbuf_text(&sql), table, ret_stmt, err);
}

size_t cr_db_rows_at_once(const struct cr_db *db)
{
    return db->ops->rows_at_once;
}

int cr_stmt_run(struct cr_stmt *stmt, struct cr_error *err)
{
    bool row = true;
    int r = 0;
    while (r == 0 && row) {
        r = stmt->ops->step(stmt, &row, err);
    }
    stmt->ops->reset(stmt);
    return r;
}

void cr_stmt_reset(struct cr_stmt *stmt)
{
    stmt->ops->reset(stmt);
}

size_t cr_stmt_n_columns(const struct cr_stmt *stmt)
{
    return stmt->ops->n_columns(stmt);
}

const char *cr_stmt_column_name(const struct cr_stmt *stmt, size_t column)
{
    return stmt->ops->column_name(stmt, column);
}

enum cr_db_type cr_stmt_type(const struct cr_stmt *stmt, size_t column)
{
    return stmt->ops->type(stmt, column);
}

bool cr_stmt_is_null(const struct cr_stmt *stmt, size_t column)
{
    return stmt->ops->type(stmt, column) == CR_DB_NULL;
}

double cr_stmt_number(const struct cr_stmt *stmt, size_t column)
{
    return stmt->ops->number(stmt, column);
}

int64_t cr_stmt_int(const struct cr_stmt *stmt, size_t column)
{
    return stmt->ops->integer(stmt, column);
}

const char *cr_stmt_text(const struct cr_stmt *stmt, size_t column)
{
    return stmt->ops->text(stmt, column);
}

int cr_db_read_int(struct cr_db *db, const char *sql, int64_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    bool row;
    int r = cr_db_prepare(db, sql, NULL, &stmt, err);

    if (r == 0) {
        r = cr_stmt_step(stmt, &row, err);
    }
    if (r == 0) {
        *ret_n = cr_stmt_int(stmt, 0);
    }
    return r;
}

int cr_db_count(struct cr_db *db, const char *table, int64_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    cr_strbuf_puts(&sql, "SELECT count(*) FROM ");
    cr_db_quote(&sql, table);
    r = cr_strbuf_check(&sql, err);
    return r != 0 ? r : cr_db_read_int(db, cr_strbuf_text(&sql), ret_n, err);
}

/* Runs an engine's own query about a table; *ret_stmt stands before its first row. */
static int ask_about(struct cr_db *db, const char *sql, const char *table,
                     struct cr_stmt **ret_stmt, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = cr_db_prepare(db, sql, NULL, &stmt, err);

    if (r == 0) {
        r = cr_stmt_bind_text(stmt, 0, table, err);
    }
    if (r == 0) {
        *ret_stmt = CR_STEAL(stmt);
    }
    return r;
}

int cr_db_has_table(struct cr_db *db, const char *table, bool *ret_has, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = ask_about(db, db->ops->find_table, table, &stmt, err);

    return r != 0 ? r : cr_stmt_step(stmt, ret_has, err);
}

/* Adds what drops things of a table and what makes them again, as the engine's query tells both. */
static int list_loose(struct cr_db *db, const char *query, const char *table,
                      struct cr_strbuf *drops, struct cr_strbuf *creates, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    bool row = true;
    int r = ask_about(db, query, table, &stmt, err);

    while (r == 0 && (r = cr_stmt_step(stmt, &row, err)) == 0 && row) {
        cr_strbuf_printf(drops, "%s;\n", cr_stmt_text(stmt, 0));
        cr_strbuf_printf(creates, "%s;\n", cr_stmt_text(stmt, 1));
    }
    return r;
}

int cr_db_begin_load(struct cr_db *db, const char *table, enum cr_db_load load, char **ret_sql,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf drops = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf creates = CR_STRBUF_INIT;
    char *sql;
    int r;

    if (!db->ops->in_transaction(db)) {
        return cr_error_set(err, CR_EDB, "'%s' is loaded inside a transaction, and there is none",
                            table);
    }
    r = list_loose(db, db->ops->loose_indexes, table, &drops, &creates, err);
    if (r == 0 && load == CR_LOAD_DEFERS_REFERENCES && db->ops->references != NULL) {
        r = list_loose(db, db->ops->references, table, &drops, &creates, err);
    }
    if (db->ops->after_load != NULL) {
        cr_strbuf_printf(&creates, "%s ", db->ops->after_load);
        cr_db_quote(&creates, table);
        cr_strbuf_puts(&creates, ";\n");
    }
    if (r == 0) {
        r = cr_strbuf_check(&drops, err);
    }
    if (r == 0) {
        r = cr_strbuf_check(&creates, err);
    }
    if (r == 0) {
        r = cr_db_exec(db, cr_strbuf_text(&drops), err);
    }
    if (r < 0) {
        return r;
    }
    sql = cr_strbuf_steal(&creates);
    if (sql == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_sql = sql;
    return 0;
}

void cr_db_one_line(const char *message, char *text, size_t size)
{
    size_t len = 0;

    for (const char *in = message; *in != '\0' && len + 1 < size; in++) {
        if (strchr(" \t\r\n", *in) == NULL) {
            text[len++] = *in;
        } else if (len > 0 && text[len - 1] != ' ') {
            text[len++] = ' ';
        }
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    text[len] = '\0';
}
