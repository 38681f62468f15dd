// SPDX-License-Identifier: MIT
#include "shadow.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "queue.h"

enum {
    MAX_WAITING = 256,
    MAX_ARENA_LEN = 1 << 20, /* per record */
};

struct cr_shadow {
    struct cr_queue *queue; /* of one thread */
    struct cr_arena arena;  /* that thread's */
};

/* A record on its way: a copy, and a reference to what its texts point into. */
struct job {
    struct cr_job base; /* first: the queue hands it back */
    struct cr_shadow *shadow;
    struct cr_champion *champion;
    const struct cr_band *band; /* the champion's decision */
    double pd;
    struct cr_value values[]; /* of the champion's fields, then the texts that are no levels */
};

CR_DEFINE_CLEANUP(struct cr_shadow *, cr_shadow_destroy);

int cr_shadow_create(struct cr_shadow **ret_shadow, struct cr_error *err)
{
    CR_CLEANUP(cr_shadow_destroyp) struct cr_shadow *shadow = calloc(1, sizeof(*shadow));
    int r;

    if (shadow == NULL) {
        return cr_error_no_memory(err);
    }
    cr_arena_init(&shadow->arena, MAX_ARENA_LEN);
    r = cr_queue_create(1, MAX_WAITING, &shadow->queue, err);
    if (r == 0) {
        *ret_shadow = CR_STEAL(shadow);
    }
    return r;
}

void cr_shadow_destroy(struct cr_shadow *shadow)
{
    if (shadow != NULL) {
        cr_queue_destroy(shadow->queue);
        cr_arena_finish(&shadow->arena);
        free(shadow);
    }
}

/* The record as the challenger's own portfolio reads it: fields that it does not have are left out,
 * whatever else its reader refuses is refused. */
static int read_record(const struct job *job, struct cr_record *ret_record,
                       struct cr_issues *ret_issues, struct cr_error *err)
{
    const struct cr_portfolio *own = job->champion->bundle->portfolio;
    const struct cr_portfolio *other = cr_champion_challenger(job->champion)->bundle->portfolio;
    const struct cr_record record = {job->values};
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_record_to_json(own, &record);

    if (json == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < own->n_fields; i++) {
        if (cr_portfolio_find_field(other, own->fields[i].name) < 0) {
            (void)json_object_del(json, own->fields[i].name); /* may not be there */
        }
    }
    return cr_record_from_value(other, json, &job->shadow->arena, ret_record, ret_issues, err);
}

static void score(const struct job *job)
{
    struct cr_bundle *challenger = cr_champion_challenger(job->champion)->bundle;
    struct cr_shadow_counters *counters = cr_champion_challenger(job->champion)->shadow;
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_error ignored; /* counted; a challenger's faults are nobody's emergency */

    cr_arena_reset(&job->shadow->arena);
    if (read_record(job, &record, &issues, &ignored) < 0) {
        cr_metrics_count_shadow_loss(counters, CR_SHADOW_FAILED);
    } else if (issues.n > 0) {
        cr_metrics_count_shadow_loss(counters, CR_SHADOW_REFUSED);
    } else if (cr_scorer_score(challenger, cr_bundle_context(challenger, 0), &record,
                               &job->shadow->arena, &result, NULL, &ignored) < 0) {
        cr_metrics_count_shadow_loss(counters, CR_SHADOW_FAILED);
    } else {
        cr_metrics_count_shadow(counters, result.pd - job->pd,
                                strcmp(result.band->action, job->band->action) != 0);
    }
}

static void run(struct cr_job *base, size_t thread)
{
    struct job *job = (struct job *)base;

    assert(thread == 0);
    score(job);
    cr_champion_unref(job->champion);
    free(job);
}

/* Whether a value's text lives no longer than the request. */
static bool is_own_text(const struct cr_portfolio *portfolio, const struct cr_value *values,
                        size_t i)
{
    return values[i].text != NULL && portfolio->fields[i].type != CR_ENUM;
}

/* NULL without memory. */
static struct job *copy(const struct cr_portfolio *portfolio, const struct cr_record *record)
{
    size_t len = sizeof(struct job) + portfolio->n_fields * sizeof(struct cr_value);
    struct job *job;
    char *text;

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        len += is_own_text(portfolio, record->values, i) ? strlen(record->values[i].text) + 1 : 0;
    }
    job = malloc(len);
    if (job == NULL) {
        return NULL;
    }
    memcpy(job->values, record->values, portfolio->n_fields * sizeof(struct cr_value));
    text = (char *)(job->values + portfolio->n_fields);
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        if (is_own_text(portfolio, record->values, i)) {
            job->values[i].text = text;
            text = stpcpy(text, record->values[i].text) + 1;
        }
    }
    return job;
}

void cr_shadow_offer(struct cr_shadow *shadow, struct cr_champion *champion,
                     const struct cr_record *record, const struct cr_result *result)
{
    const struct cr_challenger *challenger = cr_champion_challenger(champion);
    struct job *job;

    if (challenger == NULL || challenger->bundle == NULL) {
        return;
    }
    job = copy(champion->bundle->portfolio, record);
    if (job == NULL || !cr_queue_reserve(shadow->queue)) {
        cr_metrics_count_shadow_loss(challenger->shadow, CR_SHADOW_DROPPED);
        free(job);
        return;
    }
    job->base = (struct cr_job){.run = run};
    job->shadow = shadow;
    job->champion = cr_champion_ref(champion);
    job->band = result->band;
    job->pd = result->pd;
    cr_queue_push(shadow->queue, &job->base);
}
