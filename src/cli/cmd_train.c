// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "creditrisk/train/report.h"
#include "creditrisk/train/run.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/progress.h"
#include "creditrisk/util/strbuf.h"
#include "train_target.h"

#define MAX_KINDS 16

static const struct cr_option options[] = {
    {"models", "LIST",
     "of logistic, gbm, lightgbm, xgboost, separated by commas (default: all that this build has)"},
    {"set", "NAME", "feature set (default: the portfolio's first)"},
    {"split", "SPEC",
     "group, random, time, column:NAME (1 for a test row) or ids:FILE (test rows by their "
     "keys.row, one a line; default group)"},
    {"seed", "N", "seed of split, folds and models (default: search.yaml's)"},
    {"jobs", "N", "threads (default: one per processor); changes no result"},
    {"no-search", NULL, "train the fixed parameters of search.yaml"},
    {"exhaustive", NULL, "no candidate is dropped or stopped early: slow"},
    {"include-protected", NULL, "train on inputs that are marked prohibited, too"},
    {"export", "DIR",
     "also write inputs, folds and candidates there, for other programs to search"},
    {"force", NULL, "replace the files of --export where they are there already"},
    {"promote", NULL, "let the champion of this run serve, if it passes the gates"},
};

/* Splits "a,b" in place of a copy; *ret_copy owns the texts. */
static int parse_kinds(const char *list, char **ret_copy, const char **kinds, size_t *ret_n,
                       struct cr_error *err)
{
    *ret_n = 0;
    if (list == NULL) {
        return 0;
    }
    *ret_copy = strdup(list);
    if (*ret_copy == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the model list");
    }
    char *rest = *ret_copy;
    for (char *kind = strsep(&rest, ","); kind != NULL; kind = strsep(&rest, ",")) {
        if (*kind == '\0' || *ret_n == MAX_KINDS) {
            return cr_cli_usage(err, "--models takes names separated by commas, not '%s'", list);
        }
        kinds[(*ret_n)++] = kind;
    }
    return 0;
}

/* What the race saved, where there was a search. */
static void print_race(const struct cr_train_report *report)
{
    for (size_t i = 0; i < report->n_models; i++) {
        const struct cr_train_model *model = &report->models[i];
        if (model->n_candidates > 1) {
            printf("%s: %zu candidates, %zu dropped before the last fold, %zu stopped early\n",
                   model->kind, model->n_candidates, model->n_dropped, model->n_stopped);
        }
    }
}

/* What became of the promotion of the run's choice. */
struct promotion {
    bool is_asked;
    struct cr_error failure;     /* code 0: none */
    struct cr_gate_report gates; /* of one that was asked for and did not fail */
};

static bool is_decided(const struct promotion *promotion)
{
    return promotion->is_asked && promotion->failure.code == 0;
}

/* Whether the run's choice serves. */
static const char *serving(const struct promotion *promotion)
{
    return !promotion->is_asked      ? "it serves once it is promoted"
           : !is_decided(promotion)  ? "its promotion failed"
           : promotion->gates.passed ? "it is the champion now"
                                     : "it does not serve, as a gate refuses it";
}

static int print_report(const struct cr_train_report *report, const struct promotion *promotion,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"model", "version", "CV AUC", "± se",      "test AUC",
                                         "KS",    "Brier",   "ECE",    "threshold", "seconds"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < report->n_models; i++) {
        const struct cr_train_model *model = &report->models[i];
        cr_cells_add(&cells, "%s%s", model->kind, i == report->champion ? " *" : "");
        cr_cells_add(&cells, "%s", model->version);
        cr_cells_add(&cells, "%.4f", model->cv_auc);
        cr_cells_add(&cells, "%.4f", model->cv_se);
        cr_cells_add(&cells, "%.4f", model->test.auc_roc);
        cr_cells_add(&cells, "%.4f", model->test.ks);
        cr_cells_add(&cells, "%.4f", model->test.brier);
        cr_cells_add(&cells, "%.4f", model->test.ece);
        cr_cells_add(&cells, "%.2f", model->threshold);
        cr_cells_add(&cells, "%.1f", model->seconds);
    }
    printf("%s: %zu training rows, %zu test rows (%s split), %zu inputs, seed %llu\n\n",
           report->portfolio, report->n_train, report->n_test, report->split_kind, report->n_inputs,
           (unsigned long long)report->seed);
    int result = cr_cells_print(&cells, CR_ARRAY_LEN(header), 0x3FCU, err);
    printf("\n* this run's choice: the highest CV AUC, or the simplest model within one paired "
           "standard error of it; %s\n",
           serving(promotion));
    print_race(report);
    return result;
}

/* Only what went well says how long it took. */
static void end_waiting(struct cr_progress *waiting, int result)
{
    if (result == 0) {
        cr_progress_destroy(waiting);
    } else {
        cr_progress_abandon(waiting);
    }
}

