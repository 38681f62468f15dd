// SPDX-License-Identifier: MIT
#include "creditrisk/score/bundle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_files.h"
#include "bundle_state.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

static void context_finish(struct cr_context *context)
{
    cr_engine_destroy(context->engine);
    free(context->row);
    free(context->unknown);
    free(context->inputs);
    free(context->contributions);
    free(context->groups);
    free(context->top);
    free(context->imputed);
    free(context->explain_scratch);
}

static int context_init(struct cr_context *context, const struct cr_bundle *bundle,
                        struct cr_error *err)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);
    struct cr_error cause;

    /* one more than needed, so that none is empty */
    context->row = calloc(portfolio->n_features + 1, sizeof(*context->row));
    context->unknown = calloc(portfolio->n_features + 1, sizeof(*context->unknown));
    context->inputs = calloc(n_inputs + 1, sizeof(*context->inputs));
    context->contributions = calloc(n_inputs + 1, sizeof(*context->contributions));
    context->groups =
        calloc(cr_explainer_n_groups(bundle->explainer) + 1, sizeof(*context->groups));
    context->top = calloc(portfolio->policy.top_reasons + 1, sizeof(*context->top));
    context->imputed = calloc(portfolio->n_fields + 1, sizeof(*context->imputed));
    context->explain_scratch = malloc(cr_explainer_scratch_len(bundle->explainer) + 1);
    if (context->row == NULL || context->unknown == NULL || context->inputs == NULL ||
        context->contributions == NULL || context->groups == NULL || context->top == NULL ||
        context->imputed == NULL || context->explain_scratch == NULL) {
        return cr_error_no_memory(err);
    }
    return cr_engine_create(portfolio, &context->engine, &cause) == 0
               ? 0
               : cr_bundle_refuse("features.sql", &cause, err);
}

static void bundle_destroy(struct cr_bundle *bundle)
{
    struct cr_bundle_state *state = bundle->state;

    for (size_t i = 0; i < state->n_contexts; i++) {
        context_finish(&state->contexts[i]);
    }
    free(state->contexts);
    cr_lineage_finish(&state->lineage);
    cr_answer_finish(&state->answer);
    free(state);
    cr_explainer_destroy(bundle->explainer);
    cr_model_destroy(bundle->model);
    cr_pipeline_destroy(bundle->pipeline);
    cr_portfolio_destroy(bundle->portfolio);
    json_decref(bundle->manifest);
    free(bundle->sha256);
    free(bundle->version);
    free(bundle);
}

/* A bundle with one reference and nothing else. */
static int bundle_create(const json_t *manifest, struct cr_bundle **ret_bundle,
                         struct cr_error *err)
{
    const char *version = json_string_value(json_object_get(manifest, "version"));
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    CR_CLEANUP(cr_freep) struct cr_bundle_state *state = calloc(1, sizeof(*state));

    if (state == NULL || (bundle = calloc(1, sizeof(*bundle))) == NULL) {
        return cr_error_no_memory(err);
    }
    bundle->state = CR_STEAL(state);
    atomic_init(&bundle->state->n_refs, 1);
    (void)cr_error_set(&bundle->state->not_compiled, CR_EUNAVAIL, "no golden row was replayed");
    bundle->manifest = json_deep_copy(manifest);
    bundle->version = strdup(version != NULL ? version : "");
    bundle->sha256 = strdup("");
    if (bundle->manifest == NULL || bundle->version == NULL || bundle->sha256 == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_bundle = CR_STEAL(bundle);
    return 0;
}

static int create_explainer(struct cr_bundle *bundle, struct cr_error *err)
{
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);
    CR_CLEANUP(cr_freep) size_t *features = calloc(n_inputs + 1, sizeof(*features));
    struct cr_error cause;

    if (features == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < n_inputs; i++) {
        features[i] = cr_pipeline_input(bundle->pipeline, i)->feature;
    }
    return cr_explainer_create(bundle->portfolio, bundle->model, &bundle->calibration, features,
                               &bundle->explainer, &cause) == 0
               ? 0
               : cr_bundle_refuse(bundle->model->ops->file_name, &cause, err);
}

