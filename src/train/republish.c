// SPDX-License-Identifier: MIT
/* A version made of another one: its files are copied; its costs, threshold, manifest and report
 * are its own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "creditrisk/score/selftest.h"
#include "creditrisk/train/rethreshold.h"
#include "creditrisk/train/run.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "drawing.h"
#include "policy_text.h"
#include "report.h"

#define POLICY "portfolio/policy.yaml"
#define REPORT "report/report.json"

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory for a version");
}

/* NaN equals NaN: a cost that is not there. */
static bool is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool are_same_costs(const struct cr_costs *a, const struct cr_costs *b)
{
    return is_same(a->false_negative, b->false_negative) && is_same(a->lgd, b->lgd) &&
           is_same(a->false_positive, b->false_positive);
}

static int write_file(const char *dir, const char *name, const char *data, size_t len,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    CR_CLEANUP(cr_freep) char *folder = path == NULL ? NULL : strdup(path);
    if (folder == NULL) {
        return no_memory(err);
    }
    *strrchr(folder, '/') = '\0';
    int result = cr_fs_mkdirs(folder, err);
    return result != 0 ? result : cr_fs_write(path, data, len, err);
}

/* A file of the parent, which was verified a moment ago; what is read must still be that.
 * *ret_data is yours (free). */
static int read_file(const char *dir, const char *name, const json_t *entry, char **ret_data,
                     size_t *ret_len, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    const char *expected = json_string_value(json_object_get(entry, "sha256"));
    size_t max_len = (size_t)json_integer_value(json_object_get(entry, "bytes"));
    char sha256[CR_DIGEST_LEN];
    if (path == NULL) {
        return no_memory(err);
    }
    int result = cr_fs_read(path, max_len, ret_data, ret_len, err);
    if (result != 0) {
        return result;
    }
    cr_digest_bytes(*ret_data, *ret_len, sha256);
    if (expected == NULL || strcmp(sha256, expected) != 0) {
        return cr_error_set(err, CR_EMODEL, "'%s' was changed: its SHA-256 is '%s'", path, sha256);
    }
    return 0;
}

/* What hangs on costs and threshold is made anew. */
static bool is_copied(const char *name)
{
    return strcmp(name, POLICY) != 0 && strncmp(name, "report/", strlen("report/")) != 0;
}

static int copy_files(const char *from, const char *to, const json_t *manifest,
                      struct cr_error *err)
{
    const char *name;
    json_t *entry;
    json_object_foreach(json_object_get(manifest, "files"), name, entry)
    {
        CR_CLEANUP(cr_freep) char *data = NULL;
        size_t len;
        int result = 0;
        if (is_copied(name) && ((result = read_file(from, name, entry, &data, &len, err)) != 0 ||
                                (result = write_file(to, name, data, len, err)) != 0)) {
            return result;
        }
    }
    return 0;
}

/* A parent without a report has children without one. */
static int write_report(const struct cr_rethreshold *rethreshold, const char *from, const char *to,
                        const char *reason, struct cr_error *err)
{
    const json_t *files = json_object_get(rethreshold->bundle->manifest, "files");
    const json_t *entry = json_object_get(files, REPORT);
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(to, "report");
    CR_CLEANUP(cr_freep) char *data = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *parent = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *document = NULL;
    size_t len;
    if (entry == NULL) {
        return 0;
    }
    if (folder == NULL) {
        return no_memory(err);
    }
    int result = read_file(from, REPORT, entry, &data, &len, err);
    if (result != 0 || (result = cr_json_parse(REPORT, data, len, &parent, err)) != 0 ||
        (result = cr_report_derive(parent, rethreshold, reason, &document, err)) != 0) {
        return result;
    }
    return cr_report_write_version(document, folder, err);
}

static int write_policy(const struct cr_rethreshold *rethreshold, const char *dir,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const struct cr_portfolio_file *file =
        cr_portfolio_find_file(rethreshold->bundle->portfolio, "policy.yaml");
    int result = cr_policy_text_set_costs(POLICY, file->data, file->len, &rethreshold->choice.costs,
                                          &text, err);
    return result != 0 ? result : write_file(dir, POLICY, cr_strbuf_text(&text), text.len, err);
}

/* The parent's manifest with what the new threshold changes; `files` and `version` come with
 * publishing. Metrics that do not depend on the test rows (cv_auc, cv_se) stay. */
