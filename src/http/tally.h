// SPDX-License-Identifier: MIT
/* Private to http/: how many connections each client holds. All memory is taken at the beginning.
 * Any thread may call. */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "creditrisk/util/error.h"

struct cr_tally;

/* At most `max` for one client, `capacity` clients at a time. Yours: cr_tally_destroy. CR_ENOMEM.
 */
int cr_tally_create(size_t capacity, unsigned max, struct cr_tally **ret_tally,
                    struct cr_error *err);
void cr_tally_destroy(struct cr_tally *tally);

/* One more for the client; false when it has its maximum already. */
bool cr_tally_enter(struct cr_tally *tally, const struct cr_address *client);

/* One less; only after an enter that said yes. */
void cr_tally_leave(struct cr_tally *tally, const struct cr_address *client);

#endif
