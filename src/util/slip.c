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

/* Whether the last two bytes of one are those of the other in the other order. */
static bool swapped(const char *a_end, const char *b_end)
{
    return same(a_end[-1], b_end[-2]) && same(a_end[-2], b_end[-1]);
}

/* Optimal string alignment, case ignored. d[i][j], of the first i bytes of a to the first j of b,
 * is the least of d[i-1][j-1] + (a[i-1] != b[j-1]), d[i-1][j] + 1, d[i][j-1] + 1 and, where the
 * last two bytes have changed places, d[i-2][j-2] + 1. Row i is rows[i % 3]. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][MAX_COMPARED + 1];

    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);

            row[j] = least(changed, 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && swapped(a + i, b + j)) {
                row[j] = least(row[j], 1 + rows[(i - 2) % 3][j - 2]);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

size_t cr_slip_distance(const char *name, const char *text)
{
    size_t name_len = strlen(name), text_len = strlen(text);
    size_t most = text_len < 4 ? 1 : 2;
    size_t d;

    if (name_len > MAX_COMPARED || text_len > MAX_COMPARED || name_len > text_len + most ||
        text_len > name_len + most) { /* a change makes a text longer by one at most */
        return CR_SLIP_NONE;
    }
    d = distance(name, name_len, text, text_len);
    d = d == 0 && strcmp(name, text) != 0 ? 1 : d;
    return d <= most ? d : CR_SLIP_NONE;
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
