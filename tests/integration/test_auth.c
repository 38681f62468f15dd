// SPDX-License-Identifier: MIT
/* Keys, scopes and rate limits of the daemon, and what its log and its answers never tell. */
#include "cr_test.h"

#include <signal.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_fixture.h"
#include "cr_http.h"
#include "creditrisk/registry/key.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

#define JSON_TYPE "Content-Type: application/json\r\n"

static const struct cr_registry_actor actor = {"test", ""};

/* A registry with two keys and no model: a request that was let in gets 503 from /predict. */
struct fixture {
    char *dir;
    struct cr_registry *registry;
    char *predict; /* key with the scope predict */
    char *read;    /* key with the scope read */
};

static char *create_key(struct fixture *fixture, unsigned scopes)
{
    char *presented;
    struct cr_error err;

    cr_assert_ok(cr_key_create(fixture->registry, scopes, "", &actor, &presented, &err), &err);
    return presented;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct cr_error err;

    fixture = (struct fixture){.dir = cr_test_tempdir()};
    cr_assert_ok(cr_registry_open(fixture.dir, NULL, true, &fixture.registry, &err), &err);
    fixture.predict = create_key(&fixture, CR_KEY_PREDICT);
    fixture.read = create_key(&fixture, CR_KEY_READ);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    cr_registry_close(fixture->registry);
    free(fixture->predict);
    free(fixture->read);
    free(fixture->dir);
    return 0;
}

/* With keys, read every second. */
static void start_quiet(struct cr_daemon *daemon, const struct fixture *fixture)
{
    const char *const options[] = {"--registry", fixture->dir, NULL};
    static const char *const variables[] = {"CREDITRISK_AUTH_MODE=key",
                                            "CREDITRISK_AUTH_REFRESH_S=1", NULL};

    cr_daemon_start(daemon, options, variables);
}

/* The same with all of the log; not for many requests, for nobody reads it meanwhile. */
static void start(struct cr_daemon *daemon, const struct fixture *fixture)
{
    const char *const options[] = {"--registry", fixture->dir, NULL};
    const char *const variables[] = {"CREDITRISK_AUTH_MODE=key", "CREDITRISK_AUTH_REFRESH_S=1",
                                     "CREDITRISK_LOG_ACCESS=true", "CREDITRISK_LOG_LEVEL=debug",
                                     NULL};

    cr_daemon_start(daemon, options, variables);
}

/* One request with a key (NULL = none) in the header of that format. */
static struct cr_http_response ask(const struct cr_daemon *daemon, const char *method,
                                   const char *path, const char *format, const char *key)
{
    bool post = strcmp(method, "POST") == 0;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf headers = CR_STRBUF_INIT;

    cr_strbuf_puts(&headers, post ? JSON_TYPE : "");
    if (key != NULL) {
        const char *place = strchr(format, '*');

        cr_strbuf_printf(&headers, "%.*s%s%s\r\n", (int)(place - format), format, key, place + 1);
    }
    return cr_http_request(daemon->port, method, path, cr_strbuf_text(&headers),
                           post ? "{}" : NULL);
}

static void check(struct cr_http_response response, int status, const char *detail)
{
    CR_CLEANUP(cr_json_decrefp) json_t *body = cr_http_json(&response);

    cr_http_check(&response, status);
    cr_http_check_header(&response, "WWW-Authenticate",
                         status == 401   ? "Bearer realm=\"creditrisk\""
                         : status == 403 ? "Bearer error=\"insufficient_scope\""
                                         : NULL);
    if (detail != NULL) {
        assert_string_equal(cr_http_text(body, "detail"), detail);
    }
    cr_http_finish(&response);
}

#define BEARER "Authorization: Bearer *"
#define HEADER "X-API-Key: *"

