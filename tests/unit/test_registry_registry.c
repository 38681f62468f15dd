// SPDX-License-Identifier: MIT
/* Versions and pointers, on both engines (cr_engine.h). */
#include "creditrisk/registry/registry.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_engine.h"
#include "cr_test_registry.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_registry_actor actor = {"tester", "because"};

/* A staged folder with one file; yours (free). */
static char *stage(struct cr_registry *registry)
{
    char *dir = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(registry, &dir, &err), &err);
    free(cr_test_write(dir, "model.json", "{}"));
    return dir;
}

/* Stages and publishes; *ret_version is yours on success. */
static int publish(struct cr_registry *registry, const char *portfolio, char **ret_version,
                   struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = stage(registry);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");

    return cr_registry_publish(registry, portfolio, dir, manifest, &actor, ret_version, err);
}

static void assert_published(struct cr_registry *registry, const char *portfolio,
                             const char *version)
{
    CR_CLEANUP(cr_freep) char *got = NULL;
    struct cr_error err;

    cr_assert_ok(publish(registry, portfolio, &got, &err), &err);
    assert_string_equal(got, version);
}

static void assert_verified(struct cr_registry *registry, const char *portfolio,
                            const char *version)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_verify(registry, portfolio, version, &manifest, &err), &err);
    assert_string_equal(json_string_value(json_object_get(manifest, "version")), version);
    assert_string_equal(json_string_value(json_object_get(manifest, "portfolio")), portfolio);
}

static void assert_refused(struct cr_registry *registry, const char *portfolio, const char *version,
                           int code, const char *why)
{
    json_t *manifest = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_registry_verify(registry, portfolio, version, &manifest, &err), code);
    assert_null(manifest);
    cr_assert_says(&err, why);
}

static void assert_champion(struct cr_registry *registry, const char *portfolio,
                            const char *version)
{
    CR_CLEANUP(cr_freep) char *champion = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_champion(registry, portfolio, &champion, &err), &err);
    assert_string_equal(champion, version);
}

/* `why` may differ in case. */
static void assert_sql_refused(const char *dir, const char *sql, const char *why)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(dir);
    struct cr_error err = {0};

    assert_int_equal(cr_db_exec(db, sql, &err), CR_EDB);
    assert_true(cr_db_is_constraint(db));
    if (strcasestr(err.message, why) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, why);
    }
}

/* What SQLite alone knows: it would fire no trigger of UPDATE. */
static void assert_replacement_refused(const char *dir, const char *sql, const char *why)
{
    if (cr_engine_server() == NULL) {
        assert_sql_refused(dir, sql, why);
    }
}

static char *query(const char *dir, const char *sql)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(dir);

    return cr_engine_rows(db, sql);
}

static void assert_query(const char *dir, const char *sql, const char *expected)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(dir);

    cr_engine_assert_rows(db, sql, expected);
}

static bool has_file(const char *dir, const char *relative)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, relative);

    return cr_fs_exists(path);
}

static void versions_count_per_portfolio(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    struct cr_error err;

    (void)state;
    assert_published(registry, "retail", "v1");
    assert_published(registry, "retail", "v2");
    assert_published(registry, "cards", "v1");
    assert_published(registry, "retail", "v3");
    for (int i = 4; i <= 11; i++) {
        char version[32];

        (void)snprintf(version, sizeof(version), "v%d", i);
        assert_published(registry, "retail", version);
        assert_verified(registry, "retail", version);
    }
    cr_assert_ok(cr_registry_promote(registry, "retail", "v2", NULL, &actor, NULL, &err), &err);
    cr_assert_ok(cr_registry_list(registry, "retail", &versions, &n, &err), &err);
    assert_int_equal(n, 11);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(strtol(versions[i].version + 1, NULL, 10), i + 1);
        assert_string_equal(versions[i].kind, "test");
        assert_int_equal(strlen(versions[i].created_at), CR_CLOCK_TEXT_LEN - 1);
        assert_int_equal(strlen(versions[i].manifest_sha256), CR_DIGEST_LEN - 1);
        assert_int_equal(versions[i].is_champion, i == 1);
    }
    cr_registry_free_versions(versions, n);
    cr_assert_ok(cr_registry_list(registry, "unknown", &versions, &n, &err), &err);
    assert_int_equal(n, 0);
    cr_registry_free_versions(versions, n);
}

