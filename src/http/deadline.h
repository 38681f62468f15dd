// SPDX-License-Identifier: MIT
/* Private to http/: absolute deadlines of connections. The library knows only when a connection was
 * last active, so that one byte per second lives for ever.
 *
 *   - The owner of a timer only stores its new deadline: no lock and no system call per request.
 *   - Every timer is looked at again after the shortest timeout at the latest, and no deadline is
 *     ever set nearer than that, but for a tick of the coarse clock (util/clock.h), by which it may
 *     then be seen late: none is overlooked.
 *   - A connection is cut under the lock that forgetting its timer takes, too. It is forgotten
 *     before its fd is closed, so the fd that is shut down is never another's. */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

struct cr_deadlines;

/* One connection's; the memory is the owner's. */
struct cr_timer {
    atomic_int_least64_t deadline_ns; /* of the monotonic clock */
    atomic_bool is_cut;               /* the deadline passed and the socket was shut down */
    /* under the lock of the deadlines */
    int fd;
    int64_t review_ns; /* when it is looked at again */
    size_t place;      /* in the heap */
};

/* Starts the reaper for at most `capacity` timers at a time. Yours: cr_deadlines_destroy, after
 * the last timer is forgotten. CR_ENOMEM, CR_EUNAVAIL. */
int cr_deadlines_create(size_t capacity, int64_t shortest_ns, struct cr_deadlines **ret_deadlines,
                        struct cr_error *err);
void cr_deadlines_destroy(struct cr_deadlines *deadlines);

/* From now on the socket is shut down, both ways, when its deadline passes. fd remains its
 * owner's. */
void cr_deadlines_watch(struct cr_deadlines *deadlines, struct cr_timer *timer, int fd,
                        int64_t deadline_ns);

/* To be called before fd is closed; nothing happens when the timer is not watched (zeroed memory
 * included). */
void cr_deadlines_forget(struct cr_deadlines *deadlines, struct cr_timer *timer);

/* A deadline that is at least the shortest timeout away; INT64_MAX = none. */
static inline void cr_timer_set(struct cr_timer *timer, int64_t deadline_ns)
{
    atomic_store_explicit(&timer->deadline_ns, deadline_ns, memory_order_relaxed);
}

#endif
