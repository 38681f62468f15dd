// SPDX-License-Identifier: MIT
#include "load.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"

enum { MAX_MEMBERS = 24 };

_Static_assert(sizeof(enum cr_type) == sizeof(int), "CR_MEMBER_CHOICE writes an int");

int cr_load_array(struct cr_loader *loader, size_t n, size_t size, void *ret_array,
                  struct cr_error *err)
{
    void *array = cr_arena_alloc_array(loader->arena, n > 0 ? n : 1, size);

    if (array == NULL) {
        return cr_error_no_memory(err);
    }
    memcpy(ret_array, &array, sizeof(array)); /* a pointer to any kind of pointer */
    return 0;
}

int cr_load_strndup(struct cr_loader *loader, const char *text, size_t len, const char **ret_copy,
                    struct cr_error *err)
{
    const char *copy = cr_arena_strndup(loader->arena, text, len);

    if (copy == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_copy = copy;
    return 0;
}

int cr_load_copy(struct cr_loader *loader, const struct cr_yaml_node *node, const char **ret_text,
                 struct cr_error *err)
{
    const char *text = NULL;
    int result = cr_yaml_text(node, &text, err);

    if (result != 0) {
        return result;
    }
    if (text[0] == '\0') {
        return cr_yaml_error(node, err, "an empty text '' says nothing here");
    }
    return cr_load_strndup(loader, text, strlen(text), ret_text, err);
}

int cr_load_texts(struct cr_loader *loader, const struct cr_yaml_node *list,
                  const char *const **ret_texts, size_t *ret_n, struct cr_error *err)
{
    const char **texts = NULL;
    int result = cr_load_array(loader, list->n, sizeof(*texts), &texts, err);

    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = cr_load_copy(loader, list->values[i], &texts[i], err);
        if (result == 0 && cr_names_find(CR_NAMES(texts, i), texts[i]) >= 0) {
            result = cr_yaml_error(list->values[i], err, "'%s' is in the list twice", texts[i]);
        }
    }
    if (result == 0) {
        *ret_texts = texts;
        *ret_n = list->n;
    }
    return result;
}

const struct cr_yaml_node *cr_load_find(const struct cr_yaml_node *map, const char *key)
{
    const struct cr_yaml_node *node = cr_yaml_get(map, key);
    bool null = node != NULL && node->kind == CR_YAML_SCALAR && node->text == NULL;

    return null ? NULL : node;
}

int cr_load_need_list(const struct cr_yaml_node *map, const char *key,
                      const struct cr_yaml_node **ret_list, struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    int result = cr_yaml_need(map, key, &list, err);

    if (result == 0) {
        result = cr_yaml_expect(list, CR_YAML_LIST, err);
    }
    if (result != 0) {
        return result;
    }
    if (list->n == 0 || list->n > CR_PORTFOLIO_MAX_ITEMS) {
        return cr_yaml_error(list, err, "'%s' has %zu items; 1 to %d are possible", key, list->n,
                             CR_PORTFOLIO_MAX_ITEMS);
    }
    *ret_list = list;
    return 0;
}

static int read_name(struct cr_loader *loader, const struct cr_yaml_node *node,
                     const char **ret_name, struct cr_error *err)
{
    const char *name = NULL;
    int result = cr_load_copy(loader, node, &name, err);
    size_t len;

    if (result != 0) {
        return result;
    }
    len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    if (name[len] != '\0' || len > CR_PORTFOLIO_MAX_NAME_LEN ||
        (name[0] >= '0' && name[0] <= '9')) {
        return cr_yaml_error(node, err,
                             "'%s' is no name for SQL: at most %d letters, digits and _, the first "
                             "no digit",
                             name, CR_PORTFOLIO_MAX_NAME_LEN);
    }
    if (strcasecmp(name, "row_id") == 0) {
        return cr_yaml_error(node, err, "the name '%s' belongs to the program", name);
    }
    *ret_name = name;
    return 0;
}

