// SPDX-License-Identifier: MIT
/* policy.yaml: what a wrong decision costs, the bands, the instalment. */
#include "load.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

#define MAX_MONEY 1e15

static int check_positive(const struct cr_yaml_node *map, const char *key, double number,
                          struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_yaml_get(map, key);

    if (!(number > 0.0 && number <= MAX_MONEY)) {
        return cr_yaml_error(node, err, "%s '%s' is not above 0 and at most %g", key, node->text,
                             MAX_MONEY);
    }
    return 0;
}

/* false_negative is a sum of money or {lgd: share of the loan amount}. */
static int load_false_negative(struct cr_loader *loader, const struct cr_yaml_node *costs,
                               struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NUMBER, "lgd", struct cr_costs, lgd), .needed = true, .max = 1},
        {.key = NULL},
    };
    struct cr_costs *out = &loader->portfolio->policy.costs;
    const struct cr_yaml_node *node = NULL;
    int result = cr_yaml_need(costs, "false_negative", &node, err);

    if (result != 0) {
        return result;
    }
    if (node->kind == CR_YAML_MAP) {
        result = cr_load_members(loader, node, members, out, err);
        return result != 0 ? result : check_positive(node, "lgd", out->lgd, err);
    }
    result = cr_yaml_number(node, &out->false_negative, err);
    return result != 0 ? result : check_positive(costs, "false_negative", out->false_negative, err);
}

static int load_costs(struct cr_loader *loader, const struct cr_yaml_node *root,
                      struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NUMBER, "false_positive", struct cr_costs, false_positive), .needed = true},
        {.key = "false_negative"},
        {.key = NULL},
    };
    struct cr_costs *costs = &loader->portfolio->policy.costs;
    const struct cr_yaml_node *map = NULL;
    int result = cr_yaml_need(root, "costs", &map, err);

    costs->false_negative = NAN;
    costs->lgd = NAN;
    if (result == 0) {
        result = cr_load_members(loader, map, members, costs, err);
    }
    if (result == 0) {
        result = check_positive(map, "false_positive", costs->false_positive, err);
    }
    return result != 0 ? result : load_false_negative(loader, map, err);
}

static int load_threshold(struct cr_loader *loader, const struct cr_yaml_node *root,
                          struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NUMBER, "from", struct cr_policy, threshold_from), .needed = true},
        {CR_MEMBER(NUMBER, "to", struct cr_policy, threshold_to), .needed = true},
        {CR_MEMBER(NUMBER, "step", struct cr_policy, threshold_step), .needed = true},
        {.key = NULL},
    };
    struct cr_policy *policy = &loader->portfolio->policy;
    const struct cr_yaml_node *map = NULL;
    int result = cr_yaml_need(root, "threshold", &map, err);

    if (result == 0) {
        result = cr_load_members(loader, map, members, policy, err);
    }
    for (size_t i = 0; result == 0 && members[i].key != NULL; i++) {
        const struct cr_yaml_node *node = cr_yaml_get(map, members[i].key);
        double number = *(const double *)(const void *)((const char *)policy + members[i].offset);

        if (!(number > 0.0 && number < 1.0)) {
            result = cr_yaml_error(node, err, "%s '%s' is not between 0 and 1", members[i].key,
                                   node->text);
        }
    }
    if (result == 0 && policy->threshold_from > policy->threshold_to) {
        const struct cr_yaml_node *node = cr_yaml_get(map, "to");

        result = cr_yaml_error(node, err, "to '%s' is below from '%s'", node->text,
                               cr_yaml_get(map, "from")->text);
    }
    return result;
}

static bool is_color(const char *text)
{
    return text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

static int load_band(struct cr_loader *loader, const struct cr_yaml_node *map,
                     struct cr_names taken, struct cr_band *band, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(TEXT, "name", struct cr_band, name), .needed = true},
        {CR_MEMBER(TEXT, "color", struct cr_band, color), .needed = true},
        {CR_MEMBER(TEXT, "action", struct cr_band, action), .needed = true},
        {CR_MEMBER(TEXT, "description", struct cr_band, description), .needed = true},
        {CR_MEMBER(NUMBER, "below", struct cr_band, below)},
        {.key = NULL},
    };
    int result;

    band->below = INFINITY;
    result = cr_load_members(loader, map, members, band, err);
    if (result == 0) {
        result = cr_load_check_new(map, taken, err);
    }
    if (result == 0 && !is_color(band->color)) {
        result =
            cr_yaml_error(cr_yaml_get(map, "color"), err,
                          "'%s' is no color: # and six hexadecimal digits, in quotes", band->color);
    }
    return result;
}

/* Bands cover the PDs from 0 to 1: each ends above the one before it, and the last one never. */
static int check_below(const struct cr_yaml_node *list, const struct cr_band *bands, size_t i,
                       struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_load_find(list->values[i], "below");
    double before = i > 0 ? bands[i - 1].below : 0.0;

    if (i + 1 == list->n && node != NULL) {
        return cr_yaml_error(node, err, "below '%s' of the last band '%s': it takes all the rest",
                             node->text, bands[i].name);
    }
    if (i + 1 < list->n && node == NULL) {
        return cr_yaml_error(list->values[i], err,
                             "'below' is missing: only the last band takes all the rest, not '%s'",
                             bands[i].name);
    }
    if (!(bands[i].below > before)) {
        return cr_yaml_error(node, err, "below '%s' of '%s' is not above %g, where it begins",
                             node->text, bands[i].name, before);
    }
    return 0;
}