static void test_scopes(void **state)
{
    struct fixture *fixture = *state;
    static const char no_key[] = "A valid key is needed";
    static const char no_scope[] = "The key does not have the scope for this";
    const struct {
        const char *method;
        const char *path;
        int none; /* status without a key, with the one for predict, with the one for read */
        int predict;
        int read;
    } cases[] = {
        {"POST", "/predict", 401, 503, 403},   {"POST", "/predict/batch", 401, 503, 403},
        {"GET", "/model-info", 401, 403, 503}, {"GET", "/metrics", 401, 403, 200},
        {"GET", "/livez", 200, 200, 200},      {"GET", "/readyz", 503, 503, 503},
        {"GET", "/health", 503, 503, 503},     {"GET", "/nothing", 404, 404, 404},
        {"DELETE", "/predict", 405, 405, 405},
    };
    struct cr_daemon daemon;

    start(&daemon, fixture);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const char *const keys[] = {NULL, fixture->predict, fixture->read};
        const int statuses[] = {cases[i].none, cases[i].predict, cases[i].read};

        for (size_t j = 0; j < CR_ARRAY_LEN(keys); j++) {
            for (size_t k = 0; k < 2; k++) {
                struct cr_http_response response =
                    ask(&daemon, cases[i].method, cases[i].path, k == 0 ? BEARER : HEADER, keys[j]);

                if (response.status != statuses[j]) {
                    fail_msg("%s %s, key %zu: %d", cases[i].method, cases[i].path, j,
                             response.status);
                }
                if (response.status == 401 || response.status == 403) {
                    check(response, statuses[j], response.status == 401 ? no_key : no_scope);
                } else {
                    cr_http_finish(&response);
                }
            }
        }
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A key that the settings bring stands beside those of the registry. */
static void test_key_of_the_settings(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->dir, NULL};
    static const char own[] = "VGhpcyBpcyBhIGtleSBvZiBhIHBsYXRmb3Jt+/=";
    static const char variable[] = "CREDITRISK_AUTH_KEY=VGhpcyBpcyBhIGtleSBvZiBhIHBsYXRmb3Jt+/=";
    const char *const variables[] = {"CREDITRISK_AUTH_MODE=key", variable, NULL};
    const struct {
        const char *method;
        const char *path;
        const char *key;
        int status;
    } cases[] = {
        {"POST", "/predict", own, 503},
        {"GET", "/model-info", own, 503},
        {"GET", "/metrics", own, 200},
        {"POST", "/admin/reload", own, 403},
        {"POST", "/predict", fixture->predict, 503},
        {"POST", "/predict", "VGhpcyBpcyBhIGtleSBvZiBhIHBsYXRmb3Jt+/", 401},
        {"POST", "/predict", NULL, 401},
    };
    struct cr_daemon daemon;

    cr_daemon_start(&daemon, options, variables);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_http_response response =
            ask(&daemon, cases[i].method, cases[i].path, BEARER, cases[i].key);

        cr_http_check(&response, cases[i].status);
        cr_http_finish(&response);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* What is no key is no key, however it is presented. */
static void test_presented(void **state)
{
    struct fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *wrong = strdup(fixture->predict);
    CR_CLEANUP(cr_freep) char *id = strndup(fixture->predict, 16);
    const struct {
        const char *format;
        const char *key;
        int status;
    } cases[] = {
        {BEARER, fixture->predict, 503},
        {"authorization: bearer   *", fixture->predict, 503},
        {"x-api-key: *", fixture->predict, 503},
        {"Authorization: Basic abc\r\nX-API-Key: *", fixture->predict, 503},
        {"Authorization: *", fixture->predict, 401},
        {"Authorization: Bearer\r\nX-Other: *", fixture->predict, 401},
        {"Authorization: Basic *", fixture->predict, 401},
        {"X-API-Key: Bearer *", fixture->predict, 401},
        {"X-API-Key: * x", fixture->predict, 401},
        {"Cookie: key=*", fixture->predict, 401},
        {BEARER, wrong, 401},
        {BEARER, id, 401},
        {BEARER, "", 401},
        {BEARER, ".", 401},
        {"X-API-Key: *\r\nX-API-Key: x", fixture->predict, 400},
        {"Authorization: Bearer x\r\nAuthorization: Bearer *", fixture->predict, 400},
    };
    struct cr_http_response response;
    struct cr_daemon daemon;

    wrong[40] = wrong[40] == '0' ? '1' : '0';
    start(&daemon, fixture);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        response = ask(&daemon, "POST", "/predict", cases[i].format, cases[i].key);
        if (response.status != cases[i].status) {
            fail_msg("%s: %d", cases[i].format, response.status);
        }
        cr_http_finish(&response);
    }
    response = ask(&daemon, "POST", "/predict?key=x", HEADER, NULL); /* never in the address */
    check(response, 401, NULL);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Asks until the status is there; for ever, if it never comes, which ends with the suite's
 * patience. The daemon was told to read the keys every second. */
static void await_status(const struct cr_daemon *daemon, const char *key, int status)
{
    int seen;

    do {
        struct cr_http_response response = ask(daemon, "GET", "/metrics", BEARER, key);

        seen = response.status;
        cr_http_finish(&response);
    } while (seen != status);
}

/* A key that is revoked stops, and a new one begins, while the daemon runs. */
static void test_revoked(void **state)
{
    struct fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *late = NULL;
    CR_CLEANUP(cr_freep) char *id = strndup(fixture->read, 16);
    struct cr_daemon daemon;
    struct cr_error err;

    start_quiet(&daemon, fixture);
    await_status(&daemon, fixture->read, 200);
    cr_assert_ok(cr_key_revoke(fixture->registry, id, &actor, &err), &err);
    await_status(&daemon, fixture->read, 401);
    late = create_key(fixture, CR_KEY_READ);
    await_status(&daemon, late, 200);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* An upload that nobody may make is refused before it is read. */
static void test_large_refused(void **state)
{
    struct fixture *fixture = *state;
    struct cr_daemon daemon;
    struct cr_http_response response;
    int fd;

    start(&daemon, fixture);
    fd = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(fd, "POST /predict/batch HTTP/1.1\r\nHost: h\r\n" JSON_TYPE
                                 "Content-Length: 8000000\r\n\r\n"));
    response = cr_http_read(fd, false);
    check(response, 401, NULL);
    assert_true(cr_http_is_closed(fd));
    (void)close(fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void test_exposed(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"--listen", "0.0.0.0:0", "--registry", fixture->dir, NULL};
    static const char *const with_keys[] = {"CREDITRISK_AUTH_MODE=key", NULL};
    CR_CLEANUP(cr_freep) char *output = NULL;
    struct cr_daemon daemon;

    cr_daemon_launch(&daemon, options, with_keys);
    (void)cr_daemon_await(&daemon, 0, "\"event\":\"listening\",\"address\":\"0.0.0.0\"");
    assert_int_equal(cr_daemon_stop(&daemon), 0);
    assert_int_equal(cr_daemon_run(options, NULL, &output), 1);
    assert_non_null(strstr(output, "auth.mode"));
}

static void check_limited(struct cr_http_response response, int status, const char *state)
{
    cr_http_check(&response, status);
    cr_http_check_header(&response, "RateLimit-Policy", "\"default\";q=3;w=3600");
    cr_http_check_header(&response, "RateLimit", state);
    cr_http_check_header(&response, "Retry-After",
                         status == 429   ? "1200"
                         : status == 503 ? "5"
                                         : NULL);
    cr_http_finish(&response);
}

/* Each key has its own quota, and so has an address without a valid one; probes have none. */
static void test_rate(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->dir, NULL};
    static const char *const variables[] = {"CREDITRISK_AUTH_MODE=key",
                                            "CREDITRISK_RATE_LIMIT_REQUESTS=3",
                                            "CREDITRISK_RATE_LIMIT_WINDOW_S=3600", NULL};
    static const char *const states[] = {"\"default\";r=2;t=1200", "\"default\";r=1;t=2400",
                                         "\"default\";r=0;t=3600"};
    struct cr_http_response response;
    struct cr_daemon daemon;

    cr_daemon_start(&daemon, options, variables);
    for (size_t i = 0; i < 3; i++) {
        check_limited(ask(&daemon, "GET", "/metrics", BEARER, fixture->read), 200, states[i]);
        check_limited(ask(&daemon, "POST", "/predict", BEARER, fixture->predict), 503, states[i]);
        check_limited(ask(&daemon, "POST", "/predict", BEARER, NULL), 401, states[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        check_limited(ask(&daemon, "GET", "/metrics", BEARER, fixture->read), 429, states[2]);
        check_limited(ask(&daemon, "POST", "/predict", HEADER, fixture->predict), 429, states[2]);
        check_limited(ask(&daemon, "POST", "/predict", BEARER, NULL), 429, states[2]);
    }
    for (size_t i = 0; i < 10; i++) {
        response = cr_http_get(daemon.port, "/livez");
        cr_http_check(&response, 200);
        cr_http_check_header(&response, "RateLimit", NULL);
        cr_http_finish(&response);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Every answer's body, in order. */
static void collect(struct cr_strbuf *bodies, struct cr_http_response response)
{
    cr_strbuf_append(bodies, response.body, response.body_len);
    cr_strbuf_putc(bodies, '\n');
    cr_http_finish(&response);
}

/* Neither the log, with everything on, nor any answer holds a key, a value of a field, anything
 * else that a client sent, or what is inside the daemon. */
static void test_silence(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bodies_sent[] = {
        "{\"age\": 98765.4321, \"gender\": \"ZZMARK\", \"annual_income\": 31415926}",
        "{\"age\": \"ZZMARK\", \"ZZMARK\": 27182818}",
        "{\"age\": ZZMARK",
        "ZZMARK",
        "[\"ZZMARK\"]",
    };
    static const char *const raw[] = {
        "ZZMARK / HTTP/1.1\r\nHost: ZZMARK\r\n\r\n",
        "GET /ZZMARK?ZZMARK=ZZMARK HTTP/1.1\r\nHost: h\r\nX-ZZMARK: ZZMARK\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: h\r\nContent-Length: ZZMARK\r\n\r\n",
        "GET /livez ZZMARK\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: h\r\nZZMARK\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ZZMARK\r\n\r\n",
    };
    const char *const never[] = {"ZZMARK",          "98765",          "31415926",
                                 "27182818",        fixture->predict, fixture->predict + 17,
                                 fixture->read + 17};
    const char *const not_in_bodies[] = {fixture->dir, "sqlite", ".c:", "registry.db", "errno"};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf bodies = CR_STRBUF_INIT;
    struct cr_daemon daemon;

    start(&daemon, fixture);
    for (size_t i = 0; i < CR_ARRAY_LEN(bodies_sent); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf headers = CR_STRBUF_INIT;

        cr_strbuf_printf(&headers, JSON_TYPE "X-API-Key: %s\r\n", fixture->predict);
        collect(&bodies,
                cr_http_request(daemon.port, "POST", "/predict", headers.data, bodies_sent[i]));
        collect(&bodies, cr_http_request(daemon.port, "POST", "/predict/batch", headers.data,
                                         bodies_sent[i]));
        collect(&bodies, cr_http_request(daemon.port, "POST", "/predict?ZZMARK=1&explain=ZZMARK",
                                         headers.data, bodies_sent[i]));
    }
    collect(&bodies, ask(&daemon, "GET", "/model-info", BEARER, fixture->read));
    collect(&bodies, ask(&daemon, "GET", "/metrics", BEARER, fixture->predict));
    for (size_t i = 0; i < CR_ARRAY_LEN(raw); i++) {
        int fd = cr_http_connect(daemon.port);

        assert_true(cr_http_puts(fd, raw[i]));
        collect(&bodies, cr_http_read(fd, false));
        (void)close(fd);
    }
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "\"route\":\"/predict\",\"status\":503"));
    for (size_t i = 0; i < CR_ARRAY_LEN(never); i++) {
        if (strstr(daemon.log.data, never[i]) != NULL || strstr(bodies.data, never[i]) != NULL) {
            fail_msg("'%s' was told:\n%s%s", never[i], daemon.log.data, bodies.data);
        }
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(not_in_bodies); i++) {
        if (strstr(bodies.data, not_in_bodies[i]) != NULL) {
            fail_msg("'%s' was told:\n%s", not_in_bodies[i], bodies.data);
        }
    }
    cr_daemon_finish(&daemon);
}

/* The same with a model: what is scored is told to the client and to nobody else. */
static void test_silence_of_scores(void **state)
{
    struct cr_fixture fixture;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *record = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;
    const char *options[] = {"--registry", NULL, NULL};
    static const char *const variables[] = {"CREDITRISK_LOG_ACCESS=true",
                                            "CREDITRISK_LOG_LEVEL=debug", NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;
    struct cr_error err;

    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", version, NULL, &actor, NULL, &err),
                 &err);
    record = cr_record_to_json(fixture.portfolio, &fixture.records[0]);
    assert_int_equal(json_object_set_new(record, "annual_income", json_real(1234567.5)), 0);
    cr_json_write(record, false, &body);
    options[1] = fixture.registry_dir;
    cr_daemon_start(&daemon, options, variables);
    response = cr_http_post_json(daemon.port, "/predict", body.data);
    assert_int_equal(response.status, 200);
    cr_http_finish(&response);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "\"route\":\"/predict\",\"status\":200"));
    assert_null(strstr(daemon.log.data, "1234567"));
    assert_null(strstr(daemon.log.data, "annual_income"));
    assert_null(strstr(daemon.log.data, "probability"));
    cr_daemon_finish(&daemon);
    cr_fixture_finish(&fixture);
}

static struct cr_http_response ask_from(const struct cr_daemon *daemon, const char *method,
                                        const char *path, const char *headers)
{
    return cr_http_request(daemon->port, method, path, headers, NULL);
}

/* Pages of the listed origins, and of no other, may call; a preflight needs no key. */
static void test_origins(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->dir, NULL};
    static const char *const variables[] = {
        "CREDITRISK_AUTH_MODE=key",
        "CREDITRISK_CORS_ALLOW_ORIGINS=https://desk.example:8443,http://localhost:3000", NULL};
    static const char *const strangers[] = {
        "Origin: https://desk.example\r\n",
        "Origin: http://localhost:30000\r\n",
        "Origin: null\r\n",
        "Origin: http://LOCALHOST:3000\r\n",
        "Origin: *\r\n",
        "",
    };
    struct cr_http_response response;
    struct cr_daemon daemon;

    cr_daemon_start(&daemon, options, variables);
    response = ask_from(&daemon, "GET", "/livez", "Origin: http://localhost:3000\r\n");
    cr_http_check(&response, 200);
    cr_http_check_header(&response, "Access-Control-Allow-Origin", "http://localhost:3000");
    cr_http_check_header(&response, "Access-Control-Allow-Credentials", NULL);
    cr_http_check_header(&response, "Vary", "Origin");
    cr_http_finish(&response);

    response = ask_from(&daemon, "OPTIONS", "/predict",
                        "Origin: https://desk.example:8443\r\n"
                        "Access-Control-Request-Method: POST\r\n");
    assert_int_equal(response.status, 204);
    assert_int_equal(response.body_len, 0);
    cr_http_check_header(&response, "Access-Control-Allow-Origin", "https://desk.example:8443");
    cr_http_check_header(&response, "Access-Control-Allow-Methods", "POST");
    cr_http_check_header(&response, "Access-Control-Allow-Headers",
                         "Authorization, Content-Type, X-API-Key, X-Request-ID");
    cr_http_finish(&response);

    for (size_t i = 0; i < CR_ARRAY_LEN(strangers); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf preflight = CR_STRBUF_INIT;

        response = ask_from(&daemon, "GET", "/livez", strangers[i]);
        cr_http_check(&response, 200);
        cr_http_check_header(&response, "Access-Control-Allow-Origin", NULL);
        cr_http_finish(&response);
        cr_strbuf_printf(&preflight, "%sAccess-Control-Request-Method: POST\r\n", strangers[i]);
        response = ask_from(&daemon, "OPTIONS", "/predict", preflight.data);
        cr_http_check(&response, 405);
        cr_http_finish(&response);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* What a page of another origin asks for is not done, without any key at all; whoever is no
 * browser, or a page of the daemon's own or a listed origin, is served. */
static void test_foreign_pages(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->dir, NULL};
    static const char *const variables[] = {"CREDITRISK_CORS_ALLOW_ORIGINS=https://desk.example",
                                            NULL};
    static const struct {
        const char *headers;
        bool is_foreign;
    } cases[] = {
        {"", false},
        {"Origin: http://localhost\r\n", false}, /* the Host of cr_http_request */
        {"Origin: https://desk.example\r\n", false},
        {"Origin: https://desk.example\r\nSec-Fetch-Site: cross-site\r\n", false},
        {"Origin: https://front.example\r\nSec-Fetch-Site: same-origin\r\n", false}, /* proxied */
        {"Sec-Fetch-Site: none\r\n", false},
        {"Origin: https://evil.example\r\n", true},
        {"Origin: http://localhost:8002\r\n", true},
        {"Origin: null\r\n", true},
        {"Origin: https://desk.example.evil.example\r\n", true},
        {"Origin: http://localhost\r\nSec-Fetch-Site: same-site\r\n", true},
        {"Sec-Fetch-Site: cross-site\r\n", true},
    };
    static const char *const paths[] = {"/admin/reload", "/predict", "/predict/batch"};
    struct cr_daemon daemon;

    cr_daemon_start(&daemon, options, variables);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases) * CR_ARRAY_LEN(paths); i++) {
        const char *path = paths[i % CR_ARRAY_LEN(paths)];
        const char *given = cases[i / CR_ARRAY_LEN(paths)].headers;
        bool is_foreign = cases[i / CR_ARRAY_LEN(paths)].is_foreign;
        char headers[256];
        struct cr_http_response response;

        (void)snprintf(headers, sizeof(headers), JSON_TYPE "%s", given);
        response = cr_http_request(daemon.port, "POST", path, headers, "{}");
        if (is_foreign) {
            cr_http_check(&response, 403);
            cr_http_check_header(&response, "WWW-Authenticate", NULL); /* no key would help */
            assert_non_null(strstr(response.body, "only if cors.allow_origins lists it"));
        } else { /* there is no model: but it was asked */
            assert_int_equal(response.status, strcmp(path, "/admin/reload") == 0 ? 409 : 503);
        }
        cr_http_finish(&response);
        response = cr_http_request(daemon.port, "GET", "/livez", given, NULL);
        assert_int_equal(response.status, 200); /* what changes nothing may be asked */
        cr_http_finish(&response);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void check_own_page(int port, const char *path, const char *host, int status)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    int fd = cr_http_connect(port);
    struct cr_http_response response;

    cr_strbuf_printf(&text,
                     "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\n"
                     "Sec-Fetch-Site: same-origin\r\n" JSON_TYPE "Content-Length: 2\r\n\r\n{}",
                     path, host, host);
    assert_true(cr_http_send(fd, text.data, text.len));
    response = cr_http_read(fd, false);
    assert_int_equal(response.status, status);
    cr_http_finish(&response);
    (void)close(fd);
}

