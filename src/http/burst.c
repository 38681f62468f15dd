// SPDX-License-Identifier: MIT
#include "burst.h"

size_t cr_burst_count(struct cr_burst *burst, int64_t now_ns)
{
    int_least64_t told_ns = atomic_load(&burst->told_ns);

    (void)atomic_fetch_add(&burst->n, 1);
    if (told_ns != 0 && now_ns - told_ns < CR_BURST_NS) {
        return 0;
    }
    return atomic_compare_exchange_strong(&burst->told_ns, &told_ns, now_ns) /* one of many tells */
               ? cr_burst_rest(burst)
               : 0;
}

size_t cr_burst_rest(struct cr_burst *burst)
{
    return atomic_exchange(&burst->n, 0);
}
