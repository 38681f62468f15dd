// SPDX-License-Identifier: MIT
/* A version gets the signature of somebody who vouches for it. */
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "registry_impl.h"

_Static_assert(sizeof(CR_SIGNING_UNREADABLE) <= CR_SIGNATURE_KEY_LEN, "it stands for a key");

/* The key whose signature another one is about to replace; "" when there is none. */
static int read_replaced(const char *dir, char ret_key[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    struct cr_error cause;
    int r = cr_signature_read(dir, ret_key, &cause);

    if (r == CR_EMODEL) {
        memcpy(ret_key, CR_SIGNING_UNREADABLE, sizeof(CR_SIGNING_UNREADABLE));
        return 0;
    }
    return r == 0 ? 0 : cr_error_set(err, r, "%s", cause.message);
}

/* Makes the signature beside the version and moves it in whole: no crash leaves a part of it in the
 * version's folder. */
static int sign_folder(struct cr_registry *registry, const char *dir, const char *secret_file,
                       char ret_public[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_freep) char *made = NULL;
    CR_CLEANUP(cr_freep) char *to = cr_fs_join(dir, CR_ARTIFACT_SIGNATURE);
    int r = to == NULL ? cr_error_no_memory(err) : cr_registry_stage(registry, &stage, err);

    if (r < 0) {
        return r;
    }
    made = cr_fs_join(stage, CR_ARTIFACT_SIGNATURE);
    r = made == NULL ? cr_error_no_memory(err)
                     : cr_signature_sign(dir, secret_file, stage, ret_public, err);
    if (r == 0) {
        r = cr_fs_rename(made, to, err);
    }
    (void)cr_fs_remove_tree(stage, NULL); /* what stays is named by `verify --all` */
    return r;
}

/* Inside a transaction: its lock makes one who signs see what the one before did. */
static int sign_locked(struct cr_registry *registry, const char *portfolio, const char *version,
                       const char *dir, const char *secret_file,
                       const struct cr_registry_actor *actor, struct cr_registry_signing *signing,
                       struct cr_error *err)
{
    const struct cr_registry_detail details[] = {
        {CR_DETAIL_KEY, signing->key},
        {CR_DETAIL_REPLACED_KEY, signing->replaced},
        {NULL, NULL},
    };
    int r = read_replaced(dir, signing->replaced, err);

    if (r == 0) {
        r = sign_folder(registry, dir, secret_file, signing->key, err);
    }
    if (r == 0 && strcmp(signing->replaced, signing->key) == 0) {
        signing->replaced[0] = '\0'; /* the same once more */
    }
    return r < 0 ? r
                 : cr_registry_record_event(registry, portfolio, CR_EVENT_SIGN, NULL, version,
                                            actor, details, err);
}

int cr_registry_sign(struct cr_registry *registry, const char *portfolio, const char *version,
                     const char *secret_file, const struct cr_registry_actor *actor,
                     struct cr_registry_signing *ret_signing, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_registry_signing signing = {"", ""};
    int r = cr_registry_path(registry, portfolio, version, &dir, err);

    if (r == 0) {
        r = cr_registry_verify(registry, portfolio, version, &manifest, err);
    }
    if (r == 0) {
        r = cr_db_begin(registry->db, err);
    }
    if (r < 0) {
        return r;
    }
    r = sign_locked(registry, portfolio, version, dir, secret_file, actor, &signing, err);
    r = cr_registry_end(registry, r, err);
    if (r == 0) {
        *ret_signing = signing;
    }
    return r;
}
