// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { N = 200000 };

/* The published test vector of xoshiro256++ for the state {1, 2, 3, 4}. */
static void test_published(void **state)
{
    static const uint64_t expected[] = {
        UINT64_C(41943041),
        UINT64_C(58720359),
        UINT64_C(3588806011781223),
        UINT64_C(3591011842654386),
        UINT64_C(9228616714210784205),
        UINT64_C(9973669472204895162),
        UINT64_C(14011001112246962877),
        UINT64_C(12406186145184390807),
        UINT64_C(15849039046786891736),
        UINT64_C(10450023813501588000),
    };
    struct cr_rng rng = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(expected); i++) {
        assert_true(cr_rng_next(&rng) == expected[i]);
    }
}

/* The oracle: golden/rng.txt, made by golden/rng.py. */
static void test_golden(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("tests/golden/rng.txt");
    CR_CLEANUP(cr_fclosep) FILE *file = fopen(path, "r");
    unsigned long long seed, stream, n;
    char kind[16], expected[64];
    size_t n_lines = 0;

    (void)state;
    assert_non_null(file);
    while (fscanf(file, "%llu %llu %15s %llu", &seed, &stream, kind, &n) == 4) {
        struct cr_rng rng;

        cr_rng_init(&rng, seed, stream);
        for (int i = 0; i < 10; i++) {
            assert_int_equal(fscanf(file, "%63s", expected), 1);
            if (strcmp(kind, "next") == 0) {
                assert_true(cr_rng_next(&rng) == strtoull(expected, NULL, 10));
            } else if (strcmp(kind, "uniform") == 0) {
                cr_assert_same(cr_rng_uniform(&rng), strtod(expected, NULL));
            } else {
                assert_string_equal(kind, "below");
                assert_true(cr_rng_below(&rng, n) == strtoull(expected, NULL, 10));
            }
        }
        n_lines++;
    }
    assert_int_equal(n_lines, 63);
}

static void test_between(void **state)
{
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 3, 0);
    for (int i = 0; i < N; i++) {
        double x = cr_rng_between(&rng, -2.0, 5.0);
        double tight = cr_rng_between(&rng, 1.0, 1.0 + 0x1p-52);

        assert_true(x >= -2.0 && x < 5.0);
        assert_true(tight == 1.0); /* half of all sums round up to the end */
    }
}

enum kind { UNIFORM, NORMAL, EXPONENTIAL, POISSON_HALF, POISSON_30, GAMMA_1, GAMMA_7, BETA };

static double draw(struct cr_rng *rng, enum kind kind)
{
    switch (kind) {
    case UNIFORM:
        return cr_rng_uniform(rng);
    case NORMAL:
        return cr_rng_normal(rng);
    case EXPONENTIAL:
        return cr_rng_exponential(rng);
    case POISSON_HALF:
        return cr_rng_poisson(rng, 0.5);
    case POISSON_30:
        return cr_rng_poisson(rng, 30.0);
    case GAMMA_1:
        return cr_rng_gamma(rng, 1.0);
    case GAMMA_7:
        return cr_rng_gamma(rng, 7.5);
    case BETA:
        return cr_rng_beta(rng, 2.0, 6.0);
    }
    return NAN;
}

/* Mean, variance and the third central moment, each within six standard errors (those of variance
 * and third moment estimated from the sample's own fourth and sixth). */
