// SPDX-License-Identifier: MIT
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>

static void fill(sigset_t *set)
{
    (void)sigemptyset(set); /* none of these can fail with valid arguments */
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
}

void cr_signals_block(void)
{
    sigset_t set;

    fill(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* cannot fail with valid arguments */
    (void)signal(SIGPIPE, SIG_IGN);               /* a client that left is no reason to die */
}

enum cr_signal cr_signals_wait(int timeout_s, const char **ret_name)
{
    const struct timespec timeout = {.tv_sec = timeout_s};
    sigset_t set;
    int number;

    fill(&set);
    do {
        number = timeout_s > 0 ? sigtimedwait(&set, NULL, &timeout) : sigwaitinfo(&set, NULL);
    } while (number < 0 && errno == EINTR);
    *ret_name = number == SIGHUP    ? "SIGHUP"
                : number == SIGINT  ? "SIGINT"
                : number == SIGTERM ? "SIGTERM"
                                    : "";
    return number < 0 ? CR_SIGNAL_NONE : number == SIGHUP ? CR_SIGNAL_RELOAD : CR_SIGNAL_STOP;
}

int cr_signals_stop_fd(void)
{
    sigset_t set;

    (void)sigemptyset(&set); /* none of these can fail with valid arguments */
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
