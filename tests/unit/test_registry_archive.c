// SPDX-License-Identifier: MIT
/* One version as one file: out, in again, and everything that must not come in. The archives that a
 * friend or an enemy might send are made by tar and gzip themselves. */
#include "creditrisk/registry/archive.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cr_engine.h"
#include "cr_test_registry.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_registry_actor actor = {"tester", "because"};

/* A version with folders, an empty file and bytes that are no text, and like no other one; its
 * folder is yours. */
static char *publish(struct cr_registry *registry)
{
    static int seed;
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_freep) char *folder = NULL;
    CR_CLEANUP(cr_freep) char *bytes = NULL;
    CR_CLEANUP(cr_json_decrefp)
    json_t *manifest = json_pack("{s:{s:s}, s:i}", "model", "kind", "test", "seed", seed++);
    char *dir = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(registry, &stage, &err), &err);
    folder = cr_fs_join(stage, "report/plots");
    bytes = cr_fs_join(stage, "report/plots/roc.png");
    cr_assert_ok(cr_fs_mkdirs(folder, &err), &err);
    cr_assert_ok(cr_fs_write(bytes, "\0\1\2\n\xff", 5, &err), &err);
    free(cr_test_write(stage, "model.json", "{}"));
    free(cr_test_write(stage, "empty.csv", ""));
    cr_assert_ok(cr_registry_publish(registry, "retail", stage, manifest, &actor, &version, &err),
                 &err);
    cr_assert_ok(cr_registry_path(registry, "retail", version, &dir, &err), &err);
    return dir;
}

static void pack(const char *dir, const char *file)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error err;

    cr_assert_ok(cr_artifact_verify(dir, &manifest, &err), &err);
    cr_assert_ok(cr_archive_write(dir, manifest, file, NULL, &err), &err);
}

/* Unpacks, verifies and records; the version's name is yours. It was here already, or not. */
static char *import(struct cr_registry *registry, const char *file, bool expect_new)
{
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    char *version = NULL;
    bool is_new = !expect_new;
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(registry, &stage, &err), &err);
    cr_assert_ok(cr_archive_read(file, stage, NULL, NULL, &err), &err);
    cr_assert_ok(cr_artifact_verify(stage, &manifest, &err), &err);
    cr_assert_ok(cr_registry_adopt(registry, "retail", stage, manifest, NULL, &actor, &version,
                                   &is_new, &err),
                 &err);
    assert_int_equal(is_new, expect_new);
    assert_int_equal(cr_fs_exists(stage), !expect_new); /* consumed */
    return version;
}

/* Not durably: some thousand times. */
static void write_quickly(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static json_t *verify(struct cr_registry *registry, const char *version)
{
    json_t *manifest = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_verify(registry, "retail", version, &manifest, &err), &err);
    return manifest;
}

static char *slurp(const char *path, size_t *ret_len)
{
    char *data = NULL;
    struct cr_error err;

    cr_assert_ok(cr_fs_read(path, 1 << 24, &data, ret_len, &err), &err);
    return data;
}

static void assert_same_file(const char *a, const char *b)
{
    size_t a_len = 0, b_len = 0;
    CR_CLEANUP(cr_freep) char *a_data = slurp(a, &a_len);
    CR_CLEANUP(cr_freep) char *b_data = slurp(b, &b_len);

    assert_int_equal(a_len, b_len);
    assert_memory_equal(a_data, b_data, a_len);
}

