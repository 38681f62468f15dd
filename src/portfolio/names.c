// SPDX-License-Identifier: MIT
#include "names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/slip.h"

enum { MAX_LIST_LEN = 240 };

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

/* The one name that differs by a slip of the pen, or NULL. */
static const char *nearest(struct cr_names names, const char *text)
{
    const char *name = NULL;

    for (size_t i = 0; i < names.n; i++) {
        name = cr_slip_nearer(name, cr_names_at(names, i), text);
    }
    return name;
}

/* "a, b, c", cut after a whole name with "…". */
static void list(struct cr_names names, char text[MAX_LIST_LEN])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < names.n; i++) {
        const char *comma = i > 0 ? ", " : "";
        const char *name = cr_names_at(names, i);

        if (len + strlen(comma) + strlen(name) + sizeof(", …") > MAX_LIST_LEN) {
            (void)snprintf(text + len, MAX_LIST_LEN - len, "%s…", comma); /* fits: just checked */
            return;
        }
        len += (size_t)snprintf(text + len, MAX_LIST_LEN - len, "%s%s", comma, name);
    }
}

int cr_names_unknown(struct cr_names names, const struct cr_yaml_node *node, const char *what,
                     struct cr_error *err)
{
    const char *text = node->text != NULL ? node->text : "";
    const char *likely = nearest(names, text);
    char all[MAX_LIST_LEN], hint[CR_SLIP_HINT_LEN];

    if (likely != NULL) {
        return cr_yaml_error(node, err, "there is no %s '%s'%s", what, text,
                             cr_slip_hint(likely, hint));
    }
    list(names, all);
    return cr_yaml_error(node, err, "there is no %s '%s'; known: %s", what, text, all);
}
