// SPDX-License-Identifier: MIT
/* search.yaml: what the search of each model kind may try. */
#include "load.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/num.h"

/* A plain number is a number, everything else a text. */
static int read_value(struct cr_loader *loader, const struct cr_yaml_node *node,
                      struct cr_value *ret_value, struct cr_error *err)
{
    struct cr_value value = CR_VALUE_MISSING;
    const char *text = NULL;
    double number;
    int result = cr_yaml_text(node, &text, err);

    if (result != 0) {
        return result;
    }
    if (!node->quoted && cr_num_parse(text, strlen(text), &number) && isfinite(number)) {
        value.number = number;
    } else {
        result = cr_load_copy(loader, node, &value.text, err);
    }
    if (result == 0) {
        *ret_value = value;
    }
    return result;
}

static int load_fixed(struct cr_loader *loader, const struct cr_yaml_node *model,
                      struct cr_model_search *search, struct cr_error *err)
{
    const struct cr_yaml_node *map = cr_load_find(model, "fixed");
    struct cr_param *params = NULL;
    size_t *lines = NULL;
    int result;

    if (map == NULL) {
        return 0;
    }
    result = cr_yaml_expect(map, CR_YAML_MAP, err);
    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*params), &params, err);
    }
    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*lines), &lines, err);
    }
    for (size_t i = 0; result == 0 && i < map->n; i++) {
        lines[i] = map->keys[i]->line;
        result = cr_load_copy(loader, map->keys[i], &params[i].name, err);
        if (result == 0) {
            result = read_value(loader, map->values[i], &params[i].value, err);
        }
    }
    if (result == 0) {
        search->fixed = params;
        search->fixed_lines = lines;
        search->n_fixed = map->n;
    }
    return result;
}

static int load_space(struct cr_loader *loader, const struct cr_yaml_node *map, const char *name,
                      struct cr_param_space *space, struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    struct cr_value *values = NULL;
    int result = cr_load_need_list(map, name, &list, err);

    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*values), &values, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = read_value(loader, list->values[i], &values[i], err);
    }
    if (result == 0) {
        result = cr_load_strndup(loader, name, strlen(name), &space->name, err);
    }
    if (result == 0) {
        space->values = values;
        space->n = list->n;
    }
    return result;
}

static int load_spaces(struct cr_loader *loader, const struct cr_yaml_node *model,
                       struct cr_model_search *search, struct cr_error *err)
{
    const struct cr_yaml_node *map = cr_load_find(model, "space");
    struct cr_param_space *spaces = NULL;
    int result;

    if (map == NULL) {
        return 0;
    }
    if (search->draws == 0) {
        return cr_yaml_error(model, err, "'draws' is missing: how many of the space to try");
    }
    result = cr_yaml_expect(map, CR_YAML_MAP, err);
    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*spaces), &spaces, err);
    }
    for (size_t i = 0; result == 0 && i < map->n; i++) {
        spaces[i].line = map->keys[i]->line;
        result = load_space(loader, map, map->keys[i]->text, &spaces[i], err);
    }
    if (result == 0) {
        search->spaces = spaces;
        search->n_spaces = map->n;
    }
    return result;
}

static int load_model(struct cr_loader *loader, const struct cr_yaml_node *kind,
                      const struct cr_yaml_node *map, struct cr_model_search *search,
                      struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(COUNT, "draws", struct cr_model_search, draws), .min = 1, .max = 100000},
        {.key = "fixed"},
        {.key = "space"},
        {.key = NULL},
    };
    int result = cr_load_members(loader, map, members, search, err);

    search->line = kind->line;
    if (result == 0) {
        result = cr_load_copy(loader, kind, &search->kind, err);
    }
    if (result == 0) {
        result = load_fixed(loader, map, search, err);
    }
    return result != 0 ? result : load_spaces(loader, map, search, err);
}

int cr_load_search(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(COUNT, "folds", struct cr_search, n_folds), .needed = true, .min = 2,
         .max = 100},
        {CR_MEMBER(COUNT, "seed", struct cr_search, seed), .needed = true, .max = CR_NUM_MAX_EXACT},
        {.key = "models"},
        {.key = NULL},
    };
    struct cr_search *search = &loader->portfolio->search;
    struct cr_model_search *models = NULL;
    const struct cr_yaml_node *map = NULL;
    int result = cr_load_members(loader, root, members, search, err);

    if (result == 0) {
        result = cr_yaml_need(root, "models", &map, err);
    }
    if (result == 0) {
        result = cr_yaml_expect(map, CR_YAML_MAP, err);
    }
    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*models), &models, err);
    }
    for (size_t i = 0; result == 0 && i < map->n; i++) {
        result = load_model(loader, map->keys[i], map->values[i], &models[i], err);
    }
    if (result == 0) {
        search->models = models;
        search->n_models = map->n;
    }
    return result;
}
