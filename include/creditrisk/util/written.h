// SPDX-License-Identifier: MIT
/* Numbers and dates as people write them, which programs do not read. */
#ifndef CREDITRISK_UTIL_WRITTEN_H
#define CREDITRISK_UTIL_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a text is a number to people: 56.094,58, "€ 1,000", 1,00,000, 8.5%. Thousands are parted
 * by a point, a comma, an apostrophe or a blank, a narrow one, too; a currency may stand on either
 * side. Plain digits are one as well. text[len] is NUL. */
bool cr_written_is_number(const char *text, size_t len);

/* Whether it is one that cr_num_parse does not read: it has to be written otherwise. */
bool cr_written_is_foreign(const char *text, size_t len);

/* Whether a text is a date to people: 07.06.2020, 6/7/20, 2020-6-7, with a time of day behind it or
 * without. text[len] is NUL. */
bool cr_written_is_date(const char *text, size_t len);

/* What the point of a number may be: of 15.500 and 1.234 that of thousands, too; of 12.5, 1234.567
 * and 0.125 only the decimal one. */
enum cr_written_point {
    CR_WRITTEN_NO_POINT,
    CR_WRITTEN_DECIMAL,
    CR_WRITTEN_EITHER,
};

/* Of a text that programs read as a number. text[len] is NUL. */
enum cr_written_point cr_written_find_point(const char *text, size_t len);

#endif
