// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <stdatomic.h>

#include "creditrisk/util/parallel.h"

enum { N = 1000 };

struct work {
    atomic_int calls[N];
    size_t fails_at[2];
};

static int call(size_t index, void *context, struct cr_error *err)
{
    struct work *work = context;
    atomic_fetch_add(&work->calls[index], 1);
    if (index == work->fails_at[0] || index == work->fails_at[1]) {
        return cr_error_set(err, CR_EINVAL, "piece %zu", index);
    }
    return 0;
}

static void every_index_once(void **state)
{
    (void)state;
    for (size_t jobs = 0; jobs <= 8; jobs++) {
        struct cr_error err;
        static struct work work;
        work = (struct work){.fails_at = {N, N}};
        cr_assert_ok(cr_parallel_for(N, jobs, call, &work, &err), &err);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(atomic_load(&work.calls[i]), 1);
        }
    }
    assert_true(cr_parallel_n_processors() >= 1);
    assert_int_equal(cr_parallel_for(0, 4, call, NULL, NULL), 0);
}

static void smallest_failure_counts(void **state)
{
    (void)state;
    for (size_t jobs = 1; jobs <= 4; jobs++) {
        struct cr_error err;
        static struct work work;
        work = (struct work){.fails_at = {17, 18}};
        assert_int_equal(cr_parallel_for(N, jobs, call, &work, &err), CR_EINVAL);
        assert_string_equal(err.message, "piece 17");
        assert_int_equal(atomic_load(&work.calls[N - 1]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(smallest_failure_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
