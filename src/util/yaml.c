// SPDX-License-Identifier: MIT
/* A recursive descent over libyaml's events. The nodes of an open list or map collect on one stack
 * and move to the arena when it closes, so every array has its exact size and nothing is freed one
 * by one. */
#include "creditrisk/util/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/utf8.h"

enum { MAX_DEPTH = 32, MAX_NODES = 100000 };

struct cr_yaml_doc {
    struct cr_arena arena;
    const char *file;
    const struct cr_yaml_node *root;
};

CR_DEFINE_CLEANUP(struct cr_yaml_doc *, cr_yaml_destroy);

struct builder {
    yaml_parser_t parser;
    const char *text; /* what is parsed */
    struct cr_yaml_doc *doc;
    size_t n_nodes;
    size_t depth;
    const struct cr_yaml_node **stack;
    size_t n;
    size_t cap;
    struct cr_error *err;
};

static int no_memory(struct builder *builder)
{
    return cr_error_no_memory(builder->err);
}

static int refuse(struct builder *builder, int code, yaml_mark_t mark, const char *what)
{
    return cr_error_at(builder->err, code, builder->doc->file, mark.line + 1, mark.column + 1, "%s",
                       what);
}

/* libyaml's own complaint. One about bytes that are no text has an offset instead of a mark. */
static int parser_problem(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    size_t line;
    size_t column;

    if (parser->error == YAML_MEMORY_ERROR) {
        return no_memory(builder);
    }
    if (parser->error == YAML_READER_ERROR) {
        cr_utf8_place(builder->text, parser->problem_offset, &line, &column);
        return cr_error_at(builder->err, CR_EPARSE, builder->doc->file, line, column, "%s",
                           problem);
    }
    return refuse(builder, CR_EPARSE, parser->problem_mark, problem);
}

static int push(struct builder *builder, const struct cr_yaml_node *node)
{
    if (builder->n == builder->cap) {
        size_t cap = builder->cap == 0 ? 64 : 2 * builder->cap;
        const struct cr_yaml_node **stack = reallocarray(builder->stack, cap, sizeof(*stack));

        if (stack == NULL) {
            return no_memory(builder);
        }
        builder->stack = stack;
        builder->cap = cap;
    }
    builder->stack[builder->n++] = node;
    return 0;
}

static int add_node(struct builder *builder, enum cr_yaml_kind kind, yaml_mark_t mark,
                    struct cr_yaml_node **ret_node)
{
    struct cr_yaml_node *node;

    if (++builder->n_nodes > MAX_NODES) {
        return refuse(builder, CR_ETOOBIG, mark, "more values than a document may have");
    }
    node = cr_arena_alloc(&builder->doc->arena, sizeof(*node));
    if (node == NULL) {
        return no_memory(builder);
    }
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    node->file = builder->doc->file;
    *ret_node = node;
    return 0;
}

