// SPDX-License-Identifier: MIT
/* Once warm, /predict takes no memory from the heap but what the HTTP library takes itself: a
 * server of this process. Linked with --wrap for the functions of the heap and for those of the C
 * library that allocate what they return, which catches every call of ours and none of a shared
 * library's. */
#include "cr_test.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cr_fixture.h"
#include "creditrisk/http/server.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"

enum { WARM = 50, COUNTED = 500 };

CR_DEFINE_CLEANUP(struct cr_server *, cr_server_destroy);

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

static atomic_size_t n_allocations;

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

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* One request and its whole answer; takes nothing from the heap, either. */
static void ask(int fd, const struct cr_strbuf *request)
{
    static char answer[65536];
    size_t len = 0, whole = sizeof(answer);

    assert_int_equal(send(fd, request->data, request->len, MSG_NOSIGNAL), request->len);
    while (len < whole) {
        ssize_t n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
        const char *head_end;

        assert_true(n > 0);
        len += (size_t)n;
        answer[len] = '\0';
        head_end = strstr(answer, "\r\n\r\n");
        if (head_end != NULL) {
            const char *length = strstr(answer, "Content-Length: ");

            assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
            assert_non_null(length);
            whole = (size_t)(head_end + 4 - answer) + strtoul(length + 16, NULL, 10);
        }
    }
    assert_int_equal(len, whole);
}

static void write_request(const struct cr_fixture *fixture, const char *query,
                          struct cr_strbuf *out)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_record_to_json(fixture->portfolio, &fixture->records[0]);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf body = CR_STRBUF_INIT;

    cr_json_write(json, false, &body);
    cr_strbuf_printf(out,
                     "POST /predict%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     query, body.len, cr_strbuf_text(&body));
}

static void check_kind(const char *kind)
{
    static const char *const queries[] = {"", "?explain=full"};
    CR_CLEANUP(cr_settings_finish) struct cr_settings settings = {0};
    CR_CLEANUP(cr_server_destroyp) struct cr_server *server = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_fixture fixture;
    struct cr_settings_flag flags[] = {{"registry", NULL}, {"listen", "127.0.0.1:0"}};
    struct cr_error err;
    int fd;

    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, kind);
    cr_fixture_promote(&fixture, version);
    flags[0].value = fixture.registry_dir;
    cr_assert_ok(cr_settings_load(flags, CR_ARRAY_LEN(flags), &settings, &err), &err);
    settings.threads = 1;
    cr_assert_ok(cr_server_create(&settings, &server, &err), &err);
    cr_assert_ok(cr_server_reload(server, &err), &err);
    cr_assert_ok(cr_server_start(server, &err), &err);
    fd = connect_to(cr_server_port(server));
    for (size_t i = 0; i < CR_ARRAY_LEN(queries); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf request = CR_STRBUF_INIT;
        size_t before;

        write_request(&fixture, queries[i], &request);
        for (size_t n = 0; n < WARM; n++) {
            ask(fd, &request);
        }
        before = atomic_load(&n_allocations);
        assert_true(before > 0); /* the wrap is there */
        for (size_t n = 0; n < COUNTED; n++) {
            ask(fd, &request);
        }
        assert_int_equal(atomic_load(&n_allocations) - before, 0);
    }
    (void)close(fd);
    cr_fixture_finish(&fixture);
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
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_logistic),
        cmocka_unit_test(test_forest),
    };

    cr_log_set_level(CR_LOG_WARN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
