// SPDX-License-Identifier: MIT
/* Slips of the pen: a word that nobody knows, one or two changes from one that is known, was meant
 * to be that one. */
#ifndef CREDITRISK_UTIL_SLIP_H
#define CREDITRISK_UTIL_SLIP_H

#include <stddef.h>

#define CR_SLIP_NONE ((size_t)-1)

/* How many characters must be added, left out or changed, or change places with their neighbour, to
 * make `name` of `text` (optimal string alignment), if that is a slip: at most 2, at most 1 in
 * texts of less than 4 characters. Case is no change, but texts that differ in nothing else are 1
 * apart. Else, and beyond 63 characters, CR_SLIP_NONE. */
size_t cr_slip_distance(const char *name, const char *text);

/* Which of two names the text was rather meant to be, `best` where they are as near; NULL when
 * neither. `best` may be NULL: from there on a walk over names finds the nearest. */
const char *cr_slip_nearer(const char *best, const char *name, const char *text);

enum { CR_SLIP_HINT_LEN = 96 };

/* The end of a message about a word that nobody knows: "; did you mean 'likely'?", or "" where
 * likely is NULL or empty. Returns text. */
const char *cr_slip_hint(const char *likely, char text[CR_SLIP_HINT_LEN]);

#endif
