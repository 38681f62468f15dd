// SPDX-License-Identifier: MIT
/* The daemon's life: words and settings, start without and with a model, reload, end. */
#include "cr_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_fixture.h"
#include "cr_http.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static char *publish_champion(struct cr_fixture *fixture)
{
    char *version = cr_fixture_publish(fixture, "logistic");

    cr_fixture_promote(fixture, version);
    return version;
}

static void start(struct cr_daemon *daemon, const char *registry)
{
    const char *const options[] = {"--registry", registry, NULL};

    cr_daemon_start(daemon, options, NULL);
}

/* A complete POST /predict of one application of the book. */
static void write_request(const struct cr_fixture *fixture, struct cr_strbuf *out)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_record_to_json(fixture->portfolio, &fixture->records[0]);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;

    cr_json_write(json, false, &body);
    cr_strbuf_printf(out,
                     "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     body.len, cr_strbuf_text(&body));
}

/* The version that /health names, "" when none; ret_version holds it. */
static const char *served(const struct cr_daemon *daemon, char ret_version[32])
{
    struct cr_http_response response = cr_http_get(daemon->port, "/health");
    CR_CLEANUP(cr_json_decrefp) json_t *body = cr_http_json(&response);
    const char *version = json_string_value(json_object_get(body, "model_version"));

    assert_int_equal(response.status, version != NULL ? 200 : 503);
    (void)snprintf(ret_version, 32, "%s", version != NULL ? version : "");
    cr_http_finish(&response);
    return ret_version;
}

