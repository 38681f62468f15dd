// SPDX-License-Identifier: MIT
/* Index: the field with a name of len bytes; −1 when there is none. Field `likely`, which need not
 * exist, is looked at first, then what the name hashes to: a client sends the fields in one order,
 * mostly the portfolio's. The portfolio comes from cr_portfolio_load. */
#ifndef PORTFOLIO_INDEX_H
#define PORTFOLIO_INDEX_H

#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"

ptrdiff_t cr_index_find_field(const struct cr_portfolio *portfolio, size_t likely, const char *name,
                              size_t len);

#endif
