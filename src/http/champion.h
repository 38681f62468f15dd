// SPDX-License-Identifier: MIT
/* Private to http/: the version that serves, with what the registry said when it was loaded, and
 * the one that is scored in shadow beside it. Reference-counted; immutable, but for the challenger,
 * which is shown once, later. */
#ifndef HTTP_CHAMPION_H
#define HTTP_CHAMPION_H

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "documents.h"
#include "metrics.h"

enum { CR_POINTER_LEN = 16 };

/* Which versions the registry points to; "" = none. */
struct cr_pointers {
    char champion[CR_POINTER_LEN];
    char challenger[CR_POINTER_LEN];
};

/* A version beside a champion, or why it could not be loaded. Immutable. */
struct cr_challenger {
    struct cr_bundle *bundle;          /* scored in shadow, by one thread; NULL = refused */
    struct cr_shadow_counters *shadow; /* what is counted of it; the metrics' */
    struct cr_error error;             /* why it is refused */
};

struct cr_champion {
    struct cr_bundle *bundle;
    struct cr_watch *watch; /* where its predictions are counted */
    struct cr_documents documents;
    json_t *versions; /* names of all versions, oldest first */
    struct cr_pointers pointers;
    _Atomic(struct cr_challenger *) challenger; /* through cr_champion_challenger */
    atomic_size_t n_refs;
};

/* What the registry says of the portfolio now; the errors of reading it. */
int cr_champion_read_pointers(struct cr_registry *registry, const char *portfolio,
                              struct cr_pointers *ret_pointers, struct cr_error *err);

/* Opens the registry, tries its champion in a process of its own (unless the host has no program),
 * verifies it and makes it ready with n_contexts scoring contexts and counters. Yours:
 * cr_champion_unref. CR_ENOTFOUND (no registry, no champion), CR_EMODEL (a version that is not
 * trustworthy), CR_EUNAVAIL (no process to try it in). The pointers are those that it went by, also
 * when it failed: the registry may say something else by then. They are untouched when it could not
 * read any. Its challenger is loaded afterwards (challengers.h). */
int cr_champion_load(const struct cr_settings *settings, const struct cr_trial_host *host,
                     size_t n_contexts, struct cr_metrics *metrics,
                     struct cr_champion **ret_champion, struct cr_pointers *ret_pointers,
                     struct cr_error *err);

/* Tries, verifies and loads a version that is to be scored in shadow. A refusal is one, too, and
 * delivered as such; yours: cr_challenger_destroy. CR_ENOMEM. */
int cr_challenger_load(const struct cr_settings *settings, const struct cr_trial_host *host,
                       const char *version, struct cr_metrics *metrics,
                       struct cr_challenger **ret_challenger, struct cr_error *err);
void cr_challenger_destroy(struct cr_challenger *challenger);

/* Takes the challenger over, once in a champion's life; from now on every thread sees it. */
void cr_champion_show(struct cr_champion *champion, struct cr_challenger *challenger);

/* NULL while there is none or it is still being tried; borrowed from the champion. Any thread. */
static inline const struct cr_challenger *cr_champion_challenger(struct cr_champion *champion)
{
    return atomic_load_explicit(&champion->challenger, memory_order_acquire);
}

struct cr_champion *cr_champion_ref(struct cr_champion *champion);
void cr_champion_unref(struct cr_champion *champion);

static inline void cr_champion_unrefp(struct cr_champion **champion)
{
    cr_champion_unref(*champion);
}

#endif
