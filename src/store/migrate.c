// SPDX-License-Identifier: MIT
#include "creditrisk/store/migrate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "db_engine.h"

enum { N_DIGITS = 4, MAX_TEXT_LEN = 4 << 20 };

static const char LEDGER[] = "schema_migrations";

/* One file of the folder. */
struct migration {
    char *path;
    char *name; /* "0001_retail_book" */
    char *text;
    char digest[CR_DIGEST_LEN];
};

/* migrations[i] has the number i + 1. */
struct folder {
    struct migration *migrations;
    size_t n;
};

static void folder_finish(struct folder *folder)
{
    for (size_t i = 0; i < folder->n; i++) {
        free(folder->migrations[i].path);
        free(folder->migrations[i].name);
        free(folder->migrations[i].text);
    }
    free(folder->migrations);
}

/* The number of "NNNN_name.sql", 0 when the file is not called so. */
static int number_of(const char *file)
{
    int number = 0;

    for (size_t i = 0; i < N_DIGITS; i++) {
        if (!isdigit((unsigned char)file[i])) {
            return 0;
        }
        number = 10 * number + (file[i] - '0');
    }
    return file[N_DIGITS] == '_' ? number : 0;
}

static bool is_sql(const char *file)
{
    size_t len = strlen(file);

    return len > 4 && strcmp(file + len - 4, ".sql") == 0;
}

/* Fills the next migration from a file; folder->n counts it from the first allocation on. */
static int folder_add(struct folder *folder, const char *path, const char *file,
                      struct cr_error *err)
{
    struct migration *migration = &folder->migrations[folder->n];
    size_t len;
    int number = number_of(file);
    int r;

    folder->n++;
    migration->path = cr_fs_join(path, file);
    migration->name = strndup(file, strlen(file) - strlen(".sql"));
    if (migration->path == NULL || migration->name == NULL) {
        return cr_error_no_memory(err);
    }
    if (number == 0) {
        return cr_error_set(err, CR_EDB, "%s: a migration is called NNNN_name.sql, from 0001 on",
                            migration->path);
    }
    if ((size_t)number != folder->n) {
        return cr_error_set(err, CR_EDB, "%s: number %zu is expected here; %s", migration->path,
                            folder->n,
                            (size_t)number < folder->n ? "two files have the same number"
                                                       : "the numbers have a gap");
    }
    r = cr_fs_read(migration->path, MAX_TEXT_LEN, &migration->text, &len, err);
    if (r != 0) {
        return r;
    }
    if (strlen(migration->text) != len) {
        return cr_error_set(err, CR_EDB, "%s: the text has a NUL byte", migration->path);
    }
    cr_digest_bytes(migration->text, len, migration->digest);
    return 0;
}

struct names {
    char **items;
    size_t n;
};

static void names_finish(struct names *names)
{
    cr_fs_free_names(names->items, names->n);
}

/* Names come sorted, which is the order of the numbers. */
static int folder_load(struct folder *folder, const char *path, struct cr_error *err)
{
    CR_CLEANUP(names_finish) struct names names = {NULL, 0};
    int r = cr_fs_list(path, &names.items, &names.n, err);

    if (r != 0) {
        return r;
    }
    folder->migrations = calloc(names.n + 1, sizeof(*folder->migrations));
    if (folder->migrations == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < names.n && r == 0; i++) {
        if (is_sql(names.items[i])) {
            r = folder_add(folder, path, names.items[i], err);
        }
    }
    return r;
}

static int open_folder(struct folder *folder, struct cr_db *db, const char *dir,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, cr_db_engine_name(db));

    return path == NULL ? cr_error_no_memory(err) : folder_load(folder, path, err);
}

/* Compares one line of the ledger with its file. `known` is the number of earlier lines. */
static int check_line(const struct folder *folder, const struct cr_stmt *line, size_t known,
                      struct cr_error *err)
{
    int64_t version = cr_stmt_int(line, 0);
    const char *name = cr_stmt_text(line, 1);
    const char *digest = cr_stmt_text(line, 2);
    const struct migration *file = &folder->migrations[known];

    if (known >= folder->n) {
        return cr_error_set(err, CR_EDB,
                            "the database has migration '%s', of which this program knows nothing:"
                            " it needs a newer one",
                            name);
    }
    if (version != (int64_t)known + 1) {
        return cr_error_set(err, CR_EDB, "the database lacks migration '%s' but has '%s'",
                            file->name, name);
    }
    if (digest == NULL || strcmp(digest, file->digest) != 0) {
        return cr_error_set(err, CR_EDB,
                            "%s: the text is not the one that was applied as '%s' on %s:"
                            " put it back and write a new migration",
                            file->path, name, cr_stmt_text(line, 3));
    }
    return 0;
}

