// SPDX-License-Identifier: MIT
/* What an event tells beyond who, when and why; and registries from before events told it. */
#include "creditrisk/registry/history.h"

#include <string.h>

#include "cr_engine.h"
#include "cr_test_registry.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_registry_actor actor = {"tester", "because"};

/* A registry in a folder of its own. */
struct house {
    char *dir;
    struct cr_registry *registry;
};

static int setup(void **state)
{
    static struct house house;

    house.dir = cr_test_tempdir();
    house.registry = cr_test_registry(house.dir);
    *state = &house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    cr_registry_close(house->registry);
    free(house->dir);
    return 0;
}

/* The next version of retail; its name is yours. */
static char *publish(struct house *house)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    char *version = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(house->registry, &dir, &err), &err);
    free(cr_test_write(dir, "model.json", "{}"));
    cr_assert_ok(
        cr_registry_publish(house->registry, "retail", dir, manifest, &actor, &version, &err),
        &err);
    return version;
}

static void promote(struct house *house, const char *version)
{
    struct cr_error err;

    cr_assert_ok(cr_registry_promote(house->registry, "retail", version, NULL, &actor, NULL, &err),
                 &err);
}

/* The history as lines "action from to details", the details as JSON in alphabetical order. */
static void assert_history(struct house *house, const char *expected)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;

    cr_assert_ok(cr_registry_read_history(house->registry, "retail", &history, &err), &err);
    for (size_t i = 0; i < history.n; i++) {
        const struct cr_registry_event *event = &history.events[i];
        CR_CLEANUP(cr_freep)
        char *details = event->details != NULL
                            ? json_dumps(event->details, JSON_COMPACT | JSON_SORT_KEYS)
                            : NULL;

        cr_strbuf_printf(&text, "%s %s %s %s\n", event->action, event->from ? event->from : "-",
                         event->to ? event->to : "-", details != NULL ? details : "-");
    }
    assert_string_equal(cr_strbuf_text(&text), expected);
}

static void exec_sql(const struct house *house, const char *sql)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(house->dir);
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
}

/* Records the version in a copy of a folder as if it had come from elsewhere; the name it gets is
 * yours. */
static char *adopt(struct house *house, const char *own, const struct cr_registry_origin *origin)
{
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_json_decrefp)
    json_t *manifest = json_pack("{s:s, s:s, s:{s:s}}", "portfolio", "retail", "version", own,
                                 "model", "kind", "test");
    char *version = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(house->registry, &stage, &err), &err);
    cr_assert_ok(cr_artifact_seal(stage, manifest, &err), &err);
    cr_assert_ok(cr_registry_adopt(house->registry, "retail", stage, manifest, origin, &actor,
                                   &version, &err),
                 &err);
    return version;
}

static void an_import_names_its_archive(void **state)
{
    struct house *house = *state;
    const struct cr_registry_origin origin = {"a \"gift\".tar.gz", "9f86d081"};
    CR_CLEANUP(cr_freep) char *own = adopt(house, "v2", &origin);
    CR_CLEANUP(cr_freep) char *renamed = adopt(house, "v2", NULL);

    assert_string_equal(own, "v2");
    assert_string_equal(renamed, "v3");
    assert_history(house, "import - v2 {\"archive\":\"a \\\"gift\\\".tar.gz\","
                          "\"archive_sha256\":\"9f86d081\",\"was\":\"v2\"}\n"
                          "import - v3 {\"was\":\"v2\"}\n");
}

/* A key in the folder of the house; its secret file's path is yours. */
static char *make_key(const struct house *house, const char *name,
                      char ret_key[CR_SIGNATURE_KEY_LEN])
{
    char *path = cr_fs_join(house->dir, name);
    struct cr_error err;

    cr_assert_ok(cr_signature_make_key(path, ret_key, &err), &err);
    return path;
}

static void sign(struct house *house, const char *secret, const char *key, const char *replaced)
{
    struct cr_registry_signing signing;
    struct cr_error err;

    cr_assert_ok(cr_registry_sign(house->registry, "retail", "v1", secret, &actor, &signing, &err),
                 &err);
    assert_string_equal(signing.key, key);
    assert_string_equal(signing.replaced, replaced);
}

/* A version has one signature: which key gave way to which stays in the events, and which one
 * vouched for a champion when it began to serve. */
