// SPDX-License-Identifier: MIT
#include "creditrisk/util/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"

struct loop {
    pthread_mutex_t mutex;
    size_t n;
    size_t next;
    cr_parallel_fn *fn;
    void *context;
    int result; /* of the smallest failing index so far */
    size_t failed_index;
    struct cr_error error;
};

/* Locking a plain mutex of our own cannot fail. */
static void lock(struct loop *loop)
{
    (void)pthread_mutex_lock(&loop->mutex);
}

static void unlock(struct loop *loop)
{
    (void)pthread_mutex_unlock(&loop->mutex);
}

static bool take(struct loop *loop, size_t *ret_index)
{
    bool taken;

    lock(loop);
    taken = loop->result == 0 && loop->next < loop->n;
    if (taken) {
        *ret_index = loop->next++;
    }
    unlock(loop);
    return taken;
}

static void fail(struct loop *loop, size_t index, int result, const struct cr_error *error)
{
    lock(loop);
    if (loop->result == 0 || index < loop->failed_index) {
        loop->result = result;
        loop->failed_index = index;
        loop->error = *error;
    }
    unlock(loop);
}

static void *work(void *argument)
{
    struct loop *loop = argument;
    size_t index;

    while (take(loop, &index)) {
        struct cr_error error = {0};
        int result = loop->fn(index, loop->context, &error);

        if (result != 0) {
            fail(loop, index, result, &error);
        }
    }
    return NULL;
}

size_t cr_parallel_n_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return n < 1 ? 1 : (size_t)n;
}

int cr_parallel_for(size_t n, size_t jobs, cr_parallel_fn *fn, void *context, struct cr_error *err)
{
    struct loop loop = {.mutex = PTHREAD_MUTEX_INITIALIZER, .n = n, .fn = fn, .context = context};
    CR_CLEANUP(cr_freep) pthread_t *threads = NULL;
    size_t n_started = 0;
    size_t n_helpers;

    jobs = jobs == 0 ? cr_parallel_n_processors() : jobs;
    jobs = jobs < n ? jobs : n;
    n_helpers = jobs > 0 ? jobs - 1 : 0;
    threads = calloc(n_helpers + 1, sizeof(*threads));
    if (threads == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for %zu threads", n_helpers);
    }
    while (n_started < n_helpers && pthread_create(&threads[n_started], NULL, work, &loop) == 0) {
        n_started++;
    }
    (void)work(&loop); /* the caller works too: a missing thread costs time, not the result */
    for (size_t i = 0; i < n_started; i++) {
        (void)pthread_join(threads[i], NULL); /* cannot fail: started here, joined once */
    }
    (void)pthread_mutex_destroy(&loop.mutex); /* nobody holds it */
    if (loop.result != 0 && err != NULL) {
        *err = loop.error;
    }
    return loop.result;
}
