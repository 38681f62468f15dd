// SPDX-License-Identifier: MIT
#include "db_postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/url.h"

/* With a server that has gone away; pauses between the attempts to connect to it again. */
enum { PATIENCE_MS = 5000, FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 1600 };

/* Every connection: dates as the book has them; names and texts mean the same on every server;
 * sorts of a whole book in memory rather than on the disk; no machine code made for statements
 * whose expressions are many and cheap. A query ends with the program that asked it, and a session,
 * which may hold a lock, within about a minute when its machine is gone; of this older servers know
 * what pg_settings lists. */
static const char SETTINGS[] =
    "SET datestyle = ISO; SET timezone = UTC; SET standard_conforming_strings = on;"
    "SET client_min_messages = warning; SET work_mem = '64MB'; SET jit = off;"
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;"
    "SELECT set_config(name, CASE name WHEN 'tcp_user_timeout' THEN '60s' ELSE '1s' END, false)"
    " FROM pg_settings WHERE name IN ('client_connection_check_interval', 'tcp_user_timeout')";

static void db_close(struct cr_db *base)
{
    struct pg_db *db = cr_pg_of(base);

    PQfinish(db->conn);
    free(db->schema);
    cr_db_free(base);
}

/* Notices are not errors, and libpq would print them. */
static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static int cannot_connect(struct pg_db *db, struct cr_error *err)
{
    char message[300];

    cr_db_one_line(PQerrorMessage(db->conn), message, sizeof(message));
    return cr_error_set(err, CR_EUNAVAIL, "cannot open database '%s': %s", db->base.name, message);
}

static int apply_schema(struct pg_db *db, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    if (db->schema == NULL) {
        return 0;
    }
    cr_strbuf_puts(&sql, "SET search_path = ");
    cr_db_quote(&sql, db->schema);
    r = cr_strbuf_check(&sql, err);
    return r != 0 ? r
                  : cr_pg_expect(db, cr_pg_exec(db, cr_strbuf_text(&sql)), PGRES_COMMAND_OK, err);
}

/* What a new connection needs to be told. */
static int settle(struct pg_db *db, struct cr_error *err)
{
    char limit[48]; /* fits */
    int r;

    if (PQstatus(db->conn) != CONNECTION_OK) {
        return cannot_connect(db, err);
    }
    (void)PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    db->generation++;
    db->is_late = false;
    r = cr_pg_expect(db, cr_pg_exec(db, SETTINGS), PGRES_TUPLES_OK, err);
    if (r == 0 && db->limit_ms > 0) {
        (void)snprintf(limit, sizeof(limit), "SET statement_timeout = %d", db->limit_ms);
        r = cr_pg_command(db, limit, err);
    }
    return r != 0 ? r : apply_schema(db, err);
}

/* libpq's own message may repeat the address with its password. */
static int check_address(const struct pg_db *db, const char *url, struct cr_error *err)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);

    if (options == NULL) {
        return cr_error_set(err, CR_EINVAL,
                            "database '%s' is not of the form"
                            " postgresql://USER:PASSWORD@HOST:PORT/NAME?OPTION=VALUE",
                            db->base.name);
    }
    PQconninfoFree(options);
    return 0;
}

/* A server that does not answer is given up after seconds, not minutes; the address may say
 * otherwise, as what comes later counts. */
static PGconn *connect_to(const char *url)
{
    static const char *const keys[] = {
        "connect_timeout",  "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
        "dbname",           "client_encoding",  NULL};
    const char *const values[] = {"3", "5", "2", "3", "10000", "creditrisk", url, "UTF8", NULL};

    return PQconnectdbParams(keys, values, 1);
}

