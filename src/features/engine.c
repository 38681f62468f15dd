// SPDX-License-Identifier: MIT
#include "creditrisk/features/engine.h"

#include <assert.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/utf8.h"
#include "relation.h"

static const char file_name[] = CR_SQL_FILE;

/* CR_SQL_FUNCTIONS; CASE, IN, BETWEEN, CAST and the operators are no functions. */
static const char *const functions[] = {"coalesce", "ln", "power"};
static const char *const relations[] = {"application", "features"};

/* A text from outside may neither hold a thread nor eat the memory: at most this many times as many
 * steps of SQLite's machine, counted roughly, and bytes in a value. The retail text takes some
 * hundred steps for a row. */
enum { STEPS = 50000, MAX_TIMES = 2, MAX_VALUE_LEN = 1 << 14 };

struct cr_engine {
    const struct cr_portfolio *portfolio;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int n_times;                  /* that the row at hand has taken STEPS */
    char refusal[160];            /* what the authorizer said no to; "" when nothing */
    struct cr_program *program;   /* NULL when the text is not compiled … */
    struct cr_error not_compiled; /* … for this reason */
    bool runs_program;
};

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (name != NULL && strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* SQLite asks this about everything that a statement would do, while it is prepared. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    struct cr_engine *engine = context;

    (void)database;
    (void)trigger;
    if (action == SQLITE_SELECT ||
        (action == SQLITE_FUNCTION && is_among(second, functions, CR_ARRAY_LEN(functions))) ||
        (action == SQLITE_READ && is_among(first, relations, CR_ARRAY_LEN(relations)))) {
        return SQLITE_OK;
    }
    if (engine->refusal[0] != '\0') {
        return SQLITE_DENY; /* the first one is the cause */
    }
    if (action == SQLITE_FUNCTION) {
        (void)snprintf(engine->refusal, sizeof(engine->refusal),
                       "function '%s' is not allowed here (" CR_SQL_FUNCTIONS " are)", second);
    } else if (action == SQLITE_READ) {
        (void)snprintf(engine->refusal, sizeof(engine->refusal),
                       "table '%s' is not allowed here (only the relation application is)", first);
    } else {
        (void)snprintf(engine->refusal, sizeof(engine->refusal),
                       "only one SELECT over the relation application is allowed here");
    }
    return SQLITE_DENY;
}

/* SQLite asks this after every STEPS steps; other than 0 ends the statement. */
static int count_steps(void *context)
{
    struct cr_engine *engine = context;

    return ++engine->n_times > MAX_TIMES;
}

/* An error in features.sql, which is sql[start..start + len), at the byte `offset` of sql
 * (negative: unknown). */
static int fault(struct cr_error *err, const char *sql, size_t start, size_t len, ptrdiff_t offset,
                 const char *what)
{
    size_t line = 0;
    size_t column = 0;
    size_t end;

    if (offset >= (ptrdiff_t)start) {
        end = (size_t)offset;
        if (end >= start + len) { /* what stands around the text is not at fault */
            end = start + len;
            what = "the text ends too early";
        }
        cr_utf8_place(sql + start, end - start, &line, &column);
    }
    /* whatever else the text can mean, its columns are the fields */
    return cr_error_at(err, CR_EPARSE, file_name, line, column, "%s%s", what,
                       strncmp(what, "no such column: ", 16) == 0
                           ? "; the application has no such field, so no request carries it"
                           : "");
}

