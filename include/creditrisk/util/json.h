// SPDX-License-Identifier: MIT
/* JSON through jansson, with our rules: duplicate keys are errors, sizes and depths are bounded,
 * doubles are written as their shortest round-trip text, keys keep their order. */
#ifndef CREDITRISK_UTIL_JSON_H
#define CREDITRISK_UTIL_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"

/* Parses text[0..len) strictly. The result is yours: json_decref. `name` stands in the message
 * before line and column. */
int cr_json_parse(const char *name, const char *text, size_t len, json_t **ret_json,
                  struct cr_error *err);

/* Reads and parses a file of at most max_len bytes. */
int cr_json_load(const char *path, size_t max_len, json_t **ret_json, struct cr_error *err);

/* Appends json as text: compact, or indented by two blanks when pretty. */
void cr_json_write(const json_t *json, bool pretty, struct cr_strbuf *out);

/* The same, compact, and drops the reference; NULL (no memory) makes `out` failed. */
void cr_json_write_new(json_t *json, struct cr_strbuf *out);

/* Writes json as a pretty file, durably (cr_fs_write). */
int cr_json_save(const char *path, const json_t *json, struct cr_error *err);

/* Appends text as a JSON string with its quotes; invalid UTF-8 bytes become U+FFFD, and what a
 * terminal would obey (cr_utf8_is_control) is escaped: a document or a log may be looked at in one.
 */
void cr_json_write_string(const char *text, size_t len, struct cr_strbuf *out);

/* The most bytes that stand for one of such a text; its two quotes need no more either. */
enum { CR_JSON_ESCAPE_LEN = 6 };

/* Appends a number as cr_json_write does: 1.0 is not written as 1; NaN and infinities are null. */
void cr_json_write_number(double value, struct cr_strbuf *out);

/* The same into text, and a NUL; returns its length. */
size_t cr_json_format_number(double value, char text[CR_NUM_LEN]);

/* A number, or null for NaN and infinities; a new reference. */
json_t *cr_json_number(double value);

/* A copy of object[section][key] (section NULL: object[key]), null where it has none; a new
 * reference. jansson's values must not be shared between threads. */
json_t *cr_json_copy(const json_t *object, const char *section, const char *key);

/* Sets a member and takes the value's reference; false without memory, also when that is why object
 * or value is NULL. */
bool cr_json_put(json_t *object, const char *key, json_t *value);

/* Members with a check of presence and type; `name` (the file's) stands in the message. Returned
 * text and values are borrowed. cr_json_get_number accepts null as NaN when `allow_null`.
 * CR_EPARSE. */
int cr_json_get_string(const json_t *object, const char *key, const char *name,
                       const char **ret_text, struct cr_error *err);
int cr_json_get_number(const json_t *object, const char *key, const char *name, bool allow_null,
                       double *ret_number, struct cr_error *err);
int cr_json_get_array(const json_t *object, const char *key, const char *name,
                      const json_t **ret_array, struct cr_error *err);
int cr_json_get_object(const json_t *object, const char *key, const char *name,
                       const json_t **ret_object, struct cr_error *err);

static inline void cr_json_decrefp(json_t **json)
{
    json_decref(*json);
}

#endif
