// SPDX-License-Identifier: MIT
/* Time: a monotonic clock to measure with and UTC timestamps to write down. */
#ifndef CREDITRISK_UTIL_CLOCK_H
#define CREDITRISK_UTIL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of the monotonic clock. */
int64_t cr_clock_ns(void);

/* The same as of the system's last tick, some milliseconds ago at most: for deadlines of seconds,
 * at a fraction of the cost. */
int64_t cr_clock_coarse_ns(void);

/* "2026-01-31T12:34:56.789Z" */
#define CR_CLOCK_TEXT_LEN 25
void cr_clock_utc(char ret_text[CR_CLOCK_TEXT_LEN]);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back; month and day count from 1. */
int64_t cr_clock_days(int year, int month, int day);
void cr_clock_date(int64_t days, int *ret_year, int *ret_month, int *ret_day);

/* Reads "YYYY-MM-DD" exactly (10 characters, an existing day); false otherwise. */
bool cr_clock_parse_date(const char *text, size_t len, int64_t *ret_days);

/* Reads a date, optionally with a time of the day and a zone ("2026-01-31", "…T12:34",
 * "…T12:34:56", "…T12:34:56.789", each also with "Z" or an offset like "+05:30"; without one it is
 * UTC; a date is its first moment) and writes it as cr_clock_utc does; false otherwise. */
bool cr_clock_parse_utc(const char *text, char ret_text[CR_CLOCK_TEXT_LEN]);

/* Writes "YYYY-MM-DD" and a NUL. */
void cr_clock_format_date(int64_t days, char ret_text[11]);

#endif
