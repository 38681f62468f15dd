// SPDX-License-Identifier: MIT
/* Private to cli/: one command table (main.c), one file per command. */
#ifndef CREDITRISK_SRC_CLI_CLI_H
#define CREDITRISK_SRC_CLI_CLI_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/book/import.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/score/gate.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/store/db.h"
#include "creditrisk/train/check.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* What a command's run function returns besides a negative CR_E… code, which ends the program as
 * CR_CLI_REFUSED does. */
enum {
    CR_CLI_OK = CR_EXIT_DONE,
    CR_CLI_REFUSED = CR_EXIT_REFUSED,
    CR_CLI_USAGE = CR_EXIT_USAGE,
    CR_CLI_INTERRUPTED = 130,
};

#define CR_CLI_MAX_WORDS 64

/* One option of a command. */
struct cr_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what stands behind it in --help; NULL = a flag */
    const char *help;
};

struct cr_cli;

/* What a verb needs of the registry. */
enum cr_verb_registry {
    CR_VERB_NO_REGISTRY,
    CR_VERB_ASKS,    /* one, signed or not; where nobody named one, the portfolios' folder does */
    CR_VERB_READS,   /* one that is there */
    CR_VERB_CREATES, /* makes it where there is none */
    CR_VERB_SIGNS,   /* one with versions that are not signed yet */
};

/* One verb of a command: the first word behind the command's name. */
struct cr_verb {
    const char *name;
    const char *usage;   /* behind it, options included: "VERSION --reason TEXT", "" */
    const char *summary; /* one line */
    const char *example; /* the same, as somebody could write it */
    size_t min_args;     /* words behind it */
    size_t max_args;
    const char *arguments;  /* these, in words: "a version and a file"; NULL = none */
    const char *options[5]; /* of the command's, those that it knows, up to the first NULL */
    const char *needs[2];   /* of these, those that must have a value … */
    const char *unless;     /* … where this one is not given; NULL = always */
    const char *instead;    /* of these, the one that stands for the words; NULL = none */
    enum cr_verb_registry registry;
    bool of_portfolio; /* it is about the chosen portfolio, which somebody must know */
    /* What can be refused before a registry is opened, or made; NULL = nothing. */
    int (*check)(const struct cr_cli *cli, struct cr_error *err);
    /* As a command's; words and options are as the verb wants them, `registry` is open or NULL. */
    int (*run)(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err);
};

struct cr_command {
    const char *name;
    const char *arguments; /* "DIR", ""; of a command with verbs "VERB" */
    const char *summary;   /* one line */
    const char *details;   /* paragraphs for --help, NULL when the summary says it all */
    const char *example;   /* words behind the name, as somebody could write them; not with verbs */
    const struct cr_option *options;
    size_t n_options;
    const struct cr_verb *verbs; /* NULL = it has none */
    size_t n_verbs;
    /* CR_CLI_… or a negative code with err filled; cr_cli_run_verb where there are verbs. */
    int (*run)(struct cr_cli *cli, struct cr_error *err);
};

/* One call of the program, parsed. */
struct cr_cli {
    const char *program; /* as it was called: what stands first in commands for the reader */
    const struct cr_command *command;
    struct cr_settings settings;
    bool has_bad_settings; /* and none of them holds */
    bool json;
    bool has_answered; /* the document of --json is out and names what failed, if anything did */
    bool quiet;
    const char *args[CR_CLI_MAX_WORDS]; /* positional words */
    size_t n_args;
    const char *given[CR_CLI_MAX_WORDS];  /* names of the command's options that were given … */
    const char *values[CR_CLI_MAX_WORDS]; /* … and their values ("" for flags) */
    size_t n_given;
};

