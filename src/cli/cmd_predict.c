// SPDX-License-Identifier: MIT
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/portfolio/rows.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "predict_stream.h"

#define MAX_INPUT_BYTES ((size_t)64 << 20)

static const struct cr_option options[] = {
    {"version-id", "V", "score with this version instead of the champion"},
    {"explain", NULL, "show every contribution, not only the largest"},
    {"format", "NAME", "json, ndjson or csv (default: by the file's name, else json)"},
    {"brief", NULL, "ndjson and csv: the decision alone, without reasons; fastest"},
};

/* All of standard input, at most MAX_INPUT_BYTES. */
static int read_stdin(char **ret_data, size_t *ret_len, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf input = CR_STRBUF_INIT;
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0) {
        if (input.len + n > MAX_INPUT_BYTES) {
            return cr_error_set(err, CR_ETOOBIG, "'-' has more than %zu bytes", MAX_INPUT_BYTES);
        }
        cr_strbuf_append(&input, chunk, n);
    }
    if (ferror(stdin)) {
        return cr_error_set(err, CR_EIO, "cannot read standard input: %s", strerror(errno));
    }
    int result = cr_strbuf_check(&input, err);
    if (result == 0) {
        *ret_len = input.len;
        *ret_data = input.len == 0 ? strdup("") : cr_strbuf_steal(&input);
        result = *ret_data == NULL ? cr_error_no_memory(err) : 0;
    }
    return result;
}

/* The file or standard input as a whole. */
static int read_input(const struct cr_cli *cli, char **ret_data, size_t *ret_len,
                      struct cr_error *err)
{
    struct cr_error why;
    int result = strcmp(cli->args[0], "-") == 0
                     ? read_stdin(ret_data, ret_len, &why)
                     : cr_fs_read(cli->args[0], MAX_INPUT_BYTES, ret_data, ret_len, &why);
    return result == 0
               ? 0
               : cr_error_set(err, result, "%s%s", why.message,
                              result == CR_ETOOBIG ? ": as NDJSON or CSV it may be of any length"
                                                   : "");
}

/* Nobody can predict before a version serves. */
static int no_champion(const struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_list(registry, cli->settings.portfolio, &versions, &n, err);
    if (result != 0) {
        return result;
    }
    cr_registry_free_versions(versions, n);
    if (n == 0) {
        return cr_cli_advise(err, CR_ENOTFOUND,
                             cr_cli_command(cli, CR_CLI_HERE, "train", "--promote", NULL),
                             "portfolio '%s' has no version yet", cli->settings.portfolio);
    }
    return cr_cli_advise(err, CR_ENOTFOUND,
                         cr_cli_command(cli, CR_CLI_HERE, "registry", "list", NULL),
                         "portfolio '%s' has no champion yet; 'registry promote' makes one of its "
                         "%zu version%s",
                         cli->settings.portfolio, n, n == 1 ? "" : "s");
}

static int load_bundle(const struct cr_cli *cli, struct cr_bundle **ret_bundle,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_freep) char *champion = NULL;
    const char *version = cr_cli_option(cli, "version-id");
    int result = cr_cli_open_registry(cli, false, &registry, err);
    if (result == 0) {
        result = cr_cli_need_portfolio(cli, registry, err);
    }
    if (result == 0 && version == NULL) {
        result = cr_registry_champion(registry, cli->settings.portfolio, &champion, err);
        version = champion;
        if (result == CR_ENOTFOUND) {
            return no_champion(cli, registry, err);
        }
    }
    if (result == 0) {
        result = cr_bundle_load(registry, cli->settings.portfolio, version, 1, ret_bundle, err);
        result = cr_cli_advise_version(cli, version, result, err);
    }
    return result;
}

static json_t *issues_to_json(const struct cr_issues *issues)
{
    json_t *detail = json_array();
    for (size_t i = 0; i < issues->n; i++) {
        (void)json_array_append_new(
            detail,
            cr_issue_to_json(&issues->items[i])); /* a lost one would need no memory at all */
    }
    return json_pack("{s:o}", "detail", detail);
}