/* Counts the applied migrations; every one of them must be a file of the folder, unchanged. */
static int read_ledger(struct cr_db *db, const struct folder *folder, size_t *ret_n,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *lines = NULL;
    bool has = false;
    bool row = false;
    size_t n = 0;
    int r = cr_db_has_table(db, LEDGER, &has, err);

    if (r == 0 && has) {
        r = cr_db_prepare(db,
                          "SELECT version, name, sha256, applied_at FROM schema_migrations"
                          " ORDER BY version",
                          NULL, &lines, err);
    }
    while (r == 0 && has && (r = cr_stmt_step(lines, &row, err)) == 0 && row) {
        r = check_line(folder, lines, n, err);
        n++;
    }
    if (r == 0) {
        *ret_n = n;
    }
    return r;
}

static int write_line(struct cr_db *db, const struct migration *migration, size_t version,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    char now[CR_CLOCK_TEXT_LEN];
    int r = cr_db_prepare(db,
                          "INSERT INTO schema_migrations (version, name, sha256, applied_at)"
                          " VALUES (?1, ?2, ?3, ?4)",
                          NULL, &stmt, err);

    cr_clock_utc(now);
    if (r == 0) {
        r = cr_stmt_bind_int(stmt, 0, (int64_t)version, err);
    }
    if (r == 0) {
        r = cr_stmt_bind_text(stmt, 1, migration->name, err);
    }
    if (r == 0) {
        r = cr_stmt_bind_text(stmt, 2, migration->digest, err);
    }
    if (r == 0) {
        r = cr_stmt_bind_text(stmt, 3, now, err);
    }
    return r != 0 ? r : cr_stmt_run(stmt, err);
}

/* Runs the text, which must leave the transaction to apply_in_transaction. */
static int run_text(struct cr_db *db, const struct migration *migration, struct cr_error *err)
{
    struct cr_error cause = {0};
    int r = cr_db_exec_named(db, migration->text, migration->path, &cause);

    if (r == 0 && !db->ops->in_transaction(db)) {
        return cr_error_set(err, CR_EDB, "%s: a migration must not end its transaction",
                            migration->path);
    }
    if (r != 0 && !db->ops->in_transaction(db)) { /* the text or, in distress, the engine did it */
        return cr_error_set(err, r, "%s; what a migration has committed itself stays, unrecorded",
                            cause.message);
    }
    return r != 0 ? cr_error_set(err, r, "%s", cause.message) : 0;
}

/* Applies the first one that is missing. Inside a transaction: another program may have been at
 * work since we looked. */
static int apply_next(struct cr_db *db, const struct folder *folder, size_t *ret_n,
                      bool *ret_applied, struct cr_error *err)
{
    const struct migration *next;
    size_t n = 0;
    int r = cr_db_exec(db,
                       "CREATE TABLE IF NOT EXISTS schema_migrations ("
                       "version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,"
                       " applied_at TEXT NOT NULL)",
                       err);

    if (r == 0) {
        r = read_ledger(db, folder, &n, err);
    }
    if (r != 0) {
        return r;
    }
    *ret_n = n;
    *ret_applied = n < folder->n;
    if (n == folder->n) {
        return 0;
    }
    next = &folder->migrations[n];
    r = run_text(db, next, err);
    if (r != 0) {
        return r;
    }
    *ret_n = n + 1;
    return write_line(db, next, n + 1, err);
}

static int apply_in_transaction(struct cr_db *db, const struct folder *folder, size_t *ret_n,
                                bool *ret_applied, struct cr_error *err)
{
    int r = cr_db_begin(db, err);

    if (r != 0) {
        return r;
    }
    r = apply_next(db, folder, ret_n, ret_applied, err);
    if (r == 0) {
        r = cr_db_commit(db, err);
    }
    if (r != 0) {
        cr_db_rollback(db);
    }
    return r;
}

int cr_migrate_up(struct cr_db *db, const char *dir, struct cr_migration_report *ret_report,
                  struct cr_error *err)
{
    CR_CLEANUP(folder_finish) struct folder folder = {NULL, 0};
    size_t n = 0;
    size_t n_applied = 0;
    int r = open_folder(&folder, db, dir, err);

    if (r == 0) {
        r = read_ledger(db, &folder, &n, err);
    }
    while (r == 0 && n < folder.n) {
        bool applied = false;

        r = apply_in_transaction(db, &folder, &n, &applied, err);
        n_applied += applied;
    }
    if (r == 0) {
        *ret_report = (struct cr_migration_report){n_applied, folder.n, (int)n};
    }
    return r;
}

int cr_migrate_status(struct cr_db *db, const char *dir, struct cr_migration_report *ret_report,
                      struct cr_error *err)
{
    CR_CLEANUP(folder_finish) struct folder folder = {NULL, 0};
    size_t n = 0;
    int r = open_folder(&folder, db, dir, err);

    if (r == 0) {
        r = read_ledger(db, &folder, &n, err);
    }
    if (r == 0) {
        *ret_report = (struct cr_migration_report){0, folder.n, (int)n};
    }
    return r;
}
