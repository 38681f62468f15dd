// SPDX-License-Identifier: MIT
/* What the benches share: the two sides of a comparison take turns, so that a noisy machine is
 * noisy for both; the time is the thread's own, so that its neighbours do not count; the figure is
 * a median of turns. */
#ifndef CREDITRISK_TESTS_BENCH_H
#define CREDITRISK_TESTS_BENCH_H

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_TURNS = 5 };

/* One side: does the work for item i. */
typedef void bench_fn(void *context, size_t i);

/* Processor time of this thread. */
static inline double bench_now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail */
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds of one call, over n calls. */
static inline double bench_ns(bench_fn *run, void *context, size_t n)
{
    double start_ns = bench_now_ns();

    for (size_t i = 0; i < n; i++) {
        run(context, i);
    }
    return (bench_now_ns() - start_ns) / (double)n;
}

static inline int bench_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double bench_median(const double turns[BENCH_TURNS])
{
    double sorted[BENCH_TURNS];

    for (size_t i = 0; i < BENCH_TURNS; i++) {
        sorted[i] = turns[i];
    }
    qsort(sorted, BENCH_TURNS, sizeof(*sorted), bench_ascending);
    return sorted[BENCH_TURNS / 2];
}

#endif
