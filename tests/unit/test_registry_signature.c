// SPDX-License-Identifier: MIT
/* Keys, signatures and what is refused where they are asked for. The oracle is RFC
 * 8032's test vector. */
#include "creditrisk/registry/signature.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cr_engine.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

/* RFC 8032, section 7.1, test 3: the message is the bytes af 82. */
static const char rfc_seed[] = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
static const char rfc_public[] = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
static const char rfc_signature[] =
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

static const struct cr_registry_actor actor = {"tester", "because"};

static char *write_secret(const char *dir, const char *name, const char *seed)
{
    CR_CLEANUP(cr_freep) char *line = NULL;
    char *path;

    assert_true(asprintf(&line, "%s\n", seed) > 0);
    path = cr_test_write(dir, name, line);
    assert_int_equal(chmod(path, 0600), 0);
    return path;
}

static struct cr_trust *load_trust(const char *dir, const char *text)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "trusted", text);
    struct cr_trust *trust = NULL;
    struct cr_error err;

    cr_assert_ok(cr_trust_load(path, &trust, &err), &err);
    return trust;
}

static void assert_distrusted(const struct cr_trust *trust, const char *dir, const char *why)
{
    struct cr_error err = {0};

    assert_int_equal(cr_trust_check(trust, dir, &err), CR_EMODEL);
    cr_assert_says(&err, why);
}

static void it_is_the_ed25519_of_the_rfc(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *secret = write_secret(dir, "secret", rfc_seed);
    CR_CLEANUP(cr_freep) char *manifest = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    struct cr_trust *trust = load_trust(dir, rfc_public);
    char key[CR_SIGNATURE_KEY_LEN];
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_write(manifest, "\xaf\x82", 2, &err), &err);
    cr_assert_ok(cr_signature_sign(dir, secret, dir, key, &err), &err);
    assert_string_equal(key, rfc_public);
    cr_assert_ok(cr_json_load(file, 4096, &json, &err), &err);
    assert_string_equal(json_string_value(json_object_get(json, "key")), rfc_public);
    assert_string_equal(json_string_value(json_object_get(json, "signature")), rfc_signature);
    cr_assert_ok(cr_trust_check(trust, dir, &err), &err);
    cr_assert_ok(cr_signature_read(dir, key, &err), &err);
    assert_string_equal(key, rfc_public);
    cr_assert_ok(cr_fs_write(manifest, "\xaf\x83", 2, &err), &err);
    assert_distrusted(trust, dir, "is not what was signed");
    assert_int_equal(cr_signature_read(dir, key, &err), CR_EMODEL);
    assert_int_equal(unlink(file), 0);
    cr_assert_ok(cr_signature_read(dir, key, &err), &err);
    assert_string_equal(key, "");
    assert_distrusted(trust, dir, "is not signed");
    cr_trust_destroy(trust);
}

static void every_flipped_bit_of_a_signature_is_refused(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *secret = write_secret(dir, "secret", rfc_seed);
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_trust *trust = load_trust(dir, rfc_public);
    char key[CR_SIGNATURE_KEY_LEN];
    size_t len = 0, n_refused = 0;
    struct cr_error err;

    (void)state;
    free(cr_test_write(dir, CR_ARTIFACT_MANIFEST, "{}\n"));
    cr_assert_ok(cr_signature_sign(dir, secret, dir, key, &err), &err);
    cr_assert_ok(cr_fs_read(file, 4096, &text, &len, &err), &err);
    for (size_t i = 0; i < 8 * len; i++) {
        FILE *out = fopen(file, "w");

        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        assert_non_null(out);
        assert_int_equal(fwrite(text, 1, len, out), len);
        assert_int_equal(fclose(out), 0);
        n_refused += cr_trust_check(trust, dir, &err) == CR_EMODEL;
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
    }
    /* what is left are blanks between members, and digits in capitals */
    assert_true(n_refused > 8 * len * 3 / 4);
    assert_true(n_refused >= 8 * len - 80 - 192);
    cr_trust_destroy(trust);
}

