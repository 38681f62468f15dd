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

/* The next version of retail; its name is yours. */
static char *publish(struct cr_test_house *house)
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

static void promote(struct cr_test_house *house, const char *version)
{
    struct cr_error err;

    cr_assert_ok(cr_registry_promote(house->registry, "retail", version, NULL, &actor, NULL, &err),
                 &err);
}

/* The history as lines "action from to details", the details as JSON in alphabetical order. */
static void assert_history(struct cr_test_house *house, const char *expected)
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

/* Records a version like no other one as if it had come from elsewhere; the name it gets is yours.
 */
static char *adopt(struct cr_test_house *house, const char *own,
                   const struct cr_registry_origin *origin)
{
    static int seed;
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_json_decrefp)
    json_t *manifest = json_pack("{s:s, s:s, s:{s:s}, s:i}", "portfolio", "retail", "version", own,
                                 "model", "kind", "test", "seed", seed++);
    char *version = NULL;
    bool is_new = false;
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(house->registry, &stage, &err), &err);
    cr_assert_ok(cr_artifact_seal(stage, manifest, &err), &err);
    cr_assert_ok(cr_registry_adopt(house->registry, "retail", stage, manifest, origin, &actor,
                                   &version, &is_new, &err),
                 &err);
    assert_true(is_new);
    return version;
}

