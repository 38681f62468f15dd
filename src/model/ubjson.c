// SPDX-License-Identifier: MIT
#include "ubjson.h"

#include <stdint.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

struct cursor {
    const char *name;
    const char *bytes;
    size_t len;
    size_t at; /* ≤ len */
};

bool cr_ubjson_is_object(const char *bytes, size_t len)
{
    return len >= 2 && bytes[0] == '{' && bytes[1] == 'L';
}

static int refuse(const struct cursor *cursor, size_t at, const char *what, struct cr_error *err)
{
    return cr_error_set(err, CR_EPARSE, "%s: byte %zu: %s", cursor->name, at, what);
}

/* The next n bytes, or NULL when there are fewer. */
static const char *take(struct cursor *cursor, size_t n)
{
    const char *bytes = cursor->bytes + cursor->at;

    if (n > cursor->len - cursor->at) {
        return NULL;
    }
    cursor->at += n;
    return bytes;
}

static int take_byte(struct cursor *cursor, char *ret_byte, struct cr_error *err)
{
    const char *byte = take(cursor, 1);

    if (byte == NULL) {
        return refuse(cursor, cursor->at, "the file ends too early", err);
    }
    *ret_byte = *byte;
    return 0;
}

static int expect(struct cursor *cursor, char wanted, struct cr_error *err)
{
    char byte = '\0';
    int result = take_byte(cursor, &byte, err);

    if (result == 0 && byte != wanted) {
        return cr_error_set(err, CR_EPARSE, "%s: byte %zu: there must be a '%c'", cursor->name,
                            cursor->at - 1, wanted);
    }
    return result;
}

/* Bytes of a number of this type; 0 when the type is none. */
static size_t number_len(char type)
{
    switch (type) {
    case 'i':
    case 'U':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static uint64_t read_big_endian(const char *bytes, size_t n)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | (unsigned char)bytes[i];
    }
    return bits;
}

