// SPDX-License-Identifier: MIT
/* application.yaml: the fields of a request, and what the book is about. */
#include "load.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"

static int read_number(const struct cr_yaml_node *node, const struct cr_field *field,
                       double *ret_number, struct cr_error *err)
{
    double number = 0.0;
    int result = cr_yaml_number(node, &number, err);

    if (result != 0) {
        return result;
    }
    if (field->type == CR_INT && number != floor(number)) {
        return cr_yaml_error(node, err, "'%s' is no whole number, but '%s' is an int", node->text,
                             field->name);
    }
    if (!(number >= field->min && number <= field->max)) {
        return cr_yaml_error(node, err, "'%s' is outside the range of '%s'", node->text,
                             field->name);
    }
    *ret_number = number;
    return 0;
}

static int read_level(const struct cr_yaml_node *node, const struct cr_field *field,
                      const char **ret_text, struct cr_error *err)
{
    const char *text = NULL;
    ptrdiff_t level;
    int result = cr_yaml_text(node, &text, err);

    if (result != 0) {
        return result;
    }
    level = cr_levels_find(&field->levels, text, strlen(text));
    if (level < 0) {
        return cr_names_unknown(CR_NAMES(field->levels.texts, field->levels.n), node, "choice",
                                err);
    }
    *ret_text = field->levels.texts[level];
    return 0;
}

static int read_date(struct cr_loader *loader, const struct cr_yaml_node *node,
                     const char **ret_text, struct cr_error *err)
{
    const char *text = NULL;
    int64_t days;
    int result = cr_load_copy(loader, node, &text, err);

    if (result != 0) {
        return result;
    }
    if (!cr_clock_parse_date(text, strlen(text), &days)) {
        return cr_yaml_error(node, err, "'%s' is no date YYYY-MM-DD", text);
    }
    *ret_text = text;
    return 0;
}

/* default and example: a value that a client could send; absence and null leave *value as it was.
 */
static int load_value(struct cr_loader *loader, const struct cr_yaml_node *map, const char *key,
                      const struct cr_field *field, struct cr_value *value, struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_load_find(map, key);
    struct cr_value found = CR_VALUE_MISSING;
    bool flag = false;
    int result = 0;

    if (node == NULL) {
        return 0;
    }
    switch (field->type) {
    case CR_INT:
    case CR_NUMBER:
        result = read_number(node, field, &found.number, err);
        break;
    case CR_ENUM:
        result = read_level(node, field, &found.text, err);
        break;
    case CR_BOOL:
        result = cr_yaml_bool(node, &flag, err);
        found.number = flag ? 1.0 : 0.0;
        break;
    case CR_DATE:
    case CR_TEXT:
        result = read_date(loader, node, &found.text, err);
        break;
    }
    if (result == 0) {
        *value = found;
    }
    return result;
}

static int load_values(struct cr_loader *loader, const struct cr_yaml_node *map,
                       struct cr_field *field, struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_load_find(map, "default");
    int result;

    field->default_value = CR_VALUE_MISSING;
    if (field->required && node != NULL) {
        return cr_yaml_error(node, err, "'%s' is required: a default could never be used",
                             field->name);
    }
    result = load_value(loader, map, "default", field, &field->default_value, err);
    if (result == 0) {
        field->example = field->default_value;
        result = load_value(loader, map, "example", field, &field->example, err);
    }
    return result;
}

static int load_field(struct cr_loader *loader, const struct cr_yaml_node *map,
                      struct cr_names taken, struct cr_field *field, struct cr_error *err)
{
    /* enum cr_type from its start: a text has no place in a request */
    static const char *const types[] = {"int", "number", "enum", "bool", "date", NULL};
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "name", struct cr_field, name), .needed = true},
        {CR_MEMBER(CHOICE, "type", struct cr_field, type), .needed = true, .words = types},
        {CR_MEMBER(BOOL, "required", struct cr_field, required)},
        {CR_MEMBER(BOOL, "nullable", struct cr_field, nullable)},
        {CR_MEMBER(TEXT, "label", struct cr_field, label)},
        {CR_MEMBER(TEXT, "unit", struct cr_field, unit)},
        {CR_MEMBER(TEXT, "help", struct cr_field, help)},
        {CR_MEMBER(TEXT, "group", struct cr_field, group), .needed = true},
        {.key = "min"},
        {.key = "max"},
        {.key = "choices"},
        {.key = "aliases"},
        {.key = "default"},
        {.key = "example"},
        {.key = NULL},
    };
    const struct cr_portfolio *portfolio = loader->portfolio;
    const struct cr_names groups = CR_NAMES(portfolio->groups, portfolio->n_groups);
    int result = cr_load_members(loader, map, members, field, err);

    if (result == 0) {
        result = cr_load_check_new(map, taken, err);
    }
    if (result == 0 && cr_names_find(groups, field->group) < 0) {
        result = cr_names_unknown(groups, cr_yaml_get(map, "group"), "group", err);
    }
    if (result == 0) {
        result = cr_load_range(map, field->type, &field->min, &field->max, err);
    }
    if (result == 0) {
        result = cr_load_domain(loader, map, field->type, "choices", &field->levels, err);
    }
    if (field->label == NULL) {
        field->label = field->name;
    }
    field->line = map->line;
    return result != 0 ? result : load_values(loader, map, field, err);
}