static void publishing_consumes_the_folder(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *staged = stage(registry);
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_freep) char *path = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    struct stat info;
    struct cr_error err;

    (void)state;
    assert_true(strncmp(staged, dir, strlen(dir)) == 0);
    assert_non_null(strstr(staged, "/.staging-"));
    cr_assert_ok(cr_registry_publish(registry, "retail", staged, manifest, &actor, &version, &err),
                 &err);
    assert_false(cr_fs_exists(staged));
    cr_assert_ok(cr_registry_path(registry, "retail", version, &path, &err), &err);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0755);
    assert_true(has_file(path, CR_ARTIFACT_MANIFEST));
}

/* Only who has a champion, by name. */
static void portfolios_are_listed(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    char **names = NULL;
    size_t n = 7;
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_registry_portfolios(registry, &names, &n, &err), &err);
    assert_int_equal(n, 0);
    cr_registry_free_portfolios(names, n);
    assert_published(registry, "retail", "v1");
    assert_published(registry, "cards", "v1");
    assert_published(registry, "cards", "v2");
    assert_published(registry, "idle", "v1");
    cr_assert_ok(cr_registry_promote(registry, "retail", "v1", NULL, &actor, NULL, &err), &err);
    cr_assert_ok(cr_registry_promote(registry, "cards", "v1", NULL, &actor, NULL, &err), &err);
    cr_assert_ok(cr_registry_challenge(registry, "cards", "v2", &actor, &err), &err);
    cr_assert_ok(cr_registry_portfolios(registry, &names, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "cards");
    assert_string_equal(names[1], "retail");
    cr_registry_free_portfolios(names, n);
}

/* Promotes a version of retail; expected: whether that changed anything, and who was it before. */
static void assert_promoted(struct cr_registry *registry, const char *version,
                            const struct cr_registry_actor *who, bool changed, const char *before)
{
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change change;
    struct cr_error err;

    cr_assert_ok(cr_registry_promote(registry, "retail", version, NULL, who, &change, &err), &err);
    assert_int_equal(change.changed, changed);
    if (before == NULL) {
        assert_null(change.before);
    } else {
        assert_string_equal(change.before, before);
    }
    assert_champion(registry, "retail", version);
}

static void promotion_is_recorded(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    const struct cr_registry_actor other = {"O'Brien; DROP TABLE events", ""};
    char *champion = NULL;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(cr_registry_champion(registry, "retail", &champion, &err), CR_ENOTFOUND);
    assert_published(registry, "retail", "v1");
    assert_published(registry, "retail", "v2");
    assert_int_equal(cr_registry_champion(registry, "retail", &champion, &err), CR_ENOTFOUND);
    assert_int_equal(cr_registry_promote(registry, "retail", "v3", NULL, &actor, NULL, &err),
                     CR_ENOTFOUND);
    assert_int_equal(cr_registry_promote(registry, "cards", "v1", NULL, &actor, NULL, &err),
                     CR_ENOTFOUND);
    assert_null(champion);

    assert_promoted(registry, "v1", &actor, true, NULL);
    assert_promoted(registry, "v2", &other, true, "v1");
    assert_promoted(registry, "v2", &actor, false, "v2"); /* no event */
    assert_promoted(registry, "v1", &actor, true, "v2");
    assert_query(dir,
                 "SELECT portfolio, action, from_version, to_version, actor, reason FROM events"
                 " WHERE at LIKE '20__-__-__T__:__:__.___Z' ORDER BY id",
                 "retail|publish|-|v1|tester|because\n"
                 "retail|publish|-|v2|tester|because\n"
                 "retail|promote|-|v1|tester|because\n"
                 "retail|promote|v1|v2|O'Brien; DROP TABLE events|\n"
                 "retail|promote|v2|v1|tester|because\n");
}

