// SPDX-License-Identifier: MIT
/* SIGTERM at bad moments: while a version is tried, while a batch is answered and others wait. The
 * daemon ends with 0, and in the time that it says. */
#include "cr_test.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cr_champion.h"
#include "cr_http.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/strbuf.h"

/* State letter and parent of a process; false when there is none. */
static bool look_at(const char *pid, char *ret_state, int *ret_parent)
{
    char path[300];
    char line[512];
    FILE *file;
    const char *end;
    size_t n;

    (void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    n = fread(line, 1, sizeof(line) - 1, file);
    (void)fclose(file);
    line[n] = '\0';
    end = strrchr(line, ')');
    return end != NULL && sscanf(end, ") %c %d", ret_state, ret_parent) == 2;
}

/* Whether the child is a trial already: until it has its own program the daemon waits for it,
 * whatever happens. */
static bool is_trial(const char *pid)
{
    char path[300];
    char words[512];
    FILE *file;
    size_t n;

    (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    n = fread(words, 1, sizeof(words), file);
    (void)fclose(file);
    return memmem(words, n, "--try-version", strlen("--try-version")) != NULL;
}

/* The daemon's trial, now; 0 when there is none. */
static pid_t find_trial(pid_t daemon)
{
    DIR *processes = opendir("/proc");
    const struct dirent *entry;
    pid_t child = 0;

    assert_non_null(processes);
    while (child == 0 && (entry = readdir(processes)) != NULL) {
        char state;
        int parent;

        if (isdigit((unsigned char)entry->d_name[0]) && look_at(entry->d_name, &state, &parent) &&
            parent == daemon && state != 'Z' && is_trial(entry->d_name)) {
            child = atoi(entry->d_name);
        }
    }
    (void)closedir(processes);
    return child;
}

/* Holds a trial up in its middle; false when it was too quick. */
static bool stop_trial(pid_t child)
{
    char pid[16];
    char state = 'R';
    int parent;

    (void)snprintf(pid, sizeof(pid), "%d", child);
    (void)kill(child, SIGSTOP); /* it may have ended */
    while (state != 'T') {
        if (!look_at(pid, &state, &parent) || state == 'Z') {
            return false;
        }
    }
    return true;
}

static void test_trial(void **state)
{
    struct cr_daemon daemon;
    bool stopped = false;
    size_t at;

    (void)state;
    cr_champion_start(&daemon, NULL);
    at = daemon.log.len;
    for (size_t i = 0; i < 200 && !stopped; i++) {
        pid_t child = 0;

        cr_daemon_signal(&daemon, SIGHUP);
        for (size_t k = 0; k < 50 && child == 0; k++) {
            child = find_trial(daemon.pid);
        }
        stopped = child != 0 && stop_trial(child);
        if (!stopped) { /* the trial was too quick */
            at = cr_daemon_await(&daemon, at, "\"event\":\"champion_loaded\"");
        }
    }
    assert_true(stopped);
    assert_int_equal(kill(daemon.pid, SIGTERM), 0);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_non_null(strstr(daemon.log.data, "was not tried to the end: stopping"));
    cr_daemon_finish(&daemon);
}

/* Waits until rows of a batch have been found wrong: it is being answered. */
static void await_rows(struct cr_daemon *daemon)
{
    static const char family[] = "\ncreditrisk_validation_errors_total{";
    bool seen = false;
    size_t at = 0;

    while (!seen) {
        struct cr_http_response response = cr_http_get(daemon->port, "/metrics");
        const char *line = response.body;

        assert_int_equal(response.status, 200);
        while (!seen && (line = strstr(line, family)) != NULL) {
            line += strcspn(line + 1, "\n") + 1;
            seen = line[-1] != '0';
        }
        cr_http_finish(&response);
        at = cr_daemon_await(daemon, at, "\"route\":\"/metrics\""); /* the pipe must not fill */
    }
}

/* A batch of minutes, and one behind it, do not outlast the time to drain. */
static void test_long_batch(void **state)
{
    enum { ROWS = 300000 };
    static const char *const variables[] = {
        "CREDITRISK_QUEUE_THREADS=1",
        "CREDITRISK_LOG_ACCESS=true",
        "CREDITRISK_LIMITS_DRAIN_TIMEOUT_S=0",
        "CREDITRISK_LIMITS_BATCH_ROWS=1000000",
        "CREDITRISK_LIMITS_BODIES_BYTES=8000000000",
        NULL,
    };
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf request = CR_STRBUF_INIT;
    struct cr_daemon daemon;
    int fds[2];

    (void)state;
    cr_champion_start(&daemon, variables);
    cr_strbuf_printf(&request, CR_CHAMPION_BATCH "Content-Length: %d\r\n\r\n[{}", 3 * ROWS + 1);
    for (size_t i = 1; i < ROWS; i++) {
        cr_strbuf_puts(&request, ",{}");
    }
    cr_strbuf_putc(&request, ']');
    for (size_t i = 0; i < CR_ARRAY_LEN(fds); i++) {
        fds[i] = cr_http_connect(daemon.port);
        assert_true(cr_http_send(fds[i], request.data, request.len));
    }
    await_rows(&daemon);
    cr_daemon_signal(&daemon, SIGTERM);
    assert_int_equal(cr_daemon_wait(&daemon), 0);
    assert_null(strstr(daemon.log.data, "\"requests_cut\":0"));
    assert_non_null(strstr(daemon.log.data, "\"route\":\"/predict/batch\",\"status\":503"));
    assert_null(strstr(daemon.log.data, "\"route\":\"/predict/batch\",\"status\":200"));
    for (size_t i = 0; i < CR_ARRAY_LEN(fds); i++) {
        struct cr_http_response response = cr_http_read(fds[i], false);

        assert_true(response.status == 503 || response.status == 0);
        cr_http_finish(&response);
        (void)close(fds[i]);
    }
    cr_daemon_finish(&daemon);
}

/* Batches, one after the other on one connection, until the daemon ends it. */
struct client {
    int fd;
    atomic_size_t *n_served; /* of all clients */
};

static void *hammer(void *context)
{
    static const char batch[] = CR_CHAMPION_BATCH "Content-Length: 7\r\n\r\n[{},{}]";
    struct client *client = context;
    bool closed = false;

    while (!closed && cr_http_puts(client->fd, batch)) {
        struct cr_http_response response = cr_http_read(client->fd, false);

        assert_true(response.status == 200 || response.status == 503 || response.status == 0);
        (void)atomic_fetch_add(client->n_served, response.status == 200);
        closed = response.status != 200;
        cr_http_finish(&response);
    }
    (void)close(client->fd);
    return NULL;
}

static void test_batches_through_the_end(void **state)
{
    enum { RUNS = 5, CLIENTS = 8 };
    static const char *const variables[] = {"CREDITRISK_QUEUE_THREADS=3",
                                            "CREDITRISK_LIMITS_DRAIN_TIMEOUT_S=0", NULL};

    (void)state;
    for (size_t run = 0; run < RUNS; run++) {
        struct client clients[CLIENTS];
        pthread_t threads[CLIENTS];
        struct cr_daemon daemon;
        atomic_size_t n_served = 0;

        cr_champion_start(&daemon, variables);
        for (size_t i = 0; i < CLIENTS; i++) {
            /* connected here: a thread may begin when the daemon is gone */
            clients[i] = (struct client){cr_http_connect(daemon.port), &n_served};
            assert_int_equal(pthread_create(&threads[i], NULL, hammer, &clients[i]), 0);
        }
        for (size_t i = 0; i < 20 || atomic_load(&n_served) == 0; i++) { /* they begin meanwhile */
            struct cr_http_response response = cr_http_get(daemon.port, "/livez");

            assert_int_equal(response.status, 200);
            cr_http_finish(&response);
        }
        cr_daemon_signal(&daemon, SIGTERM);
        assert_int_equal(cr_daemon_wait(&daemon), 0);
        cr_daemon_finish(&daemon);
        for (size_t i = 0; i < CLIENTS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
    }
}

/* Starts a daemon and asks it once; returns the connection. */
static int start_and_ask(struct cr_daemon *daemon, const char *const *options, const char *question)
{
    struct cr_http_response response;
    int fd;

    cr_daemon_start(daemon, options, NULL);
    fd = cr_http_connect(daemon->port);
    assert_true(cr_http_puts(fd, question));
    response = cr_http_read(fd, false);
    cr_http_check(&response, 200);
    cr_http_finish(&response);
    return fd;
}

#define QUESTION "GET /livez HTTP/1.1\r\nHost: h\r\n"

/* One question on a connection that lay idle when the daemon began to stop. */
static bool is_answered_while_draining(const char *const *options)
{
    struct cr_daemon daemon;
    int fd = start_and_ask(&daemon, options, QUESTION "\r\n");

    return cr_daemon_answers_draining(&daemon, fd, QUESTION "\r\n");
}

/* A client cannot know that the daemon stops: it has a while to ask once more. On a busy machine it
 * may be late. */
static void test_idle_connection(void **state)
{
    enum { TRIES = 10 };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};
    size_t i = 0;

    (void)state;
    while (i < TRIES && !is_answered_while_draining(options)) {
        i++;
    }
    assert_true(i < TRIES);
}

/* That while is long enough for a client on a busy machine. How soon it ends without a connection
 * is shown, and left to whoever reads it: the machine may be busy. */
static void test_time_to_settle(void **state)
{
    enum { LEAST_MS = 400 };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, NULL};
    int64_t took_ns[2];

    (void)state;
    for (size_t is_idle = 0; is_idle < 2; is_idle++) {
        struct cr_daemon daemon;
        int fd = start_and_ask(&daemon, options,
                               is_idle ? QUESTION "\r\n" : QUESTION "Connection: close\r\n\r\n");
        int64_t start_ns;

        assert_true(is_idle || cr_http_is_closed(fd));
        start_ns = cr_clock_ns();
        cr_daemon_signal(&daemon, SIGTERM);
        assert_int_equal(cr_daemon_wait(&daemon), 0);
        took_ns[is_idle] = cr_clock_ns() - start_ns;
        cr_daemon_finish(&daemon);
        (void)close(fd);
    }
    assert_true(took_ns[1] >= LEAST_MS * INT64_C(1000000));
    print_message("%.3f s without a connection, %.3f s with an idle one\n",
                  (double)took_ns[0] / 1e9, (double)took_ns[1] / 1e9);
}

/* Connects anew for every question, until nobody listens. */
struct caller {
    int port;
    atomic_size_t *n_answered; /* of all callers */
    size_t n_reset;            /* of its connections */
};

static void *call(void *context)
{
    struct caller *caller = context;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)caller->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    for (;;) {
        static const char question[] =
            "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        char answer[4096];
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ssize_t n = -1;

        assert_true(fd >= 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
            (void)close(fd);
            return NULL;
        }
        if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0) {
            n = recv(fd, answer, sizeof(answer), 0);
        }
        (void)close(fd);
        (void)atomic_fetch_add(caller->n_answered, n > 0);
        caller->n_reset += n <= 0;
    }
}

