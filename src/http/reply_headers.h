// SPDX-License-Identifier: MIT
/* Private to the replies: the headers of an answer. */
#ifndef HTTP_REPLY_HEADERS_H
#define HTTP_REPLY_HEADERS_H

#include "http.h"

/* Seconds after which a refused client may try again. */
#define CR_RETRY_AFTER_S "5"

/* Adds a header; false only for lack of memory, and then the rest of the answer still holds. */
bool cr_reply_put_header(struct MHD_Response *response, const char *name, const char *value);

/* Those that all answers of the request's route carry, type NULL = no body; false when one is
 * missing. */
bool cr_reply_put_common(const struct cr_request *request, const char *type,
                         struct MHD_Response *response);

/* The request's id, in place of another one. */
void cr_reply_put_id(const struct cr_request *request, struct MHD_Response *response);

/* Those of this answer alone, and whether a usual one, 200, needs more of them than the id. */
void cr_reply_put_own(const struct cr_request *request, unsigned status, bool close,
                      struct MHD_Response *response);
bool cr_reply_has_own(const struct cr_request *request);

#endif
