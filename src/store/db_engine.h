// SPDX-License-Identifier: MIT
/* Private to store/: what an engine must be able to do. An engine is one file with one static
 * table; db.c finds it by the URL's scheme and forwards. An engine's own structs begin with the two
 * below. */
#ifndef STORE_DB_ENGINE_H
#define STORE_DB_ENGINE_H

#include "creditrisk/store/db.h"

/* Every member is there unless it is called optional. The functions keep the promises of store/db.h
 * and two more: open receives the whole URL; a violated constraint undoes its one statement and
 * leaves the transaction usable. */
struct cr_db_ops {
    enum cr_db_engine engine;
    const char *name;       /* of the migrations' folder */
    size_t rows_at_once;    /* that one INSERT takes best */
    const char *find_table; /* a row if there is a table ?1 */
    /* What table ?1 can do without for a while, as two statements that drop it and make it again:
     * its indexes that hold no constraint; optional: its references, where a check of each row
     * costs much. */
    const char *loose_indexes;
    const char *references;
    const char *after_load; /* optional: command for a table that was filled, without its name */

    int (*open)(const char *url, bool create, struct cr_db **ret_db, struct cr_error *err);
    void (*close)(struct cr_db *db);
    void (*unmake)(struct cr_db *db); /* optional: opening creates nothing */
    int (*use_schema)(struct cr_db *db, const char *name, bool create, struct cr_error *err);
    int (*exec)(struct cr_db *db, const char *sql, const char *name, struct cr_error *err);
    int (*begin)(struct cr_db *db, struct cr_error *err);
    int (*commit)(struct cr_db *db, struct cr_error *err);
    bool (*is_undecided)(const struct cr_db *db); /* optional: never */
    void (*rollback)(struct cr_db *db);
    bool (*in_transaction)(const struct cr_db *db);
    enum cr_db_constraint (*constraint)(const struct cr_db *db);

    int (*prepare)(struct cr_db *db, const char *sql, const char *name, struct cr_stmt **ret_stmt,
                   struct cr_error *err);
    /* Optional: an INSERT of several rows that is faster than the statement; `columns` are those of
     * the table, in brackets. */
    int (*prepare_rows)(struct cr_db *db, const char *table, const char *columns, size_t n_columns,
                        size_t n_rows, struct cr_stmt **ret_stmt, struct cr_error *err);
    void (*destroy)(struct cr_stmt *stmt);
    int (*bind_number)(struct cr_stmt *stmt, size_t param, double number, struct cr_error *err);
    int (*bind_int)(struct cr_stmt *stmt, size_t param, int64_t number, struct cr_error *err);
    int (*bind_text)(struct cr_stmt *stmt, size_t param, const char *text, struct cr_error *err);
    int (*bind_null)(struct cr_stmt *stmt, size_t param, struct cr_error *err);
    int (*step)(struct cr_stmt *stmt, bool *ret_row, struct cr_error *err);
    void (*reset)(struct cr_stmt *stmt);

    size_t (*n_columns)(const struct cr_stmt *stmt);
    const char *(*column_name)(const struct cr_stmt *stmt, size_t column);
    enum cr_db_type (*type)(const struct cr_stmt *stmt, size_t column);
    double (*number)(const struct cr_stmt *stmt, size_t column);
    int64_t (*integer)(const struct cr_stmt *stmt, size_t column);
    const char *(*text)(const struct cr_stmt *stmt, size_t column);
};

struct cr_db {
    const struct cr_db_ops *ops;
    char *name; /* in messages: the file, or the address without its password */
};

struct cr_stmt {
    const struct cr_db_ops *ops;
};

extern const struct cr_db_ops cr_db_sqlite;
extern const struct cr_db_ops cr_db_postgres; /* in a build that has libpq */

/* An engine's connection of that size, zeroed but for what all have; the engine's close ends with
 * cr_db_free. */
int cr_db_make(const struct cr_db_ops *ops, size_t size, const char *name, struct cr_db **ret_db,
               struct cr_error *err);
void cr_db_free(struct cr_db *db);

/* What cr_db_limit_answers has said: for an engine to keep when it opens. */
int cr_db_answer_limit(void);

/* An engine's message on one line, cut to size; some quote SQL with its line breaks. */
void cr_db_one_line(const char *message, char *text, size_t size);

/* As cr_db_exec; an error of the engine is preceded by name:line:column of the statement. */
int cr_db_exec_named(struct cr_db *db, const char *sql, const char *name, struct cr_error *err);

int cr_db_has_table(struct cr_db *db, const char *table, bool *ret_has, struct cr_error *err);

#endif