/* What the daemon's own page gets, under each name that a browser may know the daemon by. */
static void test_borrowed_names(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"--registry", fixture->dir, NULL};
    static const char *const modes[] = {"CREDITRISK_AUTH_MODE=none", "CREDITRISK_AUTH_MODE=key"};
    static const struct {
        const char *host;
        bool is_borrowed;
    } cases[] = {
        {"localhost", false},      {"LOCALHOST:8001", false},
        {"127.0.0.1:8001", false}, {"192.0.2.7", false},
        {"[::1]:8001", false},     {"evil.example", true},
        {"evil.example:1", true},  {"127.0.0.1.evil.example", true},
        {"127.0.0.1x", true},      {"localhost.evil.example", true},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(modes); i++) {
        const char *const variables[] = {modes[i], NULL};
        bool with_keys = i == 1;
        struct cr_daemon daemon;

        cr_daemon_start(&daemon, options, variables);
        for (size_t j = 0; j < CR_ARRAY_LEN(cases); j++) {
            int refused = cases[j].is_borrowed ? 403 : 409; /* else there is no model */

            check_own_page(daemon.port, "/admin/reload", cases[j].host, with_keys ? 401 : refused);
            check_own_page(daemon.port, "/predict", cases[j].host, with_keys ? 401 : 503);
        }
        assert_int_equal(cr_daemon_stop(&daemon), 0);
    }
}