static void promote(const struct cr_cli *cli, struct cr_registry *registry,
                    const struct cr_portfolio *portfolio, const struct cr_train_report *report,
                    struct promotion *promotion)
{
    const struct cr_registry_actor actor = {cr_cli_actor(), "champion of its training run"};
    struct cr_error *failure = &promotion->failure;
    struct cr_progress *waiting = cr_progress_create_waiting("gates", cli->quiet);
    int result =
        cr_gate_promote(registry, report->portfolio, report->models[report->champion].version,
                        &portfolio->policy.gates, &actor, false, &promotion->gates, NULL, failure);
    end_waiting(waiting, result);
    (void)cr_cli_advise_undecided(cli, registry, "registry", result, failure); /* stands in it */
}

/* Adds what the gates said, where they were asked, and what failed (code 0: nothing) once the
 * versions were there. */
static bool add_outcome(json_t *json, const struct promotion *promotion,
                        const struct cr_error *failure)
{
    const struct cr_gate_report *gates = &promotion->gates;
    return (!is_decided(promotion) ||
            json_object_set_new(json, "gates", cr_gate_report_to_json(gates)) == 0) &&
           (failure->code == 0 ||
            json_object_set_new(json, "error", cr_cli_error_to_json(failure)) == 0);
}

/* Says in the run's document whether its choice serves; of a promotion that failed only its error
 * is told, as it may have been done. */
static int note_promotion(const struct cr_train_report *report, const struct promotion *promotion,
                          struct cr_error *err)
{
    bool is_known = promotion->failure.code == 0;
    return !is_known || json_object_set_new(report->document, "promoted",
                                            json_boolean(promotion->gates.passed)) == 0
               ? 0
               : cr_error_no_memory(err);
}

/* The run's document. */
static int print_json(const struct cr_train_report *report, const struct promotion *promotion,
                      const struct cr_error *failure, struct cr_error *err)
{
    json_t *json = cr_train_report_to_json(report);
    if (!add_outcome(json, promotion, failure)) {
        json_decref(CR_STEAL(json));
    }
    return cr_cli_print_json(json, err);
}

/* Draws the run's report below paths.results. CR_CLI_INTERRUPTED, without a message, where Ctrl-C
 * has left some of it undone. */
static int write_results(const struct cr_cli *cli, const struct cr_train_target *target,
                         const struct cr_train_report *report, struct cr_error *err)
{
    if (cr_cli_interrupted) {
        return CR_CLI_INTERRUPTED;
    }
    struct cr_progress *waiting = cr_progress_create_waiting("report and plots", cli->quiet);
    int result = cr_report_write(report->document, target->results, err);
    end_waiting(waiting, result);
    /* whatever gnuplot said, which the same key has ended */
    if (result != 0 && cr_cli_interrupted) {
        return CR_CLI_INTERRUPTED;
    }
    if (result == CR_EUNAVAIL) {
        cr_cli_say(cli, "the plots stand in report.html only: %s", err->message);
        *err = (struct cr_error){0};
    } else if (result != 0) {
        return result;
    }
    cr_cli_say(cli,
               "the report lies in %s/report.html until another run writes there, for whatever "
               "registry; every version keeps its own in %s/%s/VERSION/report",
               target->results, cli->settings.registry, report->portfolio);
    if (!cr_report_can_plot()) {
        cr_cli_say(cli, "there is no gnuplot here: the plots stand in report.html only");
    }
    return 0;
}

/* What is too good for loans. */
static void say_suspicion(const struct cr_cli *cli, const struct cr_train_model *champion)
{
    CR_CLEANUP(cr_freep)
    char *check =
        cr_cli_command(cli, CR_CLI_HERE_NAMED, "portfolio", "check", cli->settings.portfolio, NULL);
    if (champion->cv_auc > CR_CHECK_MAX_AUC && check != NULL) {
        cr_cli_say(cli,
                   "%s: with a CV AUC of %.4f an input may know the outcome, which %s looks for",
                   champion->version, champion->cv_auc, check);
    }
}

/* What the run did otherwise than its reader may think. */
static void say_notes(const struct cr_cli *cli, const struct cr_train_options *train_options,
                      const struct cr_portfolio *portfolio, const struct cr_train_report *report)
{
    if (report->split_note[0] != '\0') {
        cr_cli_say(cli, "%s", report->split_note);
    }
    if (train_options->split == NULL && portfolio->key_test != NULL) {
        cr_cli_say(cli, "the book marks test rows of its own: --split column:%s tests on them",
                   portfolio->key_test);
    }
    for (size_t i = 0; i < report->n_notes; i++) {
        cr_cli_say(cli, "%s", report->notes[i]);
    }
    const struct cr_train_model *champion = &report->models[report->champion];
    if (champion->threshold_caveat[0] != '\0') {
        cr_cli_say(cli, "%s: %s", champion->version, champion->threshold_caveat);
    }
    say_suspicion(cli, champion);
}

