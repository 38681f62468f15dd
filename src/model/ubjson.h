// SPDX-License-Identifier: MIT
/* UBJSON → the tree that the JSON reader yields, so that one validator serves both. Read is what
 * XGBoost 1.6 and later writes of UBJSON Draft 12 (its UBJWriter), and nothing else:
 *
 *   Z T F             null, true, false
 *   i U I l L         integers of 1 (signed, unsigned), 2, 4 and 8 bytes
 *   d D               floats of 4 and 8 bytes
 *   S L<n> bytes      a text of n bytes of UTF-8
 *   [ # L<n> values   a list of n values
 *   [ $ t # L<n> …    the same of n numbers that share the type t and stand without it
 *   { (L<n> bytes value)… }
 *
 * Numbers are big-endian; every length is an L, a signed number of 8 bytes. A list's length is
 * never believed before its values are there. */
#ifndef CREDITRISK_SRC_MODEL_UBJSON_H
#define CREDITRISK_SRC_MODEL_UBJSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

/* Whether bytes[0..len) begin as an object in UBJSON does and none in JSON can. */
bool cr_ubjson_is_object(const char *bytes, size_t len);

/* Reads all of bytes[0..len). The result is yours: json_decref. CR_EPARSE names the byte where it
 * is no such text; floats that are not finite, keys that stand twice, keys and texts with a NUL and
 * a depth above CR_UBJSON_MAX_DEPTH are refused, too. `name` (the file's) stands in the message. */
#define CR_UBJSON_MAX_DEPTH 64
int cr_ubjson_parse(const char *name, const char *bytes, size_t len, json_t **ret_json,
                    struct cr_error *err);

#endif
