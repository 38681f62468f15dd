// SPDX-License-Identifier: MIT
/* Private to metrics.c and metrics_text.c: the counters as they lie in memory.
 *
 * A series is one line of the text: a family and its labels. Those whose labels depend on the
 * portfolio get a slot when a champion is loaded; a slot is an index into every thread's `slots`.
 * Slot 0 takes what found no room and is never shown. */
#ifndef HTTP_METRICS_IMPL_H
#define HTTP_METRICS_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics.h"

enum { CR_MAX_SLOTS = 32768, CR_MAX_BOUNDS = 18 };

/* The families with slots. */
enum cr_family {
    CR_FAMILY_PREDICTIONS,
    CR_FAMILY_VALIDATION_ERRORS,
    CR_FAMILY_IMPUTED,
    CR_FAMILY_UNKNOWN_CATEGORY,
    CR_N_FAMILIES,
};

enum cr_timed {
    CR_TIMED_FEATURES,
    CR_TIMED_PIPELINE,
    CR_TIMED_MODEL,
    CR_TIMED_EXPLAIN,
    CR_TIMED_DECIDE,
    CR_N_TIMED,
};

/* Upper bounds of buckets, ascending; one more bucket takes the rest. */
struct cr_bounds {
    size_t n;
    double values[CR_MAX_BOUNDS];
};

struct cr_histogram {
    _Atomic double sum;
    _Atomic uint64_t counts[CR_MAX_BOUNDS + 1];
};

struct cr_counters {
    struct cr_histogram probability;
    struct cr_histogram stages[CR_N_TIMED];
    _Atomic uint64_t slots[CR_MAX_SLOTS];
    struct cr_histogram *requests; /* cr_metrics_n_requests() of them */
};

struct cr_series {
    enum cr_family family;
    uint64_t hash; /* of labels */
    char *labels;  /* as they stand in the text: a="b",c="d" */
};

struct cr_shadow_counters {
    struct cr_shadow_counters *next;
    char *labels;                   /* as they stand in the text */
    struct cr_histogram difference; /* of PDs; its counts add up to the records scored */
    _Atomic uint64_t disagreements;
    _Atomic uint64_t losses[CR_N_SHADOW_LOSSES];
};

struct cr_metrics {
    const char *portfolio; /* whose series do not say so; NULL = nobody's do */
    size_t n_threads;
    struct cr_counters **threads;
    pthread_mutex_t lock; /* guards the series */
    size_t n_series;
    struct cr_series series[CR_MAX_SLOTS]; /* by slot */
    struct cr_shadow_counters *shadows;    /* newest first; guarded by the lock */
    _Atomic uint64_t reloads[2];           /* refused, loaded */
    _Atomic uint64_t challengers[2];       /* the same */
    _Atomic uint64_t rejections[CR_N_REJECTIONS];
};

/* A request's histogram by row of the route table (the number of rows = no route), method and
 * status; and what the i-th one stands for. */
struct cr_request_key {
    const struct cr_route *route; /* NULL when none */
    enum cr_method method;
    unsigned status;
};
size_t cr_metrics_n_requests(void);
struct cr_request_key cr_metrics_request_key(size_t i);

extern const struct cr_bounds cr_request_bounds;     /* seconds */
extern const struct cr_bounds cr_stage_bounds;       /* seconds */
extern const struct cr_bounds cr_probability_bounds; /* PD */
extern const struct cr_bounds cr_difference_bounds;  /* of PDs */

/* Appends portfolio="name" and a comma where series must say whose they are. */
void cr_metrics_put_owner(const struct cr_metrics *metrics, struct cr_strbuf *out,
                          const char *portfolio);

/* Appends name="value" with what the format demands escaped. */
void cr_metrics_put_label(struct cr_strbuf *out, const char *name, const char *value);

#endif
