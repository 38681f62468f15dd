// SPDX-License-Identifier: MIT
/* Reader: the members of one JSON object, straight from the bytes. No tree is built: a body of
 * numbers and short texts costs no allocation. The grammar is RFC 8259 without leniency; faults are
 * named and placed as Python's json module does, because that is what FastAPI tells its clients. */
#ifndef PORTFOLIO_READER_H
#define PORTFOLIO_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"

enum cr_token_kind {
    CR_TOKEN_NULL,
    CR_TOKEN_FALSE,
    CR_TOKEN_TRUE,
    CR_TOKEN_INTEGER, /* no point, no exponent */
    CR_TOKEN_REAL,
    CR_TOKEN_STRING,
    CR_TOKEN_NESTED, /* an array or object, read over */
    CR_TOKEN_LIKELY, /* the likely key: only its offset is filled in */
};

struct cr_token {
    enum cr_token_kind kind;
    double number; /* integer, real; ±infinity beyond the range of double */
    const char
        *text; /* string: its characters, not NUL-terminated; borrowed from the body or the arena */
    size_t len;
    size_t offset; /* first byte in the body */
};

struct cr_reader_key;

struct cr_reader {
    const char *body;
    const char *p;
    const char *end;
    struct cr_arena *arena;
    struct cr_reader_key *keys; /* that must differ within their object; checked at the end */
    size_t n_keys;
    size_t cap_keys;
    size_t n_objects;
    bool begun;        /* a member was read */
    const char *fault; /* what is wrong with the body; static */
    size_t fault_offset;
};

/* Starts on a body, which must outlive the tokens. *ret_object says whether it is an object;
 * anything else has then been read to its end. CR_EPARSE: the body is no JSON, see `fault`.
 * CR_ENOMEM. Neither fills an error. */
int cr_reader_start(struct cr_reader *reader, const char *body, size_t len, struct cr_arena *arena,
                    bool *ret_object);

/* The next member of the object; *ret_more is false at its end, after which nothing but blanks may
 * follow. likely[0..len) is the key that probably comes, plain characters in their quotes: it is
 * recognized without being read; len is 0 when there is none. Errors as above. */
int cr_reader_next(struct cr_reader *reader, const char *likely, size_t len,
                   struct cr_token *ret_key, struct cr_token *ret_value, bool *ret_more);

/* Remembers a key that must not come again. The caller does this for keys that it cannot check
 * itself. CR_ENOMEM. */
int cr_reader_note_key(struct cr_reader *reader, const struct cr_token *key);

/* Refuses the body at the offset of this key, which the caller has met before. CR_EPARSE. */
int cr_reader_refuse_key(struct cr_reader *reader, const struct cr_token *key);

/* Between reader.c and reader_string.c: refuses the body at that byte (returns CR_EPARSE); reads
 * the string that begins at reader->p. */
int cr_reader_refuse(struct cr_reader *reader, const char *at, const char *fault);
int cr_reader_read_string(struct cr_reader *reader, struct cr_token *ret_token);

#endif
