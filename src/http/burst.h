// SPDX-License-Identifier: MIT
/* Private to http/: something that clients can make happen as often as they like is told in the log
 * at most once a second, with the number of times. Any thread may call. */
#ifndef HTTP_BURST_H
#define HTTP_BURST_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CR_BURST_NS INT64_C(1000000000)

/* All zeros is a new one. */
struct cr_burst {
    atomic_size_t n; /* not yet told */
    atomic_int_least64_t told_ns;
};

/* Once more, at now_ns of the monotonic clock: how many times to tell now, 0 = later. */
size_t cr_burst_count(struct cr_burst *burst, int64_t now_ns);

/* What is left to tell in the end. */
size_t cr_burst_rest(struct cr_burst *burst);

#endif