static int db_open(const char *url, bool create, struct cr_db **ret_db, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf shown = CR_STRBUF_INIT;
    CR_CLEANUP(cr_db_closep) struct cr_db *made = NULL;
    struct pg_db *db;
    int r;

    (void)create; /* a database is made by whoever runs the server */
    cr_url_put_masked(&shown, url);
    r = cr_strbuf_check(&shown, err);
    if (r == 0) {
        r = cr_db_make(&cr_db_postgres, sizeof(*db), cr_strbuf_text(&shown), &made, err);
    }
    if (r != 0) {
        return r;
    }
    db = cr_pg_of(made);
    db->limit_ms = cr_db_answer_limit();
    r = check_address(db, url, err);
    if (r == 0) {
        db->conn = connect_to(url);
        r = db->conn == NULL ? cr_error_no_memory(err) : settle(db, err);
    }
    if (r == 0) {
        *ret_db = CR_STEAL(made);
    }
    return r;
}

/* Whether the server has closed a connection that lay idle. */
static bool is_hung_up(PGconn *conn)
{
    struct pollfd socket = {PQsocket(conn), POLLIN, 0};

    while (PQstatus(conn) == CONNECTION_OK && poll(&socket, 1, 0) > 0) {
        if (PQconsumeInput(conn) == 0) {
            return true;
        }
    }
    return PQstatus(conn) != CONNECTION_OK;
}

void cr_pg_pause(int ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&time, NULL); /* a signal that ends it early does no harm */
}

int64_t cr_pg_patience(void)
{
    return cr_clock_ns() + (int64_t)PATIENCE_MS * 1000000;
}

int cr_pg_reconnect(struct pg_db *db, int64_t until_ns, struct cr_error *err)
{
    int pause = FIRST_PAUSE_MS;
    int r;

    for (;;) {
        PQreset(db->conn);
        r = settle(db, err);
        if (r == 0 || cr_clock_ns() + (int64_t)pause * 1000000 > until_ns) {
            return r;
        }
        cr_pg_pause(pause);
        pause = 2 * pause < LONGEST_PAUSE_MS ? 2 * pause : LONGEST_PAUSE_MS;
    }
}

int cr_pg_begin_call(struct pg_db *db, struct cr_error *err)
{
    cr_pg_absorb(db);
    db->sqlstate[0] = '\0';
    db->violation = CR_DB_NO_CONSTRAINT;
    return !db->began && is_hung_up(db->conn) ? cr_pg_reconnect(db, cr_pg_patience(), err) : 0;
}

int cr_pg_command(struct pg_db *db, const char *sql, struct cr_error *err)
{
    return cr_pg_expect(db, cr_pg_exec(db, sql), PGRES_COMMAND_OK, err);
}

int cr_pg_guard(struct pg_db *db, struct cr_error *err)
{
    return db->began ? cr_pg_command(db, "SAVEPOINT cr_guard", err) : 0;
}

int cr_pg_unguard(struct pg_db *db, int r, struct cr_error *err)
{
    if (!db->began || PQstatus(db->conn) != CONNECTION_OK) {
        return r;
    }
    if (r == 0 && PQtransactionStatus(db->conn) == PQTRANS_INTRANS) {
        return cr_pg_command(db, "RELEASE SAVEPOINT cr_guard", err);
    }
    if (PQtransactionStatus(db->conn) == PQTRANS_INERROR) {
        /* after the message of the failure, which stays; should this fail, so will what follows */
        PQclear(cr_pg_exec(db, "ROLLBACK TO SAVEPOINT cr_guard; RELEASE SAVEPOINT cr_guard"));
    }
    return r;
}

static int exec_text(struct pg_db *db, const char *sql, const char *name, struct cr_error *err)
{
    PGresult *result = cr_pg_exec(db, sql);
    ExecStatusType status = PQresultStatus(result);
    int r = 0;

    if (cr_pg_is_copy(result)) {
        r = cr_error_at(err, CR_EDB, name != NULL ? name : "sql", 0, 0,
                        "a COPY from or to the client has no place here");
        cr_pg_drain(db);
    } else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
               status != PGRES_EMPTY_QUERY) {
        r = cr_pg_refused_at(db, result, sql, name, err);
    }
    PQclear(result);
    return r;
}

