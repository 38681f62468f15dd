// SPDX-License-Identifier: MIT
/* Bytes on the socket at and around every limit, each with its stated answer. What two servers
 * could read differently stands in test_http.c. Where the handler cannot see something, the answer
 * is the library's and may differ by its version: the case says so. */
#include "cr_test.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

#define GET  "GET /livez HTTP/1.1\r\nHost: h\r\n"
#define POST "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

enum { HEADER_BYTES = 16384, HEADER_COUNT = 64, BODY_BYTES = 65536, PIPELINED = 100 };

/* One daemon without a model for all: a body that was read to its end gets 503 from /predict. */
static struct cr_daemon daemon_;

static int start_all(void **state)
{
    /* bytes that come with the end of the connection the library may keep until then */
    static const char *const variables[] = {"CREDITRISK_LIMITS_HEADER_TIMEOUT_S=3", NULL};
    const char *options[] = {"--registry", NULL, NULL};
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();

    (void)state;
    options[1] = dir;
    cr_daemon_start(&daemon_, options, variables);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    assert_int_equal(cr_daemon_stop(&daemon_), 0);
    return 0;
}

/* Sends the bytes as one write and checks the one answer; `closes` says what comes after it. */
static void check(const char *bytes, size_t len, int status, bool closes)
{
    int fd = cr_http_connect(daemon_.port);
    struct cr_http_response response;

    (void)cr_http_send(fd, bytes, len); /* the daemon may hang up before the end */
    response = cr_http_read(fd, false);
    if (response.status != status) {
        fail_msg("%d instead of %d for %zu bytes:\n%.200s", response.status, status, len, bytes);
    }
    cr_http_check(&response, status);
    cr_http_finish(&response);
    if (closes) {
        assert_true(cr_http_is_closed(fd));
    } else { /* the connection is as good as new */
        assert_true(cr_http_puts(fd, GET "\r\n"));
        response = cr_http_read(fd, false);
        cr_http_check(&response, 200);
        cr_http_finish(&response);
    }
    (void)close(fd);
}

static void check_text(const char *text, int status, bool closes)
{
    check(text, strlen(text), status, closes);
}

/* Host is one of the 64. */
static void test_header_count(void **state)
{
    (void)state;
    for (size_t n = HEADER_COUNT - 1; n <= HEADER_COUNT + 1; n++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

        cr_strbuf_puts(&text, GET);
        for (size_t i = 1; i < n; i++) {
            cr_strbuf_printf(&text, "X-%zu: a\r\n", i);
        }
        cr_strbuf_puts(&text, "\r\n");
        check(text.data, text.len, n > HEADER_COUNT ? 431 : 200, n > HEADER_COUNT);
    }
}

/* Request line, headers and the empty line together. */
static void test_header_bytes(void **state)
{
    (void)state;
    for (size_t len = HEADER_BYTES - 1; len <= HEADER_BYTES + 1; len++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

        cr_strbuf_puts(&text, GET "X: ");
        while (text.len < len - 4) {
            cr_strbuf_putc(&text, 'a');
        }
        cr_strbuf_puts(&text, "\r\n\r\n");
        assert_int_equal(text.len, len);
        check(text.data, text.len, len > HEADER_BYTES ? 431 : 200, len > HEADER_BYTES);
    }
}

/* Appends headers until there are n of them and, with the empty line, HEADER_BYTES in all. */
static void fill_headers(struct cr_strbuf *text, size_t n_there, size_t n)
{
    const size_t frame = strlen("X-000: \r\n");

    for (size_t i = n_there; i < n; i++) {
        size_t rest = HEADER_BYTES - text->len - strlen("\r\n");
        size_t len = rest / (n - i) - frame;

        cr_strbuf_printf(text, "X-%03zu: ", i);
        for (size_t k = 0; k < len; k++) {
            cr_strbuf_putc(text, 'a');
        }
        cr_strbuf_puts(text, "\r\n");
    }
    cr_strbuf_puts(text, "\r\n");
    assert_int_equal(text->len, HEADER_BYTES);
}

/* n headers, as large together as they may be, and beside them arguments, which the library keeps
 * as well, and a body. */
static void check_full_headers(size_t n)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    cr_strbuf_puts(&text, "POST /predict?");
    for (int i = 0; i < 16; i++) {
        cr_strbuf_puts(&text, "a=1&");
    }
    cr_strbuf_printf(&text,
                     " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     "Content-Length: %d\r\n",
                     BODY_BYTES);
    fill_headers(&text, 3, n);
    for (size_t i = 0; i < BODY_BYTES; i++) {
        cr_strbuf_putc(&text, ' ');
    }
    check(text.data, text.len, 503, false);
}

static void test_full_headers(void **state)
{
    (void)state;
    check_full_headers(HEADER_COUNT);
}

