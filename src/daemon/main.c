// SPDX-License-Identifier: MIT
/* creditriskd: settings, champion, listen, ready; then signals until one says stop. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "creditrisk/http/server.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/slip.h"
#include "healthcheck.h"
#include "portfolio.h"
#include "signals.h"

enum {
    MAX_FLAGS = 64,
    LIKELY_LEN = 32,
    LOOK_MS = 3000, /* patience with a database's server */
};

CR_DEFINE_CLEANUP(struct cr_server *, cr_server_destroy);

static const char help_begin[] = "creditriskd " CR_VERSION ": answers loan applications over HTTP\n"
                                 "\n"
                                 "Usage: creditriskd [OPTIONS]\n"
                                 "\n"
                                 "Options, as --name VALUE or --name=VALUE:\n";
static const char help_end[] =
    "  --healthcheck          asks the running daemon of these settings: 0 when it is ready\n"
    "  --help, --version\n"
    "\n"
    "Every setting is also a variable: CREDITRISK_PORTFOLIO, _DB, _REGISTRY, _CONFIG, PORT, …; "
    "see\n" CR_SETTINGS_CONFIG ". SIGTERM finishes what is in flight and ends, SIGHUP loads the "
    "current\n"
    "champion.\n"
    "Exit status: 0 ended by a signal, 1 could not serve, " CR_EXIT_USAGE_HELP ".\n";

static void print_help(void)
{
    const struct cr_settings_flag_help *flag;

    (void)fputs(help_begin, stdout); /* main looks at the stream's state */
    for (size_t i = 0; (flag = cr_settings_flag_at(i)) != NULL; i++) {
        char words[32];

        (void)snprintf(words, sizeof(words), "--%s %s", flag->name, flag->argument);
        printf("  %-22s %s\n", words, flag->help);
    }
    (void)fputs(help_end, stdout); /* as above */
}

/* The words of one call. */
struct words {
    struct cr_settings_flag flags[MAX_FLAGS];
    char names[MAX_FLAGS][32];
    size_t n;
    bool help;
    bool version;
    bool healthcheck;
};

static int usage(const char *what, const char *word, const char *likely)
{
    char hint[CR_SLIP_HINT_LEN];

    fprintf(stderr, "creditriskd: %s '%s'%s\n'creditriskd --help' tells more.\n", what, word,
            cr_slip_hint(likely, hint));
    return CR_EXIT_USAGE;
}

/* The option that a misspelt one was probably meant to be, as "--name"; "" when none is near. */
static const char *find_likely(const char *name, char likely[LIKELY_LEN])
{
    const char *best = NULL;
    const struct cr_settings_flag_help *flag;

    for (size_t i = 0; (flag = cr_settings_flag_at(i)) != NULL; i++) {
        best = cr_slip_nearer(best, flag->name, name);
    }
    best = cr_slip_nearer(best, "healthcheck", name);
    best = cr_slip_nearer(best, "help", name);
    best = cr_slip_nearer(best, "version", name);
    (void)snprintf(likely, LIKELY_LEN, "%s%s", best != NULL ? "--" : "", best != NULL ? best : "");
    return likely;
}

/* One option with a value; *i moves past what it takes. */
static int take_flag(struct words *words, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    char *copy = words->names[words->n];
    char likely[LIKELY_LEN];

    if (words->n == MAX_FLAGS - 1) {
        return usage("too many options, beginning with", word, NULL);
    }
    if (len >= sizeof(words->names[0])) {
        return usage("unknown option", word, NULL);
    }
    memcpy(copy, name, len);
    copy[len] = '\0';
    if (cr_settings_find_flag(copy) == NULL) {
        return usage("unknown option", word, find_likely(copy, likely));
    }
    if (name[len] == '\0' && *i + 1 == argc) {
        return usage("no value for option", word, NULL);
    }
    words->flags[words->n++] =
        (struct cr_settings_flag){copy, name[len] == '=' ? name + len + 1 : argv[++*i]};
    return 0;
}

