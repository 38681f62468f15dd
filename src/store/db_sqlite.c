// SPDX-License-Identifier: MIT
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "db_sqlite.h"

enum { BUSY_TIMEOUT_MS = 5000 };

static const char SCHEME[] = "sqlite:";

/* The journal stays SQLite's default, a rollback journal: unlike WAL it lets a reader open a
 * database in a folder it may not write. FULL makes a commit survive a power failure, and a bulk
 * load commits once. The page cache grows only as far as it is used. */
static const char SETTINGS[] = "PRAGMA foreign_keys = ON;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -65536";

struct sqlite_stmt {
    struct cr_stmt base;
    sqlite3_stmt *handle;
    struct sqlite_db *db;
};

static struct sqlite_db *of_db(struct cr_db *db)
{
    return (struct sqlite_db *)db;
}

static struct sqlite_stmt *of_stmt(struct cr_stmt *stmt)
{
    return (struct sqlite_stmt *)stmt;
}

static sqlite3_stmt *handle_of(const struct cr_stmt *stmt)
{
    return ((const struct sqlite_stmt *)stmt)->handle;
}

static void finalizep(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt); /* repeats the error of the last step, which was reported */
}

static void db_close(struct cr_db *base)
{
    struct sqlite_db *db = of_db(base);

    (void)sqlite3_close_v2(db->handle); /* cannot fail; waits for statements left open */
    cr_db_free(base);
}

/* Runs every statement of sql; rows are passed over. */
static int db_exec(struct cr_db *base, const char *sql, const char *name, struct cr_error *err)
{
    struct sqlite_db *db = of_db(base);
    const char *next = sql;

    db->failure = SQLITE_OK;
    while (*next != '\0') {
        CR_CLEANUP(finalizep) sqlite3_stmt *stmt = NULL;
        const char *statement = next;
        int rc;

        rc = sqlite3_prepare_v2(db->handle, statement, -1, &stmt, &next);
        if (cr_sqlite_is_lost(db) && (rc != SQLITE_OK || stmt != NULL)) {
            return cr_sqlite_refuse_lost_at(db, sql, statement, name, err);
        }
        if (rc == SQLITE_OK && stmt != NULL) {
            do {
                rc = sqlite3_step(stmt);
            } while (rc == SQLITE_ROW);
        }
        if (rc != SQLITE_OK && rc != SQLITE_DONE) {
            return cr_sqlite_refused_at(db, rc, sql, statement, name, err);
        }
    }
    return 0;
}

/* IMMEDIATE: a writer waits for another at the start, not in the middle. */
static int db_begin(struct cr_db *base, struct cr_error *err)
{
    int r = db_exec(base, "BEGIN IMMEDIATE", NULL, err);

    of_db(base)->began = of_db(base)->began || r == 0;
    return r;
}

static bool in_transaction(const struct cr_db *base)
{
    return sqlite3_get_autocommit(((const struct sqlite_db *)base)->handle) == 0;
}

static int db_commit(struct cr_db *base, struct cr_error *err)
{
    int r = db_exec(base, "COMMIT", NULL, err);

    of_db(base)->began = of_db(base)->began && r != 0;
    return r;
}

static void db_rollback(struct cr_db *base)
{
    of_db(base)->began = false;
    if (in_transaction(base)) {
        (void)db_exec(base, "ROLLBACK", NULL, NULL); /* closing would roll back as well */
    }
}

static int make_folder(const char *path, size_t *ret_new_len, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = cr_sqlite_folder_of(path);

    return folder != NULL ? cr_fs_make_dirs(folder, ret_new_len, err) : cr_error_no_memory(err);
}

/* Whether there is not even a table. */
static bool is_empty(sqlite3 *handle)
{
    CR_CLEANUP(finalizep) sqlite3_stmt *stmt = NULL;

    return sqlite3_prepare_v2(handle, "SELECT 1 FROM sqlite_schema", -1, &stmt, NULL) ==
               SQLITE_OK &&
           sqlite3_step(stmt) == SQLITE_DONE;
}

/* The file goes under the lock of a writer, so that nobody writes what is then gone; the folders
 * behind it, as it has a journal beside the file. */
static void db_unmake(struct cr_db *base)
{
    const struct sqlite_db *db = of_db(base);
    CR_CLEANUP(cr_freep) char *folder = cr_sqlite_folder_of(base->name);
    bool is_gone;

    if (!db->is_new || db_begin(base, NULL) != 0) {
        return;
    }
    is_gone = is_empty(db->handle) && unlink(base->name) == 0;
    db_rollback(base);
    if (is_gone && folder != NULL) {
        cr_fs_unmake_dirs(folder, db->new_folder_len);
    }
}

/* Statements may be text of a portfolio: what SQLite allows them only for old times' sake is off.
 */
