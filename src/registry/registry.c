// SPDX-License-Identifier: MIT
#include "creditrisk/registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/name.h"
#include "registry_impl.h"
#include "schema.h"

enum { MAX_DIGITS = 9 }; /* of a version number */

static int refuse_to_forget(const char *dir, struct cr_error *err)
{
    return cr_error_set(err, CR_EDB,
                        "'%s' holds versions that the registry's database does not know, as it is "
                        "empty: restore it from a copy, or begin a registry elsewhere",
                        dir);
}

/* A database that begins anew where versions lie would forget them, their champion and their
 * history. It begins before the first version is there: it is asked again, as another process may
 * have done both meanwhile. */
static int check_nothing_forgotten(struct cr_registry *registry, struct cr_error *err)
{
    bool begun = false, has_versions = false;
    int r = cr_schema_find(registry->db, &begun, err);

    if (r == 0 && !begun) {
        r = cr_registry_find_versions(registry, &has_versions, err);
    }
    if (r == 0 && has_versions) {
        r = cr_schema_find(registry->db, &begun, err);
    }
    return r == 0 && has_versions && !begun ? refuse_to_forget(registry->dir, err) : r;
}

/* What is there and is no folder holds no registry, nor can one begin there. */
static int check_folder(const char *dir, struct cr_error *err)
{
    return cr_fs_exists(dir) && !cr_fs_is_dir(dir)
               ? cr_error_set(err, CR_EIO, "the registry '%s' is no folder", dir)
               : 0;
}

int cr_registry_check_place(const char *dir, struct cr_error *err)
{
    const struct cr_registry place = {.dir = (char *)dir}; /* which is only read */
    bool has_versions = false;
    int r = check_folder(dir, err);

    if (r == 0) {
        r = cr_fs_check_room(dir, err);
    }
    if (r == 0 && cr_fs_is_dir(dir)) {
        r = cr_registry_find_versions(&place, &has_versions, err);
    }
    return r == 0 && has_versions ? refuse_to_forget(dir, err) : r;
}