/* What became of the promotion of a run that was interrupted; of one that failed, what is known. */
static void put_promoted(const struct cr_train_report *report, const struct promotion *promotion,
                         struct cr_strbuf *out)
{
    if (promotion->failure.code != 0) {
        cr_strbuf_puts(out, promotion->failure.message);
    } else if (is_decided(promotion) && promotion->gates.passed) {
        cr_strbuf_printf(out, "%s is the champion now", report->models[report->champion].version);
    } else {
        cr_strbuf_puts(out, "none was promoted");
    }
}

/* What there is of a run that was interrupted once its first version was being published, and
 * before all was done: fills err and returns CR_CLI_INTERRUPTED. */
static int tell_interrupt(const struct cr_cli *cli, const struct cr_train_report *report,
                          const struct promotion *promotion, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    for (size_t i = 0; i < report->n_models; i++) {
        cr_strbuf_printf(&text, "%s%s", i > 0 ? ", " : "", report->models[i].version);
    }
    cr_strbuf_printf(&text, " %s registered; ", report->n_models == 1 ? "is" : "are");
    put_promoted(report, promotion, &text);
    return cr_error_set(err, CR_CLI_INTERRUPTED,
                        "interrupted: %s; what lies in %s/%s may be another run's or incomplete, "
                        "each version's own report.html is whole",
                        cr_strbuf_text(&text), cli->settings.results_dir, report->portfolio);
}

/* What the command ends with, and why where that is not well: the first failure. */
static int find_end(const struct cr_cli *cli, const struct promotion *promotion,
                    const struct cr_error *unwritten, struct cr_error *ret_failure)
{
    if (promotion->failure.code != 0 && unwritten->code != 0) {
        cr_cli_say(cli, "%s", unwritten->message);
    }
    *ret_failure = promotion->failure.code != 0 ? promotion->failure : *unwritten;
    return ret_failure->code;
}

/* Prints and writes the run's report. The versions are published: neither a promotion that failed
 * nor a report that cannot be written must hide them; and Ctrl-C that came when all was done has
 * interrupted nothing. */
static int tell(struct cr_cli *cli, const struct cr_train_target *target,
                const struct cr_train_report *report, const struct promotion *promotion,
                struct cr_error *err)
{
    struct cr_error unwritten = {0};
    struct cr_error failure = {0};
    int result = note_promotion(report, promotion, err);
    if (result == 0 && !cli->json) {
        result = print_report(report, promotion, err);
    }
    if (result != 0) {
        return result;
    }
    bool is_cut_off = write_results(cli, target, report, &unwritten) == CR_CLI_INTERRUPTED;
    int end = is_cut_off ? tell_interrupt(cli, report, promotion, &failure)
                         : find_end(cli, promotion, &unwritten, &failure);
    if (cli->json) {
        result = print_json(report, promotion, &failure, err);
        cli->has_answered = result == 0;
    }
    if (result == 0 && end != 0) {
        *err = failure;
    }
    return result != 0 ? result : end;
}

/* What to do with the run's choice, or what was done. */
static int say_next(const struct cr_cli *cli, const struct cr_train_options *train_options,
                    const struct cr_train_report *report, const struct promotion *promotion,
                    struct cr_error *err)
{
    const char *champion = report->models[report->champion].version;
    if (!promotion->is_asked) {
        cr_cli_say_promote(cli, champion);
        return 0;
    }
    if (!promotion->gates.passed) {
        return cr_cli_refuse_by_gates(cli, champion, &promotion->gates, err);
    }
    cr_cli_say(cli, "%s is the champion of %s", champion, report->portfolio);
    cr_cli_say_reload(cli);
    if (train_options->include_protected) {
        cr_cli_warn_of_protected(champion);
    }
    return 0;
}

static void ignore_fault(const char *fault, void *context)
{
    (void)fault;
    (void)context;
}

/* What to do with a book from which no model can be made: have its faults told, where it has any or
 * may have some that only writing into it would show, which nobody has asked for. */
static int advise_check(const struct cr_cli *cli, struct cr_db *db,
                        const struct cr_portfolio *portfolio, int result, struct cr_error *err)
{
    struct cr_check_report report = {0};
    struct cr_error ignored;
    struct cr_progress *waiting = cr_progress_create_waiting("portfolio check", cli->quiet);
    int checked =
        cr_cli_find_faults(cli, db, portfolio, false, ignore_fault, NULL, &report, &ignored);
    end_waiting(waiting, checked);
    if (checked == 0 && report.n_faults == 0 && !report.is_partial) {
        struct cr_error cause = *err;
        return cr_error_set(err, result, "%s; portfolio check finds no fault", cause.message);
    }
    return cr_cli_advise(
        err, result,
        cr_cli_command(cli, CR_CLI_HERE_NAMED, "portfolio", "check", cli->settings.portfolio, NULL),
        "%s", err->message);
}

