// SPDX-License-Identifier: MIT
/* What Ctrl-C does. A command that takes back what it has begun asks for it; any other is ended by
 * the signal, but not without a word. */
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

volatile sig_atomic_t cr_cli_interrupted;

/* On a terminal it begins by taking away a bar and what the key itself has left there. */
static const char words[] = "\r\033[Kcreditrisk: interrupted\n";
static size_t words_from = sizeof "\r\033[K" - 1;

static char document[256]; /* the same for --json; empty without it */
static size_t document_len;
static volatile sig_atomic_t has_begun; /* an answer to stand there instead */

static struct sigaction usual_end;
static int bell = -1; /* readable once Ctrl-C has asked; none where the system has none */

static void write_out(int fd, const char *text, size_t len)
{
    (void)!write(fd, text, len); /* where it fails there is nobody to tell */
}

static void end(int signal_number)
{
    write_out(STDERR_FILENO, words + words_from, sizeof words - 1 - words_from);
    if (!has_begun) {
        write_out(STDOUT_FILENO, document, document_len);
    }
    (void)raise(signal_number); /* ends the program once this returns: SA_RESETHAND */
}

static void ask(int signal_number)
{
    const int number = errno;
    cr_cli_interrupted = 1;
    (void)eventfd_write(bell, 1);
    errno = number;
    (void)sigaction(signal_number, &usual_end, NULL); /* fails for misuse only */
}

/* Where Ctrl-C is ignored it stays so. Without it the program ends less politely. */
static void take(const struct sigaction *action)
{
    struct sigaction before;
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        (void)sigaction(SIGINT, action, NULL); /* fails for misuse only */
    }
}

/* Now: a handler may not. */
static void write_document(void)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;
    (void)cr_error_set(&err, CR_CLI_INTERRUPTED, "interrupted");
    CR_CLEANUP(cr_json_decrefp)
    json_t *answer = json_pack("{s:o}", "error", cr_cli_error_to_json(&err));
    if (answer == NULL) {
        return; /* no memory: then the words on standard error are all */
    }
    cr_json_write(answer, true, &text);
    cr_strbuf_putc(&text, '\n');
    if (!text.failed && text.len <= sizeof document) {
        memcpy(document, text.data, text.len);
        document_len = text.len;
    }
}

void cr_cli_tell_interrupts(bool json)
{
    usual_end = (struct sigaction){.sa_handler = end, .sa_flags = SA_RESETHAND};
    if (isatty(STDERR_FILENO) == 1) {
        words_from = 0;
    }
    if (json) {
        write_document();
    }
    take(&usual_end);
}

void cr_cli_begin_answer(void)
{
    has_begun = 1;
}

void cr_cli_await_interrupt(int flags)
{
    const struct sigaction action = {.sa_handler = ask, .sa_flags = flags};
    bell = bell < 0 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : bell;
    take(&action);
}

bool cr_cli_must_wait(int fd)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};
    return poll(&input, 1, 0) == 0;
}

void cr_cli_wait(int fd)
{
    struct pollfd both[] = {{.fd = fd, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
    while (!cr_cli_interrupted && poll(both, CR_ARRAY_LEN(both), -1) < 0 && errno == EINTR) {
    }
}

int cr_cli_check_interrupt(struct cr_error *err)
{
    return cr_cli_interrupted ? cr_error_set(err, CR_CLI_INTERRUPTED, "interrupted") : 0;
}

int cr_cli_tell_interrupt(const struct cr_db *db, int result, const char *what,
                          struct cr_error *err)
{
    return cr_cli_interrupted && result == CR_EUNAVAIL && (db == NULL || !cr_db_is_undecided(db))
               ? cr_error_set(err, CR_CLI_INTERRUPTED, "interrupted: nothing was %s", what)
               : result;
}