static int create_contexts(struct cr_bundle *bundle, size_t n_contexts, struct cr_error *err)
{
    struct cr_bundle_state *state = bundle->state;
    int r = 0;

    state->contexts = calloc(n_contexts, sizeof(*state->contexts));
    if (state->contexts == NULL) {
        return cr_error_no_memory(err);
    }
    state->n_contexts = n_contexts;
    for (size_t i = 0; r == 0 && i < n_contexts; i++) {
        r = context_init(&state->contexts[i], bundle, err);
    }
    return r;
}

int cr_bundle_assemble(const char *dir, const json_t *manifest, size_t n_contexts,
                       struct cr_bundle **ret_bundle, struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    int r;

    assert(n_contexts > 0);
    r = bundle_create(manifest, &bundle, err);
    if (r == 0) {
        r = cr_bundle_read_files(bundle, dir, err);
    }
    if (r == 0) {
        r = create_explainer(bundle, err);
    }
    if (r == 0) {
        r = cr_lineage_init(&bundle->state->lineage, bundle->portfolio, bundle->pipeline,
                            bundle->explainer, err);
    }
    if (r == 0) {
        r = cr_answer_init(&bundle->state->answer, bundle, err);
    }
    if (r == 0) {
        r = create_contexts(bundle, n_contexts, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_bundle = CR_STEAL(bundle);
    return 0;
}

static int note_digest(struct cr_bundle *bundle, const char *dir, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    char sha256[CR_DIGEST_LEN];
    char *copy;
    int r = path == NULL ? cr_error_no_memory(err) : cr_digest_file(path, sha256, err);

    if (r < 0) {
        return r;
    }
    copy = strdup(sha256);
    if (copy == NULL) {
        return cr_error_no_memory(err);
    }
    free(bundle->sha256);
    bundle->sha256 = copy;
    return 0;
}

int cr_bundle_load(struct cr_registry *registry, const char *portfolio, const char *version,
                   size_t n_contexts, struct cr_bundle **ret_bundle, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    size_t n_golden;
    int r = cr_registry_path(registry, portfolio, version, &dir, err);

    if (r == 0) {
        r = cr_registry_verify(registry, portfolio, version, &manifest, err);
    }
    if (r == 0) {
        r = cr_bundle_assemble(dir, manifest, n_contexts, &bundle, err);
    }
    if (r == 0) {
        r = note_digest(bundle, dir, err);
    }
    if (r == 0) {
        r = cr_selftest_replay(bundle, dir, &n_golden, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_bundle = CR_STEAL(bundle);
    return 0;
}

struct cr_bundle *cr_bundle_ref(struct cr_bundle *bundle)
{
    (void)atomic_fetch_add_explicit(&bundle->state->n_refs, 1, memory_order_relaxed);
    return bundle;
}

void cr_bundle_unref(struct cr_bundle *bundle)
{
    /* whoever destroys it sees what all others did */
    if (bundle != NULL &&
        atomic_fetch_sub_explicit(&bundle->state->n_refs, 1, memory_order_acq_rel) == 1) {
        bundle_destroy(bundle);
    }
}

struct cr_context *cr_bundle_context(struct cr_bundle *bundle, size_t index)
{
    assert(index < bundle->state->n_contexts);
    return &bundle->state->contexts[index];
}

size_t cr_bundle_n_contexts(const struct cr_bundle *bundle)
{
    return bundle->state->n_contexts;
}

bool cr_bundle_uses(const struct cr_bundle *bundle, size_t feature)
{
    return cr_pipeline_uses(bundle->pipeline, feature);
}

size_t cr_bundle_n_used_fields(const struct cr_bundle *bundle)
{
    return cr_lineage_n_used_fields(&bundle->state->lineage);
}

const char *cr_bundle_not_compiled(const struct cr_bundle *bundle)
{
    const struct cr_error *reason = &bundle->state->not_compiled;

    return reason->code != 0 ? reason->message : NULL;
}
