// SPDX-License-Identifier: MIT
/* Versions that come and go while the daemon answers: POST /admin/reload, registry.watch, and the
 * challenger in shadow. */
#include "cr_test.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_fixture.h"
#include "cr_http.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_registry_actor actor = {"test", ""};

/* features.sql: the same loan, half as heavy on the income. */
static const char ratio[] =
    "ELSE emi / monthly_income END                             AS dti_ratio";
static const char half_ratio[] =
    "ELSE 0.5 * emi / monthly_income END                       AS dti_ratio";

static void roll_back(struct cr_fixture *fixture, const char *version)
{
    struct cr_error err;

    cr_assert_ok(cr_registry_rollback(fixture->registry, "retail", version, &actor, NULL, &err),
                 &err);
}

/* Replaces the one place of a text in a file of a staged portfolio. */
static void edit(const char *stage, const char *name, const char *old, const char *new)
{
    CR_CLEANUP(cr_freep) char *dir = cr_fs_join(stage, "portfolio");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    size_t len;
    CR_CLEANUP(cr_freep) char *data = cr_fixture_read(dir, name, &len);
    const char *place = strstr(data, old);

    assert_non_null(place);
    cr_strbuf_append(&text, data, (size_t)(place - data));
    cr_strbuf_puts(&text, new);
    cr_strbuf_puts(&text, place + strlen(old));
    cr_fixture_write(dir, name, cr_strbuf_text(&text), text.len);
}

/* A version of the kind whose portfolio has one text replaced; its golden rows are what it says
 * itself. Yours. */
static char *publish_edited(struct cr_fixture *fixture, const char *kind, const char *name,
                            const char *old, const char *new)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *stage = cr_fixture_stage(fixture, kind, &manifest);
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf golden = CR_STRBUF_INIT;
    char *version = NULL;
    struct cr_error err;

    edit(stage, name, old, new);
    cr_assert_ok(cr_bundle_assemble(stage, manifest, 1, &bundle, &err), &err);
    if (bundle->portfolio->n_fields == fixture->portfolio->n_fields) { /* else absence is tested */
        cr_assert_ok(cr_selftest_write(bundle, fixture->records, CR_FIXTURE_GOLDEN, &golden, &err),
                     &err);
        cr_fixture_write(stage, "golden.jsonl", cr_strbuf_text(&golden), golden.len);
    }
    cr_assert_ok(
        cr_registry_publish(fixture->registry, "retail", stage, manifest, &actor, &version, &err),
        &err);
    return version;
}

/* The i-th application of the book, as a client would send it, with more members before its end. */
static void write_body(const struct cr_fixture *fixture, size_t i, const char *more,
                       struct cr_strbuf *out)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_record_to_json(fixture->portfolio, &fixture->records[i]);

    cr_json_write(json, false, out);
    out->len--; /* the brace */
    cr_strbuf_puts(out, more);
    cr_strbuf_putc(out, '}');
}

static json_t *predict(const struct cr_daemon *daemon, const char *body)
{
    struct cr_http_response response = cr_http_post_json(daemon->port, "/predict", body);
    json_t *json = cr_http_json(&response);

    if (response.status != 200) {
        fail_msg("%d: %s", response.status, response.body);
    }
    cr_http_finish(&response);
    return json;
}

static json_t *get(const struct cr_daemon *daemon, const char *path)
{
    struct cr_http_response response = cr_http_get(daemon->port, path);
    json_t *json = cr_http_json(&response);

    assert_int_equal(response.status, 200);
    cr_http_finish(&response);
    return json;
}

static void assert_served(const struct cr_daemon *daemon, const char *version)
{
    CR_CLEANUP(cr_json_decrefp) json_t *health = get(daemon, "/health");

    assert_string_equal(cr_http_text(health, "model_version"), version);
}

static struct cr_http_response reload(const struct cr_daemon *daemon)
{
    return cr_http_request(daemon->port, "POST", "/admin/reload", "", "");
}

/* The challenger is named, NULL = there is none. */
static void assert_reloaded_beside(const struct cr_daemon *daemon, const char *version,
                                   const char *challenger)
{
    struct cr_http_response response = reload(daemon);
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_http_json(&response);

    cr_http_check(&response, 200);
    cr_http_check_header(&response, "Cache-Control", "no-store");
    assert_string_equal(cr_http_text(json, "model_version"), version);
    assert_string_equal(cr_http_text(json_object_get(json, "portfolios"), "retail"), version);
    if (challenger != NULL) {
        assert_string_equal(cr_http_text(json, "challenger"), challenger);
    } else {
        assert_true(json_is_null(json_object_get(json, "challenger")));
    }
    cr_http_finish(&response);
}