static void history_cannot_be_rewritten(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *before = NULL;
    struct cr_error err;

    (void)state;
    assert_published(registry, "retail", "v1");
    cr_assert_ok(cr_registry_promote(registry, "retail", "v1", NULL, &actor, NULL, &err), &err);
    before = query(dir, "SELECT * FROM events ORDER BY id");
    assert_sql_refused(dir, "UPDATE events SET actor = 'nobody'", "append-only");
    assert_sql_refused(dir, "DELETE FROM events", "append-only");
    assert_replacement_refused(dir,
                               "INSERT OR REPLACE INTO events SELECT id, at, portfolio, action,"
                               " from_version, to_version, 'nobody', '', NULL FROM events"
                               " WHERE id = 1",
                               "append-only");
    assert_sql_refused(dir, "UPDATE versions SET kind = 'other'", "never changed");
    assert_replacement_refused(dir,
                               "INSERT OR REPLACE INTO versions SELECT portfolio, version, number,"
                               " 'other', created_at, manifest_sha256 FROM versions",
                               "never changed");
    assert_sql_refused(dir, "DELETE FROM versions", "FOREIGN KEY");
    assert_sql_refused(dir, "UPDATE pointers SET version = 'v9'", "FOREIGN KEY");
    assert_query(dir, "SELECT * FROM events ORDER BY id", before);
    assert_query(dir, "SELECT version, kind FROM versions", "v1|test\n");
}

static void what_a_crash_leaves_is_harmless(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *staged = NULL;
    CR_CLEANUP(cr_freep) char *orphan = cr_fs_join(dir, "retail/v5");
    CR_CLEANUP(cr_freep) char *no_version = cr_fs_join(dir, "retail/v07");
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    struct cr_error err = {0};

    (void)state;
    assert_published(registry, "retail", "v1");
    staged = stage(registry);                       /* before the rename … */
    cr_assert_ok(cr_fs_mkdirs(orphan, &err), &err); /* … and between rename and commit */
    cr_assert_ok(cr_fs_mkdirs(no_version, &err), &err);
    cr_assert_ok(cr_registry_list(registry, "retail", &versions, &n, &err), &err);
    assert_int_equal(n, 1);
    cr_registry_free_versions(versions, n);
    assert_refused(registry, "retail", "v5", CR_ENOTFOUND, "'v5'");
    assert_int_equal(cr_registry_promote(registry, "retail", "v5", NULL, &actor, NULL, &err),
                     CR_ENOTFOUND);
    assert_published(registry, "retail", "v6");
    assert_verified(registry, "retail", "v1");
    assert_verified(registry, "retail", "v6");
    assert_true(cr_fs_exists(staged));
}

/* The folder must be as before, and the next attempt must succeed. */
static void assert_publish_fails(const char *dir, struct cr_registry *registry, int code)
{
    CR_CLEANUP(cr_freep) char *staged = stage(registry);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    char *version = NULL;
    struct cr_error err = {0};

    assert_int_equal(
        cr_registry_publish(registry, "retail", staged, manifest, &actor, &version, &err), code);
    assert_null(version);
    assert_true(has_file(staged, "model.json"));
    assert_false(has_file(dir, "retail/v1"));
    assert_query(dir, "SELECT count(*) FROM versions", "0\n");
    assert_query(dir, "SELECT count(*) FROM events", "0\n");
}

static void a_failed_publish_changes_nothing(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);

    (void)state;
    cr_test_registry_refuse_events(dir);
    assert_publish_fails(dir, registry, CR_EDB);
    cr_test_registry_take_events(dir);
    cr_test_registry_spoil_commits(dir); /* after the rename */
    assert_publish_fails(dir, registry, CR_EDB);
    cr_test_registry_mend_commits(dir);
    assert_published(registry, "retail", "v1");
    assert_verified(registry, "retail", "v1");
}

static void unpublishable_folders_are_refused(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *staged = stage(registry);
    CR_CLEANUP(cr_freep) char *link = cr_fs_join(staged, "link");
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_object();
    char *version = NULL;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(
        cr_registry_publish(registry, "retail", staged, manifest, &actor, &version, &err),
        CR_EINVAL);
    json_decref(CR_STEAL(manifest));
    manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    assert_int_equal(
        cr_registry_publish(registry, "../retail", staged, manifest, &actor, &version, &err),
        CR_EINVAL);
    assert_int_equal(symlink("model.json", link), 0);
    assert_int_equal(
        cr_registry_publish(registry, "retail", staged, manifest, &actor, &version, &err),
        CR_EMODEL);
    assert_non_null(strstr(err.message, "link"));
    assert_null(version);
    assert_true(cr_fs_exists(staged));
}

