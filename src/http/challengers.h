// SPDX-License-Identifier: MIT
/* Private to http/: challengers are tried and loaded on a thread of their own, so that a champion
 * that comes, or comes back, waits for none of them. Only the newest champion's counts: the trial
 * of an older one's is given up. */
#ifndef HTTP_CHALLENGERS_H
#define HTTP_CHALLENGERS_H

#include "champion.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "metrics.h"

struct cr_challengers;

/* All are borrowed; the host's program and its first descriptor hold for challengers, too. Yours:
 * cr_challengers_destroy. CR_ENOMEM, CR_EUNAVAIL. */
int cr_challengers_create(const struct cr_settings *settings, const struct cr_trial_host *host,
                          struct cr_metrics *metrics, struct cr_challengers **ret_challengers,
                          struct cr_error *err);

/* Gives up what is under way and ends the thread. */
void cr_challengers_destroy(struct cr_challengers *challengers);

/* This champion serves now: the challenger that its pointers name, if any, will be loaded and shown
 * in it, and the log and the metrics say how it went. Any thread. */
void cr_challengers_load(struct cr_challengers *challengers, struct cr_champion *champion);

#endif
