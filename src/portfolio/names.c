// SPDX-License-Identifier: MIT
#include "names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/slip.h"

const char *cr_names_at(struct cr_names names, size_t i)
{
    const char *base = names.items;

    return *(const char *const *)(const void *)(base + i * names.stride);
}

ptrdiff_t cr_names_find(struct cr_names names, const char *name)
{
    for (size_t i = 0; i < names.n; i++) {
        if (strcmp(cr_names_at(names, i), name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

ptrdiff_t cr_names_find_folded(struct cr_names names, const char *name)
{
    for (size_t i = 0; i < names.n; i++) {
        if (strcasecmp(cr_names_at(names, i), name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

/* Texts are short and mostly differ at once. */
static bool equal(const char *name, const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && name[i] == text[i] && name[i] != '\0') {
        i++;
    }
    return i == len && name[len] == '\0';
}

ptrdiff_t cr_names_find_text(const char *const *texts, size_t n, const char *text, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (equal(texts[i], text, len)) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

/* The one name that differs by a slip of the pen, or NULL. */
static const char *nearest(struct cr_names names, const char *text)
{
    const char *name = NULL;

    for (size_t i = 0; i < names.n; i++) {
        name = cr_slip_nearer(name, cr_names_at(names, i), text);
    }
    return name;
}

/* Appends "a, b, c", cut after a whole name with "…". */
static void list(struct cr_names names, char tail[CR_NAMES_TAIL_LEN])
{
    size_t len = strlen(tail);

    for (size_t i = 0; i < names.n; i++) {
        const char *comma = i > 0 ? ", " : "";
        const char *name = cr_names_at(names, i);

        if (len + strlen(comma) + strlen(name) + sizeof(", …") > CR_NAMES_TAIL_LEN) {
            (void)snprintf(tail + len, CR_NAMES_TAIL_LEN - len, "%s…", comma); /* fits: checked */
            return;
        }
        len += (size_t)snprintf(tail + len, CR_NAMES_TAIL_LEN - len, "%s%s", comma, name);
    }
}

const char *cr_names_tail(struct cr_names names, const char *text, char tail[CR_NAMES_TAIL_LEN])
{
    const char *likely = nearest(names, text);
    char hint[CR_SLIP_HINT_LEN];

    (void)snprintf(tail, CR_NAMES_TAIL_LEN, "%s",
                   likely != NULL ? cr_slip_hint(likely, hint) : "; known: "); /* fits */
    if (likely == NULL) {
        list(names, tail);
    }
    return tail;
}

int cr_names_unknown(struct cr_names names, const struct cr_yaml_node *node, const char *what,
                     struct cr_error *err)
{
    const char *text = node->text != NULL ? node->text : "";
    char tail[CR_NAMES_TAIL_LEN];

    return cr_yaml_error(node, err, "there is no %s '%s'%s", what, text,
                         cr_names_tail(names, text, tail));
}
