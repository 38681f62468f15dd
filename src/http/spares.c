// SPDX-License-Identifier: MIT
/* What a worker keeps for requests to come: the memory of those that have ended. */
#include <stdlib.h>

#include "http.h"
#include "kept.h"

/* So many; a large one among them at most. */
enum { MAX_SPARES = 64, SMALL_SPARE = 65536 };

struct cr_request *cr_spares_take(struct cr_server *server, struct cr_worker *worker)
{
    struct cr_request *request = worker->spares;
    struct cr_request fresh = {.server = server, .worker = worker, .runner = worker};

    if (request != NULL) {
        worker->spares = request->next;
        worker->n_spares--;
        fresh.arena = request->arena;
        fresh.answer = request->answer;
        fresh.kept = request->kept;
    } else {
        request = malloc(sizeof(*request));
        if (request == NULL) {
            return NULL;
        }
        cr_arena_init(&fresh.arena, cr_request_memory(server->settings));
        cr_strbuf_init(&fresh.answer);
    }
    *request = fresh;
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
