// SPDX-License-Identifier: MIT
/* A version gets the signature of somebody who vouches for it. */
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "registry_impl.h"

/* What stands in the place of a signature is kept, in case signing fails, up to so many bytes: more
 * than any signature has. */
enum { MAX_KEPT_LEN = 1 << 20 };

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

/* The folder of a version that is what it was; yours. */
static int verify_for_signing(struct cr_registry *registry, const char *portfolio,
                              const char *version, char **ret_dir, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    int r = cr_registry_verify(registry, portfolio, version, &manifest, err);

    return r < 0 ? r : cr_registry_path(registry, portfolio, version, ret_dir, err);
}

/* A signature on its way into a version's folder. It is made beside the folder and moved in whole:
 * no crash leaves a part of it in the version. */
struct passage {
    char *stage; /* the folder beside */
    char *made;
    char *kept; /* a copy of the signature before; NULL = there was none */
    char *to;
    bool moved;
};

static void passage_finish(struct passage *passage)
{
    if (passage->stage != NULL) {
        (void)cr_fs_remove_tree(passage->stage, NULL); /* what stays is named by `verify --all` */
    }
    free(passage->stage);
    free(passage->made);
    free(passage->kept);
    free(passage->to);
}

static int keep_present(struct passage *passage, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *data = NULL;
    size_t len = 0;
    int r;

    if (!cr_fs_exists(passage->to)) {
        return 0;
    }
    passage->kept = cr_fs_join(passage->stage, "before");
    r = passage->kept == NULL ? cr_error_no_memory(err)
                              : cr_fs_read(passage->to, MAX_KEPT_LEN, &data, &len, err);
    if (r == CR_ETOOBIG) {
        return cr_error_set(err, r,
                            "'%s' is no signature, as it has more than %d bytes: remove it, then "
                            "sign",
                            passage->to, MAX_KEPT_LEN);
    }
    return r < 0 ? r : cr_fs_write(passage->kept, data, len, err);
}

static int make_signature(struct cr_registry *registry, struct passage *passage, const char *dir,
                          const char *secret_file, char ret_public[CR_SIGNATURE_KEY_LEN],
                          struct cr_error *err)
{
    int r = cr_registry_stage(registry, &passage->stage, err);

    if (r < 0) {
        return r;
    }
    passage->to = cr_fs_join(dir, CR_ARTIFACT_SIGNATURE);
    passage->made = cr_fs_join(passage->stage, CR_ARTIFACT_SIGNATURE);
    r = passage->to == NULL || passage->made == NULL
            ? cr_error_no_memory(err)
            : cr_signature_sign(dir, secret_file, passage->stage, ret_public, err);
    return r < 0 ? r : keep_present(passage, err);
}

/* Should it fail, the version has a signature that no event tells of; `verify` finds it in order.
 */
static void put_back(const struct passage *passage)
{
    if (passage->kept != NULL) {
        (void)cr_fs_rename(passage->kept, passage->to, NULL);
    } else {
        (void)cr_fs_remove_tree(passage->to, NULL);
    }
}

/* Inside a transaction: its lock makes one who signs see what the one before did, and keeps the
 * version there. The last step but the commit moves the signature in. */
static int sign_locked(struct cr_registry *registry, const char *portfolio, const char *version,
                       const char *secret_file, const struct cr_registry_actor *actor,
                       struct passage *passage, struct cr_registry_signing *signing,
                       struct cr_error *err)
{
    const struct cr_registry_detail details[] = {
        {CR_DETAIL_KEY, signing->key},
        {CR_DETAIL_REPLACED_KEY, signing->replaced},
        {NULL, NULL},
    };
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int r = verify_for_signing(registry, portfolio, version, &dir, err);

    if (r == 0) {
        r = read_replaced(dir, signing->replaced, err);
    }
    if (r == 0) {
        r = make_signature(registry, passage, dir, secret_file, signing->key, err);
    }
    if (r < 0) {
        return r;
    }
    if (strcmp(signing->replaced, signing->key) == 0) {
        signing->replaced[0] = '\0'; /* the same once more */
    }
    r = cr_registry_record_event(registry, portfolio, CR_EVENT_SIGN, NULL, version, actor, details,
                                 err);
    if (r == 0) {
        r = cr_fs_rename(passage->made, passage->to, err);
        passage->moved = !cr_fs_exists(passage->made); /* also where only the sync failed */
    }
    return r;
}

int cr_registry_sign(struct cr_registry *registry, const char *portfolio, const char *version,
                     const char *secret_file, const struct cr_registry_actor *actor,
                     struct cr_registry_signing *ret_signing, struct cr_error *err)
{
    CR_CLEANUP(passage_finish) struct passage passage = {.moved = false};
    struct cr_registry_signing signing = {"", ""};
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = sign_locked(registry, portfolio, version, secret_file, actor, &passage, &signing, err);
    if (r == 0) {
        r = cr_db_commit(registry->db, err);
    }
    if (r < 0) {
        if (passage.moved && !cr_db_is_undecided(registry->db)) {
            put_back(&passage);
        }
        cr_db_rollback(registry->db);
        return r;
    }
    *ret_signing = signing;
    return 0;
}
