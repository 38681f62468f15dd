// SPDX-License-Identifier: MIT
/* Counting. Counters have one writer, so that adding is a load and a store; the reader may miss
 * what is being added at this moment and sees it with the next scrape. */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/hash.h"
#include "creditrisk/util/log.h"
#include "metrics_impl.h"

enum { N_BODY_ROWS = 2 }; /* validation errors of no known field: of the body, of unknown keys */

struct cr_watch {
    size_t n_bands, n_fields, n_features;
    const struct cr_portfolio *portfolio; /* the bundle's, which outlives the watch */
    const struct cr_book_counters *book;
    size_t *bands;   /* n_bands slots */
    size_t *imputed; /* n_fields */
    size_t *unknown; /* n_features */
    size_t *invalid; /* n_fields + N_BODY_ROWS rows of CR_N_ISSUE_TYPES */
};

const struct cr_bounds cr_request_bounds = {18,
                                            {25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3,
                                             5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5, 5,
                                             10}};
const struct cr_bounds cr_stage_bounds = {
    13, {0.5e-6, 1e-6, 2e-6, 5e-6, 10e-6, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 10e-3, 0.1}};
const struct cr_bounds cr_probability_bounds = {
    13, {0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}};

const struct cr_bounds cr_difference_bounds = {
    14, {-0.5, -0.2, -0.1, -0.05, -0.02, -0.01, -0.001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}};

static const enum cr_method counted_methods[] = {CR_METHOD_GET, CR_METHOD_HEAD, CR_METHOD_POST,
                                                 CR_METHOD_OTHER};
/* 0 takes requests without an answer and statuses that are not listed. */
static const unsigned counted_statuses[] = {0,   200, 304, 400, 401, 403, 404, 405, 408, 409,
                                            413, 415, 422, 429, 431, 500, 501, 503, 505};

enum {
    N_METHODS = CR_ARRAY_LEN(counted_methods),
    N_STATUSES = CR_ARRAY_LEN(counted_statuses),
};

static size_t n_routes(void)
{
    size_t n = 0;

    while (cr_routes_at(n) != NULL) {
        n++;
    }
    return n;
}

size_t cr_metrics_n_requests(void)
{
    return (n_routes() + 1) * N_METHODS * N_STATUSES;
}

struct cr_request_key cr_metrics_request_key(size_t i)
{
    return (struct cr_request_key){
        .route = cr_routes_at(i / (N_METHODS * N_STATUSES)),
        .method = counted_methods[i / N_STATUSES % N_METHODS],
        .status = counted_statuses[i % N_STATUSES],
    };
}

static struct cr_counters *counters_create(size_t thread)
{
    struct cr_counters *counters = calloc(1, sizeof(*counters));

    if (counters != NULL) {
        counters->thread = thread;
        counters->requests = calloc(cr_metrics_n_requests(), sizeof(*counters->requests));
    }
    if (counters != NULL && counters->requests == NULL) {
        free(counters);
        counters = NULL;
    }
    return counters;
}

CR_DEFINE_CLEANUP(struct cr_metrics *, cr_metrics_destroy);

int cr_metrics_create(size_t n_threads, const char *portfolio, struct cr_metrics **ret_metrics,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_metrics_destroyp) struct cr_metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics != NULL) {
        metrics->portfolio = portfolio;
        metrics->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        metrics->n_series = 1; /* slot 0 */
        metrics->threads = calloc(n_threads, sizeof(*metrics->threads));
    }
    if (metrics == NULL || metrics->threads == NULL) {
        return cr_error_no_memory(err);
    }
    for (; metrics->n_threads < n_threads; metrics->n_threads++) {
        struct cr_counters *counters = counters_create(metrics->n_threads);

        if (counters == NULL) {
            return cr_error_no_memory(err);
        }
        metrics->threads[metrics->n_threads] = counters;
    }
    if (cr_metrics_book(metrics, portfolio) == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_metrics = CR_STEAL(metrics);
    return 0;
}

void cr_metrics_destroy(struct cr_metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < metrics->n_threads; i++) {
        free(metrics->threads[i]->requests);
        free(metrics->threads[i]);
    }
    for (size_t i = 0; i < metrics->n_series; i++) {
        free(metrics->series[i].labels);
    }
    cr_metrics_free_books(metrics->books);
    cr_metrics_free_shadows(metrics->shadows);
    free(metrics->threads);
    free(metrics);
}

struct cr_counters *cr_metrics_counters(struct cr_metrics *metrics, size_t i)
{
    return metrics->threads[i];
}

