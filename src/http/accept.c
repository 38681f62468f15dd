// SPDX-License-Identifier: MIT
#include "accept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/strbuf.h"
#include "http.h"
#include "listen.h"

/* Refusals are told in the log once in so long, together. */
#define REPORT_NS INT64_C(1000000000)

enum {
    TURN = 256,            /* connections between two looks at whether to stop */
    SHORTAGE_MS = 100,     /* until the next try when there is nothing to accept with */
    LAST_TURN = SOMAXCONN, /* the listening socket's backlog: all that can be waiting */
    LAST_TURNS = 50,       /* at most, where connections go on beginning all the same */
    HANDSHAKE_MS = 100,    /* one that is under way ends in this time, on a busy machine, too */
};

struct cr_acceptor {
    struct cr_server *server;
    int stop_fd;  /* readable = stop */
    int spare_fd; /* given up for a moment when there are no more, to refuse a connection; −1 when
                     it could not be had again yet */
    pthread_t thread;
    /* the thread's own */
    bool is_last; /* no connection may begin any more */
    size_t n_refused[CR_N_REJECTIONS];
    int64_t reported_ns;
};

/* At most one line a second and reason. */
static void report(struct cr_acceptor *acceptor, int64_t now_ns)
{
    for (size_t i = 0; i < CR_N_REJECTIONS; i++) {
        if (acceptor->n_refused[i] > 0) {
            cr_log(CR_LOG_WARN, "connections_refused", "{s:s, s:I}", "reason",
                   cr_rejection_name((enum cr_rejection)i), "n",
                   (json_int_t)acceptor->n_refused[i]);
            acceptor->n_refused[i] = 0;
        }
    }
    acceptor->reported_ns = now_ns;
}

static void count(struct cr_acceptor *acceptor, enum cr_rejection rejection)
{
    cr_metrics_count_rejection(acceptor->server->metrics, rejection);
    acceptor->n_refused[rejection]++;
}

/* 503 and close; what the client has sent or is sending is read by nobody. */
static void refuse(struct cr_acceptor *acceptor, int fd, enum cr_rejection rejection)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    char id[CR_RANDOM_ID_LEN];

    count(acceptor, rejection);
    cr_digest_random_hex(id, sizeof(id) / 2);
    cr_reply_write(&text, CR_REFUSAL_OVERLOAD, CR_SURFACE_PROBLEM, id, "Too many connections");
    if (!text.failed) {
        (void)send(fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT); /* an empty buffer */
    }
    (void)shutdown(fd, SHUT_WR); /* fails when the client has gone already */
    cr_linger_take(acceptor->server->linger, fd);
}

static void take(struct cr_acceptor *acceptor, int fd, const struct sockaddr *peer, socklen_t len)
{
    switch (cr_connections_admit(acceptor->server->connections, fd, peer)) {
    case CR_ADMITTED: /* the library closes fd when it cannot take it */
        if (MHD_add_connection(acceptor->server->mhd, fd, peer, len) != MHD_YES) {
            cr_connections_dismiss(acceptor->server->connections, fd);
        }
        break;
    case CR_REFUSED_TOTAL:
        refuse(acceptor, fd, CR_REJECTION_CONNECTIONS);
        break;
    case CR_REFUSED_CLIENT:
        refuse(acceptor, fd, CR_REJECTION_ADDRESS);
        break;
    }
}

