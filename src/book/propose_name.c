// SPDX-License-Identifier: MIT
/* Names for SQL, made from what stands in the first line of a file. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "propose.h"
#include "propose_name.h"

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

/* A header's letters, one for each byte that is ASCII and two for an umlaut; blanks for all else.
 */
struct letters {
    const char *next;
    char second; /* of the umlaut in work; '\0' = none */
};

static bool is_small(const char *text)
{
    return islower((unsigned char)text[0]) ||
           ((unsigned char)text[0] == 0xc3 && (unsigned char)text[1] >= 0x9f);
}

/* The next one; '\0' behind the last. The second one of ÄRGER is a capital, that of Ärger is not.
 */
static char read_letter(struct letters *letters)
{
    static const struct {
        const char *text, *letters;
    } umlauts[] = {
        {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}, {"Ä", "AE"}, {"Ö", "OE"}, {"Ü", "UE"},
    };
    char letter = letters->second;

    letters->second = '\0';
    if (letter != '\0' || *letters->next == '\0') {
        return letter;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(umlauts); i++) {
        size_t len = strlen(umlauts[i].text);

        if (strncmp(letters->next, umlauts[i].text, len) == 0) {
            letters->next += len;
            letter = umlauts[i].letters[1];
            letters->second =
                is_small(letters->next) ? (char)tolower((unsigned char)letter) : letter;
            return umlauts[i].letters[0];
        }
    }
    letter = *letters->next++;
    return isascii((unsigned char)letter) ? letter : ' ';
}

/* Whether the second of these letters is a capital with which a word begins, though nothing parts
 * it from the one before. */
static bool begins_word(const char at[4])
{
    bool is_plural = at[2] == 's' && !islower((unsigned char)at[3]);

    return isupper((unsigned char)at[1]) &&
           (islower((unsigned char)at[0]) ||
            (isalnum((unsigned char)at[0]) && islower((unsigned char)at[2]) && !is_plural));
}

/* A header's words in lower case, one letter after the other; '_' before each word but the first.
 */
struct words {
    struct letters letters;
    char at[4]; /* the letter before, this one and the two behind it */
    char last;  /* that was read */
};

static void advance(struct words *words)
{
    memmove(words->at, words->at + 1, 3);
    words->at[3] = read_letter(&words->letters);
}

static struct words begin_words(const char *header)
{
    struct words words = {.letters = {.next = header}};

    for (int i = 0; i < 3; i++) {
        advance(&words);
    }
    return words;
}

/* The next one; '\0' behind the last. */
static char read_word(struct words *words)
{
    bool is_parted = begins_word(words->at);
    char letter;

    while (words->at[1] != '\0' && !isalnum((unsigned char)words->at[1])) {
        is_parted = true;
        advance(words);
    }
    letter = words->at[1];
    if (letter == '\0') {
        return '\0';
    }
    if (is_parted && words->last != '\0' && words->last != '_') {
        words->last = '_';
    } else {
        words->last = (char)tolower((unsigned char)letter);
        advance(words);
    }
    return words->last;
}

void cr_propose_make_name(const char *header, char name[CR_PROPOSE_NAME_LEN])
{
    struct words words = begin_words(header);
    size_t len = 0;
    char letter;

    while ((letter = read_word(&words)) != '\0' && len + 12 < CR_PROPOSE_NAME_LEN) {
        if (len == 0 && isdigit((unsigned char)letter)) {
            name[len++] = 'x';
        }
        name[len++] = letter;
    }
    len -= len > 0 && name[len - 1] == '_'; /* of a word that had no room */
    name[len] = '\0';
    if (len == 0) {
        len = (size_t)snprintf(name, CR_PROPOSE_NAME_LEN, "column");
    }
    if (is_reserved(name)) {
        (void)snprintf(name + len, CR_PROPOSE_NAME_LEN - len, "_value"); /* 11 bytes are free */
    }
}

bool cr_propose_is_id(const char *header)
{
    static const char *const names[] = {"id", "uuid", "key"};
    struct words words = begin_words(header);
    char last[8] = "";
    size_t len = 0;
    char letter;

    while ((letter = read_word(&words)) != '\0') {
        if (letter == '_') {
            len = 0;
        } else if (len + 1 < sizeof(last)) {
            last[len++] = letter;
        }
    }
    last[len] = '\0';
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        if (strcmp(last, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

int cr_propose_check_name(const char *name, struct cr_error *err)
{
    static const char *const prefixes[] = {"sqlite_", "pg_"};
    char table[CR_PROPOSE_NAME_LEN];

    cr_propose_make_name(name, table);
    for (size_t i = 0; i < CR_ARRAY_LEN(prefixes); i++) {
        if (strncmp(table, prefixes[i], strlen(prefixes[i])) == 0) {
            return cr_error_set(err, CR_EINVAL,
                                "'%s' is no name of a portfolio: its table would be '%s', a name "
                                "that one of the databases keeps for itself (sqlite_…, pg_…): "
                                "choose another --name",
                                name, table);
        }
    }
    return 0;
}

int cr_propose_check_other(const char *name, const char *other, struct cr_error *err)
{
    char table[CR_PROPOSE_NAME_LEN], taken[CR_PROPOSE_NAME_LEN];

    cr_propose_make_name(name, table);
    cr_propose_make_name(other, taken);
    return strcmp(table, taken) != 0
               ? 0
               : cr_error_set(err, CR_EINVAL,
                              "table '%s' is that of the portfolio '%s': choose another --name",
                              table, other);
}
