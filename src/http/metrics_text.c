// SPDX-License-Identifier: MIT
/* Prometheus' text format 0.0.4: for each family HELP, TYPE and its series; a histogram's buckets
 * are cumulative. */
#include <math.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "metrics_impl.h"
#include "process.h"

void cr_metrics_put_label(struct cr_strbuf *out, const char *name, const char *value)
{
    cr_strbuf_puts(out, name);
    cr_strbuf_puts(out, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            cr_strbuf_puts(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            cr_strbuf_putc(out, '\\');
        }
        cr_strbuf_putc(out, *value);
    }
    cr_strbuf_putc(out, '"');
}

void cr_metrics_put_owner(const struct cr_metrics *metrics, struct cr_strbuf *out,
                          const char *portfolio, const char *behind)
{
    if (strcmp(metrics->portfolio, portfolio) != 0) {
        cr_metrics_put_label(out, "portfolio", portfolio);
        cr_strbuf_puts(out, behind);
    }
}

static void put_family(struct cr_strbuf *out, const char *name, const char *type, const char *help)
{
    cr_strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_count(struct cr_strbuf *out, const char *name, const char *labels, uint64_t value)
{
    cr_strbuf_printf(out, "%s{%s} %llu\n", name, labels, (unsigned long long)value);
}

/* A family of one series without labels; nothing for NaN. */
static void put_number(struct cr_strbuf *out, const char *name, const char *type, const char *help,
                       double value)
{
    if (!isnan(value)) {
        put_family(out, name, type, help);
        cr_strbuf_printf(out, "%s ", name);
        cr_strbuf_put_double(out, value);
        cr_strbuf_putc(out, '\n');
    }
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* One histogram over all threads. */
struct total {
    double sum;
    uint64_t count;
    uint64_t counts[CR_MAX_BOUNDS + 1];
};

static void total_add(struct total *total, const struct cr_histogram *histogram)
{
    total->sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    for (size_t i = 0; i < CR_ARRAY_LEN(total->counts); i++) {
        uint64_t n = load(&histogram->counts[i]);

        total->counts[i] += n;
        total->count += n;
    }
}

/* `labels` is "" or ends without a comma. */
static void put_histogram(struct cr_strbuf *out, const char *name, const char *labels,
                          const struct cr_bounds *bounds, const struct total *total)
{
    const char *comma = *labels != '\0' ? "," : "";
    const char *open = *labels != '\0' ? "{" : "";
    const char *close = *labels != '\0' ? "}" : "";
    uint64_t below = 0;

    for (size_t i = 0; i < bounds->n; i++) {
        below += total->counts[i];
        cr_strbuf_printf(out, "%s_bucket{%s%sle=\"", name, labels, comma);
        cr_strbuf_put_double(out, bounds->values[i]);
        cr_strbuf_printf(out, "\"} %llu\n", (unsigned long long)below);
    }
    cr_strbuf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
                     (unsigned long long)total->count);
    cr_strbuf_printf(out, "%s_sum%s%s%s ", name, open, labels, close);
    cr_strbuf_put_double(out, total->sum);
    cr_strbuf_printf(out, "\n%s_count%s%s%s %llu\n", name, open, labels, close,
                     (unsigned long long)total->count);
}

static void put_request(struct cr_strbuf *out, const char *name, const struct cr_request_key *key,
                        const struct total *total)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf labels = CR_STRBUF_INIT;
    char status[12] = "";

    if (key->status != 0) {
        (void)snprintf(status, sizeof(status), "%u", key->status); /* it fits */
    }
    cr_metrics_put_label(&labels, "http_request_method", cr_routes_method_name(key->method));
    cr_strbuf_putc(&labels, ',');
    cr_metrics_put_label(&labels, "http_route", key->route != NULL ? key->route->path : "");
    cr_strbuf_putc(&labels, ',');
    cr_metrics_put_label(&labels, "http_response_status_code", status);
    put_histogram(out, name, cr_strbuf_text(&labels), &cr_request_bounds, total);
}