extern const struct cr_command cr_cmd_config;
extern const struct cr_command cr_cmd_doctor;
extern const struct cr_command cr_cmd_features;
extern const struct cr_command cr_cmd_generate;
extern const struct cr_command cr_cmd_import;
extern const struct cr_command cr_cmd_key;
extern const struct cr_command cr_cmd_migrate;
extern const struct cr_command cr_cmd_portfolio;
extern const struct cr_command cr_cmd_predict;
extern const struct cr_command cr_cmd_registry;
extern const struct cr_command cr_cmd_threshold;
extern const struct cr_command cr_cmd_train;

/* The last value given for an option, or NULL. Borrowed. */
const char *cr_cli_option(const struct cr_cli *cli, const char *name);
bool cr_cli_has(const struct cr_cli *cli, const char *name);

/* An integer option with a default; CR_CLI_USAGE with err filled when it is no integer in [min,
 * max]. */
int cr_cli_integer(const struct cr_cli *cli, const char *name, int64_t fallback, int64_t min,
                   int64_t max, int64_t *ret_value, struct cr_error *err);

/* A decimal option, NaN when it is not given; CR_CLI_USAGE with err filled when it is no number in
 * [min, max]. */
int cr_cli_number(const struct cr_cli *cli, const char *name, double min, double max,
                  double *ret_value, struct cr_error *err);

