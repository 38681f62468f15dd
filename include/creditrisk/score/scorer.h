// SPDX-License-Identifier: MIT
/* Scorer: THE request line. Record → features → inputs → margin → PD → contributions → decision.
 * The daemon, `creditrisk predict`, the golden rows and the trainer's check all go through it. */
#ifndef CREDITRISK_SCORE_SCORER_H
#define CREDITRISK_SCORE_SCORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/decision/emi.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"

/* Nanoseconds per stage of one request; http/metrics alone counts. */
struct cr_trace {
    int64_t features_ns;
    int64_t pipeline_ns; /* features to inputs */
    int64_t model_ns;    /* margin and contributions */
    int64_t decide_ns;   /* reasons, band, instalment, what was imputed */
};

/* Arrays are borrowed from the bundle's context, valid until the context scores again; texts
 * of the row that are no levels come from the arena. */
struct cr_result {
    double raw_margin; /* the model's log-odds */
    double margin;     /* calibrated */
    double pd;
    double base_value; /* base_value + Σ contributions = margin */
    const struct cr_band *band;
    struct cr_emi emi;
    const struct cr_value *row;  /* n_features */
    const double *inputs;        /* n_inputs */
    const double *contributions; /* n_inputs */
    const double *groups;        /* n_groups */
    const size_t *top;           /* n_top group indices, largest first */
    size_t n_top;
    const bool *unknown; /* n_features: a text that is no level */
    size_t n_unknown;
    const uint16_t *imputed; /* n_imputed fields whose absence made a served feature missing */
    size_t n_imputed;
};

/* Scores one valid record. `trace` may be NULL. CR_EMODEL when the margin is not finite, CR_EPARSE
 * when features.sql gives a cell that is not of its feature's kind, CR_ENOMEM (also the arena's
 * limit). */
int cr_scorer_score(const struct cr_bundle *bundle, struct cr_context *context,
                    const struct cr_record *record, struct cr_arena *arena,
                    struct cr_result *ret_result, struct cr_trace *trace, struct cr_error *err);

/* The decision alone, without reasons. */
struct cr_verdict {
    double margin; /* calibrated */
    double pd;
    const struct cr_band *band;
};

/* The verdicts of n valid records, each what cr_scorer_score says of it, over the model's way for
 * many rows. Errors as above; verdicts[0..n) is filled only without one. */
int cr_scorer_verdicts(const struct cr_bundle *bundle, struct cr_context *context,
                       const struct cr_record *records, size_t n, struct cr_arena *arena,
                       struct cr_verdict *verdicts, struct cr_error *err);

#endif
