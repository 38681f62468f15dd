// SPDX-License-Identifier: MIT
/* Deadlines of sockets, against a clock of the test's own: never early, never forgotten, and no
 * socket but the right one. Waiting is always a read that ends with the event itself. */
#include "cr_test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/http/deadline.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/rng.h"

#define MS INT64_C(1000000)

enum { N = 200 };

struct watched {
    struct cr_timer timer;
    int ends[2]; /* ends[0] is watched */
    int64_t deadline_ns;
};

static struct cr_deadlines *create(size_t capacity, int64_t shortest_ns)
{
    struct cr_deadlines *deadlines;
    struct cr_error err;

    cr_assert_ok(cr_deadlines_create(capacity, shortest_ns, &deadlines, &err), &err);
    return deadlines;
}

static void open_pair(struct watched *watched)
{
    *watched = (struct watched){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, watched->ends), 0);
}

static void watch(struct cr_deadlines *deadlines, struct watched *watched, int64_t in_ns)
{
    watched->deadline_ns = cr_clock_ns() + in_ns;
    cr_deadlines_watch(deadlines, &watched->timer, watched->ends[0], watched->deadline_ns);
}

static void close_pair(struct cr_deadlines *deadlines, struct watched *watched)
{
    cr_deadlines_forget(deadlines, &watched->timer);
    (void)close(watched->ends[0]);
    (void)close(watched->ends[1]);
}

/* Waits until the socket is cut; that must not be before its deadline. */
static void await_cut(struct watched *watched)
{
    char byte;

    assert_int_equal(read(watched->ends[1], &byte, 1), 0);
    assert_true(cr_clock_ns() >= watched->deadline_ns);
    assert_true(atomic_load(&watched->timer.is_cut));
}

static bool is_open(const struct watched *watched)
{
    struct pollfd polled = {.fd = watched->ends[1], .events = POLLIN};

    return poll(&polled, 1, 0) == 0;
}

static void test_cut(void **state)
{
    struct cr_deadlines *deadlines = create(2, 10 * MS);
    struct watched near;
    struct watched far;

    (void)state;
    open_pair(&near);
    open_pair(&far);
    watch(deadlines, &far, 3600000 * MS);
    watch(deadlines, &near, 20 * MS);
    await_cut(&near);
    assert_true(is_open(&far));
    assert_false(atomic_load(&far.timer.is_cut));
    close_pair(deadlines, &near);
    close_pair(deadlines, &far);
    cr_deadlines_destroy(deadlines);
}

/* A later deadline holds, however often it moves; so does an earlier one that comes after. */
static void test_moved(void **state)
{
    struct cr_deadlines *deadlines = create(1, 10 * MS);
    struct watched watched;

    (void)state;
    open_pair(&watched);
    watch(deadlines, &watched, 15 * MS);
    for (int i = 0; i < 1000; i++) {
        watched.deadline_ns = cr_clock_ns() + 60 * MS;
        cr_timer_set(&watched.timer, watched.deadline_ns);
    }
    await_cut(&watched);
    close_pair(deadlines, &watched);

    open_pair(&watched);
    watch(deadlines, &watched, 3600000 * MS);
    watched.deadline_ns = cr_clock_ns() + 10 * MS;
    cr_timer_set(&watched.timer, watched.deadline_ns);
    await_cut(&watched);
    close_pair(deadlines, &watched);
    cr_deadlines_destroy(deadlines);
}

/* The number of a forgotten socket belongs to the next one that is opened. */
static void test_reused(void **state)
{
    struct cr_deadlines *deadlines = create(2, 5 * MS);
    struct watched old;
    struct watched other;
    int number;

    (void)state;
    open_pair(&old);
    watch(deadlines, &old, 20 * MS);
    number = old.ends[0];
    close_pair(deadlines, &old);
    open_pair(&old);
    assert_int_equal(old.ends[0], number);
    open_pair(&other);
    watch(deadlines, &other, 40 * MS);
    await_cut(&other);
    assert_true(is_open(&old));
    close_pair(deadlines, &old);
    close_pair(deadlines, &other);
    cr_deadlines_destroy(deadlines);
}

/* Many at once, in any order, some forgotten: all others are cut, none early. */
static void test_many(void **state)
{
    struct cr_deadlines *deadlines = create(N, 5 * MS);
    static struct watched all[N];
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 7, 0);
    for (size_t i = 0; i < N; i++) {
        open_pair(&all[i]);
        watch(deadlines, &all[i], (int64_t)(5 + cr_rng_below(&rng, 100)) * MS);
    }
    for (size_t i = 0; i < N; i += 3) {
        cr_deadlines_forget(deadlines, &all[i].timer);
    }
    for (size_t i = 0; i < N; i++) {
        if (i % 3 != 0) {
            await_cut(&all[i]);
        } else if (!atomic_load(&all[i].timer.is_cut)) {
            assert_true(is_open(&all[i]));
        }
    }
    for (size_t i = 0; i < N; i++) {
        close_pair(deadlines, &all[i]);
    }
    cr_deadlines_destroy(deadlines);
}

static void test_nothing(void **state)
{
    struct cr_deadlines *deadlines = create(1, MS);
    struct cr_timer timer = {0};

    (void)state;
    cr_deadlines_forget(deadlines, &timer);
    cr_deadlines_destroy(deadlines);
    cr_deadlines_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),  cmocka_unit_test(test_moved),   cmocka_unit_test(test_reused),
        cmocka_unit_test(test_many), cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