static void test_words(void **state)
{
    static const struct {
        const char *words[4];
        int status;
        const char *output;
    } cases[] = {
        {{"--help"}, 0, "Usage: creditriskd"},
        {{"--version"}, 0, "creditriskd "},
        {{"--help"}, 0, "--registry-db URL"},
        {{"--help"}, 0, "2 wrong words, variables or settings file"},
        {{"--nonsense"}, 2, "unknown option '--nonsense'\n"},
        {{"--lisen=127.0.0.1:0"}, 2, "'--lisen=127.0.0.1:0'; did you mean '--listen'?"},
        {{"--healthchek"}, 2, "did you mean '--healthcheck'?"},
        {{"--db"}, 2, "no value for option '--db'"},
        {{"serve"}, 2, "unexpected word 'serve'\n"},
        {{"healthcheck"}, 2, "unexpected word 'healthcheck'; did you mean '--healthcheck'?"},
        {{"--listen=127.0.0.1"}, 2, "'127.0.0.1' is not ADDRESS:PORT; write it as 127.0.0.1:8001"},
        {{"--config", "/nonexistent.yaml"}, 2, "/nonexistent.yaml"},
        {{"--listen", "0.0.0.0:0"}, 1, "auth.allow_anonymous"},
        {{"--listen", "[::]:0"}, 1, "auth.allow_anonymous"},
        {{"--listen", "localhost:0"}, 2, "'localhost' is no IP address"},
        {{"--listen-fd", "0"}, 1, "file descriptor 0 is no listening socket"},
        {{"--listen-fd", "99"}, 1, "file descriptor 99 is no listening socket"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *output = NULL;

        assert_int_equal(cr_daemon_run(cases[i].words, NULL, &output), cases[i].status);
        if (strstr(output, cases[i].output) == NULL) {
            fail_msg("'%s' is not in '%s'", cases[i].output, output);
        }
    }
}

/* The log says how a champion comes to be, and how another registry is named. */
static void assert_advised(struct cr_daemon *daemon)
{
    size_t at = cr_daemon_await(daemon, 0, "\"event\":\"champion_refused\"");

    at = cr_daemon_await(daemon, at,
                         "\"advice\":\"with the same settings 'creditrisk train --promote "
                         "--portfolio retail' makes one");
    (void)cr_daemon_await(daemon, at,
                          "--registry and --registry-db (CREDITRISK_REGISTRY, "
                          "CREDITRISK_REGISTRY_DB)\"");
}

/* Settings that do not go together end it at once. */
static void test_settings(void **state)
{
    const char *const options[] = {"--listen", "127.0.0.1:0", NULL};
    static const char *const variables[] = {"CREDITRISK_REGISTRY_REQUIRE_SIGNATURE=true", NULL};
    CR_CLEANUP(cr_freep) char *output = NULL;

    (void)state;
    assert_int_equal(cr_daemon_run(options, variables, &output), 2);
    assert_non_null(strstr(output, "CREDITRISK_REGISTRY_TRUSTED_KEYS\nwhat every setting "));
    assert_null(strstr(output, "listening"));
}

/* Started where nothing is, it listens, and says where it is and what it misses. */
static void test_wrong_folder(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *registry = cr_fs_join(dir, "none");
    CR_CLEANUP(cr_freep) char *cwd = cr_fs_join(cr_test_root(), "");
    const char *const options[] = {"--registry", registry, "--db", "postgresql://u:hush@h/d", NULL};
    static const char *const variables[] = {"CREDITRISK_PATHS_PORTFOLIOS=absent",
                                            "CREDITRISK_REGISTRI=models", "CREDITRISK_SPARE=1",
                                            NULL};
    struct cr_strbuf expected = CR_STRBUF_INIT;
    struct cr_daemon daemon;

    (void)state;
    cr_daemon_start(&daemon, options, variables);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    cr_strbuf_printf(&expected,
                     "\"event\":\"wrong_folder\",\"cwd\":\"%.*s\",\"missing\":{\"registry\":"
                     "\"%s\",\"portfolio\":\"absent/retail\"}",
                     (int)strlen(cwd) - 1, cwd, registry);
    if (strstr(daemon.log.data, cr_strbuf_text(&expected)) == NULL) {
        fail_msg("'%s' is not in '%s'", cr_strbuf_text(&expected), daemon.log.data);
    }
    assert_advised(&daemon);
    assert_non_null(strstr(daemon.log.data, "\"event\":\"variable_unknown\",\"name\":"
                                            "\"CREDITRISK_REGISTRI\",\"did_you_mean\":"
                                            "\"CREDITRISK_REGISTRY\"}"));
    assert_non_null(strstr(daemon.log.data, "\"name\":\"CREDITRISK_SPARE\"}"));
    assert_non_null(strstr(daemon.log.data, "\"event\":\"password_in_flag\",\"flag\":\"db\""));
    assert_null(strstr(daemon.log.data, "hush"));
    cr_daemon_finish(&daemon);
    cr_strbuf_finish(&expected);
}

/* Where a registry may come to be nothing is said of the folder. */
static void test_right_folder(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    struct cr_daemon daemon;

    (void)state;
    start(&daemon, dir);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_null(strstr(daemon.log.data, "wrong_folder"));
    assert_advised(&daemon);
    assert_null(strstr(daemon.log.data, "variable_unknown"));
    cr_daemon_finish(&daemon);
}

/* A name that neither the folder of portfolios nor the registry knows is a slip, and no reason to
 * wait for its first model. */
static void test_unknown_portfolio(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--portfolio", "retial", "--registry", dir, NULL};
    const char *const beside[] = {"--portfolio=retial", "--registry", fixture->registry_dir, NULL};
    static const char *const elsewhere[] = {"CREDITRISK_PATHS_PORTFOLIOS=tests", NULL};
    static const char *const listed[] = {"CREDITRISK_PORTFOLIOS=*,retail,hmqe", NULL};
    const char *const own[] = {"--registry", fixture->registry_dir, NULL};
    CR_CLEANUP(cr_freep) char *output = NULL;
    CR_CLEANUP(cr_freep) char *recorded = NULL;
    CR_CLEANUP(cr_freep) char *several = NULL;

    free(publish_champion(fixture));
    assert_int_equal(cr_daemon_run(options, NULL, &output), 1);
    assert_non_null(strstr(output, "there is no portfolio 'retial' in 'config/portfolios'; did you "
                                   "mean 'retail'?"));
    assert_null(strstr(output, "listening"));
    assert_int_equal(cr_daemon_run(own, listed, &several), 1);
    assert_non_null(strstr(several, "there is no portfolio 'hmqe' in 'config/portfolios'; did you "
                                    "mean 'hmeq'?"));
    assert_null(strstr(several, "listening"));
    assert_int_equal(cr_daemon_run(beside, elsewhere, &recorded), 1);
    assert_non_null(strstr(recorded, "there is no portfolio 'retial' in 'tests'; did you mean "
                                     "'retail'?"));
}

/* What the registry knows is served without a folder of its own, and where there is no folder of
 * portfolios at all, as beside a replica, a first version may still come. */
static void test_portfolio_without_folder(void **state)
{
    struct cr_fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    static const char *const elsewhere[] = {"CREDITRISK_PATHS_PORTFOLIOS=tests", NULL};
    static const char *const nowhere[] = {"CREDITRISK_PATHS_PORTFOLIOS=absent",
                                          "CREDITRISK_PORTFOLIO=retial",
                                          "CREDITRISK_PORTFOLIOS=cards", NULL};
    struct cr_daemon daemon;

    free(publish_champion(fixture));
    cr_daemon_start(&daemon, options, elsewhere);
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"champion_loaded\"");
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
    assert_int_equal(cr_daemon_stop(&daemon), 0);
    cr_daemon_start(&daemon, options, nowhere);
    (void)cr_daemon_await(
        &daemon, 0,
        "\"event\":\"portfolio_unknown\",\"reason\":\"there is no portfolio "
        "'retial' in 'absent', and no such folder here; did you mean 'retail'?\"");
    (void)cr_daemon_await(&daemon, 0,
                          "\"event\":\"portfolio_unknown\",\"reason\":\"there is no portfolio "
                          "'cards' in 'absent', and no such folder here\"");
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void test_address_taken(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *output = NULL;
    struct cr_daemon daemon;
    char listen[64];
    const char *const options[] = {"--listen", listen, NULL};

    (void)state;
    start(&daemon, dir);
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%d", daemon.port);
    assert_int_equal(cr_daemon_run(options, NULL, &output), 1);
    assert_non_null(strstr(output, "cannot listen on '127.0.0.1'"));
    assert_non_null(strstr(output, "Address already in use; another place is named by --listen "));
    assert_non_null(strstr(output, " CREDITRISK_LISTEN_PORT, PORT)"));
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Its own socket on any free port; the log says which. All other machines may come. */
static void test_own_socket(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--listen=0.0.0.0:0", "--registry", dir, NULL};
    const char *const variables[] = {"CREDITRISK_AUTH_ALLOW_ANONYMOUS=true",
                                     "CREDITRISK_LOG_ACCESS=true", "CREDITRISK_THREADS=1", NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;
    size_t at;

    (void)state;
    cr_daemon_launch(&daemon, options, variables);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"listening\",\"address\":\"0.0.0.0\",\"port\":");
    daemon.port = atoi(cr_strbuf_text(&daemon.log) + at);
    assert_in_range(daemon.port, 1, 65535);
    response = cr_http_get(daemon.port, "/livez");
    assert_int_equal(response.status, 200);
    cr_http_finish(&response);
    cr_daemon_signal(&daemon, SIGINT);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "\"route\":\"/livez\",\"status\":200"));
    assert_non_null(strstr(daemon.log.data, "\"signal\":\"SIGINT\""));
    cr_daemon_finish(&daemon);
}

