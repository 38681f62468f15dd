// SPDX-License-Identifier: MIT
/* Cells travel as text, in which PostgreSQL writes every double so that it reads back exactly. */
#include <math.h>
#include <string.h>

#include "db_postgres.h"

/* Object identifiers of types (pg_type.dat), which never change. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700
};

static const struct pg_stmt *of_const(const struct cr_stmt *stmt)
{
    return (const struct pg_stmt *)stmt;
}

size_t cr_pg_n_columns(const struct cr_stmt *base)
{
    return (size_t)PQnfields(of_const(base)->description);
}

const char *cr_pg_column_name(const struct cr_stmt *base, size_t column)
{
    return PQfname(of_const(base)->description, (int)column);
}

/* The cell's text; NULL is NULL. */
const char *cr_pg_text(const struct cr_stmt *base, size_t column)
{
    const PGresult *row = of_const(base)->row;

    return PQgetisnull(row, 0, (int)column) ? NULL : PQgetvalue(row, 0, (int)column);
}

enum cr_db_type cr_pg_type(const struct cr_stmt *base, size_t column)
{
    const PGresult *row = of_const(base)->row;

    if (PQgetisnull(row, 0, (int)column)) {
        return CR_DB_NULL;
    }
    switch (PQftype(row, (int)column)) {
    case OID_BOOL:
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_FLOAT4:
    case OID_FLOAT8:
    case OID_NUMERIC:
        return CR_DB_NUMBER;
    default:
        return CR_DB_TEXT;
    }
}

/* PostgreSQL writes a boolean as t or f, and doubles that cr_num_parse does not know as words. */
double cr_pg_number(const struct cr_stmt *base, size_t column)
{
    const char *text = cr_pg_text(base, column);
    double number = NAN;

    if (text == NULL || cr_num_parse(text, strlen(text), &number)) {
        return number;
    }
    if (PQftype(of_const(base)->row, (int)column) == OID_BOOL) {
        return text[0] == 't';
    }
    return strcmp(text, "Infinity") == 0    ? INFINITY
           : strcmp(text, "-Infinity") == 0 ? -INFINITY
                                            : NAN;
}

int64_t cr_pg_int(const struct cr_stmt *base, size_t column)
{
    const char *text = cr_pg_text(base, column);
    int64_t integer;
    double number;

    if (text == NULL) {
        return 0;
    }
    if (cr_num_parse_int(text, strlen(text), &integer)) {
        return integer;
    }
    number = cr_pg_number(base, column);
    return fabs(number) <= CR_NUM_MAX_EXACT ? (int64_t)number : 0;
}
