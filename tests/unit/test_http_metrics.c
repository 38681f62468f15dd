// SPDX-License-Identifier: MIT
/* Counters: one writer each, added up by whoever asks, at any time. */
#include "cr_test.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "../../src/http/metrics.h"
#include "../../src/http/metrics_impl.h"
#include "creditrisk/util/cleanup.h"

enum { N_THREADS = 4, N_REQUESTS = 20000 };

static struct cr_metrics *create(size_t n)
{
    struct cr_metrics *metrics;
    struct cr_error err;

    cr_assert_ok(cr_metrics_create(n, "retail", &metrics, &err), &err);
    return metrics;
}

/* The number behind the first line that begins with `start`; −1 when there is none. */
static double find(struct cr_metrics *metrics, const char *start)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const char *line;

    cr_metrics_write(metrics, &(struct cr_metrics_now){.registry_readable = NAN}, &text);
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
    cr_metrics_count_load(metrics, "retail", CR_LOAD_CHAMPION, true);
    cr_metrics_count_load(metrics, "retail", CR_LOAD_CHAMPION, false);
    cr_metrics_count_load(metrics, "retail", CR_LOAD_CHAMPION, true);
    cr_metrics_count_load(metrics, "cards", CR_LOAD_CHAMPION, false);
    cr_metrics_count_load(metrics, "cards", CR_LOAD_CHALLENGER, true);
    cr_metrics_count_rejection(metrics, CR_REJECTION_QUEUE);
    cr_assert_close(find(metrics, "\ncreditrisk_model_reloads_total{result=\"loaded\"} "), 2, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_model_reloads_total{result=\"refused\"} "), 1, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_model_reloads_total{portfolio=\"cards\","
                                  "result=\"refused\"} "),
                    1, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_challenger_loads_total{result=\"loaded\"} "), 0, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_challenger_loads_total{portfolio=\"cards\","
                                  "result=\"loaded\"} "),
                    1, 0);
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

static void every_book_has_its_own(void **state)
{
    static const struct cr_band band = {.name = "Low"};
    static const char *const names[] = {"retail", "cards"};
    static const bool no_feature = false;
    struct cr_metrics *metrics = create(2);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct cr_portfolio portfolio = {.name = (char *)names[i],
                                         .policy = {.n_bands = 1, .bands = &band}};
        const struct cr_bundle bundle = {.version = (char *)"v1", .portfolio = &portfolio};
        const struct cr_result result = {
            .pd = 0.015 + 0.1 * (double)i, .band = &band, .unknown = &no_feature};
        const struct cr_trace trace = {.model_ns = 3000 + 4000 * (int64_t)i};
        struct cr_watch *made;
        struct cr_error err;

        cr_assert_ok(cr_metrics_watch(metrics, &bundle, &made, &err), &err);
        for (size_t t = 0; t < 2; t++) { /* one prediction of retail's, three of cards' a thread */
            for (size_t n = 0; n < 1 + 2 * i; n++) {
                cr_metrics_count_prediction(cr_metrics_counters(metrics, t), made, &result, &trace);
            }
        }
        cr_watch_destroy(made);
    }
#define SCORE "\ncreditrisk_score_probability"
#define STAGE "\ncreditrisk_stage_duration_seconds"
    cr_assert_close(find(metrics, SCORE "_count "), 2, 0);
    cr_assert_close(find(metrics, SCORE "_sum "), 0.03, 1e-12);
    cr_assert_close(find(metrics, SCORE "_bucket{le=\"0.02\"} "), 2, 0);
    cr_assert_close(find(metrics, SCORE "_count{portfolio=\"cards\"} "), 6, 0);
    cr_assert_close(find(metrics, SCORE "_sum{portfolio=\"cards\"} "), 0.69, 1e-12);
    cr_assert_close(find(metrics, SCORE "_bucket{portfolio=\"cards\",le=\"0.1\"} "), 0, 0);
    cr_assert_close(find(metrics, SCORE "_bucket{portfolio=\"cards\",le=\"0.15\"} "), 6, 0);
    cr_assert_close(find(metrics, STAGE "_sum{stage=\"model\"} "), 6e-6, 1e-12);
    cr_assert_close(find(metrics, STAGE "_sum{portfolio=\"cards\",stage=\"model\"} "), 42e-6,
                    1e-12);
    cr_assert_close(find(metrics, STAGE "_count{portfolio=\"cards\",stage=\"decide\"} "), 6, 0);
    cr_metrics_destroy(metrics);
}

