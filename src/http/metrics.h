// SPDX-License-Identifier: MIT
/* Private to http/: what the daemon counts, and its text for Prometheus. Everything is counted here
 * and nowhere else. A thread that answers requests has counters of its own, without locks
 * and without sharing a cache line; a scrape adds the threads up. Labels come from the route table
 * and the portfolio, never from a client. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"
#include "routes.h"

struct cr_metrics;

/* The counters of one thread. */
struct cr_counters;

/* Where among a thread's counters those of one champion are. */
struct cr_watch;

/* Why a connection or a request was turned away before anybody looked at it. */
enum cr_rejection {
    CR_REJECTION_CONNECTIONS, /* over the cap of all connections */
    CR_REJECTION_ADDRESS,     /* over the cap of one address */
    CR_REJECTION_QUEUE,       /* the queue of batches is full */
    CR_REJECTION_DEADLINE,    /* too slow */
    CR_REJECTION_RATE,        /* over the rate limit */
    CR_N_REJECTIONS,
};

/* The reason in one word; static. */
const char *cr_rejection_name(enum cr_rejection rejection);

/* Series of portfolios other than this one, which is borrowed, say whose they are. Yours:
 * cr_metrics_destroy, after the threads that count. CR_ENOMEM. */
int cr_metrics_create(size_t n_threads, const char *portfolio, struct cr_metrics **ret_metrics,
                      struct cr_error *err);
void cr_metrics_destroy(struct cr_metrics *metrics);

/* The counters of the i-th thread (< n_threads), which nobody else may write; borrowed. */
struct cr_counters *cr_metrics_counters(struct cr_metrics *metrics, size_t i);

/* Makes room for what a bundle's predictions are counted by. A version that comes back goes on
 * where it was. Series that find no room, after many versions, are not counted; that is logged
 * once, and the watches that it happened to are shown. Any thread. Yours: cr_watch_destroy.
 * CR_ENOMEM. */
int cr_metrics_watch(struct cr_metrics *metrics, const struct cr_bundle *bundle,
                     struct cr_watch **ret_watch, struct cr_error *err);
void cr_watch_destroy(struct cr_watch *watch);

/* A request came to its end; status 0 = without an answer. */
void cr_metrics_count_request(struct cr_counters *counters, const struct cr_route *route,
                              enum cr_method method, unsigned status, int64_t duration_ns);

/* An application was scored, or refused for these reasons. */
void cr_metrics_count_prediction(struct cr_counters *counters, const struct cr_watch *watch,
                                 const struct cr_result *result, const struct cr_trace *trace);
void cr_metrics_count_issues(struct cr_counters *counters, const struct cr_watch *watch,
                             const struct cr_issues *issues);

/* What became of the records that a challenger was offered. */
enum cr_shadow_loss {
    CR_SHADOW_REFUSED, /* its portfolio does not take them */
    CR_SHADOW_FAILED,  /* it cannot score them */
    CR_SHADOW_DROPPED, /* too many waited */
    CR_N_SHADOW_LOSSES,
};

/* The counters of one challenger of a portfolio, which live as long as the metrics: one that comes
 * back goes on where it was. CR_ENOMEM. */
struct cr_shadow_counters;
int cr_metrics_shadow(struct cr_metrics *metrics, const char *portfolio, const char *version,
                      struct cr_shadow_counters **ret_counters, struct cr_error *err);

/* It scored a record: its PD minus the champion's, and whether it would have acted otherwise. One
 * thread at a time. */
void cr_metrics_count_shadow(struct cr_shadow_counters *counters, double difference,
                             bool disagrees);

/* It did not. Any thread. */
void cr_metrics_count_shadow_loss(struct cr_shadow_counters *counters, enum cr_shadow_loss loss);

/* {"scored", "disagreements", "refused", "failed", "dropped", "mean_difference", "pd_difference":
 * {"upper_bounds", "counts"}}; NULL without memory. Any thread. */
json_t *cr_metrics_shadow_to_json(const struct cr_shadow_counters *counters);

enum cr_load { CR_LOAD_CHAMPION, CR_LOAD_CHALLENGER, CR_N_LOADS };

/* Rare events; any thread. The first of a portfolio is not counted when there is no memory. */
void cr_metrics_count_load(struct cr_metrics *metrics, const char *portfolio, enum cr_load load,
                           bool loaded);
void cr_metrics_count_rejection(struct cr_metrics *metrics, enum cr_rejection rejection);

/* What is so at the moment, and not counted here. */
struct cr_metrics_now {
    size_t n_active;                          /* requests in flight */
    double registry_readable;                 /* 1, 0, or NaN before anybody has looked */
    const struct cr_bundle *const *champions; /* n_champions; each may be NULL */
    size_t n_champions;
};

/* Appends everything in Prometheus' text format 0.0.4. Any thread. */
void cr_metrics_write(struct cr_metrics *metrics, const struct cr_metrics_now *now,
                      struct cr_strbuf *out);

#endif
