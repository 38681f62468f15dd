// SPDX-License-Identifier: MIT
#include "creditrisk/registry/registry.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "registry_impl.h"

enum { MAX_GAP = 10000 }; /* between numbers, where an imported version keeps its own */

int cr_registry_stage(struct cr_registry *registry, char **ret_dir, struct cr_error *err)
{
    return cr_fs_mkdtemp(registry->dir, CR_REGISTRY_STAGE_PREFIX, ret_dir, err);
}

/* A version in the making. */
struct publication {
    const char *portfolio;
    const char *kind;
    const char *stage_dir;
    json_t *manifest;
    const struct cr_registry_actor *actor;
    const char *action;
    const char *own; /* the version that it was elsewhere; NULL for a new one, */
    const struct cr_registry_origin *origin; /* as this */
    const struct cr_registry_parent *parent; /* NULL for one that was made of no other one */
    char *version;                           /* owned, as dir */
    char *dir;                               /* where it goes */
    bool is_here; /* a copy of it has been before, under the name `version` */
};

static void publication_finish(struct publication *publication)
{
    free(publication->version);
    free(publication->dir);
}

/* One more than every version that the events tell of, deleted ones too, and every folder: a crash
 * may have left a folder that was never recorded, and its name stays taken. */
static int find_next(struct cr_registry *registry, const char *portfolio, long *ret_next,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *newest = NULL;
    CR_CLEANUP(cr_freep) char *folder = NULL;
    char **names = NULL;
    size_t n = 0;
    long last = 0;
    int r = cr_registry_query_text(registry,
                                   "SELECT to_version FROM events"
                                   " WHERE portfolio = ?1 AND to_version IS NOT NULL"
                                   " ORDER BY CAST(substr(to_version, 2) AS INTEGER) DESC LIMIT 1",
                                   &portfolio, 1, &newest, err);

    if (r == 0) {
        r = cr_registry_portfolio_path(registry, portfolio, &folder, err);
    }
    if (r == 0) {
        r = cr_fs_list(folder, &names, &n, err);
    }
    if (r < 0) {
        return r;
    }
    last = newest != NULL ? cr_registry_version_number(newest) : 0;
    for (size_t i = 0; i < n; i++) {
        long number = cr_registry_version_number(names[i]);

        last = number > last ? number : last;
    }
    cr_fs_free_names(names, n);
    *ret_next = last + 1;
    return 0;
}

/* Whether an imported version may keep its name: it was never used here, and it is not so far
 * beyond the next one that it would use up the numbers. */
static int is_free(struct cr_registry *registry, const struct publication *publication, long next,
                   bool *ret_free, struct cr_error *err)
{
    const char *const texts[] = {publication->portfolio, publication->own};
    CR_CLEANUP(cr_freep) char *used = NULL;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int r = cr_registry_query_text(
        registry, "SELECT to_version FROM events WHERE portfolio = ?1 AND to_version = ?2 LIMIT 1",
        texts, CR_ARRAY_LEN(texts), &used, err);

    if (r == 0) {
        r = cr_registry_path(registry, publication->portfolio, publication->own, &dir, err);
    }
    if (r == 0) {
        *ret_free = used == NULL && !cr_fs_exists(dir) &&
                    cr_registry_version_number(publication->own) <= next + MAX_GAP;
    }
    return r;
}

static int choose_version(struct cr_registry *registry, struct publication *publication,
                          struct cr_error *err)
{
    bool keeps_own = false;
    long next = 0;
    int r = find_next(registry, publication->portfolio, &next, err);

    if (r == 0 && publication->own != NULL) {
        r = is_free(registry, publication, next, &keeps_own, err);
    }
    if (r < 0) {
        return r;
    }
    if (keeps_own) {
        publication->version = strdup(publication->own);
    } else if (asprintf(&publication->version, "v%ld", next) < 0) {
        publication->version = NULL; /* undefined after a failure */
    }
    if (publication->version == NULL) {
        return cr_error_no_memory(err);
    }
    return cr_registry_path(registry, publication->portfolio, publication->version,
                            &publication->dir, err);
}