static void assert_reloaded(const struct cr_daemon *daemon, const char *version)
{
    assert_reloaded_beside(daemon, version, NULL);
}

/* A counter of /metrics by its whole name with labels; −1 when it is not there. */
static double metric(const struct cr_daemon *daemon, const char *name)
{
    struct cr_http_response response = cr_http_get(daemon->port, "/metrics");
    size_t len = strlen(name);
    double value = -1;

    for (const char *line = response.body; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ' ') {
            value = strtod(line + len, NULL);
        }
    }
    cr_http_finish(&response);
    return value;
}

enum { N_CLIENTS = 3, N_VERSIONS = 3 };

/* From when to when a version may have answered: from the moment its reload was asked for until the
 * next one's was answered. */
struct reign {
    int version; /* index */
    int64_t from_ns;
    _Atomic int64_t until_ns;
};

/* What all clients of the test share. */
struct trial {
    const struct cr_daemon *daemon;
    struct cr_strbuf request;
    double margins[N_VERSIONS]; /* each version's own answer to it */
    struct reign *reigns;
    atomic_size_t n_reigns;
    atomic_bool stop;
};

struct client {
    pthread_t thread;
    struct trial *trial;
    size_t n_answers;
    size_t n_failed;   /* no 200 */
    size_t n_untimely; /* a version that was not champion at any moment of the request */
    size_t n_foreign;  /* not the answer of the version that it names */
};

static bool was_champion(struct trial *trial, int version, int64_t from_ns, int64_t until_ns)
{
    for (size_t i = atomic_load(&trial->n_reigns); i > 0; i--) {
        struct reign *reign = &trial->reigns[i - 1];

        if (reign->version == version && reign->from_ns <= until_ns &&
            from_ns <= atomic_load(&reign->until_ns)) {
            return true;
        }
    }
    return false;
}

static void judge(struct client *client, const struct cr_http_response *response, int64_t from_ns,
                  int64_t until_ns)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    int version;

    client->n_answers++;
    if (response->status != 200) {
        client->n_failed++;
        return;
    }
    json = cr_http_json(response);
    version = (int)strtol(cr_http_text(json, "model_version") + 1, NULL, 10) - 1;
    assert_in_range(version, 0, N_VERSIONS - 1);
    client->n_untimely += !was_champion(client->trial, version, from_ns, until_ns);
    client->n_foreign +=
        json_number_value(json_object_get(json, "margin")) != client->trial->margins[version];
}

static void *run_client(void *argument)
{
    struct client *client = argument;
    struct trial *trial = client->trial;
    int fd = cr_http_connect(trial->daemon->port);

    while (!atomic_load(&trial->stop)) {
        int64_t from_ns = cr_clock_ns();
        struct cr_http_response response;

        (void)cr_http_send(fd, trial->request.data, trial->request.len); /* read will tell */
        response = cr_http_read(fd, false);
        judge(client, &response, from_ns, cr_clock_ns());
        cr_http_finish(&response);
    }
    (void)close(fd);
    return NULL;
}

/* The way through three champions and back: v1 → v2 → v3 → back to v2 → back to v1 → … */
static int swap(struct cr_fixture *fixture, size_t i)
{
    static const char *const names[N_VERSIONS] = {"v1", "v2", "v3"};
    static const int way[] = {1, 2, 1, 0};
    int version = way[i % CR_ARRAY_LEN(way)];

    if (i % CR_ARRAY_LEN(way) < 2) {
        cr_fixture_promote(fixture, names[version]);
    } else {
        roll_back(fixture, names[version]);
    }
    return version;
}

static void begin_reign(struct trial *trial, int version)
{
    size_t n = atomic_load(&trial->n_reigns);

    trial->reigns[n].version = version;
    trial->reigns[n].from_ns = cr_clock_ns();
    atomic_store(&trial->reigns[n].until_ns, INT64_MAX);
    atomic_store(&trial->n_reigns, n + 1);
}

static void start_trial(struct trial *trial, struct cr_fixture *fixture, size_t n_swaps,
                        struct cr_daemon *daemon)
{
    static const char *const names[N_VERSIONS] = {"v1", "v2", "v3"};
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;

