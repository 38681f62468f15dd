// SPDX-License-Identifier: MIT
/* Dates of an application, and what pydantic says of a text that is none. */
#ifndef PORTFOLIO_DATE_H
#define PORTFOLIO_DATE_H

#include <stddef.h>

/* Why text is no date YYYY-MM-DD; static. NULL when it is one. */
const char *cr_date_find_fault(const char *text, size_t len);

#endif
