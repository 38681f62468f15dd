// SPDX-License-Identifier: MIT
/* Private to http/: memory that large bodies and answers share. No client gets more than a share of
 * it, so that one which takes its time keeps nobody else away. Any thread may call. */
#ifndef HTTP_BUDGET_H
#define HTTP_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "creditrisk/util/error.h"

/* One client may hold total / CR_BUDGET_SHARES bytes. */
enum { CR_BUDGET_SHARES = 2 };

struct cr_budget;

/* `total` bytes in all, for at most n_clients at a time. Yours: cr_budget_destroy. CR_ENOMEM. */
int cr_budget_create(size_t total, size_t n_clients, struct cr_budget **ret_budget,
                     struct cr_error *err);
void cr_budget_destroy(struct cr_budget *budget);

/* Whether there were so many bytes left, in all and of the client's share; then they are held until
 * the release. Those who come by a local socket cannot be told apart: only the total bounds them.
 */
bool cr_budget_hold(struct cr_budget *budget, const struct cr_address *client, size_t n_bytes);
void cr_budget_release(struct cr_budget *budget, const struct cr_address *client, size_t n_bytes);

/* One client's share. */
size_t cr_budget_share(const struct cr_budget *budget);

#endif
