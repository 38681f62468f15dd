// SPDX-License-Identifier: MIT
/* FNV-1a, 64 bits (Fowler, Noll, Vo): for tables, never against an adversary. */
#ifndef CREDITRISK_UTIL_HASH_H
#define CREDITRISK_UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t cr_hash(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

#endif
