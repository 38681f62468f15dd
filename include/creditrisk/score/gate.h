// SPDX-License-Identifier: MIT
/* Gates: what a version must show before it becomes the champion. It must be intact, answer its
 * golden rows as it did and compute their features to the last bit; what else is asked stands in
 * policy.yaml (portfolio.h, struct cr_gates). */
#ifndef CREDITRISK_SCORE_GATE_H
#define CREDITRISK_SCORE_GATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/error.h"

enum { CR_GATES_MAX = 24 };

struct cr_gate {
    char name[32]; /* "golden_rows", "auc_roc", … */
    bool passed;
    double value;     /* NaN where the gate is no number */
    double bound;     /* the same */
    char reason[400]; /* why it failed; "" when it passed */
};

/* In the order they were checked. What cannot be checked because an earlier gate failed is left
 * out. */
struct cr_gate_report {
    struct cr_gate gates[CR_GATES_MAX];
    size_t n;
    bool passed;
    struct cr_error
        untraced; /* code not 0: a promotion was refused, and the events do not say so */
};

/* Checks a folder that need not be recorded: all gates but the second approver. `gates` are those
 * of the portfolio as it is now, not of the version: it cannot bring its own. An error only where
 * nothing could be judged (CR_ENOTFOUND, CR_ENOMEM, CR_EIO). */
int cr_gate_check(const char *dir, const struct cr_gates *gates, struct cr_gate_report *ret_report,
                  struct cr_error *err);

/* Checks every gate of a recorded version and makes it the champion if all are passed. A second
 * approver, where the gates ask for one, is an actor of another name who `approves` what the first
 * had asked for; the first one's attempt is recorded as a request if all else is passed, and what
 * is refused otherwise as a refusal (if it can be: ret_report->untraced). Whether it is the
 * champion now is ret_report->passed; only then *ret_change, which may be NULL, is filled
 * (cr_registry_promote). CR_EUNAVAIL when the champion was changed while the gates were checked,
 * CR_ENOTFOUND, CR_EDB, and the errors of cr_gate_check. */
int cr_gate_promote(struct cr_registry *registry, const char *portfolio, const char *version,
                    const struct cr_gates *gates, const struct cr_registry_actor *actor,
                    bool approves, struct cr_gate_report *ret_report,
                    struct cr_registry_change *ret_change, struct cr_error *err);

/* The first gate that failed; NULL when all passed. */
const struct cr_gate *cr_gate_first_failure(const struct cr_gate_report *report);

/* [{"name", "passed", "value", "bound", "reason"}, …]; NULL without memory. */
json_t *cr_gate_report_to_json(const struct cr_gate_report *report);

#endif