static int make_manifest(const struct cr_rethreshold *rethreshold, const char *reason,
                         json_t **ret_manifest, struct cr_error *err)
{
    const struct cr_bundle *parent = rethreshold->bundle;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_deep_copy(parent->manifest);
    CR_CLEANUP(cr_json_decrefp)
    json_t *metrics = cr_train_metrics_to_json(&rethreshold->test_metrics);
    CR_CLEANUP(cr_json_decrefp) json_t *reason_json = json_string(reason);
    struct utsname host;
    char now[CR_CLOCK_TEXT_LEN];
    cr_clock_utc(now);
    if (reason_json == NULL) {
        return cr_error_set(err, CR_EINVAL, "the reason is not UTF-8 text");
    }
    if (!json_is_object(json_object_get(manifest, "metrics"))) {
        return cr_error_set(err, CR_EMODEL, "the manifest of version '%s' has no metrics",
                            parent->version);
    }
    (void)json_object_del(manifest, "version");       /* publishing sets it */
    (void)json_object_del(manifest, "files");         /* this too */
    (void)json_object_del(manifest, "imported_from"); /* this one is made here */
    if (json_object_update(json_object_get(manifest, "metrics"), metrics) != 0 ||
        json_object_set_new(manifest, "optimal_threshold",
                            cr_json_number(rethreshold->choice.threshold)) != 0 ||
        json_object_set_new(manifest, "derived_from", json_string(parent->version)) != 0 ||
        json_object_set(manifest, "reason", reason_json) != 0 ||
        json_object_set_new(manifest, "created_at", json_string(now)) != 0 ||
        json_object_set_new(manifest, "host",
                            json_string(uname(&host) == 0 ? host.nodename : "")) != 0) {
        return no_memory(err);
    }
    *ret_manifest = CR_STEAL(manifest);
    return 0;
}

/* The costs as policy.yaml writes them. */
static void put_costs(const struct cr_costs *costs, struct cr_strbuf *out)
{
    bool is_lgd = !isnan(costs->lgd);
    cr_strbuf_puts(out, is_lgd ? "false_negative: {lgd: " : "false_negative: ");
    cr_strbuf_put_double(out, is_lgd ? costs->lgd : costs->false_negative);
    cr_strbuf_puts(out, is_lgd ? "}, false_positive: " : ", false_positive: ");
    cr_strbuf_put_double(out, costs->false_positive);
}

static int record(const struct cr_rethreshold *rethreshold, struct cr_registry *registry,
                  const char *dir, json_t *manifest, const struct cr_registry_actor *actor,
                  char **ret_version, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf costs = CR_STRBUF_INIT;
    const struct cr_bundle *bundle = rethreshold->bundle;
    put_costs(&rethreshold->choice.costs, &costs);
    const struct cr_registry_parent parent = {bundle->version, cr_strbuf_text(&costs)};
    int result = cr_strbuf_check(&costs, err);
    return result != 0 ? result
                       : cr_registry_publish_derived(registry, bundle->portfolio->name, dir,
                                                     manifest, &parent, actor, ret_version, err);
}

/* It would serve: it loads with the costs that were asked for, and answers as its parent does. */
static int check_stage(const struct cr_rethreshold *rethreshold, const char *dir,
                       const json_t *manifest, struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    size_t n_golden;
    int result = cr_bundle_assemble(dir, manifest, 1, &bundle, err);
    if (result == 0 &&
        !are_same_costs(&bundle->portfolio->policy.costs, &rethreshold->choice.costs)) {
        result = cr_error_set(err, CR_EMODEL, "the costs could not be written into '%s'", POLICY);
    }
    return result != 0 ? result : cr_selftest_replay(bundle, dir, &n_golden, err);
}

int cr_rethreshold_publish(const struct cr_rethreshold *rethreshold, struct cr_registry *registry,
                           const struct cr_registry_actor *actor, char **ret_version,
                           struct cr_error *err)
{
    const struct cr_bundle *parent = rethreshold->bundle;
    const char *portfolio = parent->portfolio->name;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *from = NULL;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    if (are_same_costs(&parent->portfolio->policy.costs, &rethreshold->choice.costs)) {
        return cr_error_set(err, CR_EINVAL,
                            "nothing to publish: these are the costs of version '%s'",
                            parent->version);
    }
    int result = cr_rethreshold_check_edge(rethreshold, err);
    if (result != 0 || (result = make_manifest(rethreshold, actor->reason, &manifest, err)) != 0 ||
        (result = cr_registry_path(registry, portfolio, parent->version, &from, err)) != 0 ||
        (result = cr_registry_stage(registry, &dir, err)) != 0) {
        return result;
    }
    if ((result = copy_files(from, dir, parent->manifest, err)) != 0 ||
        (result = write_policy(rethreshold, dir, err)) != 0 ||
        (result = write_report(rethreshold, from, dir, actor->reason, err)) != 0 ||
        (result = check_stage(rethreshold, dir, manifest, err)) != 0 ||
        (result = record(rethreshold, registry, dir, manifest, actor, ret_version, err)) != 0) {
        (void)cr_fs_remove_tree(dir, NULL); /* the first failure is the one to report */
    }
    return result;
}