static int read_word(const struct cr_yaml_node *node, const struct cr_member *member,
                     size_t *ret_index, struct cr_error *err)
{
    const char *text = NULL;
    struct cr_names words = CR_NAMES(member->words, 0);
    ptrdiff_t index;
    int result = cr_yaml_text(node, &text, err);

    if (result != 0) {
        return result;
    }
    while (member->words[words.n] != NULL) {
        words.n++;
    }
    index = cr_names_find(words, text);
    if (index < 0) {
        return cr_names_unknown(words, node, member->key, err);
    }
    *ret_index = (size_t)index;
    return 0;
}

static int read_text(struct cr_loader *loader, const struct cr_yaml_node *node,
                     const struct cr_member *member, const char **ret_text, struct cr_error *err)
{
    size_t index;
    int result = member->words != NULL ? read_word(node, member, &index, err) : 0;

    return result != 0 ? result : cr_load_copy(loader, node, ret_text, err);
}

static int read_number(const struct cr_yaml_node *node, const struct cr_member *member,
                       double *ret_number, struct cr_error *err)
{
    double number = 0.0;
    int result = cr_yaml_number(node, &number, err);
    bool bounded = member->min < member->max;

    if (result != 0) {
        return result;
    }
    if (bounded && !(number >= member->min && number <= member->max)) {
        return cr_yaml_error(node, err, "%s '%s' is outside %g..%g", member->key, node->text,
                             member->min, member->max);
    }
    *ret_number = number;
    return 0;
}

static int read_count(const struct cr_yaml_node *node, const struct cr_member *member,
                      size_t *ret_count, struct cr_error *err)
{
    double number = 0.0;
    int64_t count = 0;
    int result = cr_yaml_int(node, &count, err);

    if (result == 0) {
        result = read_number(node, member, &number, err);
    }
    if (result == 0) {
        *ret_count = (size_t)count;
    }
    return result;
}

static int read_member(struct cr_loader *loader, const struct cr_yaml_node *node,
                       const struct cr_member *member, void *place, struct cr_error *err)
{
    size_t index = 0;
    int result = 0;

    switch (member->kind) {
    case CR_MEMBER_KNOWN:
        break;
    case CR_MEMBER_TEXT:
        result = read_text(loader, node, member, place, err);
        break;
    case CR_MEMBER_NAME:
        result = read_name(loader, node, place, err);
        break;
    case CR_MEMBER_NUMBER:
        result = read_number(node, member, place, err);
        break;
    case CR_MEMBER_COUNT:
        result = read_count(node, member, place, err);
        break;
    case CR_MEMBER_BOOL:
        result = cr_yaml_bool(node, place, err);
        break;
    case CR_MEMBER_CHOICE:
        result = read_word(node, member, &index, err);
        if (result == 0) {
            memcpy(place, &(int){(int)index}, sizeof(int));
        }
        break;
    }
    return result;
}

int cr_load_members(struct cr_loader *loader, const struct cr_yaml_node *map,
                    const struct cr_member *members, void *structure, struct cr_error *err)
{
    const char *known[MAX_MEMBERS + 1] = {NULL};
    int result;

    for (size_t i = 0; members[i].key != NULL; i++) {
        assert(i < MAX_MEMBERS);
        known[i] = members[i].key;
    }
    result = cr_yaml_check_keys(map, known, err);
    for (size_t i = 0; result == 0 && members[i].key != NULL; i++) {
        const struct cr_yaml_node *node = cr_load_find(map, members[i].key);

        if (members[i].needed) {
            result = cr_yaml_need(map, members[i].key, &node, err);
        }
        if (result == 0 && node != NULL) {
            void *place = structure != NULL ? (char *)structure + members[i].offset : NULL;

            result = read_member(loader, node, &members[i], place, err);
        }
    }
    return result;
}

int cr_load_check_new(const struct cr_yaml_node *map, struct cr_names taken, struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_yaml_get(map, "name");

    if (cr_names_find_folded(taken, node->text) >= 0) {
        return cr_yaml_error(node, err, "the name '%s' is taken", node->text);
    }
    return 0;
}