/* Every line of the log is one JSON object with these members. */
static void test_log_is_json(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    struct cr_daemon daemon;
    size_t n = 0;

    (void)state;
    start(&daemon, dir);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    for (char *line = strtok(daemon.log.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        CR_CLEANUP(cr_json_decrefp) json_t *event = NULL;
        struct cr_error err;

        cr_assert_ok(cr_json_parse("log", line, strlen(line), &event, &err), &err);
        assert_true(json_is_string(json_object_get(event, "time")));
        assert_true(json_is_string(json_object_get(event, "level")));
        assert_true(json_is_string(json_object_get(event, "event")));
        n++;
    }
    assert_true(n >= 5); /* refused, listening, stopping, draining, stopped */
    cr_daemon_finish(&daemon);
}

/* A version whose file was changed is not served; the log says which file. */
static void test_corrupted(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *version = publish_champion(fixture);
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_freep) char *path = NULL;
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_daemon daemon;
    struct cr_error err;
    char name[32];
    size_t len;

    cr_assert_ok(cr_registry_path(fixture->registry, "retail", version, &dir, &err), &err);
    path = cr_fs_join(dir, "calibration.json");
    cr_assert_ok(cr_fs_read(path, 1 << 20, &text, &len, &err), &err);
    text[len - 1] = ' '; /* was a line's end */
    cr_assert_ok(cr_fs_write(path, text, len, &err), &err);
    start(&daemon, fixture->registry_dir);
    assert_string_equal(served(&daemon, name), "");
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"champion_refused\"");
    (void)cr_daemon_await(&daemon, 0, "calibration.json");
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Who has a champion, and something else that is missing, is not told how to make one. */
static void test_no_keys(void **state)
{
    struct cr_fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->registry_dir, NULL};
    static const char *const variables[] = {"CREDITRISK_REGISTRY_REQUIRE_SIGNATURE=true",
                                            "CREDITRISK_REGISTRY_TRUSTED_KEYS=/nonexistent.pub",
                                            NULL};
    struct cr_daemon daemon;

    free(publish_champion(fixture));
    cr_daemon_start(&daemon, options, variables);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "\"error\":\"ENOTFOUND\",\"reason\":\"cannot read "
                                            "'/nonexistent.pub'"));
    assert_null(strstr(daemon.log.data, "advice"));
    cr_daemon_finish(&daemon);
}