static void a_version_travels_and_keeps_its_name_and_manifest(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *here = cr_fs_join(dir, "here");
    CR_CLEANUP(cr_freep) char *there = cr_fs_join(dir, "there");
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, "v2.tar.gz");
    CR_CLEANUP(cr_freep) char *again = cr_fs_join(dir, "again.tar.gz");
    CR_CLEANUP(cr_registry_closep) struct cr_registry *from = cr_test_registry(here);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *to = cr_test_registry(there);
    CR_CLEANUP(cr_freep) char *v1 = publish(from);
    CR_CLEANUP(cr_freep) char *v2 = publish(from);
    CR_CLEANUP(cr_freep) char *signature = cr_test_write(v2, CR_ARTIFACT_SIGNATURE, "{}");
    CR_CLEANUP(cr_freep) char *imported = NULL;
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(there, "retail/v2");
    CR_CLEANUP(cr_freep) char *copy = cr_fs_join(folder, CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_freep) char *mine = cr_fs_join(v2, CR_ARTIFACT_MANIFEST);
    CR_CLEANUP(cr_freep) char *theirs = cr_fs_join(folder, CR_ARTIFACT_MANIFEST);

    (void)state;
    pack(v2, file);
    pack(v2, again);
    assert_same_file(file, again);
    imported = import(to, file, true);
    assert_string_equal(imported, "v2");
    json_decref(verify(to, "v2"));
    assert_same_file(mine, theirs);
    assert_same_file(signature, copy);
    free(publish(to)); /* the next number is beyond it */
    json_decref(verify(to, "v3"));
}

static void a_name_that_was_used_gives_way_to_the_next(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *here = cr_fs_join(dir, "here");
    CR_CLEANUP(cr_freep) char *there = cr_fs_join(dir, "there");
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, "v1.tar.gz");
    CR_CLEANUP(cr_registry_closep) struct cr_registry *from = cr_test_registry(here);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *to = cr_test_registry(there);
    CR_CLEANUP(cr_freep) char *v1 = publish(from);
    CR_CLEANUP(cr_freep) char *signature = cr_test_write(v1, CR_ARTIFACT_SIGNATURE, "{}");
    CR_CLEANUP(cr_freep) char *second = NULL;
    CR_CLEANUP(cr_freep) char *third = NULL;
    CR_CLEANUP(cr_freep) char *lost = cr_fs_join(there, "retail/v2/" CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    bool recorded[2] = {false, false};
    struct cr_error err;

    (void)state;
    free(publish(to)); /* another v1 */
    pack(v1, file);
    second = import(to, file, true);
    assert_string_equal(second, "v2");
    manifest = verify(to, "v2");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(manifest, "imported_from"), "version")),
        "v1");
    assert_false(cr_fs_exists(lost));
    cr_assert_ok(cr_registry_delete(to, "retail", (const char *const[]){"v1", "v2"}, 2, &actor,
                                    recorded, &err),
                 &err);
    assert_true(recorded[0] && recorded[1]);
    third = import(to, file, true); /* deleted is used, too */
    assert_string_equal(third, "v3");
}

static void assert_here(struct cr_registry *registry, const char *file, const char *expected)
{
    CR_CLEANUP(cr_freep) char *version = import(registry, file, false);

    assert_string_equal(version, expected);
}

static void a_copy_is_known_by_its_manifest_whatever_its_name(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *here = cr_fs_join(dir, "here");
    CR_CLEANUP(cr_freep) char *there = cr_fs_join(dir, "there");
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, "v1.tar.gz");
    CR_CLEANUP(cr_freep) char *model = cr_fs_join(there, "retail/v2/model.json");
    CR_CLEANUP(cr_registry_closep) struct cr_registry *from = cr_test_registry(here);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *to = cr_test_registry(there);
    CR_CLEANUP(cr_freep) char *v1 = publish(from);
    CR_CLEANUP(cr_freep) char *imported = NULL;
    CR_CLEANUP(cr_freep) char *again = NULL;
    struct cr_error err;

    (void)state;
    free(publish(to)); /* another v1 */
    pack(v1, file);
    assert_here(from, file, "v1");
    imported = import(to, file, true);
    assert_string_equal(imported, "v2");
    assert_here(to, file, "v2");
    cr_assert_ok(cr_fs_write(model, "[]", 2, &err), &err); /* what is damaged is no copy */
    again = import(to, file, true);
    assert_string_equal(again, "v3");
}