static void imputed_fields_and_unknown_texts_are_counted(void **state)
{
    static const struct cr_band band = {.name = "Low"};
    static const struct cr_feature features[] = {{.name = "age"}, {.name = "city"}};
    static const struct cr_field fields[] = {{.name = "born"}, {.name = "town"}};
    static const bool unknown[] = {false, true};
    static const uint16_t imputed[] = {0};
    struct cr_portfolio portfolio = {.name = (char *)"retail",
                                     .n_fields = 2,
                                     .fields = fields,
                                     .n_features = 2,
                                     .features = features,
                                     .policy = {.n_bands = 1, .bands = &band}};
    const struct cr_bundle bundle = {.version = (char *)"v1", .portfolio = &portfolio};
    const struct cr_result missing = {
        .band = &band, .unknown = unknown, .imputed = imputed, .n_imputed = 1};
    const struct cr_result strange = {.band = &band, .unknown = unknown, .n_unknown = 1};
    const struct cr_trace trace = {0};
    struct cr_metrics *metrics = create(1);
    struct cr_watch *watch;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_metrics_watch(metrics, &bundle, &watch, &err), &err);
    cr_metrics_count_prediction(cr_metrics_counters(metrics, 0), watch, &missing, &trace);
    cr_metrics_count_prediction(cr_metrics_counters(metrics, 0), watch, &strange, &trace);
    cr_metrics_count_prediction(cr_metrics_counters(metrics, 0), watch, &strange, &trace);
    cr_watch_destroy(watch);
    cr_assert_close(find(metrics, "\ncreditrisk_imputed_total{field=\"born\"} "), 1, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_imputed_total{field=\"town\"} "), -1, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_unknown_category_total{field=\"city\"} "), 2, 0);
    cr_assert_close(find(metrics, "\ncreditrisk_unknown_category_total{field=\"age\"} "), -1, 0);
    cr_metrics_destroy(metrics);
}

/* The log's lines with that event, while `act` runs. */
static size_t count_logged(const char *event, void (*act)(struct cr_metrics *),
                           struct cr_metrics *m)
{
    FILE *log = tmpfile();
    int kept = dup(STDERR_FILENO);
    char line[1024];
    size_t n = 0;

    assert_non_null(log);
    assert_true(kept >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
    act(m);
    assert_true(dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0);
    rewind(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        n += strstr(line, event) != NULL;
    }
    assert_int_equal(fclose(log), 0);
    return n;
}

enum { N_BANDS = 1000, N_VERSIONS = CR_MAX_SLOTS / N_BANDS + 2 };

/* Loads a version of retail with so many bands. */
static void load_version(struct cr_metrics *metrics, int version)
{
    static struct cr_band bands[N_BANDS];
    static char names[N_BANDS][8];
    char name[16];
    struct cr_portfolio portfolio = {.name = (char *)"retail",
                                     .policy = {.n_bands = N_BANDS, .bands = bands}};
    const struct cr_bundle bundle = {.version = name, .portfolio = &portfolio};
    struct cr_watch *watch;
    struct cr_error err;

    for (size_t i = 0; i < N_BANDS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "b%zu", i); /* fits */
        bands[i].name = names[i];
    }
    (void)snprintf(name, sizeof(name), "v%d", version); /* fits */
    cr_assert_ok(cr_metrics_watch(metrics, &bundle, &watch, &err), &err);
    cr_watch_destroy(watch);
}

static void fill(struct cr_metrics *metrics)
{
    for (int version = 1; version <= N_VERSIONS; version++) {
        load_version(metrics, version);
    }
}

/* The series of a version's predictions; -1 when there is none. */
static double find_band(struct cr_metrics *metrics, int version)
{
    char label[64];

    (void)snprintf(label, sizeof(label),
                   "\ncreditrisk_predictions_total{version=\"v%d\",band=\"b7\"} ",
                   version); /* fits */
    return find(metrics, label);
}

#define CRAMPED "\ncreditrisk_metrics_cramped_loads_total "

static void no_room_is_said_once(void **state)
{
    struct cr_metrics *metrics = create(1);
    /* a version has its bands and, with no fields, what a body can be refused for, which all share;
     * the last version that finds any room does not find enough */
    int n_housed = (CR_MAX_SLOTS - 1 - 2 * CR_N_ISSUE_TYPES) / N_BANDS;

    (void)state;
    cr_assert_close(find(metrics, CRAMPED), 0, 0);
    assert_int_equal(count_logged("\"event\":\"metrics_full\"", fill, metrics), 1);
    cr_assert_close(find(metrics, CRAMPED), N_VERSIONS - n_housed, 0);
    cr_assert_close(find_band(metrics, 1), 0, 0);
    cr_assert_close(find_band(metrics, n_housed), 0, 0);
    cr_assert_close(find_band(metrics, N_VERSIONS), -1, 0);
    load_version(metrics, 1); /* has its place */
    cr_assert_close(find(metrics, CRAMPED), N_VERSIONS - n_housed, 0);
    load_version(metrics, N_VERSIONS);
    cr_assert_close(find(metrics, CRAMPED), N_VERSIONS - n_housed + 1, 0);
    cr_metrics_destroy(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_add_up),
        cmocka_unit_test(every_status_has_a_place),
        cmocka_unit_test(rare_events_are_counted),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(imputed_fields_and_unknown_texts_are_counted),
        cmocka_unit_test(every_book_has_its_own),
        cmocka_unit_test(no_room_is_said_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