static void changed_versions_are_refused(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *v1 = cr_fs_join(dir, "retail/v1");
    CR_CLEANUP(cr_freep) char *v2 = cr_fs_join(dir, "retail/v2");
    CR_CLEANUP(cr_freep) char *aside = cr_fs_join(dir, "aside");
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err;

    (void)state;
    assert_published(registry, "retail", "v1");
    assert_published(registry, "retail", "v2");
    cr_assert_ok(cr_fs_rename(v1, aside, &err), &err);
    assert_refused(registry, "retail", "v1", CR_EMODEL, "manifest.json' is missing");
    cr_assert_ok(cr_fs_rename(v2, v1, &err), &err); /* intact, but another version */
    assert_refused(registry, "retail", "v1", CR_EMODEL, "manifest.json' was changed");
    cr_assert_ok(cr_fs_rename(v1, v2, &err), &err);
    cr_assert_ok(cr_fs_rename(aside, v1, &err), &err);
    assert_verified(registry, "retail", "v1");

    free(cr_test_write(v1, "model.json", "[]"));
    assert_refused(registry, "retail", "v1", CR_EMODEL, "model.json' was changed");
    /* sealed anew: the folder agrees with itself, the registry with neither */
    cr_assert_ok(cr_artifact_read_manifest(v1, &manifest, &err), &err);
    cr_assert_ok(cr_artifact_seal(v1, manifest, &err), &err);
    assert_refused(registry, "retail", "v1", CR_EMODEL, "manifest.json' was changed");
    assert_verified(registry, "retail", "v2");
    assert_refused(registry, "retail", "v3", CR_ENOTFOUND, "'v3'");
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const versions[] = {"",    "v",   "v0",  "v01", "1",           "V1",
                                           "v-1", "v1 ", "v1/", "..",  "v1234567890", "v1/../v2"};
    static const char *const portfolios[] = {"", ".", "..", "a/b", "a.b", "a b", "\xc3\xa9"};
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    char *path = NULL;
    struct cr_error err = {0};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(versions); i++) {
        assert_int_equal(cr_registry_path(registry, "retail", versions[i], &path, &err), CR_EINVAL);
        assert_refused(registry, "retail", versions[i], CR_EINVAL, "");
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(portfolios); i++) {
        assert_int_equal(cr_registry_path(registry, portfolios[i], "v1", &path, &err), CR_EINVAL);
    }
    assert_null(path);
}

/* Names and digests of everything below dir. */
static void describe(const char *dir, struct cr_strbuf *out)
{
    char **names = NULL;
    size_t n = 0;
    struct cr_error err;

    cr_assert_ok(cr_fs_list(dir, &names, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, names[i]);
        char hex[CR_DIGEST_LEN] = "";

        if (cr_fs_is_dir(path)) {
            describe(path, out);
        } else {
            cr_assert_ok(cr_digest_file(path, hex, &err), &err);
        }
        cr_strbuf_printf(out, "%s %s\n", path, hex);
    }
    cr_fs_free_names(names, n);
}

static void reading_writes_nothing(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf before = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf after = CR_STRBUF_INIT;
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    struct cr_error err;

    (void)state;
    assert_published(registry, "retail", "v1");
    cr_assert_ok(cr_registry_promote(registry, "retail", "v1", NULL, &actor, NULL, &err), &err);
    cr_registry_close(registry);
    describe(dir, &before);

    cr_assert_ok(cr_registry_open(dir, url, false, &registry, &err), &err);
    assert_champion(registry, "retail", "v1");
    assert_verified(registry, "retail", "v1");
    cr_assert_ok(cr_registry_list(registry, "retail", &versions, &n, &err), &err);
    cr_registry_free_versions(versions, n);
    cr_registry_close(registry);
    describe(dir, &after);
    assert_string_equal(cr_strbuf_text(&before), cr_strbuf_text(&after));
}

static void assert_open_fails(const char *dir, bool create, int code, const char *why)
{
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    struct cr_registry *registry = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_registry_open(dir, url, create, &registry, &err), code);
    assert_null(registry);
    cr_assert_says(&err, why);
}