    trial->daemon = daemon;
    trial->reigns = calloc(n_swaps + 1, sizeof(*trial->reigns));
    assert_non_null(trial->reigns);
    write_body(fixture, 0, "", &body);
    cr_strbuf_printf(&trial->request,
                     "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     body.len, cr_strbuf_text(&body));
    cr_fixture_promote(fixture, "v1");
    cr_daemon_start(daemon, options, NULL);
    for (int i = N_VERSIONS - 1; i >= 0; i--) { /* ends with v1 */
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;

        cr_fixture_promote(fixture, names[i]);
        assert_reloaded(daemon, names[i]);
        json = predict(daemon, cr_strbuf_text(&body));
        trial->margins[i] = json_number_value(json_object_get(json, "margin"));
        assert_true(i == N_VERSIONS - 1 || trial->margins[i] != trial->margins[i + 1]);
    }
    begin_reign(trial, 0);
}

/* $CREDITRISK_SWAPS promotions and rollbacks while clients ask without a pause. Versions differ in
 * model, in features.sql and in policy. */
static void swaps_under_load(void **state)
{
    struct cr_fixture *fixture = *state;
    const char *wanted = getenv("CREDITRISK_SWAPS");
    size_t n_swaps = wanted != NULL ? strtoul(wanted, NULL, 10) : 40;
    size_t n_answers = 0;
    struct client clients[N_CLIENTS];
    struct trial trial = {.request = CR_STRBUF_INIT};
    struct cr_daemon daemon;
    size_t at = 0;

    free(cr_fixture_publish(fixture, "logistic"));
    free(cr_fixture_publish(fixture, "xgboost"));
    free(publish_edited(fixture, "logistic", "features.sql", ratio, half_ratio));
    start_trial(&trial, fixture, n_swaps, &daemon);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        clients[i] = (struct client){.trial = &trial};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (size_t i = 0; i < n_swaps; i++) {
        struct reign *before = &trial.reigns[atomic_load(&trial.n_reigns) - 1];
        int version = swap(fixture, i);
        char name[16];

        (void)snprintf(name, sizeof(name), "v%d", version + 1);
        begin_reign(&trial, version);
        assert_reloaded(&daemon, name);
        atomic_store(&before->until_ns, cr_clock_ns());
        at = cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\""); /* keeps it flowing */
    }
    atomic_store(&trial.stop, true);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        assert_int_equal(clients[i].n_failed, 0);
        assert_int_equal(clients[i].n_untimely, 0);
        assert_int_equal(clients[i].n_foreign, 0);
        n_answers += clients[i].n_answers;
    }
    assert_true(n_answers >= n_swaps);
    print_message("%zu swaps, %zu answers: none failed, untimely or foreign\n", n_swaps, n_answers);
    cr_assert_same(metric(&daemon, "creditrisk_model_reloads_total{result=\"loaded\"}"),
                   (double)(1 + N_VERSIONS + n_swaps));
    assert_int_equal(cr_daemon_stop(&daemon), 0);
    cr_strbuf_finish(&trial.request);
    free(trial.reigns);
}

static void a_version_that_fails_leaves_the_old_one_and_says_why(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *first = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *second = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(fixture, second);
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;
    size_t at;

    cr_fixture_promote(fixture, first);
    cr_daemon_start(&daemon, options, NULL);
    assert_served(&daemon, first);
    cr_fixture_write(dir, "model.json", "{}", 2);
    cr_fixture_promote(fixture, second);
    response = reload(&daemon);
    cr_http_check(&response, 409);
    cr_http_check_header(&response, "Content-Type", "application/problem+json");
    assert_non_null(strstr(response.body, "model.json' has 2 bytes instead of"));
    cr_http_finish(&response);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"champion_refused\"");
    at = cr_daemon_await(&daemon, at, "model.json");
    (void)cr_daemon_await(&daemon, at, "\"advice\":\"'creditrisk registry verify --all'");
    assert_served(&daemon, first);
    cr_assert_same(metric(&daemon, "creditrisk_model_reloads_total{result=\"refused\"}"), 1.0);
    cr_assert_same(metric(&daemon, "creditrisk_model_reloads_total{result=\"loaded\"}"), 1.0);
    roll_back(fixture, first);
    assert_reloaded(&daemon, first);
    response = cr_http_get(daemon.port, "/admin/reload");
    cr_http_check(&response, 405);
    cr_http_finish(&response);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A replica that nobody tells: it looks by itself, and tries a version that fails only once. */
