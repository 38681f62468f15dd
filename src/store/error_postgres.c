// SPDX-License-Identifier: MIT
/* What PostgreSQL refuses, in its words, and what that means. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/utf8.h"
#include "db_postgres.h"

/* SQLSTATEs (PostgreSQL manual, appendix A) that speak of a row: a rule of the table, one that a
 * trigger raises, a value that its column cannot hold. */
static const struct {
    const char *state;
    enum cr_db_constraint constraint;
} violations[] = {
    {"23505", CR_DB_UNIQUE}, {"23503", CR_DB_FOREIGN_KEY}, {"23502", CR_DB_NOT_NULL},
    {"23514", CR_DB_CHECK},  {"P0001", CR_DB_CHECK},       {"22001", CR_DB_CHECK},
    {"22003", CR_DB_CHECK},  {"22007", CR_DB_CHECK},       {"22008", CR_DB_CHECK},
    {"22P02", CR_DB_CHECK},
};

static const char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);

    return text != NULL ? text : "";
}

static void note(struct pg_db *db, const char *state)
{
    (void)snprintf(db->sqlstate, sizeof(db->sqlstate), "%s", state);
    db->violation = CR_DB_NO_CONSTRAINT;
    for (size_t i = 0; i < CR_ARRAY_LEN(violations); i++) {
        if (strcmp(violations[i].state, state) == 0) {
            db->violation = violations[i].constraint;
        }
    }
}

/* Whether it has been given up: by us, or by itself because we had said how long it may take. */
static bool is_late(const struct pg_db *db)
{
    return db->is_late || (db->limit_ms > 0 && strcmp(db->sqlstate, "57014") == 0);
}

/* Whether the server is gone, rather than unwilling: class 57P is its shutdown. */
static bool is_lost(const struct pg_db *db)
{
    return PQstatus(db->conn) != CONNECTION_OK || strncmp(db->sqlstate, "57P", 3) == 0 ||
           db->sqlstate[0] == '\0';
}

int cr_pg_refused(struct pg_db *db, const PGresult *result, struct cr_error *err)
{
    char primary[300];
    char detail[160];
    bool tells_key;

    note(db, field(result, PG_DIAG_SQLSTATE));
    cr_db_one_line(field(result, PG_DIAG_MESSAGE_PRIMARY), primary, sizeof(primary));
    if (is_late(db) || is_lost(db)) {
        if (is_late(db)) {
            (void)snprintf(primary, sizeof(primary), "the server has not answered within %.1f s",
                           db->limit_ms / 1000.0); /* it fits */
        } else if (primary[0] == '\0') {
            cr_db_one_line(PQerrorMessage(db->conn), primary, sizeof(primary));
        }
        return cr_error_set(err, CR_EUNAVAIL, "database '%s': %s", db->base.name, primary);
    }
    /* the others' details repeat the row */
    tells_key = db->violation == CR_DB_UNIQUE || db->violation == CR_DB_FOREIGN_KEY;
    cr_db_one_line(tells_key ? field(result, PG_DIAG_MESSAGE_DETAIL) : "", detail, sizeof(detail));
    return cr_error_set(err, CR_EDB, "%s%s%s", primary, detail[0] != '\0' ? ": " : "", detail);
}

/* Bytes before the character that counts from 1. */
static size_t offset_of(const char *sql, long character)
{
    size_t offset = 0;

    while (sql[offset] != '\0' && character > 1) {
        offset++;
        character -= !cr_utf8_follows((unsigned char)sql[offset]);
    }
    return offset;
}

int cr_pg_refused_at(struct pg_db *db, const PGresult *result, const char *sql, const char *name,
                     struct cr_error *err)
{
    long character = strtol(field(result, PG_DIAG_STATEMENT_POSITION), NULL, 10); /* 0: none */
    struct cr_error cause = {0};
    size_t line = 0;
    size_t column = 0;
    int code = cr_pg_refused(db, result, &cause);

    if (code != CR_EDB) {
        return cr_error_set(err, code, "%s", cause.message);
    }
    if (character > 0) {
        cr_utf8_place(sql, offset_of(sql, character), &line, &column);
    }
    return cr_error_at(err, code, name != NULL ? name : "sql", line, column, "%s", cause.message);
}

int cr_pg_expect(struct pg_db *db, PGresult *result, ExecStatusType status, struct cr_error *err)
{
    int r = PQresultStatus(result) == status ? 0 : cr_pg_refused(db, result, err);

    PQclear(result);
    return r;
}

enum cr_db_constraint cr_pg_constraint(const struct cr_db *base)
{
    return ((const struct pg_db *)base)->violation;
}
