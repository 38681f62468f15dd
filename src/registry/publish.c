// SPDX-License-Identifier: MIT
#include "creditrisk/registry/registry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "registry_impl.h"

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory");
}

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
    char *version; /* owned, as dir */
    char *dir;     /* where it goes */
};

static void publication_finish(struct publication *publication)
{
    free(publication->version);
    free(publication->dir);
}

/* One more than every version that the events tell of, deleted ones too, and every folder: a crash
 * may have left a folder that was never recorded, and its name stays taken. */
static int choose_version(struct cr_registry *registry, struct publication *publication,
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
                                   &publication->portfolio, 1, &newest, err);

    if (r == 0) {
        r = cr_registry_portfolio_path(registry, publication->portfolio, &folder, err);
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
    if (asprintf(&publication->version, "v%ld", last + 1) < 0) {
        publication->version = NULL; /* undefined after a failure */
        return no_memory(err);
    }
    return cr_registry_path(registry, publication->portfolio, publication->version,
                            &publication->dir, err);
}

/* Writes the manifest once more, now with its version, and records its digest. */
static int record_version(struct cr_registry *registry, const struct publication *publication,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(publication->stage_dir, CR_ARTIFACT_MANIFEST);
    char sha256[CR_DIGEST_LEN], now[CR_CLOCK_TEXT_LEN];
    const char *const texts[] = {publication->portfolio, publication->version, publication->kind,
                                 now, sha256};
    int r;

    if (path == NULL || json_object_set_new(publication->manifest, "version",
                                            json_string(publication->version)) != 0) {
        return no_memory(err);
    }
    r = cr_json_save(path, publication->manifest, err);
    if (r == 0) {
        r = cr_digest_file(path, sha256, err);
    }
    if (r < 0) {
        return r;
    }
    cr_clock_utc(now);
    r = cr_registry_run(
        registry,
        "INSERT INTO versions (portfolio, version, number, kind, created_at, manifest_sha256)"
        " VALUES (?1, ?2, CAST(substr(?2, 2) AS INTEGER), ?3, ?4, ?5)",
        texts, CR_ARRAY_LEN(texts), err);
    return r < 0 ? r
                 : cr_registry_record_event(registry, publication->portfolio, "publish", NULL,
                                            publication->version, publication->actor, err);
}

/* Inside the transaction. Its lock makes two publishers choose different numbers. */
static int publish_locked(struct cr_registry *registry, struct publication *publication,
                          struct cr_error *err)
{
    int r = choose_version(registry, publication, err);

    if (r == 0) {
        r = record_version(registry, publication, err);
    }
    if (r == 0) {
        r = cr_fs_rename(publication->stage_dir, publication->dir, err);
    }
    if (r == 0) {
        r = cr_db_commit(registry->db, err);
    }
    if (r < 0 && publication->dir != NULL && !cr_fs_exists(publication->stage_dir)) {
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

    if (r == 0 && json_object_set_new(publication->manifest, "portfolio",
                                      json_string(publication->portfolio)) != 0) {
        r = no_memory(err);
    }
    if (r == 0) {
        r = cr_artifact_seal(publication->stage_dir, publication->manifest, err);
    }
    if (r == 0 && chmod(publication->stage_dir, 0755) != 0) { /* until now ours alone */
        r = cr_error_set(err, CR_EIO, "cannot change '%s'", publication->stage_dir);
    }
    return r < 0 ? r : cr_fs_sync_tree(publication->stage_dir, err);
}

int cr_registry_publish(struct cr_registry *registry, const char *portfolio, const char *stage_dir,
                        json_t *manifest, const struct cr_registry_actor *actor, char **ret_version,
                        struct cr_error *err)
{
    CR_CLEANUP(publication_finish)
    struct publication publication = {
        .portfolio = portfolio,
        .kind = json_string_value(json_object_get(json_object_get(manifest, "model"), "kind")),
        .stage_dir = stage_dir,
        .manifest = manifest,
        .actor = actor,
    };
    int r;

    if (publication.kind == NULL) {
        return cr_error_set(err, CR_EINVAL, "the manifest does not say which kind of model it has");
    }
    r = seal(registry, &publication, err);
    if (r == 0) {
        r = cr_db_begin(registry->db, err);
    }
    if (r < 0) {
        return r;
    }
    r = publish_locked(registry, &publication, err);
    if (r < 0) {
        cr_db_rollback(registry->db);
        return r;
    }
    *ret_version = CR_STEAL(publication.version);
    return 0;
}
