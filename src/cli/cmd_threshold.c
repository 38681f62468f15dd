// SPDX-License-Identifier: MIT
#include "cli.h"

#include <math.h>
#include <stdio.h>

#include "creditrisk/portfolio/money.h"
#include "creditrisk/train/rethreshold.h"
#include "creditrisk/util/cleanup.h"

#define MAX_MONEY 1e15 /* as in policy.yaml */

static const struct cr_option options[] = {
    {"false-negative", "N", "cost of a granted loan that defaults (default: the version's)"},
    {"lgd", "X", "instead: that share of the loan amount, above 0 and at most 1"},
    {"false-positive", "N", "cost of a declined good payer (default: the version's)"},
    {"publish", NULL, "make a new version with these costs and their threshold"},
    {"reason", "TEXT", "why; recorded with the new version"},
};

static void print_costs(const struct cr_rethreshold *seen)
{
    const struct cr_portfolio *portfolio = seen->bundle->portfolio;
    char costs[CR_CLI_COSTS_LEN];
    cr_cli_line("%s of %s (%s), published with threshold %.2f", seen->bundle->version,
                portfolio->name, seen->bundle->model->ops->kind, seen->bundle->threshold);
    cr_cli_line("costs: %s", cr_cli_costs(portfolio, &seen->choice.costs, costs));
    if (isnan(seen->choice.closed_form)) {
        printf("closed form: none, the cost of a default differs with the loan's amount\n");
    } else {
        printf("closed form %.4f: a good payer's cost over both costs, best were every PD exact\n",
               seen->choice.closed_form);
    }
    printf("optimum %.2f: the cheapest of the thresholds %.2f to %.2f on the out-of-fold rows\n",
           seen->choice.threshold, seen->choice.sweep[0].threshold,
           seen->choice.sweep[seen->choice.n_sweep - 1].threshold);
}

static void add_rule(struct cr_cells *cells, const struct cr_portfolio *portfolio,
                     const struct cr_choice_side *side, enum cr_choice_rule rule)
{
    static const char *const names[CR_N_RULES] = {
        [CR_RULE_OPTIMUM] = "optimum",
        [CR_RULE_HALF] = "0.5",
        [CR_RULE_APPROVE_ALL] = "approve all",
        [CR_RULE_DECLINE_ALL] = "decline all",
    };
    const struct cr_threshold_point *point = &side->rules[rule];
    char text[CR_MONEY_LEN];
    cr_cells_add(cells, "%s", names[rule]);
    if (isfinite(point->threshold)) {
        cr_cells_add(cells, "%.2f", point->threshold);
    } else {
        cr_cells_add(cells, "none");
    }
    cr_cells_add(cells, "%s", cr_money_text(portfolio, point->cost, text));
    cr_cells_add(cells, "%s", cr_money_text(portfolio, cr_choice_savings(side, rule), text));
    cr_cells_add(cells, "%.4f", point->recall);
    if (point->tp + point->fp > 0) {
        cr_cells_add(cells, "%.4f", point->precision);
    } else {
        cr_cells_add(cells, "none"); /* of nobody who is declined */
    }
    cr_cells_add(cells, "%.4f", point->f1);
    cr_cells_add(cells, "%zu", point->fn);
    cr_cells_add(cells, "%zu", point->fp);
    cr_cells_add(cells, "%.1f %%", 100.0 * cr_choice_good_declined(point));
}

/* A column for each rule: amounts of money are too wide to stand beside so much else. */
static int print_rules(const struct cr_portfolio *portfolio, const char *rows,
                       const struct cr_choice_side *side, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    const char *const header[] = {rows,     "threshold",           "cost", "savings",
                                  "recall", "precision",           "F1",   "FN",
                                  "FP",     "good payers declined"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t rule = 0; rule < CR_N_RULES; rule++) {
        add_rule(&cells, portfolio, side, rule);
    }
    cr_cells_turn(&cells, CR_ARRAY_LEN(header));
    putchar('\n');
    return cr_cells_print(&cells, 1 + CR_N_RULES, ~1U, err);
}