/* One application → {…prediction…} or {"detail": […]}; the latter also clears *all_valid. */
static int predict(const struct cr_cli *cli, struct cr_bundle *bundle, const char *text, size_t len,
                   json_t **ret_answer, bool *all_valid, struct cr_error *err)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_record record;
    struct cr_issues issues;
    struct cr_result scored;
    int result = cr_record_from_json(bundle->portfolio, text, len, &arena, &record, &issues, err);
    if (result == 0 && issues.n == 0) {
        result = cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &record, &arena, &scored,
                                 NULL, err);
    }
    if (result != 0) {
        return result;
    }
    *ret_answer = issues.n > 0
                      ? issues_to_json(&issues)
                      : cr_result_to_json(bundle, &scored, NULL, cr_cli_has(cli, "explain"));
    *all_valid = *all_valid && issues.n == 0;
    return *ret_answer == NULL ? cr_error_set(err, CR_ENOMEM, "out of memory for the answer") : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static int print_reasons(const json_t *answer, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    size_t i;
    json_t *reason;
    json_array_foreach(json_object_get(answer, "top_5_shap_features"), i, reason)
    {
        const json_t *value = json_object_get(reason, "value");
        cr_cells_add(&cells, "  %s", text_of(reason, "feature"));
        if (json_is_number(value)) {
            cr_cells_add(&cells, "%.9g", cr_num_round(json_number_value(value), 3));
        } else {
            cr_cells_add(&cells, "%s",
                         json_is_string(value) ? json_string_value(value) : "not known");
        }
        cr_cells_add(&cells, "%+.4f", json_number_value(json_object_get(reason, "contribution")));
        cr_cells_add(&cells, "%s",
                     strcmp(text_of(reason, "direction"), "increases_risk") == 0
                         ? "raised the estimated risk"
                         : "lowered the estimated risk");
    }
    return cr_cells_print(&cells, 4, 6, err);
}

/* The field that an issue is about, or the byte of what is no JSON. */
static const json_t *find_place(const json_t *issue)
{
    const json_t *loc = json_object_get(issue, "loc");
    return json_array_get(loc, json_array_size(loc) - 1);
}

/* "age: Input should be …", or what is wrong at which byte of text that is no JSON. */
static void print_issue(const json_t *issue)
{
    const json_t *last = find_place(issue);
    const char *why = text_of(json_object_get(issue, "ctx"), "error");
    if (json_is_integer(last)) {
        cr_cli_line("byte %lld: %s: %s", (long long)json_integer_value(last), text_of(issue, "msg"),
                    why);
    } else {
        cr_cli_line("%s: %s", json_string_value(last), text_of(issue, "msg"));
    }
}

/* Every group's contribution, in the order of the features. */
static int print_groups(const json_t *groups, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    const char *label;
    json_t *contribution;
    json_object_foreach((json_t *)groups, label, contribution)
    {
        cr_cells_add(&cells, "  %s", label);
        cr_cells_add(&cells, "%+.4f", json_number_value(contribution));
    }
    printf("\nall contributions, which add up with the base value to the log-odds:\n");
    return cr_cells_print(&cells, 2, 2, err);
}

static void print_imputed(const json_t *names)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf list = CR_STRBUF_INIT;
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        cr_strbuf_puts(&list, i > 0 ? ", " : "");
        cr_strbuf_puts(&list, json_string_value(name));
    }
    if (list.len > 0 && !list.failed) {
        printf("\n");
        cr_cli_line("not given, so a typical value was used: %s", cr_strbuf_text(&list));
    }
}

