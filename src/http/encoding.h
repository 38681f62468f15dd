// SPDX-License-Identifier: MIT
/* Private to http/: what a client says of the encodings it takes. */
#ifndef HTTP_ENCODING_H
#define HTTP_ENCODING_H

#include <stdbool.h>

/* Whether an Accept-Encoding (NULL when absent) allows the content coding `name` (RFC 9110,
 * 12.5.3): it is listed, or "*" is and it is not, with a weight above 0. A list that is not well
 * formed allows nothing. */
bool cr_encoding_accepts(const char *accept, const char *name);

#endif