/* An imported version that needs another name gets another manifest, which says where it comes
 * from; the signature was for the old one. */
static int rename_version(const struct publication *publication, const char *manifest_path,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_freep)
    char *signature = cr_fs_join(publication->stage_dir, CR_ARTIFACT_SIGNATURE);
    char sha256[CR_DIGEST_LEN];
    int r =
        signature == NULL ? cr_error_no_memory(err) : cr_digest_file(manifest_path, sha256, err);

    if (r == 0 && json_object_set_new(publication->manifest, "imported_from",
                                      json_pack("{s:s, s:s}", "version", publication->own,
                                                "manifest_sha256", sha256)) != 0) {
        r = cr_error_no_memory(err);
    }
    return r < 0 ? r : cr_fs_remove_tree(signature, err);
}

/* The manifest as it will be recorded, now that the version's name is known: an imported version
 * that keeps its name keeps its manifest byte for byte. */
static int finish_manifest(const struct publication *publication, const char *path,
                           struct cr_error *err)
{
    bool is_renamed =
        publication->own != NULL && strcmp(publication->own, publication->version) != 0;
    int r = is_renamed ? rename_version(publication, path, err) : 0;

    if (r < 0 || (publication->own != NULL && !is_renamed)) {
        return r;
    }
    if (json_object_set_new(publication->manifest, "version", json_string(publication->version)) !=
        0) {
        return cr_error_no_memory(err);
    }
    return cr_json_save(path, publication->manifest, err);
}

/* The event of a new version; an imported one says where it comes from and whose signature came
 * with it, a derived one of which it was made. */
static int record_arrival(struct cr_registry *registry, const struct publication *publication,
                          struct cr_error *err)
{
    const struct cr_registry_origin *origin = publication->origin;
    const struct cr_registry_parent *parent = publication->parent;
    char key[CR_SIGNATURE_KEY_LEN] = "";
    const struct cr_registry_detail details[] = {
        {CR_DETAIL_ARCHIVE, origin != NULL ? origin->archive : NULL},
        {CR_DETAIL_ARCHIVE_SHA256, origin != NULL ? origin->sha256 : NULL},
        {CR_DETAIL_WAS, publication->own},
        {CR_DETAIL_SIGNED_WITH, key},
        {CR_DETAIL_DERIVED_FROM, parent != NULL ? parent->version : NULL},
        {CR_DETAIL_COSTS, parent != NULL ? parent->costs : NULL},
        {NULL, NULL},
    };

    (void)cr_signature_read(publication->stage_dir, key, NULL); /* looked at before, or new */
    return cr_registry_record_event(registry, publication->portfolio, publication->action, NULL,
                                    publication->version, publication->actor, details, err);
}

/* When the version was made, wherever that was; of a manifest that does not tell, now. When one was
 * imported its event tells. */
static void read_creation(const json_t *manifest, char ret_text[CR_CLOCK_TEXT_LEN])
{
    const char *text = json_string_value(json_object_get(manifest, "created_at"));

    if (text == NULL || !cr_clock_parse_utc(text, ret_text)) {
        cr_clock_utc(ret_text);
    }
}

/* Records the version with the digest of its manifest. */
static int record_version(struct cr_registry *registry, const struct publication *publication,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(publication->stage_dir, CR_ARTIFACT_MANIFEST);
    char sha256[CR_DIGEST_LEN], created_at[CR_CLOCK_TEXT_LEN];
    const char *const texts[] = {publication->portfolio, publication->version, publication->kind,
                                 created_at, sha256};
    int r = path == NULL ? cr_error_no_memory(err) : finish_manifest(publication, path, err);

    if (r == 0) {
        r = cr_digest_file(path, sha256, err);
    }
    if (r < 0) {
        return r;
    }
    read_creation(publication->manifest, created_at);
    r = cr_registry_run(
        registry,
        "INSERT INTO versions (portfolio, version, number, kind, created_at, manifest_sha256)"
        " VALUES (?1, ?2, CAST(substr(?2, 2) AS INTEGER), ?3, ?4, ?5)",
        texts, CR_ARRAY_LEN(texts), err);
    return r < 0 ? r : record_arrival(registry, publication, err);
}

