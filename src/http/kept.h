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

/* Lengths are multiples of the step; longer answers have no response that is kept. One takes some
 * 700 bytes; the applications of a loan book have a few different lengths. */
enum { CR_KEPT_STEP = 128, CR_KEPT_MAX = 8192 };

/* The responses of one buffer, which takes one answer after the other. */
struct cr_kept;

/* Yours: cr_kept_destroy, before the buffer ends; NULL without memory. */
struct cr_kept *cr_kept_create(void);
void cr_kept_destroy(struct cr_kept *kept);

/* Fills the answer up to a multiple of the step: blanks and, at last, the end of the line. */
void cr_kept_fill(struct cr_strbuf *answer);

/* The response for answers that stand there and are so long: a length that cr_kept_fill gives, up
 * to CR_KEPT_MAX. Borrowed; NULL when there is none. */
struct MHD_Response *cr_kept_get(const struct cr_kept *kept, const char *bytes, size_t len);

/* Takes the reference over where cr_kept_get has found none. Responses for another place are
 * forgotten. */
void cr_kept_put(struct cr_kept *kept, struct MHD_Response *response, const char *bytes,
                 size_t len);

#endif
