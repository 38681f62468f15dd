// SPDX-License-Identifier: MIT
/* The engine that a test runs on: SQLite or, where the harness has started a server
 * (support/postgres.py), PostgreSQL. */
#ifndef CREDITRISK_TESTS_CR_ENGINE_H
#define CREDITRISK_TESTS_CR_ENGINE_H

#include "cr_test.h"
#include "creditrisk/store/db.h"

/* The server's address; NULL on SQLite. Borrowed. */
const char *cr_engine_server(void);

/* The server's address; without one the program ends as skipped. Borrowed. */
const char *cr_engine_need_server(void);

/* One of two that fits the engine. */
static inline const char *cr_engine_of(const char *sqlite, const char *postgres)
{
    return cr_engine_server() != NULL ? postgres : sqlite;
}

/* An empty database: in memory, or the schema of that name, made anew. Yours: cr_db_close. */
struct cr_db *cr_engine_open(const char *schema);

/* The same with the empty tables of the loan book, as the migrations make them. */
struct cr_db *cr_engine_open_tables(const char *schema);

/* What cr_registry_open is told of the database of a registry in `dir`: NULL, its own file; or a
 * database of the server, made for the first who asks. Yours (free). */
char *cr_engine_registry(const char *dir);

/* The database of a registry that is there, past the registry. Yours: cr_db_close. */
struct cr_db *cr_engine_open_registry(const char *dir);

/* All rows of a query as "a|b\n…": NULL is -, and a number is written in one way, whatever the
 * engine would write. Yours (free). */
char *cr_engine_rows(struct cr_db *db, const char *sql);

/* They are those. */
void cr_engine_assert_rows(struct cr_db *db, const char *sql, const char *expected);

/* The first cell of the first row as a number. */
double cr_engine_number(struct cr_db *db, const char *sql);

/* Preparing sql is refused with that message. */
void cr_engine_assert_refused(struct cr_db *db, const char *sql, const char *name,
                              const char *message);

/* Number of indexes of that database, those of constraints left out. */
double cr_engine_count_indexes(struct cr_db *db);

#endif