static int harden(sqlite3 *handle)
{
    static const struct {
        int option;
        int on;
    } switches[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    };
    int rc = SQLITE_OK;

    for (size_t i = 0; i < CR_ARRAY_LEN(switches) && rc == SQLITE_OK; i++) {
        rc = sqlite3_db_config(handle, switches[i].option, switches[i].on, NULL);
    }
    return rc;
}

/* Statistics of memory cost every allocation a lock: a tenth of a bulk load. In a process whose
 * SQLite is at work already they stay, which harms nothing. */
static void drop_statistics(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int refuse_open(const char *path, int rc, const char *message, int code,
                       struct cr_error *err)
{
    char reason[400];

    cr_db_one_line(message, reason, sizeof(reason));
    cr_sqlite_explain(path, rc, reason, sizeof(reason));
    return cr_error_set(err, code, "cannot open database '%s': %s", path, reason);
}

static int configure(struct sqlite_db *db, struct cr_error *err)
{
    struct cr_error cause = {0};
    int rc = harden(db->handle);
    int r;

    if (rc != SQLITE_OK) {
        return cr_sqlite_refused(db, rc, err);
    }
    (void)sqlite3_extended_result_codes(db->handle, 1);      /* this and the next cannot fail */
    (void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS); /* on an open connection */
    r = db_exec(&db->base, SETTINGS, NULL, &cause);
    if (r != 0 && (db->failure & 0xff) == SQLITE_NOTADB) {
        return cr_error_set(err, CR_EDB, "'%s' is not an SQLite database", db->base.name);
    }
    return r != 0 ? refuse_open(db->base.name, db->failure, sqlite3_errmsg(db->handle), r, err) : 0;
}

/* Where one may not even look, opening tells why. */
static bool is_absent(const char *path)
{
    return access(path, F_OK) != 0 && errno != EACCES;
}

static int db_open(const char *url, bool create, struct cr_db **ret_db, struct cr_error *err)
{
    /* One thread at a time uses a connection: SQLite need not lock it. */
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *path = url + strlen(SCHEME);
    bool in_memory = strcmp(path, ":memory:") == 0;
    CR_CLEANUP(cr_db_closep) struct cr_db *made = NULL;
    struct sqlite_db *db;
    bool is_new = !in_memory && is_absent(path);
    size_t new_folder_len = 0;
    int rc;
    int r = 0;

    if (*path == '\0') {
        return cr_error_set(err, CR_EINVAL, "database '%s' names no file", url);
    }
    if (is_new && !create) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no database '%s'", path);
    }
    if (!in_memory && create) {
        r = make_folder(path, &new_folder_len, err);
        if (r != 0) {
            return r;
        }
    }
    (void)pthread_once(&once, drop_statistics); /* cannot fail */
    r = cr_db_make(&cr_db_sqlite, sizeof(*db), path, &made, err);
    if (r != 0) {
        return r;
    }
    db = of_db(made);
    db->is_new = is_new;
    db->new_folder_len = new_folder_len;
    rc = sqlite3_open_v2(path, &db->handle, flags | (create || in_memory ? SQLITE_OPEN_CREATE : 0),
                         NULL);
    if (rc != SQLITE_OK) {
        return refuse_open(path, rc, sqlite3_errstr(rc), CR_EDB, err);
    }
    r = configure(db, err);
    if (r == 0) {
        *ret_db = CR_STEAL(made);
    }
    return r;
}

/* Whether nothing but blanks and comments follows. */
static bool is_end(sqlite3 *handle, const char *rest)
{
    while (*rest != '\0') {
        CR_CLEANUP(finalizep) sqlite3_stmt *stmt = NULL;

        if (sqlite3_prepare_v2(handle, rest, -1, &stmt, &rest) != SQLITE_OK || stmt != NULL) {
            return false;
        }
    }
    return true;
}

static int stmt_prepare(struct cr_db *base, const char *sql, const char *name,
                        struct cr_stmt **ret_stmt, struct cr_error *err)
{
    struct sqlite_db *db = of_db(base);
    CR_CLEANUP(finalizep) sqlite3_stmt *handle = NULL;
    const char *file = name != NULL ? name : "sql";
    const char *rest;
    struct sqlite_stmt *stmt;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &handle, &rest);

    db->failure = SQLITE_OK;
    if (rc != SQLITE_OK) {
        return cr_sqlite_refused_at(db, rc, sql, sql, name, err);
    }
    if (handle == NULL) {
        return cr_error_at(err, CR_EDB, file, 0, 0, "there is no statement");
    }
    if (!is_end(db->handle, rest)) {
        return cr_error_at(err, CR_EDB, file, 0, 0, "there is more than one statement");
    }
    stmt = malloc(sizeof(*stmt));
    if (stmt == NULL) {
        return cr_error_no_memory(err);
    }
    *stmt = (struct sqlite_stmt){{&cr_db_sqlite}, CR_STEAL(handle), db};
    *ret_stmt = &stmt->base;
    return 0;
}

static void stmt_destroy(struct cr_stmt *base)
{
    (void)sqlite3_finalize(handle_of(base)); /* repeats the last step's error */
    free(base);
}

