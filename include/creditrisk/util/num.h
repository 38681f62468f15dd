// SPDX-License-Identifier: MIT
/* Numbers as text, independent of any locale. */
#ifndef CREDITRISK_UTIL_NUM_H
#define CREDITRISK_UTIL_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enough for any double, its sign and the NUL, and for what is written beyond on the way. */
#define CR_NUM_LEN 40

/* 2^53: integers up to here are exact in a double, beyond it neighbours are not told apart. */
#define CR_NUM_MAX_EXACT 9007199254740992.0

/* Reads all of text[0..len) as a decimal number ([+-]digits[.digits][e[+-]digits], no blanks, no
 * hex, no inf or nan, at most 1023 characters); true and *ret_value on success. A value beyond the
 * range of double yields ±infinity: callers decide. */
bool cr_num_parse(const char *text, size_t len, double *ret_value);

/* Reads the number of JSON (RFC 8259, section 6: no plus sign, no digit behind a leading 0) with
 * which text[0..len) begins, and as much of it as is one; returns its length, 0 when there is none.
 * *ret_whole: it has neither point nor exponent. The value may be ±infinity as above, and is NaN
 * when the number has more than 1023 characters. */
size_t cr_num_read_json(const char *text, size_t len, double *ret_value, bool *ret_whole);

/* Reads all of text[0..len) as a decimal integer that fits int64; "516.0" is accepted as 516. */
bool cr_num_parse_int(const char *text, size_t len, int64_t *ret_value);

/* Writes the shortest decimal text that reads back as exactly value ("0.1", "1e+300", "-0") and a
 * NUL; returns its length. NaN gives "nan", infinities "inf" and "-inf"; JSON writers must not pass
 * them. */
size_t cr_num_format(double value, char text[CR_NUM_LEN]);

/* The same of a finite value, and what has neither point nor exponent gets one: "1.0". */
size_t cr_num_format_real(double value, char text[CR_NUM_LEN]);

/* Whether the value rounds to a finite float; NaN does not. */
bool cr_num_fits_float(double value);

/* value rounded to `decimals` places (0..9), ties away from zero as floor(10^d·|x| + .5) does. */
double cr_num_round(double value, int decimals);

#endif