/* A file in the registry's place is told alike, whoever meets it. */
static void assert_no_folder(const char *dir)
{
    CR_CLEANUP(cr_freep) char *file = cr_test_write(dir, "a file", "");
    CR_CLEANUP(cr_freep) char *why = NULL;
    struct cr_error err = {0};

    assert_true(asprintf(&why, "the registry '%s' is no folder", file) > 0);
    assert_open_fails(file, false, CR_EIO, why);
    assert_open_fails(file, true, CR_EIO, why);
    assert_int_equal(cr_registry_check_place(file, &err), CR_EIO);
    cr_assert_says(&err, why);
    assert_int_equal(unlink(file), 0);
}

static void what_is_no_registry_is_not_opened(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *absent = cr_fs_join(dir, "absent");
    CR_CLEANUP(cr_freep) char *file = NULL;
    struct cr_error err;

    (void)state;
    assert_open_fails(absent, false, CR_ENOTFOUND, absent);
    assert_false(cr_fs_exists(absent));
    assert_no_folder(dir);
    if (cr_engine_server() == NULL) {
        assert_open_fails(dir, false, CR_ENOTFOUND, "registry.db");
        assert_false(has_file(dir, "registry.db"));
        file = cr_test_write(dir, "registry.db", "");
        assert_open_fails(dir, false, CR_EDB, "no table 'schema_versions'; if it was");
        free(cr_test_write(dir, "registry.db", "hello hello hello hello hello hello hello hello"));
        assert_open_fails(dir, false, CR_EDB, "not an SQLite database; if it was the registry's");
        assert_open_fails(dir, true, CR_EDB, "restore it from a copy");
        assert_int_equal(unlink(file), 0);
        cr_assert_ok(cr_fs_mkdirs(file, &err), &err);
        assert_open_fails(dir, false, CR_EUNAVAIL, "it is a folder");
        assert_int_equal(rmdir(file), 0);
    } else {
        assert_open_fails(dir, false, CR_EDB, "not a registry");
    }

    cr_registry_close(cr_test_registry(dir));
    cr_registry_close(cr_test_registry(dir)); /* a second time changes nothing */
    assert_query(dir, "SELECT version FROM schema_versions", "1\n2\n3\n");
    cr_test_registry_exec(dir, "INSERT INTO schema_versions VALUES (4)");
    assert_open_fails(dir, false, CR_EDB, "version '4'");
    assert_open_fails(dir, true, CR_EDB, "version '4'");
    cr_test_registry_exec(dir, "DELETE FROM schema_versions");
    assert_open_fails(dir, false, CR_EDB, "version '0'");
    cr_test_registry_exec(dir, "DROP TABLE schema_versions");
    assert_open_fails(dir, false, CR_EDB, "not a registry");
}

/* A refusal names the folder. */
static int try_to_write(const char *dir, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    int result = cr_registry_open(dir, url, true, &registry, err);

    result = result != 0 ? result : cr_registry_check_writable(registry, "retail", err);
    return strstr(err->message, dir) != NULL ? result : 0;
}

/* Told before a version is there to be lost; nothing is recorded or left by asking. */
static void what_is_not_writable_is_told(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "retail");
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, "registry.db");
    struct cr_registry *registry = cr_test_registry(dir);
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_registry_check_writable(registry, "retail", &err), &err);
    assert_false(cr_fs_exists(folder));
    assert_published(registry, "retail", "v1");
    cr_assert_ok(cr_registry_check_writable(registry, "retail", &err), &err);
    assert_int_equal(cr_registry_check_writable(registry, "..", &err), CR_EINVAL);
    cr_registry_close(registry);
    assert_int_equal(chmod(dir, 0555), 0);
    cr_assert_refused(try_to_write, dir, "Permission denied");
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    cr_assert_refused(try_to_write, dir, "/retail': Permission denied");
    assert_int_equal(chmod(folder, 0777), 0);
    if (cr_engine_server() == NULL) {
        assert_int_equal(chmod(file, 0444), 0);
        cr_assert_refused(try_to_write, dir, "the file may not be written: Permission denied");
    }
}

