// SPDX-License-Identifier: MIT
#include "connections.h"

#include <pthread.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "tally.h"

#define SECOND INT64_C(1000000000)

struct cr_connections {
    const struct cr_settings *settings;
    struct cr_networks proxies;
    struct cr_tally *tally;
    struct cr_deadlines *deadlines;
    struct cr_connection *all; /* settings->connections of them */
    pthread_mutex_t lock;      /* guards what follows */
    size_t n_open;
    struct cr_connection *unused;
    struct cr_connection **by_fd; /* n_fds; NULL where nothing is open */
    size_t n_fds;
};

CR_DEFINE_CLEANUP(struct cr_connections *, cr_connections_destroy);

static int64_t shortest_timeout(const struct cr_settings *settings)
{
    int shortest_s = settings->header_timeout_s;

    shortest_s =
        settings->transfer_timeout_s < shortest_s ? settings->transfer_timeout_s : shortest_s;
    shortest_s = settings->idle_timeout_s < shortest_s ? settings->idle_timeout_s : shortest_s;
    return shortest_s * SECOND;
}

static int parse_proxies(const struct cr_settings *settings, struct cr_networks *ret_proxies,
                         struct cr_error *err)
{
    struct cr_error why;
    int result = cr_networks_parse(settings->trusted_proxies, ret_proxies, &why);

    return result < 0 ? cr_error_set(err, result, "trusted_proxies: %s", why.message) : 0;
}

int cr_connections_create(const struct cr_settings *settings,
                          struct cr_connections **ret_connections, struct cr_error *err)
{
    CR_CLEANUP(cr_connections_destroyp)
    struct cr_connections *connections = calloc(1, sizeof(*connections));
    size_t n = (size_t)settings->connections;
    int result;

    if (connections == NULL) {
        return cr_error_no_memory(err);
    }
    *connections = (struct cr_connections){.settings = settings, .lock = PTHREAD_MUTEX_INITIALIZER};
    connections->all = calloc(n, sizeof(*connections->all));
    if (connections->all == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        connections->all[i].fd = -1;
        connections->all[i].next = i + 1 < n ? &connections->all[i + 1] : NULL;
    }
    connections->unused = connections->all;
    result = parse_proxies(settings, &connections->proxies, err);
    if (result == 0) { /* a connection counts for one client: there are never more than n */
        result = cr_tally_create(n, (size_t)settings->connections_per_ip, &connections->tally, err);
    }
    if (result == 0) {
        result = cr_deadlines_create(n, shortest_timeout(settings), &connections->deadlines, err);
    }
    if (result == 0) {
        *ret_connections = CR_STEAL(connections);
    }
    return result;
}

void cr_connections_destroy(struct cr_connections *connections)
{
    if (connections != NULL) {
        cr_deadlines_destroy(connections->deadlines);
        cr_tally_destroy(connections->tally);
        cr_networks_finish(&connections->proxies);
        free(connections->by_fd);
        free(connections->all);
        free(connections);
    }
}

/* Under the lock. */
static bool reserve_fd(struct cr_connections *connections, size_t fd)
{
    size_t n_fds = connections->n_fds > 0 ? connections->n_fds : 64;
    struct cr_connection **by_fd;

    if (fd < connections->n_fds) {
        return true;
    }
    while (n_fds <= fd) {
        n_fds *= 2;
    }
    by_fd = reallocarray(connections->by_fd, n_fds, sizeof(*by_fd));
    if (by_fd == NULL) {
        return false;
    }
    for (size_t i = connections->n_fds; i < n_fds; i++) {
        by_fd[i] = NULL;
    }
    connections->by_fd = by_fd;
    connections->n_fds = n_fds;
    return true;
}

static void release(struct cr_connections *connections, struct cr_connection *connection)
{
    if (connection->is_counted) {
        struct cr_address client = cr_address_client(&connection->peer);

        cr_tally_leave(connections->tally, &client, 1);
    }
    connections->by_fd[connection->fd] = NULL;
    connection->fd = -1;
    connection->next = connections->unused;
    connections->unused = connection;
    connections->n_open--;
}

