// SPDX-License-Identifier: MIT
/* Store: one opaque connection and prepared statements. The engine behind it is SQLite or, in a
 * build with its library, PostgreSQL; callers depend on neither. A connection belongs to one thread
 * at a time. Parameters are written ?1, ?2, … and count from 0 here; columns count from 0.
 *
 * A PostgreSQL server may go away. Its calls then fail with CR_EUNAVAIL; outside a transaction the
 * next one tries for some seconds to connect again. */
#ifndef CREDITRISK_STORE_DB_H
#define CREDITRISK_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

struct cr_db;
struct cr_stmt;

enum cr_db_engine { CR_DB_SQLITE, CR_DB_POSTGRES };

/* What a refused row violated. */
enum cr_db_constraint {
    CR_DB_NO_CONSTRAINT, /* nothing: the store itself failed, or nothing did */
    CR_DB_UNIQUE,        /* a key that is there already */
    CR_DB_FOREIGN_KEY,   /* a parent that is not there, or a child that still is */
    CR_DB_NOT_NULL,
    CR_DB_CHECK, /* any other rule of the table, its columns' types included */
};

/* Opens "sqlite:PATH" (created with its folder when `create`; foreign keys on, durable
 * commits, busy timeout), "sqlite::memory:", or "postgresql://USER:PASSWORD@HOST:PORT/NAME" with
 * what else libpq knows of addresses. CR_EINVAL for another scheme, CR_ENOTFOUND when the file is
 * absent and !create, CR_EUNAVAIL when the server does not let us in or the build has no
 * PostgreSQL, CR_EDB. Yours: cr_db_close, after its statements. */
int cr_db_open(const char *url, bool create, struct cr_db **ret_db, struct cr_error *err);
void cr_db_close(struct cr_db *db);

/* Takes back what opening has created, for the caller has had no use for it: the file of an SQLite
 * database, while it still holds nothing, and its folders, while they are empty. What was there
 * before stays, and so does all of another engine. Only cr_db_close comes behind it. */
void cr_db_unmake(struct cr_db *db);

/* For all databases that this process opens from now on; called before it has a second thread.
 * A server that lets a query wait for longer than so many milliseconds counts as gone away
 * (CR_EUNAVAIL), and drops the query. 0, as at first: it is waited for, as work on a whole book
 * takes its time. */
void cr_db_limit_answers(int ms);

static inline void cr_db_closep(struct cr_db **db)
{
    cr_db_close(*db);
}

enum cr_db_engine cr_db_engine(const struct cr_db *db);

/* "sqlite" or "postgres": the name of the migrations' folder. Static. */
const char *cr_db_engine_name(const struct cr_db *db);

/* From now on names mean the tables of that schema alone, which is made if need be when `create`.
 * For tables that may share a server with the loan book; a file of SQLite has no schemas. */
int cr_db_use_schema(struct cr_db *db, const char *name, bool create, struct cr_error *err);

/* Appends name as an SQL identifier: in double quotes. */
void cr_db_quote(struct cr_strbuf *sql, const char *name);

/* Runs one or several statements without parameters. A failure names the place in sql, as
 * cr_db_prepare does; without a transaction around them, what ran before it may stay done. */
int cr_db_exec(struct cr_db *db, const char *sql, struct cr_error *err);

/* A transaction; they do not nest, and wait for each other some seconds (CR_EDB beyond): what one
 * has read still holds when it writes. Rolling back without one is success. Where the database ends
 * one by itself, as for a trigger's RAISE(ROLLBACK), or a text of cr_db_exec does, every call fails
 * until it is rolled back.
 *
 * A server that goes away while it commits is asked, once it is back, whether it did: 0 means that
 * it has, CR_EUNAVAIL that nothing was committed. One that is still at it after some seconds, as
 * when the COMMIT never reached it, is told to end the transaction, and asked again. Should it stay
 * away for some seconds or not end it, nobody knows, and cr_db_is_undecided says so until the next
 * transaction begins.
 *
 * Whoever answers is believed. Behind an address that may lead to another server (several hosts, a
 * failover) that one must have all that the first has committed: a standby that replicates
 * asynchronously may say that nothing was committed, and the first that it was. */
int cr_db_begin(struct cr_db *db, struct cr_error *err);
int cr_db_commit(struct cr_db *db, struct cr_error *err);
bool cr_db_is_undecided(const struct cr_db *db);
void cr_db_rollback(struct cr_db *db);

