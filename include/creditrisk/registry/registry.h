// SPDX-License-Identifier: MIT
/* Registry: which versions exist, which one serves, since when and on whose word. Folders under
 * `dir`, pointers and the append-only list of events in a database. It knows nothing of models. A
 * registry handle belongs to one thread at a time. */
#ifndef CREDITRISK_REGISTRY_REGISTRY_H
#define CREDITRISK_REGISTRY_REGISTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "creditrisk/registry/signature.h"
#include "creditrisk/util/error.h"

struct cr_registry;

/* Opens dir with its database (db_url NULL = sqlite:<dir>/registry.db). `create` makes both, and
 * a registry that is too old to be read readable; without it a missing registry is CR_ENOTFOUND and
 * nothing is written. CR_EIO for a dir that is no folder; CR_EDB for what is no registry's
 * database, damaged or a newer program's, and for beginning one where versions lie already;
 * CR_EUNAVAIL for one that cannot be read now, as while another holds it. Yours: cr_registry_close.
 */
int cr_registry_open(const char *dir, const char *db_url, bool create,
                     struct cr_registry **ret_registry, struct cr_error *err);
void cr_registry_close(struct cr_registry *registry);

/* Whether a registry with its database in dir, where there is none, can begin there when there is
 * something to record; makes nothing. CR_EDB where versions lie already, CR_EIO where nothing can
 * be made. */
int cr_registry_check_place(const char *dir, struct cr_error *err);

static inline void cr_registry_closep(struct cr_registry **registry)
{
    cr_registry_close(*registry);
}

/* Whether a version of the portfolio can be published, as far as that shows beforehand: the
 * database takes a change, and the folders take a version. What it makes for it is gone again.
 * CR_EIO, or the database's refusal. */
int cr_registry_check_writable(struct cr_registry *registry, const char *portfolio,
                               struct cr_error *err);

/* Whether nobody knows if the last change that failed was recorded (cr_db_is_undecided). */
bool cr_registry_is_undecided(const struct cr_registry *registry);

/* From now on cr_registry_verify also asks for a signature with one of the public keys in the file
 * (registry/signature.h). CR_EINVAL when the file names none, and the errors of reading it. */
int cr_registry_require_signatures(struct cr_registry *registry, const char *keys_file,
                                   struct cr_error *err);

/* Whether a folder is signed as this registry asks for: always, where it asks for nothing.
 * CR_EMODEL.
 */
int cr_registry_check_signature(const struct cr_registry *registry, const char *dir,
                                struct cr_error *err);

/* A new empty temporary folder inside the registry for a version in the making; *ret_dir is yours
 * (free). Remove it with cr_fs_remove_tree if it is not published. */
int cr_registry_stage(struct cr_registry *registry, char **ret_dir, struct cr_error *err);

/* Who acts and why; texts are recorded in the events. */
struct cr_registry_actor {
    const char *name;   /* e.g. the login name */
    const char *reason; /* may be "" */
};

/* Turns a staged folder into the portfolio's next version, 1 + the largest that is recorded or has
 * a folder: seals it (registry/artifact.h; `portfolio` and `version` are added to manifest), syncs,
 * renames and records it, in that order; a crash at any point leaves the registry as before, an
 * unrecorded folder apart, or with the version complete. CR_EINVAL unless manifest has a
 * "model"."kind". *ret_version ("v7") is yours (free). The folder is consumed on success only. */
int cr_registry_publish(struct cr_registry *registry, const char *portfolio, const char *stage_dir,
                        json_t *manifest, const struct cr_registry_actor *actor, char **ret_version,
                        struct cr_error *err);

/* Of which version of the portfolio one was made, and what it decides by, for the events. */
struct cr_registry_parent {
    const char *version;
    const char *costs; /* UTF-8 */
};

/* The same for a version that was made of another one: its event names the parent. */
int cr_registry_publish_derived(struct cr_registry *registry, const char *portfolio,
                                const char *stage_dir, json_t *manifest,
                                const struct cr_registry_parent *parent,
                                const struct cr_registry_actor *actor, char **ret_version,
                                struct cr_error *err);

