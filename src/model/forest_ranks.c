// SPDX-License-Identifier: MIT
#include "forest_ranks.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

void cr_forest_ranks_plain(const uint8_t ranks[CR_FOREST_RANKS_MAX], size_t n_ranks,
                           const struct cr_forest_ranks_block *blocks, size_t n_blocks,
                           unsigned char *ret_bytes)
{
    (void)n_ranks;
    for (size_t t = 0; t < n_blocks * CR_FOREST_RANKS_TREES; t++) {
        const struct cr_forest_ranks_block *block = &blocks[t / CR_FOREST_RANKS_TREES];
        const size_t first = t % CR_FOREST_RANKS_TREES * CR_FOREST_RANKS_BITS;
        unsigned bits = 0;

        for (size_t k = 0; k < CR_FOREST_RANKS_BITS; k++) {
            bits |= (unsigned)(ranks[block->of[first + k]] <= block->places[first + k]) << k;
        }
        ret_bytes[t] = (unsigned char)bits;
    }
}

#ifdef __x86_64__

enum {
    SHELF = 16,       /* ranks that one shuffle chooses from */
    SHELVES = 4,      /* that are joined before the next ones */
    OFF_SHELF = 0x70, /* added to 0 … 15 it leaves the sign of a byte alone, to more it sets it */
};

#define AVX2 __attribute__((target("avx2")))

/* The ranks of[0..32) chosen from n_shelves × 16, the first of them `first`; 0 for others. A
 * shuffle chooses by the low four bits, and 0 where the sign is set. */
static AVX2 inline __attribute__((always_inline)) __m256i choose(const uint8_t *ranks, size_t first,
                                                                 size_t n_shelves, __m256i of)
{
    const __m256i off_shelf = _mm256_set1_epi8(OFF_SHELF);
    __m256i chosen = _mm256_setzero_si256();

    for (size_t i = 0; i < n_shelves; i++) {
        const size_t at = first + i * SHELF;
        const __m256i shelf =
            _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(ranks + at)));
        const __m256i from_here = _mm256_xor_si256(of, _mm256_set1_epi8((char)at));

        chosen = _mm256_or_si256(
            chosen, _mm256_shuffle_epi8(shelf, _mm256_adds_epu8(from_here, off_shelf)));
    }
    return chosen;
}

static AVX2 inline __attribute__((always_inline)) uint32_t compare_block(
    const struct cr_forest_ranks_block *block, __m256i chosen)
{
    const __m256i places = _mm256_load_si256((const __m256i *)block->places);
    const __m256i holds = _mm256_cmpeq_epi8(_mm256_min_epu8(chosen, places), chosen);

    return (uint32_t)_mm256_movemask_epi8(holds);
}

/* 32 comparisons at once. */
static AVX2 void compare_avx2(const uint8_t ranks[CR_FOREST_RANKS_MAX], size_t n_ranks,
                              const struct cr_forest_ranks_block *blocks, size_t n_blocks,
                              unsigned char *ret_bytes)
{
    const size_t n_shelves = (n_ranks + SHELF - 1) / SHELF;

    for (size_t i = 0; i < n_blocks; i++) {
        const __m256i of = _mm256_load_si256((const __m256i *)blocks[i].of);
        __m256i chosen = choose(ranks, 0, SHELVES, of);
        uint32_t bits;

        for (size_t shelf = SHELVES; shelf < n_shelves; shelf += SHELVES) {
            chosen = _mm256_or_si256(chosen, choose(ranks, shelf * SHELF, SHELVES, of));
        }
        bits = compare_block(&blocks[i], chosen);
        memcpy(ret_bytes + i * CR_FOREST_RANKS_TREES, &bits, sizeof(bits));
    }
}

_Static_assert(sizeof(uint32_t) == CR_FOREST_RANKS_TREES, "a byte for every tree of a block");
_Static_assert(CR_FOREST_RANKS_MAX % (SHELF * SHELVES) == 0, "whole shelves are read");

#endif

cr_forest_ranks_fn *cr_forest_ranks_best(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        return compare_avx2;
    }
#endif
    return cr_forest_ranks_plain;
}