static int read_words(struct words *words, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char likely[LIKELY_LEN];
        int status = 0;

        if (strcmp(argv[i], "--help") == 0) {
            words->help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            words->version = true;
        } else if (strcmp(argv[i], "--healthcheck") == 0) {
            words->healthcheck = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            status = take_flag(words, argc, argv, &i);
        } else {
            status = usage("unexpected word", argv[i], find_likely(argv[i], likely));
        }
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static void set_log_level(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0) {
            cr_log_set_level((enum cr_log_level)i);
        }
    }
}

/* As many open files as connections need, if the system lets us; else fewer are accepted. */
static void raise_file_limit(const struct cr_settings *settings)
{
    rlim_t need = (rlim_t)cr_server_max_files(settings);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need) {
        limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* see above */
    }
}

/* Something to do now and then. */
struct duty {
    int every_s; /* 0 = never */
    int64_t due_ns;
};

static struct duty make_duty(int every_s)
{
    return (struct duty){every_s,
                         every_s > 0 ? cr_clock_ns() + (int64_t)every_s * 1000000000 : INT64_MAX};
}

/* Whether it is time; then the next time is set. */
static bool is_due(struct duty *duty)
{
    bool due = duty->due_ns <= cr_clock_ns();

    if (due) {
        *duty = make_duty(duty->every_s);
    }
    return due;
}

/* Until the first of the two, at least 1; 0 = there is none. */
static int seconds_until(const struct duty *a, const struct duty *b)
{
    int64_t due_ns = a->due_ns < b->due_ns ? a->due_ns : b->due_ns;
    int64_t left_ns = due_ns - cr_clock_ns();

    if (due_ns == INT64_MAX) {
        return 0;
    }
    return left_ns > 1000000000 ? (int)((left_ns + 999999999) / 1000000000) : 1;
}

/* Until a signal says stop; the number of requests that were cut off. */
static size_t serve(const struct cr_settings *settings, struct cr_server *server)
{
    struct duty watch = make_duty(settings->registry_watch_s);
    struct duty refresh = make_duty(settings->auth_refresh_s);
    enum cr_signal signal;
    const char *name;
    struct cr_error err;
    size_t n_cut;

    while ((signal = cr_signals_wait(seconds_until(&watch, &refresh), &name)) != CR_SIGNAL_STOP) {
        if (signal == CR_SIGNAL_RELOAD || is_due(&refresh)) {
            cr_server_refresh(server);
        }
        if (signal == CR_SIGNAL_RELOAD) {
            cr_log(CR_LOG_INFO, "reloading", "{s:s}", "signal", name);
            (void)cr_server_reload(server, &err); /* logged; the old champion keeps serving */
        } else if (is_due(&watch)) {
            (void)cr_server_follow(server, &err); /* logged likewise */
        }
    }
    cr_log(CR_LOG_INFO, "stopping", "{s:s}", "signal", name);
    n_cut = cr_server_drain(server);
    cr_log(n_cut == 0 ? CR_LOG_INFO : CR_LOG_WARN, "stopped", "{s:I}", "requests_cut",
           (json_int_t)n_cut);
    return n_cut;
}

/* Variables that look like settings and are none. */
static void log_strays(void)
{
    struct cr_settings_stray stray;
    size_t at = 0;

    while (cr_settings_next_stray(&at, &stray)) {
        cr_log(CR_LOG_WARN, "variable_unknown", "{s:s, s:s*}", "name", stray.name, "did_you_mean",
               stray.likely[0] != '\0' ? stray.likely : NULL);
    }
}

static void log_password(const struct words *words)
{
    const char *flag = cr_settings_find_password(words->flags, words->n);

    if (flag != NULL) {
        cr_log(CR_LOG_WARN, "password_in_flag", "{s:s, s:s}", "flag", flag, "hint",
               CR_SETTINGS_PASSWORD_HINT);
    }
}

/* Adds what is not there. */
static void note_missing(json_t *missing, const char *what, const char *path)
{
    if (path != NULL && !cr_fs_exists(path)) {
        (void)cr_json_put(missing, what, json_string(path)); /* or it is not told */
    }
}

