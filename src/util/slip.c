// SPDX-License-Identifier: MIT
#include "creditrisk/util/slip.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COMPARED = 63 }; /* longer names are not compared for likeness */

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, case ignored; costs[j] holds the distance of the first i bytes of a to
 * the first j of b. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t costs[MAX_COMPARED + 1];

    for (size_t j = 0; j <= b_len; j++) {
        costs[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = costs[0];

        costs[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (same(a[i - 1], b[j - 1]) ? 0 : 1);

            diagonal = costs[j];
            costs[j] = least(changed, 1 + least(costs[j - 1], costs[j]));
        }
    }
    return costs[b_len];
}

size_t cr_slip_distance(const char *name, const char *text)
{
    size_t name_len = strlen(name), text_len = strlen(text);
    size_t d;

    if (name_len > MAX_COMPARED || text_len > MAX_COMPARED) {
        return CR_SLIP_NONE;
    }
    d = distance(name, name_len, text, text_len);
    d = d == 0 && strcmp(name, text) != 0 ? 1 : d;
    return d <= (text_len < 4 ? 1 : 2) ? d : CR_SLIP_NONE;
}

const char *cr_slip_nearer(const char *best, const char *name, const char *text)
{
    size_t best_distance = best != NULL ? cr_slip_distance(best, text) : CR_SLIP_NONE;

    return cr_slip_distance(name, text) < best_distance ? name : best;
}

const char *cr_slip_hint(const char *likely, char text[CR_SLIP_HINT_LEN])
{
    text[0] = '\0';
    if (likely != NULL && likely[0] != '\0') {
        (void)snprintf(text, CR_SLIP_HINT_LEN, "; did you mean '%s'?", likely); /* fits: compared */
    }
    return text;
}
