// SPDX-License-Identifier: MIT
/* YAML is not written anew, which would lose comments and layout: the parser says where a value
 * stands, and only its bytes are replaced. Two values, two rounds of parse, find and replace, so
 * that no place is known from a text that has changed since. */
#include "policy_text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/yaml.h"

CR_DEFINE_CLEANUP(struct cr_yaml_doc *, cr_yaml_destroy);

struct text {
    const char *bytes;
    size_t len;
};

/* Bytes start ≤ i < end. */
struct span {
    size_t start;
    size_t end;
};

static bool has_at(struct text text, size_t at, const char *prefix)
{
    size_t len = strlen(prefix);
    return at <= text.len && len <= text.len - at && memcmp(text.bytes + at, prefix, len) == 0;
}

/* Length of the line end at a place, 0 when none is there: those of YAML 1.1. */
static size_t line_end_at(struct text text, size_t at)
{
    static const char *const ends[] = {"\r\n",     "\n",           "\r",
                                       "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    for (size_t i = 0; i < CR_ARRAY_LEN(ends); i++) {
        if (has_at(text, at, ends[i])) {
            return strlen(ends[i]);
        }
    }
    return 0;
}

/* The byte at which a node begins; its column counts characters. */
static size_t offset_of(struct text text, const struct cr_yaml_node *node)
{
    size_t at = 0;
    size_t line = 1;
    size_t column = 1;
    while (at < text.len && (line < node->line || column < node->column)) {
        size_t end_len = line_end_at(text, at);
        if (end_len > 0) {
            at += end_len;
            line++;
            column = 1;
            continue;
        }
        at++;
        while (at < text.len && ((unsigned char)text.bytes[at] & 0xC0) == 0x80) {
            at++;
        }
        column++;
    }
    return at;
}

static int find_scalar(struct text text, const struct cr_yaml_node *node, struct span *ret_span,
                       struct cr_error *err)
{
    size_t start = offset_of(text, node);
    if (node->kind != CR_YAML_SCALAR || node->text == NULL || !has_at(text, start, node->text)) {
        return cr_yaml_error(node, err, "this is not written as a plain number");
    }
    *ret_span = (struct span){start, start + strlen(node->text)};
    return 0;
}

/* {lgd: 0.6}, or the same on lines of its own without braces. */
static int find_map(struct text text, const struct cr_yaml_node *map, struct span *ret_span,
                    struct cr_error *err)
{
    const struct cr_yaml_node *value = NULL;
    struct span span = {0};
    int result = cr_yaml_need(map, "lgd", &value, err);
    if (result != 0 || (result = find_scalar(text, value, &span, err)) != 0) {
        return result;
    }
    span.start = offset_of(text, map);
    if (!has_at(text, span.start, "{")) {
        *ret_span = span;
        return 0;
    }
    for (bool in_comment = false; span.end < text.len; span.end++) {
        char c = text.bytes[span.end];
        in_comment = (in_comment || c == '#') && c != '\n';
        if (!in_comment && c == '}') {
            ret_span->start = span.start;
            ret_span->end = span.end + 1;
            return 0;
        }
        if (!in_comment && strchr(" \t\r\n,", c) == NULL) {
            break;
        }
    }
    return cr_yaml_error(map, err, "the end of this map cannot be found");
}

static void splice(struct text text, struct span span, const struct cr_strbuf *value,
                   struct cr_strbuf *out)
{
    cr_strbuf_append(out, text.bytes, span.start);
    cr_strbuf_append(out, cr_strbuf_text(value), value->len);
    cr_strbuf_append(out, text.bytes + span.end, text.len - span.end);
}

/* Replaces the number of a scalar unless it is there already. */
static int set_number(struct text text, const struct cr_yaml_node *node, double wanted,
                      struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf value = CR_STRBUF_INIT;
    struct span span = {0};
    double number;
    int result = cr_yaml_number(node, &number, err);
    if (result != 0 || (result = find_scalar(text, node, &span, err)) != 0) {
        return result;
    }
    if (number == wanted) {
        cr_strbuf_append(out, text.bytes, text.len);
        return 0;
    }
    cr_strbuf_put_double(&value, wanted);
    splice(text, span, &value, out);
    return cr_strbuf_check(&value, err);
}

/* A number stays a number and a map stays a map, else the one becomes the other. */
static int set_false_negative(struct text text, const struct cr_yaml_node *node,
                              const struct cr_costs *costs, struct cr_strbuf *out,
                              struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf value = CR_STRBUF_INIT;
    struct span span = {0};
    bool is_map = node->kind == CR_YAML_MAP;
    bool wants_map = !isnan(costs->lgd);
    if (!is_map && !wants_map) {
        return set_number(text, node, costs->false_negative, out, err);
    }
    if (is_map && wants_map) {
        const struct cr_yaml_node *lgd = NULL;
        int result = cr_yaml_need(node, "lgd", &lgd, err);
        return result != 0 ? result : set_number(text, lgd, costs->lgd, out, err);
    }
    int result = is_map ? find_map(text, node, &span, err) : find_scalar(text, node, &span, err);
    if (result != 0) {
        return result;
    }
    cr_strbuf_puts(&value, wants_map ? "{lgd: " : "");
    cr_strbuf_put_double(&value, wants_map ? costs->lgd : costs->false_negative);
    cr_strbuf_puts(&value, wants_map ? "}" : "");
    splice(text, span, &value, out);
    return cr_strbuf_check(&value, err);
}

/* One of the two values. */
static int set_cost(const char *name, struct text text, const char *key,
                    const struct cr_costs *costs, struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = NULL;
    const struct cr_yaml_node *map = NULL;
    const struct cr_yaml_node *node = NULL;
    int result = cr_yaml_parse(name, text.bytes, text.len, &doc, err);
    if (result != 0 || (result = cr_yaml_need(cr_yaml_root(doc), "costs", &map, err)) != 0 ||
        (result = cr_yaml_need(map, key, &node, err)) != 0) {
        return result;
    }
    return strcmp(key, "false_positive") == 0
               ? set_number(text, node, costs->false_positive, out, err)
               : set_false_negative(text, node, costs, out, err);
}

int cr_policy_text_set_costs(const char *name, const char *text, size_t len,
                             const struct cr_costs *costs, struct cr_strbuf *out,
                             struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf first = CR_STRBUF_INIT;
    int result = set_cost(name, (struct text){text, len}, "false_positive", costs, &first, err);
    if (result != 0 || (result = cr_strbuf_check(&first, err)) != 0) {
        return result;
    }
    const struct text half_done = {cr_strbuf_text(&first), first.len};
    result = set_cost(name, half_done, "false_negative", costs, out, err);
    return result != 0 ? result : cr_strbuf_check(out, err);
}