static void a_replica_follows_the_registry(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *first = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *second = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *broken = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(fixture, broken);
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    const char *const variables[] = {"CREDITRISK_REGISTRY_WATCH=1", NULL};
    struct cr_daemon daemon;
    struct cr_error err;
    size_t at;

    cr_fixture_write(dir, "model.json", "{}", 2);
    cr_fixture_promote(fixture, first);
    cr_daemon_start(&daemon, options, variables);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"champion_loaded\"");
    cr_fixture_promote(fixture, second);
    at = cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
    assert_served(&daemon, second);
    cr_fixture_promote(fixture, broken);
    at = cr_daemon_await(&daemon, at, "\"event\":\"champion_refused\"");
    assert_served(&daemon, second);
    cr_assert_ok(cr_registry_challenge(fixture->registry, "retail", first, &actor, &err), &err);
    at = cr_daemon_await(&daemon, at, "\"event\":\"champion_refused\"");
    roll_back(fixture, second);
    at = cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
    (void)cr_daemon_await(&daemon, at, "\"event\":\"challenger_loaded\"");
    cr_assert_same(metric(&daemon, "creditrisk_model_reloads_total{result=\"refused\"}"), 2.0);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

enum { N_SHADOWED = 120, N_BATCH = 3 };

/* What the shadow must come to, from the two versions themselves. */
struct expected {
    double sum;
    double differences[N_SHADOWED];
    size_t n_disagreements;
    size_t n_refused;
};

/* One record by one version; false when it does not take it. */
static bool score(struct cr_bundle *bundle, const char *body, double *ret_pd,
                  const char **ret_action)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    struct cr_error err;

    cr_arena_init(&arena, 1 << 20);
    cr_assert_ok(
        cr_record_from_json(bundle->portfolio, body, strlen(body), &arena, &record, &issues, &err),
        &err);
    if (issues.n > 0) {
        return false;
    }
    cr_assert_ok(
        cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &record, &arena, &result, NULL, &err),
        &err);
    *ret_pd = result.pd;
    *ret_action = result.band->action;
    return true;
}

/* Sends the first n applications to the daemon; every answer is the champion's. */
static struct expected send_all(struct cr_fixture *fixture, const struct cr_daemon *daemon,
                                const char *champion, const char *challenger, size_t n)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *own = cr_fixture_load(fixture, champion, 1);
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *other = cr_fixture_load(fixture, challenger, 1);
    struct expected expected = {0};

    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sent = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf plain = CR_STRBUF_INIT;
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        const char *own_action = NULL, *other_action = NULL;
        double own_pd = NAN, other_pd = NAN;

        write_body(fixture, i, ",\"branch\":17,\"opened_on\":\"2024-02-29\"", &sent);
        write_body(fixture, i, "", &plain);
        answer = predict(daemon, cr_strbuf_text(&sent));
        assert_string_equal(cr_http_text(answer, "model_version"), champion);
        assert_true(score(own, cr_strbuf_text(&sent), &own_pd, &own_action));
        assert_string_equal(cr_http_text(answer, "recommended_action"), own_action);
        if (score(other, cr_strbuf_text(&plain), &other_pd, &other_action)) {
            expected.differences[i - expected.n_refused] = other_pd - own_pd;
            expected.sum += other_pd - own_pd;
            expected.n_disagreements += strcmp(own_action, other_action) != 0;
        } else {
            expected.n_refused++;
        }
    }
    return expected;
}

/* The first three applications once more, as a batch: whatever is answered is shadowed. */
static void send_batch(const struct cr_fixture *fixture, const struct cr_daemon *daemon)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf rows = CR_STRBUF_INIT;
    struct cr_http_response response;

    for (size_t i = 0; i < N_BATCH; i++) {
        cr_strbuf_putc(&rows, i == 0 ? '[' : ',');
        write_body(fixture, i, "", &rows);
    }
    cr_strbuf_putc(&rows, ']');
    response = cr_http_post_json(daemon->port, "/predict/batch", cr_strbuf_text(&rows));
    cr_http_check(&response, 200);
    cr_http_finish(&response);
}

/* Until /model-info says that the challenger was loaded, or refused: the log says it just before.
 */
