// SPDX-License-Identifier: MIT
#include "linger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"

enum {
    MAX_BYTES = 16 << 20,
    MAX_MS = 2000,
    CHUNK = 65536,
};

struct late {
    int64_t deadline_ns;
    size_t left; /* bytes that may still be dropped */
};

/* The thread is told of a socket by its number in the pipe; the pipe's end is its order to stop. */
struct cr_linger {
    int pipe_in;
    int pipe_out;
    pthread_t thread;
    /* the thread's own: polled[0] is pipe_out, polled[i + 1] belongs to lates[i] */
    size_t n;
    struct pollfd polled[CR_LINGER_MAX + 1];
    struct late lates[CR_LINGER_MAX];
    char chunk[CHUNK];
};

static void take(struct cr_linger *linger, int fd)
{
    if (linger->n == CR_LINGER_MAX) {
        (void)close(fd); /* a socket that nobody reads any more has nothing to lose */
        return;
    }
    linger->lates[linger->n] = (struct late){cr_clock_ns() + (int64_t)MAX_MS * 1000000, MAX_BYTES};
    linger->polled[++linger->n] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void drop(struct cr_linger *linger, size_t i)
{
    (void)close(linger->polled[i + 1].fd); /* as above */
    linger->n--;
    linger->lates[i] = linger->lates[linger->n];
    linger->polled[i + 1] = linger->polled[linger->n + 1];
}

/* Whether the i-th socket is done: closed by the client, or out of bytes. */
static bool swallow(struct cr_linger *linger, size_t i)
{
    struct late *late = &linger->lates[i];
    ssize_t n = recv(linger->polled[i + 1].fd, linger->chunk, CHUNK, MSG_DONTWAIT);

    if (n <= 0) {
        return n == 0 || (errno != EAGAIN && errno != EINTR);
    }
    late->left -= (size_t)n < late->left ? (size_t)n : late->left;
    return late->left == 0;
}

/* Milliseconds until the nearest deadline, −1 when nothing lingers. */
static int patience(const struct cr_linger *linger, int64_t now_ns)
{
    int64_t nearest = INT64_MAX;

    for (size_t i = 0; i < linger->n; i++) {
        nearest = linger->lates[i].deadline_ns < nearest ? linger->lates[i].deadline_ns : nearest;
    }
    if (nearest == INT64_MAX) {
        return -1;
    }
    return nearest <= now_ns ? 0 : (int)((nearest - now_ns) / 1000000 + 1);
}

static void *run(void *argument)
{
    struct cr_linger *linger = argument;
    ssize_t got = 1;

    while (got != 0) {
        int fds[CR_LINGER_MAX];
        int64_t now_ns;

        (void)poll(linger->polled, linger->n + 1, patience(linger, cr_clock_ns())); /* or EINTR */
        now_ns = cr_clock_ns();
        for (size_t i = linger->n; i-- > 0;) {
            if (linger->lates[i].deadline_ns <= now_ns ||
                (linger->polled[i + 1].revents != 0 && swallow(linger, i))) {
                drop(linger, i);
            }
        }
        got = read(linger->pipe_out, fds, sizeof(fds));
        for (ssize_t i = 0; i < got / (ssize_t)sizeof(int); i++) {
            take(linger, fds[i]);
        }
    }
    while (linger->n > 0) {
        drop(linger, linger->n - 1);
    }
    return NULL;
}

int cr_linger_create(struct cr_linger **ret_linger, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_linger *linger = calloc(1, sizeof(*linger));
    int ends[2];
    int failed;

    if (linger == NULL) {
        return cr_error_no_memory(err);
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        char space[128];

        return cr_error_set(err, CR_EUNAVAIL, "cannot make a pipe: %s",
                            strerror_r(errno, space, sizeof(space)));
    }
    linger->pipe_out = ends[0];
    linger->pipe_in = ends[1];
    linger->polled[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    failed = pthread_create(&linger->thread, NULL, run, linger);
    if (failed != 0) {
        (void)close(ends[0]); /* pipes of our own have nothing to report */
        (void)close(ends[1]);
        return cr_error_set(err, CR_EUNAVAIL, "cannot start a thread: %s", strerror(failed));
    }
    *ret_linger = CR_STEAL(linger);
    return 0;
}

void cr_linger_destroy(struct cr_linger *linger)
{
    if (linger == NULL) {
        return;
    }
    (void)close(linger->pipe_in);             /* pipes of our own have nothing to report */
    (void)pthread_join(linger->thread, NULL); /* fails only for threads that are none */
    (void)close(linger->pipe_out);
    free(linger);
}

void cr_linger_add(struct cr_linger *linger, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (own >= 0) {
        cr_linger_take(linger, own);
    }
}

void cr_linger_take(struct cr_linger *linger, int fd)
{
    if (write(linger->pipe_in, &fd, sizeof(fd)) != (ssize_t)sizeof(fd)) {
        (void)close(fd); /* too many linger: this client may lose its answer */
    }
}
