// SPDX-License-Identifier: MIT
/* Days and dates of the proleptic Gregorian calendar. Years are counted from 1 March, so that a
 * leap day is a year's last: the days before month m (0 = March) are then ⌊(153·m + 2) / 5⌋, and
 * 400 years always have 146,097 days. (H. Hinnant, "chrono-compatible low-level date algorithms",
 * days_from_civil and civil_from_days.) */
#include "creditrisk/util/clock.h"

#include <time.h>

enum {
    DAYS_OF_ERA = 146097,  /* 400 years */
    DAYS_TO_EPOCH = 719468 /* 0000-03-01 to 1970-01-01 */
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

int64_t cr_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void cr_clock_utc(char ret_text[CR_CLOCK_TEXT_LEN])
{
    struct timespec now;
    int64_t days, seconds;
    char *end = ret_text + 10;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    days = floor_div(now.tv_sec, 86400);
    seconds = now.tv_sec - days * 86400;
    cr_clock_format_date(days, ret_text);
    *end++ = 'T';
    end = put_digits(end, seconds / 3600, 2);
    *end++ = ':';
    end = put_digits(end, seconds / 60 % 60, 2);
    *end++ = ':';
    end = put_digits(end, seconds % 60, 2);
    *end++ = '.';
    end = put_digits(end, now.tv_nsec / 1000000, 3);
    *end++ = 'Z';
    *end = '\0';
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
