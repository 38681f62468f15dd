// SPDX-License-Identifier: MIT
/* Bundle: one registry version in memory, verified and ready to answer. Immutable and
 * reference-counted; its scoring contexts belong to one worker each. */
#ifndef CREDITRISK_SCORE_BUNDLE_H
#define CREDITRISK_SCORE_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/explain/explain.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/model/calibrate.h"
#include "creditrisk/model/model.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/error.h"

/* What one worker needs to score: engine and scratch vectors. Used by one thread at a time. */
struct cr_context {
    struct cr_engine *engine;
    struct cr_value *row;  /* n_features */
    bool *unknown;         /* n_features */
    double *inputs;        /* n_inputs */
    double *contributions; /* n_inputs */
    double *groups;        /* n_groups */
    size_t *top;           /* policy.top_reasons */
    uint16_t *imputed;     /* n_fields */
    void *explain_scratch;
};

struct cr_bundle {
    /* read-only */
    char *version; /* "v7"; "" before it is published */
    char *sha256;  /* of manifest.json; "" before it is published */
    json_t *manifest;
    const char *model_name;         /* "Logistic_Regression"; the manifest's */
    struct cr_portfolio *portfolio; /* as it was at training */
    struct cr_pipeline *pipeline;
    struct cr_model *model;
    struct cr_calibration calibration;
    struct cr_explainer *explainer;
    double threshold;
    /* private to score/ */
    struct cr_bundle_state *state;
};

/* Assembles a bundle from a folder whose files need not be sealed yet (the trainer's staged
 * folder); `manifest` is borrowed and must have "model" ("kind", "name") and "optimal_threshold".
 * CR_EMODEL, with the file's name, for anything that is missing, out of range or does not fit the
 * rest. n_contexts ≥ 1. Yours: cr_bundle_unref. */
int cr_bundle_assemble(const char *dir, const json_t *manifest, size_t n_contexts,
                       struct cr_bundle **ret_bundle, struct cr_error *err);

/* Verifies a registry version (digests), assembles it and replays its golden rows
 * (score/selftest.h); the errors of all three. Its features are compiled when that gives the golden
 * rows bit for bit. Yours: cr_bundle_unref. */
int cr_bundle_load(struct cr_registry *registry, const char *portfolio, const char *version,
                   size_t n_contexts, struct cr_bundle **ret_bundle, struct cr_error *err);

/* Safe from any thread; the last unref frees. NULL may be unreferenced. */
struct cr_bundle *cr_bundle_ref(struct cr_bundle *bundle);
void cr_bundle_unref(struct cr_bundle *bundle);

static inline void cr_bundle_unrefp(struct cr_bundle **bundle)
{
    cr_bundle_unref(*bundle);
}

/* The context of worker `index` (< n_contexts); borrowed. */
struct cr_context *cr_bundle_context(struct cr_bundle *bundle, size_t index);
size_t cr_bundle_n_contexts(const struct cr_bundle *bundle);

/* Whether the model was trained on the feature, an index of the portfolio's; and how many of the
 * application's fields stand behind the features that it was trained on. */
bool cr_bundle_uses(const struct cr_bundle *bundle, size_t feature);
size_t cr_bundle_n_used_fields(const struct cr_bundle *bundle);

/* Why SQLite computes the features, several times slower; NULL when they are compiled. Borrowed. */
const char *cr_bundle_not_compiled(const struct cr_bundle *bundle);

#endif
