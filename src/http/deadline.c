// SPDX-License-Identifier: MIT
/* A binary heap of the watched timers, by the time of their next review; places count from 1, so
 * that zeroed memory is a timer that is not watched. heap[i]'s children are heap[2i] and
 * heap[2i + 1]. */
#include "deadline.h"

#include <assert.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"

struct cr_deadlines {
    int64_t shortest_ns;
    size_t capacity;
    pthread_mutex_t lock;   /* guards what follows, and the timers' own members */
    pthread_cond_t changed; /* the nearest review, or `stop` */
    bool stop;
    size_t n;
    struct cr_timer **heap; /* [1 … n] */
    pthread_t thread;
};

static void put(struct cr_deadlines *deadlines, size_t place, struct cr_timer *timer)
{
    deadlines->heap[place] = timer;
    timer->place = place;
}

/* Finds the timer's place, beginning at `place`, which is free. */
static void sift(struct cr_deadlines *deadlines, size_t place, struct cr_timer *timer)
{
    struct cr_timer **heap = deadlines->heap;

    while (place > 1 && heap[place / 2]->review_ns > timer->review_ns) {
        put(deadlines, place, heap[place / 2]);
        place /= 2;
    }
    while (2 * place <= deadlines->n) {
        size_t child = 2 * place;

        if (child < deadlines->n && heap[child + 1]->review_ns < heap[child]->review_ns) {
            child++;
        }
        if (heap[child]->review_ns >= timer->review_ns) {
            break;
        }
        put(deadlines, place, heap[child]);
        place = child;
    }
    put(deadlines, place, timer);
}

static void take_out(struct cr_deadlines *deadlines, struct cr_timer *timer)
{
    size_t place = timer->place;
    struct cr_timer *last = deadlines->heap[deadlines->n--];

    timer->place = 0;
    if (last != timer) {
        sift(deadlines, place, last);
    }
}

static int64_t next_review(const struct cr_deadlines *deadlines, const struct cr_timer *timer,
                           int64_t now_ns)
{
    int64_t deadline_ns = atomic_load_explicit(&timer->deadline_ns, memory_order_relaxed);
    int64_t latest_ns = now_ns + deadlines->shortest_ns;

    return deadline_ns < latest_ns ? deadline_ns : latest_ns;
}

/* Ends the connection both ways. What its client did not take would keep the system's memory long
 * after the close: it is thrown away. */
static void cut(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int n_pending = 0;

    if (ioctl(fd, SIOCOUTQ, &n_pending) == 0 && n_pending > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)); /* or it is kept */
    }
    (void)shutdown(fd, SHUT_RDWR); /* fails when the client has gone already */
}

/* Cuts the nearest timer, or puts it off. */
static void review(struct cr_deadlines *deadlines, int64_t now_ns)
{
    struct cr_timer *timer = deadlines->heap[1];

    if (atomic_load_explicit(&timer->deadline_ns, memory_order_relaxed) <= now_ns) {
        take_out(deadlines, timer);
        atomic_store(&timer->is_cut, true);
        cut(timer->fd);
        return;
    }
    timer->review_ns = next_review(deadlines, timer, now_ns);
    sift(deadlines, 1, timer);
}

static void *run(void *argument)
{
    struct cr_deadlines *deadlines = argument;

    (void)pthread_mutex_lock(&deadlines->lock); /* these fail only for misuse */
    while (!deadlines->stop) {
        int64_t now_ns = cr_clock_ns();

        if (deadlines->n == 0) {
            (void)pthread_cond_wait(&deadlines->changed, &deadlines->lock);
        } else if (deadlines->heap[1]->review_ns <= now_ns) {
            review(deadlines, now_ns);
        } else {
            int64_t until_ns = deadlines->heap[1]->review_ns;
            struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};

            (void)pthread_cond_clockwait(&deadlines->changed, &deadlines->lock, CLOCK_MONOTONIC,
                                         &until); /* the loop looks at the clock */
        }
    }
    (void)pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

int cr_deadlines_create(size_t capacity, int64_t shortest_ns, struct cr_deadlines **ret_deadlines,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_deadlines *deadlines = calloc(1, sizeof(*deadlines));
    CR_CLEANUP(cr_freep) struct cr_timer **heap = calloc(capacity + 1, sizeof(struct cr_timer *));
    int failed;

    if (deadlines == NULL || heap == NULL) {
        return cr_error_no_memory(err);
    }
    *deadlines = (struct cr_deadlines){
        .shortest_ns = shortest_ns,
        .capacity = capacity,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
        .heap = heap,
    };
    failed = pthread_create(&deadlines->thread, NULL, run, deadlines);
    if (failed != 0) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot start a thread: %s", strerror(failed));
    }
    heap = NULL;
    *ret_deadlines = CR_STEAL(deadlines);
    return 0;
}

void cr_deadlines_destroy(struct cr_deadlines *deadlines)
{
    if (deadlines == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&deadlines->lock); /* these fail only for misuse */
    deadlines->stop = true;
    (void)pthread_cond_signal(&deadlines->changed);
    (void)pthread_mutex_unlock(&deadlines->lock);
    (void)pthread_join(deadlines->thread, NULL);
    free(deadlines->heap);
    free(deadlines);
}

void cr_deadlines_watch(struct cr_deadlines *deadlines, struct cr_timer *timer, int fd,
                        int64_t deadline_ns)
{
    (void)pthread_mutex_lock(&deadlines->lock); /* these fail only for misuse */
    assert(timer->place == 0 && deadlines->n < deadlines->capacity);
    cr_timer_set(timer, deadline_ns);
    atomic_store(&timer->is_cut, false);
    timer->fd = fd;
    timer->review_ns = next_review(deadlines, timer, cr_clock_ns());
    sift(deadlines, ++deadlines->n, timer);
    if (timer->place == 1) {
        (void)pthread_cond_signal(&deadlines->changed);
    }
    (void)pthread_mutex_unlock(&deadlines->lock);
}

void cr_deadlines_forget(struct cr_deadlines *deadlines, struct cr_timer *timer)
{
    (void)pthread_mutex_lock(&deadlines->lock); /* these fail only for misuse */
    if (timer->place != 0) {
        take_out(deadlines, timer);
    }
    (void)pthread_mutex_unlock(&deadlines->lock);
}