static void test_moments(void **state)
{
    static const struct {
        enum kind kind;
        double mean, variance, third;
    } cases[] = {
        {UNIFORM, 0.5, 1.0 / 12.0, 0.0}, {NORMAL, 0.0, 1.0, 0.0},
        {EXPONENTIAL, 1.0, 1.0, 2.0},    {POISSON_HALF, 0.5, 0.5, 0.5},
        {POISSON_30, 30.0, 30.0, 30.0},  {GAMMA_1, 1.0, 1.0, 2.0},
        {GAMMA_7, 7.5, 7.5, 15.0},       {BETA, 0.25, 1.0 / 48.0, 1.0 / 480.0},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        double sums[7] = {0.0};
        struct cr_rng rng;

        cr_rng_init(&rng, 11, i);
        for (int j = 0; j < N; j++) {
            double d = draw(&rng, cases[i].kind) - cases[i].mean, power = 1.0;

            for (int k = 1; k <= 6; k++) {
                power *= d;
                sums[k] += power;
            }
        }
        cr_assert_close(sums[1] / N, 0.0, 6.0 * sqrt(cases[i].variance / N));
        cr_assert_close(sums[2] / N, cases[i].variance, 6.0 * sqrt(sums[4] / N / N));
        cr_assert_close(sums[3] / N, cases[i].third, 6.0 * sqrt(sums[6] / N / N));
    }
}

/* Counts against expectations: χ² with k − 1 degrees of freedom, mean k − 1, variance 2(k − 1). */
static void check_counts(const size_t *counts, const double *expected, size_t k)
{
    double chi2 = 0.0, degrees = (double)k - 1.0;

    for (size_t i = 0; i < k; i++) {
        double d = (double)counts[i] - expected[i];

        chi2 += d * d / expected[i];
    }
    assert_true(chi2 < degrees + 6.0 * sqrt(2.0 * degrees) + 10.0);
}

static void test_below_is_uniform(void **state)
{
    enum { K = 7 };
    size_t counts[K] = {0};
    double expected[K];
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 5, 0);
    for (int i = 0; i < N; i++) {
        counts[cr_rng_below(&rng, K)]++;
    }
    for (size_t i = 0; i < K; i++) {
        expected[i] = (double)N / K;
    }
    check_counts(counts, expected, K);
}

static void test_choice(void **state)
{
    static const double weights[] = {1.0, 0.0, 2.0, 5.0, 0.0};
    static const size_t possible[] = {0, 2, 3};
    size_t counts[5] = {0}, seen[3];
    double expected[3];
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 6, 0);
    for (int i = 0; i < N; i++) {
        counts[cr_rng_choice(&rng, weights, 5)]++;
    }
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[4], 0);
    for (size_t i = 0; i < 3; i++) {
        seen[i] = counts[possible[i]];
        expected[i] = N * weights[possible[i]] / 8.0;
    }
    check_counts(seen, expected, 3);
}

/* All 24 orders of 4 items, equally often. */
static void test_shuffle(void **state)
{
    size_t counts[256] = {0}, seen[24], n = 0;
    double expected[24];
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, 8, 0);
    for (int i = 0; i < N; i++) {
        size_t items[] = {0, 1, 2, 3};

        cr_rng_shuffle(&rng, items, 4);
        counts[items[0] * 64 + items[1] * 16 + items[2] * 4 + items[3]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        if (counts[i] > 0) {
            assert_true(n < 24);
            expected[n] = N / 24.0;
            seen[n++] = counts[i];
        }
    }
    assert_int_equal(n, 24);
    check_counts(seen, expected, 24);
    cr_rng_shuffle(&rng, NULL, 0);
}

/* Streams of one seed share no outputs and are not correlated. */
static void test_streams(void **state)
{
    double sum = 0.0;
    struct cr_rng a, b;

    (void)state;
    cr_rng_init(&a, 42, 1);
    cr_rng_init(&b, 42, 2);
    for (int i = 0; i < N; i++) {
        sum += (cr_rng_uniform(&a) - 0.5) * (cr_rng_uniform(&b) - 0.5);
    }
    cr_assert_close(sum / N, 0.0, 6.0 / 12.0 / sqrt(N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_between),          cmocka_unit_test(test_moments),
        cmocka_unit_test(test_below_is_uniform), cmocka_unit_test(test_choice),
        cmocka_unit_test(test_shuffle),          cmocka_unit_test(test_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
