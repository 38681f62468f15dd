// SPDX-License-Identifier: MIT
#include "budget.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "tally.h"

struct cr_budget {
    size_t total;
    atomic_size_t held;
    struct cr_tally *tally; /* bytes of each client */
};

int cr_budget_create(size_t total, size_t n_clients, struct cr_budget **ret_budget,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_budget *budget = calloc(1, sizeof(*budget));
    int result;

    if (budget == NULL) {
        return cr_error_no_memory(err);
    }
    budget->total = total;
    result = cr_tally_create(n_clients, cr_budget_share(budget), &budget->tally, err);
    if (result == 0) {
        *ret_budget = CR_STEAL(budget);
    }
    return result;
}

void cr_budget_destroy(struct cr_budget *budget)
{
    if (budget != NULL) {
        cr_tally_destroy(budget->tally);
        free(budget);
    }
}

static bool hold(struct cr_budget *budget, size_t n_bytes)
{
    size_t held = atomic_fetch_add(&budget->held, n_bytes);

    if (n_bytes <= budget->total && held <= budget->total - n_bytes) {
        return true;
    }
    (void)atomic_fetch_sub(&budget->held, n_bytes);
    return false;
}

bool cr_budget_hold(struct cr_budget *budget, const struct cr_address *client, size_t n_bytes)
{
    bool is_local = cr_address_is_local(client);

    if (!is_local && !cr_tally_enter(budget->tally, client, n_bytes)) {
        return false;
    }
    if (!hold(budget, n_bytes)) {
        if (!is_local) {
            cr_tally_leave(budget->tally, client, n_bytes);
        }
        return false;
    }
    return true;
}

void cr_budget_release(struct cr_budget *budget, const struct cr_address *client, size_t n_bytes)
{
    (void)atomic_fetch_sub(&budget->held, n_bytes);
    if (!cr_address_is_local(client)) {
        cr_tally_leave(budget->tally, client, n_bytes);
    }
}

size_t cr_budget_share(const struct cr_budget *budget)
{
    return budget->total / CR_BUDGET_SHARES;
}
