// SPDX-License-Identifier: MIT
/* Private to http/: work that would hold up an event thread, done by a few threads of its own. What
 * waits is bounded. Any thread may call. */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

struct cr_queue;

/* One piece of work, inside what it works on. */
struct cr_job {
    void (*run)(struct cr_job *job, size_t thread); /* thread < n_threads; may free the job */
    struct cr_job *next;                            /* the queue's */
};

/* Yours: cr_queue_destroy. CR_ENOMEM, CR_EUNAVAIL. */
int cr_queue_create(size_t n_threads, size_t capacity, struct cr_queue **ret_queue,
                    struct cr_error *err);

/* No place can be reserved from now on; runs what waits and what comes into the places that were
 * reserved before, then ends the threads. NULL is no queue. */
void cr_queue_stop(struct cr_queue *queue);

/* Stops it first, unless that was done. */
void cr_queue_destroy(struct cr_queue *queue);

/* A place among the waiting for a job that will surely be pushed; false when all are taken
 * or it stops. */
bool cr_queue_reserve(struct cr_queue *queue);

/* The job waits for a thread, in the place that was reserved. */
void cr_queue_push(struct cr_queue *queue, struct cr_job *job);

#endif
