// SPDX-License-Identifier: MIT
/* Statements are prepared on the server; parameters travel as text. Rows come one at a time. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "db_postgres.h"

static struct pg_stmt *of_stmt(struct cr_stmt *stmt)
{
    return (struct pg_stmt *)stmt;
}

/* ---- the text ---- */

/* Length of what stands at sql and holds no parameter: a blank, a comment, a text or a name in
 * quotes; 0 when something else stands there. */
static size_t skip(const char *sql)
{
    const char *end = NULL;

    if (strchr(" \t\r\n", *sql) != NULL) {
        return 1;
    }
    if (strncmp(sql, "--", 2) == 0) {
        return strcspn(sql, "\n");
    }
    if (sql[0] == '/' && sql[1] == '*') {
        end = strstr(sql + 2, "*/");
        return end != NULL ? (size_t)(end + 2 - sql) : strlen(sql);
    }
    if (*sql == '\'' || *sql == '"') {
        end = strchr(sql + 1, *sql); /* a doubled quote: as if another text followed */
        return end != NULL ? (size_t)(end + 1 - sql) : strlen(sql);
    }
    return 0;
}

/* Copies sql with $1 for ?1: of the same length, so that places stay. Whether there is anything but
 * blanks and comments. */
static bool translate(char *sql)
{
    bool has_statement = false;

    while (*sql != '\0') {
        size_t len = skip(sql);

        if (len == 0 || *sql == '\'' || *sql == '"') {
            has_statement |= *sql != ';';
        }
        if (*sql == '?' && sql[1] >= '0' && sql[1] <= '9') {
            *sql = '$';
        }
        sql += len > 0 ? len : 1;
    }
    return has_statement;
}

/* ---- preparing ---- */

static int describe(struct pg_stmt *stmt, struct cr_error *err)
{
    struct pg_db *db = stmt->db;
    PGresult *result = cr_pg_answer(db, PQsendPrepare(db->conn, stmt->name, stmt->sql, 0, NULL));

    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        int r = cr_pg_refused_at(db, result, stmt->sql, stmt->file, err);

        PQclear(result);
        return r;
    }
    PQclear(result);
    result = cr_pg_answer(db, PQsendDescribePrepared(db->conn, stmt->name));
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        return cr_pg_expect(db, result, PGRES_COMMAND_OK, err);
    }
    PQclear(stmt->description);
    stmt->description = result;
    stmt->generation = db->generation;
    return 0;
}

/* On the connection as it is now. A statement that is refused must not end the transaction. */
static int prepare_now(struct pg_stmt *stmt, struct cr_error *err)
{
    int r = cr_pg_guard(stmt->db, err);

    return r != 0 ? r : cr_pg_unguard(stmt->db, describe(stmt, err), err);
}

static int allocate_params(struct pg_stmt *stmt, size_t n, struct cr_error *err)
{
    stmt->n_params = n;
    stmt->params = calloc(n + 1, sizeof(*stmt->params));
    return stmt->params != NULL ? 0 : cr_error_no_memory(err);
}

static struct pg_stmt *new_stmt(struct pg_db *db, const char *sql, const char *name)
{
    struct pg_stmt *stmt = calloc(1, sizeof(*stmt));

    if (stmt == NULL) {
        return NULL;
    }
    *stmt = (struct pg_stmt){
        .base = {&cr_db_postgres},
        .db = db,
        .sql = strdup(sql),
        .file = strdup(name != NULL ? name : "sql"),
    };
    (void)snprintf(stmt->name, sizeof(stmt->name), "cr_%u", db->n_names++); /* it fits */
    if (stmt->sql == NULL || stmt->file == NULL) {
        cr_pg_destroy(&stmt->base);
        return NULL;
    }
    return stmt;
}

int cr_pg_prepare(struct cr_db *base, const char *sql, const char *name, struct cr_stmt **ret_stmt,
                  struct cr_error *err)
{
    struct pg_db *db = (struct pg_db *)base;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *made = NULL;
    struct pg_stmt *stmt = new_stmt(db, sql, name);
    int r;

    if (stmt == NULL) {
        return cr_error_no_memory(err);
    }
    made = &stmt->base;
    r = cr_pg_begin_call(db, err);
    if (r == 0 && !translate(stmt->sql)) {
        r = cr_error_at(err, CR_EDB, stmt->file, 0, 0, "there is no statement");
    }
    if (r == 0) {
        r = prepare_now(stmt, err);
    }
    if (r == 0) {
        r = allocate_params(stmt, (size_t)PQnparams(stmt->description), err);
    }
    if (r == 0) {
        *ret_stmt = CR_STEAL(made);
    }
    return r;
}