static void keys_are_made_once_and_for_their_owner(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *first = cr_fs_join(dir, "first");
    CR_CLEANUP(cr_freep) char *second = cr_fs_join(dir, "second");
    CR_CLEANUP(cr_freep) char *no_key = cr_test_write(dir, "no-key", "hello\n");
    char a[CR_SIGNATURE_KEY_LEN], b[CR_SIGNATURE_KEY_LEN];
    struct stat info;
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_signature_make_key(first, a, &err), &err);
    cr_assert_ok(cr_signature_make_key(second, b, &err), &err);
    assert_string_not_equal(a, b);
    assert_int_equal(stat(first, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(cr_signature_make_key(first, a, &err), CR_EINVAL);
    free(cr_test_write(dir, CR_ARTIFACT_MANIFEST, "{}\n"));
    cr_assert_ok(cr_signature_sign(dir, first, dir, b, &err), &err);
    assert_string_equal(a, b);
    assert_int_equal(chmod(first, 0644), 0);
    assert_int_equal(cr_signature_sign(dir, first, dir, b, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "can be read by others"));
    assert_int_equal(chmod(no_key, 0600), 0);
    assert_int_equal(cr_signature_sign(dir, no_key, dir, b, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "is no secret key"));
}

static void trusted_keys_are_read_line_by_line(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *why;
    } bad[] = {
        {"", CR_EINVAL, "there is no public key"},
        {"# nothing\n\n", CR_EINVAL, "there is no public key"},
        {"# one\nabc\n", CR_EPARSE, "trusted:2: a public key has 64 hexadecimal digits, not 'abc'"},
    };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_trust *trust = NULL;
    struct cr_error err = {0};

    (void)state;
    assert_true(asprintf(&text, "# of the risk office\n\n  %s  ann@example\n", rfc_public) > 0);
    cr_trust_destroy(load_trust(dir, text));
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "trusted", bad[i].text);

        assert_int_equal(cr_trust_load(path, &trust, &err), bad[i].code);
        assert_non_null(strstr(err.message, bad[i].why));
    }
    assert_null(trust);
}

static void assert_verifies(struct cr_registry *registry, int code, const char *why)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err = {0};
    int r = cr_registry_verify(registry, "retail", "v1", &manifest, &err);

    if (r != code || strstr(err.message, why) == NULL) {
        fail_msg("%d, '%s'", r, err.message);
    }
}

/* v1 of retail: nothing but a manifest. */
static void publish(struct cr_registry *registry)
{
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    struct cr_error err = {0};

    cr_assert_ok(cr_registry_stage(registry, &stage, &err), &err);
    cr_assert_ok(cr_registry_publish(registry, "retail", stage, manifest, &actor, &version, &err),
                 &err);
}

/* v1 gets the key's signature, in place of one with `replaced` ("" = none). */
static void assert_signs(struct cr_registry *registry, const char *secret, const char *key,
                         const char *replaced)
{
    struct cr_registry_signing signing;
    struct cr_error err = {0};

    cr_assert_ok(cr_registry_sign(registry, "retail", "v1", secret, &actor, &signing, &err), &err);
    assert_string_equal(signing.key, key);
    assert_string_equal(signing.replaced, replaced);
}

static void a_registry_that_asks_for_signatures_refuses_what_has_none(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *models = cr_fs_join(dir, "models");
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(models);
    CR_CLEANUP(cr_freep) char *mine = write_secret(dir, "mine", rfc_seed);
    CR_CLEANUP(cr_freep) char *other = cr_fs_join(dir, "other");
    CR_CLEANUP(cr_freep) char *keys = cr_test_write(dir, "keys", rfc_public);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_registry_closep) struct cr_registry *signing = NULL;
    char key[CR_SIGNATURE_KEY_LEN];
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_registry_open(models, url, true, &registry, &err), &err);
    cr_assert_ok(cr_registry_open(models, url, true, &signing, &err), &err);
    cr_assert_ok(cr_registry_require_signatures(registry, keys, &err), &err);
    publish(registry);
    assert_verifies(signing, 0, "");
    assert_verifies(registry, CR_EMODEL, "is not signed");
    cr_assert_ok(cr_signature_make_key(other, key, &err), &err);
    assert_signs(signing, other, key, "");
    assert_verifies(registry, CR_EMODEL, "which is not trusted");
    assert_signs(signing, mine, rfc_public, key);
    assert_verifies(registry, 0, "");
}