/* Whether a version has that manifest or was imported from the one that has it, and is intact. */
static bool is_copy(struct cr_registry *registry, const char *portfolio,
                    const struct cr_registry_version *version, const char *sha256)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *read = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *verified = NULL;
    const char *origin;

    if (cr_registry_path(registry, portfolio, version->version, &dir, NULL) < 0 ||
        cr_artifact_read_manifest(dir, &read, NULL) < 0) {
        return false;
    }
    origin = json_string_value(
        json_object_get(json_object_get(read, "imported_from"), "manifest_sha256"));
    return (strcmp(version->manifest_sha256, sha256) == 0 ||
            (origin != NULL && strcmp(origin, sha256) == 0)) &&
           cr_registry_verify(registry, portfolio, version->version, &verified, NULL) == 0;
}

/* *ret_version is the name here of the version in a folder, yours (free); NULL when it is not here.
 */
static int find_copy(struct cr_registry *registry, const char *portfolio, const char *dir,
                     char **ret_version, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    struct cr_registry_version *versions = NULL;
    char sha256[CR_DIGEST_LEN];
    size_t n = 0;
    char *found = NULL;
    int r = path == NULL ? cr_error_no_memory(err) : cr_digest_file(path, sha256, err);

    if (r == 0) {
        r = cr_registry_list(registry, portfolio, &versions, &n, err);
    }
    for (size_t i = 0; r == 0 && found == NULL && i < n; i++) {
        if (is_copy(registry, portfolio, &versions[i], sha256)) {
            found = CR_STEAL(versions[i].version);
        }
    }
    cr_registry_free_versions(versions, n);
    if (r == 0) {
        *ret_version = found;
    }
    return r;
}

/* Inside the transaction. Its lock makes two publishers choose different numbers, and one of two
 * who import the same find the other's. */
static int publish_locked(struct cr_registry *registry, struct publication *publication,
                          struct cr_error *err)
{
    int r = publication->own != NULL ? find_copy(registry, publication->portfolio,
                                                 publication->stage_dir, &publication->version, err)
                                     : 0;

    publication->is_here = publication->version != NULL;
    if (r < 0 || publication->is_here) {
        return r;
    }
    r = choose_version(registry, publication, err);
    if (r == 0) {
        r = record_version(registry, publication, err);
    }
    if (r == 0) {
        r = cr_fs_rename(publication->stage_dir, publication->dir, err);
    }
    if (r == 0) {
        r = cr_db_commit(registry->db, err);
    }
    if (r < 0 && !cr_db_is_undecided(registry->db) && publication->dir != NULL &&
        !cr_fs_exists(publication->stage_dir)) {
        /* not recorded: back to where it was; should that fail, its name stays taken */
        (void)cr_fs_rename(publication->dir, publication->stage_dir, NULL);
    }
    return r;
}

