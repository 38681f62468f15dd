// SPDX-License-Identifier: MIT
#include "cli.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "predict_answer.h"
#include "predict_input.h"
#include "predict_stream.h"

static const struct cr_option options[] = {
    {"version-id", "V", "score with this version instead of the champion"},
    {"explain", NULL, "show every contribution, not only the largest"},
    {"format", "NAME",
     "json, ndjson or csv (default: by the file's name, .jsonl as .ndjson; else json)"},
    {"brief", NULL, "of ndjson, csv and, with --json, an array: the decision alone; fastest"},
};

static int load_bundle(const struct cr_cli *cli, struct cr_bundle **ret_bundle,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    int result = cr_cli_open_registry(cli, false, &registry, err);
    if (result == 0) {
        result = cr_cli_need_portfolio(cli, registry, err);
    }
    if (result == 0) {
        result =
            cr_cli_choose_version(cli, registry, cr_cli_option(cli, "version-id"), &version, err);
    }
    if (result == 0) {
        result = cr_bundle_load(registry, cli->settings.portfolio, version, 1, ret_bundle, err);
        result = cr_cli_advise_version(cli, version, result, err);
    }
    return result;
}

/* The application that the file holds alone. */
static int predict_only(const struct cr_cli *cli, struct cr_bundle *bundle,
                        struct cr_predict_input *input, enum cr_predict_basis basis,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    const char *text;
    size_t len;
    bool is_refused;
    int result = cr_predict_input_all(input, &text, &len, err);
    if (result == 0) {
        result = cr_predict_answer(bundle, text, len, cr_cli_has(cli, "explain"), &arena, &answer,
                                   &is_refused, err);
    }
    if (result == 0) {
        result = cli->json ? cr_cli_print_json(CR_STEAL(answer), err)
                           : cr_predict_print_only(bundle->portfolio, input, basis, answer, err);
    }
    return result != 0 ? result : is_refused ? CR_CLI_REFUSED : CR_CLI_OK;
}

/* What the file holds, by --format or its name. */
static int find_format(const struct cr_cli *cli, enum cr_predict_format *ret_format,
                       enum cr_predict_basis *ret_basis, struct cr_error *err)
{
    static const struct {
        const char *name;
        const char *ending;
        enum cr_predict_format format;
    } formats[] = {
        {"json", ".json", CR_PREDICT_JSON},
        {"ndjson", ".ndjson", CR_PREDICT_NDJSON},
        {"ndjson", ".jsonl", CR_PREDICT_NDJSON},
        {"csv", ".csv", CR_PREDICT_CSV},
    };
    const char *asked = cr_cli_option(cli, "format");
    const char *ending = strrchr(cli->args[0], '.');
    *ret_format = CR_PREDICT_JSON;
    *ret_basis = CR_PREDICT_ASSUMED;
    for (size_t i = 0; i < CR_ARRAY_LEN(formats); i++) {
        if (asked != NULL ? strcmp(asked, formats[i].name) == 0
                          : ending != NULL && strcasecmp(ending, formats[i].ending) == 0) {
            *ret_format = formats[i].format;
            *ret_basis = asked != NULL ? CR_PREDICT_ASKED : CR_PREDICT_NAMED;
            return 0;
        }
    }
    return asked == NULL ? 0
                         : cr_cli_usage(err, "--format is json, ndjson or csv, not '%s'", asked);
}

static int refuse_brief(struct cr_error *err)
{
    return cr_cli_usage(err, "--brief is for NDJSON, CSV and, with --json, an array");
}

static int check_options(const struct cr_cli *cli, enum cr_predict_format format,
                         struct cr_error *err)
{
    if (!cr_cli_has(cli, "brief")) {
        return 0;
    }
    if (format == CR_PREDICT_JSON && !cli->json) {
        return refuse_brief(err);
    }
    return cr_cli_has(cli, "explain")
               ? cr_cli_usage(err, "--brief leaves out what --explain asks for")
               : 0;
}

/* A name may be wrong, and the answers' form follows it: the user has to say. */
static int check_lines(struct cr_predict_input *input, struct cr_error *err)
{
    bool is_document;
    int result = cr_predict_input_is_document(input, &is_document, err);
    return result == 0 && is_document
               ? cr_error_at(err, CR_EPARSE, input->path, 0, 0,
                             "the name says one application a line, but it begins as one JSON "
                             "document; that is read with --format json")
               : result;
}

