// SPDX-License-Identifier: MIT
/* Private to http/: the challenger, scored in shadow. What the champion has answered is handed to
 * one thread of its own, which scores it with the challenger and counts; nothing of it is ever
 * answered. The request gives away a copy of its record and goes on: it does not wait, and nothing
 * that happens to the copy reaches it. When too many wait, the next ones are counted as dropped.
 *
 * A hand-over and not the same thread after the reply: a challenger is the version that is not yet
 * trusted, and one that is slow would hold up the other connections of an event thread. */
#ifndef HTTP_SHADOW_H
#define HTTP_SHADOW_H

#include "champion.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/error.h"

struct cr_shadow;

/* Yours: cr_shadow_destroy. CR_ENOMEM, CR_EUNAVAIL. */
int cr_shadow_create(struct cr_shadow **ret_shadow, struct cr_error *err);

/* Scores what waits, then ends the thread. */
void cr_shadow_destroy(struct cr_shadow *shadow);

/* The champion scored this record; its challenger, if it has one, will too. Any thread. */
void cr_shadow_offer(struct cr_shadow *shadow, struct cr_champion *champion,
                     const struct cr_record *record, const struct cr_result *result);

#endif
