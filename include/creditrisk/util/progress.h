// SPDX-License-Identifier: MIT
/* Progress of long work on standard error: a bar on a terminal, plain lines otherwise, nothing when
 * quiet. Safe to advance from several threads. */
#ifndef CREDITRISK_UTIL_PROGRESS_H
#define CREDITRISK_UTIL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct cr_progress;

/* `total` steps of the named work (0 = rows, nobody knows how many). NULL is a valid, silent
 * progress: without memory or when quiet. */
struct cr_progress *cr_progress_create(const char *title, size_t total, bool quiet);

/* Work that tells nothing of itself, as a query does: from its second second on a terminal shows
 * how long it has taken; else a line says so every half minute, and one at the end. What takes less
 * than a second says nothing. NULL as above. */
struct cr_progress *cr_progress_create_waiting(const char *title, bool quiet);

/* `steps` more are done; `note` (may be NULL) stands behind the bar, e.g. the best score so far. */
void cr_progress_advance(struct cr_progress *progress, size_t steps, const char *note);

/* Ends the line with the elapsed time and frees. NULL allowed. */
void cr_progress_destroy(struct cr_progress *progress);

/* The work failed: takes the bar away, says nothing and frees. NULL allowed. */
void cr_progress_abandon(struct cr_progress *progress);

static inline void cr_progress_abandonp(struct cr_progress **progress)
{
    cr_progress_abandon(*progress);
}

#endif
