// SPDX-License-Identifier: MIT
#include "content.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "creditrisk/util/clock.h"
#include "http.h"

enum { LARGE_BLOCK = 32768 };

struct large {
    struct cr_server *server;
    struct cr_timer *timer; /* the connection's: there for as long as it is read */
    int fd;                 /* so is this */
    int64_t start_ns;       /* 0 until the first byte is asked for */
    struct cr_content content;
    size_t held_bytes; /* of the budget, for … */
    struct cr_address client;
};

static void release(const struct cr_content *content)
{
    if (content->release != NULL) {
        content->release(content->owner);
    }
}

static ssize_t read_large(void *context, uint64_t position, char *out, size_t max)
{
    struct large *large = context;
    size_t rest = large->content.len - (size_t)position;
    size_t n = rest < max ? rest : max;
    int n_pending = 0; /* handed to the system, which still has it */
    size_t n_taken;

    if (large->start_ns == 0) {
        large->start_ns = cr_clock_ns();
    }
    (void)ioctl(large->fd, SIOCOUTQ, &n_pending); /* of a local socket nothing is known */
    n_taken = (size_t)position > (size_t)n_pending ? (size_t)position - (size_t)n_pending : 0;
    cr_timer_set(large->timer,
                 cr_connections_transfer_due(large->server->connections, large->start_ns, n_taken));
    memcpy(out, large->content.bytes + position, n);
    return (ssize_t)n;
}

static void free_large(void *context)
{
    struct large *large = context;

    if (large->held_bytes > 0) {
        cr_budget_release(large->server->budget, &large->client, large->held_bytes);
    }
    release(&large->content);
    free(large);
}

/* The content is consumed on success only. */
static struct MHD_Response *respond_large(struct cr_request *request, struct cr_content content)
{
    size_t held_bytes = cr_request_is_batch(request) ? content.len : 0;
    struct large *large = malloc(sizeof(*large));
    struct MHD_Response *response = NULL;

    if (large == NULL) {
        return NULL;
    }
    *large = (struct large){
        .server = request->server,
        .timer = &request->peer->timer,
        .fd = request->peer->fd,
        .content = content,
        .client = request->client,
    };
    if (held_bytes == 0 || cr_budget_hold(large->server->budget, &large->client, held_bytes)) {
        large->held_bytes = held_bytes;
        response = MHD_create_response_from_callback(content.len, LARGE_BLOCK, read_large, large,
                                                     free_large);
    }
    if (response == NULL) {
        large->content.release = NULL;
        free_large(large);
    }
    return response;
}

struct MHD_Response *cr_content_respond(struct cr_request *request, struct cr_content content)
{
    struct MHD_Response *response;

    if (content.len > CR_CONTENT_LARGE) {
        response = respond_large(request, content);
    } else {
        request->answer_len = content.len;
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            content.len, (void *)content.bytes, content.release, content.owner); /* only read */
    }
    if (response == NULL) {
        release(&content);
    }
    return response;
}
