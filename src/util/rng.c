// SPDX-License-Identifier: MIT
/* xoshiro256++ and splitmix64: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47 (2021), and prng.di.unimi.it. The distributions name their sources where
 * they stand. */
#include "creditrisk/util/rng.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 uint128;

static uint64_t rotate_left(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

/* splitmix64's output function; it maps 0 to 0 and every value to a different one. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Stream 0 is the seeding the authors recommend; the others start as if from seeds far apart. */
void cr_rng_init(struct cr_rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed ^ mix(stream);

    for (int i = 0; i < 4; i++) {
        x += UINT64_C(0x9e3779b97f4a7c15);
        rng->state[i] = mix(x);
    }
}

uint64_t cr_rng_next(struct cr_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double cr_rng_uniform(struct cr_rng *rng)
{
    return (double)(cr_rng_next(rng) >> 11) * 0x1p-53;
}

double cr_rng_between(struct cr_rng *rng, double low, double high)
{
    double x = low + (high - low) * cr_rng_uniform(rng);

    return x < high ? x : nextafter(high, low); /* the sum may round up to high */
}

/* D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019), algorithm 5:
 * the high word of next · n, drawn again while the low word lies in the part that would favour some
 * results. */
uint64_t cr_rng_below(struct cr_rng *rng, uint64_t n)
{
    uint128 product;

    assert(n > 0);
    product = (uint128)cr_rng_next(rng) * n;
    if ((uint64_t)product < n) {
        uint64_t threshold = -n % n; /* 2^64 mod n */

        while ((uint64_t)product < threshold) {
            product = (uint128)cr_rng_next(rng) * n;
        }
    }
    return (uint64_t)(product >> 64);
}

/* G. Marsaglia, T. A. Bray, SIAM Review 6 (1964): u·√(−2 ln s / s) for (u, v) uniform in the unit
 * disc, s = u² + v². */
double cr_rng_normal(struct cr_rng *rng)
{
    double u, v, s;

    do {
        u = 2.0 * cr_rng_uniform(rng) - 1.0;
        v = 2.0 * cr_rng_uniform(rng) - 1.0;
        s = u * u + v * v;
    } while (s >= 1.0 || s == 0.0);
    return u * sqrt(-2.0 * log(s) / s);
}

double cr_rng_exponential(struct cr_rng *rng)
{
    return -log1p(-cr_rng_uniform(rng));
}

/* D. E. Knuth, TAOCP 2, 3.4.1: as many uniforms as can be multiplied before the product falls to
 * e^−lambda. */
unsigned cr_rng_poisson(struct cr_rng *rng, double lambda)
{
    double limit = exp(-lambda);
    double product = cr_rng_uniform(rng);
    unsigned n = 0;

    assert(lambda >= 0.0 && lambda <= 30.0);
    while (product > limit) {
        product *= cr_rng_uniform(rng);
        n++;
    }
    return n;
}

/* G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000):
 * d·v with d = shape − 1/3, v = (1 + x / √(9d))³, x normal, accepted when ln u < x²/2 + d − d·v +
 * d·ln v. */
double cr_rng_gamma(struct cr_rng *rng, double shape)
{
    double d = shape - 1.0 / 3.0;
    double c = 1.0 / sqrt(9.0 * d);

    assert(shape >= 1.0);
    for (;;) {
        double x = cr_rng_normal(rng);
        double v = 1.0 + c * x;
        double u = cr_rng_uniform(rng);

        v = v * v * v;
        if (v > 0.0 && log(u) < 0.5 * x * x + d - d * v + d * log(v)) {
            return d * v;
        }
    }
}

double cr_rng_beta(struct cr_rng *rng, double a, double b)
{
    double x = cr_rng_gamma(rng, a);
    double y = cr_rng_gamma(rng, b);

    return x / (x + y);
}

size_t cr_rng_choice(struct cr_rng *rng, const double *weights, size_t n)
{
    double sum = 0.0, rest;
    size_t last = 0; /* the last possible index, should rounding leave a rest */

    for (size_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    assert(n > 0 && sum > 0.0);
    rest = sum * cr_rng_uniform(rng);
    for (size_t i = 0; i < n; i++) {
        if (weights[i] > 0.0) {
            if (rest < weights[i]) {
                return i;
            }
            rest -= weights[i];
            last = i;
        }
    }
    return last;
}

void cr_rng_shuffle(struct cr_rng *rng, size_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)cr_rng_below(rng, i);
        size_t item = items[i - 1];

        items[i - 1] = items[j];
        items[j] = item;
    }
}
