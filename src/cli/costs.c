// SPDX-License-Identifier: MIT
#include "cli.h"

#include <math.h>
#include <stdio.h>

#include "creditrisk/portfolio/money.h"

const char *cr_cli_costs(const struct cr_portfolio *portfolio, const struct cr_costs *costs,
                         char text[CR_CLI_COSTS_LEN])
{
    char good[CR_MONEY_LEN];
    char bad[CR_MONEY_LEN];
    cr_money_text(portfolio, llround(100.0 * costs->false_positive), good);
    if (isnan(costs->lgd)) {
        cr_money_text(portfolio, llround(100.0 * costs->false_negative), bad);
    } else {
        snprintf(bad, sizeof bad, "%g %% of its amount", 100.0 * costs->lgd);
    }
    snprintf(text, CR_CLI_COSTS_LEN, "a granted loan that defaults %s, a declined good payer %s",
             bad, good);
    return text;
}