static int load_fields(struct cr_loader *loader, const struct cr_yaml_node *root,
                       struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    struct cr_field *fields = NULL;
    int result = cr_load_need_list(root, "fields", &list, err);

    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*fields), &fields, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = load_field(loader, list->values[i], CR_NAMES(fields, i), &fields[i], err);
    }
    if (result == 0) {
        loader->portfolio->fields = fields;
        loader->portfolio->n_fields = list->n;
    }
    return result;
}

static int load_currency(struct cr_loader *loader, const struct cr_yaml_node *root,
                         struct cr_error *err)
{
    static const char *const groupings[] = {"indian", "thousands", NULL};
    static const struct cr_member members[] = {
        {CR_MEMBER(TEXT, "code", struct cr_portfolio, currency_code), .needed = true},
        {CR_MEMBER(TEXT, "symbol", struct cr_portfolio, currency_symbol), .needed = true},
        {CR_MEMBER(TEXT, "grouping", struct cr_portfolio, currency_grouping), .needed = true,
         .words = groupings},
        {.key = NULL},
    };
    const struct cr_yaml_node *map = NULL;
    int result = cr_yaml_need(root, "currency", &map, err);

    return result != 0 ? result : cr_load_members(loader, map, members, loader->portfolio, err);
}

static int load_outcome(struct cr_loader *loader, const struct cr_yaml_node *root,
                        struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "name", struct cr_portfolio, outcome), .needed = true},
        {CR_MEMBER(TEXT, "label", struct cr_portfolio, outcome_label), .needed = true},
        {CR_MEMBER(TEXT, "definition", struct cr_portfolio, outcome_definition), .needed = true},
        {CR_MEMBER(NUMBER, "window_months", struct cr_portfolio, outcome_window_months), .min = 1,
         .max = 1200},
        {.key = NULL},
    };
    const struct cr_yaml_node *map = NULL;
    int result = cr_yaml_need(root, "outcome", &map, err);

    loader->portfolio->outcome_window_months = NAN;
    if (result == 0) {
        loader->portfolio->outcome_line = map->line;
        result = cr_load_members(loader, map, members, loader->portfolio, err);
    }
    return result;
}

static int load_keys(struct cr_loader *loader, const struct cr_yaml_node *root,
                     struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "row", struct cr_portfolio, key_row)},
        {CR_MEMBER(NAME, "customer", struct cr_portfolio, key_customer)},
        {CR_MEMBER(NAME, "date", struct cr_portfolio, key_date)},
        {CR_MEMBER(NAME, "test", struct cr_portfolio, key_test)},
        {.key = NULL},
    };
    const struct cr_yaml_node *map = cr_load_find(root, "keys");

    return map == NULL ? 0 : cr_load_members(loader, map, members, loader->portfolio, err);
}

static int load_groups(struct cr_loader *loader, const struct cr_yaml_node *root,
                       struct cr_error *err)
{
    struct cr_portfolio *portfolio = loader->portfolio;
    const struct cr_yaml_node *list = NULL;
    int result = cr_load_need_list(root, "groups", &list, err);

    return result != 0 ? result
                       : cr_load_texts(loader, list, &portfolio->groups, &portfolio->n_groups, err);
}

/* A field with the outcome's name would tell the model what it is to predict, one with that of the
 * test column which rows it is judged by. */
static int check_not_a_field(const struct cr_portfolio *portfolio, const struct cr_yaml_node *root,
                             const char *what, const char *name, struct cr_error *err)
{
    struct cr_names fields = CR_NAMES(portfolio->fields, portfolio->n_fields);
    ptrdiff_t i = name != NULL ? cr_names_find_folded(fields, name) : -1;

    if (i >= 0) {
        const struct cr_yaml_node *field = cr_yaml_get(root, "fields")->values[i];

        return cr_yaml_error(cr_yaml_get(field, "name"), err,
                             "the %s '%s' cannot be a field of the application", what, name);
    }
    return 0;
}

int cr_load_application(struct cr_loader *loader, const struct cr_yaml_node *root,
                        struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(TEXT, "title", struct cr_portfolio, title), .needed = true},
        {.key = "currency"},
        {.key = "outcome"},
        {.key = "keys"},
        {.key = "groups"},
        {.key = "fields"},
        {.key = "book"},
        {.key = NULL},
    };
    const struct cr_portfolio *portfolio = loader->portfolio;
    static int (*const sections[])(struct cr_loader *, const struct cr_yaml_node *,
                                   struct cr_error *) = {
        load_currency, load_outcome, load_keys, load_groups, load_fields,
    };
    int result = cr_load_members(loader, root, members, loader->portfolio, err);

    for (size_t i = 0; result == 0 && i < CR_ARRAY_LEN(sections); i++) {
        result = sections[i](loader, root, err);
    }
    if (result == 0) {
        result = check_not_a_field(portfolio, root, "outcome", portfolio->outcome, err);
    }
    if (result == 0) {
        result = check_not_a_field(portfolio, root, "test column", portfolio->key_test, err);
    }
    return result != 0 ? result : cr_load_flat(loader, root, err);
}
