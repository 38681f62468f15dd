// SPDX-License-Identifier: MIT
/* What a field or column may hold: its range or its levels. */
#include "load.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

ptrdiff_t cr_levels_find(const struct cr_levels *levels, const char *text, size_t len)
{
    ptrdiff_t level = cr_names_find_text(levels->texts, levels->n, text, len);
    ptrdiff_t alias;

    if (level >= 0) {
        return level;
    }
    alias = cr_names_find_text(levels->alias_texts, levels->n_aliases, text, len);
    return alias >= 0 ? (ptrdiff_t)levels->alias_targets[alias] : -1;
}

ptrdiff_t cr_levels_index(const struct cr_levels *levels, const char *text)
{
    for (size_t i = 0; i < levels->n; i++) {
        if (levels->texts[i] == text) {
            return (ptrdiff_t)i;
        }
    }
    for (size_t i = 0; i < levels->n; i++) {
        if (strcmp(levels->texts[i], text) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

static int load_alias(struct cr_loader *loader, const struct cr_yaml_node *key,
                      const struct cr_yaml_node *value, const struct cr_levels *levels,
                      const char **ret_text, size_t *ret_target, struct cr_error *err)
{
    struct cr_names names = CR_NAMES(levels->texts, levels->n);
    const char *target = NULL;
    ptrdiff_t index;
    int result = cr_load_copy(loader, key, ret_text, err);

    if (result == 0) {
        result = cr_yaml_text(value, &target, err);
    }
    if (result != 0) {
        return result;
    }
    if (cr_names_find(names, *ret_text) >= 0) {
        return cr_yaml_error(key, err, "the alias '%s' is a level itself", *ret_text);
    }
    index = cr_names_find(names, target);
    if (index < 0) {
        return cr_names_unknown(names, value, "level", err);
    }
    *ret_target = (size_t)index;
    return 0;
}

static int load_aliases(struct cr_loader *loader, const struct cr_yaml_node *map,
                        struct cr_levels *levels, struct cr_error *err)
{
    const char **texts = NULL;
    size_t *targets = NULL;
    int result = cr_yaml_expect(map, CR_YAML_MAP, err);

    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*texts), &texts, err);
    }
    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*targets), &targets, err);
    }
    for (size_t i = 0; result == 0 && i < map->n; i++) {
        result =
            load_alias(loader, map->keys[i], map->values[i], levels, &texts[i], &targets[i], err);
    }
    if (result == 0) {
        levels->alias_texts = texts;
        levels->alias_targets = targets;
        levels->n_aliases = map->n;
    }
    return result;
}

int cr_load_levels(struct cr_loader *loader, const struct cr_yaml_node *map, const char *list_key,
                   const char *aliases_key, struct cr_levels *ret_levels, struct cr_error *err)
{
    const struct cr_yaml_node *aliases = aliases_key ? cr_load_find(map, aliases_key) : NULL;
    const struct cr_yaml_node *list = NULL;
    struct cr_levels levels = {0};
    int result = cr_load_need_list(map, list_key, &list, err);

    if (result == 0) {
        result = cr_load_texts(loader, list, &levels.texts, &levels.n, err);
    }
    if (result == 0 && aliases != NULL) {
        result = load_aliases(loader, aliases, &levels, err);
    }
    if (result == 0) {
        *ret_levels = levels;
    }
    return result;
}

int cr_load_domain(struct cr_loader *loader, const struct cr_yaml_node *map, enum cr_type type,
                   const char *list_key, struct cr_levels *ret_levels, struct cr_error *err)
{
    const char *const keys[] = {list_key, "aliases"};

    if (type == CR_ENUM) {
        return cr_load_levels(loader, map, list_key, "aliases", ret_levels, err);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        const struct cr_yaml_node *node = cr_load_find(map, keys[i]);

        if (node != NULL) {
            return cr_yaml_error(node, err, "'%s' is for the type enum, not for %s", keys[i],
                                 cr_type_name(type));
        }
    }
    return 0;
}

static int read_end(const struct cr_yaml_node *map, const char *key, enum cr_type type,
                    double *value, struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_load_find(map, key);
    double number = 0.0;
    int result;

    if (node == NULL) {
        return 0;
    }
    result = cr_yaml_number(node, &number, err);
    if (result != 0) {
        return result;
    }
    if (type != CR_INT && type != CR_NUMBER) {
        return cr_yaml_error(node, err, "'%s' is for the types int and number, not for %s", key,
                             cr_type_name(type));
    }
    if (type == CR_INT && number != floor(number)) {
        return cr_yaml_error(node, err, "%s '%s' of an int is no whole number", key, node->text);
    }
    *value = number;
    return 0;
}

int cr_load_range(const struct cr_yaml_node *map, enum cr_type type, double *ret_min,
                  double *ret_max, struct cr_error *err)
{
    double min = -INFINITY;
    double max = INFINITY;
    int result = read_end(map, "min", type, &min, err);

    if (result == 0) {
        result = read_end(map, "max", type, &max, err);
    }
    if (result != 0) {
        return result;
    }
    if (min > max) {
        return cr_yaml_error(cr_yaml_get(map, "max"), err, "max '%s' is below min '%s'",
                             cr_yaml_get(map, "max")->text, cr_yaml_get(map, "min")->text);
    }
    *ret_min = min;
    *ret_max = max;
    return 0;
}