static void test_bad_origins(void **state)
{
    static const char *const options[] = {"--listen", "127.0.0.1:0", NULL};
    static const char *const lists[] = {"*", "desk.example", "https://a.example,https://b.example/",
                                        "https://", "://a"};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(lists); i++) {
        CR_CLEANUP(cr_freep) char *output = NULL;
        char variable[128];
        const char *const variables[] = {variable, NULL};

        (void)snprintf(variable, sizeof(variable), "CREDITRISK_CORS_ALLOW_ORIGINS=%s", lists[i]);
        assert_int_equal(cr_daemon_run(options, variables, &output), 1);
        assert_non_null(strstr(output, "cors.allow_origins: '"));
    }
}

/* Without the setting there is no such header at all. */
static void test_no_origins(void **state)
{
    struct fixture *fixture = *state;
    struct cr_http_response response;
    struct cr_daemon daemon;

    start_quiet(&daemon, fixture);
    response = ask_from(&daemon, "GET", "/livez", "Origin: http://localhost:3000\r\n");
    cr_http_check(&response, 200);
    cr_http_check_header(&response, "Access-Control-Allow-Origin", NULL);
    cr_http_check_header(&response, "Vary", NULL);
    cr_http_finish(&response);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_origins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_origins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_borrowed_names, set_up, tear_down),
        cmocka_unit_test(test_bad_origins),
        cmocka_unit_test_setup_teardown(test_scopes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_of_the_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_presented, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_revoked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exposed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence, set_up, tear_down),
        cmocka_unit_test(test_silence_of_scores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