/* The room for headers grows with the number that is allowed. */
static void test_many_headers_are_allowed(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};
    const char *const settings[] = {"CREDITRISK_LIMITS_HEADER_COUNT=400", NULL};
    struct cr_daemon usual = daemon_;

    (void)state;
    cr_daemon_start(&daemon_, options, settings);
    check_full_headers(400);
    assert_int_equal(cr_daemon_stop(&daemon_), 0);
    daemon_ = usual;
}

static void test_body_bytes(void **state)
{
    (void)state;
    for (size_t len = BODY_BYTES - 1; len <= BODY_BYTES + 1; len++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

        cr_strbuf_printf(&text, POST "Content-Length: %zu\r\n\r\n", len);
        for (size_t i = 0; i < len; i++) {
            cr_strbuf_putc(&text, ' ');
        }
        check(text.data, text.len, len > BODY_BYTES ? 413 : 503, len > BODY_BYTES);
    }
}

/* A body of `len` bytes in chunks of `size`. */
static void put_chunked(struct cr_strbuf *text, size_t len, size_t size)
{
    cr_strbuf_puts(text, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < len; i += size) {
        size_t n = len - i < size ? len - i : size;

        cr_strbuf_printf(text, "%zx\r\n", n);
        for (size_t j = 0; j < n; j++) {
            cr_strbuf_putc(text, ' ');
        }
        cr_strbuf_puts(text, "\r\n");
    }
    cr_strbuf_puts(text, "0\r\n\r\n");
}

static void test_chunks(void **state)
{
    static const struct {
        size_t len;
        size_t size;
    } cases[] = {{1, 1},      {100, 1},        {BODY_BYTES - 1, 4096}, {BODY_BYTES, BODY_BYTES},
                 {0, 1},      {BODY_BYTES, 7}, {BODY_BYTES + 1, 4096}, {BODY_BYTES + 1, 1},
                 {1000000, 1}};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        bool over = cases[i].len > BODY_BYTES;

        put_chunked(&text, cases[i].len, cases[i].size);
        check(text.data, text.len, over ? 413 : 503, over);
    }
}

static void test_chunk_forms(void **state)
{
    (void)state;
    /* trailers are passed over */
    check_text(POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n", 503, false);
    check_text(POST "transfer-encoding: Chunked\r\n\r\n002\r\n{}\r\n000\r\n\r\n", 503, false);
}

/* The rest of the answer after the status, whatever the library says: no second answer. */
static void check_refused(const char *text, const char *const *statuses)
{
    int fd = cr_http_connect(daemon_.port);
    char rest[65536];
    size_t len = 0;
    bool known = false;
    ssize_t n;

    assert_true(cr_http_puts(fd, text));
    (void)shutdown(fd, SHUT_WR);
    while (len < sizeof(rest) - 1 && (n = recv(fd, rest + len, sizeof(rest) - 1 - len, 0)) > 0) {
        len += (size_t)n;
    }
    rest[len] = '\0';
    for (; *statuses != NULL; statuses++) {
        known = known || (len == 0 && **statuses == '\0') ||
                (**statuses != '\0' && strncmp(rest, *statuses, strlen(*statuses)) == 0);
    }
    if (!known || strstr(rest, "alive") != NULL) {
        fail_msg("answer to\n%s\nis\n%s", text, rest);
    }
    (void)close(fd);
}

/* Framing below the handler. "" stands for a connection that is closed without a word. */
static void test_framing_by_version(void **state)
{
#define HIDDEN "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"
    static const struct {
        const char *text;
        const char *statuses[4];
    } cases[] = {
        /* a bare LF ends no line: 0.9.75 lets the handler see and refuse it, 1.0.1 refuses itself
         */
        {"GET /livez HTTP/1.1\nHost: h\n\n", {"HTTP/1.1 400", ""}},
        {"GET /livez HTTP/1.1\r\nHost: h\n\r\n", {"HTTP/1.1 400", ""}},
        {"GET /livez HTTP/1.1\r\nHost: h\r\n\n", {"HTTP/1.1 400", ""}},
        /* a size that is none, or is beyond all numbers */
        {POST "Transfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n" HIDDEN, {"HTTP/1.1 400"}},
        {POST "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" HIDDEN, {"HTTP/1.1 400"}},
        {POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n" HIDDEN,
         {"HTTP/1.1 400", "HTTP/1.1 413"}},
        {POST "Content-Length: 99999999999999999999\r\n\r\n{}" HIDDEN,
         {"HTTP/1.1 400", "HTTP/1.1 413"}},
        /* a chunk that is longer than it says */
        {POST "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" HIDDEN, {"HTTP/1.1 400"}},
        /* an extension of a chunk: 0.9.75 passes it over, 1.0.1 refuses it */
        {POST "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2;a=b\r\n{}\r\n0\r\n\r\n",
         {"HTTP/1.1 503", "HTTP/1.1 400"}},
        /* versions: 1.0.1 answers 505 where 0.9.75 closes */
        {"GET /livez HTTP/2.0\r\nHost: h\r\n\r\n", {"HTTP/1.1 505", "HTTP/1.1 400", ""}},
        {"GET /livez HTTP/0.9\r\nHost: h\r\n\r\n", {"HTTP/1.1 505", "HTTP/1.1 400", ""}},
        {"GET /livez FTP/1.1\r\nHost: h\r\n\r\n", {"HTTP/1.1 400", "HTTP/1.1 505", ""}},
        {"GET /livez\r\n\r\n", {"HTTP/1.1 505", "HTTP/1.1 400", ""}},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {"HTTP/1.1 505", "HTTP/1.1 400", ""}},
        {"\x16\x03\x01\x02\x01\x01", {"HTTP/1.1 400", ""}},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        check_refused(cases[i].text, cases[i].statuses);
    }
}

