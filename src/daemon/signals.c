// SPDX-License-Identifier: MIT
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

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

enum cr_signal cr_signals_wait(const char **ret_name)
{
    sigset_t set;
    int number = 0;

    fill(&set);
    while (sigwait(&set, &number) != 0) {
    }
    *ret_name = number == SIGHUP ? "SIGHUP" : number == SIGINT ? "SIGINT" : "SIGTERM";
    return number == SIGHUP ? CR_SIGNAL_RELOAD : CR_SIGNAL_STOP;
}