static enum cr_admission admit(struct cr_connections *connections, int fd,
                               const struct sockaddr *peer)
{
    struct cr_address address = cr_address_of(peer);
    struct cr_address client = cr_address_client(&address);
    bool is_proxy = cr_networks_hold(&connections->proxies, &address);
    bool is_counted = !is_proxy && !cr_address_is_local(&address);
    struct cr_connection *connection;

    if (!reserve_fd(connections, (size_t)fd)) {
        return CR_REFUSED_TOTAL;
    }
    if (connections->by_fd[fd] != NULL) {
        release(connections, connections->by_fd[fd]); /* it never started */
    }
    connection = connections->unused;
    if (connection == NULL) {
        return CR_REFUSED_TOTAL;
    }
    if (is_counted && !cr_tally_enter(connections->tally, &client, 1)) {
        return CR_REFUSED_CLIENT;
    }
    connections->unused = connection->next;
    *connection = (struct cr_connection){
        .peer = address, .is_proxy = is_proxy, .is_counted = is_counted, .fd = fd};
    connections->by_fd[fd] = connection;
    connections->n_open++;
    return CR_ADMITTED;
}

enum cr_admission cr_connections_admit(struct cr_connections *connections, int fd,
                                       const struct sockaddr *peer)
{
    enum cr_admission admission;

    (void)pthread_mutex_lock(&connections->lock); /* these fail only for misuse */
    admission = admit(connections, fd, peer);
    (void)pthread_mutex_unlock(&connections->lock);
    return admission;
}

void cr_connections_dismiss(struct cr_connections *connections, int fd)
{
    (void)pthread_mutex_lock(&connections->lock); /* these fail only for misuse */
    if (connections->by_fd[fd] != NULL) {
        release(connections, connections->by_fd[fd]);
    }
    (void)pthread_mutex_unlock(&connections->lock);
}

struct cr_connection *cr_connections_start(struct cr_connections *connections, int fd)
{
    struct cr_connection *connection = NULL;

    (void)pthread_mutex_lock(&connections->lock); /* these fail only for misuse */
    if (fd >= 0 && (size_t)fd < connections->n_fds) {
        connection = connections->by_fd[fd];
    }
    (void)pthread_mutex_unlock(&connections->lock);
    if (connection != NULL) {
        cr_deadlines_watch(connections->deadlines, &connection->timer, fd,
                           cr_connections_header_due(connections, cr_clock_ns()));
    }
    return connection;
}

void cr_connections_end(struct cr_connections *connections, struct cr_connection *connection)
{
    cr_deadlines_forget(connections->deadlines, &connection->timer);
    (void)pthread_mutex_lock(&connections->lock); /* these fail only for misuse */
    release(connections, connection);
    (void)pthread_mutex_unlock(&connections->lock);
}

size_t cr_connections_count(struct cr_connections *connections)
{
    size_t n;

    (void)pthread_mutex_lock(&connections->lock); /* these fail only for misuse */
    n = connections->n_open;
    (void)pthread_mutex_unlock(&connections->lock);
    return n;
}

struct cr_address cr_connections_client(const struct cr_connections *connections,
                                        const struct cr_connection *connection,
                                        const char *forwarded_for)
{
    struct cr_address address = connection->peer;

    if (connection->is_proxy) {
        address = cr_networks_client(&connections->proxies, &address, forwarded_for);
    }
    return cr_address_client(&address);
}

bool cr_connections_enter(struct cr_connections *connections, const struct cr_address *client)
{
    return cr_tally_enter(connections->tally, client, 1);
}

void cr_connections_leave(struct cr_connections *connections, const struct cr_address *client)
{
    cr_tally_leave(connections->tally, client, 1);
}

int64_t cr_connections_header_due(const struct cr_connections *connections, int64_t now_ns)
{
    return now_ns + connections->settings->header_timeout_s * SECOND;
}

int64_t cr_connections_transfer_due(const struct cr_connections *connections, int64_t start_ns,
                                    size_t n_bytes)
{
    const struct cr_settings *settings = connections->settings;
    int64_t n_seconds = (int64_t)(n_bytes / (size_t)settings->transfer_bytes_per_s);

    return start_ns + (settings->transfer_timeout_s + n_seconds) * SECOND;
}

int64_t cr_connections_idle_due(const struct cr_connections *connections, int64_t now_ns)
{
    return now_ns + connections->settings->idle_timeout_s * SECOND;
}