/* The portfolio's folder, there for good. */
static int make_portfolio_folder(const struct cr_registry *registry, const char *portfolio,
                                 struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = NULL;
    int fd, synced;
    int r = cr_registry_portfolio_path(registry, portfolio, &folder, err);

    if (r == 0) {
        r = cr_fs_mkdirs(folder, err);
    }
    if (r < 0) {
        return r;
    }
    fd = open(registry->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    synced = fd >= 0 ? fsync(fd) : -1;
    if (fd >= 0) {
        (void)close(fd); /* opened for reading */
    }
    return synced == 0 ? 0 : cr_error_set(err, CR_EIO, "cannot sync '%s'", registry->dir);
}

/* Everything that needs no lock: the long part. */
static int seal(const struct cr_registry *registry, const struct publication *publication,
                struct cr_error *err)
{
    int r = make_portfolio_folder(registry, publication->portfolio, err);

    if (r == 0 && publication->own == NULL) {
        r = json_object_set_new(publication->manifest, "portfolio",
                                json_string(publication->portfolio)) != 0
                ? cr_error_no_memory(err)
                : cr_artifact_seal(publication->stage_dir, publication->manifest, err);
    }
    if (r == 0 && chmod(publication->stage_dir, 0755) != 0) { /* until now ours alone */
        r = cr_error_set(err, CR_EIO, "cannot change '%s'", publication->stage_dir);
    }
    return r < 0 ? r : cr_fs_sync_tree(publication->stage_dir, err);
}

static int publish(struct cr_registry *registry, struct publication *publication,
                   char **ret_version, struct cr_error *err)
{
    int r;

    if (publication->kind == NULL) {
        return cr_error_set(err, CR_EINVAL, "the manifest does not say which kind of model it has");
    }
    r = seal(registry, publication, err);
    if (r == 0) {
        r = cr_db_begin(registry->db, err);
    }
    if (r < 0) {
        return r;
    }
    r = publish_locked(registry, publication, err);
    if (r < 0 || publication->is_here) {
        cr_db_rollback(registry->db);
    }
    if (r < 0) {
        return r;
    }
    *ret_version = CR_STEAL(publication->version);
    return 0;
}

/* What all ways to publish have in common. */
static struct publication make_publication(const char *portfolio, const char *stage_dir,
                                           json_t *manifest, const struct cr_registry_actor *actor)
{
    return (struct publication){
        .portfolio = portfolio,
        .kind = json_string_value(json_object_get(json_object_get(manifest, "model"), "kind")),
        .stage_dir = stage_dir,
        .manifest = manifest,
        .actor = actor,
        .action = CR_EVENT_PUBLISH,
    };
}

int cr_registry_publish(struct cr_registry *registry, const char *portfolio, const char *stage_dir,
                        json_t *manifest, const struct cr_registry_actor *actor, char **ret_version,
                        struct cr_error *err)
{
    CR_CLEANUP(publication_finish)
    struct publication publication = make_publication(portfolio, stage_dir, manifest, actor);

    return publish(registry, &publication, ret_version, err);
}

int cr_registry_publish_derived(struct cr_registry *registry, const char *portfolio,
                                const char *stage_dir, json_t *manifest,
                                const struct cr_registry_parent *parent,
                                const struct cr_registry_actor *actor, char **ret_version,
                                struct cr_error *err)
{
    CR_CLEANUP(publication_finish)
    struct publication publication = make_publication(portfolio, stage_dir, manifest, actor);

    publication.parent = parent;
    return publish(registry, &publication, ret_version, err);
}

int cr_registry_adopt(struct cr_registry *registry, const char *portfolio, const char *stage_dir,
                      json_t *manifest, const struct cr_registry_origin *origin,
                      const struct cr_registry_actor *actor, char **ret_version, bool *ret_is_new,
                      struct cr_error *err)
{
    const char *name = json_string_value(json_object_get(manifest, "portfolio"));
    const char *version = json_string_value(json_object_get(manifest, "version"));
    CR_CLEANUP(cr_freep) char *own = version != NULL ? strdup(version) : NULL;
    CR_CLEANUP(publication_finish)
    struct publication publication = make_publication(portfolio, stage_dir, manifest, actor);
    int r;

    if (name == NULL || strcmp(name, portfolio) != 0) {
        return cr_error_set(err, CR_EINVAL, "it is a version of portfolio '%s', not of '%s'",
                            name != NULL ? name : "", portfolio);
    }
    if (own == NULL || cr_registry_version_number(own) == 0) {
        return cr_error_set(err, CR_EINVAL, "the manifest does not say which version it is");
    }
    publication.action = CR_EVENT_IMPORT;
    publication.own = own;
    publication.origin = origin;
    r = publish(registry, &publication, ret_version, err);
    if (r == 0) {
        *ret_is_new = !publication.is_here;
    }
    return r;
}
