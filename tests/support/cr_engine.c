// SPDX-License-Identifier: MIT
#include "cr_engine.h"

#include <ctype.h>

#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

const char *cr_engine_server(void)
{
    return getenv("CR_TEST_POSTGRES");
}

const char *cr_engine_need_server(void)
{
    if (cr_engine_server() == NULL) {
        cr_test_skip("a PostgreSQL server (CR_TEST_POSTGRES)");
    }
    return cr_engine_server();
}

static struct cr_db *open_url(const char *url)
{
    struct cr_db *db = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_open(url, false, &db, &err), &err);
    return db;
}

struct cr_db *cr_engine_open(const char *schema)
{
    struct cr_db *db = open_url(cr_engine_of("sqlite::memory:", cr_engine_server()));
    struct cr_error err;

    if (cr_engine_server() != NULL) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;

        cr_strbuf_puts(&sql, "DROP SCHEMA IF EXISTS ");
        cr_db_quote(&sql, schema);
        cr_strbuf_puts(&sql, " CASCADE");
        cr_assert_ok(cr_db_exec(db, cr_strbuf_text(&sql), &err), &err);
        cr_assert_ok(cr_db_use_schema(db, schema, true, &err), &err);
    }
    return db;
}

struct cr_db *cr_engine_open_tables(const char *schema)
{
    CR_CLEANUP(cr_freep) char *migrations = cr_test_path("migrations");
    struct cr_db *db = cr_engine_open(schema);
    struct cr_migration_report report;
    struct cr_error err;

    cr_assert_ok(cr_migrate_up(db, migrations, &report, &err), &err);
    return db;
}

/* A database of the server that is called like the path, as far as a name can be. */
static char *name_of(const char *dir)
{
    char *name = strdup(dir);

    assert_non_null(name);
    for (char *c = name; *c != '\0'; c++) {
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
    }
    return name;
}

static void make_database(const char *name)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_url(cr_engine_server());
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    struct cr_error err;

    cr_strbuf_printf(&sql, "SELECT count(*) FROM pg_database WHERE datname = '%s'", name);
    if (cr_engine_number(db, cr_strbuf_text(&sql)) == 0) {
        cr_strbuf_finish(&sql);
        cr_strbuf_printf(&sql, "CREATE DATABASE %s", name);
        cr_assert_ok(cr_db_exec(db, cr_strbuf_text(&sql), &err), &err);
    }
}

char *cr_engine_registry(const char *dir)
{
    const char *server = cr_engine_server();
    CR_CLEANUP(cr_freep) char *name = name_of(dir);
    const char *options;
    const char *end;
    char *url = NULL;

    if (server == NULL) {
        return NULL;
    }
    make_database(name);
    options = strchr(server, '?'); /* postgresql://USER@/NAME?host=… */
    assert_non_null(options);
    end = memrchr(server, '/', (size_t)(options - server));
    assert_true(asprintf(&url, "%.*s%s%s", (int)(end + 1 - server), server, name, options) > 0);
    return url;
}

struct cr_db *cr_engine_open_registry(const char *dir)
{
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    struct cr_db *db;
    struct cr_error err;

    if (url == NULL) {
        assert_true(asprintf(&url, "sqlite:%s/registry.db", dir) > 0);
    }
    db = open_url(url);
    cr_assert_ok(cr_db_use_schema(db, "creditrisk_registry", false, &err), &err);
    return db;
}

static void put_cell(struct cr_strbuf *out, const struct cr_stmt *stmt, size_t i)
{
    switch (cr_stmt_type(stmt, i)) {
    case CR_DB_NULL:
        cr_strbuf_puts(out, "-");
        break;
    case CR_DB_NUMBER:
        cr_strbuf_put_double(out, cr_stmt_number(stmt, i));
        break;
    case CR_DB_TEXT:
        cr_strbuf_puts(out, cr_stmt_text(stmt, i));
        break;
    }
}

char *cr_engine_rows(struct cr_db *db, const char *sql)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;
    bool row = true;
    int r;

    cr_assert_ok(cr_db_prepare(db, sql, NULL, &stmt, &err), &err);
    while ((r = cr_stmt_step(stmt, &row, &err)) == 0 && row) {
        for (size_t i = 0; i < cr_stmt_n_columns(stmt); i++) {
            cr_strbuf_puts(&text, i == 0 ? "" : "|");
            put_cell(&text, stmt, i);
        }
        cr_strbuf_puts(&text, "\n");
    }
    cr_assert_ok(r, &err);
    return cr_strbuf_steal(&text);
}

void cr_engine_assert_rows(struct cr_db *db, const char *sql, const char *expected)
{
    CR_CLEANUP(cr_freep) char *text = cr_engine_rows(db, sql);

    assert_string_equal(text, expected);
}

double cr_engine_number(struct cr_db *db, const char *sql)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row = false;

    cr_assert_ok(cr_db_prepare(db, sql, NULL, &stmt, &err), &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(row);
    return cr_stmt_number(stmt, 0);
}

void cr_engine_assert_refused(struct cr_db *db, const char *sql, const char *name,
                              const char *message)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;

    assert_int_equal(cr_db_prepare(db, sql, name, &stmt, &err), CR_EDB);
    assert_string_equal(err.message, message);
    assert_false(cr_db_is_constraint(db));
}

double cr_engine_count_indexes(struct cr_db *db)
{
    return cr_engine_number(
        db, cr_engine_of("SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
                         " AND sql IS NOT NULL",
                         "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                         " WHERE c.relnamespace = CAST(current_schema() AS regnamespace)"
                         " AND NOT EXISTS (SELECT 1 FROM pg_constraint"
                         " WHERE conindid = i.indexrelid AND contype IN ('p', 'u'))"));
}