static int print_answer(const json_t *answer, struct cr_error *err)
{
    size_t i;
    json_t *entry;
    const json_t *detail = json_object_get(answer, "detail");
    if (detail != NULL) {
        json_array_foreach(detail, i, entry)
        {
            print_issue(entry);
        }
        return 0;
    }
    cr_cli_line("probability of default %.2f %%: %s, %s",
                json_number_value(json_object_get(answer, "probability")),
                text_of(answer, "risk_category"), text_of(answer, "recommended_action"));
    const json_t *emi = json_object_get(answer, "emi");
    if (json_is_number(emi)) {
        printf("monthly instalment %.2f%s\n", json_number_value(emi),
               json_object_get(answer, "emi_assumed_rate") != NULL ? " at an assumed rate" : "");
    }
    cr_cli_line("%s %s, threshold %g", text_of(answer, "model_name"),
                text_of(answer, "model_version"),
                json_number_value(json_object_get(answer, "optimal_threshold_used")));
    printf("\nreasons (log-odds):\n");
    int result = print_reasons(answer, err);
    const json_t *full = json_object_get(answer, "contributions");
    if (result == 0 && full != NULL) {
        result = print_groups(json_object_get(full, "by_group"), err);
        printf("  base value %+.4f, log-odds %+.4f\n",
               json_number_value(json_object_get(answer, "base_value")),
               json_number_value(json_object_get(answer, "margin")));
    }
    print_imputed(json_object_get(answer, "imputed"));
    return result;
}

/* The first byte that is no blank, NUL when there is none. */
static char first_byte(const char *body, size_t len)
{
    size_t blanks = strspn(body, " \t\r\n");
    return blanks < len ? body[blanks] : '\0';
}

static int predict_one(const struct cr_cli *cli, struct cr_bundle *bundle, const char *body,
                       size_t len, bool *all_valid, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    int result = predict(cli, bundle, body, len, &answer, all_valid, err);
    const json_t *issue = json_array_get(json_object_get(answer, "detail"), 0);
    const json_t *place = find_place(issue);
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(CR_STEAL(answer), err);
    }
    return json_is_integer(place)
               ? cr_error_at(err, CR_EPARSE, cli->args[0], 0, 0, "byte %lld: %s: %s",
                             (long long)json_integer_value(place), text_of(issue, "msg"),
                             text_of(json_object_get(issue, "ctx"), "error"))
               : print_answer(answer, err);
}

/* Nothing is answered of what is no array. */
static int check_array(const struct cr_cli *cli, const char *body, size_t len, struct cr_error *err)
{
    struct cr_rows rows;
    struct cr_row_text row;
    bool more = true;
    cr_rows_init(&rows, CR_ROWS_ARRAY, body, len);
    while (more) {
        if (cr_rows_next(&rows, &row, &more) < 0) {
            return cr_error_at(err, CR_EPARSE, cli->args[0], 0, 0, "byte %zu: %s",
                               rows.fault_offset, rows.fault);
        }
    }
    return 0;
}

/* The i-th answer of an array; with --json a line of the document, as the daemon's batch has it. */
static int print_row(const struct cr_cli *cli, size_t i, json_t *answer, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    if (!cli->json) {
        printf("%s--- row %zu\n", i == 0 ? "" : "\n", i + 1);
        return print_answer(answer, err);
    }
    if (json_object_get(answer, "detail") != NULL &&
        !cr_json_put(answer, "index", json_integer((json_int_t)i))) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the answer");
    }
    cr_json_write(answer, false, &text);
    printf("%s%s", i == 0 ? "" : ",\n", cr_strbuf_text(&text));
    return cr_strbuf_check(&text, err);
}

/* An array is answered row by row, in its order: memory holds one answer however many there are. */
static int predict_rows(const struct cr_cli *cli, struct cr_bundle *bundle, const char *body,
                        size_t len, bool *all_valid, struct cr_error *err)
{
    struct cr_rows rows;
    struct cr_row_text row;
    bool more;
    size_t n = 0;
    int result = check_array(cli, body, len, err);
    if (result != 0) {
        return result;
    }
    (void)fputs(cli->json ? "[" : "", stdout); /* main looks at the stream's state */
    cr_rows_init(&rows, CR_ROWS_ARRAY, body, len);
    while (result == 0 && cr_rows_next(&rows, &row, &more) == 0 && more) {
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        result = predict(cli, bundle, row.text, row.len, &answer, all_valid, err);
        if (result == 0) {
            result = print_row(cli, n++, answer, err);
        }
    }
    if (result == 0 && n == 0 && !cli->json) {
        cr_cli_line("the array in '%s' is empty: there is no application to score", cli->args[0]);
    }
    (void)fputs(cli->json ? "]\n" : "", stdout); /* the same */
    return result;
}

