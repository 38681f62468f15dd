// SPDX-License-Identifier: MIT
/* Private to http/: how much each client holds: connections, or bytes. All memory is taken at the
 * beginning. Any thread may call. */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "creditrisk/util/error.h"

struct cr_tally;

/* At most `max` for one client, `capacity` clients at a time. Yours: cr_tally_destroy. CR_ENOMEM.
 */
int cr_tally_create(size_t capacity, size_t max, struct cr_tally **ret_tally, struct cr_error *err);
void cr_tally_destroy(struct cr_tally *tally);

/* n ≥ 1 more for the client; false when that is beyond its maximum. */
bool cr_tally_enter(struct cr_tally *tally, const struct cr_address *client, size_t n);

/* n less; only what an enter said yes to. */
void cr_tally_leave(struct cr_tally *tally, const struct cr_address *client, size_t n);

#endif