/* Page faults of the children that have ended (proc(5): cminflt): every trial adds some. */
static unsigned long children_faults(const struct cr_daemon *daemon)
{
    CR_CLEANUP(cr_fclosep) FILE *file = NULL;
    char path[64];
    unsigned long faults = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)daemon->pid);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %lu", &faults), 1);
    return faults;
}

static void test_reload(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *first = publish_champion(fixture);
    CR_CLEANUP(cr_freep) char *second = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_freep) char *manifest = NULL;
    struct cr_daemon daemon;
    struct cr_error err;
    char name[32];
    unsigned long faults;
    size_t at;

    start(&daemon, fixture->registry_dir);
    assert_string_equal(served(&daemon, name), first);
    faults = children_faults(&daemon);
    assert_true(faults > 0); /* it was tried in a process of its own */
    cr_fixture_promote(fixture, second);
    assert_string_equal(served(&daemon, name), first);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
    cr_daemon_signal(&daemon, SIGHUP);
    at = cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
    assert_string_equal(served(&daemon, name), second);
    assert_true(children_faults(&daemon) > faults);

    /* the next one cannot be loaded: the old one keeps serving */
    cr_assert_ok(cr_registry_path(fixture->registry, "retail", first, &dir, &err), &err);
    manifest = cr_fs_join(dir, "manifest.json");
    assert_int_equal(unlink(manifest), 0);
    cr_fixture_promote(fixture, first);
    cr_daemon_signal(&daemon, SIGHUP);
    at = cr_daemon_await(&daemon, at, "\"event\":\"champion_refused\"");
    (void)cr_daemon_await(&daemon, at, second);
    assert_string_equal(served(&daemon, name), second);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

enum { N_CLIENTS = 4, N_ROUNDS = 6, N_AT_LEAST = 50, N_WAITING = 40 };

/* One client that asks again and again on one connection. */
struct client {
    pthread_t thread;
    const struct cr_daemon *daemon;
    const struct cr_strbuf *request;
    const atomic_bool *stop;
    size_t n_right;
    size_t n_wrong;
};

static void *run_client(void *argument)
{
    struct client *client = argument;
    int fd = cr_http_connect(client->daemon->port);

    while (client->n_right + client->n_wrong < N_AT_LEAST || !atomic_load(client->stop)) {
        struct cr_http_response response;

        (void)cr_http_send(fd, client->request->data, client->request->len); /* read will tell */
        response = cr_http_read(fd, false);
        if (response.status == 200 && (strstr(response.body, "\"model_version\":\"v1\"") != NULL ||
                                       strstr(response.body, "\"model_version\":\"v2\"") != NULL)) {
            client->n_right++;
        } else {
            client->n_wrong++;
        }
        cr_http_finish(&response);
    }
    (void)close(fd);
    return NULL;
}