/* Where a version comes from, for the events. */
struct cr_registry_origin {
    const char *archive; /* name of the file; UTF-8 */
    const char *sha256;  /* its digest (CR_DIGEST_LEN) */
};

/* Records a staged folder that was a version elsewhere and is intact (cr_artifact_verify), unless
 * it is here: recorded with the same manifest, or imported from it under another name, and intact;
 * manifest is its own. It keeps its name and its manifest, byte for byte, unless that name was ever
 * used here or is more than 10,000 beyond the next one: then it becomes the next version,
 * `imported_from` in its manifest says what it was, and its signature goes. The event names the
 * origin. *ret_version is its name here, yours (free); the folder is consumed only where it is new.
 * CR_EINVAL for a version of another portfolio. The rest as cr_registry_publish. */
int cr_registry_adopt(struct cr_registry *registry, const char *portfolio, const char *stage_dir,
                      json_t *manifest, const struct cr_registry_origin *origin,
                      const struct cr_registry_actor *actor, char **ret_version, bool *ret_is_new,
                      struct cr_error *err);

struct cr_registry_version {
    char *version;    /* "v7" */
    char *kind;       /* "logistic" */
    char *created_at; /* UTC; as its manifest tells, which is before it was imported */
    char *manifest_sha256;
    bool is_champion;
    bool is_challenger;
};

/* Versions of a portfolio, oldest first; *ret_versions is yours: cr_registry_free_versions. */
int cr_registry_list(struct cr_registry *registry, const char *portfolio,
                     struct cr_registry_version **ret_versions, size_t *ret_n,
                     struct cr_error *err);
void cr_registry_free_versions(struct cr_registry_version *versions, size_t n);

/* A version as programs read it: its members by their names, the flags "champion" and "challenger".
 * Yours; NULL without memory. */
json_t *cr_registry_version_to_json(const struct cr_registry_version *version);

/* Its manifest, if that is as it was recorded; nothing else is verified. *ret_manifest is yours
 * (json_decref). CR_EMODEL when it is missing or was changed, CR_EIO when the system does not let
 * us read it. */
int cr_registry_read_manifest(const struct cr_registry *registry, const char *portfolio,
                              const struct cr_registry_version *version, json_t **ret_manifest,
                              struct cr_error *err);

/* The champion's name, yours (free); CR_ENOTFOUND when the portfolio has none. */
int cr_registry_champion(struct cr_registry *registry, const char *portfolio, char **ret_version,
                         struct cr_error *err);

/* Names of the portfolios that have a champion, in alphabetical order; *ret_names is yours:
 * cr_registry_free_portfolios. */
int cr_registry_portfolios(struct cr_registry *registry, char ***ret_names, size_t *ret_n,
                           struct cr_error *err);

/* The same of every portfolio that has a recorded version, and behind them of every other one that
 * has a folder in the registry. */
int cr_registry_all_portfolios(struct cr_registry *registry, char ***ret_names, size_t *ret_n,
                               struct cr_error *err);
void cr_registry_free_portfolios(char **names, size_t n);

/* What making a version the champion did, as its transaction saw it. */
struct cr_registry_change {
    bool changed; /* false: it was the champion already, and nothing is recorded */
    char *before; /* the champion until then, NULL = none; yours: cr_registry_change_finish */
    bool was_challenger; /* and is none any more: its shadow ends, which is an event of its own */
};

static inline void cr_registry_change_finish(struct cr_registry_change *change)
{
    free(change->before);
}

/* Makes version the champion in one transaction and records the event; nothing if it already is. A
 * challenger that is promoted is no challenger any more. `expected` is the champion that was there
 * when this was decided ("" = none): CR_EUNAVAIL when it is another by now; NULL = whoever it is.
 * ret_change may be NULL. CR_ENOTFOUND for an unknown version. */
int cr_registry_promote(struct cr_registry *registry, const char *portfolio, const char *version,
                        const char *expected, const struct cr_registry_actor *actor,
                        struct cr_registry_change *ret_change, struct cr_error *err);

