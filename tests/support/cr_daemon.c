// SPDX-License-Identifier: MIT
#include "cr_daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_http.h"
#include "cr_test.h"

enum { PATIENCE_MS = 60000, MAX_WORDS = 32, LISTEN_FD = 3 };

static int bind_socket(int *ret_port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* In the child: our variables go, the test's come. */
static void set_environment(const char *const *variables)
{
    extern char **environ;

    for (char **entry = environ; *entry != NULL;) {
        char name[64];
        size_t len = strcspn(*entry, "=");

        if ((strncmp(*entry, "CREDITRISK_", 11) == 0 || strncmp(*entry, "PORT=", 5) == 0) &&
            len < sizeof(name)) {
            memcpy(name, *entry, len);
            name[len] = '\0';
            (void)unsetenv(name); /* moves the rest down */
        } else {
            entry++;
        }
    }
    for (; variables != NULL && *variables != NULL; variables++) {
        (void)putenv((char *)*variables); /* fails only without memory */
    }
}

/* In the child; does not return. listen_fd may be −1. */
static _Noreturn void become(const char *const *options, const char *const *variables,
                             int listen_fd, int log_fd)
{
    const char *words[MAX_WORDS] = {getenv("CR_DAEMON")};
    size_t n = 1;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a killed test leaves no daemon behind */
    set_environment(variables);
    if (listen_fd >= 0) {
        words[n++] = "--listen-fd";
        words[n++] = "3";
    }
    for (; *options != NULL && n < MAX_WORDS - 1; options++) {
        words[n++] = *options;
    }
    if (dup2(log_fd, STDERR_FILENO) >= 0 && dup2(log_fd, STDOUT_FILENO) >= 0 &&
        (listen_fd != LISTEN_FD || fcntl(listen_fd, F_SETFD, 0) == 0) &&
        (listen_fd < 0 || dup2(listen_fd, LISTEN_FD) >= 0) && chdir(cr_test_root()) == 0) {
        (void)execv(words[0], (char *const *)words);
    }
    _exit(127);
}

static void spawn(struct cr_daemon *daemon, const char *const *options,
                  const char *const *variables, int listen_fd)
{
    int ends[2];

    if (getenv("CR_DAEMON") == NULL) {
        cr_test_skip("CR_DAEMON, the path of creditriskd");
    }
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    daemon->pid = fork();
    assert_true(daemon->pid >= 0);
    if (daemon->pid == 0) {
        become(options, variables, listen_fd, ends[1]);
    }
    (void)close(ends[1]); /* the child has it */
    daemon->log_fd = ends[0];
    cr_strbuf_init(&daemon->log);
}

void cr_daemon_start(struct cr_daemon *ret_daemon, const char *const *options,
                     const char *const *variables)
{
    int fd = bind_socket(&ret_daemon->port);

    spawn(ret_daemon, options, variables, fd);
    (void)close(fd); /* the child has it */
}

void cr_daemon_launch(struct cr_daemon *ret_daemon, const char *const *options,
                      const char *const *variables)
{
    ret_daemon->port = 0;
    spawn(ret_daemon, options, variables, -1);
}

/* Reads some of the log; false at its end. */
static bool read_log(struct cr_daemon *daemon)
{
    struct pollfd polled = {.fd = daemon->log_fd, .events = POLLIN};
    char chunk[4096];
    ssize_t n;

    if (poll(&polled, 1, PATIENCE_MS) != 1) {
        print_error("the daemon says nothing more; so far:\n%s", cr_strbuf_text(&daemon->log));
        fail();
    }
    n = read(daemon->log_fd, chunk, sizeof(chunk));
    assert_true(n >= 0);
    cr_strbuf_append(&daemon->log, chunk, (size_t)n);
    return n > 0;
}

size_t cr_daemon_await(struct cr_daemon *daemon, size_t from, const char *text)
{
    const char *found;

    while ((found = strstr(cr_strbuf_text(&daemon->log) + from, text)) == NULL) {
        if (!read_log(daemon)) {
            print_error("'%s' is not in the log:\n%s", text, cr_strbuf_text(&daemon->log));
            fail();
        }
    }
    return (size_t)(found - cr_strbuf_text(&daemon->log)) + strlen(text);
}

void cr_daemon_signal(struct cr_daemon *daemon, int number)
{
    (void)cr_daemon_await(daemon, 0, "\"event\":\"listening\""); /* before, it has no handlers */
    assert_int_equal(kill(daemon->pid, number), 0);
}

static int wait_end(struct cr_daemon *daemon)
{
    int status;

    while (read_log(daemon)) {
    }
    (void)close(daemon->log_fd); /* read to its end */
    assert_int_equal(waitpid(daemon->pid, &status, 0), daemon->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int cr_daemon_wait(struct cr_daemon *daemon)
{
    int status = wait_end(daemon);

    if (status != 0) {
        print_message("the daemon's log:\n%s", cr_strbuf_text(&daemon->log));
    }
    return status;
}

bool cr_daemon_answers_draining(struct cr_daemon *daemon, int fd, const char *request)
{
    struct cr_http_response response;
    bool answered;

    cr_daemon_signal(daemon, SIGTERM);
    (void)cr_daemon_await(daemon, 0, "\"event\":\"draining\"");
    (void)cr_http_puts(fd, request); /* or it is closed */
    response = cr_http_read(fd, false);
    answered = response.status == 200;
    if (answered) {
        cr_http_check_header(&response, "Connection", "close");
    }
    cr_http_finish(&response);
    (void)close(fd);
    assert_int_equal(cr_daemon_wait(daemon), 0);
    cr_daemon_finish(daemon);
    return answered;
}

int cr_daemon_stop(struct cr_daemon *daemon)
{
    int status;

    cr_daemon_signal(daemon, SIGTERM);
    status = cr_daemon_wait(daemon);
    cr_daemon_finish(daemon);
    return status;
}

void cr_daemon_finish(struct cr_daemon *daemon)
{
    cr_strbuf_finish(&daemon->log);
}

int cr_daemon_run(const char *const *options, const char *const *variables, char **ret_output)
{
    struct cr_daemon daemon = {0};
    int status;

    cr_daemon_launch(&daemon, options, variables);
    status = wait_end(&daemon);
    *ret_output = cr_strbuf_steal(&daemon.log);
    assert_non_null(*ret_output);
    return status;
}
