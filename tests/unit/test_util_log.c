// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"

static int saved_stderr;
static int reader;

/* Standard error becomes a datagram socket: one write is one message. */
static int redirect(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(pair[1], STDERR_FILENO) >= 0);
    assert_int_equal(close(pair[1]), 0);
    reader = pair[0];
    return 0;
}

static int restore(void **state)
{
    (void)state;
    assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
    assert_int_equal(close(saved_stderr), 0);
    assert_int_equal(close(reader), 0);
    cr_log_set_level(CR_LOG_INFO);
    return 0;
}

/* The next line as JSON, or NULL when nothing was written. */
static json_t *next_line(void)
{
    char line[65536];
    ssize_t len = recv(reader, line, sizeof(line) - 1, MSG_DONTWAIT);
    struct cr_error err;
    json_t *json = NULL;

    if (len <= 0) {
        return NULL;
    }
    line[len] = '\0';
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    cr_assert_ok(cr_json_parse("log", line, (size_t)len, &json, &err), &err);
    return json;
}

static const char *member(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static void test_line(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;
    void *first;

    (void)state;
    cr_log(CR_LOG_WARN, "listening", "{s:s, s:i}", "address", "a\n\"b\"", "port", 80);
    line = next_line();
    assert_non_null(line);
    first = json_object_iter(line);
    assert_string_equal(json_object_iter_key(first), "time");
    assert_int_equal(strlen(member(line, "time")), 24);
    assert_string_equal(member(line, "level"), "warn");
    assert_string_equal(member(line, "event"), "listening");
    assert_string_equal(member(line, "address"), "a\n\"b\"");
    assert_int_equal(json_integer_value(json_object_get(line, "port")), 80);
    assert_int_equal(json_object_size(line), 5);
    assert_null(next_line());
}

static void test_without_members(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;

    (void)state;
    cr_log(CR_LOG_INFO, "ready", NULL);
    line = next_line();
    assert_non_null(line);
    assert_int_equal(json_object_size(line), 3);
}

static void test_level(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;

    (void)state;
    cr_log(CR_LOG_DEBUG, "unheard", NULL);
    assert_null(next_line());
    cr_log_set_level(CR_LOG_ERROR);
    cr_log(CR_LOG_WARN, "unheard", NULL);
    assert_null(next_line());
    cr_log(CR_LOG_ERROR, "heard", NULL);
    line = next_line();
    assert_non_null(line);
    assert_string_equal(member(line, "level"), "error");
}

/* A line in the caller's own memory looks like any other, and asks for none once it has enough. */
static void test_own_memory(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const char *memory = NULL;

    (void)state;
    for (int i = 0; i < 3; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;

        cr_strbuf_reset(&text);
        assert_true(cr_log_begin(CR_LOG_WARN, "request", &text));
        cr_strbuf_printf(&text, ",\"n\":%d", i);
        cr_log_end(&text);
        line = next_line();
        assert_non_null(line);
        assert_string_equal(json_object_iter_key(json_object_iter(line)), "time");
        assert_int_equal(strlen(member(line, "time")), 24);
        assert_string_equal(member(line, "level"), "warn");
        assert_string_equal(member(line, "event"), "request");
        assert_int_equal(json_integer_value(json_object_get(line, "n")), i);
        assert_int_equal(json_object_size(line), 4);
        assert_true(memory == NULL || memory == text.data);
        memory = text.data;
    }
    cr_strbuf_reset(&text);
    assert_false(cr_log_begin(CR_LOG_DEBUG, "unheard", &text));
    assert_int_equal(text.len, 0);
    assert_null(next_line());
}

/* An event is reported even if its members cannot be. */
static void test_bad_members(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;

    (void)state;
    cr_log(CR_LOG_INFO, "odd", "{s:s}", "text", "\xff");
    line = next_line();
    assert_non_null(line);
    assert_string_equal(member(line, "event"), "odd");
    assert_non_null(member(line, "log_error"));
}

/* A pipe that nobody reads: no call waits, and once there is room the loss is told, in order. */
static void test_full_pipe(void **state)
{
    enum { MANY = 4000 }; /* of more bytes than a pipe holds */
    size_t n_told = 0, n_lost = 0;
    char line[4096];
    FILE *lines;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    assert_int_equal(close(ends[1]), 0);
    for (int i = 0; i < MANY; i++) {
        cr_log(CR_LOG_INFO, "told", "{s:i}", "i", i);
    }
    lines = fdopen(ends[0], "r");
    assert_non_null(lines);
    while (fgets(line, sizeof(line), lines) != NULL) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
        struct cr_error err;

        cr_assert_ok(cr_json_parse("log", line, strlen(line), &json, &err), &err);
        if (strcmp(member(json, "event"), "log_lost") == 0) {
            n_lost = (size_t)json_integer_value(json_object_get(json, "n"));
            assert_string_equal(member(json, "level"), "warn");
        } else if (strcmp(member(json, "event"), "told") == 0) {
            assert_int_equal(json_integer_value(json_object_get(json, "i")), n_told++);
            if (n_told == 1) { /* there is room again */
                cr_log(CR_LOG_INFO, "last", NULL);
            }
        } else {
            break; /* the last */
        }
    }
    assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
    assert_string_equal(strstr(line, "\"last\"") != NULL ? "last" : line, "last");
    assert_int_equal(n_told + n_lost, MANY);
    assert_true(n_told > 100 && n_lost > 100);
    assert_int_equal(fclose(lines), 0);
    assert_int_equal(close(saved_stderr), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line, redirect, restore),
        cmocka_unit_test_setup_teardown(test_without_members, redirect, restore),
        cmocka_unit_test_setup_teardown(test_level, redirect, restore),
        cmocka_unit_test_setup_teardown(test_own_memory, redirect, restore),
        cmocka_unit_test_setup_teardown(test_bad_members, redirect, restore),
        cmocka_unit_test(test_full_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