static bool is_null(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < CR_ARRAY_LEN(nulls); i++) {
        if (strcmp(text, nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int build_scalar(struct builder *builder, const yaml_event_t *event,
                        struct cr_yaml_node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;

    if (memchr(text, '\0', len) != NULL) {
        return refuse(builder, CR_EPARSE, event->start_mark, "a text with a NUL character");
    }
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (node->quoted || !is_null(text)) {
        node->text = cr_arena_strndup(&builder->doc->arena, text, len);
        if (node->text == NULL) {
            return no_memory(builder);
        }
    }
    return 0;
}

/* Every step-th node of the stack from `first` on, n of them, as an array in the arena; NULL
 * without memory. */
static const struct cr_yaml_node **collect(struct builder *builder, size_t first, size_t step,
                                           size_t n)
{
    const struct cr_yaml_node **nodes =
        cr_arena_alloc_array(&builder->doc->arena, n, sizeof(const struct cr_yaml_node *));

    if (nodes != NULL) {
        for (size_t i = 0; i < n; i++) {
            nodes[i] = builder->stack[first + i * step];
        }
    }
    return nodes;
}

static int build_list(struct builder *builder, size_t first, struct cr_yaml_node *list)
{
    list->n = builder->n - first;
    list->values = collect(builder, first, 1, list->n);
    return list->values != NULL ? 0 : no_memory(builder);
}

/* By text, then by place: the second of two equal keys is the one to complain about. */
static int compare_keys(const void *a, const void *b)
{
    const struct cr_yaml_node *x = *(const struct cr_yaml_node *const *)a;
    const struct cr_yaml_node *y = *(const struct cr_yaml_node *const *)b;
    int order = strcmp(x->text, y->text);

    if (order != 0) {
        return order;
    }
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return x->column < y->column ? -1 : x->column > y->column;
}

/* On the stack, keys and values alternate. */
static int build_map(struct builder *builder, size_t first, struct cr_yaml_node *map)
{
    const struct cr_yaml_node **sorted = builder->stack + first;

    map->n = (builder->n - first) / 2;
    map->keys = collect(builder, first, 2, map->n);
    map->values = collect(builder, first + 1, 2, map->n);
    if (map->keys == NULL || map->values == NULL) {
        return no_memory(builder);
    }
    for (size_t i = 0; i < map->n; i++) {
        if (map->keys[i]->kind != CR_YAML_SCALAR || map->keys[i]->text == NULL) {
            return cr_yaml_error(map->keys[i], builder->err, "a key must be a text");
        }
        sorted[i] = map->keys[i]; /* the stack is no longer needed */
    }
    if (map->n > 0) {
        qsort(sorted, map->n, sizeof(const struct cr_yaml_node *), compare_keys);
    }
    for (size_t i = 1; i < map->n; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0) {
            return cr_yaml_error(sorted[i], builder->err, "the key '%s' stands here twice",
                                 sorted[i]->text);
        }
    }
    return 0;
}

static const char *unwanted(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not allowed";
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        return "anchors are not allowed";
    }
    return tag != NULL ? "tags are not allowed" : NULL;
}

static int build_node(struct builder *builder, const yaml_event_t *event,
                      struct cr_yaml_node **ret_node);

/* Builds values until the list or map ends. */
static int build_children(struct builder *builder, struct cr_yaml_node *parent)
{
    size_t first = builder->n;
    int result = 0;
    bool ended = false;

    while (result == 0 && !ended) {
        CR_CLEANUP(yaml_event_delete) yaml_event_t event = {0};
        struct cr_yaml_node *child;

        if (!yaml_parser_parse(&builder->parser, &event)) {
            return parser_problem(builder);
        }
        ended = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        if (!ended) {
            result = build_node(builder, &event, &child);
            if (result == 0) {
                result = push(builder, child);
            }
        }
    }
    if (result == 0) {
        result = parent->kind == CR_YAML_LIST ? build_list(builder, first, parent)
                                              : build_map(builder, first, parent);
    }
    builder->n = first;
    return result;
}

/* Builds the value that begins with event. */
static int build_node(struct builder *builder, const yaml_event_t *event,
                      struct cr_yaml_node **ret_node)
{
    const char *complaint = unwanted(event);
    enum cr_yaml_kind kind = CR_YAML_SCALAR;
    int result;

    if (complaint != NULL) {
        return refuse(builder, CR_EPARSE, event->start_mark, complaint);
    }
    if (event->type != YAML_SCALAR_EVENT) {
        kind = event->type == YAML_SEQUENCE_START_EVENT ? CR_YAML_LIST : CR_YAML_MAP;
        if (builder->depth == MAX_DEPTH) {
            return refuse(builder, CR_ETOOBIG, event->start_mark, "nested too deeply");
        }
    }
    result = add_node(builder, kind, event->start_mark, ret_node);
    if (result != 0) {
        return result;
    }
    if (kind == CR_YAML_SCALAR) {
        return build_scalar(builder, event, *ret_node);
    }
    builder->depth++;
    result = build_children(builder, *ret_node);
    builder->depth--;
    return result;
}

/* STREAM-START [DOCUMENT-START value DOCUMENT-END] STREAM-END; without a document the root is null.
 */
static int build_stream(struct builder *builder)
{
    struct cr_yaml_node *root = NULL;
    yaml_event_type_t type = YAML_NO_EVENT;
    int result = 0;

    while (result == 0 && type != YAML_STREAM_END_EVENT) {
        CR_CLEANUP(yaml_event_delete) yaml_event_t event = {0};

        if (!yaml_parser_parse(&builder->parser, &event)) {
            return parser_problem(builder);
        }
        type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && root != NULL) {
            result = refuse(builder, CR_EPARSE, event.start_mark, "a second document");
        } else if (type == YAML_ALIAS_EVENT || type == YAML_SCALAR_EVENT ||
                   type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) {
            result = build_node(builder, &event, &root);
        } else if (type == YAML_STREAM_END_EVENT && root == NULL) {
            result = add_node(builder, CR_YAML_SCALAR, (yaml_mark_t){0}, &root);
        }
    }
    builder->doc->root = root;
    return result;
}

int cr_yaml_parse(const char *name, const char *text, size_t len, struct cr_yaml_doc **ret_doc,
                  struct cr_error *err)
{
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = calloc(1, sizeof(*doc));
    struct builder builder = {.text = text, .doc = doc, .err = err};
    int result;

    if (doc == NULL) {
        return no_memory(&builder);
    }
    doc->file = cr_arena_strndup(&doc->arena, name, strlen(name));
    if (doc->file == NULL || !yaml_parser_initialize(&builder.parser)) {
        return no_memory(&builder);
    }
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, len);
    result = build_stream(&builder);
    yaml_parser_delete(&builder.parser);
    free(builder.stack);
    if (result == 0) {
        *ret_doc = CR_STEAL(doc);
    }
    return result;
}

int cr_yaml_load(const char *path, size_t max_len, struct cr_yaml_doc **ret_doc,
                 struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len;
    int result = cr_fs_read(path, max_len, &text, &len, err);

    return result != 0 ? result : cr_yaml_parse(path, text, len, ret_doc, err);
}

void cr_yaml_destroy(struct cr_yaml_doc *doc)
{
    if (doc != NULL) {
        cr_arena_finish(&doc->arena);
        free(doc);
    }
}

const struct cr_yaml_node *cr_yaml_root(const struct cr_yaml_doc *doc)
{
    return doc->root;
}
