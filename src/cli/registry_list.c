// SPDX-License-Identifier: MIT
/* registry list. */
#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "registry_verbs.h"

/* What can be seen of a version without reading its files: its manifest (yours, NULL where it is
 * not as it was recorded), who signed it ("" = nobody), and the first thing that is wrong. */
static int look(struct cr_registry *registry, const char *portfolio,
                const struct cr_registry_version *version, json_t **ret_manifest,
                char ret_key[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    ret_key[0] = '\0';
    int result = cr_registry_read_manifest(registry, portfolio, version, ret_manifest, err);
    if (result == 0) {
        result = cr_registry_path(registry, portfolio, version->version, &dir, err);
    }
    if (result == 0) {
        result = cr_signature_read(dir, ret_key, err);
    }
    return result != 0 ? result : cr_artifact_look(dir, *ret_manifest, err);
}

/* A version as the list shows it; what a damaged one does not tell is null. */
static json_t *version_to_json(struct cr_registry *registry, const char *portfolio,
                               const struct cr_registry_history *history,
                               const struct cr_registry_version *version)
{
    CR_CLEANUP(cr_json_decrefp) json_t *entry = cr_registry_version_to_json(version);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error fault = {0};
    char key[CR_SIGNATURE_KEY_LEN];
    int result = look(registry, portfolio, version, &manifest, key, &fault);
    bool is_dated = json_is_string(json_object_get(manifest, "created_at"));

    /* of a version that came before the registry knew better it has the date of the import */
    if ((is_dated &&
         !cr_json_put(entry, "created_at", cr_json_copy(manifest, NULL, "created_at"))) ||
        !cr_json_put(entry, "cv_auc", cr_json_copy(manifest, "metrics", "cv_auc")) ||
        !cr_json_put(entry, "auc_roc", cr_json_copy(manifest, "metrics", "auc_roc")) ||
        !cr_json_put(entry, "threshold", cr_json_copy(manifest, NULL, "optimal_threshold")) ||
        !cr_json_put(entry, "derived_from", cr_json_copy(manifest, NULL, "derived_from")) ||
        !cr_registry_verb_put_origin(history, version->version, manifest, entry) ||
        !cr_json_put(entry, "split", cr_json_copy(manifest, "data", "split")) ||
        !cr_json_put(entry, "feature_set", cr_json_copy(manifest, NULL, "feature_set")) ||
        !cr_json_put(entry, "include_protected",
                     cr_json_copy(manifest, NULL, "include_protected")) ||
        !cr_json_put(entry, "signed_with", key[0] != '\0' ? json_string(key) : json_null()) ||
        !cr_json_put(entry, "fault", result == 0 ? json_null() : json_string(fault.message)) ||
        !cr_json_put(entry, "fault_code",
                     result == 0 ? json_null() : json_string(cr_error_name(result)))) {
        return NULL;
    }
    return CR_STEAL(entry);
}

/* A new reference; NULL without memory. */
static json_t *list_to_json(struct cr_registry *registry, const char *portfolio,
                            const struct cr_registry_history *history,
                            const struct cr_registry_version *versions, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(
                list, version_to_json(registry, portfolio, history, &versions[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* What a damaged version does not tell. */
#define UNKNOWN "?"

/* One cell each, of a version's document: mostly what stands there under the key. */
static void add_text(struct cr_cells *cells, const json_t *version, const char *key)
{
    const char *text = json_string_value(json_object_get(version, key));
    cr_cells_add(cells, "%s", text != NULL ? text : UNKNOWN);
}

static void add_number(struct cr_cells *cells, const json_t *number, int decimals)
{
    if (json_is_number(number)) {
        cr_cells_add(cells, "%.*f", decimals, json_number_value(number));
    } else {
        cr_cells_add(cells, UNKNOWN);
    }
}

static void add_auc(struct cr_cells *cells, const json_t *version, const char *key)
{
    add_number(cells, json_object_get(version, key), 4);
}

static void add_threshold(struct cr_cells *cells, const json_t *version, const char *key)
{
    add_number(cells, json_object_get(version, key), 2);
}

static void add_protected(struct cr_cells *cells, const json_t *version, const char *key)
{
    const json_t *is_protected = json_object_get(version, key);
    cr_cells_add(cells, "%s",
                 !json_is_boolean(is_protected) ? UNKNOWN
                 : json_is_true(is_protected)   ? "included"
                                                : "left out");
}

static void add_minute(struct cr_cells *cells, const json_t *version, const char *key)
{
    const char *at = json_string_value(json_object_get(version, key)); /* as cr_clock_utc has it */
    cr_cells_add(cells, "%.10s %.5s", at, strlen(at) > 11 ? at + 11 : "");
}

/* What an imported version was made of is one of the registry that it comes from, and its name may
 * be another's here. Every manifest that can be read has a threshold. */
static void add_parent(struct cr_cells *cells, const json_t *version, const char *key)
{
    const char *parent = json_string_value(json_object_get(version, key));
    bool is_imported = json_is_string(json_object_get(version, "was"));
    bool is_read = json_is_number(json_object_get(version, "threshold"));
    cr_cells_add(cells, "%s",
                 is_imported      ? "import"
                 : parent != NULL ? parent
                 : is_read        ? ""
                                  : UNKNOWN);
}

/* What is wrong with a version may be that nobody can tell who signed it. */
static void add_signer(struct cr_cells *cells, const json_t *version, const char *key)
{
    const char *signer = json_string_value(json_object_get(version, key));
    bool is_whole = json_is_null(json_object_get(version, "fault"));
    cr_cells_add(cells, CR_CLI_SHORT_HEX, signer != NULL ? signer : is_whole ? "" : UNKNOWN);
}

/* What may be as good as ever, but the system does not let us read it. */
static bool is_unreadable(const json_t *version)
{
    const char *code = json_string_value(json_object_get(version, "fault_code"));
    return code != NULL && strcmp(code, cr_error_name(CR_EIO)) == 0;
}

static void add_role(struct cr_cells *cells, const json_t *version, const char *key)
{
    const char *role = cr_registry_verb_role(version);
    bool is_whole = json_is_null(json_object_get(version, key));
    cr_cells_add(cells, "%s%s%s", role, is_whole || role[0] == '\0' ? "" : ", ",
                 is_whole                 ? ""
                 : is_unreadable(version) ? "cannot be read"
                                          : "not intact");
}

/* The columns of the table. One that is not needed stands beneath it, once, where it would say the
 * same of all versions: a terminal has no room for all. */
static const struct column {
    const char *head;
    const char *key;
    void (*add)(struct cr_cells *cells, const json_t *version, const char *key);
    bool is_number;
    bool is_needed;
} columns[] = {
    {"version", "version", add_text, false, true},
    {"model", "kind", add_text, false, true},
    {"CV AUC", "cv_auc", add_auc, true, true},
    {"test AUC", "auc_roc", add_auc, true, true},
    {"threshold", "threshold", add_threshold, true, true},
    {"split", "split", add_text, false, false},
    {"set", "feature_set", add_text, false, false},
    {"protected", "include_protected", add_protected, false, false},
    {"created (UTC)", "created_at", add_minute, false, true},
    {"from", "derived_from", add_parent, false, false},
    {"signed with", "signed_with", add_signer, false, false},
    {"role", "fault", add_role, false, true},
};

enum { N_COLUMNS = CR_ARRAY_LEN(columns) };

static bool is_known(const char *text)
{
    return strcmp(text, UNKNOWN) != 0;
}

/* What all rows say in a column, but for those that do not know; NULL where there is no such
 * thing. Borrowed. */
static const char *find_common(const struct cr_cells *rows, size_t column)
{
    const char *common = NULL;
    for (size_t i = column; i < rows->n; i += N_COLUMNS) {
        const char *text = rows->texts[i];
        if (common == NULL || !is_known(common)) {
            common = text;
        } else if (is_known(text) && strcmp(text, common) != 0) {
            return NULL;
        }
    }
    return common;
}

/* Whether a version does not know what is said beneath the table. */
static bool is_doubtful(const struct cr_cells *rows, const char *const common[N_COLUMNS])
{
    for (size_t i = 0; i < rows->n; i++) {
        const char *said = common[i % N_COLUMNS];
        if (said != NULL && said[0] != '\0' && is_known(said) && !is_known(rows->texts[i])) {
            return true;
        }
    }
    return false;
}

/* Says beneath the table what stands in none of its columns. */
static void print_common(const struct cr_cells *rows, const char *const common[N_COLUMNS])
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    for (size_t c = 0; c < N_COLUMNS; c++) {
        if (common[c] != NULL && common[c][0] != '\0' && is_known(common[c])) {
            cr_strbuf_printf(&text, "%s%s %s", text.len > 0 ? ", " : "", columns[c].head,
                             common[c]);
        }
    }
    if (text.len > 0) {
        putchar('\n');
        cr_cli_line("all versions%s: %s", is_doubtful(rows, common) ? " that can be read" : "",
                    cr_strbuf_text(&text));
    }
}

/* `rows` has a text for every column. */
static int print_table(const struct cr_cells *rows, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {.failed = rows->failed};
    const char *common[N_COLUMNS]; /* of the columns that are not shown; NULL for the others */
    unsigned right_mask = 0;
    size_t n_shown = 0;
    if (rows->failed) {
        return cr_error_no_memory(err);
    }
    for (size_t c = 0; c < N_COLUMNS; c++) {
        common[c] = columns[c].is_needed ? NULL : find_common(rows, c);
        if (common[c] == NULL) {
            right_mask |= (unsigned)columns[c].is_number << n_shown++;
            cr_cells_add(&cells, "%s", columns[c].head);
        }
    }
    for (size_t i = 0; i < rows->n; i++) {
        if (common[i % N_COLUMNS] == NULL) {
            cr_cells_add(&cells, "%s", rows->texts[i]);
        }
    }
    int result = cr_cells_print(&cells, n_shown, right_mask, err);
    if (result == 0) {
        print_common(rows, common);
    }
    return result;
}

/* A remark on each version that cannot serve as it is, with the command that tells what to do:
 * nothing is known to be wrong with one that cannot be read. */
static void say_faults(const struct cr_cli *cli, const json_t *list)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *fault = json_string_value(json_object_get(entry, "fault"));
        const char *version = json_string_value(json_object_get(entry, "version"));
        if (fault != NULL && is_unreadable(entry)) {
            cr_cli_say(cli, "%s: %s", version, fault);
        } else if (fault != NULL) {
            CR_CLEANUP(cr_freep)
            char *command = cr_cli_command(cli, CR_CLI_HERE, "registry", "verify", version, NULL);
            cr_cli_say(cli, "%s is not intact: %s; what to do says %s", version, fault,
                       command != NULL ? command : "registry verify");
        }
    }
}

static int print_list(const struct cr_cli *cli, const json_t *list, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells rows = {0};
    size_t i;
    json_t *version;
    json_array_foreach(list, i, version)
    {
        for (size_t c = 0; c < N_COLUMNS; c++) {
            columns[c].add(&rows, version, columns[c].key);
        }
    }
    if (json_array_size(list) == 0) {
        CR_CLEANUP(cr_freep) char *command = cr_cli_command(cli, CR_CLI_HERE, "train", NULL);
        cr_cli_say(cli, "portfolio '%s' has no version yet: %s makes the first",
                   cli->settings.portfolio, command != NULL ? command : "creditrisk train");
    }
    int result = print_table(&rows, err);
    say_faults(cli, list);
    return result;
}

int cr_registry_verb_list(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    CR_CLEANUP(cr_json_decrefp) json_t *list = NULL;
    const char *portfolio = cli->settings.portfolio;
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_list(registry, portfolio, &versions, &n, err);
    if (result == 0) {
        result = cr_registry_read_history(registry, portfolio, &history, err);
    }
    if (result == 0) {
        list = list_to_json(registry, portfolio, &history, versions, n);
        result = list != NULL ? 0 : cr_error_set(err, CR_ENOMEM, "out of memory for the list");
    }
    cr_registry_free_versions(versions, n);
    if (result != 0) {
        return result;
    }
    return cli->json ? cr_cli_print_json(
                           json_pack("{s:s, s:O}", "portfolio", portfolio, "versions", list), err)
                     : print_list(cli, list, err);
}