/* Else one import could use up all numbers. */
static void a_name_far_beyond_the_others_gives_way_too(void **state)
{
    static const struct {
        const char *own;
        const char *here;
    } cases[] = {{"v900000000", "v1"}, {"v10003", "v2"}, {"v10003", "v10003"}, {"v5", "v5"}};
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *stage = NULL;
        CR_CLEANUP(cr_freep) char *version = NULL;
        CR_CLEANUP(cr_json_decrefp)
        json_t *manifest = json_pack("{s:s, s:s, s:{s:s}, s:i}", "portfolio", "retail", "version",
                                     cases[i].own, "model", "kind", "test", "seed", (int)i);
        bool is_new;
        struct cr_error err;

        cr_assert_ok(cr_registry_stage(registry, &stage, &err), &err);
        cr_assert_ok(cr_artifact_seal(stage, manifest, &err), &err);
        cr_assert_ok(cr_registry_adopt(registry, "retail", stage, manifest, NULL, &actor, &version,
                                       &is_new, &err),
                     &err);
        assert_string_equal(version, cases[i].here);
    }
}

static void a_version_of_another_portfolio_is_refused(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *v1 = publish(registry);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = verify(registry, "v1");
    char *version = NULL;
    bool is_new;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(
        cr_registry_adopt(registry, "cards", v1, manifest, NULL, &actor, &version, &is_new, &err),
        CR_EINVAL);
    assert_non_null(strstr(err.message, "'retail', not of 'cards'"));
    (void)json_object_set_new(manifest, "version", json_string("../v1"));
    assert_int_equal(
        cr_registry_adopt(registry, "retail", v1, manifest, NULL, &actor, &version, &is_new, &err),
        CR_EINVAL);
    assert_null(version);
}

/* Runs a shell command in dir. */
static void run(const char *dir, const char *command)
{
    CR_CLEANUP(cr_freep) char *line = NULL;

    assert_true(asprintf(&line, "cd '%s' && { %s; } 2>/dev/null", dir, command) > 0);
    assert_int_equal(system(line), 0);
}

/* Makes a file by a command and unpacks it. The error says `why`, unless that is NULL. */
static void assert_unpacks(const char *command, int code, const char *why)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *in = cr_fs_join(dir, "in");
    CR_CLEANUP(cr_freep) char *out = cr_fs_join(dir, "out");
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(in, "file");
    CR_CLEANUP(cr_freep) char *escaped = cr_fs_join(dir, "escaped");
    const struct cr_archive_limits limits = {10, 1000000, 2000000};
    struct cr_error err = {0};
    int r;

    cr_assert_ok(cr_fs_mkdirs(in, &err), &err);
    cr_assert_ok(cr_fs_mkdirs(out, &err), &err);
    run(in, command);
    r = cr_archive_read(file, out, &limits, NULL, &err);
    if (r != code || (why != NULL && strstr(err.message, why) == NULL)) {
        fail_msg("%s: %d, '%s'", command, r, err.message);
    }
    assert_false(cr_fs_exists(escaped));
}