static int bound(struct sqlite_stmt *stmt, int rc, struct cr_error *err)
{
    return rc == SQLITE_OK ? 0 : cr_sqlite_refused(stmt->db, rc, err);
}

/* SQLite counts parameters from 1. */
static int position(size_t param)
{
    assert(param < INT_MAX);
    return (int)param + 1;
}

static int bind_null(struct cr_stmt *base, size_t param, struct cr_error *err)
{
    struct sqlite_stmt *stmt = of_stmt(base);

    return bound(stmt, sqlite3_bind_null(stmt->handle, position(param)), err);
}

static int bind_number(struct cr_stmt *base, size_t param, double number, struct cr_error *err)
{
    struct sqlite_stmt *stmt = of_stmt(base);

    return bound(stmt, sqlite3_bind_double(stmt->handle, position(param), number), err);
}

static int bind_int(struct cr_stmt *base, size_t param, int64_t number, struct cr_error *err)
{
    struct sqlite_stmt *stmt = of_stmt(base);

    return bound(stmt, sqlite3_bind_int64(stmt->handle, position(param), number), err);
}

static int bind_text(struct cr_stmt *base, size_t param, const char *text, struct cr_error *err)
{
    struct sqlite_stmt *stmt = of_stmt(base);

    return bound(stmt, sqlite3_bind_text(stmt->handle, position(param), text, -1, SQLITE_STATIC),
                 err);
}

static int stmt_step(struct cr_stmt *base, bool *ret_row, struct cr_error *err)
{
    struct sqlite_stmt *stmt = of_stmt(base);
    int rc;

    if (cr_sqlite_is_lost(stmt->db)) {
        return cr_sqlite_refuse_lost(stmt->db, err);
    }
    rc = sqlite3_step(stmt->handle);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        int r = cr_sqlite_refused(stmt->db, rc, err);

        if (sqlite3_changes(stmt->db->handle) > 0) { /* RAISE(FAIL): rows before the bad one stay */
            stmt->db->failure = SQLITE_ABORT;
        }
        return r;
    }
    stmt->db->failure = SQLITE_OK;
    *ret_row = rc == SQLITE_ROW;
    return 0;
}

static void stmt_reset(struct cr_stmt *base)
{
    (void)sqlite3_reset(handle_of(base));          /* repeats the last step's error */
    (void)sqlite3_clear_bindings(handle_of(base)); /* cannot fail */
}

static size_t n_columns(const struct cr_stmt *base)
{
    return (size_t)sqlite3_column_count(handle_of(base));
}

static const char *column_name(const struct cr_stmt *base, size_t column)
{
    return sqlite3_column_name(handle_of(base), (int)column);
}

static enum cr_db_type type(const struct cr_stmt *base, size_t column)
{
    switch (sqlite3_column_type(handle_of(base), (int)column)) {
    case SQLITE_NULL:
        return CR_DB_NULL;
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
        return CR_DB_NUMBER;
    default:
        return CR_DB_TEXT;
    }
}

static double number(const struct cr_stmt *base, size_t column)
{
    sqlite3_stmt *handle = handle_of(base);

    return sqlite3_column_type(handle, (int)column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(handle, (int)column);
}

static int64_t integer(const struct cr_stmt *base, size_t column)
{
    return sqlite3_column_int64(handle_of(base), (int)column);
}

static const char *text(const struct cr_stmt *base, size_t column)
{
    return (const char *)sqlite3_column_text(handle_of(base), (int)column);
}

/* A file is a namespace of its own. */
static int use_schema(struct cr_db *base, const char *name, bool create, struct cr_error *err)
{
    (void)base;
    (void)name;
    (void)create;
    (void)err;
    return 0;
}

const struct cr_db_ops cr_db_sqlite = {
    .engine = CR_DB_SQLITE,
    .name = "sqlite",
    .rows_at_once = 16, /* saves a fifth of the work of one by one */
    .find_table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
    /* one with a name of its own that is not unique holds no constraint */
    .loose_indexes = "SELECT printf('DROP INDEX \"%w\"', s.name), s.sql FROM pragma_index_list(?1) "
                     "AS l JOIN sqlite_schema AS s"
                     " ON s.type = 'index' AND s.name = l.name"
                     " WHERE l.origin = 'c' AND l.\"unique\" = 0 ORDER BY s.name",
    .open = db_open,
    .close = db_close,
    .unmake = db_unmake,
    .use_schema = use_schema,
    .exec = db_exec,
    .begin = db_begin,
    .commit = db_commit,
    .rollback = db_rollback,
    .in_transaction = in_transaction,
    .constraint = cr_sqlite_constraint,
    .prepare = stmt_prepare,
    .destroy = stmt_destroy,
    .bind_number = bind_number,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_null = bind_null,
    .step = stmt_step,
    .reset = stmt_reset,
    .n_columns = n_columns,
    .column_name = column_name,
    .type = type,
    .number = number,
    .integer = integer,
    .text = text,
};
