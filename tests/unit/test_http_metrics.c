// SPDX-License-Identifier: MIT
/* Counters: one writer each, added up by whoever asks, at any time. */
#include "cr_test.h"

#include <pthread.h>

#include "../../src/http/metrics.h"
#include "../../src/http/metrics_impl.h"
#include "creditrisk/util/cleanup.h"

enum { N_THREADS = 4, N_REQUESTS = 20000 };

static struct cr_metrics *create(size_t n)
{
    struct cr_metrics *metrics;
    struct cr_error err;

    cr_assert_ok(cr_metrics_create(n, NULL, &metrics, &err), &err);
    return metrics;
}

/* The number behind the first line that begins with `start`; −1 when there is none. */
static double find(struct cr_metrics *metrics, const char *start)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const char *line;

    cr_metrics_write(metrics, 0, NULL, 0, &text);
    line = strstr(cr_strbuf_text(&text), start);
    return line != NULL ? strtod(line + strlen(start), NULL) : -1;
}

#define LIVEZ "{http_request_method=\"GET\",http_route=\"/livez\",http_response_status_code=\"200\""
#define NAME  "\nhttp_server_request_duration_seconds"

static void *count(void *counters)
{
    struct cr_route_params params;
    const struct cr_route *route = cr_routes_find("/livez", CR_METHOD_GET, &params);

    for (int i = 0; i < N_REQUESTS; i++) {
        cr_metrics_count_request(counters, route, CR_METHOD_GET, 200, i % 2 == 0 ? 25000 : 25001);
    }
    return NULL;
}

static void threads_add_up(void **state)
{
    struct cr_metrics *metrics = create(N_THREADS);
    pthread_t threads[N_THREADS];
    double seen = 0;

    (void)state;
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count, cr_metrics_counters(metrics, i)),
                         0);
    }
    for (int i = 0; i < 20; i++) { /* readers are never wrong, only late */
        double now = find(metrics, NAME "_count" LIVEZ "} ");

        assert_true(now == -1 || (now >= seen && now <= N_THREADS * N_REQUESTS));
        seen = now > seen ? now : seen;
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    cr_assert_close(find(metrics, NAME "_count" LIVEZ "} "), N_THREADS * N_REQUESTS, 0);
    /* a bound belongs to its bucket */
    cr_assert_close(find(metrics, NAME "_bucket" LIVEZ ",le=\"2.5e-05\"} "),
                    N_THREADS * N_REQUESTS / 2, 0);
    cr_assert_close(find(metrics, NAME "_bucket" LIVEZ ",le=\"5e-05\"} "), N_THREADS * N_REQUESTS,
                    0);
    cr_assert_close(find(metrics, NAME "_sum" LIVEZ "} "), N_THREADS * N_REQUESTS * 25000.5e-9,
                    1e-9);
    cr_metrics_destroy(metrics);
}

static void every_status_has_a_place(void **state)
{
    struct cr_metrics *metrics = create(1);
    struct cr_counters *counters = cr_metrics_counters(metrics, 0);

    (void)state;
    cr_metrics_count_request(counters, NULL, CR_METHOD_UNKNOWN, 501, 11000000000);
    cr_metrics_count_request(counters, NULL, CR_METHOD_POST, 0, 0);
    cr_metrics_count_request(counters, NULL, CR_METHOD_POST, 999, 0);
    cr_assert_close(find(metrics, NAME "_count{http_request_method=\"_OTHER\",http_route=\"\","
                                       "http_response_status_code=\"501\"} "),
                    1, 0);
    cr_assert_close(find(metrics, NAME "_bucket{http_request_method=\"_OTHER\",http_route=\"\","
                                       "http_response_status_code=\"501\",le=\"10\"} "),
                    0, 0);
    cr_assert_close(find(metrics, NAME "_count{http_request_method=\"POST\",http_route=\"\","
                                       "http_response_status_code=\"\"} "),
                    2, 0);
    cr_metrics_destroy(metrics);
}

static void rare_events_are_counted(void **state)
{
    struct cr_metrics *metrics = create(1);

    (void)state;
    cr_metrics_count_reload(metrics, true);
    cr_metrics_count_reload(metrics, false);
    cr_metrics_count_reload(metrics, true);
    cr_metrics_count_rejection(metrics, CR_REJECTION_QUEUE);
    cr_assert_close(find(metrics, "\ncreditrisk_model_reloads_total{result=\"loaded\"} "), 2, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_model_reloads_total{result=\"refused\"} "), 1, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_connections_rejected_total{reason=\"queue\"} "), 1,
                    0);
    cr_assert_close(find(metrics, "\ncreditrisk_connections_rejected_total{reason=\"rate\"} "), 0,
                    0);
    cr_metrics_destroy(metrics);
}

static void labels_are_escaped(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    (void)state;
    cr_metrics_put_label(&text, "band", "a\"b\\c\nd é");
    assert_string_equal(cr_strbuf_text(&text), "band=\"a\\\"b\\\\c\\nd é\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_add_up),
        cmocka_unit_test(every_status_has_a_place),
        cmocka_unit_test(rare_events_are_counted),
        cmocka_unit_test(labels_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
