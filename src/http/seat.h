// SPDX-License-Identifier: MIT
/* Private to http/: the portfolios of the daemon. Each has a seat, in which its champion serves;
 * the first is the settings' own, which answers at the root. Seats are only ever added, by one
 * thread at a time, and go with the server; any thread may look at them. */
#ifndef HTTP_SEAT_H
#define HTTP_SEAT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "challengers.h"
#include "champion.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "metrics.h"

/* More portfolios than these are not served. */
enum { CR_MAX_SEATS = 64 };

struct cr_seat {
    char *portfolio;
    struct cr_settings settings; /* the server's, but of this portfolio; borrows their texts */
    struct cr_challengers *challengers; /* loads them */
    struct cr_pointers seen; /* what was loaded or refused last: not tried again; of the thread that
                                reloads */
    pthread_mutex_t lock;    /* guards `champion` (the pointer) */
    struct cr_champion *champion; /* NULL when there is none */
};

/* Whether the registry could be read when it was last looked at, for those who ask how we are. */
enum cr_registry_state { CR_REGISTRY_NOT_ASKED, CR_REGISTRY_READ, CR_REGISTRY_UNREADABLE };

struct cr_seats {
    const struct cr_settings *settings;
    const struct cr_trial_host *host;
    struct cr_metrics *metrics;
    size_t n_contexts;   /* of every champion */
    atomic_int registry; /* enum cr_registry_state */
    bool has_told;       /* that somebody gets no seat */
    atomic_size_t n;     /* the items below it do not change */
    struct cr_seat *items[CR_MAX_SEATS];
};

/* All are borrowed. Makes the first seat, without a champion. On failure, too: cr_seats_finish.
 * CR_ENOMEM, CR_EUNAVAIL. */
int cr_seats_init(struct cr_seats *seats, const struct cr_settings *settings,
                  const struct cr_trial_host *host, struct cr_metrics *metrics, size_t n_contexts,
                  struct cr_error *err);

/* Gives up what is loading; accepts zeroed seats. The metrics must still be there. */
void cr_seats_finish(struct cr_seats *seats);

/* The first seat; the seat of a portfolio, NULL when it has none. Borrowed. */
struct cr_seat *cr_seats_first(struct cr_seats *seats);
struct cr_seat *cr_seats_find(struct cr_seats *seats, const char *portfolio);

/* The portfolio with a seat that a slip of the pen would make of that name, NULL when none is near.
 * Borrowed. */
const char *cr_seats_find_likely(struct cr_seats *seats, const char *portfolio);

/* A reference to the champion, NULL when there is none; yours: cr_champion_unref. */
struct cr_champion *cr_seat_champion(struct cr_seat *seat);

/* Gives a seat to every portfolio that settings.portfolios names or, for *, has a champion in the
 * registry, then loads all champions (force) or those that the registry has changed since. Each
 * success and each failure is logged; a failure is that seat's own, its old champion keeps serving.
 * Returns the first seat's error, else that of the next. Without force a registry that
 * cannot be read is noted and logged, once, and the rest is not tried. One thread at a time. */
int cr_seats_load(struct cr_seats *seats, bool force, struct cr_error *err);

#endif
