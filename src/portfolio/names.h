// SPDX-License-Identifier: MIT
/* Names: any array of texts, or of structures that begin with a name. */
#ifndef PORTFOLIO_NAMES_H
#define PORTFOLIO_NAMES_H

#include <stddef.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/yaml.h"

struct cr_names {
    const void *items;
    size_t n;
    size_t stride; /* bytes from one name pointer to the next */
};

#define CR_NAMES(array, length) ((struct cr_names){(array), (length), sizeof((array)[0])})

const char *cr_names_at(struct cr_names names, size_t i);

/* Index of the name, −1 when absent. The second ignores case as SQL does. */
ptrdiff_t cr_names_find(struct cr_names names, const char *name);
ptrdiff_t cr_names_find_folded(struct cr_names names, const char *name);

/* The same of n texts side by side for text[0..len), which may hold anything: what reading an
 * application asks of every choice in it. */
ptrdiff_t cr_names_find_text(const char *const *texts, size_t n, const char *text, size_t len);

enum { CR_NAMES_TAIL_LEN = 260 };

/* The end of a message about a text that is none of the names: "; did you mean 'x'?" where one is
 * near, else "; known: a, b, c", cut where it would be too long. Returns tail. */
const char *cr_names_tail(struct cr_names names, const char *text, char tail[CR_NAMES_TAIL_LEN]);

/* CR_EPARSE at the node, whose text is no `what` ("field", "level", …): names the nearest one, or
 * else lists them. */
int cr_names_unknown(struct cr_names names, const struct cr_yaml_node *node, const char *what,
                     struct cr_error *err);

#endif
