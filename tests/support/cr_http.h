// SPDX-License-Identifier: MIT
/* An HTTP client that sends exactly the bytes it is given: what no well-behaved client would send
 * is what needs testing. Failures of the connection fail the test. */
#ifndef CREDITRISK_TESTS_CR_HTTP_H
#define CREDITRISK_TESTS_CR_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cr_http_response {
    int status; /* 0 when the connection ended before an answer */
    char *head; /* status line and headers, NUL-terminated */
    char *body; /* NUL-terminated */
    size_t body_len;
};

void cr_http_finish(struct cr_http_response *response);

/* A connection to 127.0.0.1; the fd is yours (close). Reads give up after 100 s. */
int cr_http_connect(int port);

/* The same from another address of this machine, e.g. "127.0.0.2". */
int cr_http_connect_from(const char *address, int port);

/* Sends all bytes; false when the peer no longer takes them. */
bool cr_http_send(int fd, const void *bytes, size_t len);
bool cr_http_puts(int fd, const char *text);

/* Reads one answer (100 Continue is passed over); `head_only` for answers to HEAD. Yours:
 * cr_http_finish. */
struct cr_http_response cr_http_read(int fd, bool head_only);

/* Whether the peer closes the connection without another byte. */
bool cr_http_is_closed(int fd);

/* How many clients the daemon has turned away for the reason, as /metrics says on this connection.
 */
long cr_http_n_rejected(int fd, const char *reason);

/* Waits until that is not 0, as a connection's end is counted behind it; fails the test when it
 * does not happen within 100 s. */
void cr_http_await_rejected(int fd, const char *reason);

/* The value of a header of the answer, or NULL; `ret_value` holds it. */
const char *cr_http_header(const struct cr_http_response *response, const char *name,
                           char ret_value[256]);

/* Fails the test unless the header has the value (NULL: is absent). */
void cr_http_check_header(const struct cr_http_response *response, const char *name,
                          const char *value);

/* Fails the test unless the status is this one and the headers are there that every answer of ours
 * carries, with an id made by the daemon. */
void cr_http_check(const struct cr_http_response *response, int status);

/* The text under key, "(none)" when there is none; borrowed. */
const char *cr_http_text(const json_t *object, const char *key);

/* The body as JSON; yours (json_decref). Fails the test when it is none. */
json_t *cr_http_json(const struct cr_http_response *response);

/* One request on its own connection. `headers` are complete lines with CR LF or "". */
struct cr_http_response cr_http_request(int port, const char *method, const char *path,
                                        const char *headers, const char *body);
struct cr_http_response cr_http_get(int port, const char *path);
struct cr_http_response cr_http_post_json(int port, const char *path, const char *body);

#endif
