// SPDX-License-Identifier: MIT
/* Numbers as people write them, which programs do not read. */
#ifndef CREDITRISK_UTIL_WRITTEN_H
#define CREDITRISK_UTIL_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a text is a number to people: 56.094,58, "€ 1,000", 1,00,000, 8.5%. Thousands are parted
 * by a point, a comma, an apostrophe or a blank, a narrow one, too; a currency may stand on either
 * side. Plain digits are one as well. text[len] is NUL. */
bool cr_written_is_number(const char *text, size_t len);

#endif
