// SPDX-License-Identifier: MIT
/* Private to metrics.c and metrics_text.c: the counters as they lie in memory.
 *
 * A series is one line of the text: a family and its labels. Those whose labels depend on a
 * portfolio's fields, features and bands get a slot when a champion is loaded; a slot is an index
 * into every thread's `slots`. Slot 0 takes what found no room and is never shown. What every loan
 * book has, and no other label, lies in one piece a book. */
#ifndef HTTP_METRICS_IMPL_H
#define HTTP_METRICS_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics.h"

enum { CR_MAX_SLOTS = 32768, CR_N_CHAINS = 8192, CR_MAX_BOUNDS = 18 };

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

/* What one thread counts of one loan book, on cache lines of its own. */
struct cr_score_counters {
    _Alignas(64) struct cr_histogram probability;
    struct cr_histogram stages[CR_N_TIMED];
};

struct cr_book_counters {
    struct cr_book_counters *next;
    char *portfolio;
    struct cr_score_counters *threads;     /* metrics.n_threads of them */
    _Atomic uint64_t loads[CR_N_LOADS][2]; /* refused, loaded */
};

struct cr_counters {
    size_t thread; /* which one it is */
    _Atomic uint64_t slots[CR_MAX_SLOTS];
    struct cr_histogram *requests; /* cr_metrics_n_requests() of them */
};

struct cr_series {
    enum cr_family family;
    uint64_t hash; /* of labels */
    char *labels;  /* as they stand in the text: a="b",c="d" */
    size_t next;   /* slot of its chain; 0 ends it */
};

struct cr_shadow_counters {
    struct cr_shadow_counters *next;
    char *labels;                   /* as they stand in the text */
    struct cr_histogram difference; /* of PDs; its counts add up to the records scored */
    _Atomic uint64_t disagreements;
    _Atomic uint64_t losses[CR_N_SHADOW_LOSSES];
};

struct cr_metrics {
    const char *portfolio; /* whose series do not say so */
    size_t n_threads;
    struct cr_counters **threads;
    pthread_mutex_t lock; /* guards what stands up to the rejections */
    size_t n_series;
    uint64_t n_cramped_loads;              /* watches of which a series found no slot */
    struct cr_series series[CR_MAX_SLOTS]; /* by slot */
    size_t chains[CR_N_CHAINS];     /* the newest slot of each, by the hash modulo their number */
    struct cr_book_counters *books; /* the first is the portfolio's */
    struct cr_shadow_counters *shadows; /* newest first */
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

/* Adding for a counter's only writer: a load and a store. */
static inline void cr_metrics_add(_Atomic uint64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, n + 1, memory_order_relaxed);
}

static inline void cr_metrics_observe(struct cr_histogram *histogram,
                                      const struct cr_bounds *bounds, double value)
{
    double sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    size_t i = 0;

    while (i < bounds->n && value > bounds->values[i]) {
        i++;
    }
    cr_metrics_add(&histogram->counts[i]);
    atomic_store_explicit(&histogram->sum, sum + value, memory_order_relaxed);
}

/* The counters of a loan book, new ones if need be, which live as long as the metrics; the lock is
 * the caller's. NULL without memory. */
struct cr_book_counters *cr_metrics_book(struct cr_metrics *metrics, const char *portfolio);
void cr_metrics_free_books(struct cr_book_counters *books);
void cr_metrics_free_shadows(struct cr_shadow_counters *shadows);

extern const struct cr_bounds cr_request_bounds;     /* seconds */
extern const struct cr_bounds cr_stage_bounds;       /* seconds */
extern const struct cr_bounds cr_probability_bounds; /* PD */
extern const struct cr_bounds cr_difference_bounds;  /* of PDs */

/* Appends portfolio="name" and what is to stand behind it where series must say whose they are. */
void cr_metrics_put_owner(const struct cr_metrics *metrics, struct cr_strbuf *out,
                          const char *portfolio, const char *behind);

/* Appends name="value" with what the format demands escaped. */
void cr_metrics_put_label(struct cr_strbuf *out, const char *name, const char *value);

#endif