static void a_signature_names_its_key_and_the_one_before(void **state)
{
    struct house *house = *state;
    char ann[CR_SIGNATURE_KEY_LEN], bob[CR_SIGNATURE_KEY_LEN];
    CR_CLEANUP(cr_freep) char *anns = make_key(house, ".ann", ann);
    CR_CLEANUP(cr_freep) char *bobs = make_key(house, ".bob", bob);
    CR_CLEANUP(cr_freep) char *v1 = publish(house);
    CR_CLEANUP(cr_freep) char *v2 = publish(house);
    CR_CLEANUP(cr_freep) char *folder = NULL;
    CR_CLEANUP(cr_freep) char *expected = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_path(house->registry, "retail", v1, &folder, &err), &err);
    sign(house, anns, ann, "");
    promote(house, v1);
    promote(house, v2);
    sign(house, anns, ann, ""); /* the same once more */
    sign(house, bobs, bob, ann);
    free(cr_test_write(folder, CR_ARTIFACT_SIGNATURE, "{}"));
    sign(house, anns, ann, CR_SIGNING_UNREADABLE);
    cr_assert_ok(cr_registry_rollback(house->registry, "retail", v1, &actor, NULL, &err), &err);
    assert_true(asprintf(&expected,
                         "publish - v1 -\npublish - v2 -\n"
                         "sign - v1 {\"key\":\"%s\"}\n"
                         "promote - v1 {\"signed_with\":\"%s\"}\n"
                         "promote v1 v2 -\n"
                         "sign - v1 {\"key\":\"%s\"}\n"
                         "sign - v1 {\"key\":\"%s\",\"replaced_key\":\"%s\"}\n"
                         "sign - v1 {\"key\":\"%s\",\"replaced_key\":\"unreadable\"}\n"
                         "rollback v2 v1 {\"signed_with\":\"%s\"}\n",
                         ann, ann, ann, bob, ann, ann, ann) > 0);
    assert_history(house, expected);
}

static void an_approval_names_its_request(void **state)
{
    struct house *house = *state;
    const struct cr_registry_actor ann = {"ann", "better"};
    const struct cr_registry_actor bob = {"bob", ""};
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    CR_CLEANUP(cr_freep) char *v1 = publish(house);
    CR_CLEANUP(cr_freep) char *expected = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_request(house->registry, "retail", v1, &ann, &err), &err);
    cr_assert_ok(cr_registry_read_history(house->registry, "retail", &history, &err), &err);
    cr_assert_ok(cr_registry_approve(house->registry, "retail", v1, NULL, &bob, NULL, &err), &err);
    assert_true(asprintf(&expected,
                         "publish - v1 -\nrequest - v1 -\n"
                         "promote - v1 {\"requested_at\":\"%s\",\"requested_by\":\"ann\"}\n",
                         history.events[1].at) > 0);
    assert_history(house, expected);
}

/* The registry as the program made it that knew no details. */
static void make_old(struct house *house)
{
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(house->dir);
    struct cr_error err;

    cr_registry_close(CR_STEAL(house->registry));
    exec_sql(house, "ALTER TABLE events DROP COLUMN details;"
                    "DELETE FROM schema_versions WHERE version = 3");
    /* as one who only reads: cr_test_registry would bring it up to date */
    cr_assert_ok(cr_registry_open(house->dir, url, false, &house->registry, &err), &err);
}

static void assert_schema(const struct house *house, const char *expected)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(house->dir);

    cr_engine_assert_rows(db, "SELECT max(version) FROM schema_versions", expected);
}

/* It is read as it is, by who may not write, too; the first change brings it up to date, and one
 * that is refused does not. */
static void an_old_registry_is_read_and_brought_up_to_date_by_a_change(void **state)
{
    struct house *house = *state;
    CR_CLEANUP(cr_freep) char *v1 = publish(house);
    CR_CLEANUP(cr_freep) char *v2 = publish(house);
    CR_CLEANUP(cr_freep) char *champion = NULL;
    struct cr_error err = {0};

    promote(house, v1);
    make_old(house);
    assert_history(house, "publish - v1 -\npublish - v2 -\npromote - v1 -\n");
    cr_assert_ok(cr_registry_champion(house->registry, "retail", &champion, &err), &err);
    assert_string_equal(champion, v1);
    assert_int_equal(cr_registry_promote(house->registry, "retail", "v9", NULL, &actor, NULL, &err),
                     CR_ENOTFOUND);
    assert_schema(house, "2\n");
    assert_history(house, "publish - v1 -\npublish - v2 -\npromote - v1 -\n");
    promote(house, v2);
    assert_schema(house, "3\n");
    assert_history(house, "publish - v1 -\npublish - v2 -\npromote - v1 -\npromote v1 v2 -\n");
    exec_sql(house, "INSERT INTO events (at, portfolio, action, actor, reason, details)"
                    " VALUES ('then', 'retail', 'sign', 'a', 'r', '{')");
    assert_int_equal(cr_registry_previous(house->registry, "retail", &champion, &err), CR_EDB);
    assert_non_null(strstr(err.message, "event of then is damaged"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_import_names_its_archive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signature_names_its_key_and_the_one_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_approval_names_its_request, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_registry_is_read_and_brought_up_to_date_by_a_change,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
