// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <pthread.h>

#include "../../src/http/burst.h"

enum { THREADS = 4, TIMES = 20000 };

static void test_pace(void **state)
{
    struct cr_burst burst = {0};
    int64_t now_ns = 5;

    (void)state;
    assert_int_equal(cr_burst_count(&burst, now_ns), 1); /* the first at once */
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(cr_burst_count(&burst, now_ns + CR_BURST_NS - 1), 0);
    }
    assert_int_equal(cr_burst_count(&burst, now_ns + CR_BURST_NS), 11);
    assert_int_equal(cr_burst_count(&burst, now_ns + CR_BURST_NS), 0);
    assert_int_equal(cr_burst_rest(&burst), 1);
    assert_int_equal(cr_burst_rest(&burst), 0);
}

static struct cr_burst shared;
static atomic_size_t n_told;

static void *tell(void *context)
{
    (void)context;
    for (int64_t i = 0; i < TIMES; i++) {
        (void)atomic_fetch_add(&n_told, cr_burst_count(&shared, 1 + i * CR_BURST_NS / 100));
    }
    return NULL;
}

/* Nothing is told twice and nothing is lost. */
static void test_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, tell, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&n_told) + cr_burst_rest(&shared), THREADS * TIMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