/* Versions without their records stay what they are: nobody begins anew beside them. */
static void versions_are_not_forgotten(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *nowhere = cr_fs_join(dir, "no/where");
    struct cr_registry *registry = cr_test_registry(dir);
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_registry_check_place(nowhere, &err), &err);
    cr_assert_ok(cr_registry_check_place(dir, &err), &err);
    assert_published(registry, "retail", "v1");
    cr_registry_close(registry);
    assert_int_equal(cr_registry_check_place(dir, &err), CR_EDB);
    assert_non_null(strstr(err.message, "holds versions that the registry's database does not"));
    if (cr_engine_server() == NULL) {
        free(cr_test_write(dir, "registry.db", ""));
    } else {
        cr_test_registry_exec(dir, "DROP SCHEMA creditrisk_registry CASCADE");
    }
    assert_open_fails(dir, true, CR_EDB, "holds versions that the registry's database does not");
    assert_open_fails(dir, false, CR_EDB, "not a registry");
    assert_true(has_file(dir, "retail/v1/manifest.json"));
}

/* What is held by another is not damaged. */
static void a_locked_one_need_not_be_restored(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    struct cr_registry *registry = NULL;
    struct cr_error err = {0};

    (void)state;
    if (cr_engine_server() != NULL) {
        return; /* nobody can keep others from reading there */
    }
    cr_registry_close(cr_test_registry(dir));
    db = cr_engine_open_registry(dir);
    cr_assert_ok(cr_db_exec(db,
                            "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;"
                            "INSERT INTO schema_versions VALUES (9)",
                            &err),
                 &err);
    assert_int_equal(cr_registry_open(dir, url, false, &registry, &err), CR_EUNAVAIL);
    assert_non_null(strstr(err.message, "database is locked"));
    assert_null(strstr(err.message, "restore"));
}

/* A registry from before there were keys is read by nobody until it has been brought up to date. */
static void a_very_old_one_is_brought_up_to_date(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();

    (void)state;
    cr_registry_close(cr_test_registry(dir));
    cr_test_registry_exec(dir, "ALTER TABLE events DROP COLUMN details; DROP TABLE keys;"
                               "DELETE FROM schema_versions WHERE version >= 2");
    if (cr_engine_server() != NULL) {
        cr_test_registry_exec(dir, "DROP FUNCTION refuse_to_change_a_key, refuse_to_delete_a_key");
    }
    assert_open_fails(dir, false, CR_EDB, "run 'creditrisk migrate'");
    cr_registry_close(cr_test_registry(dir));
    assert_query(dir, "SELECT count(*) FROM keys", "0\n");
}

#define ZEROS_32 "00000000000000000000000000000000"

/* A key that was made is only ever revoked, whoever writes. */
static void keys_are_not_changed(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();

    (void)state;
    cr_registry_close(cr_test_registry(dir));
    cr_test_registry_exec(
        dir, "INSERT INTO keys (id, scopes, salt, hash, note, created_at, created_by) VALUES"
             " ('0123456789abcdef', 'read', '" ZEROS_32 "', '" ZEROS_32 ZEROS_32 "', '', '', '')");
    assert_sql_refused(dir, "UPDATE keys SET scopes = 'admin'", "never changed");
    assert_sql_refused(dir, "UPDATE keys SET hash = '1' || substr(hash, 2)", "never changed");
    assert_sql_refused(dir, "UPDATE keys SET note = 'mine'", "never changed");
    assert_sql_refused(dir, "UPDATE keys SET created_at = '2000-01-01'", "never changed");
    assert_sql_refused(dir, "UPDATE keys SET created_by = 'nobody'", "never changed");
    assert_sql_refused(dir, "DELETE FROM keys", "never deleted");
    assert_replacement_refused(dir, "INSERT OR REPLACE INTO keys SELECT * FROM keys",
                               "never changed");
    assert_sql_refused(dir, "UPDATE keys SET revoked_at = ''", "CHECK");
    cr_test_registry_exec(dir, "UPDATE keys SET revoked_at = '', revoked_by = ''");
    assert_sql_refused(dir, "UPDATE keys SET revoked_at = NULL, revoked_by = NULL",
                       "never changed");
    assert_sql_refused(dir, "DELETE FROM keys", "never deleted");
}

