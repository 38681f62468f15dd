// SPDX-License-Identifier: MIT
/* Money as people of a portfolio write it. */
#ifndef CREDITRISK_PORTFOLIO_MONEY_H
#define CREDITRISK_PORTFOLIO_MONEY_H

#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"

#define CR_MONEY_LEN 64

/* With the portfolio's symbol and grouping, decimals only where there are any: "₹1,11,70,000",
 * "-$12.50". Returns text. */
const char *cr_money_text(const struct cr_portfolio *portfolio, int64_t hundredths,
                          char text[CR_MONEY_LEN]);

#endif
