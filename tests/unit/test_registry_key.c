// SPDX-License-Identifier: MIT
/* Keys. Linked with --wrap=sodium_memcmp: the test sees, and can turn round, every comparison. */
#include "cr_engine.h"
#include "cr_test_registry.h"

#include <sodium.h>

#include "creditrisk/registry/key.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"

int __real_sodium_memcmp(const void *a, const void *b, size_t len);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t len);

static const struct cr_registry_actor actor = {"test", ""};

static enum { HONEST, ALWAYS_EQUAL, NEVER_EQUAL } verdict = HONEST;
static size_t n_compared;
static size_t compared_len;

int __wrap_sodium_memcmp(const void *a, const void *b, size_t len)
{
    n_compared++;
    compared_len = len;
    return verdict == HONEST ? __real_sodium_memcmp(a, b, len) : verdict == ALWAYS_EQUAL ? 0 : -1;
}

struct fixture {
    char *dir;
    struct cr_registry *registry;
    char *presented[3];
    struct cr_keys keys;
};

static void list(struct fixture *fixture)
{
    struct cr_error err;

    cr_keys_finish(&fixture->keys);
    cr_assert_ok(cr_keys_list(fixture->registry, &fixture->keys, &err), &err);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct cr_error err;

    fixture = (struct fixture){.dir = cr_test_tempdir()};
    fixture.registry = cr_test_registry(fixture.dir);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_ok(
            cr_key_create(fixture.registry, 1U << i, "note", &actor, &fixture.presented[i], &err),
            &err);
    }
    list(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    verdict = HONEST;
    cr_keys_finish(&fixture->keys);
    cr_registry_close(fixture->registry);
    for (size_t i = 0; i < 3; i++) {
        free(fixture->presented[i]);
    }
    free(fixture->dir);
    return 0;
}

/* "<id>." and another key's secret */
static void mix(const char *id_of, const char *secret_of, char ret_presented[128])
{
    (void)snprintf(ret_presented, 128, "%.17s%s", id_of, secret_of + 17);
}

static void test_authenticate(void **state)
{
    struct fixture *fixture = *state;
    char mixed[128];

    assert_int_equal(fixture->keys.n, 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct cr_key *key = cr_keys_authenticate(&fixture->keys, fixture->presented[i]);

        assert_non_null(key);
        assert_int_equal(key->scopes, 1U << i);
        assert_memory_equal(key->id, fixture->presented[i], 16);
        assert_string_equal(key->note, "note");
        assert_string_equal(key->created_by, "test");
        assert_null(key->revoked_at);
        mix(fixture->presented[i], fixture->presented[(i + 1) % 3], mixed);
        assert_null(cr_keys_authenticate(&fixture->keys, mixed));
    }
}

/* Every single character counts. */
static void test_altered(void **state)
{
    struct fixture *fixture = *state;
    const char *good = fixture->presented[0];
    size_t len = strlen(good);
    char text[128];

    for (size_t i = 0; i < len; i++) {
        (void)snprintf(text, sizeof(text), "%s", good);
        text[i] = text[i] == 'a' ? 'b' : 'a';
        assert_null(cr_keys_authenticate(&fixture->keys, text));
        text[i] = '\0';
        assert_null(cr_keys_authenticate(&fixture->keys, text));
    }
    (void)snprintf(text, sizeof(text), "%s0", good);
    assert_null(cr_keys_authenticate(&fixture->keys, text));
    (void)snprintf(text, sizeof(text), " %s", good);
    assert_null(cr_keys_authenticate(&fixture->keys, text));
    assert_null(cr_keys_authenticate(&fixture->keys, "."));
}

/* sodium_memcmp over the full hash decides, once, and nothing else does: when it says yes the wrong
 * secret is good, when it says no the right one is not. */
static void test_only_comparison(void **state)
{
    struct fixture *fixture = *state;
    char mixed[128];

    mix(fixture->presented[0], fixture->presented[1], mixed);
    n_compared = compared_len = 0;
    assert_null(cr_keys_authenticate(&fixture->keys, mixed));
    assert_int_equal(n_compared, 1);
    assert_int_equal(compared_len, CR_KEY_HASH_BYTES);

    verdict = ALWAYS_EQUAL;
    assert_non_null(cr_keys_authenticate(&fixture->keys, mixed));
    verdict = NEVER_EQUAL;
    assert_null(cr_keys_authenticate(&fixture->keys, fixture->presented[0]));
    assert_int_equal(n_compared, 3);

    /* an id that nobody has is no comparison */
    (void)snprintf(mixed, sizeof(mixed), "%.16s.%064d", "ffffffffffffffffffff", 0);
    assert_null(cr_keys_authenticate(&fixture->keys, mixed));
    assert_int_equal(n_compared, 3);
}

/* Where the database is a file: no secret is anywhere in it. */
static void assert_not_in_file(const struct fixture *fixture)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(fixture->dir, "registry.db");
    CR_CLEANUP(cr_freep) char *bytes = NULL;
    struct cr_error err;
    size_t len;

    if (cr_engine_server() != NULL) {
        return;
    }
    cr_assert_ok(cr_fs_read(path, 1 << 24, &bytes, &len, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_null(memmem(bytes, len, fixture->presented[i] + 17, 64));
    }
}

/* The recorded hash is BLAKE2b of the secret with the recorded salt, made here by hand, and the
 * database holds no secret. */