/* A run without a version: why; or that it was interrupted and what there is of it. */
static int refuse(const struct cr_cli *cli, struct cr_db *db, const struct cr_portfolio *portfolio,
                  const struct cr_train_target *target, int result, struct cr_error *err)
{
    const char *export = cr_cli_option(cli, "export");
    if (result == CR_EMODEL && !target->is_asked_for) {
        return advise_check(cli, db, portfolio, result, err);
    }
    if (!cr_cli_interrupted || target->is_asked_for) { /* then it was too late to interrupt it */
        return cr_cli_advise_undecided(cli, target->registry, "registry", result, err);
    }
    return cr_error_set(err, CR_CLI_INTERRUPTED, "interrupted: nothing was registered%s%s",
                        export != NULL ? ", only what --export wrote stays in " : "",
                        export != NULL ? export : "");
}

static int train(struct cr_cli *cli, struct cr_train_options *train_options,
                 const struct cr_portfolio *portfolio, struct cr_error *err)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_train_target_finish) struct cr_train_target target = {.cli = NULL};
    CR_CLEANUP(cr_train_report_finish) struct cr_train_report report = {0};
    struct promotion promotion = {.is_asked = false};
    int result;
    if ((result = cr_cli_open_book(cli, portfolio, &db, err)) != 0 ||
        (result = cr_train_target_open(&target, cli, portfolio->name, err)) != 0) {
        return result;
    }
    train_options->registry = cr_train_target_registry;
    train_options->registry_context = &target;
    cr_cli_await_interrupt(0);
    result = cr_train_run(db, portfolio, train_options, &report, err);
    if (result != 0) {
        return refuse(cli, db, portfolio, &target, result, err);
    }
    say_notes(cli, train_options, portfolio, &report);
    promotion.is_asked = cr_cli_has(cli, "promote") && !cr_cli_interrupted;
    if (promotion.is_asked) {
        promote(cli, target.registry, portfolio, &report, &promotion);
    }
    result = tell(cli, &target, &report, &promotion, err);
    return result != 0 ? result : say_next(cli, train_options, &report, &promotion, err);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_freep) char *kinds_text = NULL;
    const char *kinds[MAX_KINDS];
    size_t n_kinds;
    int64_t seed;
    int64_t jobs;
    int result;
    if ((result = cr_cli_need_args(cli, 0, "nothing", err)) != 0 ||
        (result = parse_kinds(cr_cli_option(cli, "models"), &kinds_text, kinds, &n_kinds, err)) !=
            0 ||
        (result = cr_cli_integer(cli, "jobs", 0, 1, 1024, &jobs, err)) != 0 ||
        (result = cr_cli_load_portfolio(cli, &portfolio, err)) != 0 ||
        (result = cr_cli_integer(cli, "seed", (int64_t)portfolio->search.seed, 0, INT64_MAX, &seed,
                                 err)) != 0) {
        return result;
    }
    if (cr_cli_has(cli, "no-search") && cr_cli_has(cli, "exhaustive")) {
        return cr_cli_usage(err, "--no-search and --exhaustive exclude each other");
    }
    if (cr_cli_has(cli, "force") && !cr_cli_has(cli, "export")) {
        return cr_cli_usage(err, "--force is for the files of --export");
    }
    struct cr_train_options train_options = {
        .kinds = kinds,
        .n_kinds = n_kinds,
        .set = cr_cli_option(cli, "set"),
        .split = cr_cli_option(cli, "split"),
        .seed = (uint64_t)seed,
        .jobs = (size_t)jobs,
        .include_protected = cr_cli_has(cli, "include-protected"),
        .no_search = cr_cli_has(cli, "no-search"),
        .exhaustive = cr_cli_has(cli, "exhaustive"),
        .export_dir = cr_cli_option(cli, "export"),
        .quiet = cli->quiet,
        .actor = cr_cli_actor(),
        .cancelled = &cr_cli_interrupted,
    };
    return cr_train_check_options(&train_options, err) != 0
               ? CR_CLI_USAGE
               : train(cli, &train_options, portfolio, err);
}

const struct cr_command cr_cmd_train = {
    .name = "train",
    .arguments = "",
    .summary = "Train the models and publish one version of each",
    .details = "Features come from the book through the portfolio's SQL. Calibration and threshold "
               "are learnt on\n"
               "out-of-fold predictions; the test rows are only measured on. Ctrl-C before "
               "the versions are\n"
               "written leaves the registry as it was; what is registered or promoted by then "
               "stays.",
    .example = "--models logistic,gbm --promote",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
