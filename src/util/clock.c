// SPDX-License-Identifier: MIT
/* Days and dates of the proleptic Gregorian calendar. Years are counted from 1 March, so that a
 * leap day is a year's last: the days before month m (0 = March) are then ⌊(153·m + 2) / 5⌋, and
 * 400 years always have 146,097 days. (H. Hinnant, "chrono-compatible low-level date algorithms",
 * days_from_civil and civil_from_days.) */
#include "creditrisk/util/clock.h"

#include <string.h>
#include <time.h>

enum {
    DAYS_OF_ERA = 146097,   /* 400 years */
    DAYS_TO_EPOCH = 719468, /* 0000-03-01 to 1970-01-01 */
    SECONDS_OF_DAY = 86400,
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Writes the last n digits of value. */
static char *put_digits(char *text, int64_t value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return text + n;
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t cr_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t cr_clock_coarse_ns(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

/* Writes a moment, in seconds since the epoch and milliseconds beyond. */
static void put_moment(int64_t moment, int64_t ms, char ret_text[CR_CLOCK_TEXT_LEN])
{
    int64_t days = floor_div(moment, SECONDS_OF_DAY);
    int64_t seconds = moment - days * SECONDS_OF_DAY;
    char *end = ret_text + 10;

    cr_clock_format_date(days, ret_text);
    *end++ = 'T';
    end = put_digits(end, seconds / 3600, 2);
    *end++ = ':';
    end = put_digits(end, seconds / 60 % 60, 2);
    *end++ = ':';
    end = put_digits(end, seconds % 60, 2);
    *end++ = '.';
    end = put_digits(end, ms, 3);
    *end++ = 'Z';
    *end = '\0';
}

void cr_clock_utc(char ret_text[CR_CLOCK_TEXT_LEN])
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    put_moment(now.tv_sec, now.tv_nsec / 1000000, ret_text);
}

int64_t cr_clock_days(int year, int month, int day)
{
    int64_t march_year = (int64_t)year - (month <= 2);
    int64_t era = floor_div(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t march_month = (month + 9) % 12;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_OF_ERA + day_of_era - DAYS_TO_EPOCH;
}

void cr_clock_date(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t era = floor_div(days + DAYS_TO_EPOCH, DAYS_OF_ERA);
    int64_t day_of_era = days + DAYS_TO_EPOCH - era * DAYS_OF_ERA;
    /* the leap days before it are taken out: one every 1460 days, but for 36524, and the era's last
     */
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *ret_month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

bool cr_clock_parse_date(const char *text, size_t len, int64_t *ret_days)
{
    static const char shape[] = "dddd-dd-dd";
    int parts[3] = {0}; /* year, month, day */
    int year, month, day, part = 0;
    int64_t days;

    if (len != sizeof(shape) - 1) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (shape[i] == '-') {
            if (text[i] != '-') {
                return false;
            }
            part++;
        } else if (text[i] >= '0' && text[i] <= '9') {
            parts[part] = parts[part] * 10 + (text[i] - '0');
        } else {
            return false;
        }
    }
    if (parts[1] < 1 || parts[1] > 12) {
        return false;
    }
    /* only a day that exists comes back as itself */
    days = cr_clock_days(parts[0], parts[1], parts[2]);
    cr_clock_date(days, &year, &month, &day);
    if (year != parts[0] || month != parts[1] || day != parts[2]) {
        return false;
    }
    *ret_days = days;
    return true;
}

/* Reads n digits as a number of at most max; moves *text behind them. */
static bool take_digits(const char **text, int n, int max, int *ret_number)
{
    int number = 0;

    for (int i = 0; i < n; i++) {
        if ((*text)[i] < '0' || (*text)[i] > '9') {
            return false;
        }
        number = number * 10 + ((*text)[i] - '0');
    }
    *text += n;
    *ret_number = number;
    return number <= max;
}

/* "12:34", "12:34:56" or "12:34:56.789". */
static bool take_time(const char **text, int64_t *ret_seconds, int *ret_ms)
{
    int hours, minutes, seconds = 0;

    if (!take_digits(text, 2, 23, &hours) || *(*text)++ != ':' ||
        !take_digits(text, 2, 59, &minutes)) {
        return false;
    }
    if (**text == ':') {
        (*text)++;
        if (!take_digits(text, 2, 59, &seconds)) {
            return false;
        }
        if (**text == '.') {
            (*text)++;
            if (!take_digits(text, 3, 999, ret_ms)) {
                return false;
            }
        }
    }
    *ret_seconds = hours * 3600 + minutes * 60 + seconds;
    return true;
}

/* Nothing, "Z", "+05:30" or "-05:30". */
static bool take_zone(const char **text, int64_t *ret_seconds)
{
    int sign = **text == '-' ? -1 : 1;
    int hours, minutes;

    *ret_seconds = 0;
    if (**text == '\0' || **text == 'Z') {
        *text += **text == 'Z';
        return true;
    }
    if (*(*text)++ != '+' && sign > 0) {
        return false;
    }
    if (!take_digits(text, 2, 23, &hours) || *(*text)++ != ':' ||
        !take_digits(text, 2, 59, &minutes)) {
        return false;
    }
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool cr_clock_parse_utc(const char *text, char ret_text[CR_CLOCK_TEXT_LEN])
{
    enum { DATE_LEN = 10 };
    int64_t days = 0, seconds = 0, zone = 0;
    int ms = 0;

    if (strnlen(text, DATE_LEN) < DATE_LEN || !cr_clock_parse_date(text, DATE_LEN, &days)) {
        return false;
    }
    text += DATE_LEN;
    if (*text == 'T') {
        text++;
        if (!take_time(&text, &seconds, &ms) || !take_zone(&text, &zone)) {
            return false;
        }
    }
    if (*text != '\0') {
        return false;
    }
    seconds += days * SECONDS_OF_DAY - zone;
    if (seconds < cr_clock_days(0, 1, 1) * SECONDS_OF_DAY ||
        seconds >= cr_clock_days(10000, 1, 1) * SECONDS_OF_DAY) {
        return false; /* a year of other than four digits */
    }
    put_moment(seconds, ms, ret_text);
    return true;
}

void cr_clock_format_date(int64_t days, char ret_text[11])
{
    int year, month, day;
    char *end = ret_text;

    cr_clock_date(days, &year, &month, &day);
    end = put_digits(end, year, 4);
    *end++ = '-';
    end = put_digits(end, month, 2);
    *end++ = '-';
    end = put_digits(end, day, 2);
    *end = '\0';
}
