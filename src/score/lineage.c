// SPDX-License-Identifier: MIT
#include "lineage.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How many links there can be at most: a feature has one group. */
static size_t count_sources(const struct cr_portfolio *portfolio)
{
    size_t n = 0;

    for (size_t i = 0; i < portfolio->n_features; i++) {
        n += portfolio->features[i].n_sources;
    }
    return n;
}

static bool has_source(const struct cr_feature *feature, size_t field)
{
    for (size_t i = 0; i < feature->n_sources; i++) {
        if (feature->sources[i] == field) {
            return true;
        }
    }
    return false;
}

/* Whether a served feature with this group label depends on the field. */
static bool group_needs(const struct cr_portfolio *portfolio, const struct cr_pipeline *pipeline,
                        const char *label, size_t field)
{
    for (size_t i = 0; i < portfolio->n_features; i++) {
        if (cr_pipeline_uses(pipeline, i) && strcmp(portfolio->features[i].group, label) == 0 &&
            has_source(&portfolio->features[i], field)) {
            return true;
        }
    }
    return false;
}

static void link_features(struct cr_links *links, const struct cr_portfolio *portfolio,
                          const struct cr_pipeline *pipeline)
{
    size_t n = 0;

    for (size_t field = 0; field < portfolio->n_fields; field++) {
        for (size_t i = 0; i < portfolio->n_features; i++) {
            if (cr_pipeline_uses(pipeline, i) && has_source(&portfolio->features[i], field)) {
                links->items[n++] = (uint16_t)i;
            }
        }
        links->starts[field + 1] = (uint32_t)n;
    }
}

static void link_groups(struct cr_links *links, const struct cr_portfolio *portfolio,
                        const struct cr_pipeline *pipeline, const struct cr_explainer *explainer)
{
    size_t n = 0;

    for (size_t group = 0; group < cr_explainer_n_groups(explainer); group++) {
        const char *label = cr_explainer_group(explainer, group)->label;

        for (size_t field = 0; field < portfolio->n_fields; field++) {
            if (group_needs(portfolio, pipeline, label, field)) {
                links->items[n++] = (uint16_t)field;
            }
        }
        links->starts[group + 1] = (uint32_t)n;
    }
}

static bool links_init(struct cr_links *links, size_t n, size_t n_items)
{
    links->starts = calloc(n + 1, sizeof(*links->starts));
    links->items = calloc(n_items + 1, sizeof(*links->items));
    return links->starts != NULL && links->items != NULL;
}

static void links_finish(struct cr_links *links)
{
    free(links->starts);
    free(links->items);
}

int cr_lineage_init(struct cr_lineage *lineage, const struct cr_portfolio *portfolio,
                    const struct cr_pipeline *pipeline, const struct cr_explainer *explainer,
                    struct cr_error *err)
{
    size_t n_items = count_sources(portfolio);

    assert(portfolio->n_fields <= UINT16_MAX && portfolio->n_features <= UINT16_MAX);
    if (!links_init(&lineage->features_of_field, portfolio->n_fields, n_items) ||
        !links_init(&lineage->fields_of_group, cr_explainer_n_groups(explainer), n_items)) {
        return cr_error_no_memory(err);
    }
    lineage->n_fields = portfolio->n_fields;
    link_features(&lineage->features_of_field, portfolio, pipeline);
    link_groups(&lineage->fields_of_group, portfolio, pipeline, explainer);
    return 0;
}

void cr_lineage_finish(struct cr_lineage *lineage)
{
    links_finish(&lineage->features_of_field);
    links_finish(&lineage->fields_of_group);
}

size_t cr_lineage_n_used_fields(const struct cr_lineage *lineage)
{
    const uint32_t *starts = lineage->features_of_field.starts;
    size_t n = 0;

    for (size_t i = 0; i < lineage->n_fields; i++) {
        n += starts[i + 1] > starts[i];
    }
    return n;
}

static bool feeds_a_missing_feature(const struct cr_links *links, size_t field,
                                    const struct cr_value *row)
{
    for (size_t i = links->starts[field]; i < links->starts[field + 1]; i++) {
        if (cr_value_is_missing(row[links->items[i]])) {
            return true;
        }
    }
    return false;
}

size_t cr_lineage_imputed(const struct cr_lineage *lineage, const struct cr_record *record,
                          const struct cr_value *row, uint16_t *ret_fields)
{
    size_t n = 0;

    for (size_t i = 0; i < lineage->n_fields; i++) {
        if (cr_value_is_missing(record->values[i]) &&
            feeds_a_missing_feature(&lineage->features_of_field, i, row)) {
            ret_fields[n++] = (uint16_t)i;
        }
    }
    return n;
}

const uint16_t *cr_lineage_group_fields(const struct cr_lineage *lineage, size_t group,
                                        size_t *ret_n)
{
    const struct cr_links *links = &lineage->fields_of_group;

    *ret_n = links->starts[group + 1] - links->starts[group];
    return &links->items[links->starts[group]];
}