static void add_share(struct cr_cells *cells, size_t part, size_t whole)
{
    if (whole > 0) {
        cr_cells_add(cells, "%.1f %%", 100.0 * (double)part / (double)whole);
    } else {
        cr_cells_add(cells, "none");
    }
}

static int print_bands(const struct cr_rethreshold *seen, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"band",     "PD below",   "out-of-fold share",
                                         "bad rate", "test share", "bad rate"};
    const struct cr_policy *policy = &seen->bundle->portfolio->policy;
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < policy->n_bands; i++) {
        cr_cells_add(&cells, "%s", policy->bands[i].name);
        if (isfinite(policy->bands[i].below)) {
            cr_cells_add(&cells, "%.4f", policy->bands[i].below * seen->choice.threshold);
        } else {
            cr_cells_add(&cells, "none");
        }
        add_share(&cells, seen->choice.oof.bands[i].n, seen->choice.oof.n);
        add_share(&cells, seen->choice.oof.bands[i].n_bad, seen->choice.oof.bands[i].n);
        add_share(&cells, seen->choice.test.bands[i].n, seen->choice.test.n);
        add_share(&cells, seen->choice.test.bands[i].n_bad, seen->choice.test.bands[i].n);
    }
    printf("\nbands at the optimum:\n");
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0x3EU, err);
}

static int print_report(const struct cr_rethreshold *seen, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = seen->bundle->portfolio;
    print_costs(seen);
    int result = print_rules(portfolio, "out-of-fold rows", &seen->choice.oof, err);
    if (result == 0) {
        result = print_rules(portfolio, "test rows", &seen->choice.test, err);
    }
    printf("\nsavings: against threshold 0.5 on the same rows\n"
           "bad: %zu of %zu out-of-fold rows, %zu of %zu test rows\n",
           seen->choice.oof.n_bad, seen->choice.oof.n, seen->choice.test.n_bad,
           seen->choice.test.n);
    return result != 0 ? result : print_bands(seen, err);
}

/* Why the optimum is not one to build on, and what follows; code 0: it is one. */
static struct cr_error find_edge(const struct cr_rethreshold *seen, bool publishes)
{
    struct cr_error edge = {0};
    struct cr_error told = {0};
    if (cr_rethreshold_check_edge(seen, &edge) != 0) {
        (void)cr_error_set(&told, edge.code, "%s%s", publishes ? "nothing is published: " : "",
                           edge.message);
    }
    return told;
}

/* `edge` as find_edge tells it. */
static int print_json(struct cr_cli *cli, const struct cr_rethreshold *seen, const char *published,
                      const struct cr_error *edge, struct cr_error *err)
{
    json_t *json = cr_rethreshold_to_json(seen, published);
    if (edge->code != 0 && json_object_set_new(json, "error", cr_cli_error_to_json(edge)) != 0) {
        json_decref(CR_STEAL(json));
    }
    int result = cr_cli_print_json(json, err);
    cli->has_answered = result == 0;
    return result;
}

/* A remark on an optimum that is one, but not worth a model. */
static void say_caveat(const struct cr_cli *cli, const struct cr_rethreshold *seen)
{
    char text[CR_CHOICE_CAVEAT_LEN];
    if (cr_choice_caveat(&seen->choice, seen->bundle->portfolio, text) != NULL) {
        cr_cli_say(cli, "%s", text);
    }
}

static void say_published(const struct cr_rethreshold *seen, const char *published)
{
    printf("\n%s is published: %s with these costs, ", published, seen->bundle->version);
    if (seen->choice.threshold == seen->bundle->threshold) {
        printf("whose threshold stays %.2f\n", seen->choice.threshold);
    } else {
        printf("and so threshold %.2f instead of %.2f\n", seen->choice.threshold,
               seen->bundle->threshold);
    }
}