static void another_database_can_be_named(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *other = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *url = NULL;
    struct cr_registry *registry = NULL;
    struct cr_error err;

    (void)state;
    assert_true(asprintf(&url, "sqlite:%s/names.db", other) > 0);
    cr_assert_ok(cr_registry_open(dir, url, true, &registry, &err), &err);
    assert_published(registry, "retail", "v1");
    cr_registry_close(registry);
    assert_false(has_file(dir, "registry.db"));
    assert_true(has_file(dir, "retail/v1/manifest.json"));
    assert_true(has_file(other, "names.db"));
}

enum { N_WRITERS = 4, N_EACH = 8 };

/* A process of its own; its exit status is the number of failures. */
static pid_t start_writer(const char *dir, const char *url)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct cr_registry *registry = NULL;
        struct cr_error err = {0};
        int failures = cr_registry_open(dir, url, true, &registry, &err) == 0 ? 0 : N_EACH;

        for (int i = 0; i < N_EACH && failures < N_EACH; i++) {
            char *version = NULL;

            failures += publish(registry, "retail", &version, &err) == 0 ? 0 : 1;
            free(version);
        }
        if (failures > 0) {
            (void)fprintf(stderr, "%d failures, the last: %s\n", failures, err.message);
        }
        cr_registry_close(registry);
        _exit(failures);
    }
    assert_true(pid > 0);
    return pid;
}

/* Until the writer has ended well: nothing of its versions in the making looks left behind. */
static void watch(struct cr_registry *registry, pid_t pid)
{
    int status = -1;
    pid_t ended;

    while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
        CR_CLEANUP(cr_registry_leftovers_finish) struct cr_registry_leftovers leftovers = {0};
        struct cr_error err;

        cr_assert_ok(cr_registry_find_leftovers(registry, "retail", &leftovers, &err), &err);
        if (leftovers.n_folders > 0) {
            fail_msg("'%s' was called unrecorded", leftovers.folders[0]);
        }
    }
    assert_int_equal(ended, pid);
    assert_int_equal(status, 0);
}

static void writers_get_distinct_versions(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    struct cr_registry *registry;
    struct cr_registry_version *versions = NULL;
    pid_t pids[N_WRITERS];
    size_t n = 0;
    struct cr_error err;

    (void)state;
    for (size_t i = 0; i < N_WRITERS; i++) {
        pids[i] = start_writer(dir, url); /* the first ones create the registry, too */
    }
    registry = cr_test_registry(dir);
    for (size_t i = 0; i < N_WRITERS; i++) {
        watch(registry, pids[i]);
    }
    cr_assert_ok(cr_registry_list(registry, "retail", &versions, &n, &err), &err);
    assert_int_equal(n, N_WRITERS * N_EACH);
    for (size_t i = 0; i < n; i++) {
        char expected[32];

        (void)snprintf(expected, sizeof(expected), "v%zu", i + 1);
        assert_string_equal(versions[i].version, expected);
        assert_verified(registry, "retail", expected);
    }
    cr_registry_free_versions(versions, n);
    cr_registry_close(registry);
    assert_query(dir, "SELECT count(*), count(DISTINCT to_version) FROM events", "32|32\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_count_per_portfolio),
        cmocka_unit_test(publishing_consumes_the_folder),
        cmocka_unit_test(portfolios_are_listed),
        cmocka_unit_test(promotion_is_recorded),
        cmocka_unit_test(history_cannot_be_rewritten),
        cmocka_unit_test(what_a_crash_leaves_is_harmless),
        cmocka_unit_test(a_failed_publish_changes_nothing),
        cmocka_unit_test(unpublishable_folders_are_refused),
        cmocka_unit_test(changed_versions_are_refused),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(reading_writes_nothing),
        cmocka_unit_test(what_is_no_registry_is_not_opened),
        cmocka_unit_test(what_is_not_writable_is_told),
        cmocka_unit_test(versions_are_not_forgotten),
        cmocka_unit_test(a_locked_one_need_not_be_restored),
        cmocka_unit_test(a_very_old_one_is_brought_up_to_date),
        cmocka_unit_test(keys_are_not_changed),
        cmocka_unit_test(another_database_can_be_named),
        cmocka_unit_test(writers_get_distinct_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
