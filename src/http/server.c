// SPDX-License-Identifier: MIT
#include "creditrisk/http/server.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/parallel.h"
#include "http.h"
#include "listen.h"
#include "shadow.h"

/* A draining server waits this long for a request on the connections that are open, whose clients
 * cannot know that it ends; and behind the last one, as a container takes its network along, which
 * may still hold the last answers. */
#define SETTLE_NS 500000000
#define LAST_NS   100000000

/* The library's memory for one request holds its headers as they came and, beside them, what it
 * knows of each, the query's arguments, a second copy of a cookie and the answer's headers. Half of
 * it is filled with what comes first, be it headers or not. All of it is cleared with every
 * request.
 */
enum {
    BYTES_OF_HEADER = 64,
    BESIDE_HEADERS = 4096,
    MIN_CONNECTION_BYTES = 16384,
    MAX_WORKERS = 256,
    FILES_PER_WORKER = 4, /* the library's epoll and event descriptor, and as many again to spare */
    OTHER_FILES = 64,
};

CR_DEFINE_CLEANUP(struct cr_server *, cr_server_destroy);

/* The library's own messages repeat what clients sent: only what they are about is logged. */
#define DAEMON_FLAGS                                                                               \
    (MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET |                      \
     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG)

static size_t count_workers(const struct cr_settings *settings)
{
    size_t n = settings->threads > 0 ? (size_t)settings->threads : cr_parallel_n_processors();

    return n > MAX_WORKERS ? MAX_WORKERS : n;
}

size_t cr_server_max_files(const struct cr_settings *settings)
{
    return (size_t)settings->connections + CR_LINGER_MAX +
           FILES_PER_WORKER * count_workers(settings) + OTHER_FILES;
}

/* A batch's body may be held three times over while it grows; its answer needs room, too. */
static int create_budget(const struct cr_settings *settings, struct cr_budget **ret_budget,
                         struct cr_error *err)
{
    size_t least = (size_t)4 * CR_BUDGET_SHARES * settings->batch_bytes;

    if (settings->bodies_bytes < least) {
        return cr_error_set(err, CR_EINVAL,
                            "limits.bodies_bytes is '%zu': for a batch of limits.batch_bytes it "
                            "must be %zu",
                            settings->bodies_bytes, least);
    }
    /* twice: an answer may be given back after its connection's place was taken by another */
    return cr_budget_create(settings->bodies_bytes, (size_t)2 * settings->connections, ret_budget,
                            err);
}

int cr_server_create(const struct cr_settings *settings, struct cr_server **ret_server,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_server_destroyp) struct cr_server *server = calloc(1, sizeof(*server));
    struct cr_listener listener;
    int result;

    if (server == NULL) {
        return cr_error_no_memory(err);
    }
    *server = (struct cr_server){
        .settings = settings,
        .listen_fd = -1,
        .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .reload_lock = PTHREAD_MUTEX_INITIALIZER,
        .drain_lock = PTHREAD_MUTEX_INITIALIZER,
        .progress = PTHREAD_COND_INITIALIZER,
    };
    if (server->stop_fd < 0) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot make an eventfd: %s", strerror(errno));
    }
    server->trial_host = (struct cr_trial_host){NULL, {server->stop_fd, -1}};
    result = cr_listen_open(settings, &listener, err);
    if (result < 0) {
        return result;
    }
    server->listen_fd = listener.fd;
    server->port = listener.port;
    memcpy(server->address, listener.address, sizeof(server->address));
    server->n_workers = count_workers(settings);
    server->n_runners = server->n_workers + (size_t)settings->queue_threads;
    server->workers = calloc(server->n_runners, sizeof(*server->workers));
    if (server->workers == NULL) {
        return cr_error_no_memory(err);
    }
    result = cr_metrics_create(server->n_runners, settings->portfolio, &server->metrics, err);
    if (result < 0) {
        return result;
    }
    for (size_t i = 0; i < server->n_runners; i++) {
        server->workers[i].index = i;
        server->workers[i].counters = cr_metrics_counters(server->metrics, i);
    }
    result = cr_linger_create(&server->linger, err);
    if (result == 0) {
        result = cr_connections_create(settings, &server->connections, err);
    }
    if (result == 0) {
        result = create_budget(settings, &server->budget, err);
    }
    if (result == 0) {
        result = cr_cors_check(settings->cors_origins, err);
    }
    if (result == 0 && settings->rate_requests > 0) {
        result = cr_limit_create((unsigned)settings->rate_requests,
                                 (unsigned)settings->rate_window_s, &server->limit, err);
    }
    if (result == 0) {
        result = cr_auth_create(settings, &server->auth, err);
    }
    if (result == 0) {
        result = cr_queue_create((size_t)settings->queue_threads, (size_t)settings->queue_length,
                                 &server->queue, err);
    }
    if (result == 0) {
        result = cr_shadow_create(&server->shadow, err);
    }
    if (result == 0) {
        result = cr_seats_init(&server->seats, settings, &server->trial_host, server->metrics,
                               server->n_runners, err);
    }
    if (result == 0) {
        *ret_server = CR_STEAL(server);
    }
    return result;
}

