// SPDX-License-Identifier: MIT
#include "cr_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

enum { PATIENCE_S = 100 };

void cr_http_finish(struct cr_http_response *response)
{
    free(response->head);
    free(response->body);
    *response = (struct cr_http_response){0};
}

int cr_http_connect(int port)
{
    return cr_http_connect_from("127.0.0.1", port);
}

int cr_http_connect_from(const char *from, int port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from)};
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

bool cr_http_send(int fd, const void *bytes, size_t len)
{
    const char *rest = bytes;

    while (len > 0) {
        ssize_t n = send(fd, rest, len, MSG_NOSIGNAL);

        if (n < 0) {
            return false;
        }
        rest += n;
        len -= (size_t)n;
    }
    return true;
}

bool cr_http_puts(int fd, const char *text)
{
    return cr_http_send(fd, text, strlen(text));
}

/* The next byte, −1 at the end of the connection. */
static int read_byte(int fd)
{
    unsigned char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    if (n < 0) {
        assert_int_equal(errno, ECONNRESET); /* anything else is a peer that does not answer */
    }
    return n == 1 ? byte : -1;
}

static void read_head(int fd, struct cr_http_response *response)
{
    struct cr_strbuf head = CR_STRBUF_INIT;
    int byte;

    while ((head.len < 4 || memcmp(head.data + head.len - 4, "\r\n\r\n", 4) != 0) &&
           (byte = read_byte(fd)) >= 0) {
        cr_strbuf_putc(&head, (char)byte);
    }
    response->status = 0;
    if (head.len > 12) {
        assert_memory_equal(head.data, "HTTP/1.1 ", 9);
        response->status = atoi(head.data + 9);
    }
    response->head = cr_strbuf_steal(&head);
    assert_non_null(response->head);
}

struct cr_http_response cr_http_read(int fd, bool head_only)
{
    struct cr_http_response response = {0};
    struct cr_strbuf body = CR_STRBUF_INIT;
    char length[256];
    size_t len = 0;

    do {
        free(response.head);
        read_head(fd, &response);
    } while (response.status == 100);
    if (response.status != 0 && response.status != 204) {
        assert_non_null(cr_http_header(&response, "Content-Length", length));
        len = head_only ? 0 : (size_t)atol(length);
    }
    while (body.len < len) {
        char bytes[4096];
        size_t rest = len - body.len;
        ssize_t n = recv(fd, bytes, rest < sizeof(bytes) ? rest : sizeof(bytes), 0);

        assert_true(n > 0);
        cr_strbuf_append(&body, bytes, (size_t)n);
    }
    response.body_len = len;
    response.body = cr_strbuf_steal(&body);
    assert_non_null(response.body);
    return response;
}

long cr_http_n_rejected(int fd, const char *reason)
{
    struct cr_http_response response;
    char line[96];
    const char *found;
    long n;

    (void)snprintf(line, sizeof(line), "\ncreditrisk_connections_rejected_total{reason=\"%s\"} ",
                   reason);
    assert_true(cr_http_puts(fd, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"));
    response = cr_http_read(fd, false);
    assert_int_equal(response.status, 200);
    found = strstr(response.body, line);
    assert_non_null(found);
    n = strtol(found + strlen(line), NULL, 10);
    cr_http_finish(&response);
    return n;
}

void cr_http_await_rejected(int fd, const char *reason)
{
    int64_t end_ns = cr_clock_ns() + PATIENCE_S * INT64_C(1000000000);

    while (cr_http_n_rejected(fd, reason) == 0) {
        if (cr_clock_ns() > end_ns) {
            fail_msg("nobody was turned away for the reason '%s'", reason);
        }
        (void)usleep(20000); /* the daemon shall not be busy with the question */
    }
}

bool cr_http_is_closed(int fd)
{
    return read_byte(fd) < 0;
}

const char *cr_http_header(const struct cr_http_response *response, const char *name,
                           char ret_value[256])
{
    size_t len = strlen(name);
    const char *line = response->head;

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");

            (void)snprintf(ret_value, 256, "%.*s", (int)strcspn(value, "\r"), value);
            return ret_value;
        }
    }
    return NULL;
}

void cr_http_check_header(const struct cr_http_response *response, const char *name,
                          const char *value)
{
    char text[256];
    const char *found = cr_http_header(response, name, text);

    if (value == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, value);
    }
}

void cr_http_check(const struct cr_http_response *response, int status)
{
    char id[256];

    assert_int_equal(response->status, status);
    assert_non_null(cr_http_header(response, "X-Request-ID", id));
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    cr_http_check_header(response, "X-Content-Type-Options", "nosniff");
}

const char *cr_http_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "(none)";
}

json_t *cr_http_json(const struct cr_http_response *response)
{
    struct cr_error err = {0};
    json_t *json = NULL;

    cr_assert_ok(cr_json_parse("answer", response->body, response->body_len, &json, &err), &err);
    return json;
}

struct cr_http_response cr_http_request(int port, const char *method, const char *path,
                                        const char *headers, const char *body)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_http_response response;
    int fd = cr_http_connect(port);

    cr_strbuf_printf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, path, headers);
    if (body != NULL) {
        cr_strbuf_printf(&text, "Content-Length: %zu\r\n", strlen(body));
    }
    cr_strbuf_printf(&text, "\r\n%s", body != NULL ? body : "");
    assert_true(cr_http_send(fd, text.data, text.len));
    response = cr_http_read(fd, strcmp(method, "HEAD") == 0);
    (void)close(fd); /* the answer is here */
    return response;
}

struct cr_http_response cr_http_get(int port, const char *path)
{
    return cr_http_request(port, "GET", path, "", NULL);
}

struct cr_http_response cr_http_post_json(int port, const char *path, const char *body)
{
    return cr_http_request(port, "POST", path, "Content-Type: application/json\r\n", body);
}