/* Without a registry nothing can ever be answered, and the usual reason is that the daemon was
 * started somewhere else: what else is not there shows it. */
static void log_place(const struct cr_settings *settings)
{
    CR_CLEANUP(cr_freep) char *portfolio = cr_settings_portfolio_path(settings);
    CR_CLEANUP(cr_freep) char *cwd = getcwd(NULL, 0);
    json_t *missing;

    if (cr_fs_exists(settings->registry)) {
        return;
    }
    missing = json_object();
    note_missing(missing, "registry", settings->registry);
    note_missing(missing, "portfolio", portfolio);
    if (settings->config_path == NULL) {
        note_missing(missing, "config", CR_SETTINGS_CONFIG);
    }
    cr_log(CR_LOG_WARN, "wrong_folder", "{s:s*, s:o*, s:s}", "cwd", cwd, "missing", missing, "hint",
           "start the daemon where these are, or name them: --registry, --config");
}

static int run(const struct cr_settings *settings, struct cr_error *err)
{
    CR_CLEANUP(cr_fs_closep) int stop_fd = cr_signals_stop_fd();
    CR_CLEANUP(cr_server_destroyp) struct cr_server *server = NULL;
    struct cr_error ignored;
    int result = cr_server_create(settings, &server, err);

    if (result < 0) {
        return result;
    }
    cr_server_try_versions(server, "/proc/self/exe", stop_fd);
    (void)cr_server_reload(server, &ignored); /* logged; without a model it answers 503 */
    result = cr_server_start(server, err);
    if (result < 0) {
        return result;
    }
    cr_log(CR_LOG_INFO, "listening", "{s:s, s:i, s:s, s:s?}", "address", cr_server_address(server),
           "port", cr_server_port(server), "program", "creditriskd " CR_VERSION, "config",
           settings->config_path);
    (void)serve(settings, server); /* logged */
    return 0;
}

/* What a container or a supervisor runs now and then: needs no other program. */
static int check_health(const struct cr_settings *settings)
{
    struct cr_error err;

    if (cr_healthcheck(settings, &err) < 0) {
        fprintf(stderr, "creditriskd: %s\n", err.message);
        return CR_EXIT_REFUSED;
    }
    return CR_EXIT_DONE;
}

/* A look at the registry must not last for long, as signals and batches may wait for it: a name
 * that no server knows is given up in seconds, unless whoever runs us says otherwise, and so is
 * a query that a server does not answer. */
static void limit_looks(void)
{
    (void)setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
    cr_db_limit_answers(LOOK_MS);
}

int main(int argc, char **argv)
{
    CR_CLEANUP(cr_settings_finish) struct cr_settings settings = {0};
    struct words words = {0};
    struct cr_error err;
    int status;

    limit_looks();
    if (cr_trial_is_child(argc, argv)) {
        return cr_trial_main(argv);
    }
    status = read_words(&words, argc, argv);
    if (status != 0) {
        return status;
    }
    if (words.help || words.version) {
        if (words.help) {
            print_help();
        } else {
            (void)fputs("creditriskd " CR_VERSION "\n", stdout); /* as below */
        }
        return fflush(stdout) == 0 ? CR_EXIT_DONE : CR_EXIT_REFUSED;
    }
    if (cr_settings_load(words.flags, words.n, &settings, &err) < 0) {
        fprintf(stderr, "creditriskd: %s\n" CR_SETTINGS_HELP "\n", err.message);
        return CR_EXIT_USAGE;
    }
    if (words.healthcheck) {
        return check_health(&settings);
    }
    set_log_level(settings.log_level);
    log_strays();
    log_password(&words);
    log_place(&settings);
    raise_file_limit(&settings);
    cr_signals_block();
    if (cr_daemon_check_portfolios(&settings, &err) < 0 || run(&settings, &err) < 0) {
        cr_log(CR_LOG_ERROR, "cannot_serve", "{s:s, s:s}", "error", cr_error_name(err.code),
               "reason", err.message);
        return CR_EXIT_REFUSED;
    }
    return CR_EXIT_DONE;
}