void cr_server_try_versions(struct cr_server *server, const char *program, int stop_fd)
{
    server->trial_host = (struct cr_trial_host){program, {server->stop_fd, stop_fd}};
}

/* Whoever tries a version gives up. */
static void stop_trials(struct cr_server *server)
{
    const uint64_t one = 1;

    (void)!write(server->stop_fd, &one, sizeof(one)); /* never full */
}

static void log_cuts(size_t n)
{
    if (n > 0) {
        cr_log(CR_LOG_INFO, "connections_cut", "{s:s, s:I}", "reason", "deadline", "n",
               (json_int_t)n);
    }
}

void cr_server_destroy(struct cr_server *server)
{
    if (server == NULL) {
        return;
    }
    cr_acceptor_destroy(server->acceptor);
    atomic_store(&server->stopping, true);
    stop_trials(server);
    cr_queue_stop(server->queue); /* the library stops only when no connection sleeps */
    if (server->mhd != NULL) {
        MHD_stop_daemon(server->mhd);
    }
    log_cuts(cr_burst_rest(&server->cuts));
    cr_queue_destroy(server->queue); /* until here requests asked for a place in it */
    cr_seats_finish(&server->seats); /* the shadow has references of its own */
    cr_shadow_destroy(server->shadow);
    cr_auth_destroy(server->auth);
    cr_limit_destroy(server->limit);
    cr_budget_destroy(server->budget);
    cr_connections_destroy(server->connections);
    cr_linger_destroy(server->linger);
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd); /* a socket on its way out has nothing to report */
    }
    for (size_t i = 0; server->workers != NULL && i < server->n_runners; i++) {
        cr_spares_free(&server->workers[i]);
    }
    free(server->workers);
    cr_metrics_destroy(server->metrics);
    if (server->stop_fd >= 0) {
        (void)close(server->stop_fd); /* has nothing to report */
    }
    free(server);
}

struct cr_champion *cr_server_champion(struct cr_server *server)
{
    return cr_seat_champion(cr_seats_first(&server->seats));
}

bool cr_server_is_ready(struct cr_server *server)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = cr_server_champion(server);

    return champion != NULL && !atomic_load(&server->draining);
}

static int load(struct cr_server *server, bool force, struct cr_error *err)
{
    int result;

    (void)pthread_mutex_lock(&server->reload_lock); /* these fail only for misuse */
    result = cr_seats_load(&server->seats, force, err);
    (void)pthread_mutex_unlock(&server->reload_lock);
    return result;
}

int cr_server_follow(struct cr_server *server, struct cr_error *err)
{
    return load(server, false, err);
}

int cr_server_reload(struct cr_server *server, struct cr_error *err)
{
    return load(server, true, err);
}

void cr_server_refresh(struct cr_server *server)
{
    cr_auth_refresh(server->auth);
}

/* A connection of the library begins or is about to be closed. */
static void notify(void *context, struct MHD_Connection *connection, void **slot,
                   enum MHD_ConnectionNotificationCode code)
{
    struct cr_server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        *slot = cr_connections_start(server->connections, info->connect_fd);
    } else if (*slot != NULL) {
        struct cr_connection *peer = *slot;

        if (atomic_load(&peer->timer.is_cut) && !peer->is_idle) {
            cr_metrics_count_rejection(server->metrics, CR_REJECTION_DEADLINE);
            log_cuts(cr_burst_count(&server->cuts, cr_clock_ns()));
        }
        *slot = NULL;
        cr_connections_end(server->connections, peer);
        if (atomic_load(&server->draining)) {
            (void)pthread_mutex_lock(&server->drain_lock); /* these fail only for misuse */
            (void)pthread_cond_signal(&server->progress);
            (void)pthread_mutex_unlock(&server->drain_lock);
        }
    }
}

/* For those who look into what the library refuses by itself; without what would fill the message,
 * which came from a client. */
