// SPDX-License-Identifier: MIT
/* Raw bytes on the socket of a real server in this process, with a real champion. Whatever they
 * are, every answer is well-formed HTTP, what says that it is JSON is JSON, and no client's mistake
 * gets a 5xx (but 501 for a method and 505 for a version that nobody knows). Behind the input comes
 * a request of our own whose answer closes the connection; where the input swallows it, silence
 * ends the exchange. */
#include "fuzz.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "creditrisk/http/server.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/strbuf.h"
#include "fuzz_version.h"

/* A machine that stands still for a while uses up one pause, not all. */
enum { PAUSE_MS = 20, MAX_PAUSES = 1500, MAX_INPUT_LEN = 1 << 17 };

static const char closing[] =
    "\r\n\r\nGET /livez HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n\r\n";

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct cr_settings settings;
static struct cr_server *server;

static int open_listener(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", fuzz_folder());
    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    FUZZ_CHECK(listen(fd, SOMAXCONN) == 0);
    return fd;
}

static void start(void)
{
    static const char text[] = "{threads: 1, limits: {idle_timeout_s: 5}, log: {level: error}}\n";
    CR_CLEANUP(cr_freep) char *config = cr_fs_join(fuzz_folder(), "creditriskd.yaml");
    char fd[16];
    const struct cr_settings_flag flags[] = {
        {"config", config}, {"registry", fuzz_registry()}, {"listen-fd", fd}};
    struct cr_error err;

    fuzz_write(fuzz_folder(), "creditriskd.yaml", text, strlen(text));
    (void)snprintf(fd, sizeof(fd), "%d", open_listener());
    FUZZ_CHECK(cr_settings_load(flags, CR_ARRAY_LEN(flags), &settings, &err) == 0);
    cr_log_set_level(CR_LOG_ERROR);
    FUZZ_CHECK(cr_server_create(&settings, &server, &err) == 0);
    FUZZ_CHECK(cr_server_reload(server, &err) == 0);
    FUZZ_CHECK(cr_server_start(server, &err) == 0);
}

/* Everything that the server sends. *ret_cut: we gave up first, so the end may be missing. */
static void exchange(const uint8_t *data, size_t size, struct cr_strbuf *answer, bool *ret_cut)
{
    struct pollfd peer = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN};
    size_t n_pauses = 0;
    char bytes[4096];
    ssize_t n = 1;

    FUZZ_CHECK(peer.fd >= 0);
    FUZZ_CHECK(connect(peer.fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    (void)send(peer.fd, data, size, MSG_NOSIGNAL); /* it may have closed already */
    (void)send(peer.fd, closing, strlen(closing), MSG_NOSIGNAL);
    *ret_cut = false;
    while (n > 0) {
        int ready = poll(&peer, 1, PAUSE_MS);

        if (ready < 0) { /* a fuzzer's alarm */
            continue;
        }
        if (ready == 0) {
            FUZZ_CHECK(++n_pauses < MAX_PAUSES); /* it lets go of a client that left */
            *ret_cut = true;
            (void)shutdown(peer.fd, SHUT_WR);
            continue;
        }
        n = recv(peer.fd, bytes, sizeof(bytes), 0);
        if (n > 0) {
            cr_strbuf_append(answer, bytes, (size_t)n);
        }
    }
    (void)close(peer.fd);
}

/* The value of a header in head[0..len), NULL when absent. */
static const char *find_header(const char *head, const char *name)
{
    const char *line = head;

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            return line + strlen(name) + 1;
        }
    }
    return NULL;
}

static void check_status(const char *head)
{
    int status = atoi(head + 9);

    FUZZ_CHECK(strncmp(head, "HTTP/1.1 ", 9) == 0 || strncmp(head, "HTTP/1.0 ", 9) == 0);
    FUZZ_CHECK(status >= 100 && status < 600 && head[12] == ' ');
    FUZZ_CHECK(status < 500 || status == 501 || status == 505);
}

static void check_body(const char *head, const char *body, size_t len)
{
    const char *type = find_header(head, "Content-Type");
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    struct cr_error err;

    if (type != NULL && (strncmp(type, " application/json", 17) == 0 ||
                         strncmp(type, " application/problem+json", 25) == 0)) {
        FUZZ_CHECK(cr_json_parse("answer", body, len, &json, &err) == 0);
    }
}

/* libmicrohttpd 0.9.75 answers a Content-Length that is no number, or none that it can count, by
 * itself, before any handler of ours, and sends the head of its page twice. */
static bool is_doubled(const char *head, size_t head_len, const char *text, size_t len)
{
    return MHD_VERSION < 0x00097701 && head[9] == '4' &&
           find_header(head, "X-Request-ID") == NULL && len >= 2 * head_len &&
           memcmp(text + head_len, head, head_len) == 0;
}

/* How many of the answers may be to a HEAD. A request may follow a body without a line's end. */
static size_t count_heads(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size, *at = data;
    size_t n = 0;

    while ((at = memmem(at, (size_t)(end - at), "HEAD", 4)) != NULL) {
        n++;
        at += 4;
    }
    return n;
}

/* One answer at the start of text[0..len); its length, or 0 when its end is missing. One without
 * its body answers a HEAD, of which *n_heads are left. */
static size_t check_answer(const char *text, size_t len, size_t *n_heads)
{
    CR_CLEANUP(cr_freep) char *head = NULL;
    size_t head_len, body_len;
    const char *end;
    const char *length;

    FUZZ_CHECK(text != NULL); /* which a sanitizing compiler doubts */
    end = memmem(text, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    head_len = (size_t)(end - text) + 4;
    head = strndup(text, head_len);
    FUZZ_CHECK(head != NULL && strlen(head) == head_len);
    check_status(head);
    if (head[9] == '1' || is_doubled(head, head_len, text, len)) {
        return head_len;
    }
    length = find_header(head, "Content-Length");
    FUZZ_CHECK(length != NULL);
    body_len = (size_t)strtoull(length, NULL, 10);
    if (*n_heads > 0 && body_len > 0 &&
        (len == head_len || strncmp(text + head_len, "HTTP/1.", 7) == 0)) {
        --*n_heads;
        return head_len;
    }
    if (body_len > len - head_len) {
        return 0;
    }
    check_body(head, text + head_len, body_len);
    return head_len + body_len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf answer = CR_STRBUF_INIT;
    size_t n_heads = size > 0 ? count_heads(data, size) : 0;
    size_t at = 0;
    bool cut;

    if (server == NULL) {
        start();
    }
    if (size > MAX_INPUT_LEN) { /* what a socket's buffer takes without a reader */
        return 0;
    }
    exchange(data, size, &answer, &cut);
    FUZZ_CHECK(!answer.failed);
    while (at < answer.len) {
        size_t len = check_answer(answer.data + at, answer.len - at, &n_heads);

        FUZZ_CHECK(len > 0 || cut);
        if (len == 0) {
            break;
        }
        at += len;
    }
    return 0;
}