/* The slot of a series, a new one if need be; 0 when all are taken. Consumes the labels. */
static int take_slot(struct cr_metrics *metrics, enum cr_family family, struct cr_strbuf *labels,
                     size_t *ret_slot, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *text = cr_strbuf_steal(labels);
    uint64_t hash;
    size_t *chain;

    if (text == NULL) {
        return cr_error_no_memory(err);
    }
    hash = cr_hash(text, strlen(text));
    chain = &metrics->chains[hash % CR_N_CHAINS];
    for (size_t i = *chain; i != 0; i = metrics->series[i].next) {
        const struct cr_series *series = &metrics->series[i];

        if (series->hash == hash && series->family == family && strcmp(series->labels, text) == 0) {
            *ret_slot = i;
            return 0;
        }
    }
    *ret_slot = 0;
    if (metrics->n_series < CR_MAX_SLOTS) {
        *ret_slot = metrics->n_series++;
        metrics->series[*ret_slot] = (struct cr_series){family, hash, CR_STEAL(text), *chain};
        *chain = *ret_slot;
    }
    return 0;
}

/* One slot for one or two labels of a portfolio's series. */
static int take(struct cr_metrics *metrics, enum cr_family family, const char *portfolio,
                const char *const labels[4], size_t *ret_slot, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    cr_metrics_put_owner(metrics, &text, portfolio, ",");
    cr_metrics_put_label(&text, labels[0], labels[1]);
    if (labels[2] != NULL) {
        cr_strbuf_putc(&text, ',');
        cr_metrics_put_label(&text, labels[2], labels[3]);
    }
    return take_slot(metrics, family, &text, ret_slot, err);
}

/* What a row of validation errors is called. */
static const char *invalid_name(const struct cr_portfolio *portfolio, size_t row)
{
    return row < portfolio->n_fields    ? portfolio->fields[row].name
           : row == portfolio->n_fields ? "(body)"
                                        : "(unknown)";
}

static int take_slots(struct cr_metrics *metrics, const struct cr_bundle *bundle,
                      struct cr_watch *watch, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    int r = 0;

    watch->book = cr_metrics_book(metrics, portfolio->name);
    if (watch->book == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; r == 0 && i < watch->n_bands; i++) {
        r = take(metrics, CR_FAMILY_PREDICTIONS, portfolio->name,
                 (const char *const[]){"version", bundle->version, "band",
                                       portfolio->policy.bands[i].name},
                 &watch->bands[i], err);
    }
    for (size_t i = 0; r == 0 && i < watch->n_fields; i++) {
        r = take(metrics, CR_FAMILY_IMPUTED, portfolio->name,
                 (const char *const[]){"field", portfolio->fields[i].name, NULL, NULL},
                 &watch->imputed[i], err);
    }
    for (size_t i = 0; r == 0 && i < watch->n_features; i++) {
        r = take(metrics, CR_FAMILY_UNKNOWN_CATEGORY, portfolio->name,
                 (const char *const[]){"field", portfolio->features[i].name, NULL, NULL},
                 &watch->unknown[i], err);
    }
    for (size_t i = 0; r == 0 && i < (watch->n_fields + N_BODY_ROWS) * CR_N_ISSUE_TYPES; i++) {
        enum cr_issue_type type = (enum cr_issue_type)(i % CR_N_ISSUE_TYPES);

        r = take(metrics, CR_FAMILY_VALIDATION_ERRORS, portfolio->name,
                 (const char *const[]){"field", invalid_name(portfolio, i / CR_N_ISSUE_TYPES),
                                       "type", cr_issue_type_name(type)},
                 &watch->invalid[i], err);
    }
    return r;
}

/* What series without a slot would count is lost: someone should know. */
static void note_homeless(struct cr_metrics *metrics, const size_t *slots, size_t n)
{
    size_t n_housed = 0;

    while (n_housed < n && slots[n_housed] != 0) {
        n_housed++;
    }
    if (n_housed < n && metrics->n_cramped_loads++ == 0) {
        cr_log(CR_LOG_WARN, "metrics_full", "{s:i}", "series", CR_MAX_SLOTS - 1);
    }
}

CR_DEFINE_CLEANUP(struct cr_watch *, cr_watch_destroy);

