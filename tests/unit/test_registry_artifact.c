// SPDX-License-Identifier: MIT
#include "creditrisk/registry/artifact.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

/* A folder with three files in two levels; yours (free). */
static char *make_folder(void)
{
    char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(dir, "portfolio");
    CR_CLEANUP(cr_freep) char *model = cr_test_write(dir, "model.json", "abc");
    CR_CLEANUP(cr_freep) char *empty = cr_test_write(dir, "test.csv", "");
    CR_CLEANUP(cr_freep) char *sql = NULL;
    struct cr_error err;

    cr_assert_ok(cr_fs_mkdirs(below, &err), &err);
    sql = cr_test_write(below, "features.sql", "SELECT 1");
    return dir;
}

static char *make_sealed_folder(void)
{
    char *dir = make_folder();
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:s}", "kind", "test");
    struct cr_error err;

    cr_assert_ok(cr_artifact_seal(dir, manifest, &err), &err);
    return dir;
}

static void write_file(const char *dir, const char *name, const char *text)
{
    free(cr_test_write(dir, name, text));
}

static void remove_file(const char *dir, const char *name)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    struct cr_error err;

    assert_true(cr_fs_exists(path));
    cr_assert_ok(cr_fs_remove_tree(path, &err), &err);
}

static void link_file(const char *target, const char *dir, const char *name)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);

    assert_int_equal(symlink(target, path), 0);
}

static void assert_intact(const char *dir)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err;

    cr_assert_ok(cr_artifact_verify(dir, &manifest, &err), &err);
    assert_non_null(manifest);
}

/* The message has both texts. */
static void assert_refused(const char *dir, const char *file, const char *why)
{
    json_t *manifest = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_artifact_verify(dir, &manifest, &err), CR_EMODEL);
    assert_null(manifest);
    if (strstr(err.message, file) == NULL || strstr(err.message, why) == NULL) {
        fail_msg("'%s' does not name '%s' and '%s'", err.message, file, why);
    }
}

static void sealing_lists_every_file(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_json_decrefp)
    json_t *expected = json_pack(
        "{s:s, s:i, s:{s:{s:s, s:i}, s:{s:s, s:i}, s:{s:s, s:i}}}", "kind", "test", "format", 1,
        "files",                                                                        //
        "model.json", "sha256",                                                         //
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "bytes", 3, //
        "portfolio/features.sql", "sha256",                                             //
        "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5", "bytes", 8, //
        "test.csv", "sha256",                                                           //
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes", 0);
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_artifact_verify(dir, &manifest, &err), &err);
    assert_true(json_equal(manifest, expected));
    json_decref(CR_STEAL(manifest));
    cr_assert_ok(cr_artifact_read_manifest(dir, &manifest, &err), &err);
    assert_true(json_equal(manifest, expected));
}

static void the_list_is_sorted(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    const char *before = "";
    const char *path;
    json_t *file;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_artifact_read_manifest(dir, &manifest, &err), &err);
    json_object_foreach(json_object_get(manifest, "files"), path, file)
    {
        assert_true(strcmp(before, path) < 0);
        before = path;
    }
    assert_string_equal(before, "test.csv");
}

static void sealing_again_replaces_the_list(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_artifact_read_manifest(dir, &manifest, &err), &err);
    remove_file(dir, "test.csv");
    write_file(dir, "model.json", "abcd");
    assert_refused(dir, "test.csv", "missing");
    cr_assert_ok(cr_artifact_seal(dir, manifest, &err), &err);
    assert_intact(dir);
}

static void changes_are_found(void **state)
{
    static const char *const files[] = {"model.json", "portfolio/features.sql", "test.csv"};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(files); i++) {
        CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();

        write_file(dir, files[i], "much longer than before");
        assert_refused(dir, files[i], "23 bytes");
        remove_file(dir, files[i]);
        assert_refused(dir, files[i], "missing");
    }
}

static void one_changed_bit_is_found(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();

    (void)state;
    write_file(dir, "model.json", "abb");
    assert_refused(dir, "model.json", "SHA-256");
    write_file(dir, "model.json", "abc");
    assert_intact(dir);
}

static void additions_are_found(void **state)
{
    static const char *const files[] = {"extra.txt", "portfolio/extra.sql", ".hidden",
                                        "portfolio/manifest.json", "a b"};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(files); i++) {
        CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();

        write_file(dir, files[i], "");
        assert_refused(dir, files[i], "");
        remove_file(dir, files[i]);
        assert_intact(dir);
    }
}

static void only_plain_files_are_taken(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();
    CR_CLEANUP(cr_freep) char *elsewhere = make_sealed_folder();
    CR_CLEANUP(cr_freep) char *model = cr_fs_join(elsewhere, "model.json");
    CR_CLEANUP(cr_freep) char *pipe = cr_fs_join(dir, "model.json");
    CR_CLEANUP(cr_freep) char *portfolio = cr_fs_join(elsewhere, "portfolio");
    CR_CLEANUP(cr_freep) char *manifest = cr_fs_join(elsewhere, CR_ARTIFACT_MANIFEST);

    (void)state;
    remove_file(dir, "model.json");
    link_file(model, dir, "model.json"); /* the same bytes */
    assert_refused(dir, "model.json", "neither a file nor a folder");
    remove_file(dir, "model.json");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_refused(dir, "model.json", "neither a file nor a folder");
    remove_file(dir, "model.json");
    write_file(dir, "model.json", "abc");
    assert_intact(dir);

    remove_file(dir, "portfolio");
    link_file(portfolio, dir, "portfolio");
    assert_refused(dir, "portfolio", "neither a file nor a folder");

    remove_file(dir, "portfolio");
    remove_file(dir, CR_ARTIFACT_MANIFEST);
    link_file(manifest, dir, CR_ARTIFACT_MANIFEST);
    assert_refused(dir, CR_ARTIFACT_MANIFEST, "neither a file nor a folder");
}

