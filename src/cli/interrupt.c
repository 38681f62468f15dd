// SPDX-License-Identifier: MIT
/* Ctrl-C for commands that take back what they have begun. */
#include "cli.h"

volatile sig_atomic_t cr_cli_interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    cr_cli_interrupted = 1;
}

void cr_cli_await_interrupt(void)
{
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND};
    cr_cli_take_interrupts(&action, NULL);
}

int cr_cli_tell_interrupt(const struct cr_db *db, int result, const char *what,
                          struct cr_error *err)
{
    return cr_cli_interrupted && result == CR_EUNAVAIL && (db == NULL || !cr_db_is_undecided(db))
               ? cr_error_set(err, CR_CLI_INTERRUPTED, "interrupted: nothing was %s", what)
               : result;
}
