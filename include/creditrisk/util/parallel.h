// SPDX-License-Identifier: MIT
/* Parallel loop over independent work on a few threads. */
#ifndef CREDITRISK_UTIL_PARALLEL_H
#define CREDITRISK_UTIL_PARALLEL_H

#include <stddef.h>

#include "creditrisk/util/error.h"

/* One piece of work; 0 or an error code. */
typedef int cr_parallel_fn(size_t index, void *context, struct cr_error *err);

/* Calls fn once for every index of [0, n) on at most `jobs` threads (0 = one per processor),
 * started in ascending order. After a failure nothing new is started; of several failures the
 * smallest index counts, so that the result does not depend on jobs. */
int cr_parallel_for(size_t n, size_t jobs, cr_parallel_fn *fn, void *context, struct cr_error *err);

/* Number of processors this process may use, at least 1. */
size_t cr_parallel_n_processors(void);

#endif
