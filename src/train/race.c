// SPDX-License-Identifier: MIT
/* The race: after each fold, candidates that are clearly behind leave (header: the rule). Each fold
 * is a barrier, so the number of threads changes nothing. Six survivors, not three: with three, a
 * first fold on which two or three others are lucky throws the best one out. */
#include <math.h>
#include <stdlib.h>

#include "search.h"

double cr_race_auc_se(double auc, double n_bad, double n_good)
{
    double q1 = auc / (2 - auc);
    double q2 = 2 * auc * auc / (1 + auc);
    double variance =
        auc * (1 - auc) + (n_bad - 1) * (q1 - auc * auc) + (n_good - 1) * (q2 - auc * auc);
    return sqrt(variance / (n_bad * n_good));
}

/* How many of those still in the race are better; equals count by their place. */
static size_t n_ahead(const struct cr_run_model *model, size_t index)
{
    double mean = cr_candidate_mean(&model->candidates[index]);
    size_t n = 0;
    for (size_t i = 0; i < model->n_candidates; i++) {
        double other = cr_candidate_mean(&model->candidates[i]);
        bool is_running = model->candidates[i].dropped_after == 0;
        n += is_running && (other > mean || (other == mean && i < index));
    }
    return n;
}

void cr_race_drop(struct cr_run_model *model, size_t n_seen, double n_bad, double n_good)
{
    double best = 0;
    for (size_t i = 0; i < model->n_candidates; i++) {
        const struct cr_candidate *candidate = &model->candidates[i];
        if (candidate->dropped_after == 0) {
            best = fmax(best, cr_candidate_mean(candidate));
        }
    }
    double margin = CR_RACE_MARGIN * cr_race_auc_se(best, n_bad, n_good) / sqrt((double)n_seen);
    /* in any order: the best ones, which decide who is safe, are never dropped */
    for (size_t i = 0; i < model->n_candidates; i++) {
        struct cr_candidate *candidate = &model->candidates[i];
        if (candidate->dropped_after == 0 && cr_candidate_mean(candidate) < best - margin &&
            n_ahead(model, i) >= CR_RACE_MIN_SURVIVORS) {
            candidate->dropped_after = n_seen;
        }
    }
}
