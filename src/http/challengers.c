// SPDX-License-Identifier: MIT
#include "challengers.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/log.h"

struct cr_challengers {
    const struct cr_settings *settings;
    const struct cr_trial_host *host;
    struct cr_metrics *metrics;
    pthread_t thread;
    bool has_thread;
    int overtaken_fd;     /* an eventfd: readable while something newer waits, or the end */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct cr_champion *newest; /* waits for its challenger; NULL = none does */
    bool stop;
};

CR_DEFINE_CLEANUP(struct cr_challengers *, cr_challengers_destroy);

/* Whether nobody asks for the champion at hand any more. */
static bool is_overtaken(struct cr_challengers *challengers)
{
    bool overtaken;

    (void)pthread_mutex_lock(&challengers->lock); /* these fail only for misuse */
    overtaken = challengers->stop || challengers->newest != NULL;
    (void)pthread_mutex_unlock(&challengers->lock);
    return overtaken;
}

static void log_refusal(const struct cr_challengers *challengers, const char *version,
                        const struct cr_error *why)
{
    cr_log(CR_LOG_ERROR, "challenger_refused", "{s:s, s:s, s:s, s:s}", "portfolio",
           challengers->settings->portfolio, "version", version, "error", cr_error_name(why->code),
           "reason", why->message);
}

static void report(const struct cr_challengers *challengers, const char *version,
                   const struct cr_challenger *challenger)
{
    const struct cr_bundle *bundle = challenger->bundle;
    const struct cr_error *why = &challenger->error;

    cr_metrics_count_load(challengers->metrics, challengers->settings->portfolio,
                          CR_LOAD_CHALLENGER, bundle != NULL);
    if (bundle == NULL) {
        log_refusal(challengers, version, why);
    } else {
        cr_log(CR_LOG_INFO, "challenger_loaded", "{s:s, s:s, s:s, s:s}", "portfolio",
               challengers->settings->portfolio, "version", version, "model", bundle->model_name,
               "sha256", bundle->sha256);
    }
}

static void load(struct cr_challengers *challengers, struct cr_champion *champion)
{
    const struct cr_trial_host host = {challengers->host->program,
                                       {challengers->host->stop_fds[0], challengers->overtaken_fd}};
    const char *version = champion->pointers.challenger;
    struct cr_challenger *challenger = NULL;
    struct cr_error err;

    if (*version == '\0') {
        return;
    }
    if (cr_challenger_load(challengers->settings, &host, version, challengers->metrics, &challenger,
                           &err) < 0) {
        log_refusal(challengers, version, &err);
    } else if (challenger->bundle == NULL && is_overtaken(challengers)) {
        cr_challenger_destroy(challenger); /* it was not tried to the end: that is no refusal */
    } else {
        report(challengers, version, challenger);
        cr_champion_show(champion, challenger);
    }
}

/* The next champion, a reference; NULL at the end. */
static struct cr_champion *await(struct cr_challengers *challengers)
{
    struct cr_champion *champion;
    uint64_t n;

    (void)pthread_mutex_lock(&challengers->lock); /* these fail only for misuse */
    while (challengers->newest == NULL && !challengers->stop) {
        (void)pthread_cond_wait(&challengers->changed, &challengers->lock);
    }
    champion = challengers->stop ? NULL : CR_STEAL(challengers->newest);
    if (champion != NULL) {
        (void)!read(challengers->overtaken_fd, &n, sizeof(n)); /* there is nothing newer now */
    }
    (void)pthread_mutex_unlock(&challengers->lock);
    return champion;
}

static void *run(void *argument)
{
    struct cr_challengers *challengers = argument;
    struct cr_champion *champion;

    while ((champion = await(challengers)) != NULL) {
        load(challengers, champion);
        cr_champion_unref(champion);
    }
    return NULL;
}

int cr_challengers_create(const struct cr_settings *settings, const struct cr_trial_host *host,
                          struct cr_metrics *metrics, struct cr_challengers **ret_challengers,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_challengers_destroyp)
    struct cr_challengers *challengers = calloc(1, sizeof(*challengers));
    int error;

    if (challengers == NULL) {
        return cr_error_no_memory(err);
    }
    *challengers = (struct cr_challengers){
        .settings = settings,
        .host = host,
        .metrics = metrics,
        .overtaken_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    if (challengers->overtaken_fd < 0) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot make an eventfd: %s", strerror(errno));
    }
    error = pthread_create(&challengers->thread, NULL, run, challengers);
    if (error != 0) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot start a thread: %s", strerror(error));
    }
    challengers->has_thread = true;
    *ret_challengers = CR_STEAL(challengers);
    return 0;
}

/* Tells the thread, which may be waiting or in the middle of a trial; champion NULL = the end. */
static void tell(struct cr_challengers *challengers, struct cr_champion *champion)
{
    const uint64_t one = 1;
    struct cr_champion *old;

    (void)pthread_mutex_lock(&challengers->lock); /* these fail only for misuse */
    old = challengers->newest;
    challengers->newest = champion;
    challengers->stop = champion == NULL;
    (void)!write(challengers->overtaken_fd, &one, sizeof(one)); /* never full */
    (void)pthread_cond_signal(&challengers->changed);
    (void)pthread_mutex_unlock(&challengers->lock);
    cr_champion_unref(old);
}

void cr_challengers_load(struct cr_challengers *challengers, struct cr_champion *champion)
{
    tell(challengers, cr_champion_ref(champion));
}

void cr_challengers_destroy(struct cr_challengers *challengers)
{
    if (challengers == NULL) {
        return;
    }
    if (challengers->has_thread) {
        tell(challengers, NULL);
        (void)pthread_join(challengers->thread, NULL); /* fails only for misuse */
    }
    if (challengers->overtaken_fd >= 0) {
        (void)close(challengers->overtaken_fd); /* has nothing to report */
    }
    free(challengers);
}
