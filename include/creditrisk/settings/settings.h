// SPDX-License-Identifier: MIT
/* Settings of both programs: flag > environment > config/creditriskd.yaml > default. Each value
 * knows where it came from. */
#ifndef CREDITRISK_SETTINGS_SETTINGS_H
#define CREDITRISK_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

/* The file that is read where none is named. */
#define CR_SETTINGS_CONFIG "config/creditriskd.yaml"

/* Stands below a message about a setting. */
#define CR_SETTINGS_HELP                                                                           \
    "what every setting and its variable mean is told in " CR_SETTINGS_CONFIG                      \
    " as it comes with the program."

enum { CR_SETTINGS_VARIABLE_LEN = 64 };

/* Exit status of both programs. Who has to mend words, a variable or the settings file before the
 * program can do anything sees CR_EXIT_USAGE, whatever was to be done. */
enum { CR_EXIT_DONE = 0, CR_EXIT_REFUSED = 1, CR_EXIT_USAGE = 2 };

#define CR_EXIT_USAGE_HELP "2 wrong words, variables or settings file"

/* For who asked for a place where nobody can listen, or where nobody listens. */
#define CR_SETTINGS_LISTEN_HELP                                                                    \
    "another place is named by --listen ADDRESS:PORT, or by listen.address and listen.port "       \
    "(CREDITRISK_LISTEN_ADDRESS, CREDITRISK_LISTEN_PORT, PORT)"

enum cr_origin { CR_ORIGIN_DEFAULT, CR_ORIGIN_FILE, CR_ORIGIN_ENVIRONMENT, CR_ORIGIN_FLAG };

/* One table in settings.c lists every setting: key in the file ("limits.body_bytes"), variable of
 * the environment (CREDITRISK_LIMITS_BODY_BYTES), flag, type, default and bounds. */
struct cr_settings {
    /* both programs */
    char *portfolio;        /* portfolio: retail */
    char *portfolios;       /* portfolios: which the daemon also serves; * = all with a champion */
    char *db;               /* db: sqlite:data/creditrisk.db */
    char *registry;         /* registry.dir: models; the variable is CREDITRISK_REGISTRY */
    char *registry_db;      /* registry.db: NULL = sqlite:<registry>/registry.db */
    char *trusted_keys;     /* registry.trusted_keys: NULL = no file */
    bool require_signature; /* registry.require_signature: false; true needs trusted_keys */
    char *portfolios_dir;   /* paths.portfolios: config/portfolios */
    char *migrations_dir;   /* paths.migrations: migrations */
    char *results_dir;      /* paths.results: results */
    /* the daemon */
    char *listen_address;   /* listen.address: 127.0.0.1 */
    int listen_port;        /* listen.port: 8001, 0 = any free one; PORT sets it, too */
    int listen_fd;          /* flag only: an already listening socket, −1 = none */
    int threads;            /* threads: 0 = one per processor */
    size_t body_bytes;      /* limits.body_bytes: 65536 */
    size_t batch_bytes;     /* limits.batch_bytes: 8388608 */
    int batch_rows;         /* limits.batch_rows: 10000 */
    size_t header_bytes;    /* limits.header_bytes: 16384 */
    int header_count;       /* limits.header_count: 64 */
    int connections;        /* limits.connections: 1024 */
    int connections_per_ip; /* limits.connections_per_address: 64 */
    int header_timeout_s;   /* limits.header_timeout_s: 10, for all headers together */
    int transfer_timeout_s; /* limits.transfer_timeout_s: 10, for a body and for an answer, and … */
    int transfer_bytes_per_s; /* limits.transfer_bytes_per_s: 1024, … a second more for so many */
    int idle_timeout_s;       /* limits.idle_timeout_s: 30 */
    int drain_timeout_s;      /* limits.drain_timeout_s: 10 */
    size_t bodies_bytes;      /* limits.bodies_bytes: 268435456, batches together */
    int registry_watch_s;     /* registry.watch: 0 = never */
    int queue_threads;        /* queue.threads: 1 */
    int queue_length;         /* queue.length: 16 */
    int rate_requests;        /* rate_limit.requests: 0 = no limit */
    int rate_window_s;        /* rate_limit.window_s: 60 */
    char *trusted_proxies;    /* trusted_proxies: addresses and networks; "" = none */
    char *cors_origins;       /* cors.allow_origins; "" = none */
    char *log_level;          /* log.level: info */
    bool access_log;          /* log.access: false */
    char *auth_mode;          /* auth.mode: none, key */
    char *auth_key;       /* auth.key: one more key, with scopes predict and read; NULL = none */
    int auth_refresh_s;   /* auth.refresh_s: 5 */
    bool allow_anonymous; /* auth.allow_anonymous: false */
    /* about the settings themselves */
    unsigned char *origins; /* where each came from, by index of the table */
    char *config_path;      /* the file that was read; NULL when none exists at the default place */
};