static void an_import_names_its_archive(void **state)
{
    struct cr_test_house *house = *state;
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
static char *make_key(const struct cr_test_house *house, const char *name,
                      char ret_key[CR_SIGNATURE_KEY_LEN])
{
    char *path = cr_fs_join(house->dir, name);
    struct cr_error err;

    cr_assert_ok(cr_signature_make_key(path, ret_key, &err), &err);
    return path;
}

static void sign(struct cr_test_house *house, const char *secret, const char *key,
                 const char *replaced)
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
    struct cr_test_house *house = *state;
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

/* The key of the signature of v1, "" = none; nothing is left beside the version. */
static void assert_signed(struct cr_test_house *house, const char *expected)
{
    struct cr_registry_leftovers leftovers = {NULL, 0, NULL, 0};
    CR_CLEANUP(cr_freep) char *folder = NULL;
    char key[CR_SIGNATURE_KEY_LEN];
    struct cr_error err;

    cr_assert_ok(cr_registry_path(house->registry, "retail", "v1", &folder, &err), &err);
    cr_assert_ok(cr_signature_read(folder, key, &err), &err);
    assert_string_equal(key, expected);
    cr_assert_ok(cr_registry_find_leftovers(house->registry, "retail", &leftovers, &err), &err);
    assert_int_equal(leftovers.n_stages, 0);
    cr_registry_leftovers_finish(&leftovers);
}

/* Whether the event or its commit fails: the version keeps the signature that it had. */
static void assert_signing_fails(struct cr_test_house *house, const char *secret,
                                 const char *present)
{
    struct cr_registry_signing signing;
    struct cr_error err = {0};

    assert_int_equal(
        cr_registry_sign(house->registry, "retail", "v1", secret, &actor, &signing, &err), CR_EDB);
    assert_signed(house, present);
}

static void a_signature_without_its_event_does_not_stay(void **state)
{
    struct cr_test_house *house = *state;
    char ann[CR_SIGNATURE_KEY_LEN], bob[CR_SIGNATURE_KEY_LEN];
    CR_CLEANUP(cr_freep) char *anns = make_key(house, ".ann", ann);
    CR_CLEANUP(cr_freep) char *bobs = make_key(house, ".bob", bob);
    CR_CLEANUP(cr_freep) char *v1 = publish(house);

    cr_test_registry_refuse_events(house->dir);
    assert_signing_fails(house, anns, "");
    cr_test_registry_take_events(house->dir);
    cr_test_registry_spoil_commits(house->dir);
    assert_signing_fails(house, anns, "");
    cr_test_registry_mend_commits(house->dir);
    sign(house, anns, ann, "");
    cr_test_registry_spoil_commits(house->dir);
    assert_signing_fails(house, bobs, ann);
    cr_test_registry_mend_commits(house->dir);
    sign(house, bobs, bob, ann);
    assert_signed(house, bob);
}

static void an_approval_names_its_request(void **state)
{
    struct cr_test_house *house = *state;
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

/* It is read and written as it is, so that older programs go on reading it, until an event has
 * details to tell; one that is refused changes nothing. */
static void an_old_registry_is_brought_up_to_date_by_the_first_detail(void **state)
{
    struct cr_test_house *house = *state;
    CR_CLEANUP(cr_freep) char *v1 = publish(house);
    CR_CLEANUP(cr_freep) char *v2 = NULL;
    CR_CLEANUP(cr_freep) char *champion = NULL;
    struct cr_error err = {0};

    cr_registry_close(CR_STEAL(house->registry));
    cr_test_registry_make_old(house->dir);
    house->registry = cr_test_registry(house->dir);
    assert_history(house, "publish - v1 -\n");
    promote(house, v1);
    v2 = publish(house);
    promote(house, v2);
    cr_assert_ok(cr_registry_champion(house->registry, "retail", &champion, &err), &err);
    assert_string_equal(champion, v2);
    assert_int_equal(
        cr_registry_refuse(house->registry, "retail", "v9", "auc_roc", "low", &actor, &err),
        CR_ENOTFOUND);
    cr_test_registry_assert_schema(house->dir, "2\n");
    cr_assert_ok(cr_registry_refuse(house->registry, "retail", v1, "auc_roc", "low", &actor, &err),
                 &err);
    cr_test_registry_assert_schema(house->dir, "3\n");
    assert_history(house, "publish - v1 -\npromote - v1 -\npublish - v2 -\npromote v1 v2 -\n"
                          "refuse v2 v1 {\"gates\":\"auc_roc\",\"why\":\"low\"}\n");
}

/* The history goes on behind an event that says what nobody can read. */
static void damaged_details_are_shown_as_such(void **state)
{
    static const char insert[] =
        "INSERT INTO events (at, portfolio, action, actor, reason, details) VALUES"
        " ('then', 'retail', 'sign', 'a', 'r', '{'), ('then', 'retail', 'sign', 'a', 'r', '[1]'),"
        " ('then', 'retail', 'sign', 'a', 'r', '{\"key\": 5}')";
    struct cr_test_house *house = *state;
    CR_CLEANUP(cr_freep) char *v1 = publish(house);
    CR_CLEANUP(cr_freep) char *v2 = publish(house);
    CR_CLEANUP(cr_freep) char *before = NULL;
    struct cr_error err = {0};

    promote(house, v1);
    cr_test_registry_exec(house->dir, insert);
    promote(house, v2);
    assert_history(house, "publish - v1 -\npublish - v2 -\npromote - v1 -\n"
                          "sign - - {\"damaged\":\"{\"}\n"
                          "sign - - {\"damaged\":\"[1]\"}\n"
                          "sign - - {\"damaged\":\"{\\\"key\\\": 5}\"}\n"
                          "promote v1 v2 -\n");
    cr_assert_ok(cr_registry_previous(house->registry, "retail", &before, &err), &err);
    assert_string_equal(before, v1);
}

/* Whoever set such a name must not keep others from approving. */
static void a_name_that_is_no_text_is_told_as_one(void **state)
{
    struct cr_test_house *house = *state;
    const struct cr_registry_actor ann = {"ann\xff", ""};
    const struct cr_registry_actor bob = {"bob", ""};
    CR_CLEANUP(cr_freep) char *v1 = NULL;
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    CR_CLEANUP(cr_json_decrefp) json_t *asked = NULL;
    struct cr_error err = {0};

    if (cr_engine_server() != NULL) {
        return; /* it takes no such name */
    }
    v1 = publish(house);
    cr_assert_ok(cr_registry_request(house->registry, "retail", v1, &ann, &err), &err);
    cr_assert_ok(cr_registry_approve(house->registry, "retail", v1, NULL, &bob, NULL, &err), &err);
    cr_assert_ok(cr_registry_read_history(house->registry, "retail", &history, &err), &err);
    assert_string_equal(json_string_value(json_object_get(history.events[history.n - 1].details,
                                                          CR_DETAIL_REQUESTED_BY)),
                        "ann?");
    asked = cr_registry_event_to_json(&history.events[history.n - 2]);
    assert_string_equal(json_string_value(json_object_get(asked, "actor")), "ann?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_import_names_its_archive, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(a_signature_names_its_key_and_the_one_before,
                                        cr_test_house_setup, cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(a_signature_without_its_event_does_not_stay,
                                        cr_test_house_setup, cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(an_approval_names_its_request, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(an_old_registry_is_brought_up_to_date_by_the_first_detail,
                                        cr_test_house_setup, cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(damaged_details_are_shown_as_such, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_no_text_is_told_as_one, cr_test_house_setup,
                                        cr_test_house_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
