// SPDX-License-Identifier: MIT
/* A version with one bit flipped, or one of its files cut short, at any place: it is never served,
 * because the digests refuse it; and where the digests are taken out of the way the validators and
 * the self-test alone refuse it with a reason or show that it still answers as it did. Neither ever
 * crashes. The usual run takes places that are spread evenly; $CREDITRISK_CASES above their number
 * takes all of them. */
#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

enum { GOLDEN_ROWS = 2, USUAL_CASES = 600 };

static const char *const names[] = {
    "manifest.json",
    "pipeline.json",
    "calibration.json",
    "model.json",
    "golden.jsonl",
    "oof.csv",
    "test.csv",
    "report/report.json",
    "portfolio/application.yaml",
    "portfolio/features.sql",
    "portfolio/features.yaml",
    "portfolio/policy.yaml",
    "portfolio/search.yaml",
    "portfolio/tables.yaml",
    "portfolio/training.sql",
};

enum { N_FILES = CR_ARRAY_LEN(names) };

/* A version as it was published. */
struct version {
    struct cr_fixture *fixture;
    char *name;
    char *dir;
    char *texts[N_FILES];
    size_t lens[N_FILES];
    size_t n_bytes; /* of all files */
};

/* One damage: a bit of a byte flipped, or everything from the byte on cut off. */
struct damage {
    size_t file;
    size_t offset;
    bool cut;
};

static struct cr_fixture fixture;

static int make_fixture(void **state)
{
    (void)state;
    cr_fixture_init_small(&fixture);
    return 0;
}

static int drop_fixture(void **state)
{
    (void)state;
    cr_fixture_finish(&fixture);
    return 0;
}

/* Few golden rows: the walk is about places, not about weight. */
static void shorten_golden(const char *dir)
{
    size_t len;
    CR_CLEANUP(cr_freep) char *text = cr_fixture_read(dir, "golden.jsonl", &len);
    const char *end = text;

    for (size_t i = 0; i < GOLDEN_ROWS; i++) {
        end = strchr(end, '\n') + 1;
    }
    cr_fixture_write(dir, "golden.jsonl", text, (size_t)(end - text));
}

static void version_init(struct version *version, const char *kind)
{
    const struct cr_registry_actor actor = {"prop_damage", ""};
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *stage = cr_fixture_stage(&fixture, kind, &manifest);
    struct cr_error err;

    *version = (struct version){.fixture = &fixture};
    shorten_golden(stage);
    cr_assert_ok(cr_registry_publish(fixture.registry, "small", stage, manifest, &actor,
                                     &version->name, &err),
                 &err);
    version->dir = cr_fixture_dir(&fixture, version->name);
    for (size_t i = 0; i < N_FILES; i++) {
        version->texts[i] = cr_fixture_read(version->dir, names[i], &version->lens[i]);
        version->n_bytes += version->lens[i];
    }
}

static void version_finish(struct version *version)
{
    for (size_t i = 0; i < N_FILES; i++) {
        free(version->texts[i]);
    }
    free(version->dir);
    free(version->name);
}

/* Without the durability of the product's own writes: there are many. */
static void write_file(const struct version *version, size_t file, const char *bytes, size_t len)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(version->dir, names[file]);
    FILE *out = fopen(path, "wb");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* Damage number i of 2 · n_bytes: flips first. */
static struct damage damage_of(const struct version *version, size_t i)
{
    struct damage damage = {.cut = i >= version->n_bytes};

    damage.offset = damage.cut ? i - version->n_bytes : i;
    while (damage.offset >= version->lens[damage.file]) {
        damage.offset -= version->lens[damage.file++];
    }
    return damage;
}

static void apply(const struct version *version, const struct damage *damage)
{
    char *text = version->texts[damage->file];

    if (damage->cut) {
        write_file(version, damage->file, text, damage->offset);
    } else {
        char bit = (char)(1 << damage->offset % 8);

        text[damage->offset] ^= bit;
        write_file(version, damage->file, text, version->lens[damage->file]);
        text[damage->offset] ^= bit;
    }
}

/* What a version goes through whose digests someone has renewed. */
static int load_unsealed(const struct version *version, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    size_t n_golden;
    int result = cr_artifact_read_manifest(version->dir, &manifest, err);

    if (result == 0) {
        result = cr_bundle_assemble(version->dir, manifest, 1, &bundle, err);
    }
    if (result == 0) {
        result = cr_selftest_replay(bundle, version->dir, &n_golden, err);
    }
    return result;
}

static void assert_refusal(const struct damage *damage, int result, const struct cr_error *err)
{
    if (result != CR_EMODEL || err->code != result || err->message[0] == '\0') {
        fail_msg("%s, byte %zu, %s: %s: %s", names[damage->file], damage->offset,
                 damage->cut ? "cut" : "flipped", cr_error_name(result), err->message);
    }
}

/* Returns whether the validators and the self-test found nothing wrong. */
static bool try_damage(const struct version *version, const struct damage *damage)
{
    struct cr_bundle *bundle = NULL;
    struct cr_error err = {0};
    int result;

    apply(version, damage);
    result = cr_bundle_load(fixture.registry, "small", version->name, 1, &bundle, &err);
    assert_null(bundle);
    assert_refusal(damage, result, &err);
    err = (struct cr_error){0};
    result = load_unsealed(version, &err);
    if (result != 0) {
        assert_refusal(damage, result, &err);
    }
    write_file(version, damage->file, version->texts[damage->file], version->lens[damage->file]);
    return result == 0;
}

static void walk(const char *kind)
{
    CR_CLEANUP(version_finish) struct version version;
    size_t n_places, n_cases, n_accepted = 0;

    version_init(&version, kind);
    n_places = 2 * version.n_bytes;
    n_cases = cr_test_cases(USUAL_CASES);
    n_cases = n_cases < n_places ? n_cases : n_places;
    for (size_t i = 0; i < n_cases; i++) {
        /* i · n_places / n_cases without overflow: places are fewer than 2^31 */
        struct damage damage = damage_of(&version, (size_t)((uint64_t)i * n_places / n_cases));

        n_accepted += try_damage(&version, &damage) ? 1 : 0;
    }
    print_message("%s: %zu of %zu places; without digests %zu refused, %zu answer as before\n",
                  kind, n_cases, n_places, n_cases - n_accepted, n_accepted);
    assert_true(n_accepted < n_cases);
    cr_bundle_unref(cr_fixture_load(&fixture, version.name, 1)); /* whole again */
}

static void a_damaged_linear_version_is_never_served(void **state)
{
    (void)state;
    walk("logistic");
}

static void a_damaged_forest_version_is_never_served(void **state)
{
    (void)state;
    walk("gbm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_linear_version_is_never_served),
        cmocka_unit_test(a_damaged_forest_version_is_never_served),
    };

    return cmocka_run_group_tests(tests, make_fixture, drop_fixture);
}