/* Fills err and returns CR_CLI_USAGE. */
int cr_cli_usage(struct cr_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Checks the number of positional words: exactly n, each named in `what` ("a folder"). */
int cr_cli_need_args(const struct cr_cli *cli, size_t n, const char *what, struct cr_error *err);

/* The command's option of that name, or NULL. */
const struct cr_option *cr_command_option(const struct cr_command *command, const char *name);

/* The verb that the first word names; NULL when none does, or the command has none. */
const struct cr_verb *cr_cli_find_verb(const struct cr_cli *cli);

/* Checks the words for the verb, opens the registry that it needs and runs it. */
int cr_cli_run_verb(struct cr_cli *cli, struct cr_error *err);

/* help.c: the pages of --help, of the program, and of the command or its verb. */
void cr_help_print_program(const struct cr_cli *cli, const struct cr_command *const *commands,
                           size_t n);
void cr_help_print_command(const struct cr_cli *cli);

/* CR_EINVAL for a file that is there already, unless --force says that it may go. A pipe or a
 * device holds nothing. */
int cr_cli_check_new_file(const struct cr_cli *cli, const char *path, struct cr_error *err);

/* Whether the chosen portfolio has a folder: of a name that has none nothing can be trained. */
bool cr_cli_has_folder(const struct cr_cli *cli);

/* The chosen portfolio, database and registry, by the settings; the caller owns what it opens. */
int cr_cli_load_portfolio(const struct cr_cli *cli, struct cr_portfolio **ret_portfolio,
                          struct cr_error *err);
int cr_cli_open_db(const struct cr_cli *cli, bool create, struct cr_db **ret_db,
                   struct cr_error *err);
int cr_cli_open_registry(const struct cr_cli *cli, bool create, struct cr_registry **ret_registry,
                         struct cr_error *err);

/* The same for what must look at versions that are not signed (yet), whatever the settings ask. */
int cr_cli_open_unsigned_registry(const struct cr_cli *cli, bool create,
                                  struct cr_registry **ret_registry, struct cr_error *err);

/* CR_ENOTFOUND, with the name that was probably meant, when neither a folder nor the registry knows
 * the portfolio that was chosen. */
int cr_cli_need_portfolio(const struct cr_cli *cli, struct cr_registry *registry,
                          struct cr_error *err);

/* A copy of the name, and of the champion's where there is none; yours (free). Where no version
 * serves CR_ENOTFOUND, and err names the command that helps: which versions can be named or
 * promoted, or how the first is made. */
int cr_cli_choose_version(const struct cr_cli *cli, struct cr_registry *registry, const char *name,
                          char **ret_version, struct cr_error *err);

/* The database's address without its passwords, for messages; yours (free), NULL without memory. */
char *cr_cli_db_name(const struct cr_cli *cli);

/* Opens the database and makes sure that the portfolio's book has its tables: every migration was
 * applied (`creditrisk migrate`) or, for a flat book, an import has been. Says so where
 * application.yaml has changed since. `portfolio` may be NULL: no flat one. */
int cr_cli_open_book(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                     struct cr_db **ret_db, struct cr_error *err);

/* The same, but for the remark; and that remark, true where there is something to say. */
int cr_cli_open_book_to_check(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                              struct cr_db **ret_db, struct cr_error *err);
bool cr_cli_put_outdated(const struct cr_cli *cli, struct cr_db *db,
                         const struct cr_portfolio *portfolio, struct cr_strbuf *out);

/* portfolio_check.c: tells every fault of the portfolio and its book, as `portfolio check` does;
 * `may_write`: as cr_check_portfolio has it. A text that does not work is a fault like others. */
int cr_cli_find_faults(const struct cr_cli *cli, struct cr_db *db,
                       const struct cr_portfolio *portfolio, bool may_write,
                       cr_check_fault_fn *on_fault, void *context,
                       struct cr_check_report *ret_report, struct cr_error *err);

/* Where the rows are that an import has rejected; nothing when there are none. */
void cr_cli_print_rejects(const struct cr_import_report *report);

/* A remark: how many rows made room for others; nothing when there were none. */
void cr_cli_say_removed(const struct cr_cli *cli, size_t n_rows);

/* interrupt.c: from now on Ctrl-C ends the program by the signal, as ever, but with a word on
 * standard error and, with --json, the document of a failure on standard output. Where it is
 * ignored it stays so; that holds below, too. */
void cr_cli_tell_interrupts(bool json);

/* Something is about to be written to standard output: no such document may follow it. */
void cr_cli_begin_answer(void);

/* Of a command that can take back what it has begun. From the call on the first Ctrl-C sets the
 * flag, which asks it to end, and the next ends the program, as above. `flags` is 0, so that a call
 * that waits ends, or SA_RESTART: then only cr_cli_wait does. */
void cr_cli_await_interrupt(int flags);
extern volatile sig_atomic_t cr_cli_interrupted;

/* Whether the descriptor has nothing to read yet, nor its end; and the waiting, for that or for the
 * flag. */
bool cr_cli_must_wait(int fd);
void cr_cli_wait(int fd);

/* CR_CLI_INTERRUPTED with err filled where the flag is set; of what need not be taken back. */
int cr_cli_check_interrupt(struct cr_error *err);

/* What it ends with once all is taken back: as interrupted ("interrupted: nothing was WHAT") where
 * the flag has ended it, no failure; else with `result`. `db`, NULL where it has used none, may not
 * know whether it was done: then that is told. */
int cr_cli_tell_interrupt(const struct cr_db *db, int result, const char *what,
                          struct cr_error *err);

/* Who acts, for the registry's events: $CREDITRISK_ACTOR, else the login name. Borrowed. */
const char *cr_cli_actor(void);

/* A version that a gate refused: the table of gates and, in err, which one and why; nothing with
 * --json. Returns CR_CLI_REFUSED. */
int cr_cli_refuse_by_gates(const struct cr_cli *cli, const char *version,
                           const struct cr_gate_report *report, struct cr_error *err);

/* CR_CLI_OK when every gate is passed; else the same, and with --json {"portfolio", "version",
 * "passed", "gates"}. */
int cr_cli_report_gates(const struct cr_cli *cli, const char *version,
                        const struct cr_gate_report *report, struct cr_error *err);

/* Says, --quiet or not, that a version that is to serve was trained on inputs that are marked
 * prohibited. */
void cr_cli_warn_of_protected(const char *version);

/* Writes json pretty to standard output and releases it; NULL (no memory) is CR_ENOMEM. */
int cr_cli_print_json(json_t *json, struct cr_error *err);

/* {"code", "message"}: what a document says, under "error", of a failure, whose code may be
 * CR_CLI_INTERRUPTED. NULL without memory. */
json_t *cr_cli_error_to_json(const struct cr_error *err);

/* A message for people on standard error, unless --quiet; a line for them on standard output. Both
 * end it themselves, and what it quotes cannot command their terminal (cr_utf8_clean). */
void cr_cli_say(const struct cr_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void cr_cli_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where a command that the reader is told to give is to work: where this call does; there, but with
 * the portfolio that its words name; or with another registry, of which only the portfolio is
 * known. */
enum cr_cli_where { CR_CLI_HERE, CR_CLI_HERE_NAMED, CR_CLI_ELSEWHERE };

/* The program and the words (up to the first NULL), quoted for a shell where they need it, and the
 * options of place of this call (--portfolio, --registry …): without them the command would work
 * on another portfolio. Passwords are masked. Yours (free), NULL without memory. */
char *cr_cli_command(const struct cr_cli *cli, enum cr_cli_where where, ...)
    __attribute__((sentinel));

/* Fills err and returns code: what is wrong and, behind it, ": run 'COMMAND'". Takes the command,
 * which may be NULL (no memory). Where it has no room, nothing stands behind: half a command would
 * be another one. */
int cr_cli_advise(struct cr_error *err, int code, char *command, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* `code` and err, what became of a change of the registry (NULL: of none); where nobody knows, err
 * names the command whose `list` tells: "registry" or "key". Returns code. */
int cr_cli_advise_undecided(const struct cr_cli *cli, const struct cr_registry *registry,
                            const char *command, int code, struct cr_error *err);

/* The same of a change of the loan book, whose rows `doctor` counts. */
int cr_cli_advise_undecided_book(const struct cr_cli *cli, const struct cr_db *db, int code,
                                 struct cr_error *err);

/* `code` and err, what became of the use of a recorded version; where it is not what was recorded
 * (CR_EMODEL), err names the command that tells what to do. Returns code. */
int cr_cli_advise_version(const struct cr_cli *cli, const char *version, int code,
                          struct cr_error *err);

/* Whether this call names the portfolio: --portfolio stands in it. */
bool cr_cli_names_portfolio(const struct cr_cli *cli);

/* Whether anybody names the registry: a flag, a variable or the settings' file. */
bool cr_cli_names_registry(const struct cr_cli *cli);

/* What names the registry's folder: the flag, the variable or the settings' file; NULL where nobody
 * does. Borrowed. */
const char *cr_cli_registry_named_by(const struct cr_cli *cli);

/* Remarks: which command lets a new version serve; and how a daemon hears of another champion. */
void cr_cli_say_promote(const struct cr_cli *cli, const char *version);
void cr_cli_say_reload(const struct cr_cli *cli);

#define CR_CLI_COSTS_LEN 256

/* "a granted loan that defaults ₹1,00,000, a declined good payer ₹10,000". Returns text. */
const char *cr_cli_costs(const struct cr_portfolio *portfolio, const struct cr_costs *costs,
                         char text[CR_CLI_COSTS_LEN]);

/* A table for people: texts row by row, the header first, each of them cleaned (cr_utf8_clean). A
 * failed append is remembered and reported when printing. */
struct cr_cells {
    char **texts;
    size_t n;
    size_t cap;
    bool failed;
};

void cr_cells_add(struct cr_cells *cells, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints n_cols columns to standard output; bit i of right_mask aligns column i to the right.
 * CR_ENOMEM when an append failed. */
int cr_cells_print(const struct cr_cells *cells, size_t n_cols, unsigned right_mask,
                   struct cr_error *err);

/* Turns a table of n_cols columns on its side: rows become columns, the header the first of them.
 */
void cr_cells_turn(struct cr_cells *cells, size_t n_cols);
void cr_cells_finish(struct cr_cells *cells);

#endif