/* What a crash leaves in a version's folder makes it another version: nothing may ever be made
 * there, only moved in whole. */
static void a_signature_appears_in_its_version_at_once(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *models = cr_fs_join(dir, "models");
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(models);
    CR_CLEANUP(cr_freep) char *secret = write_secret(dir, "secret", rfc_seed);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_registry_leftovers_finish) struct cr_registry_leftovers leftovers = {0};
    CR_CLEANUP(cr_freep) char *folder = NULL;
    _Alignas(struct inotify_event) char events[4096];
    const struct inotify_event *event = (const struct inotify_event *)events;
    struct cr_error err = {0};
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ssize_t len;

    (void)state;
    cr_assert_ok(cr_registry_open(models, url, true, &registry, &err), &err);
    publish(registry);
    cr_assert_ok(cr_registry_path(registry, "retail", "v1", &folder, &err), &err);
    assert_true(fd >= 0);
    assert_true(inotify_add_watch(fd, folder, IN_CREATE | IN_MOVE | IN_DELETE | IN_MODIFY) >= 0);
    assert_signs(registry, secret, rfc_public, "");
    len = read(fd, events, sizeof(events));
    assert_int_equal(len, sizeof(*event) + event->len); /* there is one event */
    assert_int_equal(event->mask, IN_MOVED_TO);
    assert_string_equal(event->name, CR_ARTIFACT_SIGNATURE);
    assert_verifies(registry, 0, "");
    cr_assert_ok(cr_registry_find_leftovers(registry, "retail", &leftovers, &err), &err);
    assert_int_equal(leftovers.n_stages, 0);
    assert_int_equal(close(fd), 0);
}

/* Whatever stands in the place of a signature gives way to one, or what to do about it is said. */
static void what_is_no_signature_does_not_stop_one(void **state)
{
    enum { LEN = (1 << 20) + 1 };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *secret = write_secret(dir, "secret", rfc_seed);
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, "retail/v1/" CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_freep) char *large = calloc(LEN, 1);
    CR_CLEANUP(cr_freep) char *kept = NULL;
    struct cr_registry_signing signing;
    struct cr_error err = {0};
    size_t len = 0;

    (void)state;
    assert_non_null(large);
    cr_assert_ok(cr_registry_open(dir, url, true, &registry, &err), &err);
    publish(registry);
    cr_assert_ok(cr_fs_write(file, large, LEN, &err), &err);
    assert_int_equal(cr_registry_sign(registry, "retail", "v1", secret, &actor, &signing, &err),
                     CR_ETOOBIG);
    assert_non_null(strstr(err.message, "manifest.sig' is no signature"));
    assert_non_null(strstr(err.message, "remove it, then sign"));
    cr_assert_ok(cr_fs_read(file, LEN, &kept, &len, &err), &err);
    assert_int_equal(len, LEN); /* it is somebody's */
    cr_assert_ok(cr_fs_write(file, large, LEN - 1, &err), &err);
    assert_signs(registry, secret, rfc_public, CR_SIGNING_UNREADABLE);
    assert_verifies(registry, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_ed25519_of_the_rfc),
        cmocka_unit_test(every_flipped_bit_of_a_signature_is_refused),
        cmocka_unit_test(keys_are_made_once_and_for_their_owner),
        cmocka_unit_test(trusted_keys_are_read_line_by_line),
        cmocka_unit_test(a_registry_that_asks_for_signatures_refuses_what_has_none),
        cmocka_unit_test(a_signature_appears_in_its_version_at_once),
        cmocka_unit_test(what_is_no_signature_does_not_stop_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
