// SPDX-License-Identifier: MIT
/* Once warm, /predict takes no memory from the heap but what the HTTP library takes itself, and
 * that library is asked for no new response; what many large requests at once have taken does not
 * stay: a server of this process. Linked with
 * --wrap for the functions of the heap and for those of the C library that allocate what they
 * return, which catches every call of ours and none of a shared library's. */
#include "cr_test.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cr_fixture.h"
#include "creditrisk/http/server.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"

enum { WARM = 50, COUNTED = 500, N_AT_ONCE = 8, LARGE_BODY = 60000 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

enum MHD_Result __real_MHD_add_response_header(struct MHD_Response *response, const char *name,
                                               const char *value);
enum MHD_Result __wrap_MHD_add_response_header(struct MHD_Response *response, const char *name,
                                               const char *value);
struct MHD_Response *__real_MHD_create_response_from_buffer_with_free_callback_cls(
    size_t size, void *bytes, MHD_ContentReaderFreeCallback release, void *owner);
struct MHD_Response *__wrap_MHD_create_response_from_buffer_with_free_callback_cls(
    size_t size, void *bytes, MHD_ContentReaderFreeCallback release, void *owner);

static atomic_size_t n_allocations;
static atomic_size_t n_responses;
static atomic_size_t n_lacking; /* headers for which there is no memory, from now on */

enum MHD_Result __wrap_MHD_add_response_header(struct MHD_Response *response, const char *name,
                                               const char *value)
{
    size_t n = atomic_load(&n_lacking);

    if (n > 0) {
        atomic_store(&n_lacking, n - 1);
        return MHD_NO;
    }
    return __real_MHD_add_response_header(response, name, value);
}

struct MHD_Response *__wrap_MHD_create_response_from_buffer_with_free_callback_cls(
    size_t size, void *bytes, MHD_ContentReaderFreeCallback release, void *owner)
{
    (void)atomic_fetch_add(&n_responses, 1);
    return __real_MHD_create_response_from_buffer_with_free_callback_cls(size, bytes, release,
                                                                         owner);
}

void *__wrap_malloc(size_t size)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_reallocarray(old, n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
    (void)atomic_fetch_add(&n_allocations, 1);
    return __real_strndup(text, n);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int at_once = 1; /* a body follows its head */

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void tell(int fd, const char *data, size_t len)
{
    assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static char answer[65536];

/* Reads up to the end of a head, and what follows it by its Content-Length; returns the status.
 * Takes nothing from the heap, either. */
static long hear(int fd)
{
    size_t len = 0, whole = sizeof(answer);

    while (len < whole) {
        ssize_t n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
        const char *head_end;

        assert_true(n > 0);
        len += (size_t)n;
        answer[len] = '\0';
        head_end = strstr(answer, "\r\n\r\n");
        if (head_end != NULL) {
            const char *length = strstr(answer, "Content-Length: ");

            whole = (size_t)(head_end + 4 - answer) +
                    (length != NULL ? strtoul(length + 16, NULL, 10) : 0);
        }
    }
    assert_int_equal(len, whole);
    assert_memory_equal(answer, "HTTP/1.1 ", 9);
    return strtol(answer + 9, NULL, 10);
}

struct request {
    struct cr_strbuf head;
    struct cr_strbuf body;
};

static void request_finish(struct request *request)
{
    cr_strbuf_finish(&request->head);
    cr_strbuf_finish(&request->body);
}

/* The record at least body_len bytes long, as JSON takes any number of spaces. */
static struct request make_request(const struct cr_fixture *fixture, const char *query,
                                   const char *headers, size_t body_len)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_record_to_json(fixture->portfolio, &fixture->records[0]);
    struct request request = {CR_STRBUF_INIT, CR_STRBUF_INIT};

    cr_json_write(json, false, &request.body);
    while (request.body.len < body_len) {
        cr_strbuf_putc(&request.body, ' ');
    }
    cr_strbuf_printf(&request.head,
                     "POST /predict%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n%s\r\n",
                     query, request.body.len, headers);
    assert_false(request.head.failed || request.body.failed);
    return request;
}

static void ask(int fd, const struct request *request)
{
    tell(fd, request->head.data, request->head.len);
    tell(fd, request->body.data, request->body.len);
    assert_int_equal(hear(fd), 200);
}

/* On every connection the same, which asks whether it may continue: no body is sent before all of
 * them have begun. Returns how often memory was taken. */
static size_t ask_at_once(const int fds[N_AT_ONCE], const struct request *request)
{
    size_t before = atomic_load(&n_allocations);

    for (size_t i = 0; i < N_AT_ONCE; i++) {
        tell(fds[i], request->head.data, request->head.len);
        assert_int_equal(hear(fds[i]), 100);
    }
    for (size_t i = 0; i < N_AT_ONCE; i++) {
        tell(fds[i], request->body.data, request->body.len);
        assert_int_equal(hear(fds[i]), 200);
    }
    return atomic_load(&n_allocations) - before;
}

struct service {
    struct cr_fixture fixture;
    struct cr_settings settings;
    struct cr_server *server;
};

/* With one worker. */
static void start(struct service *service, const char *kind)
{
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_settings_flag flags[] = {{"registry", NULL}, {"listen", "127.0.0.1:0"}};
    struct cr_error err;

    cr_fixture_init(&service->fixture);
    version = cr_fixture_publish(&service->fixture, kind);
    cr_fixture_promote(&service->fixture, version);
    flags[0].value = service->fixture.registry_dir;
    cr_assert_ok(cr_settings_load(flags, CR_ARRAY_LEN(flags), &service->settings, &err), &err);
    service->settings.threads = 1;
    cr_assert_ok(cr_server_create(&service->settings, &service->server, &err), &err);
    cr_assert_ok(cr_server_reload(service->server, &err), &err);
    cr_assert_ok(cr_server_start(service->server, &err), &err);
}

static void stop(struct service *service)
{
    cr_server_destroy(service->server);
    cr_settings_finish(&service->settings);
    cr_fixture_finish(&service->fixture);
}

static void check_kind(const char *kind)
{
    static const struct {
        const char *query;
        size_t body_len;
    } cases[] = {{"", 0}, {"?explain=full", 0}, {"", LARGE_BODY}};
    struct service service = {.server = NULL};
    int fd;

    start(&service, kind);
    fd = connect_to(cr_server_port(service.server));
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(request_finish)
        struct request request =
            make_request(&service.fixture, cases[i].query, "", cases[i].body_len);
        size_t before, responses;

        for (size_t n = 0; n < WARM; n++) {
            ask(fd, &request);
        }
        before = atomic_load(&n_allocations);
        responses = atomic_load(&n_responses);
        assert_true(before > 0 && responses > 0); /* the wraps are there */
        for (size_t n = 0; n < COUNTED; n++) {
            ask(fd, &request);
        }
        assert_int_equal(atomic_load(&n_allocations) - before, 0);
        assert_int_equal(atomic_load(&n_responses) - responses, 0);
    }
    (void)close(fd);
    stop(&service);
}

/* The memory of many requests at once stays where they are small. Of large ones, which could fill
 * the memory and stay for ever, one's does: the same again has to take that of all but one anew. */
static void test_at_once(void **state)
{
    static const char expect[] = "Expect: 100-continue\r\n";
    struct service service = {.server = NULL};
    int fds[N_AT_ONCE];

    (void)state;
    start(&service, "logistic");
    CR_CLEANUP(request_finish)
    struct request small = make_request(&service.fixture, "", expect, 0);
    CR_CLEANUP(request_finish)
    struct request large = make_request(&service.fixture, "", expect, LARGE_BODY);
    for (size_t i = 0; i < N_AT_ONCE; i++) {
        fds[i] = connect_to(cr_server_port(service.server));
    }
    (void)ask_at_once(fds, &small);
    (void)ask_at_once(fds, &small);
    assert_int_equal(ask_at_once(fds, &small), 0);
    (void)ask_at_once(fds, &large);
    (void)ask_at_once(fds, &large);
    assert_true(ask_at_once(fds, &large) >= N_AT_ONCE - 1);
    for (size_t i = 0; i < N_AT_ONCE; i++) {
        (void)close(fds[i]);
    }
    stop(&service);
}

/* An answer for which n headers could not be made is not the pattern for the next one. */
static void check_lacking(size_t n)
{
    struct service service = {.server = NULL};
    int fd;

    start(&service, "logistic");
    CR_CLEANUP(request_finish)
    struct request request = make_request(&service.fixture, "", "", 0);
    fd = connect_to(cr_server_port(service.server));
    atomic_store(&n_lacking, n);
    ask(fd, &request);
    assert_int_equal(atomic_load(&n_lacking), 0);
    ask(fd, &request);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(answer, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(answer, "\r\nX-Request-ID: "));
    (void)close(fd);
    stop(&service);
}

static void test_lacking(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 3; n++) {
        check_lacking(n);
    }
}

static void test_logistic(void **state)
{
    (void)state;
    check_kind("logistic");
}

/* A call that allocates inside the C library is counted, too. */
static void test_counting(void **state)
{
    size_t before = atomic_load(&n_allocations);
    CR_CLEANUP(cr_freep) char *copy = strdup("counted");

    (void)state;
    assert_non_null(copy);
    assert_int_equal(atomic_load(&n_allocations) - before, 1);
}

static void test_forest(void **state)
{
    (void)state;
    check_kind("xgboost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting), cmocka_unit_test(test_logistic),
        cmocka_unit_test(test_forest),   cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_lacking),
    };

    cr_log_set_level(CR_LOG_WARN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