__attribute__((format(printf, 2, 0))) static void log_library(void *context, const char *format,
                                                              va_list arguments)
{
    (void)context;
    (void)arguments;
    cr_log(CR_LOG_DEBUG, "library", "{s:s%}", "message", format, strcspn(format, "\n"));
}

static int start_library(struct cr_server *server, struct cr_error *err)
{
    const struct cr_settings *settings = server->settings;
    size_t beside = BYTES_OF_HEADER * (size_t)settings->header_count + BESIDE_HEADERS;
    size_t memory = beside + (settings->header_bytes > beside ? settings->header_bytes : beside);
    struct MHD_OptionItem strictness[] = {
#if MHD_VERSION >= 0x00097701
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL},
#endif
        {MHD_OPTION_END, 0, NULL},
    };

    memory = memory < MIN_CONNECTION_BYTES ? MIN_CONNECTION_BYTES : memory;
    server->mhd =
        MHD_start_daemon(DAEMON_FLAGS, 0, NULL, NULL, cr_request_handle, server,   //
                         MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,            // comes first
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)server->n_workers, //
                         MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)(settings->connections * server->n_workers), // ours counts
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,            //
                         MHD_OPTION_NOTIFY_CONNECTION, notify, server,          //
                         MHD_OPTION_URI_LOG_CALLBACK, cr_request_open, server,  //
                         MHD_OPTION_NOTIFY_COMPLETED, cr_request_close, server, //
                         MHD_OPTION_ARRAY, strictness,                          //
                         MHD_OPTION_END);
    if (server->mhd == NULL) {
        return cr_error_set(err, CR_EUNAVAIL, "cannot start the HTTP library's %zu threads: %s",
                            server->n_workers, strerror(errno));
    }
    return 0;
}

int cr_server_start(struct cr_server *server, struct cr_error *err)
{
    int result;

    assert(server->mhd == NULL);
    result = start_library(server, err);
    return result < 0 ? result : cr_acceptor_create(server, &server->acceptor, err);
}

const char *cr_server_address(const struct cr_server *server)
{
    return server->address;
}

int cr_server_port(const struct cr_server *server)
{
    return server->port;
}

/* No new connections; those that the kernel has already accepted for us are still served. */
static void stop_accepting(struct cr_server *server)
{
    cr_acceptor_destroy(server->acceptor);
    server->acceptor = NULL;
    (void)close(server->listen_fd); /* a socket on its way out has nothing to report */
    server->listen_fd = -1;
}

/* Waits until the number of connections is another than n_open or the monotonic clock reaches
 * until_ns. */
static void wait_progress(struct cr_server *server, size_t n_open, int64_t until_ns)
{
    struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};

    (void)pthread_mutex_lock(&server->drain_lock); /* these fail only for misuse */
    if (cr_connections_count(server->connections) == n_open) {
        (void)pthread_cond_clockwait(&server->progress, &server->drain_lock, CLOCK_MONOTONIC,
                                     &until); /* the caller looks at the clock */
    }
    (void)pthread_mutex_unlock(&server->drain_lock);
}

/* Until nothing has happened for a while. */
static void settle(struct cr_server *server, int64_t deadline_ns)
{
    int64_t now_ns = cr_clock_ns();
    int64_t quiet_ns = now_ns;
    size_t n_started = atomic_load(&server->n_started);
    size_t n_open = cr_connections_count(server->connections);

    while (now_ns < deadline_ns) {
        size_t n_started_now = atomic_load(&server->n_started);
        size_t n_open_now = cr_connections_count(server->connections);
        int64_t until_ns;

        if (atomic_load(&server->n_active) > 0 || n_started_now != n_started ||
            n_open_now != n_open) {
            quiet_ns = now_ns;
            n_started = n_started_now;
            n_open = n_open_now;
        }
        until_ns = quiet_ns + (n_open > 0 ? SETTLE_NS : LAST_NS);
        if (now_ns >= until_ns) {
            break;
        }
        wait_progress(server, n_open, until_ns < deadline_ns ? until_ns : deadline_ns);
        now_ns = cr_clock_ns();
    }
}

size_t cr_server_drain(struct cr_server *server)
{
    int64_t deadline_ns = cr_clock_ns() + (int64_t)server->settings->drain_timeout_s * 1000000000;

    atomic_store(&server->draining, true);
    stop_trials(server);
    stop_accepting(server);
    cr_log(CR_LOG_INFO, "draining", "{s:I}", "requests",
           (json_int_t)atomic_load(&server->n_active));
    settle(server, deadline_ns);
    return atomic_load(&server->n_active);
}
