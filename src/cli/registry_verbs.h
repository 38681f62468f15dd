// SPDX-License-Identifier: MIT
/* Private to cli/: the verbs of `creditrisk registry`. cmd_registry.c has their table. */
#ifndef CREDITRISK_SRC_CLI_REGISTRY_VERBS_H
#define CREDITRISK_SRC_CLI_REGISTRY_VERBS_H

#include <jansson.h>

#include "cli.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/error.h"

/* As cr_verb.run and cr_verb.check. */
typedef int cr_registry_verb_fn(struct cr_cli *cli, struct cr_registry *registry,
                                struct cr_error *err);
typedef int cr_registry_check_fn(const struct cr_cli *cli, struct cr_error *err);

/* registry_list.c and registry_show.c: look and change nothing. */
cr_registry_verb_fn cr_registry_verb_list;
cr_registry_verb_fn cr_registry_verb_show;

/* registry_verify.c: what is as it was recorded. */
cr_registry_verb_fn cr_registry_verb_verify;

/* registry_history.c: what has happened. */
cr_registry_verb_fn cr_registry_verb_history;

/* registry_change.c: who serves, who challenges, what goes. */
cr_registry_verb_fn cr_registry_verb_promote;
cr_registry_verb_fn cr_registry_verb_rollback;
cr_registry_verb_fn cr_registry_verb_challenger;
cr_registry_verb_fn cr_registry_verb_delete;

/* registry_move.c: from one registry to another. */
cr_registry_verb_fn cr_registry_verb_export;
cr_registry_verb_fn cr_registry_verb_import;
cr_registry_check_fn cr_registry_check_export; /* the file is not there yet, or may be replaced */
/* The file is there; for a registry that is not, what is in it has been tried already. */
cr_registry_check_fn cr_registry_check_import;

/* registry_sign.c: on whose word. keygen has no registry (NULL). */
cr_registry_verb_fn cr_registry_verb_keygen;
cr_registry_verb_fn cr_registry_verb_sign;

/* registry_show.c: the manifest of a recorded version, yours; NULL when it cannot be read, which
 * `show` explains. */
json_t *cr_registry_verb_manifest(struct cr_registry *registry, const char *portfolio,
                                  const char *version);

/* registry_show.c: the key that a version is signed with, "" when it is not: what its signature
 * says, and not that the key is trusted. The errors of cr_signature_read. */
int cr_registry_verb_signer(struct cr_registry *registry, const char *portfolio,
                            const char *version, char ret_key[CR_SIGNATURE_KEY_LEN],
                            struct cr_error *err);

/* registry_show.c: what an object with the flags of a version says of its role; "" = none. */
const char *cr_registry_verb_role(const json_t *version);

/* registry_show.c: puts "was", the name that an imported version had elsewhere (null where nothing
 * tells it), and "imported_at"; both null for one that was made here. manifest may be NULL. False
 * without memory. */
bool cr_registry_verb_put_origin(const struct cr_registry_history *history, const char *version,
                                 const json_t *manifest, json_t *document);

/* A key or a digest by its first digits, enough to find it again. */
#define CR_CLI_SHORT_HEX "%.16s"

/* The version behind the verb; NULL when there is none. */
static inline const char *cr_registry_verb_argument(const struct cr_cli *cli)
{
    return cli->n_args > 1 ? cli->args[1] : NULL;
}

/* Who acts and why ("" when nothing was said). */
static inline struct cr_registry_actor cr_registry_verb_actor(const struct cr_cli *cli)
{
    const char *reason = cr_cli_option(cli, "reason");

    return (struct cr_registry_actor){cr_cli_actor(), reason != NULL ? reason : ""};
}

#endif