static void put_requests(const struct cr_metrics *metrics, struct cr_strbuf *out)
{
    static const char name[] = "http_server_request_duration_seconds";

    put_family(out, name, "histogram", "Time from the request line to the end of the answer.");
    for (size_t i = 0; i < cr_metrics_n_requests(); i++) {
        struct cr_request_key key = cr_metrics_request_key(i);
        struct total total = {0};

        for (size_t t = 0; t < metrics->n_threads; t++) {
            total_add(&total, &metrics->threads[t]->requests[i]);
        }
        if (total.count > 0) {
            put_request(out, name, &key, &total);
        }
    }
}

/* The owner's label and another, or "". */
static void put_book_labels(const struct cr_metrics *metrics, const struct cr_book_counters *book,
                            const char *label, struct cr_strbuf *out)
{
    cr_metrics_put_owner(metrics, out, book->portfolio, *label != '\0' ? "," : "");
    cr_strbuf_puts(out, label);
}

/* One histogram of one loan book: those of all threads, added up. `offset` is its place among a
 * thread's; `label` stands behind the owner's. */
static void put_book_histogram(const struct cr_metrics *metrics,
                               const struct cr_book_counters *book, const char *name,
                               const char *label, size_t offset, const struct cr_bounds *bounds,
                               struct cr_strbuf *out)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf labels = CR_STRBUF_INIT;
    struct total total = {0};

    for (size_t t = 0; t < metrics->n_threads; t++) {
        const void *histogram = (const char *)&book->threads[t] + offset;

        total_add(&total, histogram);
    }
    put_book_labels(metrics, book, label, &labels);
    put_histogram(out, name, cr_strbuf_text(&labels), bounds, &total);
}

static void put_scores(struct cr_metrics *metrics, struct cr_strbuf *out)
{
    static const char stage_name[] = "creditrisk_stage_duration_seconds";
    static const char score_name[] = "creditrisk_score_probability";
    static const char *const labels[CR_N_TIMED] = {
        [CR_TIMED_FEATURES] = "stage=\"features\"",
        [CR_TIMED_PIPELINE] = "stage=\"pipeline\"",
        [CR_TIMED_MODEL] = "stage=\"model\"",
        [CR_TIMED_DECIDE] = "stage=\"decide\"",
    };

    put_family(out, stage_name, "histogram", "Time of one stage of scoring.");
    for (const struct cr_book_counters *book = metrics->books; book != NULL; book = book->next) {
        for (size_t s = 0; s < CR_N_TIMED; s++) {
            put_book_histogram(metrics, book, stage_name, labels[s],
                               offsetof(struct cr_score_counters, stages[s]), &cr_stage_bounds,
                               out);
        }
    }
    put_family(out, score_name, "histogram", "Probabilities of default that were answered.");
    for (const struct cr_book_counters *book = metrics->books; book != NULL; book = book->next) {
        put_book_histogram(metrics, book, score_name, "",
                           offsetof(struct cr_score_counters, probability), &cr_probability_bounds,
                           out);
    }
}

static void put_loads(struct cr_metrics *metrics, struct cr_strbuf *out)
{
    static const struct {
        const char *name;
        const char *help;
    } families[CR_N_LOADS] = {
        [CR_LOAD_CHAMPION] = {"creditrisk_model_reloads_total", "Attempts to load the champion."},
        [CR_LOAD_CHALLENGER] = {"creditrisk_challenger_loads_total",
                                "Attempts to load a challenger."},
    };
    static const char *const results[2] = {"result=\"refused\"", "result=\"loaded\""};

    for (size_t f = 0; f < CR_N_LOADS; f++) {
        put_family(out, families[f].name, "counter", families[f].help);
        for (const struct cr_book_counters *book = metrics->books; book != NULL;
             book = book->next) {
            for (size_t r = 0; r < CR_ARRAY_LEN(results); r++) {
                CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf labels = CR_STRBUF_INIT;

                put_book_labels(metrics, book, results[r], &labels);
                put_count(out, families[f].name, cr_strbuf_text(&labels), load(&book->loads[f][r]));
            }
        }
    }
}

