// SPDX-License-Identifier: MIT
/* Batches when there is too much of them: more than wait, more than memory is for, clients that
 * leave or do not read. What is refused is told so, and the next one is served. */
#include "cr_test.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cr_champion.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

#define SMALL_BATCH CR_CHAMPION_BATCH "Content-Length: 4\r\n\r\n[{}]"
#define SECOND      INT64_C(1000000000)

enum { BATCH_BYTES = 1 << 20 };

/* Limits of this file: one thread, one place to wait; a batch of 1 MiB, and 4 MiB for a client. */
#define QUEUE_OF_ONE "CREDITRISK_QUEUE_THREADS=1", "CREDITRISK_QUEUE_LENGTH=1"
#define SMALL_BUDGET                                                                               \
    "CREDITRISK_LIMITS_BATCH_BYTES=1048576", "CREDITRISK_LIMITS_BODIES_BYTES=8388608"
#define PATIENT "CREDITRISK_LIMITS_TRANSFER_TIMEOUT_S=60"

/* A whole request with so many rows that lack everything: short to say, long to answer. */
static void write_batch(struct cr_strbuf *out, size_t n_rows)
{
    cr_strbuf_printf(out, CR_CHAMPION_BATCH "Content-Length: %zu\r\n\r\n[{}", 3 * n_rows + 1);
    for (size_t i = 1; i < n_rows; i++) {
        cr_strbuf_puts(out, ",{}");
    }
    cr_strbuf_putc(out, ']');
}

static int send_batch(const char *from, int port, size_t n_rows)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf request = CR_STRBUF_INIT;
    int fd = cr_http_connect_from(from, port);

    write_batch(&request, n_rows);
    assert_true(cr_http_send(fd, request.data, request.len));
    return fd;
}

/* Reads one answer, closes the connection; the status. What is refused says when to come again. */
static int finish(int fd)
{
    struct cr_http_response response = cr_http_read(fd, false);
    int status = response.status;
    char value[256];

    if (status == 503) {
        assert_non_null(cr_http_header(&response, "Retry-After", value));
        cr_http_check_header(&response, "Connection", "close");
    }
    cr_http_finish(&response);
    (void)close(fd);
    return status;
}

static int ask(const char *from, int port, size_t n_rows)
{
    return finish(send_batch(from, port, n_rows));
}

static long n_rejected(int port, const char *reason)
{
    int fd = cr_http_connect(port);
    long n = cr_http_n_rejected(fd, reason);

    (void)close(fd);
    return n;
}

