// SPDX-License-Identifier: MIT
#include "form.h"

#include <math.h>
#include <string.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *texts(const char *const *items, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(array, json_string(items[i])) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static bool has_range(const struct cr_field *field)
{
    return field->type == CR_INT || field->type == CR_NUMBER;
}

static json_t *make_bound(const struct cr_field *field, double bound)
{
    return cr_field_to_json(field, (struct cr_value){bound, NULL}); /* null when open */
}

static json_t *make_field(const struct cr_field *field)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_object();

    if (!cr_json_put(json, "name", json_string(field->name)) ||
        !cr_json_put(json, "label", json_string(field->label)) ||
        !cr_json_put(json, "type", json_string(cr_type_name(field->type))) ||
        !cr_json_put(json, "unit", text_or_null(field->unit)) ||
        !cr_json_put(json, "help", text_or_null(field->help)) ||
        !cr_json_put(json, "required", json_boolean(field->required)) ||
        !cr_json_put(json, "nullable", json_boolean(field->nullable)) ||
        !cr_json_put(json, "default", cr_field_to_json(field, field->default_value)) ||
        !cr_json_put(json, "example", cr_field_to_json(field, field->example)) ||
        (has_range(field) && (!cr_json_put(json, "min", make_bound(field, field->min)) ||
                              !cr_json_put(json, "max", make_bound(field, field->max)))) ||
        (field->type == CR_ENUM &&
         !cr_json_put(json, "choices", texts(field->levels.texts, field->levels.n)))) {
        return NULL;
    }
    return CR_STEAL(json);
}

static json_t *make_group(const struct cr_portfolio *portfolio, const char *group)
{
    CR_CLEANUP(cr_json_decrefp) json_t *fields = json_array();

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        if (strcmp(field->group, group) == 0 &&
            json_array_append_new(fields, make_field(field)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:s, s:O}", "name", group, "fields", fields);
}

static json_t *make_groups(const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_json_decrefp) json_t *groups = json_array();

    for (size_t i = 0; i < portfolio->n_groups; i++) {
        if (json_array_append_new(groups, make_group(portfolio, portfolio->groups[i])) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(groups);
}

static json_t *make_bands(const struct cr_policy *policy)
{
    CR_CLEANUP(cr_json_decrefp) json_t *bands = json_array();

    for (size_t i = 0; i < policy->n_bands; i++) {
        const struct cr_band *band = &policy->bands[i];

        if (json_array_append_new(bands, json_pack("{s:s, s:s, s:o}", "name", band->name, "color",
                                                   band->color, "below",
                                                   cr_json_number(band->below))) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(bands);
}

/* How values and contributions of the features are told to people. */
static json_t *make_features(const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_json_decrefp) json_t *features = json_object();

    for (size_t i = 0; i < portfolio->n_features; i++) {
        const struct cr_feature *feature = &portfolio->features[i];

        if (!cr_json_put(features, feature->name,
                         json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "label", feature->label, "group",
                                   feature->group, "unit", feature->unit, "raises", feature->raises,
                                   "lowers", feature->lowers))) {
            return NULL;
        }
    }
    return CR_STEAL(features);
}

json_t *cr_form_portfolio(const struct cr_bundle *bundle)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    CR_CLEANUP(cr_json_decrefp)
    json_t *json =
        json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "name", portfolio->name, "title",
                  portfolio->title, "currency", "code", portfolio->currency_code, "symbol",
                  portfolio->currency_symbol, "grouping", portfolio->currency_grouping);

    if (!cr_json_put(json, "groups", make_groups(portfolio)) ||
        !cr_json_put(json, "features", make_features(portfolio)) ||
        !cr_json_put(json, "bands", make_bands(&portfolio->policy)) ||
        !cr_json_put(json, "threshold", cr_json_number(bundle->threshold))) {
        return NULL;
    }
    return CR_STEAL(json);
}

/* The choices and their other spellings, and null where it may be sent. */
static json_t *make_choices(const struct cr_field *field)
{
    const struct cr_levels *levels = &field->levels;
    CR_CLEANUP(cr_json_decrefp) json_t *choices = texts(levels->texts, levels->n);
    CR_CLEANUP(cr_json_decrefp) json_t *aliases = texts(levels->alias_texts, levels->n_aliases);

    if (choices == NULL || aliases == NULL || json_array_extend(choices, aliases) != 0 ||
        (field->nullable && json_array_append_new(choices, json_null()) != 0)) {
        return NULL;
    }
    return CR_STEAL(choices);
}

static json_t *make_type(const struct cr_field *field)
{
    static const char *const names[] = {
        [CR_INT] = "integer",  [CR_NUMBER] = "number", [CR_ENUM] = "string",
        [CR_BOOL] = "boolean", [CR_DATE] = "string",   [CR_TEXT] = "string",
    };
    const char *name = names[field->type];

    return field->nullable ? json_pack("[s, s]", name, "null") : json_string(name);
}

static json_t *make_description(const struct cr_field *field)
{
    return json_sprintf("%s%s%s%s", field->help != NULL ? field->help : field->label,
                        field->unit != NULL ? " (" : "", field->unit != NULL ? field->unit : "",
                        field->unit != NULL ? ")" : "");
}

static json_t *make_property(const struct cr_field *field)
{
    bool has_default = !field->required && !cr_value_is_missing(field->default_value);
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_object();

    if (!cr_json_put(json, "title", json_string(field->label)) ||
        !cr_json_put(json, "description", make_description(field)) ||
        !cr_json_put(json, "type", make_type(field)) ||
        (has_range(field) && isfinite(field->min) &&
         !cr_json_put(json, "minimum", make_bound(field, field->min))) ||
        (has_range(field) && isfinite(field->max) &&
         !cr_json_put(json, "maximum", make_bound(field, field->max))) ||
        (field->type == CR_ENUM && !cr_json_put(json, "enum", make_choices(field))) ||
        (field->type == CR_DATE && !cr_json_put(json, "format", json_string("date"))) ||
        (has_default &&
         !cr_json_put(json, "default", cr_field_to_json(field, field->default_value))) ||
        (!cr_value_is_missing(field->example) &&
         !cr_json_put(json, "examples",
                      json_pack("[o]", cr_field_to_json(field, field->example))))) {
        return NULL;
    }
    return CR_STEAL(json);
}

json_t *cr_form_schema(const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_json_decrefp) json_t *properties = json_object();
    CR_CLEANUP(cr_json_decrefp) json_t *required = json_array();

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        if (!cr_json_put(properties, field->name, make_property(field)) ||
            (field->required && json_array_append_new(required, json_string(field->name)) != 0)) {
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:O, s:O, s:b}", "type", "object", "description",
                     "What a client sends when it asks for a decision", "properties", properties,
                     "required", required, "additionalProperties", 0);
}

json_t *cr_form_example(const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_json_decrefp) json_t *example = json_object();

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        if (!cr_value_is_missing(field->example) &&
            !cr_json_put(example, field->name, cr_field_to_json(field, field->example))) {
            return NULL;
        }
    }
    return CR_STEAL(example);
}