/* Champions come and go while all workers score. */
static void test_reload_under_load(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *first = publish_champion(fixture);
    CR_CLEANUP(cr_freep) char *second = cr_fixture_publish(fixture, "xgboost");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf request = CR_STRBUF_INIT;
    struct client clients[N_CLIENTS];
    atomic_bool stop = false;
    struct cr_daemon daemon;
    size_t at;

    write_request(fixture, &request);
    start(&daemon, fixture->registry_dir);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
    for (size_t i = 0; i < N_CLIENTS; i++) {
        clients[i] = (struct client){.daemon = &daemon, .request = &request, .stop = &stop};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (size_t i = 0; i < N_ROUNDS; i++) {
        cr_fixture_promote(fixture, i % 2 == 0 ? second : first);
        cr_daemon_signal(&daemon, SIGHUP);
        at = cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        assert_true(clients[i].n_right >= N_AT_LEAST);
        assert_int_equal(clients[i].n_wrong, 0);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* The registry may come into being while the daemon runs. */
static void test_first_model(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_daemon daemon;
    char name[32];
    size_t at;

    start(&daemon, fixture->registry_dir);
    assert_string_equal(served(&daemon, name), "");
    assert_advised(&daemon);
    version = publish_champion(fixture);
    at = cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
    cr_daemon_signal(&daemon, SIGHUP);
    (void)cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
    assert_string_equal(served(&daemon, name), version);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* An application in flight when SIGTERM comes is answered; then the daemon ends with 0. */
static void test_drain(void **state)
{
    struct cr_fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *version = publish_champion(fixture);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf request = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf head = CR_STRBUF_INIT;
    const char *body;
    struct cr_http_response response;
    struct cr_daemon daemon;
    char value[256];
    int half;
    int idle;

    write_request(fixture, &request);
    body = strchr(request.data, '{');
    cr_strbuf_append(&head, request.data, (size_t)(body - request.data) - 2);
    cr_strbuf_puts(&head, "Expect: 100-continue\r\n\r\n");
    start(&daemon, fixture->registry_dir);
    idle = cr_http_connect(daemon.port);
    half = cr_http_connect(daemon.port);
    assert_true(cr_http_send(half, head.data, head.len));
    assert_int_equal(read(half, value, 25), 25); /* 100 Continue: the request is in flight */
    assert_true(cr_http_send(half, body, 20));
    cr_daemon_signal(&daemon, SIGTERM);
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"draining\"");
    assert_true(cr_http_puts(half, body + 20));
    response = cr_http_read(half, false);
    assert_int_equal(response.status, 200);
    assert_string_equal(cr_http_header(&response, "Connection", value), "close");
    cr_http_finish(&response);
    assert_true(cr_http_is_closed(half));
    assert_true(cr_http_is_closed(idle));
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "\"requests_cut\":0"));
    cr_daemon_finish(&daemon);
    (void)close(half);
    (void)close(idle);
}

/* Clients whose connection only the kernel has accepted when SIGTERM comes are answered, too. */
static void test_drain_backlog(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    struct cr_daemon daemon;
    int fds[N_WAITING];

    (void)state;
    start(&daemon, dir);
    cr_daemon_signal(&daemon, SIGSTOP);
    for (size_t i = 0; i < N_WAITING; i++) {
        fds[i] = cr_http_connect(daemon.port);
        assert_true(cr_http_puts(fds[i], "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    cr_daemon_signal(&daemon, SIGTERM);
    cr_daemon_signal(&daemon, SIGCONT);
    for (size_t i = 0; i < N_WAITING; i++) {
        struct cr_http_response response = cr_http_read(fds[i], false);

        assert_int_equal(response.status, 200);
        cr_http_finish(&response);
        (void)close(fds[i]);
    }
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    cr_daemon_finish(&daemon);
}

/* One that never ends is cut off when the time is up. */
static void test_drain_timeout(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};
    const char *const variables[] = {"CREDITRISK_LIMITS_DRAIN_TIMEOUT_S=1", NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;
    char value[64];
    int half;

    (void)state;
    cr_daemon_start(&daemon, options, variables);
    half = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(half,
                             "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n"
                             "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"));
    assert_int_equal(read(half, value, 25), 25);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "\"requests_cut\":1"));
    response = cr_http_read(half, false);
    assert_int_equal(response.status, 0);
    cr_http_finish(&response);
    cr_daemon_finish(&daemon);
    (void)close(half);
}

/* While it drains, a connection that is already there learns that no more should come. */
static void test_drain_readiness(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    struct cr_http_response response;
    struct cr_daemon daemon;
    char value[64];
    int half;
    int other;

    (void)state;
    start(&daemon, dir);
    half = cr_http_connect(daemon.port);
    other = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(half,
                             "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
                             "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"));
    assert_int_equal(read(half, value, 25), 25);
    assert_true(cr_http_puts(other, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
    response = cr_http_read(other, false);
    assert_int_equal(response.status, 200);
    cr_http_finish(&response);
    cr_daemon_signal(&daemon, SIGTERM);
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"draining\"");
    assert_true(cr_http_puts(half, "{"));
    assert_true(cr_http_puts(other, "GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n"));
    response = cr_http_read(other, false);
    assert_int_equal(response.status, 503);
    assert_true(cr_http_is_closed(other));
    cr_http_finish(&response);
    assert_true(cr_http_puts(half, "}"));
    response = cr_http_read(half, false);
    assert_int_equal(response.status, 503);
    cr_http_finish(&response);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    cr_daemon_finish(&daemon);
    (void)close(half);
    (void)close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_wrong_folder),
        cmocka_unit_test(test_right_folder),
        cmocka_unit_test_setup_teardown(test_unknown_portfolio, cr_fixture_set_up,
                                        cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_portfolio_without_folder, cr_fixture_set_up,
                                        cr_fixture_tear_down),
        cmocka_unit_test(test_address_taken),
        cmocka_unit_test(test_own_socket),
        cmocka_unit_test(test_log_is_json),
        cmocka_unit_test_setup_teardown(test_corrupted, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_no_keys, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_reload, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_reload_under_load, cr_fixture_set_up,
                                        cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_first_model, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_drain, cr_fixture_set_up, cr_fixture_tear_down),
        cmocka_unit_test(test_drain_backlog),
        cmocka_unit_test(test_drain_timeout),
        cmocka_unit_test(test_drain_readiness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