int cr_pg_prepare_rows(struct cr_db *base, const char *table, const char *columns, size_t n_columns,
                       size_t n_rows, struct cr_stmt **ret_stmt, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *made = NULL;
    struct pg_stmt *stmt;
    int r;

    cr_strbuf_puts(&sql, "COPY ");
    cr_db_quote(&sql, table);
    cr_strbuf_printf(&sql, " %s FROM STDIN", columns);
    r = cr_strbuf_check(&sql, err);
    if (r != 0) {
        return r;
    }
    stmt = new_stmt((struct pg_db *)base, cr_strbuf_text(&sql), table);
    if (stmt == NULL) {
        return cr_error_no_memory(err);
    }
    made = &stmt->base;
    stmt->row_params = n_columns;
    r = allocate_params(stmt, n_rows * n_columns, err);
    if (r == 0) {
        *ret_stmt = CR_STEAL(made);
    }
    return r;
}

static void clear_rows(struct pg_stmt *stmt)
{
    PQclear(stmt->row);
    stmt->row = NULL;
    for (size_t i = stmt->next_saved; i < stmt->n_saved; i++) {
        PQclear(stmt->saved[i]);
    }
    stmt->n_saved = stmt->next_saved = 0;
    stmt->failure = (struct cr_error){0};
}

/* Rows that nobody wants any more. */
static void stop_reading(struct pg_stmt *stmt)
{
    if (stmt->db->reading == stmt) {
        stmt->db->reading = NULL;
        cr_pg_drain(stmt->db);
    }
}

void cr_pg_destroy(struct cr_stmt *base)
{
    struct pg_stmt *stmt = of_stmt(base);
    struct pg_db *db = stmt->db;
    char command[32];

    stop_reading(stmt);
    clear_rows(stmt);
    if (stmt->description != NULL && stmt->generation == db->generation && db->reading == NULL &&
        PQtransactionStatus(db->conn) <= PQTRANS_INTRANS) {
        (void)snprintf(command, sizeof(command), "DEALLOCATE %s", stmt->name);
        PQclear(cr_pg_exec(db, command)); /* else it goes with the connection */
    }
    PQclear(stmt->description);
    free(stmt->saved);
    free(stmt->params);
    free(stmt->sql);
    free(stmt->file);
    free(stmt);
}

/* ---- parameters ---- */

static int find_param(struct pg_stmt *stmt, size_t param, struct cr_error *err)
{
    return param < stmt->n_params
               ? 0
               : cr_error_set(err, CR_EDB, "there is no parameter %zu in a statement with %zu",
                              param + 1, stmt->n_params);
}

int cr_pg_bind_text(struct cr_stmt *base, size_t param, const char *text, struct cr_error *err)
{
    struct pg_stmt *stmt = of_stmt(base);
    int r = find_param(stmt, param, err);

    if (r == 0) {
        stmt->params[param].text = text;
    }
    return r;
}

int cr_pg_bind_null(struct cr_stmt *base, size_t param, struct cr_error *err)
{
    return cr_pg_bind_text(base, param, NULL, err);
}

int cr_pg_bind_number(struct cr_stmt *base, size_t param, double number, struct cr_error *err)
{
    struct pg_stmt *stmt = of_stmt(base);
    int r = find_param(stmt, param, err);

    if (r != 0 || isnan(number)) {
        return r != 0 ? r : cr_pg_bind_null(base, param, err);
    }
    (void)cr_num_format(number, stmt->params[param].number);
    return cr_pg_bind_text(base, param, stmt->params[param].number, err);
}

int cr_pg_bind_int(struct cr_stmt *base, size_t param, int64_t number, struct cr_error *err)
{
    struct pg_stmt *stmt = of_stmt(base);
    int r = find_param(stmt, param, err);

    if (r != 0) {
        return r;
    }
    (void)snprintf(stmt->params[param].number, CR_NUM_LEN, "%" PRId64, number); /* it fits */
    return cr_pg_bind_text(base, param, stmt->params[param].number, err);
}

/* ---- rows ---- */