/* One flag of the command line that is a setting, e.g. {"db", "sqlite:x.db"}. Both borrowed. */
struct cr_settings_flag {
    const char *name; /* without the dashes */
    const char *value;
};

/* Reads defaults, file, environment and flags, in this order. The file is the flag `config`,
 * CREDITRISK_CONFIG or config/creditriskd.yaml (which may be absent unless it was named). The flag
 * `listen` is ADDRESS:PORT and excludes `listen-fd`. An empty variable counts as not set; variables
 * that no setting has change nothing (cr_settings_next_stray). An unknown key or an unfit value in
 * the file is CR_EPARSE with file, line and column; an unfit variable or flag is CR_EINVAL with its
 * name; a named file that does not exist is CR_ENOTFOUND. require_signature without trusted_keys is
 * CR_EINVAL. ret_settings is yours: cr_settings_finish. */
int cr_settings_load(const struct cr_settings_flag *flags, size_t n_flags,
                     struct cr_settings *ret_settings, struct cr_error *err);
void cr_settings_finish(struct cr_settings *settings);

/* One flag that is a setting: it takes a value. */
struct cr_settings_flag_help {
    const char *name;     /* without the dashes */
    const char *argument; /* what stands behind it in a program's help */
    const char *help;
    bool of_daemon; /* creditriskd alone takes it */
};

/* The i-th flag, NULL beyond the last; the one of that name, or NULL. */
const struct cr_settings_flag_help *cr_settings_flag_at(size_t i);
const struct cr_settings_flag_help *cr_settings_find_flag(const char *name);

/* What to do about a flag that shows a password. */
#define CR_SETTINGS_PASSWORD_HINT                                                                  \
    "everyone on this machine can read it off the list of processes: put the address into the "    \
    "variable CREDITRISK_DB or CREDITRISK_REGISTRY_DB, or the password into PGPASSWORD"

/* The name of the first flag whose database address holds a password; NULL when none does. */
const char *cr_settings_find_password(const struct cr_settings_flag *flags, size_t n_flags);

/* A variable of the environment that begins with CREDITRISK_ and that nothing reads. */
struct cr_settings_stray {
    char name[CR_SETTINGS_VARIABLE_LEN];
    char likely[CR_SETTINGS_VARIABLE_LEN]; /* what it was probably meant to be; "" = nothing near */
};

/* The next one from *at on, which begins at 0 and moves behind it; false when there are no more. */
bool cr_settings_next_stray(size_t *at, struct cr_settings_stray *ret_stray);

enum cr_settings_kind { CR_SETTINGS_TEXT, CR_SETTINGS_INTEGER, CR_SETTINGS_BOOL };

/* One setting for display; passwords inside database addresses are masked. */
struct cr_settings_entry {
    const char *key;
    const char *flag; /* without the dashes; NULL = none */
    enum cr_settings_kind kind;
    char *value; /* yours (free); "" when unset, NULL without memory */
    const char *origin;
};

/* The i-th setting of the table; false beyond the last. */
bool cr_settings_entry(const struct cr_settings *settings, size_t i,
                       struct cr_settings_entry *ret_entry);

/* Folder of the chosen portfolio; yours (free), NULL without memory. */
char *cr_settings_portfolio_path(const struct cr_settings *settings);

/* CR_ENOTFOUND, with the name that was probably meant, when the portfolio of that name has no
 * folder and is none of `others` (n of them, for example the registry's). CR_ENOMEM. */
int cr_settings_find_portfolio(const struct cr_settings *settings, const char *name,
                               char *const *others, size_t n, struct cr_error *err);

#endif
