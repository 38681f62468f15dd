// SPDX-License-Identifier: MIT
#include "creditrisk/util/json.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/bytes.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/utf8.h"

int cr_json_parse(const char *name, const char *text, size_t len, json_t **ret_json,
                  struct cr_error *err)
{
    json_error_t problem;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);

    if (json == NULL) {
        size_t line = problem.line > 0 ? (size_t)problem.line : 0;
        size_t column = problem.column > 0 ? (size_t)problem.column : 0;

        return cr_error_at(err, CR_EPARSE, name, line, column, "%s", problem.text);
    }
    *ret_json = json;
    return 0;
}

int cr_json_load(const char *path, size_t max_len, json_t **ret_json, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len;
    int result = cr_fs_read(path, max_len, &text, &len, err);

    return result != 0 ? result : cr_json_parse(path, text, len, ret_json, err);
}

/* A control character, or one that JSON itself obeys. */
static void write_escaped(const char *sequence, size_t len, struct cr_strbuf *out)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const unsigned char *s = (const unsigned char *)sequence;
    const char *found = strchr(from, *sequence);

    if (*sequence != '\0' && found != NULL) {
        cr_strbuf_putc(out, '\\');
        cr_strbuf_putc(out, to[found - from]);
    } else {
        unsigned code = len == 1   ? s[0]
                        : len == 2 ? (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU)
                                   : (s[0] & 0xfU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);

        cr_strbuf_printf(out, "\\u%04x", code);
    }
}

/* Whether one of eight bytes is no printing ASCII or stands for something else in JSON. A byte's
 * top bit is set where that is so, and perhaps above such a byte, by the borrow. */
static bool has_special(uint64_t bytes)
{
    const uint64_t quotes = bytes ^ CR_BYTES_ALL('"'), slashes = bytes ^ CR_BYTES_ALL('\\');

    return ((bytes | (bytes + CR_BYTES_ALL(0x80 - 0x7f)) | (bytes - CR_BYTES_ALL(' ')) |
             (quotes - CR_BYTES_ALL(1)) | (slashes - CR_BYTES_ALL(1))) &
            CR_BYTES_ALL(0x80)) != 0;
}

/* Whether a text needs no change, as most. */
static bool is_plain(const char *text, size_t len)
{
    uint64_t bytes;

    for (; len >= sizeof(bytes); text += sizeof(bytes), len -= sizeof(bytes)) {
        memcpy(&bytes, text, sizeof(bytes));
        if (has_special(bytes)) {
            return false;
        }
    }
    bytes = CR_BYTES_ALL(' ');
    memcpy(&bytes, text, len);
    return !has_special(bytes);
}

static void write_plain(const char *text, size_t len, struct cr_strbuf *out)
{
    if (cr_strbuf_reserve(out, len + 2)) {
        char *begin = out->data + out->len;

        begin[0] = '"';
        memcpy(begin + 1, text, len);
        begin[len + 1] = '"';
        begin[len + 2] = '\0';
        out->len += len + 2;
    }
}

static void write_with_escapes(const char *text, size_t len, struct cr_strbuf *out)
{
    size_t start = 0, i = 0; /* text[start..i) needs no change */

    cr_strbuf_putc(out, '"');
    while (i < len) {
        size_t step = cr_utf8_sequence(text + i, len - i);

        if (step > 0 && text[i] != '"' && text[i] != '\\' && !cr_utf8_is_control(text + i, step)) {
            i += step;
            continue;
        }
        cr_strbuf_append(out, text + start, i - start);
        if (step == 0) {
            cr_strbuf_puts(out, "\xef\xbf\xbd"); /* U+FFFD */
            step = 1;
        } else {
            write_escaped(text + i, step, out);
        }
        i += step;
        start = i;
    }
    cr_strbuf_append(out, text + start, len - start);
    cr_strbuf_putc(out, '"');
}

void cr_json_write_string(const char *text, size_t len, struct cr_strbuf *out)
{
    if (is_plain(text, len)) {
        write_plain(text, len, out);
    } else {
        write_with_escapes(text, len, out);
    }
}

/* A double stays one for the next reader: 1.0 is not written as 1. */
size_t cr_json_format_number(double value, char text[CR_NUM_LEN])
{
    if (!isfinite(value)) {
        memcpy(text, "null", 5);
        return 4;
    }
    return cr_num_format_real(value, text);
}

void cr_json_write_number(double value, struct cr_strbuf *out)
{
    if (cr_strbuf_reserve(out, CR_NUM_LEN)) {
        out->len += cr_json_format_number(value, out->data + out->len);
    }
}

/* Before a member, and with one level less before the closing bracket. */
static void write_newline(bool pretty, size_t depth, struct cr_strbuf *out)
{
    if (pretty) {
        cr_strbuf_putc(out, '\n');
        for (size_t i = 0; i < depth; i++) {
            cr_strbuf_puts(out, "  ");
        }
    }
}

static void write_value(const json_t *json, bool pretty, size_t depth, struct cr_strbuf *out);

