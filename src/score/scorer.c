// SPDX-License-Identifier: MIT
#include "creditrisk/score/scorer.h"

#include <math.h>
#include <string.h>

#include "bundle_state.h"
#include "creditrisk/decision/policy.h"
#include "creditrisk/util/clock.h"

/* Without anyone who wants to know, the clock is not read. */
struct stopwatch {
    bool runs;
    int64_t last_ns;
};

/* One copy of it, for the caches' sake. */
static __attribute__((noinline)) int64_t lap(struct stopwatch *watch)
{
    int64_t now_ns = watch->runs ? cr_clock_ns() : 0;
    int64_t lap_ns = now_ns - watch->last_ns;

    watch->last_ns = now_ns;
    return lap_ns;
}

static int not_finite(double margin, struct cr_error *err)
{
    return cr_error_set(err, CR_EMODEL, "the model's margin '%g' is not finite", margin);
}

int cr_scorer_score(const struct cr_bundle *bundle, struct cr_context *context,
                    const struct cr_record *record, struct cr_arena *arena,
                    struct cr_result *ret_result, struct cr_trace *trace, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    const struct cr_explainer *explainer = bundle->explainer;
    size_t n_groups = cr_explainer_n_groups(explainer);
    struct stopwatch watch = {.runs = trace != NULL, .last_ns = 0};
    struct cr_trace times;
    struct cr_result result = {
        .row = context->row,
        .inputs = context->inputs,
        .contributions = context->contributions,
        .groups = context->groups,
        .top = context->top,
        .unknown = context->unknown,
        .imputed = context->imputed,
        .base_value = cr_explainer_base_value(explainer),
    };
    int r;

    (void)lap(&watch); /* starts it */
    r = cr_engine_row(context->engine, record, arena, context->row, err);
    if (r < 0) {
        return r;
    }
    times.features_ns = lap(&watch);

    memset(context->unknown, 0, portfolio->n_features * sizeof(*context->unknown));
    result.n_unknown =
        cr_pipeline_apply(bundle->pipeline, context->row, context->inputs, context->unknown);
    times.pipeline_ns = lap(&watch);

    result.raw_margin = cr_explainer_margin(explainer, context->inputs, context->explain_scratch,
                                            context->contributions);
    result.margin = cr_calibrate_margin(&bundle->calibration, result.raw_margin);
    result.pd = cr_calibrate_pd(result.margin);
    if (!isfinite(result.margin)) {
        return not_finite(result.margin, err);
    }
    times.model_ns = lap(&watch);

    cr_explainer_groups(explainer, context->contributions, context->groups);
    result.n_top =
        cr_explainer_top(context->groups, n_groups, portfolio->policy.top_reasons, context->top);
    result.band = cr_policy_band(&portfolio->policy, bundle->threshold, result.pd);
    result.emi = cr_emi_for(&portfolio->policy, record);
    result.n_imputed =
        cr_lineage_imputed(&bundle->state->lineage, record, context->row, context->imputed);
    times.decide_ns = lap(&watch);

    *ret_result = result;
    if (trace != NULL) {
        *trace = times;
    }
    return 0;
}

int cr_scorer_verdicts(const struct cr_bundle *bundle, struct cr_context *context,
                       const struct cr_record *records, size_t n, struct cr_arena *arena,
                       struct cr_verdict *verdicts, struct cr_error *err)
{
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);
    double *inputs = cr_arena_alloc_array(arena, n, n_inputs * sizeof(*inputs));
    double *margins = cr_arena_alloc_array(arena, n, sizeof(*margins));

    if (inputs == NULL || margins == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        int r = cr_engine_row(context->engine, &records[i], arena, context->row, err);

        if (r < 0) {
            return r;
        }
        (void)cr_pipeline_apply(bundle->pipeline, context->row, inputs + i * n_inputs, NULL);
    }
    cr_model_margins(bundle->model, inputs, n, margins);
    for (size_t i = 0; i < n; i++) {
        double margin = cr_calibrate_margin(&bundle->calibration, margins[i]);
        double pd = cr_calibrate_pd(margin);

        if (!isfinite(margin)) {
            return not_finite(margin, err);
        }
        verdicts[i] = (struct cr_verdict){
            margin, pd, cr_policy_band(&bundle->portfolio->policy, bundle->threshold, pd)};
    }
    return 0;
}
