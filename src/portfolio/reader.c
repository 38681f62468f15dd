// SPDX-License-Identifier: MIT
#include "reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/num.h"

enum { MAX_DEPTH = 8 };

/* Only keys of nested objects and unknown ones come here: a valid application has none. */
struct cr_reader_key {
    size_t object; /* 0 = the body */
    const char *text;
    size_t len;
    size_t offset;
};

int cr_reader_refuse(struct cr_reader *reader, const char *at, const char *fault)
{
    reader->fault = fault;
    reader->fault_offset = (size_t)(at - reader->body);
    return CR_EPARSE;
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static void skip_blanks(struct cr_reader *reader)
{
    const char *p = reader->p;

    while (p < reader->end && is_blank(*p)) {
        p++;
    }
    reader->p = p;
}

/* The character at which it stands, NUL at the end. */
static char here(const struct cr_reader *reader)
{
    return reader->p < reader->end ? *reader->p : '\0';
}

/* The same behind blanks. */
static char next(struct cr_reader *reader)
{
    skip_blanks(reader);
    return here(reader);
}

/* Reads as far as the text is a number: what then stands there instead of a comma is the fault. */
static int read_number(struct cr_reader *reader, struct cr_token *ret_token)
{
    const char *begin = reader->p;
    double number = NAN;
    bool whole = false;
    size_t len = cr_num_read_json(begin, (size_t)(reader->end - begin), &number, &whole);

    if (len == 0) {
        return cr_reader_refuse(reader, begin, "Expecting value");
    }
    if (isnan(number)) {
        if (!whole) {
            return cr_reader_refuse(reader, begin, "Number with too many digits");
        }
        number = *begin == '-' ? -INFINITY : INFINITY; /* more digits than any double has */
    }
    reader->p = begin + len;
    *ret_token = (struct cr_token){
        .kind = whole ? CR_TOKEN_INTEGER : CR_TOKEN_REAL,
        .number = whole ? number + 0.0 : number, /* the integer −0 is 0 */
        .offset = (size_t)(begin - reader->body),
    };
    return 0;
}

static int read_word(struct cr_reader *reader, struct cr_token *ret_token)
{
    static const struct {
        const char *text;
        size_t len;
        enum cr_token_kind kind;
    } words[] = {
        {"null", 4, CR_TOKEN_NULL},
        {"false", 5, CR_TOKEN_FALSE},
        {"true", 4, CR_TOKEN_TRUE},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((size_t)(reader->end - reader->p) >= words[i].len &&
            memcmp(reader->p, words[i].text, words[i].len) == 0) {
            *ret_token = (struct cr_token){
                .kind = words[i].kind,
                .offset = (size_t)(reader->p - reader->body),
            };
            reader->p += words[i].len;
            return 0;
        }
    }
    return cr_reader_refuse(reader, reader->p, "Expecting value");
}

static int read_nested(struct cr_reader *reader, size_t depth);

/* Any value, `depth` brackets deep. */
static int read_value(struct cr_reader *reader, size_t depth, struct cr_token *ret_token)
{
    size_t offset = (size_t)(reader->p - reader->body);
    char c = here(reader);
    int result;

    /* most values; gcc 12 would take an edge of the switch for an unlikely one, whatever it learns
     */
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(reader, ret_token);
    }
    switch (c) {
    case '"':
        return cr_reader_read_string(reader, ret_token);
    case '{':
    case '[':
        result = read_nested(reader, depth + 1);
        *ret_token = (struct cr_token){.kind = CR_TOKEN_NESTED, .offset = offset};
        return result;
    case 'n':
    case 'f':
    case 't':
        return read_word(reader, ret_token);
    default:
        return cr_reader_refuse(reader, reader->p, "Expecting value");
    }
}

static int read_key(struct cr_reader *reader, const char *likely, size_t len,
                    struct cr_token *ret_key)
{
    if (len > 0 && (size_t)(reader->end - reader->p) >= len &&
        memcmp(reader->p, likely, len) == 0) {
        ret_key->kind = CR_TOKEN_LIKELY;
        ret_key->offset = (size_t)(reader->p - reader->body);
        reader->p += len;
        return 0;
    }
    if (here(reader) != '"') {
        return cr_reader_refuse(reader, reader->p,
                                "Expecting property name enclosed in double quotes");
    }
    return cr_reader_read_string(reader, ret_key);
}

/* Behind `{` or a value: the next member, or the end of the object. `first` allows the end without
 * a comma. */
static int read_member(struct cr_reader *reader, size_t depth, bool first, const char *likely,
                       size_t len, struct cr_token *ret_key, struct cr_token *ret_value,
                       bool *ret_more)
{
    char c = next(reader);
    int result;

    if (c == '}') {
        reader->p++;
        *ret_more = false;
        return 0;
    }
    if (!first) {
        if (c != ',') {
            return cr_reader_refuse(reader, reader->p, "Expecting ',' delimiter");
        }
        reader->p++;
        skip_blanks(reader);
    }
    result = read_key(reader, likely, len, ret_key);
    if (result != 0) {
        return result;
    }
    if (next(reader) != ':') {
        return cr_reader_refuse(reader, reader->p, "Expecting ':' delimiter");
    }
    reader->p++;
    skip_blanks(reader);
    result = read_value(reader, depth, ret_value);
    if (result == 0) {
        *ret_more = true;
    }
    return result;
}

