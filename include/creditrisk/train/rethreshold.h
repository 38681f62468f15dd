// SPDX-License-Identifier: MIT
/* Rethreshold: the choice of the threshold once more, for a published version and for any costs,
 * from the margins that its training left in oof.csv and test.csv. Nothing is fitted again. */
#ifndef CREDITRISK_TRAIN_RETHRESHOLD_H
#define CREDITRISK_TRAIN_RETHRESHOLD_H

#include <jansson.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/train/choice.h"
#include "creditrisk/train/metrics.h"
#include "creditrisk/util/error.h"

struct cr_rethreshold {
    struct cr_bundle *bundle; /* the version, verified */
    struct cr_choice choice;
    struct cr_metrics oof_metrics; /* at the choice's threshold */
    struct cr_metrics test_metrics;
};

/* Loads the version (score/bundle.h's errors) and repeats the choice. A NaN of
 * `asked` takes the version's own cost; at most one of false_negative and lgd is given, and
 * replaces both of the version's. CR_EINVAL for costs that no policy may have, for a closed form
 * outside the swept thresholds, and for lgd costs of a version without loan amounts.
 * *ret_rethreshold is yours: cr_rethreshold_finish. */
int cr_rethreshold_run(struct cr_registry *registry, const char *portfolio, const char *version,
                       const struct cr_costs *asked, struct cr_rethreshold *ret_rethreshold,
                       struct cr_error *err);
void cr_rethreshold_finish(struct cr_rethreshold *rethreshold);

/* CR_EINVAL when the optimum is the lowest or the highest of the swept thresholds, as a better one
 * may lie beyond: what it costs can be looked at, but nothing is published with it. */
int cr_rethreshold_check_edge(const struct cr_rethreshold *rethreshold, struct cr_error *err);

/* The document of `threshold --json`; money in whole currency units. test_metrics says that it
 * holds at the choice's threshold, not at version_threshold. `published` (may be NULL) is the
 * version that was made of it. A new reference; NULL without memory. */
json_t *cr_rethreshold_to_json(const struct cr_rethreshold *rethreshold, const char *published);

/* Publishes a version that decides otherwise than its parent by the costs inside
 * portfolio/policy.yaml alone, whose other bytes stay. Its manifest says so (threshold, metrics,
 * derived_from, reason, times), and its report/ is the parent's, cut down to this model and brought
 * up to these costs. It is assembled and passes its golden rows before it is published.
 * CR_EINVAL for an optimum at the edge of what was swept, and when the costs are the parent's:
 * there would be no difference. *ret_version is yours (free); on failure nothing is left behind. */
int cr_rethreshold_publish(const struct cr_rethreshold *rethreshold, struct cr_registry *registry,
                           const struct cr_registry_actor *actor, char **ret_version,
                           struct cr_error *err);

#endif