/* A bare LF at the end of a chunk's line: 0.9.75 takes it, and then the body is what it says; 1.0.1
 * refuses. In neither case is anything behind the body a request of the first one's making. */
static void test_bare_lf_in_chunks(void **state)
{
    int fd = cr_http_connect(daemon_.port);
    struct cr_http_response response;

    (void)state;
    assert_true(cr_http_puts(fd, POST "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n"));
    response = cr_http_read(fd, false);
    assert_true(response.status == 503 || response.status == 400);
    if (response.status == 400) {
        assert_true(cr_http_is_closed(fd));
    }
    cr_http_finish(&response);
    (void)close(fd);
}

static void test_http_1_0(void **state)
{
    (void)state;
    check_text("GET /livez HTTP/1.0\r\n\r\n", 200, true); /* needs no Host */
    check_text("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false);
    check_text("POST /predict HTTP/1.0\r\nContent-Type: application/json\r\n"
               "Content-Length: 2\r\n\r\n{}",
               503, true);
}

static void test_gzip(void **state)
{
    (void)state;
    check_text(POST "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08 ", 415, false);
    check_text(POST "Content-Encoding: br, gzip\r\nContent-Length: 2\r\n\r\n{}", 415, false);
    check_text(POST "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 503, false);
}

static void *send_all(void *argument)
{
    const struct cr_strbuf *text = ((void **)argument)[0];

    (void)cr_http_send(*(int *)((void **)argument)[1], text->data, text->len); /* read will tell */
    return NULL;
}

/* A hundred requests in one write are answered in their order, each with its own id. */
static void test_pipelining(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    int fd = cr_http_connect(daemon_.port);
    void *arguments[] = {&text, &fd};
    pthread_t sender;

    (void)state;
    for (int i = 0; i < PIPELINED; i++) {
        if (i % 3 == 0) {
            cr_strbuf_printf(&text, POST "X-Request-ID: r%d\r\nContent-Length: 2\r\n\r\n{}", i);
        } else if (i % 3 == 1) {
            cr_strbuf_printf(&text, GET "X-Request-ID: r%d\r\n\r\n", i);
        } else {
            cr_strbuf_printf(&text,
                             POST "X-Request-ID: r%d\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
                             i);
        }
    }
    assert_int_equal(pthread_create(&sender, NULL, send_all, arguments), 0);
    for (int i = 0; i < PIPELINED; i++) {
        struct cr_http_response response = cr_http_read(fd, false);
        char id[16];

        (void)snprintf(id, sizeof(id), "r%d", i);
        assert_int_equal(response.status, i % 3 == 1 ? 200 : 503);
        cr_http_check_header(&response, "X-Request-ID", id);
        cr_http_finish(&response);
    }
    assert_int_equal(pthread_join(sender, NULL), 0);
    (void)close(fd);
}

/* Bytes in single writes are the same request. */
static void test_byte_by_byte(void **state)
{
    static const char text[] = POST "Content-Length: 2\r\n\r\n{}";
    int fd = cr_http_connect(daemon_.port);
    struct cr_http_response response;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_true(cr_http_send(fd, text + i, 1));
    }
    response = cr_http_read(fd, false);
    cr_http_check(&response, 503);
    cr_http_finish(&response);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_count),
        cmocka_unit_test(test_header_bytes),
        cmocka_unit_test(test_full_headers),
        cmocka_unit_test(test_many_headers_are_allowed),
        cmocka_unit_test(test_body_bytes),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_chunk_forms),
        cmocka_unit_test(test_framing_by_version),
        cmocka_unit_test(test_bare_lf_in_chunks),
        cmocka_unit_test(test_http_1_0),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_byte_by_byte),
    };

    return cmocka_run_group_tests(tests, start_all, stop_all);
}
