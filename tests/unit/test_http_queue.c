// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "../../src/http/queue.h"

enum { THREADS = 3, CAPACITY = 5, JOBS = 2000 };

struct work {
    struct cr_job job; /* first */
    size_t number;
    sem_t *started; /* NULL = neither tell nor wait */
    sem_t *go_on;
};

static atomic_size_t n_done;
static atomic_size_t per_thread[THREADS];
static size_t order[JOBS];

static void do_work(struct cr_job *job, size_t thread)
{
    struct work *work = (struct work *)job;

    assert_true(thread < THREADS);
    if (work->started != NULL) {
        assert_int_equal(sem_post(work->started), 0);
        assert_int_equal(sem_wait(work->go_on), 0);
    }
    (void)atomic_fetch_add(&per_thread[thread], 1);
    order[atomic_fetch_add(&n_done, 1)] = work->number;
}

static struct cr_queue *create(size_t n_threads)
{
    struct cr_queue *queue;
    struct cr_error err;

    atomic_store(&n_done, 0);
    cr_assert_ok(cr_queue_create(n_threads, CAPACITY, &queue, &err), &err);
    return queue;
}

/* While the threads are busy exactly CAPACITY jobs can wait; a place is free again as soon as a
 * thread takes its job up. */
static void test_full(void **state)
{
    struct cr_queue *queue = create(1);
    struct work works[CAPACITY + 2];
    sem_t started, go_on;

    (void)state;
    assert_int_equal(sem_init(&started, 0, 0), 0);
    assert_int_equal(sem_init(&go_on, 0, 0), 0);
    for (size_t i = 0; i < CAPACITY + 2; i++) {
        works[i] = (struct work){{.run = do_work}, i, &started, &go_on};
    }
    assert_true(cr_queue_reserve(queue));
    cr_queue_push(queue, &works[0].job);
    assert_int_equal(sem_wait(&started), 0); /* it is being done: it waits no more */
    for (size_t i = 1; i <= CAPACITY; i++) {
        assert_true(cr_queue_reserve(queue));
        cr_queue_push(queue, &works[i].job);
    }
    assert_false(cr_queue_reserve(queue));
    assert_int_equal(sem_post(&go_on), 0);
    assert_int_equal(sem_wait(&started), 0);
    assert_true(cr_queue_reserve(queue));
    assert_false(cr_queue_reserve(queue));
    cr_queue_push(queue, &works[CAPACITY + 1].job);
    for (size_t i = 0; i <= CAPACITY; i++) {
        assert_int_equal(sem_post(&go_on), 0);
    }
    cr_queue_destroy(queue);
    assert_int_equal(n_done, CAPACITY + 2);
    for (size_t i = 0; i < CAPACITY + 2; i++) {
        assert_int_equal(order[i], i); /* first come, first served */
    }
    (void)sem_destroy(&started);
    (void)sem_destroy(&go_on);
}

/* Nothing is lost and nothing is done twice; destroy does what waits. */
static void test_many(void **state)
{
    struct cr_queue *queue = create(THREADS);
    static struct work works[JOBS];
    static bool seen[JOBS];

    (void)state;
    for (size_t i = 0; i < JOBS; i++) {
        works[i] = (struct work){.job = {.run = do_work}, .number = i};
        while (!cr_queue_reserve(queue)) {
        }
        cr_queue_push(queue, &works[i].job);
    }
    cr_queue_destroy(queue);
    cr_queue_destroy(NULL);
    assert_int_equal(n_done, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
    }
}

static void *stop(void *queue)
{
    cr_queue_stop(queue);
    return NULL;
}

/* A place that was given is kept: the queue ends only when its job has come and is done; nobody
 * else gets one. */
static void test_stop(void **state)
{
    static struct work others[JOBS];

    (void)state;
    for (size_t n_threads = 1; n_threads <= THREADS; n_threads++) {
        struct cr_queue *queue = create(n_threads);
        struct work work = {.job = {.run = do_work}};
        size_t n_pushed = 0;
        pthread_t stopper;

        assert_true(cr_queue_reserve(queue));
        assert_int_equal(pthread_create(&stopper, NULL, stop, queue), 0);
        for (bool stopped = false; !stopped;) {
            bool idle = atomic_load(&n_done) == n_pushed; /* then there is room, unless … */

            if (cr_queue_reserve(queue)) {
                assert_true(n_pushed < JOBS);
                others[n_pushed] = (struct work){.job = {.run = do_work}};
                cr_queue_push(queue, &others[n_pushed++].job);
            } else {
                stopped = idle;
            }
        }
        cr_queue_push(queue, &work.job);
        assert_int_equal(pthread_join(stopper, NULL), 0);
        assert_int_equal(n_done, n_pushed + 1);
        assert_false(cr_queue_reserve(queue));
        cr_queue_destroy(queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