static void put_books(struct cr_metrics *metrics, struct cr_strbuf *out)
{
    (void)pthread_mutex_lock(&metrics->lock); /* these fail only for misuse */
    put_scores(metrics, out);
    put_loads(metrics, out);
    (void)pthread_mutex_unlock(&metrics->lock);
}

/* The families with slots. Of the sparse ones only what has happened is shown. */
static const struct {
    const char *name;
    const char *help;
    bool sparse;
} families[CR_N_FAMILIES] = {
    [CR_FAMILY_PREDICTIONS] = {"creditrisk_predictions_total",
                               "Applications scored, by version and band.", false},
    [CR_FAMILY_VALIDATION_ERRORS] = {"creditrisk_validation_errors_total",
                                     "Faults in applications, by field and type.", true},
    [CR_FAMILY_IMPUTED] = {"creditrisk_imputed_total",
                           "Applications in which the field's absence was imputed.", true},
    [CR_FAMILY_UNKNOWN_CATEGORY] = {"creditrisk_unknown_category_total",
                                    "Applications in which the feature had an undeclared level.",
                                    true},
};

static void put_slots(struct cr_metrics *metrics, struct cr_strbuf *out)
{
    (void)pthread_mutex_lock(&metrics->lock); /* these fail only for misuse */
    for (size_t f = 0; f < CR_N_FAMILIES; f++) {
        put_family(out, families[f].name, "counter", families[f].help);
        for (size_t i = 1; i < metrics->n_series; i++) {
            uint64_t sum = 0;

            if (metrics->series[i].family != (enum cr_family)f) {
                continue;
            }
            for (size_t t = 0; t < metrics->n_threads; t++) {
                sum += load(&metrics->threads[t]->slots[i]);
            }
            if (sum > 0 || !families[f].sparse) {
                put_count(out, families[f].name, metrics->series[i].labels, sum);
            }
        }
    }
    put_number(out, "creditrisk_metrics_cramped_loads_total", "counter",
               "Loads of a champion of which a series found no room here: what it counts is not "
               "shown.",
               (double)metrics->n_cramped_loads);
    (void)pthread_mutex_unlock(&metrics->lock);
}

static void put_events(const struct cr_metrics *metrics, struct cr_strbuf *out)
{
    static const char rejected[] = "creditrisk_connections_rejected_total";
    char label[32];

    put_family(out, rejected, "counter", "Clients turned away, by reason.");
    for (size_t i = 0; i < CR_N_REJECTIONS; i++) {
        (void)snprintf(label, sizeof(label), "reason=\"%s\"",
                       cr_rejection_name((enum cr_rejection)i)); /* fits */
        put_count(out, rejected, label, load(&metrics->rejections[i]));
    }
}

/* `name` of every challenger, from one of its counters. */
static void put_shadow_counts(const struct cr_metrics *metrics, const char *name, const char *help,
                              size_t offset, struct cr_strbuf *out)
{
    put_family(out, name, "counter", help);
    for (const struct cr_shadow_counters *shadow = metrics->shadows; shadow != NULL;
         shadow = shadow->next) {
        const void *counter = (const char *)shadow + offset;

        put_count(out, name, shadow->labels, load(counter));
    }
}