/* The champion before this one, by the events: a promotion goes on top of the ones before it, a
 * rollback takes it off again, and deleted versions are passed over. Two rollbacks in a row thus
 * lead two champions back, never forth. Yours (free); CR_ENOTFOUND when there is none. */
int cr_registry_previous(struct cr_registry *registry, const char *portfolio, char **ret_version,
                         struct cr_error *err);

/* Makes the champion before this one the champion again, in one transaction with its event.
 * ret_change may be NULL. CR_EUNAVAIL when that is not `version` (any more): somebody else was
 * faster. */
int cr_registry_rollback(struct cr_registry *registry, const char *portfolio, const char *version,
                         const struct cr_registry_actor *actor,
                         struct cr_registry_change *ret_change, struct cr_error *err);

/* The version that is scored in shadow; CR_ENOTFOUND when there is none. Yours (free). */
int cr_registry_challenger(struct cr_registry *registry, const char *portfolio, char **ret_version,
                           struct cr_error *err);

/* Makes version the challenger, NULL = none, with its event. CR_ENOTFOUND for an unknown one or
 * when there was none to end, CR_EINVAL for the champion. */
int cr_registry_challenge(struct cr_registry *registry, const char *portfolio, const char *version,
                          const struct cr_registry_actor *actor, struct cr_error *err);

/* Forgets n versions, or folders that were never recorded (ret_recorded[i] says which it was, once
 * this succeeds), and removes their folders: all of them, or none where one is refused. The events
 * stay and the numbers are never used again. CR_EINVAL for champion and challenger and for one that
 * is named twice, CR_ENOTFOUND. A folder that cannot be removed ends it half done: all are
 * forgotten, every other folder is gone, and the message names the ones that are still there, which
 * can be deleted like those that were never recorded; CR_EIO. */
int cr_registry_delete(struct cr_registry *registry, const char *portfolio,
                       const char *const *versions, size_t n, const struct cr_registry_actor *actor,
                       bool *ret_recorded, struct cr_error *err);

/* Folder of a version (existence is not checked); yours (free). CR_EINVAL unless version is "v" and
 * digits and portfolio letters, digits, - and _. */
int cr_registry_path(const struct cr_registry *registry, const char *portfolio, const char *version,
                     char **ret_dir, struct cr_error *err);

/* Verifies a version: recorded (else CR_ENOTFOUND), its manifest's digest as recorded, every file
 * as in the manifest, and signed if that is required (else CR_EMODEL, naming the file).
 * *ret_manifest is yours (json_decref). */
int cr_registry_verify(struct cr_registry *registry, const char *portfolio, const char *version,
                       json_t **ret_manifest, struct cr_error *err);

/* Whose signature a version has from now on. */
struct cr_registry_signing {
    char key[CR_SIGNATURE_KEY_LEN];      /* the public one */
    char replaced[CR_SIGNATURE_KEY_LEN]; /* that of the signature before, where it was another: a
                                            version has one; "" = none */
};

/* Stands for the key of a signature that did not fit its version. */
#define CR_SIGNING_UNREADABLE "unreadable"

/* Verifies version, signs its manifest with the key in secret_file and records that. On failure the
 * version has the signature that it had. The errors of all three. */
int cr_registry_sign(struct cr_registry *registry, const char *portfolio, const char *version,
                     const char *secret_file, const struct cr_registry_actor *actor,
                     struct cr_registry_signing *ret_signing, struct cr_error *err);

/* What work that was cut off left behind; it harms nothing. */
struct cr_registry_leftovers {
    char **folders; /* names below the portfolio's folder that are no recorded version */
    size_t n_folders;
    char **stages; /* names of temporary folders in the registry; one may be in use right now */
    size_t n_stages;
};

/* *ret_leftovers is yours: cr_registry_leftovers_finish. */
int cr_registry_find_leftovers(struct cr_registry *registry, const char *portfolio,
                               struct cr_registry_leftovers *ret_leftovers, struct cr_error *err);
void cr_registry_leftovers_finish(struct cr_registry_leftovers *leftovers);

#endif
