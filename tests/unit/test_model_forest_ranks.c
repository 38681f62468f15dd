// SPDX-License-Identifier: MIT
/* The processor's best form of the comparisons against the plain one, and both against what their
 * header says. */
#include "../../src/model/forest_ranks.h"
#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { N_BLOCKS = 9, N_TREES = N_BLOCKS * CR_FOREST_RANKS_TREES };

static const uint64_t seed = 20261127;

struct comparisons {
    size_t n_ranks;
    uint8_t ranks[CR_FOREST_RANKS_MAX];
    struct cr_forest_ranks_block blocks[N_BLOCKS];
};

/* Ranks and places close to each other, so that many are equal; the ends of a byte among them. */
static uint8_t draw(struct cr_rng *rng)
{
    static const uint8_t ends[] = {0, 1, UINT8_MAX - 1, UINT8_MAX};

    return cr_rng_below(rng, 4) == 0 ? ends[cr_rng_below(rng, CR_ARRAY_LEN(ends))]
                                     : (uint8_t)(120 + cr_rng_below(rng, 16));
}

static void draw_comparisons(struct comparisons *comparisons, size_t n_ranks, struct cr_rng *rng)
{
    comparisons->n_ranks = n_ranks;
    for (size_t i = 0; i < CR_FOREST_RANKS_MAX; i++) {
        comparisons->ranks[i] = draw(rng); /* those behind n_ranks may be anything */
    }
    for (size_t i = 0; i < N_BLOCKS; i++) {
        for (size_t k = 0; k < CR_FOREST_RANKS_LEN; k++) {
            comparisons->blocks[i].of[k] = (uint8_t)cr_rng_below(rng, n_ranks);
            comparisons->blocks[i].places[k] = draw(rng);
        }
    }
}

static void check(const struct comparisons *comparisons, const unsigned char *bytes)
{
    for (size_t t = 0; t < N_TREES; t++) {
        const struct cr_forest_ranks_block *block = &comparisons->blocks[t / CR_FOREST_RANKS_TREES];

        for (size_t k = 0; k < CR_FOREST_RANKS_BITS; k++) {
            size_t i = t % CR_FOREST_RANKS_TREES * CR_FOREST_RANKS_BITS + k;
            int wanted = comparisons->ranks[block->of[i]] <= block->places[i];

            assert_int_equal(bytes[t] >> k & 1, wanted);
        }
    }
}

static void run(cr_forest_ranks_fn *compare, const struct comparisons *comparisons)
{
    unsigned char bytes[N_TREES + 1];

    bytes[N_TREES] = 0xa5;
    compare(comparisons->ranks, comparisons->n_ranks, comparisons->blocks, N_BLOCKS, bytes);
    check(comparisons, bytes);
    assert_int_equal(bytes[N_TREES], 0xa5);
}

static void every_number_of_ranks(void **state)
{
    struct comparisons comparisons;
    struct cr_rng rng;

    (void)state;
    for (size_t n = 1; n <= CR_FOREST_RANKS_MAX; n++) {
        cr_rng_init(&rng, seed, n);
        draw_comparisons(&comparisons, n, &rng);
        run(cr_forest_ranks_plain, &comparisons);
        run(cr_forest_ranks_best(), &comparisons);
    }
#ifdef __x86_64__
    assert_int_equal(cr_forest_ranks_best() != cr_forest_ranks_plain,
                     __builtin_cpu_supports("avx2") != 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_ranks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
