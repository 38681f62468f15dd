// SPDX-License-Identifier: MIT
/* Lists in one text: entries with commas between them. */
#ifndef CREDITRISK_UTIL_LIST_H
#define CREDITRISK_UTIL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Borrowed from the list. */
struct cr_list_entry {
    const char *text;
    size_t len;
};

/* What cr_list_next begins with; an empty text has no entries. */
static inline const char *cr_list_begin(const char *list)
{
    return *list != '\0' ? list : NULL;
}

/* The entry there, which may be empty, and moves on; false at the end. */
static inline bool cr_list_next(const char **at, struct cr_list_entry *ret_entry)
{
    size_t len;

    if (*at == NULL) {
        return false;
    }
    len = strcspn(*at, ",");
    *ret_entry = (struct cr_list_entry){*at, len};
    *at = (*at)[len] == ',' ? *at + len + 1 : NULL;
    return true;
}

static inline bool cr_list_entry_is(const struct cr_list_entry *entry, const char *text)
{
    return strlen(text) == entry->len && memcmp(entry->text, text, entry->len) == 0;
}

#endif
