// SPDX-License-Identifier: MIT
/* What a worker keeps for requests to come: the memory of those that have ended. */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "kept.h"

/* So many; a large one among them at most. */
enum { MAX_SPARES = 64, SMALL_SPARE = 65536 };

struct cr_request *cr_spares_take(struct cr_server *server, struct cr_worker *worker)
{
    struct cr_request *request = worker->spares;

    if (request != NULL) {
        worker->spares = request->next;
        worker->n_spares--;
        memset(request, 0, offsetof(struct cr_request, arena));
    } else {
        request = calloc(1, sizeof(*request));
        if (request == NULL) {
            return NULL;
        }
        cr_arena_init(&request->arena, cr_request_memory(server->settings));
        cr_strbuf_init(&request->answer);
    }
    request->server = server;
    request->worker = worker;
    request->runner = worker;
    return request;
}

static void destroy(struct cr_request *request)
{
    cr_kept_destroy(request->kept);
    cr_strbuf_finish(&request->answer);
    cr_arena_finish(&request->arena);
    free(request);
}

/* Whatever its size if it is the only one, so that a client with large bodies does not allocate for
 * each; as many small ones as there were requests at once, up to MAX_SPARES. */
void cr_spares_give(struct cr_request *request)
{
    struct cr_worker *worker = request->worker;

    cr_arena_reset(&request->arena);
    cr_strbuf_reset(&request->answer);
    if (cr_request_is_batch(request) || worker->n_spares == MAX_SPARES ||
        (worker->n_spares > 0 &&
         cr_arena_kept(&request->arena) + request->answer.cap > SMALL_SPARE)) {
        destroy(request);
        return;
    }
    request->next = worker->spares;
    worker->spares = request;
    worker->n_spares++;
}

void cr_spares_free(struct cr_worker *worker)
{
    while (worker->spares != NULL) {
        struct cr_request *request = worker->spares;

        worker->spares = request->next;
        destroy(request);
    }
}
