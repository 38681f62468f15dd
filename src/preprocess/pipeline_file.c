// SPDX-License-Identifier: MIT
/* pipeline.json: what cr_pipeline_fit learnt, as text.
 *
 *     {"format": 1, "portfolio", "set", "include_protected", "scale",
 *      "features": [{"name", "kind", "impute", "empty"?, "center"?, "spread"?}, …],
 *      "inputs": [names]}
 *
 * The inputs are not read from it but derived again from the catalogue, and must be the same. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "step.h"

enum { FORMAT = 1, N_MEMBERS = 7 };

int cr_step_put(json_t *entry, const char *key, json_t *value, struct cr_error *err)
{
    return json_object_set_new(entry, key, value) == 0 ? 0 : cr_error_no_memory(err);
}

int cr_step_number(const struct cr_step *step, const json_t *entry, const char *key,
                   double *ret_number, struct cr_error *err)
{
    const json_t *member = json_object_get(entry, key);

    if (!json_is_number(member) || !isfinite(json_number_value(member))) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "'%s' of feature '%s' must be a finite number", key,
                           step->feature->name);
    }
    *ret_number = json_number_value(member);
    return 0;
}

static int save_step(const struct cr_step *step, json_t *list, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *entry = json_object();
    int result;

    if (entry == NULL) {
        return cr_error_no_memory(err);
    }
    result = cr_step_put(entry, "name", json_string(step->feature->name), err);
    if (result == 0) {
        result = cr_step_put(entry, "kind", json_string(cr_kind_name(step->feature->kind)), err);
    }
    if (result == 0) {
        result = cr_impute_save(step, entry, err);
    }
    if (result == 0) {
        result = cr_scale_save(step, entry, err);
    }
    if (result == 0 && json_array_append(list, entry) != 0) {
        result = cr_error_no_memory(err);
    }
    return result;
}

int cr_pipeline_save(const struct cr_pipeline *pipeline, struct cr_strbuf *out,
                     struct cr_error *err)
{
    const struct cr_pipeline_options *options = &pipeline->options;
    CR_CLEANUP(cr_json_decrefp) json_t *features = json_array();
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = json_array();
    CR_CLEANUP(cr_json_decrefp) json_t *root = NULL;
    int result = features != NULL && inputs != NULL ? 0 : cr_error_no_memory(err);

    assert(options->excluded == NULL);
    for (size_t i = 0; i < pipeline->n_steps && result == 0; i++) {
        result = save_step(&pipeline->steps[i], features, err);
    }
    for (size_t i = 0; i < pipeline->n_inputs && result == 0; i++) {
        if (json_array_append_new(inputs, json_string(pipeline->inputs[i].name)) != 0) {
            result = cr_error_no_memory(err);
        }
    }
    if (result != 0) {
        return result;
    }
    root = json_pack("{s:i, s:s, s:s, s:b, s:b, s:O, s:O}", "format", FORMAT, "portfolio",
                     pipeline->portfolio->name, "set", pipeline->portfolio->sets[options->set].name,
                     "include_protected", options->include_protected, "scale", options->scale,
                     "features", features, "inputs", inputs);
    if (root == NULL) {
        return cr_error_no_memory(err);
    }
    cr_json_write(root, true, out);
    cr_strbuf_putc(out, '\n');
    return cr_strbuf_check(out, err);
}

/* Everything before the lists: what the pipeline was made for. */
static int load_options(const struct cr_portfolio *portfolio, const json_t *root,
                        struct cr_pipeline_options *ret_options, struct cr_error *err)
{
    const char *name = json_string_value(json_object_get(root, "portfolio"));
    const char *set_name = json_string_value(json_object_get(root, "set"));
    const json_t *include_protected = json_object_get(root, "include_protected");
    const json_t *scale = json_object_get(root, "scale");
    ptrdiff_t set = set_name != NULL ? cr_portfolio_find_set(portfolio, set_name) : -1;