static int db_exec(struct cr_db *base, const char *sql, const char *name, struct cr_error *err)
{
    struct pg_db *db = cr_pg_of(base);
    int r = cr_pg_begin_call(db, err);

    if (r == 0) {
        r = cr_pg_guard(db, err);
    }
    return r != 0 ? r : cr_pg_unguard(db, exec_text(db, sql, name, err), err);
}

static int has_schema(struct cr_db *base, const char *name, bool *ret_has, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = cr_pg_prepare(base, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?1", NULL,
                          &stmt, err);

    if (r == 0) {
        r = cr_pg_bind_text(stmt, 0, name, err);
    }
    return r != 0 ? r : cr_pg_step(stmt, ret_has, err);
}

static int create_schema(struct cr_db *base, const char *name, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    cr_strbuf_puts(&sql, "CREATE SCHEMA IF NOT EXISTS ");
    cr_db_quote(&sql, name);
    r = cr_strbuf_check(&sql, err);
    if (r == 0) {
        r = cr_pg_begin(base, err); /* its lock: two that create it at once would collide */
    }
    if (r != 0) {
        return r;
    }
    r = db_exec(base, cr_strbuf_text(&sql), NULL, err);
    if (r == 0) {
        return cr_pg_commit(base, err);
    }
    cr_pg_rollback(base);
    return r;
}

/* To create one that is there needs a right that its user may not have. */
static int use_schema(struct cr_db *base, const char *name, bool create, struct cr_error *err)
{
    struct pg_db *db = cr_pg_of(base);
    char *copy = strdup(name);
    bool has = false;
    int r;

    if (copy == NULL) {
        return cr_error_no_memory(err);
    }
    free(db->schema);
    db->schema = copy;
    r = apply_schema(db, err);
    if (r == 0 && create) {
        r = has_schema(base, name, &has, err);
    }
    return r == 0 && create && !has ? create_schema(base, name, err) : r;
}

const struct cr_db_ops cr_db_postgres = {
    .engine = CR_DB_POSTGRES,
    .name = "postgres",
    .rows_at_once = 1000,
    .find_table = "SELECT 1 FROM pg_catalog.pg_tables"
                  " WHERE schemaname = current_schema() AND tablename = ?1",
    .loose_indexes = "SELECT format('DROP INDEX %I', i.relname), pg_get_indexdef(x.indexrelid)"
                     " FROM pg_catalog.pg_index x"
                     " JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
                     " WHERE x.indrelid = to_regclass(quote_ident(?1))"
                     " AND NOT x.indisunique AND NOT x.indisexclusion ORDER BY i.relname",
    /* two thirds of a load of rows with two parents */
    .references = "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', CAST(?1 AS TEXT), conname),"
                  " format('ALTER TABLE %I ADD CONSTRAINT %I %s', CAST(?1 AS TEXT), conname,"
                  " pg_get_constraintdef(oid)) FROM pg_catalog.pg_constraint"
                  " WHERE conrelid = to_regclass(quote_ident(?1)) AND contype = 'f'"
                  " ORDER BY conname",
    .after_load = "ANALYZE",
    .open = db_open,
    .close = db_close,
    .use_schema = use_schema,
    .exec = db_exec,
    .begin = cr_pg_begin,
    .commit = cr_pg_commit,
    .is_undecided = cr_pg_is_undecided,
    .rollback = cr_pg_rollback,
    .in_transaction = cr_pg_in_transaction,
    .constraint = cr_pg_constraint,
    .prepare = cr_pg_prepare,
    .prepare_rows = cr_pg_prepare_rows,
    .destroy = cr_pg_destroy,
    .bind_number = cr_pg_bind_number,
    .bind_int = cr_pg_bind_int,
    .bind_text = cr_pg_bind_text,
    .bind_null = cr_pg_bind_null,
    .step = cr_pg_step,
    .reset = cr_pg_reset,
    .n_columns = cr_pg_n_columns,
    .column_name = cr_pg_column_name,
    .type = cr_pg_type,
    .number = cr_pg_number,
    .integer = cr_pg_int,
    .text = cr_pg_text,
};
