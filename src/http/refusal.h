// SPDX-License-Identifier: MIT
/* Private to http/: the ways a request can be refused. reply.c holds the table that says what each
 * looks like. */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

enum cr_refusal {
    CR_REFUSAL_NONE,
    CR_REFUSAL_MALFORMED,         /* 400 and close: the bytes may mean two things */
    CR_REFUSAL_UNAUTHENTICATED,   /* 401 with WWW-Authenticate */
    CR_REFUSAL_FORBIDDEN,         /* 403: the key does not open this */
    CR_REFUSAL_FOREIGN,           /* 403: a page of another origin asks */
    CR_REFUSAL_BAD_REQUEST,       /* 400: understood, and wrong */
    CR_REFUSAL_NOT_FOUND,         /* 404 */
    CR_REFUSAL_METHOD,            /* 405 with Allow */
    CR_REFUSAL_CONFLICT,          /* 409 */
    CR_REFUSAL_TOO_LARGE,         /* 413 and close */
    CR_REFUSAL_MEDIA_TYPE,        /* 415 */
    CR_REFUSAL_INVALID,           /* 422 with a list of complaints */
    CR_REFUSAL_TOO_MANY,          /* 429 with Retry-After */
    CR_REFUSAL_HEADERS_TOO_LARGE, /* 431 and close */
    CR_REFUSAL_INTERNAL,          /* 500 */
    CR_REFUSAL_UNKNOWN_METHOD,    /* 501 and close */
    CR_REFUSAL_UNAVAILABLE,       /* 503 with Retry-After */
    CR_REFUSAL_OVERLOAD,          /* 503 with Retry-After and close */
};

#endif
