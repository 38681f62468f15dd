// SPDX-License-Identifier: MIT
#include "portfolio_verbs.h"

#include <stdio.h>

#include "creditrisk/train/check.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

/* Where the faults go: printed as they come, and kept for --json. */
struct telling {
    const struct cr_cli *cli;
    json_t *faults;
};

static void tell(const char *fault, void *context)
{
    const struct telling *telling = context;
    if (!telling->cli->json) {
        puts(fault);
    }
    (void)json_array_append_new(telling->faults, json_string(fault)); /* checked by json_pack */
}

/* A text that does not work is a fault like others: the only one, as nothing else could be seen. */
static int keep_fault(int result, const struct cr_error *cause, cr_check_fault_fn *on_fault,
                      void *context, struct cr_check_report *report, struct cr_error *err)
{
    if (result == CR_EPARSE || result == CR_EINVAL) {
        report->n_faults++;
        on_fault(cause->message, context);
        return 0;
    }
    *err = *cause;
    return result;
}

/* Of rows that are not as application.yaml describes them no check could say that all is well. */
static bool tell_outdated(const struct cr_cli *cli, struct cr_db *db,
                          const struct cr_portfolio *portfolio, cr_check_fault_fn *on_fault,
                          void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    bool is_outdated = cr_cli_put_outdated(cli, db, portfolio, &text);
    if (is_outdated) {
        on_fault(cr_strbuf_text(&text), context);
    }
    return is_outdated;
}

int cr_cli_find_faults(const struct cr_cli *cli, struct cr_db *db,
                       const struct cr_portfolio *portfolio, bool may_write,
                       cr_check_fault_fn *on_fault, void *context,
                       struct cr_check_report *ret_report, struct cr_error *err)
{
    struct cr_error cause;
    /* first: others may follow from it */
    bool is_outdated = tell_outdated(cli, db, portfolio, on_fault, context);
    int result =
        cr_check_portfolio(db, portfolio, may_write, on_fault, context, ret_report, &cause);
    if (result != 0) {
        result = keep_fault(result, &cause, on_fault, context, ret_report, err);
    }
    ret_report->n_faults += is_outdated;
    return result;
}

static int check(const struct cr_cli *cli, struct telling *telling,
                 struct cr_check_report *ret_report, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(cli->settings.portfolios_dir, cli->args[1]);
    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    struct cr_error cause;
    int result = cr_settings_find_portfolio(&cli->settings, cli->args[1], NULL, 0, err);
    if (result != 0) {
        return result;
    }
    result = cr_portfolio_load(path, cli->args[1], &portfolio, &cause);
    if (result != 0) {
        return keep_fault(result, &cause, tell, telling, ret_report, err);
    }
    if ((result = cr_cli_open_book_to_check(cli, portfolio, &db, err)) != 0) {
        return result; /* no fault of the portfolio */
    }
    return cr_cli_find_faults(cli, db, portfolio, true, tell, telling, ret_report, err);
}

int cr_portfolio_verb_check(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *faults = json_array();
    struct telling telling = {cli, faults};
    struct cr_check_report report = {0};
    (void)registry; /* none */
    int result = check(cli, &telling, &report, err);
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        result = cr_cli_print_json(json_pack("{s:s, s:b, s:I, s:O}", "portfolio", cli->args[1],
                                             "ok", report.n_faults == 0, "rows",
                                             (json_int_t)report.n_rows, "faults", faults),
                                   err);
        return result != 0 ? result : report.n_faults == 0 ? CR_CLI_OK : CR_CLI_REFUSED;
    }
    if (report.n_faults > 0) {
        return CR_CLI_REFUSED;
    }
    printf("%s: %zu rows, no fault found%s\n", cli->args[1], report.n_rows,
           report.n_cuts > 0 ? "; the past does not change with the future" : "");
    return CR_CLI_OK;
}
