// SPDX-License-Identifier: MIT
#include "cr_proxy.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"

#define SOCKET_NAME ".s.PGSQL.5432"

struct cr_proxy {
    pthread_t thread;
    _Atomic(enum cr_cut) cut;
    atomic_bool is_away; /* no connection is made */
    int listener;
    int held;      /* a connection to the server whose client is gone; -1: none */
    bool cuts_ask; /* the next question is lost */
    int stop[2];   /* its other end is closed to end the thread */
    struct sockaddr_un server;
    char *url;
};

/* The server's folder is the host of its address. */
static struct sockaddr_un find_socket(const char *folder, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n =
        snprintf(address.sun_path, sizeof(address.sun_path), "%.*s/" SOCKET_NAME, (int)len, folder);

    assert_true(n > 0 && (size_t)n < sizeof(address.sun_path));
    return address;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* What the client says goes to the server, unless it is the COMMIT that is to be cut; false ends
 * the connection. A simple query is one message, small enough to arrive in one piece. */
static bool pass_on(struct cr_proxy *proxy, int client, int server)
{
    char bytes[1 << 16];
    ssize_t n = recv(client, bytes, sizeof(bytes), 0);
    enum cr_cut cut = CR_CUT_NOTHING;

    if (n <= 0) {
        return false;
    }
    if (proxy->cuts_ask && memmem(bytes, (size_t)n, "txid_status", strlen("txid_status")) != NULL) {
        proxy->cuts_ask = false;
        return false;
    }
    if (memmem(bytes, (size_t)n, "COMMIT", sizeof("COMMIT")) != NULL) {
        cut = atomic_exchange(&proxy->cut, CR_CUT_NOTHING);
    }
    if (cut == CR_CUT_HOLD) {
        assert(proxy->held < 0);
        proxy->held = dup(server);
    }
    if (cut == CR_CUT_BEFORE || cut == CR_CUT_HOLD || !send_all(server, bytes, (size_t)n)) {
        return false;
    }
    if (cut == CR_CUT_TWICE) {
        proxy->cuts_ask = true;
    }
    if (cut == CR_CUT_FOR_GOOD) {
        atomic_store(&proxy->is_away, true);
    }
    if (cut == CR_CUT_AFTER || cut == CR_CUT_TWICE || cut == CR_CUT_FOR_GOOD) {
        (void)recv(server, bytes, sizeof(bytes), 0); /* that it has committed */
    }
    return cut == CR_CUT_NOTHING;
}

static bool pass_back(int client, int server)
{
    char bytes[1 << 16];
    ssize_t n = recv(server, bytes, sizeof(bytes), 0);

    return n > 0 && send_all(client, bytes, (size_t)n);
}

/* Until one side or the test ends it. */
static void serve(struct cr_proxy *proxy, int client, int server)
{
    struct pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {proxy->stop[0], POLLIN, 0}};
    bool going = true;

    while (going && poll(fds, CR_ARRAY_LEN(fds), -1) > 0) {
        going = fds[2].revents == 0 && (fds[0].revents == 0 || pass_on(proxy, client, server)) &&
                (fds[1].revents == 0 || pass_back(client, server));
    }
}

static void *run(void *context)
{
    struct cr_proxy *proxy = context;
    struct pollfd fds[] = {{proxy->listener, POLLIN, 0}, {proxy->stop[0], POLLIN, 0}};

    while (poll(fds, CR_ARRAY_LEN(fds), -1) > 0 && fds[1].revents == 0) {
        int client = accept(proxy->listener, NULL, NULL);
        int server = socket(AF_UNIX, SOCK_STREAM, 0);

        if (client >= 0 && server >= 0 && !atomic_load(&proxy->is_away) &&
            connect(server, (const struct sockaddr *)&proxy->server, sizeof(proxy->server)) == 0) {
            serve(proxy, client, server);
        }
        (void)close(client);
        (void)close(server);
    }
    return NULL;
}

struct cr_proxy *cr_proxy_start(const char *server)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    struct cr_proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_un own = find_socket(dir, strlen(dir));
    const char *host = strstr(server, "host=");

    assert_non_null(proxy);
    assert_non_null(host);
    host += strlen("host=");
    proxy->server = find_socket(host, strcspn(host, "&"));
    assert_true(asprintf(&proxy->url, "%.*s%s", (int)(host - server), server, dir) > 0);
    proxy->held = -1;
    proxy->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(proxy->listener, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(listen(proxy->listener, 4), 0);
    assert_int_equal(pipe(proxy->stop), 0);
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
    return proxy;
}

void cr_proxy_stop(struct cr_proxy *proxy)
{
    if (proxy == NULL) {
        return;
    }
    (void)close(proxy->stop[1]);
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    (void)close(proxy->stop[0]);
    (void)close(proxy->listener);
    if (proxy->held >= 0) {
        (void)close(proxy->held);
    }
    free(proxy->url);
    free(proxy);
}

const char *cr_proxy_url(const struct cr_proxy *proxy)
{
    return proxy->url;
}

void cr_proxy_cut(struct cr_proxy *proxy, enum cr_cut cut)
{
    atomic_store(&proxy->is_away, false);
    atomic_store(&proxy->cut, cut);
}