static void archives_of_others_are_read_with_care(void **state)
{
    (void)state;
    assert_unpacks("echo {} > model.json && mkdir report && echo x > report/a.txt &&"
                   " tar cf file ./model.json ./report",
                   0, NULL);
    assert_unpacks("echo {} > model.json && tar czf file model.json", 0, NULL);
    assert_unpacks("true", CR_ENOTFOUND, "there is no file");
    assert_unpacks(": > file", CR_EMODEL, "no archive");
    assert_unpacks("echo hello > file", CR_EMODEL, "no archive");
    assert_unpacks("echo x | gzip > file", CR_EMODEL, "no archive");
    assert_unpacks("tar cf file -T /dev/null", CR_EMODEL, "no archive");
    assert_unpacks("seq 99999 > a && tar czf b a && head -c 100 b > file", CR_EMODEL, "incomplete");
    assert_unpacks("seq 99999 > a && tar czf b a && head -c 99999 b > file", CR_EMODEL,
                   "file' is incomplete");
    assert_unpacks("seq 99999 > a && tar cf b a && head -c 99999 b > file", CR_EMODEL,
                   "file' is incomplete");
    assert_unpacks("echo x > a && tar cjf file a || echo x > file", CR_EMODEL, "no archive");
    assert_unpacks("ln -s /etc/passwd a && tar cf file a", CR_EMODEL, "'a' is no regular file");
    assert_unpacks("echo x > a && ln a b && tar cf file a b", CR_EMODEL, "'b' is no regular file");
    assert_unpacks("mkfifo a && tar cf file a", CR_EMODEL, "'a' is no regular file");
    assert_unpacks("echo x > a && tar cPf file --transform 's,a,../escaped,' a", CR_EMODEL,
                   "is no name");
    assert_unpacks("echo x > a && tar cPf file --transform 's,a,/tmp/a,' a", CR_EMODEL,
                   "is no name");
    assert_unpacks("echo x > .a && tar cf file .a", CR_EMODEL, "is no name");
    assert_unpacks("echo x > 'a b' && tar cf file 'a b'", CR_EMODEL, "is no name");
    assert_unpacks("mkdir -p a/b/c/d/e/f/g/h/i && echo x > a/b/c/d/e/f/g/h/i/j &&"
                   " tar cf file a",
                   CR_EMODEL, "is no name");
    assert_unpacks("echo x > a && tar cf file a a --hard-dereference", CR_EMODEL, "twice");
    assert_unpacks("touch 0 1 2 3 4 5 6 7 8 9 10 && tar cf file 0 1 2 3 4 5 6 7 8 9 10", CR_EMODEL,
                   "one file too many");
    assert_unpacks("truncate -s 1000000 a && tar czf file a", 0, NULL);
    assert_unpacks("truncate -s 1000001 a && tar czf file a", CR_ETOOBIG, "'a' is larger");
    assert_unpacks("truncate -s 900000 a b c && tar czf file a b c", CR_ETOOBIG, "'c' is larger");
}

/* Every truncation: an error, or less than the whole version. */
static void a_cut_archive_is_never_a_version(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(dir, "v1.tar.gz");
    CR_CLEANUP(cr_freep) char *cut = cr_fs_join(dir, "cut.tar.gz");
    CR_CLEANUP(cr_freep) char *out = cr_fs_join(dir, "out");
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *v1 = publish(registry);
    CR_CLEANUP(cr_freep) char *data = NULL;
    size_t len = 0;
    struct cr_error err;

    (void)state;
    pack(v1, file);
    data = slurp(file, &len);
    assert_in_range(len, 300, 6000);
    for (size_t n = 0; n < len; n++) {
        json_t *manifest = NULL;

        write_quickly(cut, data, n);
        cr_assert_ok(cr_fs_mkdirs(out, &err), &err);
        if (cr_archive_read(cut, out, NULL, NULL, &err) == 0 &&
            cr_artifact_verify(out, &manifest, &err) == 0) {
            json_decref(manifest);
            fail_msg("a version was read from %zu of %zu bytes", n, len);
        }
        cr_assert_ok(cr_fs_remove_tree(out, &err), &err);
    }
}

/* A sealed folder with files of these lengths; its manifest is yours. */
static json_t *seal(const char *dir, const size_t *lens, size_t n)
{
    static const char zeros[4096];
    json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    struct cr_error err;

    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_freep) char *path = NULL;

        assert_true(lens[i] <= sizeof(zeros) && asprintf(&path, "%s/f%zu", dir, i) > 0);
        write_quickly(path, zeros, lens[i]);
    }
    cr_assert_ok(cr_artifact_seal(dir, manifest, &err), &err);
    return manifest;
}

static void the_largest_number_of_files_travels(void **state)
{
    static const size_t none[CR_ARTIFACT_MAX_FILES];
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *out = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(out, "version.tar.gz");
    CR_CLEANUP(cr_freep) char *to = cr_fs_join(out, "unpacked");
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = seal(dir, none, CR_ARTIFACT_MAX_FILES);
    struct cr_error err;

    (void)state;
    free(cr_test_write(dir, CR_ARTIFACT_SIGNATURE, "{}"));
    cr_assert_ok(cr_fs_mkdirs(to, &err), &err);
    cr_assert_ok(cr_archive_write(dir, manifest, file, NULL, &err), &err);
    cr_assert_ok(cr_archive_read(file, to, NULL, NULL, &err), &err);
    json_decref(manifest);
    cr_assert_ok(cr_artifact_verify(to, &manifest, &err), &err);
}

