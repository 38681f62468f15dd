// SPDX-License-Identifier: MIT
/* Private to score/: what a bundle owns besides its public parts. */
#ifndef SCORE_BUNDLE_STATE_H
#define SCORE_BUNDLE_STATE_H

#include <stdatomic.h>
#include <stddef.h>

#include "answer.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/error.h"
#include "lineage.h"

struct cr_bundle_state {
    atomic_size_t n_refs;
    struct cr_lineage lineage;
    struct cr_answer answer;
    struct cr_error not_compiled; /* code 0: the features are compiled, else why they are not */
    size_t n_contexts;
    struct cr_context *contexts;
};

#endif