/* An optimum at the edge is shown all the same, but ends the command as a refusal does. */
static int report(struct cr_cli *cli, struct cr_registry *registry,
                  const struct cr_rethreshold *seen, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *published = NULL;
    bool publishes = cr_cli_has(cli, "publish");
    struct cr_error edge = find_edge(seen, publishes);
    int result = 0;
    if (edge.code == 0 && publishes) {
        const struct cr_registry_actor actor = {cr_cli_actor(), cr_cli_option(cli, "reason")};
        result = cr_rethreshold_publish(seen, registry, &actor, &published, err);
    }
    if (result != 0) {
        return cr_cli_advise_undecided(cli, registry, "registry", result, err);
    }
    result = cli->json ? print_json(cli, seen, published, &edge, err) : print_report(seen, err);
    if (result == 0 && edge.code != 0) {
        *err = edge;
        return edge.code;
    }
    if (result == 0) {
        say_caveat(cli, seen);
    }
    if (result == 0 && published != NULL && !cli->json) {
        say_published(seen, published);
        cr_cli_say_promote(cli, published);
    }
    return result;
}

static int check_words(const struct cr_cli *cli, struct cr_error *err)
{
    const char *reason = cr_cli_option(cli, "reason");
    bool publishes = cr_cli_has(cli, "publish");
    if (cr_cli_has(cli, "false-negative") && cr_cli_has(cli, "lgd")) {
        return cr_cli_usage(err, "--false-negative and --lgd exclude each other");
    }
    if (publishes && (reason == NULL || reason[0] == '\0')) {
        return cr_cli_usage(err, "a new version needs --reason TEXT");
    }
    if (!publishes && reason != NULL) {
        return cr_cli_usage(err, "--reason goes with --publish");
    }
    return cli->n_args > 1 ? cr_cli_need_args(cli, 1, "", err) : 0;
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_rethreshold_finish) struct cr_rethreshold seen = {0};
    CR_CLEANUP(cr_freep) char *version = NULL;
    const char *named = cli->n_args > 0 ? cli->args[0] : NULL;
    struct cr_costs asked;
    int result = check_words(cli, err);
    if (result != 0 ||
        (result = cr_cli_number(cli, "false-negative", 0.01, MAX_MONEY, &asked.false_negative,
                                err)) != 0 ||
        (result = cr_cli_number(cli, "lgd", 1e-6, 1, &asked.lgd, err)) != 0 ||
        (result = cr_cli_number(cli, "false-positive", 0.01, MAX_MONEY, &asked.false_positive,
                                err)) != 0 ||
        (result = cr_cli_open_registry(cli, false, &registry, err)) != 0 ||
        (result = cr_cli_need_portfolio(cli, registry, err)) != 0 ||
        (result = cr_cli_choose_version(cli, registry, named, &version, err)) != 0) {
        return result;
    }
    result = cr_rethreshold_run(registry, cli->settings.portfolio, version, &asked, &seen, err);
    if (result != 0) {
        return cr_cli_advise_version(cli, version, result, err);
    }
    return report(cli, registry, &seen, err);
}

const struct cr_command cr_cmd_threshold = {
    .name = "threshold",
    .arguments = "[VERSION]",
    .summary = "See what thresholds cost, or publish a version with other costs",
    .details = "For the champion or any version, from the margins that its training left. The "
               "threshold is chosen on the\n"
               "out-of-fold rows; the test rows only show what it does. Nothing is written without "
               "--publish.\n"
               "An optimum at the edge of what is swept is shown, but nothing is published with "
               "it; the exit\nstatus is then 1. Costs whose closed form lies outside of what is "
               "swept (threshold in policy.yaml)\nare refused: an edge would only look like an "
               "optimum.",
    .example = "v1 --false-negative 150000",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
