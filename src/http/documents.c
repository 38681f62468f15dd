// SPDX-License-Identifier: MIT
#include "documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/gzip.h"
#include "creditrisk/util/json.h"
#include "form.h"
#include "openapi.h"

#define REPORT "report/report.json"

enum {
    MAX_REPORT = 32 << 20,
    MIN_PACKED = 1024, /* less goes in one packet, packed or not */
};

/* Any answer has one; this one belongs to no decision. */
static const char example_id[] = "00000000-0000-4000-8000-000000000000";

/* The first digits of the digest and, of another form of the same bytes, a word; NULL without
 * memory. */
static char *make_tag(const char *digest, const char *form)
{
    char *tag = NULL;

    return asprintf(&tag, "\"%.32s%s\"", digest, form) < 0 ? NULL : tag;
}

/* The packed form, where it saves anything. */
static int set_packed(struct cr_asset *document, const char *digest, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *packed = NULL;
    size_t len;
    int r;

    if (document->len < MIN_PACKED) {
        return 0;
    }
    r = cr_gzip_pack(document->bytes, document->len, &packed, &len, err);
    if (r < 0 || len >= document->len) {
        return r;
    }
    document->gzip = CR_STEAL(packed);
    document->gzip_len = len;
    document->gzip_etag = make_tag(digest, "-gzip");
    return document->gzip_etag != NULL ? 0 : cr_error_no_memory(err);
}

/* Takes the bytes over, also on failure; NULL for lack of memory. */
static int set_bytes(struct cr_asset *document, char *bytes, size_t len, struct cr_error *err)
{
    char digest[CR_DIGEST_LEN];

    document->bytes = bytes;
    document->len = len;
    document->type = "application/json";
    if (bytes == NULL) {
        return cr_error_no_memory(err);
    }
    cr_digest_bytes(bytes, len, digest);
    document->etag = make_tag(digest, "");
    return document->etag != NULL ? set_packed(document, digest, err) : cr_error_no_memory(err);
}

/* Consumes the JSON; NULL for lack of memory. */
static int set_json(struct cr_asset *document, json_t *json, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    size_t len;

    cr_json_write_new(json, &text);
    len = text.len;
    return set_bytes(document, cr_strbuf_steal(&text), len, err);
}

/* The answer to the application that the examples of the fields make. */
static int score_example(struct cr_bundle *bundle, json_t **ret_answer, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *example = cr_form_example(bundle->portfolio);
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena;
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result result;
    int r;

    cr_arena_init(&arena, 0);
    if (example == NULL) {
        return cr_error_no_memory(err);
    }
    r = cr_record_from_value(bundle->portfolio, example, &arena, &record, &issues, err);
    if (r == 0 && issues.n > 0) {
        *ret_answer = NULL; /* the portfolio's examples are not together one good request */
        return 0;
    }
    if (r == 0) {
        r = cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &record, &arena, &result, NULL,
                            err);
    }
    if (r == 0) {
        *ret_answer = cr_result_to_json(bundle, &result, example_id, false);
        r = *ret_answer != NULL ? 0 : cr_error_no_memory(err);
    }
    return r;
}

/* Both documents. */
static int make_openapi(struct cr_asset *items, struct cr_bundle *bundle,
                        const struct cr_settings *settings, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    int r = score_example(bundle, &answer, err);

    if (r == 0) {
        r = set_json(&items[CR_DOCUMENT_OPENAPI], cr_openapi_make(bundle, settings, false, answer),
                     err);
    }
    if (r == 0) {
        r = set_json(&items[CR_DOCUMENT_OPENAPI_OWN],
                     cr_openapi_make(bundle, settings, true, answer), err);
    }
    return r;
}

/* The version's report. In the folder it names no version, since an import may give it another
 * name: here `version` comes first. */
static int read_report(struct cr_asset *document, const char *dir, const char *version,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, REPORT);
    CR_CLEANUP(cr_freep) char *bytes = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    size_t len;
    int r;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    if (!cr_fs_exists(path)) {
        return 0;
    }
    r = cr_fs_read(path, MAX_REPORT, &bytes, &len, err);
    if (r < 0) {
        return r;
    }
    if (bytes[0] != '{') {
        return set_bytes(document, CR_STEAL(bytes), len, err);
    }
    cr_strbuf_puts(&text, "{\n  \"version\": ");
    cr_json_write_string(version, strlen(version), &text);
    cr_strbuf_puts(&text, bytes[1 + strspn(bytes + 1, " \t\r\n")] == '}' ? "" : ",");
    cr_strbuf_append(&text, bytes + 1, len - 1);
    len = text.len;
    return set_bytes(document, cr_strbuf_steal(&text), len, err);
}

int cr_documents_init(struct cr_documents *documents, struct cr_bundle *bundle, const char *dir,
                      const struct cr_settings *settings, struct cr_error *err)
{
    struct cr_asset *items = documents->items;
    int r;

    *documents = (struct cr_documents){0};
    r = make_openapi(items, bundle, settings, err);
    if (r == 0) {
        r = set_json(&items[CR_DOCUMENT_PORTFOLIO], cr_form_portfolio(bundle), err);
    }
    if (r == 0) {
        r = read_report(&items[CR_DOCUMENT_REPORT], dir, bundle->version, err);
    }
    if (r < 0) {
        cr_documents_finish(documents);
    }
    return r;
}

void cr_documents_finish(struct cr_documents *documents)
{
    for (size_t i = 0; i < CR_N_DOCUMENTS; i++) {
        free((char *)documents->items[i].bytes); /* ours, unlike those of other assets */
        free((char *)documents->items[i].etag);
        free((char *)documents->items[i].gzip);
        free((char *)documents->items[i].gzip_etag);
    }
    *documents = (struct cr_documents){0};
}
