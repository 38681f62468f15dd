// SPDX-License-Identifier: MIT
/* The child's arguments are the enum below; on standard output it writes one error code, a line's
 * end and the message, "0\n" when the version is good. */
#include "creditrisk/score/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/fs.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

static const char mode[] = "--try-version";

/* The registry's database, which may hold a password, is no argument: those everybody can read. */
#define REGISTRY_DB "CREDITRISK_TRIAL_REGISTRY_DB"

enum {
    ARG_PROGRAM,
    ARG_MODE,
    ARG_VERSION,
    ARG_PORTFOLIO,
    ARG_REGISTRY,
    ARG_CPU_S,
    ARG_BYTES,
    N_ARGS,
};

/* What is known of a child that has ended. */
struct verdict {
    char text[sizeof(struct cr_error) + 16]; /* what it wrote */
    size_t len;
    bool late;
    bool unwanted;
    bool babbles; /* wrote more than a verdict */
    int status;   /* of waitpid */
};

/* ---- the child ---- */

static void limit(int resource, rlim_t soft, rlim_t hard)
{
    const struct rlimit limits = {soft, hard};

    (void)setrlimit(resource, &limits); /* fails only where a lower limit holds already */
}

bool cr_trial_is_child(int argc, char **argv)
{
    if (argc != N_ARGS || strcmp(argv[ARG_MODE], mode) != 0) {
        return false;
    }
    rlim_t cpu_s = strtoul(argv[ARG_CPU_S], NULL, 10);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a valid signal */
    (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, cpu_s, cpu_s + 1); /* SIGXCPU, then SIGKILL */
    if (!HAS_SANITIZER) {
        rlim_t bytes = strtoul(argv[ARG_BYTES], NULL, 10);

        limit(RLIMIT_AS, bytes, bytes);
    }
    return true;
}

int cr_trial_main(char **argv)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    struct cr_error err = {0};
    int result = cr_registry_open(argv[ARG_REGISTRY], getenv(REGISTRY_DB), false, &registry, &err);

    if (result == 0) {
        result = cr_bundle_load(registry, argv[ARG_PORTFOLIO], argv[ARG_VERSION], 1, &bundle, &err);
    }
    if (printf("%d\n%s", result, result < 0 ? err.message : "") < 0 || fflush(stdout) != 0) {
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

/* ---- the parent ---- */

static int no_child(struct cr_error *err, int error)
{
    char space[128];

    return cr_error_set(err, CR_EUNAVAIL, "cannot start a process to try a version: %s",
                        strerror_r(error, space, sizeof(space)));
}

/* The variables of this process behind one more, NULL = none, which goes before one of the same
 * name. Borrows them all; yours (free). NULL without memory. */
static char **add_variable(char *variable)
{
    size_t n = 0;
    char **variables;

    while (environ[n] != NULL) {
        n++;
    }
    variables = calloc(n + 2, sizeof(*variables));
    if (variables != NULL) {
        variables[0] = variable;
        memcpy(variables + (variable != NULL), environ, n * sizeof(*variables));
    }
    return variables;
}

/* Starts it with its standard output in `out`, no signal blocked. Returns errno's value. */
static int spawn(const char *program, char *const *argv, char *const *variables, int out,
                 pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, broken_pipe;
    int error;

    (void)sigemptyset(&none); /* neither fails with valid arguments */
    (void)sigemptyset(&broken_pipe);
    (void)sigaddset(&broken_pipe, SIGPIPE);
    error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        (void)posix_spawn_file_actions_destroy(&actions); /* nothing to report */
        return error;
    }
    (void)posix_spawnattr_setsigmask(&attributes, &none); /* none fails with valid arguments */
    (void)posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    }
    if (error == 0) {
        error = posix_spawn(ret_pid, program, &actions, &attributes, argv, variables);
    }
    (void)posix_spawnattr_destroy(&attributes); /* nothing to report */
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads until the child closes its end of the pipe, which is the last thing that it does: it has
 * then ended or deserves to, as it does when it is late, no longer wanted or writes more than a
 * verdict. (A process that is ending keeps its status whatever signal comes.) */
