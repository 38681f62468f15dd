// SPDX-License-Identifier: MIT
/* Private to http/: the version that serves, with what the registry said when it was loaded.
 * Immutable and reference-counted. */
#ifndef HTTP_CHAMPION_H
#define HTTP_CHAMPION_H

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "metrics.h"

struct cr_champion {
    struct cr_bundle *bundle;
    struct cr_watch *watch; /* where its predictions are counted */
    json_t *versions;       /* names of all versions, oldest first */
    atomic_size_t n_refs;
};

/* Opens the registry, tries its champion in a process of its own (unless trial_program is NULL),
 * verifies it and makes it ready with n_contexts scoring contexts and counters. Yours:
 * cr_champion_unref. CR_ENOTFOUND (no registry, no champion), CR_EMODEL (a version that is not
 * trustworthy), CR_EUNAVAIL (no process to try it in). */
int cr_champion_load(const struct cr_settings *settings, const char *trial_program,
                     size_t n_contexts, struct cr_metrics *metrics,
                     struct cr_champion **ret_champion, struct cr_error *err);

struct cr_champion *cr_champion_ref(struct cr_champion *champion);
void cr_champion_unref(struct cr_champion *champion);

static inline void cr_champion_unrefp(struct cr_champion **champion)
{
    cr_champion_unref(*champion);
}

#endif