static int note_key(struct cr_reader *reader, size_t object, const struct cr_token *key)
{
    if (reader->n_keys == reader->cap_keys) {
        size_t cap = reader->cap_keys == 0 ? 16 : 2 * reader->cap_keys;
        struct cr_reader_key *keys = cr_arena_alloc_array(reader->arena, cap, sizeof(*keys));

        if (keys == NULL) {
            return CR_ENOMEM;
        }
        if (reader->n_keys > 0) {
            memcpy(keys, reader->keys, reader->n_keys * sizeof(*keys));
        }
        reader->keys = keys;
        reader->cap_keys = cap;
    }
    reader->keys[reader->n_keys++] = (struct cr_reader_key){
        .object = object,
        .text = key->text,
        .len = key->len,
        .offset = key->offset,
    };
    return 0;
}

static int read_object(struct cr_reader *reader, size_t depth)
{
    size_t object = ++reader->n_objects;
    struct cr_token key, value;
    bool more = true;

    reader->p++;
    for (bool first = true; more; first = false) {
        int result = read_member(reader, depth, first, NULL, 0, &key, &value, &more);

        if (result == 0 && more) {
            result = note_key(reader, object, &key);
        }
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

static int read_array(struct cr_reader *reader, size_t depth)
{
    struct cr_token value;

    reader->p++;
    if (next(reader) == ']') {
        reader->p++;
        return 0;
    }
    for (;;) {
        int result = read_value(reader, depth, &value);
        char c;

        if (result != 0) {
            return result;
        }
        c = next(reader);
        if (c == ']') {
            reader->p++;
            return 0;
        }
        if (c != ',') {
            return cr_reader_refuse(reader, reader->p, "Expecting ',' delimiter");
        }
        reader->p++;
        skip_blanks(reader);
    }
}

static int read_nested(struct cr_reader *reader, size_t depth)
{
    if (depth > MAX_DEPTH) {
        return cr_reader_refuse(reader, reader->p, "Nested too deeply");
    }
    return here(reader) == '{' ? read_object(reader, depth) : read_array(reader, depth);
}

static int compare_keys(const void *a, const void *b)
{
    const struct cr_reader_key *x = a, *y = b;
    int order;

    if (x->object != y->object) {
        return x->object < y->object ? -1 : 1;
    }
    if (x->len != y->len) {
        return x->len < y->len ? -1 : 1;
    }
    order = x->len > 0 ? memcmp(x->text, y->text, x->len) : 0;
    if (order != 0) {
        return order;
    }
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The first key that its object already had. Sorting keeps a body of thousands of keys cheap. */
static int check_keys(struct cr_reader *reader)
{
    const struct cr_reader_key *keys = reader->keys;
    const struct cr_reader_key *first = NULL;

    if (reader->n_keys < 2) {
        return 0;
    }
    qsort(reader->keys, reader->n_keys, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < reader->n_keys; i++) {
        if (keys[i].object == keys[i - 1].object && keys[i].len == keys[i - 1].len &&
            (keys[i].len == 0 || memcmp(keys[i].text, keys[i - 1].text, keys[i].len) == 0) &&
            (first == NULL || keys[i].offset < first->offset)) {
            first = &keys[i];
        }
    }
    return first == NULL ? 0
                         : cr_reader_refuse(reader, reader->body + first->offset, "Duplicate key");
}

static int finish(struct cr_reader *reader)
{
    skip_blanks(reader);
    if (reader->p != reader->end) {
        return cr_reader_refuse(reader, reader->p, "Extra data");
    }
    return check_keys(reader);
}

int cr_reader_start(struct cr_reader *reader, const char *body, size_t len, struct cr_arena *arena,
                    bool *ret_object)
{
    struct cr_token value;
    int result;

    *reader = (struct cr_reader){.body = body, .p = body, .end = body + len, .arena = arena};
    if (next(reader) == '{') {
        reader->p++;
        *ret_object = true;
        return 0;
    }
    result = read_value(reader, 0, &value);
    if (result == 0) {
        result = finish(reader);
    }
    if (result == 0) {
        *ret_object = false;
    }
    return result;
}

int cr_reader_next(struct cr_reader *reader, const char *likely, size_t len,
                   struct cr_token *ret_key, struct cr_token *ret_value, bool *ret_more)
{
    bool more = false;
    int result = read_member(reader, 1, !reader->begun, likely, len, ret_key, ret_value, &more);

    reader->begun = true;
    if (result == 0 && !more) {
        result = finish(reader);
    }
    if (result == 0) {
        *ret_more = more;
    }
    return result;
}

int cr_reader_note_key(struct cr_reader *reader, const struct cr_token *key)
{
    return note_key(reader, 0, key);
}

int cr_reader_refuse_key(struct cr_reader *reader, const struct cr_token *key)
{
    return cr_reader_refuse(reader, reader->body + key->offset, "Duplicate key");
}