/* What the file holds, by --format or its name. */
static int find_format(const struct cr_cli *cli, enum cr_predict_format *ret_format,
                       struct cr_error *err)
{
    static const struct {
        const char *name;
        const char *ending;
        enum cr_predict_format format;
    } formats[] = {
        {"json", ".json", CR_PREDICT_JSON},
        {"ndjson", ".ndjson", CR_PREDICT_NDJSON},
        {"csv", ".csv", CR_PREDICT_CSV},
    };
    const char *asked = cr_cli_option(cli, "format");
    const char *ending = strrchr(cli->args[0], '.');
    *ret_format = CR_PREDICT_JSON;
    for (size_t i = 0; i < CR_ARRAY_LEN(formats); i++) {
        if (asked != NULL ? strcmp(asked, formats[i].name) == 0
                          : ending != NULL && strcmp(ending, formats[i].ending) == 0) {
            *ret_format = formats[i].format;
            return 0;
        }
    }
    return asked == NULL ? 0
                         : cr_cli_usage(err, "--format is json, ndjson or csv, not '%s'", asked);
}

static int run_stream(const struct cr_cli *cli, enum cr_predict_format format, struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    const struct cr_predict_stream stream = {
        .cli = cli,
        .path = cli->args[0],
        .format = format,
        .brief = cr_cli_has(cli, "brief"),
        .full = cr_cli_has(cli, "explain"),
    };
    int result;
    if (stream.brief && stream.full) {
        return cr_cli_usage(err, "--brief leaves out what --explain asks for");
    }
    result = load_bundle(cli, &bundle, err);
    return result != 0 ? result : cr_predict_stream(&stream, bundle, err);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    CR_CLEANUP(cr_freep) char *body = NULL;
    enum cr_predict_format format;
    size_t len = 0;
    bool all_valid = true;
    int result = cr_cli_need_args(cli, 1, "a file, or - for standard input", err);
    if (result != 0 || (result = find_format(cli, &format, err)) != 0) {
        return result;
    }
    if (format != CR_PREDICT_JSON) {
        return run_stream(cli, format, err);
    }
    if (cr_cli_has(cli, "brief")) {
        return cr_cli_usage(err, "--brief is for ndjson and csv");
    }
    if ((result = read_input(cli, &body, &len, err)) != 0) {
        return result;
    }
    char first = first_byte(body, len);
    if (first == '\0' && !cli->json) { /* else the daemon's answer to an empty body */
        return cr_predict_no_application(cli->args[0], err);
    }
    if ((result = load_bundle(cli, &bundle, err)) != 0) {
        return result;
    }
    result = first == '[' ? predict_rows(cli, bundle, body, len, &all_valid, err)
                          : predict_one(cli, bundle, body, len, &all_valid, err);
    return result != 0 ? result : all_valid ? CR_CLI_OK : CR_CLI_REFUSED;
}

const struct cr_command cr_cmd_predict = {
    .name = "predict",
    .arguments = "FILE|-",
    .summary = "Score one application (a JSON object) or many (an array, NDJSON or CSV)",
    .details =
        "The same line as the daemon's /predict. With --json the answer is the daemon's, "
        "but for the\n"
        "decision_id, which only the daemon gives. NDJSON and CSV may be of any length: every "
        "row is\n"
        "answered by one line of JSON, in order and with or without --json, with its index (from "
        "0) and its\n"
        "line in the file. A CSV file is written as the portfolio's own; its header names the "
        "application's\n"
        "fields, as the book's file does or as a request does; a column that is none is ignored "
        "with a remark,\n"
        "one that is nearly one is refused.",
    .example = "examples/application.json --explain",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