static void await_challenger(const struct cr_daemon *daemon, bool loaded)
{
    int64_t until_ns = cr_clock_ns() + INT64_C(60000000000);

    while (cr_clock_ns() < until_ns) { /* each turn is a request */
        CR_CLEANUP(cr_json_decrefp) json_t *info = get(daemon, "/model-info");
        const json_t *challenger = json_object_get(info, "challenger");

        if (loaded ? json_is_true(json_object_get(challenger, "loaded"))
                   : json_is_string(json_object_get(challenger, "error"))) {
            return;
        }
    }
    fail_msg("the challenger was not %s", loaded ? "loaded" : "refused");
}

/* The shadow's counts in /model-info once it has seen n records; yours. */
static json_t *await_shadow(const struct cr_daemon *daemon, size_t n)
{
    int64_t until_ns = cr_clock_ns() + INT64_C(60000000000);

    while (cr_clock_ns() < until_ns) { /* each turn is a request: the shadow runs meanwhile */
        CR_CLEANUP(cr_json_decrefp) json_t *info = get(daemon, "/model-info");
        json_t *shadow = json_object_get(json_object_get(info, "challenger"), "shadow");
        json_int_t seen = json_integer_value(json_object_get(shadow, "scored")) +
                          json_integer_value(json_object_get(shadow, "refused")) +
                          json_integer_value(json_object_get(shadow, "failed")) +
                          json_integer_value(json_object_get(shadow, "dropped"));

        if (seen == (json_int_t)n) {
            return json_incref(shadow);
        }
    }
    fail_msg("the shadow did not see %zu records", n);
    return NULL;
}

/* Each bucket counts what lies above the bound before it, up to its own. */
static void check_histogram(const json_t *shadow, const struct expected *expected, size_t n)
{
    const json_t *histogram = json_object_get(shadow, "pd_difference");
    const json_t *bounds = json_object_get(histogram, "upper_bounds");
    const json_t *counts = json_object_get(histogram, "counts");

    assert_true(json_array_size(bounds) > 8);
    assert_int_equal(json_array_size(counts), json_array_size(bounds) + 1);
    for (size_t i = 0; i < json_array_size(counts); i++) {
        double above = i > 0 ? json_number_value(json_array_get(bounds, i - 1)) : -INFINITY;
        double up_to =
            i < json_array_size(bounds) ? json_number_value(json_array_get(bounds, i)) : INFINITY;
        json_int_t inside = 0;

        for (size_t j = 0; j < n; j++) {
            inside += expected->differences[j] > above && expected->differences[j] <= up_to;
        }
        assert_int_equal(json_integer_value(json_array_get(counts, i)), inside);
    }
}

static json_int_t count(const json_t *shadow, const char *name)
{
    return json_integer_value(json_object_get(shadow, name));
}

/* Champion and challenger differ in application.yaml (fields that only the champion has, one of
 * them a text), in features.sql, and in what they take: the oldest are refused by the challenger.
 */
