// SPDX-License-Identifier: MIT
/* features.yaml: the feature sets and the columns of features.sql in their order. */
#include "load.h"

/* A feature as it is read: names still stand where the catalogue has indices. */
struct draft {
    struct cr_feature feature;
    const char *set;
};

static int load_set(struct cr_loader *loader, const struct cr_yaml_node *map, struct cr_names known,
                    struct cr_feature_set *set, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "name", struct cr_feature_set, name), .needed = true},
        {CR_MEMBER(TEXT, "label", struct cr_feature_set, label)},
        {.key = "extends"},
        {.key = NULL},
    };
    const struct cr_yaml_node *base = cr_load_find(map, "extends");
    const char *text = NULL;
    int result = cr_load_members(loader, map, members, set, err);

    if (result == 0) {
        result = cr_load_check_new(map, known, err);
    }
    if (set->label == NULL) {
        set->label = set->name;
    }
    set->extends = -1;
    if (result != 0 || base == NULL) {
        return result;
    }
    result = cr_yaml_text(base, &text, err);
    if (result != 0) {
        return result;
    }
    set->extends = cr_names_find(known, text);
    return set->extends >= 0 ? 0 : cr_names_unknown(known, base, "earlier set", err);
}

static int load_sets(struct cr_loader *loader, const struct cr_yaml_node *root,
                     struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    struct cr_feature_set *sets = NULL;
    int result = cr_load_need_list(root, "sets", &list, err);

    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*sets), &sets, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = load_set(loader, list->values[i], CR_NAMES(sets, i), &sets[i], err);
    }
    if (result == 0) {
        loader->portfolio->sets = sets;
        loader->portfolio->n_sets = list->n;
    }
    return result;
}

/* The fields that a feature depends on. */
static int load_sources(struct cr_loader *loader, const struct cr_yaml_node *map,
                        struct cr_feature *feature, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = loader->portfolio;
    const struct cr_names fields = CR_NAMES(portfolio->fields, portfolio->n_fields);
    const struct cr_yaml_node *list = NULL;
    const char *const *texts = NULL;
    size_t *sources = NULL;
    int result = cr_load_need_list(map, "sources", &list, err);

    if (result == 0) {
        result = cr_load_texts(loader, list, &texts, &feature->n_sources, err);
    }
    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*sources), &sources, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        ptrdiff_t field = cr_names_find(fields, texts[i]);

        if (field < 0) {
            result = cr_names_unknown(fields, list->values[i], "field", err);
        } else {
            sources[i] = (size_t)field;
        }
    }
    feature->sources = sources;
    return result;
}

/* A level that a source has, too, is that one's text: where the feature is the field itself,
 * nothing remains to be looked for. */
static int share_levels(struct cr_loader *loader, struct cr_feature *feature, struct cr_error *err)
{
    const char **texts = NULL;
    int result = cr_load_array(loader, feature->levels.n, sizeof(*texts), &texts, err);

    for (size_t i = 0; result == 0 && i < feature->levels.n; i++) {
        texts[i] = feature->levels.texts[i];
        for (size_t k = 0; k < feature->n_sources; k++) {
            const struct cr_levels *source = &loader->portfolio->fields[feature->sources[k]].levels;
            ptrdiff_t level = cr_levels_index(source, texts[i]);

            texts[i] = level >= 0 ? source->texts[level] : texts[i];
        }
    }
    feature->levels.texts = texts;
    return result;
}

/* Levels belong to the ordinal and nominal kinds; a nominal feature has nothing to scale. */
static int load_kind(struct cr_loader *loader, const struct cr_yaml_node *map,
                     struct cr_feature *feature, struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_load_find(map, "levels");

    if (feature->kind == CR_NOMINAL && feature->scale != CR_SCALE_NONE) {
        return cr_yaml_error(cr_yaml_get(map, "scale"), err,
                             "'%s' is nominal: its 0/1 columns are not scaled", feature->name);
    }
    if (cr_feature_is_text(feature)) {
        return cr_load_levels(loader, map, "levels", NULL, &feature->levels, err);
    }
    if (node != NULL) {
        return cr_yaml_error(node, err, "'levels' are for ordinal and nominal, not for '%s'",
                             cr_yaml_get(map, "kind")->text);
    }
    return 0;
}

static int load_feature(struct cr_loader *loader, const struct cr_yaml_node *map,
                        struct cr_names taken, struct cr_feature *feature, struct cr_error *err)
{
    static const char *const scales[] = {"none", "standard", "robust", NULL};
    static const char *const protections[] = {"none", "restricted", "prohibited", NULL};
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "name", struct draft, feature.name), .needed = true},
        {CR_MEMBER(CHOICE, "kind", struct draft, feature.kind), .needed = true,
         .words = cr_load_kinds},
        {CR_MEMBER(CHOICE, "scale", struct draft, feature.scale), .words = scales},
        {CR_MEMBER(BOOL, "indicator", struct draft, feature.indicator)},
        {CR_MEMBER(TEXT, "set", struct draft, set)},
        {CR_MEMBER(CHOICE, "protected", struct draft, feature.protection), .words = protections},
        {CR_MEMBER(TEXT, "label", struct draft, feature.label)},
        {CR_MEMBER(TEXT, "group", struct draft, feature.group), .needed = true},
        {CR_MEMBER(TEXT, "unit", struct draft, feature.unit)},
        {CR_MEMBER(TEXT, "raises", struct draft, feature.raises)},
        {CR_MEMBER(TEXT, "lowers", struct draft, feature.lowers)},
        {.key = "levels"},
        {.key = "sources"},
        {.key = NULL},
    };
    const struct cr_portfolio *portfolio = loader->portfolio;
    const struct cr_names sets = CR_NAMES(portfolio->sets, portfolio->n_sets);
    struct draft draft = {.set = NULL};
    ptrdiff_t set;
    int result = cr_load_members(loader, map, members, &draft, err);

    if (result == 0) {
        result = cr_load_check_new(map, taken, err);
    }
    if (result == 0) {
        result = load_kind(loader, map, &draft.feature, err);
    }
    if (result == 0) {
        result = load_sources(loader, map, &draft.feature, err);
    }
    if (result == 0 && cr_feature_is_text(&draft.feature)) {
        result = share_levels(loader, &draft.feature, err);
    }
    if (result != 0) {
        return result;
    }
    set = draft.set != NULL ? cr_names_find(sets, draft.set) : 0; /* the first if not said */
    if (set < 0) {
        return cr_names_unknown(sets, cr_yaml_get(map, "set"), "set", err);
    }
    *feature = draft.feature;
    feature->set = (size_t)set;
    if (feature->label == NULL) {
        feature->label = feature->name;
    }
    feature->line = map->line;
    return 0;
}

int cr_load_catalogue(struct cr_loader *loader, const struct cr_yaml_node *root,
                      struct cr_error *err)
{
    static const struct cr_member members[] = {
        {.key = "sets"},
        {.key = "features"},
        {.key = NULL},
    };
    const struct cr_yaml_node *list = NULL;
    struct cr_feature *features = NULL;
    int result = cr_load_members(loader, root, members, NULL, err);

    if (result == 0) {
        result = load_sets(loader, root, err);
    }
    if (result == 0) {
        result = cr_load_need_list(root, "features", &list, err);
    }
    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*features), &features, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = load_feature(loader, list->values[i], CR_NAMES(features, i), &features[i], err);
    }
    if (result == 0) {
        loader->portfolio->features = features;
        loader->portfolio->n_features = list->n;
    }
    return result;
}