static void await(pid_t pid, int in, int wall_s, const int stop_fds[2], struct verdict *ret_verdict)
{
    int64_t deadline_ns = cr_clock_ns() + (int64_t)wall_s * 1000000000;
    struct verdict verdict = {.len = 0};
    struct pollfd polled[] = {{.fd = in, .events = POLLIN},
                              {.fd = stop_fds[0], .events = POLLIN},
                              {.fd = stop_fds[1], .events = POLLIN}};
    ssize_t n = 1;

    while (n != 0 && !verdict.late && !verdict.unwanted && !verdict.babbles) {
        int64_t left_ns = deadline_ns - cr_clock_ns();

        verdict.late = left_ns <= 0;
        if (verdict.late || poll(polled, CR_ARRAY_LEN(polled), (int)(left_ns / 1000000 + 1)) <= 0) {
            continue;
        }
        verdict.unwanted = polled[1].revents != 0 || polled[2].revents != 0;
        if (polled[0].revents != 0) {
            n = read(in, verdict.text + verdict.len, sizeof(verdict.text) - verdict.len);
            verdict.len += n > 0 ? (size_t)n : 0;
            verdict.babbles = verdict.len == sizeof(verdict.text);
        }
    }
    (void)kill(pid, SIGKILL); /* our own child, not yet waited for */
    while (waitpid(pid, &verdict.status, 0) < 0 && errno == EINTR) {
    }
    verdict.text[verdict.babbles ? 0 : verdict.len] = '\0';
    *ret_verdict = verdict;
}

/* What the child says, or how it ended without a word. */
static int judge(const struct verdict *verdict, const char *version,
                 const struct cr_trial_limits *limits, struct cr_error *err)
{
    char *message = NULL;
    long code;

    if (verdict->unwanted) {
        return cr_error_set(err, CR_EUNAVAIL, "version '%s' was not tried to the end: stopping",
                            version);
    }
    if (verdict->late) {
        return cr_error_set(err, CR_EMODEL, "version '%s' could not be tried within %d s", version,
                            limits->wall_s);
    }
    if (WIFSIGNALED(verdict->status) && !verdict->babbles) {
        int number = WTERMSIG(verdict->status);
        const char *name = sigabbrev_np(number);

        if (number == SIGXCPU) {
            return cr_error_set(err, CR_EMODEL,
                                "version '%s' took more than %d s of processor time to try",
                                version, limits->cpu_s);
        }
        return cr_error_set(err, CR_EMODEL, "version '%s' ended the process that tried it: SIG%s",
                            version, name != NULL ? name : "?");
    }
    code = strtol(verdict->text, &message, 10);
    if (verdict->babbles || message == verdict->text || *message != '\n' || code > 0 ||
        code < CR_ENOMEM || WEXITSTATUS(verdict->status) != 0) {
        return cr_error_set(err, CR_EMODEL, "version '%s': the process that tried it said nothing",
                            version);
    }
    return code == 0 ? 0 : cr_error_set(err, (int)code, "%s", message + 1);
}

int cr_trial_run(const struct cr_trial_host *host, const char *registry, const char *registry_db,
                 const char *portfolio, const char *version, const struct cr_trial_limits *limits,
                 struct cr_error *err)
{
    CR_CLEANUP(cr_fs_closep) int in = -1;
    CR_CLEANUP(cr_freep) char *variable = NULL;
    CR_CLEANUP(cr_freep) char **variables = NULL;
    char cpu_s[16], bytes[24];
    char *const argv[N_ARGS + 1] = {
        [ARG_PROGRAM] = (char *)(uintptr_t)host->program,
        [ARG_MODE] = (char *)(uintptr_t)mode,
        [ARG_VERSION] = (char *)(uintptr_t)version,
        [ARG_PORTFOLIO] = (char *)(uintptr_t)portfolio,
        [ARG_REGISTRY] = (char *)(uintptr_t)registry,
        [ARG_CPU_S] = cpu_s,
        [ARG_BYTES] = bytes,
    };
    struct verdict verdict;
    int ends[2];
    pid_t pid;
    int error;

    (void)snprintf(cpu_s, sizeof(cpu_s), "%d", limits->cpu_s);
    (void)snprintf(bytes, sizeof(bytes), "%zu", limits->bytes);
    if (registry_db != NULL && asprintf(&variable, REGISTRY_DB "=%s", registry_db) < 0) {
        variable = NULL; /* undefined after a failure */
        return no_child(err, ENOMEM);
    }
    variables = add_variable(variable);
    if (variables == NULL) {
        return no_child(err, ENOMEM);
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return no_child(err, errno);
    }
    in = ends[0];
    error = spawn(host->program, argv, variables, ends[1], &pid);
    (void)close(ends[1]); /* a pipe of our own has nothing to report */
    if (error != 0) {
        return no_child(err, error);
    }
    await(pid, in, limits->wall_s, host->stop_fds, &verdict);
    return judge(&verdict, version, limits, err);
}
