// SPDX-License-Identifier: MIT
/* Record: one application, typed by the portfolio. Reading it reports every bad field at once, in
 * the words that FastAPI and pydantic use, so that existing clients understand. */
#ifndef CREDITRISK_PORTFOLIO_RECORD_H
#define CREDITRISK_PORTFOLIO_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/value.h"

/* values[i] belongs to portfolio->fields[i]: a number for int, number and bool fields (bool 0 or
 * 1), a text for enum (a level's own pointer) and date fields. The array and texts that are no
 * levels are borrowed from the arena of the call. */
struct cr_record {
    const struct cr_value *values;
};

/* pydantic 2's error types, as far as an application can cause them. */
enum cr_issue_type {
    CR_ISSUE_MISSING,
    CR_ISSUE_INT_TYPE,
    CR_ISSUE_INT_FROM_FLOAT,
    CR_ISSUE_FLOAT_TYPE,
    CR_ISSUE_BOOL_TYPE,
    CR_ISSUE_STRING_TYPE,
    CR_ISSUE_GREATER_THAN_EQUAL,
    CR_ISSUE_LESS_THAN_EQUAL,
    CR_ISSUE_ENUM,
    CR_ISSUE_EXTRA_FORBIDDEN,
    CR_ISSUE_FINITE_NUMBER,
    CR_ISSUE_JSON_INVALID,
    CR_ISSUE_MODEL_ATTRIBUTES_TYPE,
    CR_ISSUE_DATE_FROM_DATETIME_PARSING,
    CR_ISSUE_LIST_TYPE, /* of a batch, as the next */
    CR_ISSUE_TOO_LONG,
    CR_N_ISSUE_TYPES,
};

/* One complaint. It never holds the client's value; `field` is the client's key and may be any
 * text. */
struct cr_issue {
    enum cr_issue_type type;
    const char *field; /* key below "body"; NULL when the body itself is meant */
    size_t offset;     /* CR_ISSUE_JSON_INVALID: byte offset */
    double bound;      /* CR_ISSUE_GREATER_THAN_EQUAL, _LESS_THAN_EQUAL, _TOO_LONG; else NaN */
    const struct cr_field *expected; /* the portfolio's field, NULL when unknown */
    const char *reason; /* CR_ISSUE_JSON_INVALID, CR_ISSUE_DATE_FROM_DATETIME_PARSING: what the
                           parser said; static; else NULL */
    const char *place;  /* instead of "body": "query"; else NULL */
};

/* All complaints about one body: those of known fields in the portfolio's order, then unknown keys
 * in the body's order. Borrowed from the arena of the call. */
struct cr_issues {
    size_t n;
    const struct cr_issue *items;
};

/* Bytes → record, in place and without a tree. Strict RFC 8259; beyond it duplicate keys, NUL
 * characters and a depth above 8 are refused. Returns 0 when the body was read; then ret_issues->n
 * says whether the record is valid: *ret_record is filled only when it is 0. A body that is no JSON
 * is one issue, not an error. Nothing returned borrows from the body. The only errors are CR_ENOMEM
 * (also the arena's limit). */
int cr_record_from_json(const struct cr_portfolio *portfolio, const char *body, size_t len,
                        struct cr_arena *arena, struct cr_record *ret_record,
                        struct cr_issues *ret_issues, struct cr_error *err);

/* Whose row of a file it is: the values of the book's keys as they stand in the text, JSON of any
 * kind but no array and no object; NULL where the row has none. Borrowed from the arena. */
struct cr_row_keys {
    const char *row;      /* named portfolio->key_row */
    const char *customer; /* named portfolio->key_customer */
};

/* The same of the row of a file, which may have the book's keys beside the fields, or among
 * them. *ret_keys is filled of a row that is refused, too; of a text that is no JSON it has
 * none. */
int cr_record_from_row(const struct cr_portfolio *portfolio, const char *text, size_t len,
                       struct cr_arena *arena, struct cr_record *ret_record,
                       struct cr_row_keys *ret_keys, struct cr_issues *ret_issues,
                       struct cr_error *err);

/* The same from a parsed value (one row of a batch); nothing returned borrows from it. */
int cr_record_from_value(const struct cr_portfolio *portfolio, const json_t *value,
                         struct cr_arena *arena, struct cr_record *ret_record,
                         struct cr_issues *ret_issues, struct cr_error *err);

/* One value of a field as a client writes it; null when it is missing. A new reference; NULL
 * without memory. */
json_t *cr_field_to_json(const struct cr_field *field, struct cr_value value);

/* The record as a JSON object that cr_record_from_json reads back to the same record; missing
 * values that equal an absent key are left out, other missing ones are null. A new reference; NULL
 * without memory. */
json_t *cr_record_to_json(const struct cr_portfolio *portfolio, const struct cr_record *record);

/* Whether a client could send this record: every value inside the field's range and levels, no
 * value missing that may not be. Historical rows may lie outside; they are counted with
 * this. */
bool cr_record_is_sendable(const struct cr_portfolio *portfolio, const struct cr_record *record);

/* The type's name on the wire, e.g. "greater_than_equal"; static. */
const char *cr_issue_type_name(enum cr_issue_type type);

/* {"type", "loc": ["body", …], "msg", "ctx"?} as FastAPI answers it. A new reference; NULL without
 * memory. */
json_t *cr_issue_to_json(const struct cr_issue *issue);

#endif