static double read_float(uint64_t bits, char type)
{
    uint32_t low = (uint32_t)bits;
    float single;
    double number;

    if (type == 'd') {
        memcpy(&single, &low, sizeof(single));
        return (double)single;
    }
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static json_int_t read_int(uint64_t bits, char type)
{
    switch (type) {
    case 'i':
        return (int8_t)bits;
    case 'I':
        return (int16_t)bits;
    case 'l':
        return (int32_t)bits;
    default: /* U fits as it is */
        return (int64_t)bits;
    }
}

static int take_number(struct cursor *cursor, char type, json_t **ret_json, struct cr_error *err)
{
    size_t start = cursor->at;
    size_t n = number_len(type);
    const char *bytes = take(cursor, n);
    uint64_t bits;
    json_t *json;

    if (bytes == NULL) {
        return refuse(cursor, start, "the file ends inside a number", err);
    }
    bits = read_big_endian(bytes, n);
    if (type == 'd' || type == 'D') {
        double number = read_float(bits, type);

        if (!(number - number == 0.0)) {
            return refuse(cursor, start, "the number is not finite", err);
        }
        json = json_real(number);
    } else {
        json = json_integer(read_int(bits, type));
    }
    if (json == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_json = json;
    return 0;
}

/* "L" and eight bytes. What follows takes at least a byte for each: more than are left is a lie. */
static int take_length(struct cursor *cursor, size_t *ret_len, struct cr_error *err)
{
    size_t start = cursor->at;
    const char *bytes;
    uint64_t len;
    int result = expect(cursor, 'L', err);

    if (result < 0) {
        return result;
    }
    bytes = take(cursor, 8);
    if (bytes == NULL) {
        return refuse(cursor, start, "the file ends inside a length", err);
    }
    len = read_big_endian(bytes, 8);
    if (len > cursor->len - cursor->at) {
        return refuse(cursor, start, "the length reaches beyond the file", err);
    }
    *ret_len = (size_t)len;
    return 0;
}

/* Length and bytes of a text or key; borrowed. */
static int take_bytes(struct cursor *cursor, const char **ret_bytes, size_t *ret_len,
                      struct cr_error *err)
{
    size_t start = cursor->at;
    int result = take_length(cursor, ret_len, err);

    if (result < 0) {
        return result;
    }
    *ret_bytes = take(cursor, *ret_len); /* they are there */
    return memchr(*ret_bytes, '\0', *ret_len) == NULL
               ? 0
               : refuse(cursor, start, "a NUL stands in the text", err);
}

static int take_text(struct cursor *cursor, json_t **ret_json, struct cr_error *err)
{
    size_t start = cursor->at;
    const char *bytes;
    size_t len = 0;
    int result = take_bytes(cursor, &bytes, &len, err);

    if (result < 0) {
        return result;
    }
    *ret_json = json_stringn(bytes, len);
    return *ret_json != NULL ? 0 : refuse(cursor, start, "the text is no UTF-8", err);
}

static int take_value(struct cursor *cursor, size_t depth, json_t **ret_json, struct cr_error *err);

/* What stands between "[" and the values: the type, if they share one (else *ret_type is left
 * alone), and how many they are. */
static int take_list_head(struct cursor *cursor, char *ret_type, size_t *ret_n,
                          struct cr_error *err)
{
    char byte = '\0';
    int result = take_byte(cursor, &byte, err);

    if (result == 0 && byte == '$') {
        result = take_byte(cursor, ret_type, err);
        if (result == 0 && number_len(*ret_type) == 0) {
            return refuse(cursor, cursor->at - 1, "a list can share a type of numbers only", err);
        }
        if (result == 0) {
            result = take_byte(cursor, &byte, err);
        }
    }
    if (result == 0 && byte != '#') {
        return refuse(cursor, cursor->at - 1, "a list must say its length", err);
    }
    return result < 0 ? result : take_length(cursor, ret_n, err);
}

static int take_list(struct cursor *cursor, size_t depth, json_t **ret_json, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();
    char type = '\0';
    size_t n = 0;
    int result = take_list_head(cursor, &type, &n, err);

    if (list == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; result == 0 && i < n; i++) {
        json_t *item = NULL;

        result = type != '\0' ? take_number(cursor, type, &item, err)
                              : take_value(cursor, depth + 1, &item, err);
        if (result == 0 && json_array_append_new(list, item) != 0) {
            return cr_error_no_memory(err);
        }
    }
    if (result == 0) {
        *ret_json = CR_STEAL(list);
    }
    return result;
}

static int take_member(struct cursor *cursor, size_t depth, json_t *object, struct cr_error *err)
{
    size_t start = cursor->at;
    const char *key;
    size_t len = 0;
    json_t *value;
    int result = take_bytes(cursor, &key, &len, err);

    if (result < 0) {
        return result;
    }
    if (json_object_getn(object, key, len) != NULL) {
        return refuse(cursor, start, "the key stands twice in its object", err);
    }
    result = take_value(cursor, depth + 1, &value, err);
    if (result < 0) {
        return result;
    }
    return json_object_setn_new(object, key, len, value) == 0
               ? 0
               : refuse(cursor, start, "the key is no UTF-8", err);
}

static int take_object(struct cursor *cursor, size_t depth, json_t **ret_json, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *object = json_object();
    int result = 0;

    if (object == NULL) {
        return cr_error_no_memory(err);
    }
    while (result == 0 && cursor->at < cursor->len && cursor->bytes[cursor->at] != '}') {
        result = take_member(cursor, depth, object, err);
    }
    if (result == 0) {
        result = expect(cursor, '}', err);
    }
    if (result == 0) {
        *ret_json = CR_STEAL(object);
    }
    return result;
}

/* Recursive; bounded by CR_UBJSON_MAX_DEPTH. */
static int take_value(struct cursor *cursor, size_t depth, json_t **ret_json, struct cr_error *err)
{
    char type = '\0';
    int result = take_byte(cursor, &type, err);

    if (result < 0) {
        return result;
    }
    if (depth >= CR_UBJSON_MAX_DEPTH) {
        return refuse(cursor, cursor->at - 1, "it is nested too deeply", err);
    }
    if (number_len(type) > 0) {
        return take_number(cursor, type, ret_json, err);
    }
    switch (type) {
    case 'Z':
        *ret_json = json_null();
        return 0;
    case 'T':
    case 'F':
        *ret_json = json_boolean(type == 'T');
        return 0;
    case 'S':
        return take_text(cursor, ret_json, err);
    case '[':
        return take_list(cursor, depth, ret_json, err);
    case '{':
        return take_object(cursor, depth, ret_json, err);
    default:
        return refuse(cursor, cursor->at - 1, "no value begins so", err);
    }
}

int cr_ubjson_parse(const char *name, const char *bytes, size_t len, json_t **ret_json,
                    struct cr_error *err)
{
    struct cursor cursor = {name, bytes, len, 0};
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    int result = take_value(&cursor, 0, &json, err);

    if (result < 0) {
        return result;
    }
    if (cursor.at != len) {
        return refuse(&cursor, cursor.at, "bytes stand behind the value", err);
    }
    *ret_json = CR_STEAL(json);
    return 0;
}