int cr_metrics_watch(struct cr_metrics *metrics, const struct cr_bundle *bundle,
                     struct cr_watch **ret_watch, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = bundle->portfolio;
    CR_CLEANUP(cr_watch_destroyp) struct cr_watch *watch = calloc(1, sizeof(*watch));
    size_t n;
    int r;

    if (watch == NULL) {
        return cr_error_no_memory(err);
    }
    watch->portfolio = portfolio;
    watch->n_bands = portfolio->policy.n_bands;
    watch->n_fields = portfolio->n_fields;
    watch->n_features = portfolio->n_features;
    n = watch->n_bands + watch->n_fields + watch->n_features +
        (watch->n_fields + N_BODY_ROWS) * CR_N_ISSUE_TYPES;
    watch->bands = calloc(n, sizeof(*watch->bands));
    if (watch->bands == NULL) {
        return cr_error_no_memory(err);
    }
    watch->imputed = watch->bands + watch->n_bands;
    watch->unknown = watch->imputed + watch->n_fields;
    watch->invalid = watch->unknown + watch->n_features;
    (void)pthread_mutex_lock(&metrics->lock); /* these fail only for misuse */
    r = take_slots(metrics, bundle, watch, err);
    if (r == 0) {
        note_homeless(metrics, watch->bands, n);
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    if (r == 0) {
        *ret_watch = CR_STEAL(watch);
    }
    return r;
}

void cr_watch_destroy(struct cr_watch *watch)
{
    if (watch != NULL) {
        free(watch->bands); /* and what follows in the same array */
        free(watch);
    }
}

static size_t method_index(enum cr_method method)
{
    size_t i = 0;

    while (i < N_METHODS - 1 && counted_methods[i] != method) {
        i++;
    }
    return i;
}

static size_t status_index(unsigned status)
{
    for (size_t i = 0; i < N_STATUSES; i++) {
        if (counted_statuses[i] == status) {
            return i;
        }
    }
    return 0;
}

void cr_metrics_count_request(struct cr_counters *counters, const struct cr_route *route,
                              enum cr_method method, unsigned status, int64_t duration_ns)
{
    size_t row = route != NULL ? cr_routes_index(route) : n_routes();
    size_t i = (row * N_METHODS + method_index(method)) * N_STATUSES + status_index(status);

    cr_metrics_observe(&counters->requests[i], &cr_request_bounds, (double)duration_ns / 1e9);
}

void cr_metrics_count_prediction(struct cr_counters *counters, const struct cr_watch *watch,
                                 const struct cr_result *result, const struct cr_trace *trace)
{
    const int64_t stages[CR_N_TIMED] = {
        [CR_TIMED_FEATURES] = trace->features_ns,
        [CR_TIMED_PIPELINE] = trace->pipeline_ns,
        [CR_TIMED_MODEL] = trace->model_ns,
        [CR_TIMED_DECIDE] = trace->decide_ns,
    };
    struct cr_score_counters *scores = &watch->book->threads[counters->thread];

    for (size_t i = 0; i < CR_N_TIMED; i++) {
        cr_metrics_observe(&scores->stages[i], &cr_stage_bounds, (double)stages[i] / 1e9);
    }
    cr_metrics_observe(&scores->probability, &cr_probability_bounds, result->pd);
    cr_metrics_add(&counters->slots[watch->bands[result->band - watch->portfolio->policy.bands]]);
    for (size_t i = 0; i < result->n_imputed; i++) {
        cr_metrics_add(&counters->slots[watch->imputed[result->imputed[i]]]);
    }
    for (size_t i = 0; result->n_unknown > 0 && i < watch->n_features; i++) {
        if (result->unknown[i]) {
            cr_metrics_add(&counters->slots[watch->unknown[i]]);
        }
    }
}

void cr_metrics_count_issues(struct cr_counters *counters, const struct cr_watch *watch,
                             const struct cr_issues *issues)
{
    for (size_t i = 0; i < issues->n; i++) {
        const struct cr_issue *issue = &issues->items[i];
        size_t row = issue->expected != NULL ? (size_t)(issue->expected - watch->portfolio->fields)
                                             : watch->n_fields + (issue->field != NULL);

        cr_metrics_add(&counters->slots[watch->invalid[row * CR_N_ISSUE_TYPES + issue->type]]);
    }
}

void cr_metrics_count_rejection(struct cr_metrics *metrics, enum cr_rejection rejection)
{
    (void)atomic_fetch_add_explicit(&metrics->rejections[rejection], 1, memory_order_relaxed);
}

const char *cr_rejection_name(enum cr_rejection rejection)
{
    static const char *const names[CR_N_REJECTIONS] = {
        [CR_REJECTION_CONNECTIONS] = "connections",
        [CR_REJECTION_ADDRESS] = "address",
        [CR_REJECTION_QUEUE] = "queue",
        [CR_REJECTION_DEADLINE] = "deadline",
        [CR_REJECTION_RATE] = "rate",
    };

    return names[rejection];
}