/* What challengers would have answered. */
static void put_shadows(struct cr_metrics *metrics, struct cr_strbuf *out)
{
    static const char name[] = "creditrisk_challenger_pd_difference";
    static const struct {
        const char *name;
        const char *help;
        size_t offset;
    } counts[] = {
        {"creditrisk_challenger_disagreements_total",
         "Records for which the challenger would have acted otherwise than the champion.",
         offsetof(struct cr_shadow_counters, disagreements)},
        {"creditrisk_challenger_refused_total", "Records that the challenger does not take.",
         offsetof(struct cr_shadow_counters, losses[CR_SHADOW_REFUSED])},
        {"creditrisk_challenger_failed_total", "Records that the challenger could not score.",
         offsetof(struct cr_shadow_counters, losses[CR_SHADOW_FAILED])},
        {"creditrisk_challenger_dropped_total",
         "Records that the challenger did not see because too many waited.",
         offsetof(struct cr_shadow_counters, losses[CR_SHADOW_DROPPED])},
    };

    (void)pthread_mutex_lock(&metrics->lock); /* these fail only for misuse */
    put_family(out, name, "histogram", "The challenger's PD minus the champion's.");
    for (const struct cr_shadow_counters *shadow = metrics->shadows; shadow != NULL;
         shadow = shadow->next) {
        struct total total = {0};

        total_add(&total, &shadow->difference);
        put_histogram(out, name, shadow->labels, &cr_difference_bounds, &total);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(counts); i++) {
        put_shadow_counts(metrics, counts[i].name, counts[i].help, counts[i].offset, out);
    }
    (void)pthread_mutex_unlock(&metrics->lock);
}

static void put_model(const struct cr_metrics *metrics, const struct cr_bundle *champion,
                      struct cr_strbuf *out)
{
    cr_strbuf_puts(out, "creditrisk_model_info{");
    cr_metrics_put_owner(metrics, out, champion->portfolio->name, ",");
    cr_metrics_put_label(out, "model", champion->model_name);
    cr_strbuf_putc(out, ',');
    cr_metrics_put_label(out, "version", champion->version);
    cr_strbuf_putc(out, ',');
    cr_metrics_put_label(out, "sha256", champion->sha256);
    cr_strbuf_puts(out, "} 1\n");
}

/* The gauges that are always 1 and say something with their labels. */
static void put_infos(const struct cr_metrics *metrics, const struct cr_bundle *const *champions,
                      size_t n_champions, struct cr_strbuf *out)
{
    put_family(out, "creditrisk_build_info", "gauge", "The program.");
    cr_strbuf_puts(out, "creditrisk_build_info{");
    cr_metrics_put_label(out, "version", CR_VERSION);
    cr_strbuf_putc(out, ',');
    cr_metrics_put_label(out, "libmicrohttpd", MHD_get_version());
    cr_strbuf_puts(out, "} 1\n");
    put_family(out, "creditrisk_model_info", "gauge", "The version that serves.");
    for (size_t i = 0; i < n_champions; i++) {
        if (champions[i] != NULL) {
            put_model(metrics, champions[i], out);
        }
    }
}

static void put_process(struct cr_strbuf *out)
{
    struct cr_process process = cr_process_read();

    put_number(out, "process_cpu_seconds_total", "counter", "User and system time.", process.cpu_s);
    put_number(out, "process_start_time_seconds", "gauge", "Start, since 1970.", process.start_s);
    put_number(out, "process_virtual_memory_bytes", "gauge", "Address space.",
               process.virtual_bytes);
    put_number(out, "process_resident_memory_bytes", "gauge", "Memory in use.",
               process.resident_bytes);
    put_number(out, "process_open_fds", "gauge", "Open file descriptors.", process.open_fds);
    put_number(out, "process_max_fds", "gauge", "How many there may be.", process.max_fds);
}

void cr_metrics_write(struct cr_metrics *metrics, const struct cr_metrics_now *now,
                      struct cr_strbuf *out)
{
    put_requests(metrics, out);
    put_number(out, "http_server_active_requests", "gauge", "Requests in flight.",
               (double)now->n_active);
    put_number(out, "creditrisk_registry_readable", "gauge",
               "Whether the registry could be read when it was last looked at.",
               now->registry_readable);
    put_slots(metrics, out);
    put_books(metrics, out);
    put_shadows(metrics, out);
    put_events(metrics, out);
    put_infos(metrics, now->champions, now->n_champions, out);
    put_process(out);
}