/* The same of a name that says CSV. Only of a file that can be opened again. */
static int check_table(const char *path, struct cr_error *err)
{
    CR_CLEANUP(cr_predict_input_finish) struct cr_predict_input input = {0};
    struct stat status;
    bool is_document = false;
    enum cr_predict_start start = CR_PREDICT_NOTHING;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return 0;
    }
    int result = cr_predict_input_open(path, &input, err);
    if (result == 0) {
        result = cr_predict_input_start(&input, false, &start, err);
    }
    if (result == 0 && (start == CR_PREDICT_ARRAY || start == CR_PREDICT_OBJECT)) {
        result = cr_predict_input_is_document(&input, &is_document, err);
        result = result == 0
                     ? cr_error_at(err, CR_EPARSE, path, 0, 0,
                                   "the name says CSV, but it begins as JSON; that is read with "
                                   "--format %s",
                                   is_document ? "json" : "ndjson")
                     : result;
    }
    return result;
}

/* Opens what is JSON and looks how it begins: of NDJSON *ret_start stays. */
static int open_input(const struct cr_cli *cli, enum cr_predict_format format,
                      enum cr_predict_basis basis, struct cr_predict_input *input,
                      enum cr_predict_start *ret_start, struct cr_error *err)
{
    int result = cr_predict_input_open(cli->args[0], input, err);
    if (result == 0 && format == CR_PREDICT_NDJSON) {
        return basis == CR_PREDICT_NAMED ? check_lines(input, err) : 0;
    }
    if (result == 0) {
        result = cr_predict_input_start(input, basis != CR_PREDICT_ASSUMED, ret_start, err);
    }
    if (result == 0 && *ret_start != CR_PREDICT_ARRAY && cr_cli_has(cli, "brief")) {
        return refuse_brief(err);
    }
    return result == 0 && *ret_start == CR_PREDICT_NOTHING &&
                   !cli->json /* else the daemon's answer to nothing */
               ? cr_predict_no_application(cli->args[0], err)
               : result;
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    CR_CLEANUP(cr_predict_input_finish) struct cr_predict_input input = {0};
    enum cr_predict_format format;
    enum cr_predict_basis basis;
    enum cr_predict_start start = CR_PREDICT_NOTHING;
    int result = cr_cli_need_args(cli, 1, "a file, or - for standard input", err);
    if (result != 0 || (result = find_format(cli, &format, &basis, err)) != 0 ||
        (result = check_options(cli, format, err)) != 0 ||
        (format == CR_PREDICT_CSV && basis == CR_PREDICT_NAMED &&
         (result = check_table(cli->args[0], err)) != 0) ||
        (format != CR_PREDICT_CSV &&
         (result = open_input(cli, format, basis, &input, &start, err)) != 0) ||
        (result = load_bundle(cli, &bundle, err)) != 0) {
        return result;
    }
    if (format == CR_PREDICT_JSON && start != CR_PREDICT_ARRAY) {
        return predict_only(cli, bundle, &input, basis, err);
    }
    const struct cr_predict_stream stream = {
        .cli = cli,
        .input = format == CR_PREDICT_CSV ? NULL : &input,
        .format = format,
        .brief = cr_cli_has(cli, "brief"),
        .full = cr_cli_has(cli, "explain"),
    };
    return cr_predict_stream(&stream, bundle, err);
}

const struct cr_command cr_cmd_predict = {
    .name = "predict",
    .arguments = "FILE|-",
    .summary = "Score one application (a JSON object) or many (an array, NDJSON or CSV)",
    .details =
        "The same line as the daemon's /predict. With --json the answer is the daemon's, "
        "but for the\n"
        "decision_id, which only the daemon gives. An array, NDJSON and CSV may be of any "
        "length. Every row of\n"
        "NDJSON and CSV is answered by one line of JSON, in order and with or without --json, "
        "with its index\n"
        "(from 0) and its line in the file, and with its keys where it has those of the book (the "
        "row's and the\n"
        "customer's, as 'keys' in application.yaml names them), which join the answer to the "
        "book; a CSV file's\n"
        "are texts. An array is answered by an array with --json, else in words; its rows, like "
        "the daemon's, have\n"
        "no keys. Rows are answered as they are read: where the file turns out to be broken, or a "
        "row to have\n"
        "more than 1 MiB, the answers before it stand, the exit status is 1 and, with --json, the "
        "last answer is\n"
        "{\"error\": …}; where Ctrl-C comes it is, too, and the status 130. A CSV file is written "
        "as the\n"
        "portfolio's own; its header names the application's fields and keys, as the book's file "
        "does or as a\n"
        "request does; a column that is none is ignored with a remark, one that is nearly a field "
        "or key is\n"
        "refused; an optional field without a column is missing, which is said, too.",
    .example = "examples/application.json --explain",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
