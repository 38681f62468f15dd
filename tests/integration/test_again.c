// SPDX-License-Identifier: MIT
/* POST /predict, whose responses are sent again: each answer is its own request's all the same, and
 * those that need more headers get them. */
#include "cr_test.h"

#include <unistd.h>

#include "cr_champion.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

enum { N_CONNECTIONS = 3, N_ROUNDS = 40, N_BODIES = 8 };

#define ORIGIN "https://desk.example"

/* The bytes of a request; yours (free). `more` are complete header lines. */
static char *make(const char *query, const char *more, const char *body)
{
    struct cr_strbuf text = CR_STRBUF_INIT;
    char *bytes;

    cr_strbuf_printf(&text,
                     "POST /predict%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     "%sContent-Length: %zu\r\n\r\n%s",
                     query, more, strlen(body), body);
    bytes = cr_strbuf_steal(&text);
    assert_non_null(bytes);
    return bytes;
}

static void ask(int fd, const char *query, const char *more, const char *body)
{
    CR_CLEANUP(cr_freep) char *request = make(query, more, body);

    assert_true(cr_http_puts(fd, request));
}

/* One in three asks for all contributions. */
static void ask_nth(int fd, const char *body, size_t n)
{
    char id[64];

    (void)snprintf(id, sizeof(id), "X-Request-ID: again-%zu\r\n", n);
    ask(fd, n % 3 == 0 ? "?explain=full" : "", id, body);
}

/* The answer is the application's, under the request's own id, once. */
static void check_nth(int fd, const json_t *expected, size_t n)
{
    struct cr_http_response response = cr_http_read(fd, false);
    CR_CLEANUP(cr_json_decrefp) json_t *answer = cr_http_json(&response);
    const char *name = strstr(response.head, "X-Request-ID:");
    char id[32];

    (void)snprintf(id, sizeof(id), "again-%zu", n);
    assert_int_equal(response.status, 200);
    cr_http_check_header(&response, "X-Request-ID", id);
    assert_non_null(name);
    assert_null(strstr(name + 1, "X-Request-ID:"));
    cr_http_check_header(&response, "Content-Type", "application/json");
    cr_http_check_header(&response, "Cache-Control", "no-store");
    cr_http_check_header(&response, "X-Content-Type-Options", "nosniff");
    assert_int_equal(response.body_len % 128, 0);
    assert_string_equal(response.body + response.body_len - 1, "\n");
    assert_int_equal(strlen(cr_http_text(answer, "decision_id")), 36);
    assert_int_equal(json_object_del(answer, "decision_id"), 0);
    assert_int_equal(json_object_get(answer, "contributions") != NULL, n % 3 == 0);
    (void)json_object_del(answer, "contributions"); /* only there when asked for */
    assert_true(json_equal(answer, expected));
    cr_http_finish(&response);
}

/* On several connections at once, two requests on each at a time. */
static void test_mixed(void **state)
{
    static const char *const variables[] = {"CREDITRISK_THREADS=1", NULL};
    char *bodies[N_BODIES];
    json_t *expected[N_BODIES];
    int fds[N_CONNECTIONS];
    struct cr_daemon daemon;

    (void)state;
    cr_champion_start(&daemon, variables);
    for (size_t i = 0; i < N_BODIES; i++) {
        struct cr_http_response response;

        bodies[i] = cr_champion_application(i);
        response = cr_http_post_json(daemon.port, "/predict", bodies[i]);
        expected[i] = cr_http_json(&response);
        assert_int_equal(json_object_del(expected[i], "decision_id"), 0);
        cr_http_finish(&response);
    }
    for (size_t c = 0; c < N_CONNECTIONS; c++) {
        fds[c] = cr_http_connect(daemon.port);
    }
    for (size_t round = 0; round < N_ROUNDS; round++) {
        size_t first = 2 * N_CONNECTIONS * round;

        for (size_t k = 0; k < 2 * N_CONNECTIONS; k++) {
            ask_nth(fds[k % N_CONNECTIONS], bodies[(first + k) % N_BODIES], first + k);
        }
        for (size_t k = 0; k < 2 * N_CONNECTIONS; k++) {
            check_nth(fds[k % N_CONNECTIONS], expected[(first + k) % N_BODIES], first + k);
        }
    }
    for (size_t c = 0; c < N_CONNECTIONS; c++) {
        (void)close(fds[c]);
    }
    for (size_t i = 0; i < N_BODIES; i++) {
        free(bodies[i]);
        json_decref(expected[i]);
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Asks once more on the connection; the answer is 200, its header `name` has the value (NULL: is
 * absent). */
static void check_one(int fd, const char *more, const char *name, const char *value)
{
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(0);
    struct cr_http_response response;

    ask(fd, "", more, body);
    response = cr_http_read(fd, false);
    cr_http_check(&response, 200);
    cr_http_check_header(&response, name, value);
    cr_http_finish(&response);
}

/* A page's origin, and then none of it for the next client. */
static void test_origin(void **state)
{
    static const char *const variables[] = {"CREDITRISK_THREADS=1",
                                            "CREDITRISK_CORS_ALLOW_ORIGINS=" ORIGIN, NULL};
    static const char allow[] = "Access-Control-Allow-Origin";
    struct cr_daemon daemon;
    int fd;

    (void)state;
    cr_champion_start(&daemon, variables);
    fd = cr_http_connect(daemon.port);
    for (size_t i = 0; i < 3; i++) {
        check_one(fd, "", allow, NULL);
        check_one(fd, "Origin: " ORIGIN "\r\n", allow, ORIGIN);
        check_one(fd, "", "Vary", "Origin");
    }
    (void)close(fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

static void test_limit(void **state)
{
    static const char *const variables[] = {"CREDITRISK_THREADS=1",
                                            "CREDITRISK_RATE_LIMIT_REQUESTS=3",
                                            "CREDITRISK_RATE_LIMIT_WINDOW_S=3600", NULL};
    struct cr_daemon daemon;
    int fd;

    (void)state;
    cr_champion_start(&daemon, variables);
    fd = cr_http_connect(daemon.port);
    check_one(fd, "", "RateLimit", "\"default\";r=2;t=1200");
    check_one(fd, "", "RateLimit", "\"default\";r=1;t=2400");
    check_one(fd, "", "RateLimit", "\"default\";r=0;t=3600");
    (void)close(fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* One answer before the daemon begins to stop, one after it: false where that came too late. */
static bool is_answered_while_draining(void)
{
    static const char *const variables[] = {"CREDITRISK_THREADS=1", NULL};
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(0);
    CR_CLEANUP(cr_freep) char *request = make("", "", body);
    struct cr_daemon daemon;
    int fd;

    cr_champion_start(&daemon, variables);
    fd = cr_http_connect(daemon.port);
    check_one(fd, "", "Connection", NULL);
    return cr_daemon_answers_draining(&daemon, fd, request);
}

static void test_draining(void **state)
{
    enum { TRIES = 10 };
    size_t i = 0;

    (void)state;
    while (i < TRIES && !is_answered_while_draining()) {
        i++;
    }
    assert_true(i < TRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_draining),
    };

    return cmocka_run_group_tests(tests, cr_champion_set_up, cr_champion_tear_down);
}