    if (json_integer_value(json_object_get(root, "format")) != FORMAT) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0, "'format' must be %d", FORMAT);
    }
    if (json_object_size(root) != N_MEMBERS) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0, "there must be %d members",
                           N_MEMBERS);
    }
    if (name == NULL || strcmp(name, portfolio->name) != 0) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "'portfolio' is '%s' where '%s' is wanted", name != NULL ? name : "",
                           portfolio->name);
    }
    if (set < 0) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "'set' is '%s', no feature set of the portfolio",
                           set_name != NULL ? set_name : "");
    }
    if (!json_is_boolean(include_protected) || !json_is_boolean(scale)) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "'include_protected' and 'scale' must be true or false");
    }
    ret_options->set = (size_t)set;
    ret_options->include_protected = json_is_true(include_protected);
    ret_options->scale = json_is_true(scale);
    return 0;
}

static int load_step(struct cr_step *step, const json_t *entry, struct cr_error *err)
{
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    size_t n_members;
    int result;

    if (kind == NULL || strcmp(kind, cr_kind_name(step->feature->kind)) != 0) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "feature '%s' is '%s' but '%s' in features.yaml", step->feature->name,
                           kind != NULL ? kind : "", cr_kind_name(step->feature->kind));
    }
    result = cr_impute_load(step, entry, err);
    if (result == 0) {
        result = cr_scale_load(step, entry, err);
    }
    n_members = 3 + (step->empty ? 1 : 0) + (step->scaled ? 2 : 0);
    if (result == 0 && json_object_size(entry) != n_members) {
        result =
            cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                        "feature '%s' has members that do not belong there", step->feature->name);
    }
    return result;
}

static int load_steps(struct cr_pipeline *pipeline, const json_t *list, struct cr_error *err)
{
    size_t n = json_array_size(list);
    int result = 0;

    for (size_t i = 0; (i < n || i < pipeline->n_steps) && result == 0; i++) {
        struct cr_step *step = i < pipeline->n_steps ? &pipeline->steps[i] : NULL;
        const json_t *entry = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(entry, "name"));

        if (name != NULL && step != NULL && strcmp(name, step->feature->name) == 0) {
            result = load_step(step, entry, err);
        } else if (name == NULL && i < n) {
            result = cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                                 "entry %zu of 'features' has no name", i + 1);
        } else if (name == NULL) {
            result = cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0, "feature '%s' is missing",
                                 step->feature->name);
        } else if (step == NULL || cr_portfolio_find_feature(pipeline->portfolio, name) < 0) {
            result =
                cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                            "feature '%s' is unknown in features.yaml or not of this set", name);
        } else {
            result =
                cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                            "feature '%s' stands where '%s' is wanted", name, step->feature->name);
        }
    }
    return result;
}

/* The model counts on these columns: a catalogue that gives others is not the one it was trained
 * with. */
static int check_inputs(const struct cr_pipeline *pipeline, const json_t *list,
                        struct cr_error *err)
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n || i < pipeline->n_inputs; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        const char *wanted = i < pipeline->n_inputs ? pipeline->inputs[i].name : "";

        if (i >= n || name == NULL || strcmp(name, wanted) != 0) {
            return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                               "input %zu is '%s' but '%s' by features.yaml", i + 1,
                               name != NULL ? name : "", wanted);
        }
    }
    return 0;
}

int cr_pipeline_load(const struct cr_portfolio *portfolio, const char *text, size_t len,
                     struct cr_pipeline **ret_pipeline, struct cr_error *err)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *root = NULL;
    struct cr_pipeline_options options = {0};
    int result = cr_json_parse(CR_PIPELINE_FILE, text, len, &root, err);

    if (result == CR_EPARSE && err != NULL) {
        err->code = CR_EMODEL;
    }
    if (result != 0) {
        return result == CR_EPARSE ? CR_EMODEL : result;
    }
    result = load_options(portfolio, root, &options, err);
    if (result == 0) {
        result = cr_pipeline_plan(portfolio, &options, &pipeline, err);
    }
    if (result == 0) {
        result = load_steps(pipeline, json_object_get(root, "features"), err);
    }
    if (result == 0) {
        result = check_inputs(pipeline, json_object_get(root, "inputs"), err);
    }
    if (result == 0) {
        result = cr_pipeline_seal(pipeline, err);
    }
    if (result == 0) {
        *ret_pipeline = CR_STEAL(pipeline);
    }
    return result;
}