/* What can be read but once is known by what was read, its end included. */
static void a_pipe_will_do(void **state)
{
    static const char behind[] = "what stands behind the archive";
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = cr_test_registry(dir);
    CR_CLEANUP(cr_freep) char *version = publish(registry);
    CR_CLEANUP(cr_freep) char *out = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(out, "version.tar.gz");
    CR_CLEANUP(cr_freep) char *to = cr_fs_join(out, "unpacked");
    CR_CLEANUP(cr_freep) char *bytes = NULL;
    CR_CLEANUP(cr_freep) char *name = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    char expected[CR_DIGEST_LEN], sha256[CR_DIGEST_LEN];
    size_t len = 0;
    int ends[2];
    struct cr_error err;

    (void)state;
    pack(version, file);
    cr_assert_ok(cr_fs_read(file, 1 << 15, &bytes, &len, &err), &err); /* fits into a pipe */
    bytes = realloc(bytes, len + sizeof(behind));
    assert_non_null(bytes);
    memcpy(bytes + len, behind, sizeof(behind));
    len += sizeof(behind);
    cr_digest_bytes(bytes, len, expected);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, len), len);
    assert_int_equal(close(ends[1]), 0);
    assert_true(asprintf(&name, "/dev/fd/%d", ends[0]) > 0);
    cr_assert_ok(cr_fs_mkdirs(to, &err), &err);
    cr_assert_ok(cr_archive_read(name, to, NULL, sha256, &err), &err);
    assert_int_equal(close(ends[0]), 0);
    assert_string_equal(sha256, expected);
    cr_assert_ok(cr_artifact_verify(to, &manifest, &err), &err);
}

/* At every limit: what is written is read under the same limits, and refused otherwise, in words
 * that name what is too large. */
static void what_is_packed_can_be_unpacked(void **state)
{
    static const size_t lens[] = {4096, 4096, 1000};
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *out = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(out, "version.tar.gz");
    CR_CLEANUP(cr_freep) char *to = cr_fs_join(out, "unpacked");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = seal(dir, lens, CR_ARRAY_LEN(lens));
    CR_CLEANUP(cr_freep) char *data = NULL;
    size_t len = 0;
    struct cr_error err;

    (void)state;
    data = slurp(path, &len);
    for (int less = 0; less < 4; less++) {
        const struct cr_archive_limits limits = {4 - (size_t)(less == 1),
                                                 4096 - (size_t)(less == 2),
                                                 2 * 4096 + 1000 + len - (size_t)(less == 3)};
        int written = cr_archive_write(dir, manifest, file, &limits, &err);

        assert_int_equal(written, less > 0 ? CR_ETOOBIG : 0);
        assert_true(less == 0 || strstr(err.message, less == 1 ? "3 files" : " bytes") != NULL);
        cr_assert_ok(cr_archive_write(dir, manifest, file, NULL, &err), &err);
        cr_assert_ok(cr_fs_mkdirs(to, &err), &err);
        assert_int_equal(cr_archive_read(file, to, &limits, NULL, &err) == 0, written == 0);
        cr_assert_ok(cr_fs_remove_tree(to, &err), &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_travels_and_keeps_its_name_and_manifest),
        cmocka_unit_test(a_name_that_was_used_gives_way_to_the_next),
        cmocka_unit_test(a_copy_is_known_by_its_manifest_whatever_its_name),
        cmocka_unit_test(a_name_far_beyond_the_others_gives_way_too),
        cmocka_unit_test(a_version_of_another_portfolio_is_refused),
        cmocka_unit_test(archives_of_others_are_read_with_care),
        cmocka_unit_test(a_cut_archive_is_never_a_version),
        cmocka_unit_test(the_largest_number_of_files_travels),
        cmocka_unit_test(a_pipe_will_do),
        cmocka_unit_test(what_is_packed_can_be_unpacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
