// SPDX-License-Identifier: MIT
/* What is counted of challengers. */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "metrics_impl.h"

/* Consumes the labels; NULL without memory. */
static struct cr_shadow_counters *shadow_create(struct cr_strbuf *labels)
{
    struct cr_shadow_counters *counters = calloc(1, sizeof(*counters));

    if (counters != NULL) {
        counters->labels = cr_strbuf_steal(labels);
    }
    if (counters != NULL && counters->labels == NULL) {
        free(counters);
        counters = NULL;
    }
    return counters;
}

int cr_metrics_shadow(struct cr_metrics *metrics, const char *portfolio, const char *version,
                      struct cr_shadow_counters **ret_counters, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf labels = CR_STRBUF_INIT;
    struct cr_shadow_counters *counters;

    cr_metrics_put_owner(metrics, &labels, portfolio, ",");
    cr_metrics_put_label(&labels, "version", version);
    (void)pthread_mutex_lock(&metrics->lock); /* these fail only for misuse */
    counters = metrics->shadows;
    while (counters != NULL && strcmp(counters->labels, cr_strbuf_text(&labels)) != 0) {
        counters = counters->next;
    }
    if (counters == NULL) {
        counters = shadow_create(&labels);
        if (counters != NULL) {
            counters->next = metrics->shadows;
            metrics->shadows = counters;
        }
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    if (counters == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_counters = counters;
    return 0;
}

void cr_metrics_count_shadow(struct cr_shadow_counters *counters, double difference, bool disagrees)
{
    cr_metrics_observe(&counters->difference, &cr_difference_bounds, difference);
    if (disagrees) {
        cr_metrics_add(&counters->disagreements);
    }
}

void cr_metrics_count_shadow_loss(struct cr_shadow_counters *counters, enum cr_shadow_loss loss)
{
    (void)atomic_fetch_add_explicit(&counters->losses[loss], 1, memory_order_relaxed);
}

/* {"upper_bounds", "counts"}: one count more than bounds, for what is beyond the last; their sum is
 * *ret_n. */
static json_t *histogram_to_json(const struct cr_histogram *histogram,
                                 const struct cr_bounds *bounds, uint64_t *ret_n)
{
    json_t *limits = json_array();
    json_t *counts = json_array();

    *ret_n = 0;
    for (size_t i = 0; i <= bounds->n; i++) {
        uint64_t n = atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);

        *ret_n += n;
        (void)json_array_append_new(counts,
                                    json_integer((json_int_t)n)); /* no memory: a count too few */
        if (i < bounds->n) {
            (void)json_array_append_new(limits, cr_json_number(bounds->values[i]));
        }
    }
    return json_pack("{s:o, s:o}", "upper_bounds", limits, "counts", counts);
}

json_t *cr_metrics_shadow_to_json(const struct cr_shadow_counters *counters)
{
    uint64_t scored;
    json_t *histogram = histogram_to_json(&counters->difference, &cr_difference_bounds, &scored);

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "scored", (json_int_t)scored,
                     "disagreements", (json_int_t)atomic_load(&counters->disagreements), "refused",
                     (json_int_t)atomic_load(&counters->losses[CR_SHADOW_REFUSED]), "failed",
                     (json_int_t)atomic_load(&counters->losses[CR_SHADOW_FAILED]), "dropped",
                     (json_int_t)atomic_load(&counters->losses[CR_SHADOW_DROPPED]),
                     "mean_difference",
                     cr_json_number(atomic_load(&counters->difference.sum) / (double)scored),
                     "pd_difference", histogram);
}

void cr_metrics_free_shadows(struct cr_shadow_counters *shadows)
{
    while (shadows != NULL) {
        struct cr_shadow_counters *next = shadows->next;

        free(shadows->labels);
        free(shadows);
        shadows = next;
    }
}
