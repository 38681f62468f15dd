// SPDX-License-Identifier: MIT
/* Reading the tree of a document, every complaint with its place. */
#include "creditrisk/util/yaml.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"

const struct cr_yaml_node *cr_yaml_get(const struct cr_yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != CR_YAML_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (strcmp(map->keys[i]->text, key) == 0) {
            return map->values[i];
        }
    }
    return NULL;
}

int cr_yaml_need(const struct cr_yaml_node *map, const char *key,
                 const struct cr_yaml_node **ret_node, struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_yaml_get(map, key);
    int result = cr_yaml_expect(map, CR_YAML_MAP, err);

    if (result != 0) {
        return result;
    }
    if (node == NULL) {
        return cr_yaml_error(map, err, "'%s' is missing", key);
    }
    *ret_node = node;
    return 0;
}

int cr_yaml_expect(const struct cr_yaml_node *node, enum cr_yaml_kind kind, struct cr_error *err)
{
    static const char *const names[] = {"a single value", "a list", "a map"};

    if (node->kind != kind) {
        return cr_yaml_error(node, err, "expected %s, found %s", names[kind], names[node->kind]);
    }
    return 0;
}

int cr_yaml_check_keys(const struct cr_yaml_node *map, const char *const *known,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf list = CR_STRBUF_INIT;
    int result = cr_yaml_expect(map, CR_YAML_MAP, err);

    if (result != 0) {
        return result;
    }
    for (size_t i = 0; i < map->n; i++) {
        const char *const *k = known;

        while (*k != NULL && strcmp(*k, map->keys[i]->text) != 0) {
            k++;
        }
        if (*k == NULL) {
            for (k = known; *k != NULL; k++) {
                cr_strbuf_printf(&list, "%s%s", k == known ? "" : ", ", *k);
            }
            return cr_yaml_error(map->keys[i], err, "unknown key '%s'; known are: %s",
                                 map->keys[i]->text, cr_strbuf_text(&list));
        }
    }
    return 0;
}

/* The text of a scalar that is not null. */
static int need_text(const struct cr_yaml_node *node, const char *what, const char **ret_text,
                     struct cr_error *err)
{
    int result = cr_yaml_expect(node, CR_YAML_SCALAR, err);

    if (result != 0) {
        return result;
    }
    if (node->text == NULL) {
        return cr_yaml_error(node, err, "expected %s, found nothing", what);
    }
    *ret_text = node->text;
    return 0;
}

/* The text of a scalar that is neither null nor quoted. */
static int need_plain(const struct cr_yaml_node *node, const char *what, const char **ret_text,
                      struct cr_error *err)
{
    const char *text = NULL;
    int result = need_text(node, what, &text, err);

    if (result != 0) {
        return result;
    }
    if (node->quoted) {
        return cr_yaml_error(node, err, "expected %s, found the quoted text '%s'", what, text);
    }
    *ret_text = text;
    return 0;
}

int cr_yaml_text(const struct cr_yaml_node *node, const char **ret_text, struct cr_error *err)
{
    return need_text(node, "a text", ret_text, err);
}

int cr_yaml_number(const struct cr_yaml_node *node, double *ret_number, struct cr_error *err)
{
    const char *text = NULL;
    double number;
    int result = need_plain(node, "a number", &text, err);

    if (result != 0) {
        return result;
    }
    if (!cr_num_parse(text, strlen(text), &number) || !isfinite(number)) {
        return cr_yaml_error(node, err, "expected a number, found '%s'", text);
    }
    *ret_number = number;
    return 0;
}

int cr_yaml_int(const struct cr_yaml_node *node, int64_t *ret_int, struct cr_error *err)
{
    const char *text = NULL;
    int result = need_plain(node, "an integer", &text, err);

    if (result == 0 && !cr_num_parse_int(text, strlen(text), ret_int)) {
        return cr_yaml_error(node, err, "expected an integer, found '%s'", text);
    }
    return result;
}

int cr_yaml_bool(const struct cr_yaml_node *node, bool *ret_bool, struct cr_error *err)
{
    const char *text = NULL;
    int result = need_plain(node, "true or false", &text, err);

    if (result != 0) {
        return result;
    }
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return cr_yaml_error(node, err, "expected true or false, found '%s'", text);
    }
    *ret_bool = text[0] == 't';
    return 0;
}

int cr_yaml_error(const struct cr_yaml_node *node, struct cr_error *err, const char *format, ...)
{
    char message[sizeof(err->message)];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* may be cut */
    va_end(args);
    return cr_error_at(err, CR_EPARSE, node->file, node->line, node->column, "%s", message);
}
