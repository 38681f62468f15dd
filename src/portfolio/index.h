// SPDX-License-Identifier: MIT
/* Index: the field with a name of len bytes, hashed; −1 when there is none. The portfolio comes
 * from cr_portfolio_load. */
#ifndef PORTFOLIO_INDEX_H
#define PORTFOLIO_INDEX_H

#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"

ptrdiff_t cr_index_find_field(const struct cr_portfolio *portfolio, const char *name, size_t len);

#endif