int cr_registry_open(const char *dir, const char *db_url, bool create,
                     struct cr_registry **ret_registry, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = calloc(1, sizeof(*registry));
    CR_CLEANUP(cr_freep) char *default_url = NULL;
    struct cr_error cause = {0};
    int r = check_folder(dir, err);

    if (r < 0) {
        return r;
    }
    if (registry == NULL || asprintf(&default_url, "sqlite:%s/registry.db", dir) < 0) {
        default_url = NULL; /* undefined after a failure */
        return cr_error_no_memory(err);
    }
    registry->dir = strdup(dir);
    if (registry->dir == NULL) {
        return cr_error_no_memory(err);
    }
    if (create) {
        r = cr_fs_mkdirs(dir, err);
    } else if (!cr_fs_is_dir(dir)) {
        r = cr_error_set(err, CR_ENOTFOUND, "there is no registry '%s'", dir);
    }
    if (r == 0) {
        r = cr_db_open(db_url != NULL ? db_url : default_url, create, &registry->db, &cause);
        r = cr_schema_advise(r, &cause, err);
    }
    if (r == 0) {
        r = cr_db_use_schema(registry->db, "creditrisk_registry", create, err);
    }
    if (r == 0 && create) {
        r = check_nothing_forgotten(registry, err);
    }
    if (r == 0) {
        r = create ? cr_schema_make_readable(registry->db, err)
                   : cr_schema_check(registry->db, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_registry = CR_STEAL(registry);
    return 0;
}

void cr_registry_close(struct cr_registry *registry)
{
    if (registry != NULL) {
        cr_db_close(registry->db);
        cr_trust_destroy(registry->trust);
        free(registry->dir);
        free(registry);
    }
}

bool cr_registry_is_undecided(const struct cr_registry *registry)
{
    return cr_db_is_undecided(registry->db);
}

int cr_registry_require_signatures(struct cr_registry *registry, const char *keys_file,
                                   struct cr_error *err)
{
    cr_trust_destroy(CR_STEAL(registry->trust));
    return cr_trust_load(keys_file, &registry->trust, err);
}

int cr_registry_check_signature(const struct cr_registry *registry, const char *dir,
                                struct cr_error *err)
{
    return registry->trust != NULL ? cr_trust_check(registry->trust, dir, err) : 0;
}

int cr_registry_prepare(struct cr_registry *registry, const char *sql, const char *const *texts,
                        size_t n, struct cr_stmt **ret_stmt, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = cr_db_prepare(registry->db, sql, NULL, &stmt, err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        r = cr_stmt_bind_text(stmt, i, texts[i], err);
    }
    if (r < 0) {
        return r;
    }
    *ret_stmt = CR_STEAL(stmt);
    return 0;
}

int cr_registry_run(struct cr_registry *registry, const char *sql, const char *const *texts,
                    size_t n, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    int r = cr_registry_prepare(registry, sql, texts, n, &stmt, err);

    return r < 0 ? r : cr_stmt_run(stmt, err);
}

int cr_registry_query_text(struct cr_registry *registry, const char *sql, const char *const *texts,
                           size_t n, char **ret_text, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    bool row = false;
    char *text = NULL;
    int r = cr_registry_prepare(registry, sql, texts, n, &stmt, err);

    if (r == 0) {
        r = cr_stmt_step(stmt, &row, err);
    }
    if (r < 0) {
        return r;
    }
    if (row) {
        text = strdup(cr_stmt_text(stmt, 0));
        if (text == NULL) {
            return cr_error_no_memory(err);
        }
    }
    *ret_text = text;
    return 0;
}

long cr_registry_version_number(const char *version)
{
    const char *digits = version + 1;
    size_t n = *version == 'v' ? strspn(digits, "0123456789") : 0;
    long number = 0;

    if (n == 0 || n > MAX_DIGITS || digits[n] != '\0' || digits[0] == '0') {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        number = 10 * number + (digits[i] - '0');
    }
    return number;
}

int cr_registry_portfolio_path(const struct cr_registry *registry, const char *portfolio,
                               char **ret_dir, struct cr_error *err)
{
    char *dir;
    int r = cr_name_check(portfolio, strlen(portfolio), "portfolio", err);

    if (r != 0) {
        return r;
    }
    dir = cr_fs_join(registry->dir, portfolio);
    if (dir == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_dir = dir;
    return 0;
}

int cr_registry_path(const struct cr_registry *registry, const char *portfolio, const char *version,
                     char **ret_dir, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = NULL;
    char *dir;
    int r = cr_registry_portfolio_path(registry, portfolio, &folder, err);

    if (r < 0) {
        return r;
    }
    if (cr_registry_version_number(version) == 0) {
        return cr_error_set(err, CR_EINVAL, "'%s' is no version (v1, v2, …)", version);
    }
    dir = cr_fs_join(folder, version);
    if (dir == NULL) {
        return cr_error_no_memory(err);
    }
    *ret_dir = dir;
    return 0;
}

int cr_registry_check_writable(struct cr_registry *registry, const char *portfolio,
                               struct cr_error *err)
{
    /* a transaction alone would begin in a read-only database, too */
    static const char no_version[] = "INSERT INTO versions SELECT * FROM versions WHERE 1 = 0";
    CR_CLEANUP(cr_freep) char *folder = NULL;
    struct cr_error cause;
    int r = cr_registry_portfolio_path(registry, portfolio, &folder, err);

    if (r == 0) {
        r = cr_fs_check_room(registry->dir, err);
    }
    if (r == 0) {
        r = cr_fs_check_room(folder, err);
    }
    if (r == 0 && (r = cr_registry_run(registry, no_version, NULL, 0, &cause)) < 0) {
        return cr_error_set(err, r, "cannot write in the registry '%s': %s", registry->dir,
                            cause.message);
    }
    return r;
}

static void version_finish(struct cr_registry_version *version)
{
    free(version->version);
    free(version->kind);
    free(version->created_at);
    free(version->manifest_sha256);
}

void cr_registry_free_versions(struct cr_registry_version *versions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        version_finish(&versions[i]);
    }
    free(versions);
}

json_t *cr_registry_version_to_json(const struct cr_registry_version *version)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "version", version->version, "kind",
                     version->kind, "created_at", version->created_at, "manifest_sha256",
                     version->manifest_sha256, "champion", version->is_champion, "challenger",
                     version->is_challenger);
}

/* The manifest is, byte for byte, what was published. */
static int check_digest(const char *dir, const char *recorded, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    struct cr_error cause = {0};
    char sha256[CR_DIGEST_LEN];
    int r;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    r = cr_digest_file(path, sha256, &cause);
    if (r == CR_ENOTFOUND) {
        return cr_error_set(err, CR_EMODEL, "'%s' is missing", path);
    }
    if (r < 0) {
        return cr_error_set(err, r, "%s", cause.message);
    }
    if (strcmp(sha256, recorded) != 0) {
        return cr_error_set(err, CR_EMODEL, "'%s' was changed: its SHA-256 is '%s'", path, sha256);
    }
    return 0;
}

int cr_registry_read_manifest(const struct cr_registry *registry, const char *portfolio,
                              const struct cr_registry_version *version, json_t **ret_manifest,
                              struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int r = cr_registry_path(registry, portfolio, version->version, &dir, err);

    if (r == 0) {
        r = check_digest(dir, version->manifest_sha256, err);
    }
    return r < 0 ? r : cr_artifact_read_manifest(dir, ret_manifest, err);
}

struct versions {
    struct cr_registry_version *items;
    size_t n;
};

static void versions_finish(struct versions *versions)
{
    cr_registry_free_versions(versions->items, versions->n);
}