static void what_cannot_be_listed_is_not_sealed(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_folder();
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_object();
    struct cr_error err = {0};

    (void)state;
    link_file("model.json", dir, "link.json");
    assert_int_equal(cr_artifact_seal(dir, manifest, &err), CR_EMODEL);
    assert_non_null(strstr(err.message, "link.json"));
    remove_file(dir, "model.json"); /* the link dangles */
    assert_int_equal(cr_artifact_seal(dir, manifest, &err), CR_EMODEL);
}

static void manifests_that_say_nothing_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", ""},
        {"{", ""},
        {"[]", "not an object"},
        {"{}", "format '0'"},
        {"{\"format\": 2, \"files\": {}}", "format '2'"},
        {"{\"format\": \"1\", \"files\": {}}", "format '0'"},
        {"{\"format\": 1}", "'files'"},
        {"{\"format\": 1, \"files\": []}", "'files'"},
        {"{\"format\": 1, \"files\": {}, \"files\": {}}", "duplicate"},
        {"{\"format\": 1, \"files\": {\"../model.json\": {}}}", "../model.json' is missing"},
        {"{\"format\": 1, \"files\": {\"test.csv\": {\"bytes\": 0}}}", "lacks"},
        {"{\"format\": 1, \"files\": {\"test.csv\": {\"bytes\": \"0\", \"sha256\": \"\"}}}",
         "lacks"},
        {"{\"format\": 1, \"files\": {\"test.csv\": 7}}", "lacks"},
        {"{\"format\": 1, \"files\": {\"test.csv\": {\"bytes\": 0, \"sha256\": \"\"}}}", "SHA-256"},
    };
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();

    (void)state;
    write_file(dir, "test.csv", "");
    assert_refused(dir, CR_ARTIFACT_MANIFEST, "");
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        write_file(dir, CR_ARTIFACT_MANIFEST, cases[i].text);
        assert_refused(dir, dir, cases[i].why);
    }
}

static void an_absent_folder_is_not_found(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *absent = cr_fs_join(dir, "v9");
    CR_CLEANUP(cr_freep) char *file = cr_test_write(dir, "v8", "");
    json_t *manifest = NULL;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(cr_artifact_verify(absent, &manifest, &err), CR_ENOTFOUND);
    assert_int_equal(cr_artifact_read_manifest(absent, &manifest, &err), CR_ENOTFOUND);
    assert_int_equal(cr_artifact_verify(file, &manifest, &err), CR_EMODEL);
}

/* Of what the system does not let us read nobody knows whether it is damaged. */
static void what_cannot_be_read_is_not_called_damaged(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    json_t *manifest = NULL;
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_fs_remove_tree(path, &err), &err);
    assert_int_equal(cr_artifact_read_manifest(dir, &manifest, &err), CR_EMODEL);
    cr_assert_ok(cr_fs_mkdirs(path, &err), &err);
    assert_int_equal(cr_artifact_read_manifest(dir, &manifest, &err), CR_EIO);
    cr_assert_says(&err, "manifest.json");
    assert_null(manifest);
}

/* What is cheap to see is what the whole verification says first; the bytes are for that alone. */
static void a_look_sees_sets_and_sizes(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = make_sealed_folder();
    CR_CLEANUP(cr_freep) char *model = cr_fs_join(dir, "model.json");
    CR_CLEANUP(cr_freep) char *other = cr_fs_join(dir, "other");
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_artifact_verify(dir, &manifest, &err), &err);
    cr_assert_ok(cr_artifact_look(dir, manifest, &err), &err);
    free(cr_test_write(dir, "model.json", "cba"));
    cr_assert_ok(cr_artifact_look(dir, manifest, &err), &err);
    assert_refused(dir, "model.json", "was changed");
    free(cr_test_write(dir, "model.json", "ab"));
    assert_int_equal(cr_artifact_look(dir, manifest, &err), CR_EMODEL);
    assert_non_null(strstr(err.message, "model.json' has 2 bytes instead of 3"));
    cr_assert_ok(cr_fs_remove_tree(model, &err), &err);
    assert_int_equal(cr_artifact_look(dir, manifest, &err), CR_EMODEL);
    assert_non_null(strstr(err.message, "model.json' is missing"));
    free(cr_test_write(dir, "model.json", "abc"));
    free(cr_test_write(dir, "other", ""));
    assert_int_equal(cr_artifact_look(dir, manifest, &err), CR_EMODEL);
    assert_non_null(strstr(err.message, "other' is not listed"));
    cr_assert_ok(cr_fs_remove_tree(other, &err), &err);
    cr_assert_ok(cr_artifact_look(dir, manifest, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealing_lists_every_file),
        cmocka_unit_test(the_list_is_sorted),
        cmocka_unit_test(a_look_sees_sets_and_sizes),
        cmocka_unit_test(sealing_again_replaces_the_list),
        cmocka_unit_test(changes_are_found),
        cmocka_unit_test(one_changed_bit_is_found),
        cmocka_unit_test(additions_are_found),
        cmocka_unit_test(only_plain_files_are_taken),
        cmocka_unit_test(what_cannot_be_listed_is_not_sealed),
        cmocka_unit_test(manifests_that_say_nothing_are_refused),
        cmocka_unit_test(an_absent_folder_is_not_found),
        cmocka_unit_test(what_cannot_be_read_is_not_called_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