static void the_challenger_is_scored_in_shadow(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep)
    char *champion = publish_edited(
        fixture, "logistic", "application.yaml", "  - {name: std_dpd,",
        "  - {name: branch, type: int, min: 0, max: 99, nullable: true, group: Loan, label: B}\n"
        "  - {name: opened_on, type: date, nullable: true, group: Loan, label: O}\n"
        "  - {name: std_dpd,");
    CR_CLEANUP(cr_freep)
    char *challenger = publish_edited(fixture, "xgboost", "features.sql", ratio, half_ratio);
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    CR_CLEANUP(cr_json_decrefp) json_t *shadow = NULL;
    struct expected expected;
    struct cr_daemon daemon;
    struct cr_error err;
    char name[128];

    assert_true(fixture->n_records >= N_SHADOWED);
    cr_fixture_promote(fixture, champion);
    cr_assert_ok(cr_registry_challenge(fixture->registry, "retail", challenger, &actor, &err),
                 &err);
    cr_daemon_start(&daemon, options, NULL);
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"challenger_loaded\"");
    await_challenger(&daemon, true);
    expected = send_all(fixture, &daemon, champion, challenger, N_SHADOWED);
    shadow = await_shadow(&daemon, N_SHADOWED);
    assert_int_equal(count(shadow, "failed") + count(shadow, "dropped"), 0);
    assert_int_equal(count(shadow, "refused"), expected.n_refused);
    assert_int_equal(count(shadow, "scored"), N_SHADOWED - expected.n_refused);
    assert_int_equal(count(shadow, "disagreements"), expected.n_disagreements);
    assert_true(expected.n_disagreements > 0);
    cr_assert_close(json_number_value(json_object_get(shadow, "mean_difference")),
                    expected.sum / (double)(N_SHADOWED - expected.n_refused), 1e-12);
    check_histogram(shadow, &expected, N_SHADOWED - expected.n_refused);
    (void)snprintf(name, sizeof(name), "creditrisk_challenger_pd_difference_count{version=\"%s\"}",
                   challenger);
    cr_assert_same(metric(&daemon, name), (double)(N_SHADOWED - expected.n_refused));
    (void)snprintf(name, sizeof(name), "creditrisk_challenger_disagreements_total{version=\"%s\"}",
                   challenger);
    cr_assert_same(metric(&daemon, name), (double)expected.n_disagreements);
    send_batch(fixture, &daemon);
    json_decref(await_shadow(&daemon, N_SHADOWED + N_BATCH));
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void a_challenger_that_does_not_load_harms_nothing(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *champion = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *challenger = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(fixture, challenger);
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;
    CR_CLEANUP(cr_json_decrefp) json_t *info = NULL;
    struct cr_daemon daemon;
    struct cr_error err;

    cr_fixture_promote(fixture, champion);
    cr_assert_ok(cr_registry_challenge(fixture->registry, "retail", challenger, &actor, &err),
                 &err);
    cr_fixture_write(dir, "model.json", "{}", 2);
    cr_daemon_start(&daemon, options, NULL);
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"challenger_refused\"");
    cr_assert_same(metric(&daemon, "creditrisk_challenger_loads_total{result=\"refused\"}"), 1.0);
    cr_assert_same(metric(&daemon, "creditrisk_model_reloads_total{result=\"loaded\"}"), 1.0);
    await_challenger(&daemon, false);
    write_body(fixture, 0, "", &body);
    json_decref(predict(&daemon, cr_strbuf_text(&body)));
    info = get(&daemon, "/model-info");
    assert_string_equal(cr_http_text(json_object_get(info, "challenger"), "version"), challenger);
    assert_true(json_is_false(json_object_get(json_object_get(info, "challenger"), "loaded")));
    assert_reloaded_beside(&daemon, champion, challenger);
    cr_assert_ok(cr_registry_challenge(fixture->registry, "retail", NULL, &actor, &err), &err);
    assert_reloaded(&daemon, champion);
    json_decref(info);
    info = get(&daemon, "/model-info");
    assert_true(json_is_null(json_object_get(info, "challenger")));
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Where signatures are asked for, an unsigned champion is not served. */
static void an_unsigned_champion_is_refused_where_signatures_are_required(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *version = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *secret = cr_fs_join(fixture->registry_dir, ".key");
    CR_CLEANUP(cr_freep) char *trusted = NULL;
    CR_CLEANUP(cr_freep) char *variable = NULL;
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    const char *variables[] = {"CREDITRISK_REGISTRY_REQUIRE_SIGNATURE=true", NULL, NULL};
    char key[CR_SIGNATURE_KEY_LEN];
    struct cr_registry_signing signing;
    struct cr_http_response response;
    struct cr_daemon daemon;
    struct cr_error err;

    cr_assert_ok(cr_signature_make_key(secret, key, &err), &err);
    trusted = cr_test_write(fixture->registry_dir, ".trusted", key);
    assert_true(asprintf(&variable, "CREDITRISK_REGISTRY_TRUSTED_KEYS=%s", trusted) > 0);
    variables[1] = variable;
    cr_fixture_promote(fixture, version);
    cr_daemon_start(&daemon, options, variables);
    response = reload(&daemon);
    cr_http_check(&response, 409);
    assert_non_null(strstr(response.body, "is not signed"));
    cr_http_finish(&response);
    cr_assert_ok(
        cr_registry_sign(fixture->registry, "retail", version, secret, &actor, &signing, &err),
        &err);
    assert_reloaded(&daemon, version);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(swaps_under_load, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_version_that_fails_leaves_the_old_one_and_says_why,
                                        cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_replica_follows_the_registry, cr_fixture_set_up,
                                        cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(the_challenger_is_scored_in_shadow, cr_fixture_set_up,
                                        cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_challenger_that_does_not_load_harms_nothing,
                                        cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            an_unsigned_champion_is_refused_where_signatures_are_required, cr_fixture_set_up,
            cr_fixture_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
