// SPDX-License-Identifier: MIT
/* usage: bare_handler FD THREADS LENGTH
 *
 * The least that libmicrohttpd can do: it serves the listening socket FD as the daemon does, reads
 * every body into memory and answers with the same LENGTH bytes. Ends with its standard input. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The memory of a connection is the daemon's, too: the library clears it with every request. */
enum { MAX_BODY = 65536, CONNECTIONS = 1024, CONNECTION_BYTES = 24576 };

static struct MHD_Response *response;

struct body {
    size_t len;
    char bytes[MAX_BODY];
};

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_len, void **request)
{
    struct body *body = *request;

    (void)context;
    (void)url;
    (void)method;
    (void)version;
    if (body == NULL) {
        body = malloc(sizeof(*body));
        if (body == NULL) {
            return MHD_NO;
        }
        body->len = 0;
        *request = body;
        return MHD_YES;
    }
    if (*data_len > 0) {
        if (*data_len > MAX_BODY - body->len) {
            return MHD_NO;
        }
        memcpy(body->bytes + body->len, data, *data_len);
        body->len += *data_len;
        *data_len = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static void finish(void *context, struct MHD_Connection *connection, void **request,
                   enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*request);
    *request = NULL;
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *daemon;
    size_t len;
    char *text;
    char end;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: bare_handler FD THREADS LENGTH\n");
        return 2;
    }
    len = strtoul(argv[3], NULL, 10);
    text = malloc(len + 1);
    if (text == NULL) {
        return 1;
    }
    memset(text, 'x', len);
    response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, handle,
                              NULL, MHD_OPTION_LISTEN_SOCKET, atoi(argv[1]),
                              MHD_OPTION_THREAD_POOL_SIZE, (unsigned)atoi(argv[2]),
                              MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                              MHD_OPTION_NOTIFY_COMPLETED, finish, NULL, MHD_OPTION_END);
    if (response == NULL || daemon == NULL) {
        (void)fprintf(stderr, "bare_handler: libmicrohttpd does not start\n");
        return 1;
    }
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
