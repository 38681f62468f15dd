// SPDX-License-Identifier: MIT
/* Private to settings/: one row of THE table (settings.c), and its text reader. */
#ifndef SETTINGS_SETTING_H
#define SETTINGS_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"

enum cr_setting_type {
    CR_SETTING_TEXT,   /* char *, not empty */
    CR_SETTING_URL,    /* char *, a database (util/url), perhaps with a password */
    CR_SETTING_SECRET, /* char *, at least 32 characters without blanks, never shown */
    CR_SETTING_INET,   /* char *, a numeric address (util/inet) */
    CR_SETTING_NAME,   /* char *, a portfolio's */
    CR_SETTING_CHOICE, /* char *, one of the comma-separated `choices` */
    CR_SETTING_LIST,   /* char *, comma-separated entries without blanks; an empty one (a comma too
                        * many) is refused; a sequence in the file */
    CR_SETTING_NAMES,  /* the same of portfolios' names, and * */
    CR_SETTING_INT,    /* int */
    CR_SETTING_SIZE,   /* size_t */
    CR_SETTING_BOOL,   /* bool */
};

/* One setting. Its variable in the environment is CREDITRISK_ and the flag, or the key where there
 * is no flag, in capitals with _ for dots and dashes. */
struct cr_setting {
    const char *key;  /* in the file; dots separate levels; NULL = given as a flag only */
    const char *flag; /* on the command line, without the dashes; NULL = none */
    enum cr_setting_type type;
    size_t offset;
    const char *fallback; /* the default as text; NULL = unset, and null is allowed in the file */
    int64_t min;
    int64_t max;
    const char *choices;
};

enum { CR_SETTING_MAX_KEY_LEN = CR_SETTINGS_VARIABLE_LEN };

/* The i-th row, NULL beyond the last. */
const struct cr_setting *cr_setting_at(size_t i);

/* The row of a key that exists. */
const struct cr_setting *cr_setting_find(const char *key);

/* The row that `path` names in the file (NULL when none), and whether it is the beginning of one
 * ("limits"). */
const struct cr_setting *cr_setting_find_path(const char *path, bool *ret_section);

/* The key or section below `prefix` ("" or "limits.") that an unknown path was probably meant to
 * be;
 * "" when nothing is near. Returns likely. */
const char *cr_setting_find_likely(const char *prefix, const char *path,
                                   char likely[CR_SETTING_MAX_KEY_LEN]);

/* The row with this flag, or NULL. */
const struct cr_setting *cr_setting_find_flag(const char *name);

/* Whether its value is a char *, and a list in one. */
bool cr_setting_is_text(const struct cr_setting *setting);
bool cr_setting_is_list(const struct cr_setting *setting);

/* Reads one value; the message says what is wrong with it, callers say where it stands. */
int cr_setting_set(struct cr_settings *settings, const struct cr_setting *setting,
                   const char *value, enum cr_origin origin, struct cr_error *err);

#endif
