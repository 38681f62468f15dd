// SPDX-License-Identifier: MIT
/* Trial: a version is loaded and self-tested in a process of its own before a daemon loads it, so
 * that a file which defeats the validators costs a child and not the service. A version that is
 * whole is loaded twice; what the trial adds to that is the start of a process.
 *
 * The child is the program itself, executed again in a hidden mode, and not a fork: a fork of a
 * process with threads holds whatever locks its other threads held (the allocator's, SQLite's, the
 * log's) and may then do nothing but execute a program anyway. It inherits no descriptor but
 * standard error, takes no setting but its arguments and the registry's database, which as a
 * variable of its environment nobody else may read, limits itself before it opens a file, and dies
 * with its parent's thread. Files that change between trial and load are caught as ever: both
 * verify the digests, and the manifest's against the registry's record. */
#ifndef CREDITRISK_SCORE_TRIAL_H
#define CREDITRISK_SCORE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

/* What the child may use. The defaults leave a version at the readers' own limits (256 MiB of model
 * file) room to load. */
struct cr_trial_limits {
    int cpu_s;  /* processor time */
    int wall_s; /* until it is killed */
    size_t
        bytes; /* of address space; not enforced in builds with a sanitizer, which reserve more */
};
#define CR_TRIAL_LIMITS ((struct cr_trial_limits){60, 180, (size_t)8 << 30})

/* Where trials are made, and when they are no longer wanted. */
struct cr_trial_host {
    const char *program; /* its main calls cr_trial_is_child; "/proc/self/exe" is the running one */
    int stop_fds[2];     /* one of them readable: stop; −1 = none */
};

/* Tries a version as cr_bundle_load would load it. Directory and database (NULL = the
 * default one) as for cr_registry_open. Returns 0 when it could be served. The child's own refusal
 * comes with its code and words; a child that crashed, used too much or did not end in time is
 * CR_EMODEL; CR_EUNAVAIL when there can be no child or the host wants to stop. Safe in a process
 * with threads. */
int cr_trial_run(const struct cr_trial_host *host, const char *registry, const char *registry_db,
                 const char *portfolio, const char *version, const struct cr_trial_limits *limits,
                 struct cr_error *err);

/* Whether this process was started as a trial. Then the limits hold from here on, and main returns
 * what cr_trial_main gives, without doing anything else. */
bool cr_trial_is_child(int argc, char **argv);
int cr_trial_main(char **argv);

#endif