static void write_array(const json_t *array, bool pretty, size_t depth, struct cr_strbuf *out)
{
    size_t n = json_array_size(array);

    cr_strbuf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            cr_strbuf_putc(out, ',');
        }
        write_newline(pretty, depth + 1, out);
        write_value(json_array_get(array, i), pretty, depth + 1, out);
    }
    write_newline(pretty && n > 0, depth, out);
    cr_strbuf_putc(out, ']');
}

static void write_object(const json_t *object, bool pretty, size_t depth, struct cr_strbuf *out)
{
    json_t *members = (json_t *)object; /* jansson's iterators, which change nothing, want it so */
    bool first = true;

    cr_strbuf_putc(out, '{');
    for (void *it = json_object_iter(members); it != NULL;
         it = json_object_iter_next(members, it)) {
        if (!first) {
            cr_strbuf_putc(out, ',');
        }
        first = false;
        write_newline(pretty, depth + 1, out);
        cr_json_write_string(json_object_iter_key(it), json_object_iter_key_len(it), out);
        cr_strbuf_puts(out, pretty ? ": " : ":");
        write_value(json_object_iter_value(it), pretty, depth + 1, out);
    }
    write_newline(pretty && !first, depth, out);
    cr_strbuf_putc(out, '}');
}

static void write_value(const json_t *json, bool pretty, size_t depth, struct cr_strbuf *out)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        write_object(json, pretty, depth, out);
        break;
    case JSON_ARRAY:
        write_array(json, pretty, depth, out);
        break;
    case JSON_STRING:
        cr_json_write_string(json_string_value(json), json_string_length(json), out);
        break;
    case JSON_INTEGER:
        cr_strbuf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        break;
    case JSON_REAL:
        cr_json_write_number(json_real_value(json), out);
        break;
    case JSON_TRUE:
        cr_strbuf_puts(out, "true");
        break;
    case JSON_FALSE:
        cr_strbuf_puts(out, "false");
        break;
    case JSON_NULL:
        cr_strbuf_puts(out, "null");
        break;
    }
}

void cr_json_write(const json_t *json, bool pretty, struct cr_strbuf *out)
{
    write_value(json, pretty, 0, out);
}

void cr_json_write_new(json_t *json, struct cr_strbuf *out)
{
    if (json == NULL) {
        out->failed = true;
        return;
    }
    cr_json_write(json, false, out);
    json_decref(json);
}

int cr_json_save(const char *path, const json_t *json, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    int result;

    cr_json_write(json, true, &text);
    cr_strbuf_putc(&text, '\n');
    result = cr_strbuf_check(&text, err);
    return result != 0 ? result : cr_fs_write(path, text.data, text.len, err);
}

json_t *cr_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* The member when it has the type. */
static int get(const json_t *object, const char *key, const char *name, json_type type,
               const char *type_name, const json_t **ret_member, struct cr_error *err)
{
    const json_t *member = json_object_get(object, key);

    if (member == NULL) {
        return cr_error_at(err, CR_EPARSE, name, 0, 0, "'%s' is missing", key);
    }
    if (json_typeof(member) != type) {
        return cr_error_at(err, CR_EPARSE, name, 0, 0, "'%s' is not %s", key, type_name);
    }
    *ret_member = member;
    return 0;
}

json_t *cr_json_copy(const json_t *object, const char *section, const char *key)
{
    const json_t *value =
        json_object_get(section != NULL ? json_object_get(object, section) : object, key);

    return value != NULL ? json_deep_copy(value) : json_null();
}

bool cr_json_put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

int cr_json_get_string(const json_t *object, const char *key, const char *name,
                       const char **ret_text, struct cr_error *err)
{
    const json_t *member = NULL;
    int result = get(object, key, name, JSON_STRING, "a string", &member, err);

    if (result == 0) {
        *ret_text = json_string_value(member);
    }
    return result;
}

int cr_json_get_number(const json_t *object, const char *key, const char *name, bool allow_null,
                       double *ret_number, struct cr_error *err)
{
    const json_t *member = json_object_get(object, key);

    if (member == NULL) {
        return cr_error_at(err, CR_EPARSE, name, 0, 0, "'%s' is missing", key);
    }
    if (json_is_null(member) && allow_null) {
        *ret_number = NAN;
        return 0;
    }
    if (!json_is_number(member)) {
        return cr_error_at(err, CR_EPARSE, name, 0, 0, "'%s' is not a number", key);
    }
    *ret_number = json_number_value(member);
    return 0;
}

int cr_json_get_array(const json_t *object, const char *key, const char *name,
                      const json_t **ret_array, struct cr_error *err)
{
    return get(object, key, name, JSON_ARRAY, "an array", ret_array, err);
}

int cr_json_get_object(const json_t *object, const char *key, const char *name,
                       const json_t **ret_object, struct cr_error *err)
{
    return get(object, key, name, JSON_OBJECT, "an object", ret_object, err);
}
