// SPDX-License-Identifier: MIT
/* Private to the PostgreSQL engine: db_postgres.c is the connection, transaction_postgres.c its
 * transactions, stmt_postgres.c the statements, cell_postgres.c what they return, copy_postgres.c
 * the bulk load, answer_postgres.c the waiting for the server, error_postgres.c its words.
 *
 * A connection that the server closed is made again before the next work outside a transaction;
 * inside one its loss is an error until somebody ends the transaction. `generation` counts the
 * connections: what was prepared on an older one is prepared again. */
#ifndef STORE_DB_POSTGRES_H
#define STORE_DB_POSTGRES_H

#include <libpq-fe.h>

#include "creditrisk/util/num.h"
#include "db_engine.h"

enum { CR_PG_STATE_LEN = 6 };

struct pg_stmt;

struct pg_db {
    struct cr_db base;
    PGconn *conn;
    char *schema; /* that holds; NULL: the user's own */
    unsigned generation;
    unsigned n_names;                /* that statements were given */
    bool began;                      /* a transaction, and nobody has ended it */
    bool undecided;                  /* nobody knows what became of the last one */
    int limit_ms;                    /* of an answer; 0: none */
    bool is_late;                    /* the server has not answered in time */
    struct pg_stmt *reading;         /* whose rows are on their way; NULL: none */
    char sqlstate[CR_PG_STATE_LEN];  /* of the last call, "" when it did not fail */
    enum cr_db_constraint violation; /* of the last call */
};

static inline struct pg_db *cr_pg_of(struct cr_db *db)
{
    return (struct pg_db *)db;
}

/* A parameter as text; NULL is NULL. */
struct pg_param {
    const char *text;
    char number[CR_NUM_LEN];
};

struct pg_stmt {
    struct cr_stmt base;
    struct pg_db *db;
    char *sql;  /* with $1, … for ?1, …; COPY … FROM STDIN of a bulk load */
    char *file; /* that an error in the text names */
    char name[16];
    unsigned generation;   /* of the connection that knows the name */
    PGresult *description; /* of the columns; NULL of a bulk load */
    size_t n_params;
    struct pg_param *params;
    size_t row_params; /* of a bulk load: parameters per row; else 0 */
    bool is_started;
    PGresult *row;    /* the current one */
    PGresult **saved; /* rows that another statement's start took over, from `next_saved` on */
    size_t n_saved;
    size_t next_saved;
    struct cr_error failure; /* that ended the taking over; told behind the saved rows */
};

/* Makes the connection good again if that is allowed and notes that a new call begins. */
int cr_pg_begin_call(struct pg_db *db, struct cr_error *err);

/* In a transaction a command that changes rows stands between these two, which undo it alone when
 * it fails; elsewhere they do nothing. `r` is what became of the command. */
int cr_pg_guard(struct pg_db *db, struct cr_error *err);
int cr_pg_unguard(struct pg_db *db, int r, struct cr_error *err);

/* Takes in the rows of the statement that is being read, so that another can run. What fails is
 * that statement's, which tells it when it gets there. */
void cr_pg_absorb(struct pg_db *db);

/* Tries to make the connection again, at least once and until that time. */
int cr_pg_reconnect(struct pg_db *db, int64_t until_ns, struct cr_error *err);

/* When patience ends that begins now (cr_clock_ns). */
int64_t cr_pg_patience(void);
void cr_pg_pause(int ms);

/* PQgetResult, which gives the server up when it does not answer in time (cr_db_limit_answers):
 * the connection is then lost. */
PGresult *cr_pg_next(struct pg_db *db);

/* What the server answers to what was just sent, its last result, as PQexec returns it: NULL when
 * it was not sent. */
PGresult *cr_pg_answer(struct pg_db *db, int is_sent);
PGresult *cr_pg_exec(struct pg_db *db, const char *sql);

/* Whether it begins a COPY from or to the client. */
bool cr_pg_is_copy(const PGresult *result);

/* One that returns no rows. */
int cr_pg_command(struct pg_db *db, const char *sql, struct cr_error *err);

/* Throws away whatever the server still has to say, and ends a COPY. */
void cr_pg_drain(struct pg_db *db);

/* 0 when the result is of that status. Takes the result. */
int cr_pg_expect(struct pg_db *db, PGresult *result, ExecStatusType status, struct cr_error *err);

/* Notes a failure for cr_pg_constraint and words it: CR_EDB; CR_EUNAVAIL when the connection is
 * gone. */
int cr_pg_refused(struct pg_db *db, const PGresult *result, struct cr_error *err);

/* The same for an error in a text, which it places as cr_sqlite_refused_at does. */
int cr_pg_refused_at(struct pg_db *db, const PGresult *result, const char *sql, const char *name,
                     struct cr_error *err);

enum cr_db_constraint cr_pg_constraint(const struct cr_db *base);

/* Transactions: members of cr_db_postgres. */
int cr_pg_begin(struct cr_db *base, struct cr_error *err);
int cr_pg_commit(struct cr_db *base, struct cr_error *err);
bool cr_pg_is_undecided(const struct cr_db *base);
void cr_pg_rollback(struct cr_db *base);
bool cr_pg_in_transaction(const struct cr_db *base);

/* Statements: members of cr_db_postgres. */
int cr_pg_prepare(struct cr_db *base, const char *sql, const char *name, struct cr_stmt **ret_stmt,
                  struct cr_error *err);
int cr_pg_prepare_rows(struct cr_db *base, const char *table, const char *columns, size_t n_columns,
                       size_t n_rows, struct cr_stmt **ret_stmt, struct cr_error *err);
void cr_pg_destroy(struct cr_stmt *base);
int cr_pg_bind_number(struct cr_stmt *base, size_t param, double number, struct cr_error *err);
int cr_pg_bind_int(struct cr_stmt *base, size_t param, int64_t number, struct cr_error *err);
int cr_pg_bind_text(struct cr_stmt *base, size_t param, const char *text, struct cr_error *err);
int cr_pg_bind_null(struct cr_stmt *base, size_t param, struct cr_error *err);
int cr_pg_step(struct cr_stmt *base, bool *ret_row, struct cr_error *err);
void cr_pg_reset(struct cr_stmt *base);
size_t cr_pg_n_columns(const struct cr_stmt *base);
const char *cr_pg_column_name(const struct cr_stmt *base, size_t column);
enum cr_db_type cr_pg_type(const struct cr_stmt *base, size_t column);
double cr_pg_number(const struct cr_stmt *base, size_t column);
int64_t cr_pg_int(const struct cr_stmt *base, size_t column);
const char *cr_pg_text(const struct cr_stmt *base, size_t column);

/* Sends the parameters of a bulk load as rows. */
int cr_pg_copy(struct pg_stmt *stmt, struct cr_error *err);

#endif
