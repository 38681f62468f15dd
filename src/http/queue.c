// SPDX-License-Identifier: MIT
#include "queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"

/* Long work takes the processor time that the event threads leave. */
enum { NICE = 10 };

struct cr_queue {
    size_t capacity;
    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t pushed; /* or `stop` */
    bool stop;
    size_t n_reserved; /* places: jobs that wait or will */
    size_t n_claimed;  /* threads that have their number */
    struct cr_job *first;
    struct cr_job **last; /* where the next one goes */
    size_t n_threads;
    pthread_t threads[];
};

CR_DEFINE_CLEANUP(struct cr_queue *, cr_queue_destroy);

static struct cr_job *pop(struct cr_queue *queue)
{
    struct cr_job *job = queue->first;

    queue->first = job->next;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    queue->n_reserved--;
    if (queue->stop && queue->n_reserved == 0) {
        (void)pthread_cond_broadcast(&queue->pushed); /* nothing more will come */
    }
    return job;
}

static void *run(void *argument)
{
    struct cr_queue *queue = argument;
    size_t number;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* else it only is less polite */
    (void)pthread_mutex_lock(&queue->lock);                /* these fail only for misuse */
    number = queue->n_claimed++;
    while (queue->n_reserved > 0 || !queue->stop) {
        struct cr_job *job;

        if (queue->first == NULL) {
            (void)pthread_cond_wait(&queue->pushed, &queue->lock);
            continue;
        }
        job = pop(queue);
        (void)pthread_mutex_unlock(&queue->lock);
        job->run(job, number);
        (void)pthread_mutex_lock(&queue->lock);
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return NULL;
}

int cr_queue_create(size_t n_threads, size_t capacity, struct cr_queue **ret_queue,
                    struct cr_error *err)
{
    CR_CLEANUP(cr_queue_destroyp)
    struct cr_queue *queue = calloc(1, sizeof(*queue) + n_threads * sizeof(queue->threads[0]));

    if (queue == NULL) {
        return cr_error_no_memory(err);
    }
    *queue = (struct cr_queue){
        .capacity = capacity,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .pushed = PTHREAD_COND_INITIALIZER,
        .last = &queue->first,
    };
    for (; queue->n_threads < n_threads; queue->n_threads++) {
        int failed = pthread_create(&queue->threads[queue->n_threads], NULL, run, queue);

        if (failed != 0) {
            return cr_error_set(err, CR_EUNAVAIL, "cannot start a thread: %s", strerror(failed));
        }
    }
    *ret_queue = CR_STEAL(queue);
    return 0;
}

void cr_queue_stop(struct cr_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&queue->lock); /* these fail only for misuse */
    queue->stop = true;
    (void)pthread_cond_broadcast(&queue->pushed);
    (void)pthread_mutex_unlock(&queue->lock);
    while (queue->n_threads > 0) { /* fails only for threads that are none */
        (void)pthread_join(queue->threads[--queue->n_threads], NULL);
    }
}

void cr_queue_destroy(struct cr_queue *queue)
{
    cr_queue_stop(queue);
    free(queue);
}

bool cr_queue_reserve(struct cr_queue *queue)
{
    bool reserved;

    (void)pthread_mutex_lock(&queue->lock); /* these fail only for misuse */
    reserved = !queue->stop && queue->n_reserved < queue->capacity;
    queue->n_reserved += reserved;
    (void)pthread_mutex_unlock(&queue->lock);
    return reserved;
}

void cr_queue_push(struct cr_queue *queue, struct cr_job *job)
{
    (void)pthread_mutex_lock(&queue->lock); /* these fail only for misuse */
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
    (void)pthread_cond_signal(&queue->pushed);
    (void)pthread_mutex_unlock(&queue->lock);
}
