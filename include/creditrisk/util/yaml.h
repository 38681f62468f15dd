// SPDX-License-Identifier: MIT
/* YAML (through libyaml) as one immutable tree whose nodes know their line and column. Anchors,
 * tags, duplicate keys and several documents are refused; depth and size are bounded. Errors of the
 * typed readers name file, line and column. */
#ifndef CREDITRISK_UTIL_YAML_H
#define CREDITRISK_UTIL_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

enum cr_yaml_kind { CR_YAML_SCALAR, CR_YAML_LIST, CR_YAML_MAP };

struct cr_yaml_node {
    enum cr_yaml_kind kind;
    size_t line;      /* from 1 */
    size_t column;    /* from 1 */
    const char *file; /* borrowed from the document */
    const char *text; /* scalars: the value; NULL for a plain null (~, null, empty) */
    bool quoted;      /* scalars: written in quotes, so always a string */
    size_t n;         /* lists and maps: number of children */
    const struct cr_yaml_node *const *keys;   /* maps: scalar nodes */
    const struct cr_yaml_node *const *values; /* lists and maps */
};

struct cr_yaml_doc;

/* Parses a file of at most max_len bytes. The document is yours: cr_yaml_destroy; all nodes and
 * texts are borrowed from it. The root of a file without content is a null. */
int cr_yaml_load(const char *path, size_t max_len, struct cr_yaml_doc **ret_doc,
                 struct cr_error *err);
int cr_yaml_parse(const char *name, const char *text, size_t len, struct cr_yaml_doc **ret_doc,
                  struct cr_error *err);
void cr_yaml_destroy(struct cr_yaml_doc *doc);
const struct cr_yaml_node *cr_yaml_root(const struct cr_yaml_doc *doc);

/* The value under key, or NULL (also when map is NULL or no map). */
const struct cr_yaml_node *cr_yaml_get(const struct cr_yaml_node *map, const char *key);

/* The same; absence is CR_EPARSE. */
int cr_yaml_need(const struct cr_yaml_node *map, const char *key,
                 const struct cr_yaml_node **ret_node, struct cr_error *err);

/* CR_EPARSE unless node is of that kind. */
int cr_yaml_expect(const struct cr_yaml_node *node, enum cr_yaml_kind kind, struct cr_error *err);

/* CR_EPARSE at the first key of map that is not in the NULL-terminated list; the message lists the
 * known keys. */
int cr_yaml_check_keys(const struct cr_yaml_node *map, const char *const *known,
                       struct cr_error *err);

/* Typed scalars. */
int cr_yaml_text(const struct cr_yaml_node *node, const char **ret_text, struct cr_error *err);
int cr_yaml_number(const struct cr_yaml_node *node, double *ret_number, struct cr_error *err);
int cr_yaml_int(const struct cr_yaml_node *node, int64_t *ret_int, struct cr_error *err);
int cr_yaml_bool(const struct cr_yaml_node *node, bool *ret_bool, struct cr_error *err);

/* An error at the node's place. */
int cr_yaml_error(const struct cr_yaml_node *node, struct cr_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
