// SPDX-License-Identifier: MIT
/* What the gates said of a version, for people and programs. */
#include <math.h>
#include <stdio.h>

#include "cli.h"
#include "creditrisk/util/cleanup.h"

static int print_gates(const struct cr_gate_report *report, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"gate", "", "value", "bound"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < report->n; i++) {
        const struct cr_gate *gate = &report->gates[i];
        cr_cells_add(&cells, "%s", gate->name);
        cr_cells_add(&cells, "%s", gate->passed ? "passed" : "FAILED");
        for (int j = 0; j < 2; j++) {
            double number = j == 0 ? gate->value : gate->bound;
            if (isnan(number)) {
                cr_cells_add(&cells, "%s", "");
            } else {
                cr_cells_add(&cells, "%.6g", number);
            }
        }
    }
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0xCU, err);
}

int cr_cli_refuse_by_gates(const struct cr_cli *cli, const char *version,
                           const struct cr_gate_report *report, struct cr_error *err)
{
    const struct cr_gate *failed = cr_gate_first_failure(report);
    if (report->untraced.code != 0) {
        (void)fprintf(stderr, "warning: the history does not tell of this refusal: %s\n",
                      report->untraced.message);
    }
    if (cli->json) {
        return CR_CLI_REFUSED;
    }
    int result = print_gates(report, err);
    if (result != 0) {
        return result;
    }
    (void)cr_error_set(err, CR_EMODEL, "gate '%s' refuses %s: %s", failed->name, version,
                       failed->reason);
    return CR_CLI_REFUSED;
}

int cr_cli_report_gates(const struct cr_cli *cli, const char *version,
                        const struct cr_gate_report *report, struct cr_error *err)
{
    int result = 0;
    if (report->passed) {
        return CR_CLI_OK;
    }
    if (cli->json) {
        result = cr_cli_print_json(json_pack("{s:s, s:s, s:b, s:o}", "portfolio",
                                             cli->settings.portfolio, "version", version, "passed",
                                             0, "gates", cr_gate_report_to_json(report)),
                                   err);
    }
    return result != 0 ? result : cr_cli_refuse_by_gates(cli, version, report, err);
}

void cr_cli_warn_of_protected(const char *version)
{
    (void)fprintf(stderr,
                  "warning: %s was trained on inputs that are marked prohibited "
                  "(--include-protected): it is for comparison, not for decisions\n",
                  version);
}
