// SPDX-License-Identifier: MIT
/* Private to http/: how often a client may ask. A token bucket for each client, of `quota` tokens,
 * filled again within `window_s`: a client that was quiet may ask `quota` times at once, and then
 * quota / window_s times a second. Any thread may call. Memory is fixed: of very many clients the
 * longest quiet ones are forgotten, which makes the limit milder, never harder. */
#ifndef HTTP_LIMIT_H
#define HTTP_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

struct cr_limit;

struct cr_limit_verdict {
    bool allowed;
    unsigned remaining;     /* tokens left */
    unsigned full_in_s;     /* rounded up */
    unsigned retry_after_s; /* until there is a token again, at least 1; 0 when allowed */
};

/* Yours: cr_limit_destroy. CR_ENOMEM. */
int cr_limit_create(unsigned quota, unsigned window_s, struct cr_limit **ret_limit,
                    struct cr_error *err);
void cr_limit_destroy(struct cr_limit *limit);

/* Takes one token of the client that `name` tells from all others; now_ns is the monotonic clock's.
 */
struct cr_limit_verdict cr_limit_take(struct cr_limit *limit, const void *name, size_t name_len,
                                      int64_t now_ns);

/* RFC draft "RateLimit header fields for HTTP": "default";q=100;w=60 and "default";r=50;t=30. */
enum { CR_LIMIT_TEXT_LEN = 64 };
void cr_limit_policy(const struct cr_limit *limit, char ret_text[CR_LIMIT_TEXT_LEN]);
void cr_limit_state(const struct cr_limit_verdict *verdict, char ret_text[CR_LIMIT_TEXT_LEN]);

#endif
