// SPDX-License-Identifier: MIT
#include "seat.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/list.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/strbuf.h"

static void seat_destroy(struct cr_seat *seat)
{
    if (seat != NULL) {
        cr_challengers_destroy(seat->challengers);
        cr_champion_unref(seat->champion);
        free(seat->portfolio);
        free(seat);
    }
}

CR_DEFINE_CLEANUP(struct cr_seat *, seat_destroy);

static int add_seat(struct cr_seats *seats, const char *portfolio, struct cr_error *err)
{
    CR_CLEANUP(seat_destroyp) struct cr_seat *seat = calloc(1, sizeof(*seat));
    size_t n = atomic_load(&seats->n);
    int result;

    if (n == CR_MAX_SEATS) {
        return cr_error_set(err, CR_ETOOBIG, "no seat for portfolio '%s': there are %d", portfolio,
                            CR_MAX_SEATS);
    }
    if (seat == NULL || (seat->portfolio = strdup(portfolio)) == NULL) {
        return cr_error_no_memory(err);
    }
    seat->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    seat->settings = *seats->settings;
    seat->settings.portfolio = seat->portfolio;
    result = cr_challengers_create(&seat->settings, seats->host, seats->metrics, &seat->challengers,
                                   err);
    if (result == 0) {
        seats->items[n] = CR_STEAL(seat);
        atomic_store(&seats->n, n + 1);
    }
    return result;
}

int cr_seats_init(struct cr_seats *seats, const struct cr_settings *settings,
                  const struct cr_trial_host *host, struct cr_metrics *metrics, size_t n_contexts,
                  struct cr_error *err)
{
    *seats = (struct cr_seats){
        .settings = settings, .host = host, .metrics = metrics, .n_contexts = n_contexts};
    return add_seat(seats, settings->portfolio, err);
}

void cr_seats_finish(struct cr_seats *seats)
{
    for (size_t i = 0; i < atomic_load(&seats->n); i++) {
        seat_destroy(seats->items[i]);
    }
    atomic_store(&seats->n, 0);
}

struct cr_seat *cr_seats_first(struct cr_seats *seats)
{
    return seats->items[0];
}

struct cr_seat *cr_seats_find(struct cr_seats *seats, const char *portfolio)
{
    for (size_t i = 0; i < atomic_load(&seats->n); i++) {
        if (strcmp(seats->items[i]->portfolio, portfolio) == 0) {
            return seats->items[i];
        }
    }
    return NULL;
}

const char *cr_seats_find_likely(struct cr_seats *seats, const char *portfolio)
{
    const char *likely = NULL;

    for (size_t i = 0; i < atomic_load(&seats->n); i++) {
        likely = cr_slip_nearer(likely, seats->items[i]->portfolio, portfolio);
    }
    return likely;
}

struct cr_champion *cr_seat_champion(struct cr_seat *seat)
{
    struct cr_champion *champion;

    (void)pthread_mutex_lock(&seat->lock); /* these fail only for misuse */
    champion = cr_champion_ref(seat->champion);
    (void)pthread_mutex_unlock(&seat->lock);
    return champion;
}

/* ---- who has a seat ---- */

/* Who gets none is told once, and is nobody else's trouble. */
static void need_seat(struct cr_seats *seats, const char *portfolio)
{
    struct cr_error err;

    if (cr_seats_find(seats, portfolio) == NULL && add_seat(seats, portfolio, &err) != 0 &&
        !seats->has_told) {
        seats->has_told = true;
        cr_log(CR_LOG_ERROR, "portfolio_not_served", "{s:s, s:s}", "portfolio", portfolio, "reason",
               err.message);
    }
}

/* The registry's portfolios; one that cannot be read has none, as loading will tell. */
static void need_all(struct cr_seats *seats, struct cr_registry *registry)
{
    char **names = NULL;
    size_t n = 0;

    if (registry == NULL || cr_registry_portfolios(registry, &names, &n, NULL) != 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        need_seat(seats, names[i]);
    }
    cr_registry_free_portfolios(names, n);
}

static int need_named(struct cr_seats *seats, struct cr_registry *registry, struct cr_error *err)
{
    struct cr_list_entry entry;

    for (const char *at = cr_list_begin(seats->settings->portfolios); cr_list_next(&at, &entry);) {
        CR_CLEANUP(cr_freep) char *name = strndup(entry.text, entry.len);

        if (name == NULL) {
            return cr_error_no_memory(err);
        }
        if (strcmp(name, "*") == 0) {
            need_all(seats, registry);
        } else {
            need_seat(seats, name);
        }
    }
    return 0;
}

/* ---- who sits there ---- */

static void swap_champion(struct cr_seat *seat, struct cr_champion *champion)
{
    struct cr_champion *old;

    (void)pthread_mutex_lock(&seat->lock); /* these fail only for misuse */
    old = seat->champion;
    seat->champion = champion;
    (void)pthread_mutex_unlock(&seat->lock);
    cr_champion_unref(old);
}

/* Features that SQLite computes are the same, but slower: someone should know. */
static void log_features(const struct cr_bundle *bundle)
{
    if (cr_bundle_not_compiled(bundle) != NULL) {
        cr_log(CR_LOG_WARN, "features_not_compiled", "{s:s, s:s, s:s}", "portfolio",
               bundle->portfolio->name, "version", bundle->version, "reason",
               cr_bundle_not_compiled(bundle));
    }
}