static int load_bands(struct cr_loader *loader, const struct cr_yaml_node *root,
                      struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    struct cr_band *bands = NULL;
    int result = cr_load_need_list(root, "bands", &list, err);

    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*bands), &bands, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = load_band(loader, list->values[i], CR_NAMES(bands, i), &bands[i], err);
        if (result == 0) {
            result = check_below(list, bands, i, err);
        }
    }
    if (result == 0) {
        loader->portfolio->policy.bands = bands;
        loader->portfolio->policy.n_bands = list->n;
    }
    return result;
}

/* The index of the numeric field that the policy names; *ret_field stays −1 when it names none. */
static int load_field(const struct cr_portfolio *portfolio, const struct cr_yaml_node *map,
                      const char *key, ptrdiff_t *ret_field, struct cr_error *err)
{
    const struct cr_names fields = CR_NAMES(portfolio->fields, portfolio->n_fields);
    const struct cr_yaml_node *node = cr_load_find(map, key);
    const char *text = NULL;
    ptrdiff_t field;
    int result = node != NULL ? cr_yaml_text(node, &text, err) : 0;

    if (result != 0 || node == NULL) {
        return result;
    }
    field = cr_names_find(fields, text);
    if (field < 0) {
        return cr_names_unknown(fields, node, "field", err);
    }
    if (portfolio->fields[field].type != CR_INT && portfolio->fields[field].type != CR_NUMBER) {
        return cr_yaml_error(node, err, "%s '%s' is no number but %s", key, text,
                             cr_type_name(portfolio->fields[field].type));
    }
    *ret_field = field;
    return 0;
}

static int load_instalment(struct cr_loader *loader, const struct cr_yaml_node *root,
                           struct cr_error *err)
{
    static const char *const roundings[] = {"half_up", "half_even", NULL};
    struct draft {
        struct cr_instalment_policy policy;
        size_t decimals;
    } draft = {{-1, -1, -1, -1, NAN, CR_ROUND_HALF_UP, 2}, 2};
    static const struct cr_member members[] = {
        {CR_MEMBER(NUMBER, "assumed_rate", struct draft, policy.assumed_rate), .max = 100},
        {CR_MEMBER(CHOICE, "rounding", struct draft, policy.rounding), .words = roundings},
        {CR_MEMBER(COUNT, "decimals", struct draft, decimals), .max = 9},
        {.key = "amount"},
        {.key = "term_months"},
        {.key = "annual_rate"},
        {.key = "agreed"},
        {.key = NULL},
    };
    const struct {
        const char *key;
        ptrdiff_t *field;
    } fields[] = {
        {"amount", &draft.policy.amount},
        {"term_months", &draft.policy.term_months},
        {"annual_rate", &draft.policy.annual_rate},
        {"agreed", &draft.policy.agreed},
    };
    const struct cr_yaml_node *map = cr_load_find(root, "instalment");
    int result = map != NULL ? cr_load_members(loader, map, members, &draft, err) : 0;

    for (size_t i = 0; result == 0 && i < CR_ARRAY_LEN(fields); i++) {
        result = load_field(loader->portfolio, map, fields[i].key, fields[i].field, err);
    }
    if (result == 0) {
        draft.policy.decimals = (int)draft.decimals;
        loader->portfolio->policy.instalment = draft.policy;
    }
    return result;
}

static int load_explain(struct cr_loader *loader, const struct cr_yaml_node *root,
                        struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(COUNT, "top", struct cr_policy, top_reasons), .min = 1, .max = 100},
        {.key = NULL},
    };
    struct cr_policy *policy = &loader->portfolio->policy;
    const struct cr_yaml_node *map = cr_load_find(root, "explain");

    policy->top_reasons = 5;
    return map != NULL ? cr_load_members(loader, map, members, policy, err) : 0;
}

/* A share of the loan amount needs the amount. */
static int check_lgd(const struct cr_policy *policy, const struct cr_yaml_node *root,
                     struct cr_error *err)
{
    const struct cr_yaml_node *costs = cr_yaml_get(root, "costs");

    if (!isnan(policy->costs.lgd) && policy->instalment.amount < 0) {
        return cr_yaml_error(cr_yaml_get(costs, "false_negative"), err,
                             "'lgd' is a share of the loan amount: instalment.amount must name its "
                             "field");
    }
    return 0;
}

int cr_load_policy(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {.key = "costs"},   {.key = "threshold"}, {.key = "bands"}, {.key = "instalment"},
        {.key = "explain"}, {.key = "gates"},     {.key = NULL},
    };
    static int (*const sections[])(struct cr_loader *, const struct cr_yaml_node *,
                                   struct cr_error *) = {
        load_costs, load_threshold, load_bands, load_instalment, load_explain, cr_load_gates,
    };
    int result = cr_load_members(loader, root, members, NULL, err);

    for (size_t i = 0; result == 0 && i < CR_ARRAY_LEN(sections); i++) {
        result = sections[i](loader, root, err);
    }
    return result != 0 ? result : check_lgd(&loader->portfolio->policy, root, err);
}
