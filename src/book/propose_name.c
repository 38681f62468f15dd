// SPDX-License-Identifier: MIT
/* Names for SQL, made from what stands in the first line of a file. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "propose.h"

/* The keywords of SQLite, those of PostgreSQL that are no names, and what this program means by a
 * word in features.sql and training.sql. */
static const char reserved[] =
    " abort action add after all alter always analyse analyze and any application array as asc "
    "asymmetric attach authorization autoincrement before begin between binary both by "
    "cascade case cast check coalesce collate collation column commit concurrently conflict "
    "constraint create cross current current_catalog current_date current_role current_schema "
    "current_time current_timestamp current_user database default deferrable deferred delete "
    "desc detach distinct do drop each else end escape except exclude exclusive exists "
    "explain fail false features fetch filter first following for foreign freeze from full "
    "generated glob grant group groups having if ignore ilike immediate in index indexed "
    "initially inner insert instead intersect into is isnull join key last lateral leading "
    "left like limit ln localtime localtimestamp match materialized natural no not nothing "
    "notnull null nulls of offset on only or order others outer over overlaps partition "
    "placing plan power pragma preceding primary query raise range recursive references "
    "regexp reindex release rename replace restrict returning right rollback row row_id "
    "row_number rows savepoint select session_user set similar some symmetric system_user "
    "table tablesample temp temporary then ties to trailing transaction trigger true "
    "unbounded union unique update user using vacuum values variadic verbose view virtual "
    "when where window with within without ";

static bool is_reserved(const char *name)
{
    char word[CR_PROPOSE_NAME_LEN + 2];

    (void)snprintf(word, sizeof(word), " %s ", name); /* it fits */
    return strstr(reserved, word) != NULL;
}

/* Whether a word begins with this capital, though nothing parts it from the one before: isTest,
 * LTVRatio. */
static bool begins_word(const char *header, const char *c)
{
    return c > header && isupper((unsigned char)c[0]) &&
           (islower((unsigned char)c[-1]) ||
            (isalnum((unsigned char)c[-1]) && islower((unsigned char)c[1])));
}

void cr_propose_make_name(const char *header, char name[CR_PROPOSE_NAME_LEN])
{
    size_t len = 0;

    for (const char *c = header; *c != '\0' && len + 12 < CR_PROPOSE_NAME_LEN; c++) {
        bool is_word = isalnum((unsigned char)*c);

        if (is_word && len == 0 && isdigit((unsigned char)*c)) {
            name[len++] = 'x';
        }
        if (begins_word(header, c)) {
            name[len++] = '_';
        }
        if (is_word) {
            name[len++] = (char)tolower((unsigned char)*c);
        } else if (len > 0 && name[len - 1] != '_') {
            name[len++] = '_';
        }
    }
    while (len > 0 && name[len - 1] == '_') {
        len--;
    }
    name[len] = '\0';
    if (len == 0) {
        len = (size_t)snprintf(name, CR_PROPOSE_NAME_LEN, "column");
    }
    if (is_reserved(name)) {
        (void)snprintf(name + len, CR_PROPOSE_NAME_LEN - len, "_value"); /* 12 bytes are free */
    }
}

int cr_propose_check_name(const char *name, struct cr_error *err)
{
    static const char *const prefixes[] = {"sqlite_", "pg_"};
    char table[CR_PROPOSE_NAME_LEN];

    cr_propose_make_name(name, table);
    for (size_t i = 0; i < CR_ARRAY_LEN(prefixes); i++) {
        if (strncmp(table, prefixes[i], strlen(prefixes[i])) == 0) {
            return cr_error_set(err, CR_EINVAL,
                                "'%s' is no name of a portfolio: its table would be '%s', but "
                                "databases keep tables that begin with sqlite_ or pg_ for "
                                "themselves: choose another --name",
                                name, table);
        }
    }
    return 0;
}