/* Prepares one statement; yours: cr_stmt_destroy. `name` (a file; NULL means "sql") precedes an
 * error in the text, with line and column counted in sql where the engine tells the place. */
int cr_db_prepare(struct cr_db *db, const char *sql, const char *name, struct cr_stmt **ret_stmt,
                  struct cr_error *err);

/* An INSERT of n_rows rows at once; parameter r × n_columns + c is column c of row r. *ret_stmt is
 * yours and has no other use. cr_db_rows_at_once is the number of rows that the engine takes best.
 */
int cr_db_prepare_insert(struct cr_db *db, const char *table, const char *const *columns,
                         size_t n_columns, size_t n_rows, struct cr_stmt **ret_stmt,
                         struct cr_error *err);
size_t cr_db_rows_at_once(const struct cr_db *db);

void cr_stmt_destroy(struct cr_stmt *stmt);

static inline void cr_stmt_destroyp(struct cr_stmt **stmt)
{
    cr_stmt_destroy(*stmt);
}

/* Binds until the next cr_stmt_reset. A NaN number is bound as NULL. Texts must live until the
 * statement is reset. */
int cr_stmt_bind_number(struct cr_stmt *stmt, size_t param, double number, struct cr_error *err);
int cr_stmt_bind_int(struct cr_stmt *stmt, size_t param, int64_t number, struct cr_error *err);
int cr_stmt_bind_text(struct cr_stmt *stmt, size_t param, const char *text, struct cr_error *err);
int cr_stmt_bind_null(struct cr_stmt *stmt, size_t param, struct cr_error *err);

/* Moves to the next row: *ret_row says whether there is one. */
int cr_stmt_step(struct cr_stmt *stmt, bool *ret_row, struct cr_error *err);

/* A statement that returns no rows: step to its end and reset. */
int cr_stmt_run(struct cr_stmt *stmt, struct cr_error *err);

/* Ready to be stepped again; keeps no bindings. */
void cr_stmt_reset(struct cr_stmt *stmt);

/* What a cell is. Bytes count as a text. */
enum cr_db_type { CR_DB_NULL, CR_DB_NUMBER, CR_DB_TEXT };

/* The current row; names and number of columns are known before the first. Its types are asked
 * before its cells are read. NULL reads as NaN, 0 and NULL; texts are borrowed until the next step,
 * reset or reading of the same column as another type. */
size_t cr_stmt_n_columns(const struct cr_stmt *stmt);
const char *cr_stmt_column_name(const struct cr_stmt *stmt, size_t column);
enum cr_db_type cr_stmt_type(const struct cr_stmt *stmt, size_t column);
bool cr_stmt_is_null(const struct cr_stmt *stmt, size_t column);
double cr_stmt_number(const struct cr_stmt *stmt, size_t column);
int64_t cr_stmt_int(const struct cr_stmt *stmt, size_t column);
const char *cr_stmt_text(const struct cr_stmt *stmt, size_t column);

/* Whether an error of the last call was a constraint (a bad row) rather than a failure of the
 * store, and which. The statement left nothing behind and the transaction goes on; the message is
 * the engine's. */
bool cr_db_is_constraint(const struct cr_db *db);
enum cr_db_constraint cr_db_constraint(const struct cr_db *db);

/* The first cell of what a query answers with one row, as cr_stmt_int reads it. */
int cr_db_read_int(struct cr_db *db, const char *sql, int64_t *ret_n, struct cr_error *err);

/* Number of rows of a table; CR_EDB when there is no such table. */
int cr_db_count(struct cr_db *db, const char *table, int64_t *ret_n, struct cr_error *err);

/* What becomes of a table's references while it is loaded: each row is looked at as always; or,
 * where the engine gains by that, all of them at the end, for rows whose parents are known to be
 * there. */
enum cr_db_load { CR_LOAD_KEEPS_REFERENCES, CR_LOAD_DEFERS_REFERENCES };

/* Makes a table ready for a bulk load, inside a transaction (CR_EDB without one): drops its indexes
 * that hold no constraint, and the references that are deferred. *ret_sql, to be run behind the
 * load, makes everything again, fails for a row without its parent and lets the engine look at what
 * the table now holds ("" when there is nothing to do); it is yours: free. */
int cr_db_begin_load(struct cr_db *db, const char *table, enum cr_db_load load, char **ret_sql,
                     struct cr_error *err);

#endif
