// SPDX-License-Identifier: MIT
/* Private to http/: responses that are sent again. The library copies every header of a response,
 * in three pieces, and forgets them with it: to make one costs as much as to read the application.
 * But what was sent can be sent again, and other bytes may stand in the same place as long as they
 * are as many. So an answer is filled up with blanks, which JSON ignores, to one of a few
 * lengths. */
#ifndef HTTP_KEPT_H
#define HTTP_KEPT_H

#include <microhttpd.h>
#include <stddef.h>

#include "creditrisk/util/strbuf.h"

enum { CR_KEPT_STEP = 128, CR_KEPT_MAX = 4096 };

/* The responses of one buffer, which takes one answer after the other. */
struct cr_kept;

/* Fills the answer up with blanks and the end of the line to a multiple of CR_KEPT_STEP; one that
 * would have more than CR_KEPT_MAX bytes stays as it is. */
void cr_kept_fill(struct cr_strbuf *answer);

/* The place of the response, NULL in it when there is none yet, for answers that stand there and
 * are so long. NULL when they have no such length, or without memory. *kept is NULL at first; what
 * stood elsewhere is forgotten. */
struct MHD_Response **cr_kept_find(struct cr_kept **kept, const char *bytes, size_t len);

void cr_kept_destroy(struct cr_kept *kept);

#endif