static void test_recorded(void **state)
{
    struct fixture *fixture = *state;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_freep) char *rows = NULL;

    for (size_t i = 0; i < 3; i++) {
        const char *secret = fixture->presented[i] + 17;
        const struct cr_key *key = cr_keys_authenticate(&fixture->keys, fixture->presented[i]);
        unsigned char purpose[crypto_generichash_blake2b_PERSONALBYTES] = "creditrisk key";
        unsigned char hash[32];

        assert_int_equal(strlen(secret), 64);
        assert_int_equal(crypto_generichash_blake2b_salt_personal(hash, sizeof(hash),
                                                                  (const unsigned char *)secret, 64,
                                                                  NULL, 0, key->salt, purpose),
                         0);
        assert_memory_equal(hash, key->hash, sizeof(hash));
    }
    assert_true(sodium_memcmp(fixture->keys.items[0].salt, fixture->keys.items[1].salt, 16) != 0);
    db = cr_engine_open_registry(fixture->dir);
    rows = cr_engine_rows(db, "SELECT * FROM keys");
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(memmem(rows, strlen(rows), fixture->presented[i], 16));
        assert_null(memmem(rows, strlen(rows), fixture->presented[i] + 17, 64));
    }
    assert_not_in_file(fixture);
}

static void test_revoke(void **state)
{
    struct fixture *fixture = *state;
    char id[CR_KEY_ID_LEN];
    struct cr_error err = {0};

    (void)snprintf(id, sizeof(id), "%.16s", fixture->presented[1]);
    cr_assert_ok(cr_key_revoke(fixture->registry, id, &actor, &err), &err);
    assert_non_null(cr_keys_authenticate(&fixture->keys, fixture->presented[1])); /* as read */
    list(fixture);
    assert_null(cr_keys_authenticate(&fixture->keys, fixture->presented[1]));
    assert_non_null(cr_keys_authenticate(&fixture->keys, fixture->presented[0]));
    assert_int_equal(fixture->keys.n, 3);
    assert_int_equal(cr_key_revoke(fixture->registry, id, &actor, &err), CR_EINVAL);
    assert_int_equal(cr_key_revoke(fixture->registry, "0123456789abcdef", &actor, &err),
                     CR_ENOTFOUND);
}

/* On whose word a key is good for nothing any more. */
static void test_revoked_by(void **state)
{
    static const struct cr_registry_actor bob = {"bob", ""};
    struct fixture *fixture = *state;
    char id[CR_KEY_ID_LEN];
    size_t n_revoked = 0;
    struct cr_error err = {0};

    (void)snprintf(id, sizeof(id), "%.16s", fixture->presented[2]);
    cr_assert_ok(cr_key_revoke(fixture->registry, id, &bob, &err), &err);
    list(fixture);
    for (size_t i = 0; i < fixture->keys.n; i++) {
        const struct cr_key *key = &fixture->keys.items[i];
        bool is_revoked = strcmp(key->id, id) == 0;

        assert_true((key->revoked_at != NULL) == is_revoked);
        assert_string_equal(is_revoked ? key->revoked_by : "bob", "bob");
        assert_true((key->revoked_by != NULL) == is_revoked);
        n_revoked += is_revoked;
    }
    assert_int_equal(n_revoked, 1);
}

static void test_scopes(void **state)
{
    static const struct {
        const char *text;
        unsigned scopes; /* 0 = refused */
        const char *written;
    } cases[] = {
        {"predict", CR_KEY_PREDICT, "predict"},
        {"admin,read,predict", CR_KEY_PREDICT | CR_KEY_READ | CR_KEY_ADMIN, "predict,read,admin"},
        {"read,read", 0, NULL},
        {"", 0, NULL},
        {"read,", 0, NULL},
        {"reader", 0, NULL},
        {"rea", 0, NULL},
        {"read predict", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_strbuf text = CR_STRBUF_INIT;
        struct cr_error err;
        unsigned scopes = 0;

        assert_int_equal(cr_key_parse_scopes(cases[i].text, &scopes, &err),
                         cases[i].scopes == 0 ? CR_EINVAL : 0);
        assert_int_equal(scopes, cases[i].scopes);
        if (scopes != 0) {
            cr_key_put_scopes(&text, scopes);
            assert_string_equal(cr_strbuf_text(&text), cases[i].written);
        }
        cr_strbuf_finish(&text);
    }
}

/* A daemon of an older program goes on reading them, and sees who is let in no more. */
static void keys_leave_an_old_registry_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    CR_CLEANUP(cr_freep) char *presented = NULL;
    CR_CLEANUP(cr_freep) char *id = NULL;
    struct cr_error err;

    cr_registry_close(CR_STEAL(fixture->registry));
    cr_test_registry_make_old(fixture->dir);
    fixture->registry = cr_test_registry(fixture->dir);
    cr_assert_ok(cr_key_create(fixture->registry, CR_KEY_READ, "", &actor, &presented, &err), &err);
    id = strndup(presented, CR_KEY_ID_LEN - 1);
    cr_assert_ok(cr_key_revoke(fixture->registry, id, &actor, &err), &err);
    cr_test_registry_assert_schema(fixture->dir, "2\n");
    list(fixture);
    assert_int_equal(fixture->keys.n, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_authenticate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_altered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_comparison, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recorded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_revoke, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_revoked_by, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_leave_an_old_registry_as_it_is, set_up, tear_down),
        cmocka_unit_test(test_scopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