static int send(struct pg_stmt *stmt, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) const char **values = calloc(stmt->n_params + 1, sizeof(*values));
    struct pg_db *db = stmt->db;

    if (values == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < stmt->n_params; i++) {
        values[i] = stmt->params[i].text;
    }
    if (PQsendQueryPrepared(db->conn, stmt->name, (int)stmt->n_params, values, NULL, NULL, 0) ==
        0) {
        return cr_pg_refused(db, NULL, err);
    }
    (void)PQsetSingleRowMode(db->conn); /* fails only for misuse */
    db->reading = stmt;
    return 0;
}

/* The next row that the server sends into stmt->row, which is NULL behind the last. */
static int receive(struct pg_stmt *stmt, struct cr_error *err)
{
    struct pg_db *db = stmt->db;
    PGresult *result = cr_pg_next(db);
    ExecStatusType status = PQresultStatus(result);
    int r = 0;

    if (status == PGRES_SINGLE_TUPLE) {
        stmt->row = result;
        return 0;
    }
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        r = cr_pg_refused(db, result, err);
    }
    PQclear(result);
    stop_reading(stmt);
    return r;
}

/* The next row, saved or sent. */
static int fetch(struct pg_stmt *stmt, struct cr_error *err)
{
    PQclear(stmt->row);
    stmt->row = NULL;
    if (stmt->next_saved < stmt->n_saved) {
        stmt->row = stmt->saved[stmt->next_saved++];
        return 0;
    }
    if (stmt->failure.code != 0) {
        return cr_error_set(err, stmt->failure.code, "%s", stmt->failure.message);
    }
    return stmt->db->reading == stmt ? receive(stmt, err) : 0;
}

/* What returns rows changes none, so that it needs no guard. */
static bool changes_rows(const struct pg_stmt *stmt)
{
    return PQnfields(stmt->description) == 0;
}

static int start(struct pg_stmt *stmt, struct cr_error *err)
{
    struct pg_db *db = stmt->db;
    int r = cr_pg_begin_call(db, err);

    if (r == 0 && stmt->row_params > 0) {
        r = cr_pg_guard(db, err);
        return r != 0 ? r : cr_pg_unguard(db, cr_pg_copy(stmt, err), err);
    }
    if (r == 0 && stmt->generation != db->generation) {
        r = prepare_now(stmt, err);
    }
    if (r == 0 && changes_rows(stmt)) {
        r = cr_pg_guard(db, err);
    }
    if (r != 0) {
        return r;
    }
    r = send(stmt, err);
    if (r == 0) {
        r = fetch(stmt, err);
    }
    return changes_rows(stmt) ? cr_pg_unguard(db, r, err) : r;
}

int cr_pg_step(struct cr_stmt *base, bool *ret_row, struct cr_error *err)
{
    struct pg_stmt *stmt = of_stmt(base);
    int r;

    if (stmt->is_started) {
        r = fetch(stmt, err);
    } else {
        stmt->is_started = true;
        r = start(stmt, err);
    }
    if (r == 0) {
        *ret_row = stmt->row != NULL;
    }
    return r;
}

void cr_pg_reset(struct cr_stmt *base)
{
    struct pg_stmt *stmt = of_stmt(base);

    stop_reading(stmt);
    clear_rows(stmt);
    stmt->is_started = false;
    for (size_t i = 0; i < stmt->n_params; i++) {
        stmt->params[i].text = NULL;
    }
}

/* Keeps one more row for later. */
static int save(struct pg_stmt *stmt, PGresult *row, struct cr_error *err)
{
    PGresult **saved = reallocarray(stmt->saved, stmt->n_saved + 1, sizeof(*saved));

    if (saved == NULL) {
        PQclear(row);
        return cr_error_no_memory(err);
    }
    stmt->saved = saved;
    stmt->saved[stmt->n_saved++] = row;
    return 0;
}

void cr_pg_absorb(struct pg_db *db)
{
    struct pg_stmt *stmt = db->reading;
    PGresult *row;
    int r = 0;

    if (stmt == NULL) {
        return;
    }
    row = CR_STEAL(stmt->row); /* it stays the current one */
    while (r == 0 && db->reading == stmt) {
        r = receive(stmt, &stmt->failure);
        if (r == 0 && stmt->row != NULL) {
            r = save(stmt, CR_STEAL(stmt->row), &stmt->failure);
        }
    }
    stop_reading(stmt);
    stmt->row = row;
}