static void test_full_queue(void **state)
{
    enum { N = 8, ROWS = 5000 };
    static const char *const variables[] = {QUEUE_OF_ONE, NULL};
    struct cr_daemon daemon;
    int fds[N];
    int n_served = 0;

    (void)state;
    cr_champion_start(&daemon, variables);
    for (size_t i = 0; i < N; i++) {
        fds[i] = send_batch("127.0.0.1", daemon.port, ROWS);
    }
    for (size_t i = 0; i < N; i++) {
        int status = finish(fds[i]);

        assert_true(status == 200 || status == 503);
        n_served += status == 200;
    }
    assert_in_range(n_served, 1, N - 1);
    assert_int_equal(n_rejected(daemon.port, "queue"), N - n_served);
    assert_int_equal(ask("127.0.0.1", daemon.port, 1), 200);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A batch's body but for its last byte. */
static int begin_body(const char *from, int port, size_t len)
{
    CR_CLEANUP(cr_freep) char *piece = malloc(len);
    int fd = cr_http_connect_from(from, port);
    char head[256];

    assert_non_null(piece);
    memset(piece, ' ', len);
    (void)snprintf(head, sizeof(head), CR_CHAMPION_BATCH "Content-Length: %zu\r\n\r\n", len);
    assert_true(cr_http_puts(fd, head));
    (void)cr_http_send(fd, piece, len - 1); /* or it is refused on the way */
    return fd;
}

/* Bodies that do not end: of three that take nearly half of a client's share each, two at most are
 * waited for; another client's batch is served beside them. */
static void test_bodies_fill_share(void **state)
{
    static const char *const variables[] = {SMALL_BUDGET, PATIENT, NULL};
    struct pollfd bodies[3];
    struct cr_daemon daemon;
    size_t n_refused = 0;

    (void)state;
    cr_champion_start(&daemon, variables);
    for (size_t i = 0; i < CR_ARRAY_LEN(bodies); i++) {
        bodies[i].fd = begin_body("127.0.0.1", daemon.port, BATCH_BYTES);
        bodies[i].events = POLLIN;
    }
    assert_true(poll(bodies, CR_ARRAY_LEN(bodies), 20000) > 0);
    assert_int_equal(ask("127.0.0.2", daemon.port, 1), 200);
    for (size_t i = 0; i < CR_ARRAY_LEN(bodies); i++) {
        if (bodies[i].revents != 0) {
            assert_int_equal(finish(bodies[i].fd), 503);
            n_refused++;
        } else {
            (void)close(bodies[i].fd);
        }
    }
    assert_in_range(n_refused, 1, 2);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* An answer, too, needs its part of the share: with more and more unfinished bodies there comes one
 * for which nothing is left, and its client is told so. When the bodies are gone it is served
 * again. */
static void test_answers_fill_share(void **state)
{
    enum { MAX_BODIES = 60, BODY_BYTES = 1 << 18 };
    static const char *const variables[] = {SMALL_BUDGET, PATIENT, NULL};
    struct cr_daemon daemon;
    int bodies[MAX_BODIES];
    size_t n = 0;
    int status;

    (void)state;
    cr_champion_start(&daemon, variables);
    while ((status = ask("127.0.0.1", daemon.port, 40)) == 200 && n < MAX_BODIES) {
        bodies[n++] = begin_body("127.0.0.1", daemon.port, BODY_BYTES);
    }
    assert_int_equal(status, 503);
    assert_int_equal(ask("127.0.0.2", daemon.port, 40), 200);
    while (n > 0) {
        (void)close(bodies[--n]);
    }
    while (ask("127.0.0.1", daemon.port, 40) != 200) { /* until their end has been seen */
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A short request whose answer is more than a client's share: another time would not help. */
static void test_large_answer(void **state)
{
    static const char *const variables[] = {SMALL_BUDGET, NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;
    int fd;

    (void)state;
    cr_champion_start(&daemon, variables);
    fd = send_batch("127.0.0.1", daemon.port, 10000);
    response = cr_http_read(fd, false);
    cr_http_check(&response, 413);
    assert_non_null(strstr(response.body, "it must not have more than 4194304 bytes"));
    cr_http_finish(&response);
    (void)close(fd);
    assert_int_equal(ask("127.0.0.1", daemon.port, 100), 200);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A chunked body, whose size nobody has announced, ends where it is too large. */
static void test_large_body(void **state)
{
    static const char *const variables[] = {SMALL_BUDGET, NULL};
    CR_CLEANUP(cr_freep) char *chunk = malloc(1 << 16);
    struct cr_daemon daemon;
    int fd;

    (void)state;
    assert_non_null(chunk);
    memset(chunk, ' ', 1 << 16);
    cr_champion_start(&daemon, variables);
    fd = cr_http_connect(daemon.port);
    assert_true(cr_http_puts(fd, CR_CHAMPION_BATCH "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t sent = 0; sent < 2 * BATCH_BYTES; sent += 1 << 16) {
        if (!cr_http_puts(fd, "10000\r\n") || !cr_http_send(fd, chunk, 1 << 16) ||
            !cr_http_puts(fd, "\r\n")) {
            break; /* it has heard enough */
        }
    }
    assert_int_equal(finish(fd), 413);
    assert_int_equal(ask("127.0.0.1", daemon.port, 1), 200);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Clients that leave while their batch is answered or waits. */
static void test_gone(void **state)
{
    static const char *const variables[] = {"CREDITRISK_QUEUE_THREADS=1", NULL};
    struct cr_daemon daemon;

    (void)state;
    cr_champion_start(&daemon, variables);
    for (size_t i = 0; i < 6; i++) {
        (void)close(send_batch("127.0.0.1", daemon.port, 2000));
    }
    assert_int_equal(ask("127.0.0.1", daemon.port, 1), 200); /* behind them all */
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* An answer of megabytes that its client does not take is given up after the time that it has, and
 * not before. */
static void test_slow_reader(void **state)
{
    static const char *const variables[] = {"CREDITRISK_LIMITS_TRANSFER_TIMEOUT_S=1",
                                            "CREDITRISK_LIMITS_TRANSFER_BYTES_PER_S=1000000000",
                                            NULL};
    struct cr_daemon daemon;
    struct pollfd polled = {.events = POLLRDHUP};
    int64_t start_ns;
    int fd;

    (void)state;
    cr_champion_start(&daemon, variables);
    polled.fd = send_batch("127.0.0.1", daemon.port, 10000);
    start_ns = cr_clock_ns();
    assert_int_equal(poll(&polled, 1, 60000), 1);
    assert_true(cr_clock_ns() - start_ns >= SECOND);
    fd = cr_http_connect(daemon.port);
    cr_http_await_rejected(fd, "deadline");
    assert_int_equal(cr_http_n_rejected(fd, "deadline"), 1);
    (void)close(fd);
    (void)close(polled.fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A champion whose report is larger than what sockets hold between them. */
static void publish_report(size_t len)
{
    struct cr_fixture *fixture = cr_champion_fixture();
    const struct cr_registry_actor actor = {"test", ""};
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_stage(fixture, "logistic", &manifest);
    CR_CLEANUP(cr_freep) char *report = malloc(len);
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_error err;

    assert_non_null(report);
    memset(report, ' ', len);
    memcpy(report, "{}", 2);
    cr_fixture_write(dir, "report/report.json", report, len);
    cr_assert_ok(cr_registry_publish(fixture->registry, fixture->portfolio->name, dir, manifest,
                                     &actor, &version, &err),
                 &err);
    cr_fixture_promote(fixture, version);
}

/* Reads what is there until `len` bytes have come, at most `max` of them every 20 ms; false when
 * the daemon hangs up before. */
static bool read_steadily(int fd, size_t len, size_t max)
{
    CR_CLEANUP(cr_freep) char *piece = malloc(max);

    assert_non_null(piece);
    for (size_t n_read = 0; n_read < len;) {
        struct pollfd pause = {.fd = -1};
        ssize_t n;

        (void)poll(&pause, 1, 20);
        n = recv(fd, piece, max, 0);
        if (n <= 0) {
            return false;
        }
        n_read += (size_t)n;
    }
    return true;
}

/* A document, like any other answer, has the time that its size asks for: who reads steadily has
 * all of it long after the flat part of the deadline, who reads nothing is cut. */
static void test_document_reader(void **state)
{
    enum { LEN = 16 << 20, PIECE = 1 << 16 };
    static const char request[] = "GET /report.json HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char *const variables[] = {"CREDITRISK_LIMITS_TRANSFER_TIMEOUT_S=1",
                                            "CREDITRISK_LIMITS_TRANSFER_BYTES_PER_S=1000000", NULL};
    struct pollfd polled = {.events = POLLRDHUP};
    struct cr_daemon daemon;
    int64_t start_ns;
    int size = 65536;
    int fd;

    (void)state;
    publish_report(LEN);
    cr_champion_start(&daemon, variables);
    fd = cr_http_connect(daemon.port);
    start_ns = cr_clock_ns();
    assert_true(cr_http_puts(fd, request));
    assert_true(read_steadily(fd, LEN, PIECE));
    assert_true(cr_clock_ns() - start_ns > 2 * SECOND);
    (void)close(fd);
    polled.fd = cr_http_connect(daemon.port);
    assert_int_equal(setsockopt(polled.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    start_ns = cr_clock_ns();
    assert_true(cr_http_puts(polled.fd, request));
    assert_int_equal(poll(&polled, 1, 60000), 1);
    assert_true(cr_clock_ns() - start_ns >= SECOND);
    (void)close(polled.fd);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* A budget that no batch could be served from is refused at the start. */
static void test_budget_setting(void **state)
{
    static const char *const options[] = {"--listen", "127.0.0.1:0", NULL};
    static const char *const variables[] = {"CREDITRISK_LIMITS_BODIES_BYTES=60000000", NULL};
    CR_CLEANUP(cr_freep) char *output = NULL;

    (void)state;
    assert_int_equal(cr_daemon_run(options, variables, &output), 1);
    assert_non_null(strstr(output, "limits.bodies_bytes is '60000000'"));
}

static void test_media_words(void **state)
{
    static const char *const variables[] = {NULL};
    struct cr_http_response response;
    struct cr_daemon daemon;

    (void)state;
    cr_champion_start(&daemon, variables);
    response =
        cr_http_request(daemon.port, "POST", "/predict/batch", "Content-Type: text/csv\r\n", "a,b");
    cr_http_check(&response, 415);
    assert_non_null(strstr(response.body, "application/json, or one JSON object a line, with "
                                          "application/x-ndjson"));
    cr_http_finish(&response);
    response =
        cr_http_request(daemon.port, "POST", "/predict", "Content-Type: text/csv\r\n", "a,b");
    cr_http_check(&response, 415);
    assert_null(strstr(response.body, "ndjson"));
    cr_http_finish(&response);
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_queue),         cmocka_unit_test(test_bodies_fill_share),
        cmocka_unit_test(test_answers_fill_share), cmocka_unit_test(test_large_answer),
        cmocka_unit_test(test_large_body),         cmocka_unit_test(test_gone),
        cmocka_unit_test(test_slow_reader),        cmocka_unit_test(test_document_reader),
        cmocka_unit_test(test_budget_setting),     cmocka_unit_test(test_media_words),
    };

    return cmocka_run_group_tests(tests, cr_champion_set_up, cr_champion_tear_down);
}