/* A private connection without a file: nothing to load, attach or change. */
static int open_db(struct cr_engine *engine, struct cr_error *err)
{
    static const int off[] = {SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML,
                              SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                              SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION};
    int rc =
        sqlite3_open_v2(":memory:", &engine->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    for (size_t i = 0; rc == SQLITE_OK && i < CR_ARRAY_LEN(off); i++) {
        rc = sqlite3_db_config(engine->db, off[i], 0, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_set_authorizer(engine->db, authorize, engine);
    }
    if (rc != SQLITE_OK) {
        return cr_error_set(err, rc == SQLITE_NOMEM ? CR_ENOMEM : CR_EDB, "in-memory SQLite: %s",
                            sqlite3_errstr(rc));
    }
    (void)sqlite3_limit(engine->db, SQLITE_LIMIT_ATTACHED, 0); /* these yield the old limit */
    (void)sqlite3_limit(engine->db, SQLITE_LIMIT_LENGTH, MAX_VALUE_LEN);
    sqlite3_progress_handler(engine->db, STEPS, count_steps, engine);
    return 0;
}

static int prepare(struct cr_engine *engine, const struct cr_portfolio_file *file,
                   struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    const char *tail = NULL;
    size_t start = 0;
    int rc;

    cr_relation_put_one(engine->portfolio, file, &sql, &start);
    rc = cr_strbuf_check(&sql, err);
    if (rc < 0) {
        return rc;
    }
    rc = sqlite3_prepare_v3(engine->db, sql.data, (int)sql.len + 1, SQLITE_PREPARE_PERSISTENT,
                            &engine->stmt, &tail);
    if (rc == SQLITE_NOMEM) {
        return cr_error_no_memory(err);
    }
    if (rc != SQLITE_OK) {
        return fault(err, sql.data, start, file->len, sqlite3_error_offset(engine->db),
                     engine->refusal[0] != '\0' ? engine->refusal : sqlite3_errmsg(engine->db));
    }
    if (tail != sql.data + sql.len) {
        return fault(err, sql.data, start, file->len, tail - sql.data - 1,
                     "the text must be one SELECT without a semicolon");
    }
    return 0;
}

/* row_id, then the catalogue. */
static int check_columns(const struct cr_engine *engine, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = engine->portfolio;
    size_t n = (size_t)sqlite3_column_count(engine->stmt);
    char place[CR_RELATION_PLACE_LEN] = "features.yaml";

    for (size_t i = 0; i < n || i < portfolio->n_features + 1; i++) {
        const char *name = i < n ? sqlite3_column_name(engine->stmt, (int)i) : NULL;
        const char *wanted = i == 0 ? "row_id" : NULL;

        if (i > 0 && i <= portfolio->n_features) {
            wanted = portfolio->features[i - 1].name;
            (void)cr_relation_place(&portfolio->features[i - 1], place);
        }
        if (wanted == NULL) {
            return cr_error_at(err, CR_EPARSE, file_name, 0, 0,
                               "column %zu '%s' is not in %s or behind it", i + 1, name, place);
        }
        if (i >= n) {
            return cr_error_at(err, CR_EPARSE, file_name, 0, 0, "column %zu '%s' of %s is missing",
                               i + 1, wanted, place);
        }
        if (name == NULL || strcmp(name, wanted) != 0) {
            return cr_error_at(err, CR_EPARSE, file_name, 0, 0,
                               "column %zu is '%s' but %s wants '%s' there", i + 1, name, place,
                               wanted);
        }
    }
    return 0;
}

static int bind(struct cr_engine *engine, const struct cr_record *record, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = engine->portfolio;
    int rc = SQLITE_OK;

    engine->n_times = 0;
    for (size_t i = 0; i < portfolio->n_fields && rc == SQLITE_OK; i++) {
        const struct cr_value *value = &record->values[i];
        int param = (int)i + 1;

        if (value->text != NULL) {
            rc = sqlite3_bind_text(engine->stmt, param, value->text, -1, SQLITE_STATIC);
        } else if (isnan(value->number)) {
            rc = sqlite3_bind_null(engine->stmt, param);
        } else {
            rc = sqlite3_bind_double(engine->stmt, param, value->number);
        }
    }
    if (rc != SQLITE_OK) {
        return cr_error_set(err, rc == SQLITE_NOMEM ? CR_ENOMEM : CR_EDB, "%s",
                            sqlite3_errmsg(engine->db));
    }
    return 0;
}

/* The level itself where the text is one, else a copy: SQLite's own goes with the next row. */
static const char *keep_text(const struct cr_levels *levels, const char *text, size_t len,
                             struct cr_arena *arena)
{
    ptrdiff_t level = cr_levels_index(levels, text);

    return level >= 0 ? levels->texts[level] : cr_arena_strndup(arena, text, len);
}

static int read_cell(struct cr_engine *engine, size_t i, struct cr_arena *arena,
                     struct cr_value *ret_value, struct cr_error *err)
{
    const struct cr_feature *feature = &engine->portfolio->features[i];
    int column = (int)i + 1;
    int type = sqlite3_column_type(engine->stmt, column);
    const char *text;
    double number;

    *ret_value = CR_VALUE_MISSING;
    if (type == SQLITE_NULL) {
        return 0;
    }
    if (cr_feature_is_text(feature) == (type == SQLITE_FLOAT || type == SQLITE_INTEGER)) {
        return cr_relation_wrong_kind(feature, err);
    }
    if (!cr_feature_is_text(feature)) {
        number = sqlite3_column_double(engine->stmt, column);
        if (isfinite(number)) {
            ret_value->number = number;
        }
        return 0;
    }
    text = (const char *)sqlite3_column_text(engine->stmt, column);
    if (text != NULL) {
        text = keep_text(&feature->levels, text, (size_t)sqlite3_column_bytes(engine->stmt, column),
                         arena);
    }
    if (text == NULL) {
        return cr_error_no_memory(err);
    }
    ret_value->text = text;
    return 0;
}

/* A step that gave neither a row nor the end. */
static int step_fault(const struct cr_engine *engine, int rc, struct cr_error *err)
{
    if (rc == SQLITE_INTERRUPT) {
        return cr_error_at(err, CR_EPARSE, file_name, 0, 0, "one row takes too many steps");
    }
    if (rc == SQLITE_TOOBIG) {
        return cr_error_at(err, CR_EPARSE, file_name, 0, 0, "a text grows beyond %d bytes",
                           MAX_VALUE_LEN);
    }
    return cr_error_set(err, rc == SQLITE_NOMEM ? CR_ENOMEM : CR_EDB, "%s: %s", file_name,
                        sqlite3_errmsg(engine->db));
}

static int run_sqlite(struct cr_engine *engine, const struct cr_record *record,
                      struct cr_arena *arena, struct cr_value *row, struct cr_error *err)
{
    int result = bind(engine, record, err);
    int rc;

    if (result == 0) {
        rc = sqlite3_step(engine->stmt);
        if (rc == SQLITE_DONE) {
            result = cr_error_at(err, CR_EPARSE, file_name, 0, 0, "no row for the application");
        } else if (rc != SQLITE_ROW) {
            result = step_fault(engine, rc, err);
        }
    }
    for (size_t i = 0; i < engine->portfolio->n_features && result == 0; i++) {
        result = read_cell(engine, i, arena, &row[i], err);
    }
    (void)sqlite3_reset(engine->stmt); /* repeats the error of the step */
    return result;
}

int cr_engine_row(struct cr_engine *engine, const struct cr_record *record, struct cr_arena *arena,
                  struct cr_value *row, struct cr_error *err)
{
    if (engine->runs_program) {
        cr_program_run(engine->program, record, row);
        return 0;
    }
    return run_sqlite(engine, record, arena, row, err);
}

static bool is_same_cell(const struct cr_value *a, const struct cr_value *b)
{
    if (a->text != NULL && b->text != NULL) {
        return strcmp(a->text, b->text) == 0;
    }
    return a->text == b->text && ((isnan(a->number) && isnan(b->number)) ||
                                  memcmp(&a->number, &b->number, sizeof(a->number)) == 0);
}

int cr_engine_compare(struct cr_engine *engine, const struct cr_record *record,
                      struct cr_arena *arena, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = engine->portfolio;
    size_t n = portfolio->n_features + 1;
    struct cr_value *sqlite = cr_arena_alloc_array(arena, n, sizeof(*sqlite));
    struct cr_value *program = cr_arena_alloc_array(arena, n, sizeof(*program));
    int result;

    if (engine->program == NULL) {
        return cr_error_set(err, CR_EUNAVAIL, "%s", engine->not_compiled.message);
    }
    if (sqlite == NULL || program == NULL) {
        return cr_error_no_memory(err);
    }
    result = run_sqlite(engine, record, arena, sqlite, err);
    if (result < 0) {
        return result;
    }
    cr_program_run(engine->program, record, program);
    for (size_t i = 0; i < portfolio->n_features; i++) {
        if (!is_same_cell(&sqlite[i], &program[i])) {
            return cr_error_set(err, CR_EUNAVAIL, "feature '%s' is not what SQLite makes of it",
                                portfolio->features[i].name);
        }
    }
    return 0;
}

void cr_engine_use_compiled(struct cr_engine *engine)
{
    assert(engine->program != NULL);
    engine->runs_program = true;
}

/* One row, not two, with the row_id of the application. */
static int check_row(struct cr_engine *engine, const struct cr_record *record, struct cr_error *err)
{
    int result = bind(engine, record, err);
    int rc = result == 0 ? sqlite3_step(engine->stmt) : SQLITE_DONE;

    if (rc == SQLITE_ROW && (sqlite3_column_type(engine->stmt, 0) != SQLITE_INTEGER ||
                             sqlite3_column_int64(engine->stmt, 0) != 0)) {
        result = cr_error_at(err, CR_EPARSE, file_name, 0, 0,
                             "column 'row_id' is not that of the application");
    }
    if (result == 0 && rc == SQLITE_ROW) {
        rc = sqlite3_step(engine->stmt);
    }
    if (result == 0 && rc == SQLITE_ROW) {
        result = cr_error_at(err, CR_EPARSE, file_name, 0, 0, "two rows for one application");
    } else if (result == 0 && rc != SQLITE_DONE) {
        result = step_fault(engine, rc, err);
    }
    (void)sqlite3_reset(engine->stmt); /* repeats the error of the step */
    return result;
}

/* Tries the text on an application of which nothing is known, then on the fields' examples. */
static int check_rows(struct cr_engine *engine, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = engine->portfolio;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {NULL, 0, 0};
    struct cr_value *values =
        cr_arena_alloc_array(&arena, portfolio->n_fields + 1, sizeof(*values));
    struct cr_value *row = cr_arena_alloc_array(&arena, portfolio->n_features + 1, sizeof(*row));
    struct cr_record record = {values};
    int result = 0;

    if (values == NULL || row == NULL) {
        return cr_error_no_memory(err);
    }
    for (int pass = 0; pass < 2 && result == 0; pass++) {
        for (size_t i = 0; i < portfolio->n_fields; i++) {
            values[i] = pass == 0 ? CR_VALUE_MISSING : portfolio->fields[i].example;
        }
        result = check_row(engine, &record, err);
        if (result == 0) {
            result = cr_engine_row(engine, &record, &arena, row, err);
        }
    }
    return result;
}

/* A text that is right but not compiled stays with SQLite. */
static int compile(struct cr_engine *engine, const struct cr_portfolio_file *file,
                   struct cr_error *err)
{
    int rc = cr_program_create(engine->portfolio, file, &engine->program, &engine->not_compiled);

    if (rc == 0 || rc == CR_EUNAVAIL) {
        return 0;
    }
    return cr_error_set(err, rc, "%s", engine->not_compiled.message);
}

int cr_engine_create(const struct cr_portfolio *portfolio, struct cr_engine **ret_engine,
                     struct cr_error *err)
{
    const struct cr_portfolio_file *file = cr_portfolio_find_file(portfolio, file_name);
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = calloc(1, sizeof(*engine));
    int rc;

    if (file == NULL) {
        return cr_error_set(err, CR_ENOTFOUND, "portfolio '%s' has no %s", portfolio->name,
                            file_name);
    }
    if (engine == NULL) {
        return cr_error_no_memory(err);
    }
    engine->portfolio = portfolio;
    rc = open_db(engine, err);
    if (rc == 0) {
        rc = prepare(engine, file, err);
    }
    if (rc == 0) {
        rc = check_columns(engine, err);
    }
    if (rc == 0) {
        rc = check_rows(engine, err);
    }
    if (rc == 0) {
        rc = compile(engine, file, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret_engine = CR_STEAL(engine);
    return 0;
}

void cr_engine_destroy(struct cr_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    (void)sqlite3_finalize(engine->stmt); /* repeats the error of the last step */
    (void)sqlite3_close(engine->db);      /* its only statement is gone */
    cr_program_destroy(engine->program);
    free(engine);
}