/* What to do about it; "" where the reason tells all. */
static void put_advice(struct cr_strbuf *out, const struct cr_seat *seat,
                       const struct cr_error *err)
{
    if (err->code == CR_EMODEL) {
        cr_strbuf_puts(out, "'creditrisk registry verify --all' tells what to do");
    } else if (err->code == CR_ENOTFOUND && *seat->seen.champion == '\0') {
        cr_strbuf_printf(out,
                         "with the same settings 'creditrisk train --promote --portfolio %s' makes "
                         "one and 'creditrisk registry promote V --reason TEXT --portfolio %s' "
                         "takes a version that is there; another registry is named by --registry "
                         "and --registry-db (CREDITRISK_REGISTRY, CREDITRISK_REGISTRY_DB)",
                         seat->portfolio, seat->portfolio);
    }
}

static void log_refusal(struct cr_seat *seat, const struct cr_error *err)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *old = cr_seat_champion(seat);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf advice = CR_STRBUF_INIT;

    put_advice(&advice, seat, err);
    cr_log(CR_LOG_ERROR, "champion_refused", "{s:s, s:s, s:s, s:s, s:s?, s:s*}", "portfolio",
           seat->portfolio, "registry", seat->settings.registry, "error", cr_error_name(err->code),
           "reason", err->message, "still_serving", old != NULL ? old->bundle->version : NULL,
           "advice", advice.len > 0 ? cr_strbuf_text(&advice) : NULL);
}

/* The registry as one look finds it, for all seats; NULL where it cannot be opened, and why. */
struct look {
    struct cr_registry *registry;
    struct cr_error why;
};

static int repeat(const struct look *look, struct cr_error *err)
{
    return cr_error_set(err, look->why.code, "%s", look->why.message);
}

static int load_champion(struct cr_seats *seats, struct cr_seat *seat, const struct look *look,
                         struct cr_error *err)
{
    struct cr_champion *champion;
    int64_t start_ns = cr_clock_ns();
    /* a server that is away or late is not waited for again by every seat */
    int result = look->why.code == CR_EUNAVAIL
                     ? repeat(look, err)
                     : cr_champion_load(&seat->settings, seats->host, seats->n_contexts,
                                        seats->metrics, &champion, &seat->seen, err);

    cr_metrics_count_load(seats->metrics, seat->portfolio, CR_LOAD_CHAMPION, result == 0);
    if (result < 0) {
        log_refusal(seat, err);
        return result;
    }
    swap_champion(seat, champion); /* only this thread reloads: it lives on for the log */
    cr_log(CR_LOG_INFO, "champion_loaded", "{s:s, s:s, s:s, s:s?, s:f}", "portfolio",
           seat->portfolio, "version", champion->bundle->version, "model",
           champion->bundle->model_name, "sha256", champion->bundle->sha256, "ms",
           (double)(cr_clock_ns() - start_ns) / 1e6);
    log_features(champion->bundle);
    cr_challengers_load(seat->challengers, champion);
    return 0;
}

/* Says so once when the registry can no longer be read, and once when it can again. */
static void note_registry(struct cr_seats *seats, int result, const struct cr_error *why)
{
    int now = result == 0 ? CR_REGISTRY_READ : CR_REGISTRY_UNREADABLE;
    int before = atomic_exchange(&seats->registry, now);

    if (now == CR_REGISTRY_UNREADABLE && before != now) {
        cr_log(CR_LOG_ERROR, "registry_unreadable", "{s:s, s:s}", "error", cr_error_name(result),
               "reason", why->message);
    } else if (before == CR_REGISTRY_UNREADABLE && before != now) {
        cr_log(CR_LOG_INFO, "registry_readable", "{s:s}", "registry", seats->settings->registry);
    }
}

/* Only if the registry points to others than were last loaded or refused. */
static int follow(struct cr_seats *seats, struct cr_seat *seat, const struct look *look,
                  struct cr_error *err)
{
    struct cr_pointers now;
    int result = look->registry != NULL
                     ? cr_champion_read_pointers(look->registry, seat->portfolio, &now, err)
                     : repeat(look, err);

    note_registry(seats, result, err);
    if (result == 0 && (strcmp(now.champion, seat->seen.champion) != 0 ||
                        strcmp(now.challenger, seat->seen.challenger) != 0)) {
        result = load_champion(seats, seat, look, err);
    }
    return result;
}

static int load_all(struct cr_seats *seats, bool force, const struct look *look,
                    struct cr_error *err)
{
    struct cr_error later = {0};
    int result = need_named(seats, look->registry, err);

    for (size_t i = 0; i < atomic_load(&seats->n); i++) {
        struct cr_seat *seat = seats->items[i];
        int r =
            force ? load_champion(seats, seat, look, &later) : follow(seats, seat, look, &later);

        if (r < 0 && result == 0) {
            result =
                i == 0 ? cr_error_set(err, r, "%s", later.message)
                       : cr_error_set(err, r, "portfolio '%s': %s", seat->portfolio, later.message);
        }
        if (!force && atomic_load(&seats->registry) == CR_REGISTRY_UNREADABLE) {
            break; /* they share it */
        }
    }
    return result;
}

int cr_seats_load(struct cr_seats *seats, bool force, struct cr_error *err)
{
    const struct cr_settings *settings = seats->settings;
    struct look look = {NULL, {0}};
    struct cr_pointers unused;
    /* no failure of this call yet: a seat that follows tells look.why, one that is forced to load
     * opens the registry itself, unless it is away, and tells its own */
    int result = cr_registry_open(settings->registry, settings->registry_db, false, &look.registry,
                                  &look.why);

    if (force) { /* who follows notes what was found anyway */
        if (result == 0) {
            result = cr_champion_read_pointers(look.registry, seats->items[0]->portfolio, &unused,
                                               &look.why);
        }
        note_registry(seats, result, &look.why);
    }
    result = load_all(seats, force, &look, err);
    cr_registry_close(look.registry);
    return result;
}
