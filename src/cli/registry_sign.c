// SPDX-License-Identifier: MIT
/* registry keygen, sign. */
#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/signature.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "registry_verbs.h"

/* The public half, as a line of registry.trusted_keys. */
static int write_public(const struct cr_cli *cli, const char *file, const char *key,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = NULL;
    CR_CLEANUP(cr_freep) char *line = NULL;
    if (asprintf(&path, "%s.pub", file) < 0 ||
        asprintf(&line, "%s %s\n", key, cr_cli_actor()) < 0) {
        return cr_error_no_memory(err);
    }
    int result = cr_fs_write(path, line, strlen(line), err);
    if (result != 0 || cli->json) {
        return result != 0 ? result
                           : cr_cli_print_json(json_pack("{s:s, s:s, s:s}", "secret", file,
                                                         "public", path, "key", key),
                                               err);
    }
    printf("%s is secret: keep it where versions are signed, and nowhere else\n", file);
    printf("%s goes into registry.trusted_keys where they are served\n", path);
    return CR_CLI_OK;
}

int cr_registry_verb_keygen(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    const char *file = cr_registry_verb_argument(cli);
    char key[CR_SIGNATURE_KEY_LEN];
    (void)registry; /* none */
    int result = cr_signature_make_key(file, key, err);
    return result != 0 ? result : write_public(cli, file, key, err);
}

int cr_registry_verb_sign(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    const char *version = cr_registry_verb_argument(cli);
    const char *portfolio = cli->settings.portfolio;
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    struct cr_registry_signing signing;
    int result = cr_registry_sign(registry, portfolio, version, cr_cli_option(cli, "key"), &actor,
                                  &signing, err);
    if (result != 0) {
        return cr_cli_advise_version(cli, version, result, err);
    }
    bool replaces = signing.replaced[0] != '\0';
    bool was_readable = strcmp(signing.replaced, CR_SIGNING_UNREADABLE) != 0;
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:s, s:s, s:s?}", "portfolio", portfolio,
                                           "version", version, "key", signing.key, "replaced_key",
                                           replaces ? signing.replaced : NULL),
                                 err);
    }
    printf("%s of %s is signed with the key %s%s%s\n", version, portfolio, signing.key,
           !replaces      ? ""
           : was_readable ? ", in place of one with "
                          : ", in place of one that did not fit",
           was_readable ? signing.replaced : "");
    return CR_CLI_OK;
}
