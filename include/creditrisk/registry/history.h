// SPDX-License-Identifier: MIT
/* History: what happened to a portfolio's versions, when, on whose word and why. Nothing in it is
 * ever changed or forgotten. */
#ifndef CREDITRISK_REGISTRY_HISTORY_H
#define CREDITRISK_REGISTRY_HISTORY_H

#include <jansson.h>
#include <stddef.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/error.h"

/* One event; the texts are its own. */
struct cr_registry_event {
    char *at; /* UTC, as cr_clock_utc writes it */
    char *action;
    char *from; /* version; NULL where there was none */
    char *to;   /* version; NULL where there is none */
    char *actor;
    char *reason;
    json_t *details; /* what else there is to tell: texts by name; NULL = nothing */
};

/* The actions. `from` and `to` are the champion before and after a promotion, a rollback or (to:
 * asked for) a request or a refusal, the challenger before and after a challenge; a new version has
 * no `from`, a deleted one no `to`. */
#define CR_EVENT_PUBLISH   "publish"
#define CR_EVENT_IMPORT    "import"
#define CR_EVENT_REQUEST   "request"
#define CR_EVENT_REFUSE    "refuse"
#define CR_EVENT_PROMOTE   "promote"
#define CR_EVENT_ROLLBACK  "rollback"
#define CR_EVENT_CHALLENGE "challenge"
#define CR_EVENT_SIGN      "sign"
#define CR_EVENT_DELETE    "delete"

/* Names of details. Keys are public ones as signature.h has them. */
#define CR_DETAIL_ARCHIVE        "archive"        /* import: name of the file … */
#define CR_DETAIL_ARCHIVE_SHA256 "archive_sha256" /* … its digest … */
#define CR_DETAIL_WAS            "was"            /* … and the version that it was elsewhere */
#define CR_DETAIL_DERIVED_FROM   "derived_from"   /* publish: of which version it was made … */
#define CR_DETAIL_COSTS          "costs"          /* … with which costs */
#define CR_DETAIL_KEY            "key"            /* sign: with which key … */
#define CR_DETAIL_REPLACED_KEY   "replaced_key"   /* … in place of which, CR_SIGNING_UNREADABLE */
#define CR_DETAIL_SIGNED_WITH    "signed_with"    /* the key that vouched for it then */
#define CR_DETAIL_REQUESTED_BY   "requested_by"   /* promote by two: who had asked … */
#define CR_DETAIL_REQUESTED_AT   "requested_at"   /* … and when */
#define CR_DETAIL_GATES          "gates"          /* refuse: which said no … */
#define CR_DETAIL_WHY            "why"            /* … and why */
#define CR_DETAIL_DAMAGED        "damaged"        /* alone: the details, which are no such object */

struct cr_registry_history {
    struct cr_registry_event *events; /* in the order they were recorded */
    size_t n;
};

/* *ret_history is yours: cr_registry_history_finish. */
int cr_registry_read_history(struct cr_registry *registry, const char *portfolio,
                             struct cr_registry_history *ret_history, struct cr_error *err);
void cr_registry_history_finish(struct cr_registry_history *history);

/* An event as programs read it: its members by their names. Yours; NULL without memory. */
json_t *cr_registry_event_to_json(const struct cr_registry_event *event);

/* The event that made the champion of a time (a text of cr_clock_utc; that millisecond included):
 * its `to` is the champion. NULL when there was none yet. Borrowed. */
const struct cr_registry_event *cr_registry_champion_at(const struct cr_registry_history *history,
                                                        const char *at);

/* The last request to promote version that no change of the champion has answered or overtaken;
 * NULL when there is none. Borrowed. */
const struct cr_registry_event *cr_registry_pending_request(
    const struct cr_registry_history *history, const char *version);

/* Records that actor asks for version to become the champion. CR_ENOTFOUND. */
int cr_registry_request(struct cr_registry *registry, const char *portfolio, const char *version,
                        const struct cr_registry_actor *actor, struct cr_error *err);

/* Records that actor asked for that and was refused: by which gates, in a list, and why.
 * CR_ENOTFOUND. */
int cr_registry_refuse(struct cr_registry *registry, const char *portfolio, const char *version,
                       const char *gates, const char *why, const struct cr_registry_actor *actor,
                       struct cr_error *err);

/* Makes version the champion as cr_registry_promote does, because an actor of another name has
 * asked for it: both are looked at and done in one transaction. CR_EINVAL when no request is
 * pending or it is the actor's own. */
int cr_registry_approve(struct cr_registry *registry, const char *portfolio, const char *version,
                        const char *expected, const struct cr_registry_actor *actor,
                        struct cr_registry_change *ret_change, struct cr_error *err);

#endif