/* Who could connect gets an answer, however late that was. */
static void test_late_connections(void **state)
{
    enum { RUNS = 5, CALLERS = 8 };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    const char *const options[] = {"--registry", dir, "--listen", "127.0.0.1:0", NULL};
    static const char *const variables[] = {"CREDITRISK_LIMITS_CONNECTIONS_PER_ADDRESS=1000", NULL};

    (void)state;
    for (size_t run = 0; run < RUNS; run++) {
        struct caller callers[CALLERS];
        pthread_t threads[CALLERS];
        struct cr_daemon daemon;
        atomic_size_t n_answered = 0;
        size_t at;
        int port;

        cr_daemon_launch(&daemon, options, variables);
        at = cr_daemon_await(&daemon, 0, "\"event\":\"listening\"");
        at = cr_daemon_await(&daemon, at, "\"port\":");
        (void)cr_daemon_await(&daemon, at, ","); /* the whole number */
        port = atoi(daemon.log.data + at);
        for (size_t i = 0; i < CALLERS; i++) {
            callers[i] = (struct caller){port, &n_answered, 0};
            assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
        }
        while (atomic_load(&n_answered) < 200) {
            (void)sched_yield();
        }
        cr_daemon_signal(&daemon, SIGTERM);
        assert_int_equal(cr_daemon_wait(&daemon), 0);
        for (size_t i = 0; i < CALLERS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(callers[i].n_reset, 0);
        }
        cr_daemon_finish(&daemon);
    }
}

/* From now on neither this process nor those that it starts may give a socket a filter, as some
 * systems refuse it to whoever has no privileges. False when that cannot be had. */
static bool refuse_filters(void)
{
    struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_setsockopt, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_FILTER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {CR_ARRAY_LEN(refuse), refuse};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Whether the last test had to be left out. */
static bool filters_stay;

static void test_late_connections_without_a_filter(void **state)
{
    filters_stay = !refuse_filters();
    if (filters_stay) {
        skip(); /* main says so */
    }
    test_late_connections(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial),
        cmocka_unit_test(test_long_batch),
        cmocka_unit_test(test_batches_through_the_end),
        cmocka_unit_test(test_idle_connection),
        cmocka_unit_test(test_time_to_settle),
        cmocka_unit_test(test_late_connections),
        cmocka_unit_test(test_late_connections_without_a_filter),
    };
    int n_failed = cmocka_run_group_tests(tests, cr_champion_set_up, cr_champion_tear_down);

    if (n_failed == 0 && filters_stay) {
        cr_test_skip("seccomp, to refuse a socket's filter with");
    }
    return n_failed;
}
