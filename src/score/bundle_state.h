// SPDX-License-Identifier: MIT
/* Private to score/: what a bundle owns besides its public parts. */
#ifndef SCORE_BUNDLE_STATE_H
#define SCORE_BUNDLE_STATE_H

#include <stdatomic.h>
#include <stddef.h>

#include "creditrisk/score/bundle.h"
#include "lineage.h"

struct cr_bundle_state {
    atomic_size_t n_refs;
    struct cr_lineage lineage;
    size_t n_contexts;
    struct cr_context *contexts;
};

#endif