static void reopen_spare(struct cr_acceptor *acceptor)
{
    if (acceptor->spare_fd < 0) {
        acceptor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

/* There is no number left for the next connection: without one it would wait, and be reported as
 * waiting, for ever. False when there is none to drop. */
static bool drop_one(struct cr_acceptor *acceptor)
{
    int fd;

    if (acceptor->spare_fd < 0) {
        return false;
    }
    (void)close(acceptor->spare_fd); /* /dev/null has nothing to report */
    acceptor->spare_fd = -1;
    fd = accept4(acceptor->server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        count(acceptor, CR_REJECTION_CONNECTIONS);
        (void)close(fd); /* nor has a socket on its way out */
    }
    reopen_spare(acceptor);
    return fd >= 0;
}

/* What waits now, at most `max`. False in a shortage that may pass: the rest has to wait for it. */
static bool accept_waiting(struct cr_acceptor *acceptor, int max)
{
    for (int i = 0; i < max; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage storage;
        } peer;
        socklen_t len = sizeof(peer);
        int fd =
            accept4(acceptor->server->listen_fd, &peer.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            if (acceptor->is_last) {
                cr_listen_taken_late(fd);
            }
            take(acceptor, fd, &peer.any, len);
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno == EMFILE || errno == ENFILE) { /* said also when nothing waits */
            if (!drop_one(acceptor)) {
                return false;
            }
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return false;
        }
    }
    return true;
}

static bool owes_report(const struct cr_acceptor *acceptor)
{
    for (size_t i = 0; i < CR_N_REJECTIONS; i++) {
        if (acceptor->n_refused[i] > 0) {
            return true;
        }
    }
    return false;
}

/* What is there when no more are to come. A socket that was given to us may have another owner, who
 * goes on with those that wait. */
static void accept_last(struct cr_acceptor *acceptor)
{
    struct pollfd polled = {.fd = acceptor->server->listen_fd, .events = POLLIN};

    if (acceptor->server->settings->listen_fd < 0) {
        acceptor->is_last = true;
        cr_listen_end(acceptor->server->listen_fd);
        for (int i = 0; i < LAST_TURNS && poll(&polled, 1, HANDSHAKE_MS) > 0; i++) {
            (void)accept_waiting(acceptor, LAST_TURN); /* in a shortage too, this is the end */
        }
    }
}

static void *run(void *argument)
{
    struct cr_acceptor *acceptor = argument;
    struct pollfd polled[] = {
        {.fd = acceptor->stop_fd, .events = POLLIN},
        {.fd = acceptor->server->listen_fd, .events = POLLIN},
    };
    bool is_short = false;

    while (polled[0].revents == 0) {
        bool owes = owes_report(acceptor);
        int64_t now_ns = cr_clock_ns();

        if (owes && now_ns - acceptor->reported_ns >= REPORT_NS) {
            report(acceptor, now_ns);
            owes = false;
        }
        /* in a shortage the listening socket would only say again what cannot be accepted */
        (void)poll(polled, is_short ? 1 : CR_ARRAY_LEN(polled),
                   is_short ? SHORTAGE_MS
                   : owes   ? (int)(REPORT_NS / 1000000)
                            : -1); /* or EINTR */
        reopen_spare(acceptor);
        is_short = !accept_waiting(acceptor, polled[0].revents == 0 ? TURN : LAST_TURN);
    }
    accept_last(acceptor);
    report(acceptor, cr_clock_ns());
    return NULL;
}

int cr_acceptor_create(struct cr_server *server, struct cr_acceptor **ret_acceptor,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_acceptor *acceptor = calloc(1, sizeof(*acceptor));
    char space[128];
    int failed;

    if (acceptor == NULL) {
        return cr_error_no_memory(err);
    }
    acceptor->server = server;
    acceptor->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (acceptor->stop_fd < 0) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot make an eventfd: %s",
                            strerror_r(errno, space, sizeof(space)));
    }
    acceptor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    failed = pthread_create(&acceptor->thread, NULL, run, acceptor);
    if (failed != 0) {
        (void)close(acceptor->stop_fd); /* neither has anything to report */
        (void)close(acceptor->spare_fd);
        return cr_error_set(err, CR_EUNAVAIL, "cannot start a thread: %s",
                            strerror_r(failed, space, sizeof(space)));
    }
    *ret_acceptor = CR_STEAL(acceptor);
    return 0;
}

void cr_acceptor_destroy(struct cr_acceptor *acceptor)
{
    uint64_t one = 1;

    if (acceptor == NULL) {
        return;
    }
    if (write(acceptor->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one)) { /* never full */
        (void)pthread_join(acceptor->thread, NULL); /* fails only for threads that are none */
    }
    (void)close(acceptor->stop_fd); /* neither has anything to report */
    (void)close(acceptor->spare_fd);
    free(acceptor);
}
