// SPDX-License-Identifier: MIT
/* The documents of a version: which of them are also kept packed. */
#include "cr_fixture.h"
#include "cr_test.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/http/documents.h"

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/rng.h"

enum { LEN = 4096 };

/* The documents of a fixture's version with that report. */
static void make(struct cr_fixture *fixture, const char report[LEN],
                 struct cr_documents *ret_documents)
{
    CR_CLEANUP(cr_freep) char *version = cr_fixture_publish(fixture, "logistic");
    CR_CLEANUP(cr_bundle_unrefp)
    struct cr_bundle *bundle = cr_fixture_load(fixture, version, 1);
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "report");
    CR_CLEANUP(cr_settings_finish) struct cr_settings settings = {0};
    struct cr_error err;

    cr_assert_ok(cr_settings_load(NULL, 0, &settings, &err), &err);
    cr_assert_ok(cr_fs_mkdirs(folder, &err), &err);
    cr_fixture_write(folder, "report.json", report, LEN);
    cr_assert_ok(cr_documents_init(ret_documents, bundle, dir, &settings, &err), &err);
    assert_int_equal(ret_documents->items[CR_DOCUMENT_REPORT].len, LEN);
    assert_memory_equal(ret_documents->items[CR_DOCUMENT_REPORT].bytes, report, LEN);
}

static void what_packing_makes_shorter_is_kept_packed(void **state)
{
    char report[LEN];
    struct cr_documents documents;

    memset(report, ' ', LEN);
    make(*state, report, &documents);
    for (size_t i = 0; i < CR_N_DOCUMENTS; i++) {
        const struct cr_asset *document = &documents.items[i];

        assert_non_null(document->gzip);
        assert_in_range(document->gzip_len, 18, document->len - 1);
        assert_string_not_equal(document->gzip_etag, document->etag);
    }
    cr_documents_finish(&documents);
}

static void what_packing_makes_longer_is_not(void **state)
{
    char report[LEN];
    struct cr_documents documents;
    struct cr_rng rng;

    cr_rng_init(&rng, 7, 0);
    for (size_t i = 0; i < LEN; i++) {
        report[i] = (char)cr_rng_below(&rng, 256);
    }
    report[0] = '-'; /* as of no object, which would be given its version */
    make(*state, report, &documents);
    assert_null(documents.items[CR_DOCUMENT_REPORT].gzip);
    assert_null(documents.items[CR_DOCUMENT_REPORT].gzip_etag);
    assert_int_equal(documents.items[CR_DOCUMENT_REPORT].gzip_len, 0);
    cr_documents_finish(&documents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_packing_makes_shorter_is_kept_packed),
        cmocka_unit_test(what_packing_makes_longer_is_not),
    };

    return cmocka_run_group_tests(tests, cr_fixture_set_up, cr_fixture_tear_down);
}