/* Appends the statement's row. */
static int add_version(struct versions *versions, const struct cr_stmt *stmt, struct cr_error *err)
{
    struct cr_registry_version *items =
        reallocarray(versions->items, versions->n + 1, sizeof(*items));
    struct cr_registry_version *added;

    if (items == NULL) {
        return cr_error_no_memory(err);
    }
    versions->items = items;
    added = &items[versions->n++];
    *added = (struct cr_registry_version){
        .version = strdup(cr_stmt_text(stmt, 0)),
        .kind = strdup(cr_stmt_text(stmt, 1)),
        .created_at = strdup(cr_stmt_text(stmt, 2)),
        .manifest_sha256 = strdup(cr_stmt_text(stmt, 3)),
        .is_champion = cr_stmt_int(stmt, 4) != 0,
        .is_challenger = cr_stmt_int(stmt, 5) != 0,
    };
    return added->version != NULL && added->kind != NULL && added->created_at != NULL &&
                   added->manifest_sha256 != NULL
               ? 0
               : cr_error_no_memory(err);
}

int cr_registry_list(struct cr_registry *registry, const char *portfolio,
                     struct cr_registry_version **ret_versions, size_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    CR_CLEANUP(versions_finish) struct versions versions = {NULL, 0};
    bool row = true;
    int r = cr_registry_prepare(registry,
                                "SELECT v.version, v.kind, v.created_at, v.manifest_sha256,"
                                " CASE WHEN p.version IS NULL THEN 0 ELSE 1 END,"
                                " CASE WHEN c.version IS NULL THEN 0 ELSE 1 END"
                                " FROM versions v LEFT JOIN pointers p ON p.portfolio = v.portfolio"
                                " AND p.version = v.version AND p.name = 'champion'"
                                " LEFT JOIN pointers c ON c.portfolio = v.portfolio"
                                " AND c.version = v.version AND c.name = 'challenger'"
                                " WHERE v.portfolio = ?1 ORDER BY v.number",
                                &portfolio, 1, &stmt, err);

    while (r == 0 && row) {
        r = cr_stmt_step(stmt, &row, err);
        if (r == 0 && row) {
            r = add_version(&versions, stmt, err);
        }
    }
    if (r < 0) {
        return r;
    }
    *ret_n = versions.n;
    *ret_versions = CR_STEAL(versions.items);
    versions.n = 0;
    return 0;
}

int cr_registry_refuse_unknown(const char *portfolio, const char *version, struct cr_error *err)
{
    return cr_error_set(err, CR_ENOTFOUND, "portfolio '%s' has no version '%s'", portfolio,
                        version);
}

/* NULL when the version is not recorded. */
static int read_digest(struct cr_registry *registry, const char *portfolio, const char *version,
                       char **ret_sha256, struct cr_error *err)
{
    const char *const texts[] = {portfolio, version};

    return cr_registry_query_text(registry,
                                  "SELECT manifest_sha256 FROM versions"
                                  " WHERE portfolio = ?1 AND version = ?2",
                                  texts, CR_ARRAY_LEN(texts), ret_sha256, err);
}

int cr_registry_is_recorded(struct cr_registry *registry, const char *portfolio,
                            const char *version, bool *ret_recorded, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *sha256 = NULL;
    int r = read_digest(registry, portfolio, version, &sha256, err);

    if (r == 0) {
        *ret_recorded = sha256 != NULL;
    }
    return r;
}

/* The manifest says what the registry says. */
static int check_identity(const char *dir, const json_t *manifest, const char *portfolio,
                          const char *version, struct cr_error *err)
{
    const char *own_portfolio = json_string_value(json_object_get(manifest, "portfolio"));
    const char *own_version = json_string_value(json_object_get(manifest, "version"));

    if (own_portfolio == NULL || own_version == NULL || strcmp(own_portfolio, portfolio) != 0 ||
        strcmp(own_version, version) != 0) {
        return cr_error_set(err, CR_EMODEL, "'%s/%s' is not that of version '%s' of '%s'", dir,
                            CR_ARTIFACT_MANIFEST, version, portfolio);
    }
    return 0;
}

int cr_registry_verify(struct cr_registry *registry, const char *portfolio, const char *version,
                       json_t **ret_manifest, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_freep) char *recorded = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    int r = cr_registry_path(registry, portfolio, version, &dir, err);

    if (r == 0) {
        r = read_digest(registry, portfolio, version, &recorded, err);
    }
    if (r == 0 && recorded == NULL) {
        r = cr_registry_refuse_unknown(portfolio, version, err);
    }
    if (r == 0) {
        r = check_digest(dir, recorded, err);
    }
    if (r == 0) {
        r = cr_registry_check_signature(registry, dir, err);
    }
    if (r == 0) {
        r = cr_artifact_verify(dir, &manifest, err);
    }
    if (r == 0) {
        r = check_identity(dir, manifest, portfolio, version, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_manifest = CR_STEAL(manifest);
    return 0;
}
