// SPDX-License-Identifier: MIT
/* Random numbers: xoshiro256++ (Blackman and Vigna 2019, public domain algorithm), seeded through
 * splitmix64. The same seed gives the same sequence on every machine. Every function takes its
 * generator: there is no hidden one. */
#ifndef CREDITRISK_UTIL_RNG_H
#define CREDITRISK_UTIL_RNG_H

#include <stddef.h>
#include <stdint.h>

struct cr_rng {
    uint64_t state[4];
};

/* Seeds rng. Different `stream` values give independent sequences for one seed, so that parts of a
 * program do not disturb each other's draws. */
void cr_rng_init(struct cr_rng *rng, uint64_t seed, uint64_t stream);

uint64_t cr_rng_next(struct cr_rng *rng);

/* Uniform in [0, 1), 53 bits. */
double cr_rng_uniform(struct cr_rng *rng);

/* Uniform in [low, high). */
double cr_rng_between(struct cr_rng *rng, double low, double high);

/* Uniform integer in [0, n), unbiased (Lemire 2019); n > 0. */
uint64_t cr_rng_below(struct cr_rng *rng, uint64_t n);

/* N(0, 1): Marsaglia's polar method, one value per call, nothing kept between calls. */
double cr_rng_normal(struct cr_rng *rng);

/* Exponential with mean 1. */
double cr_rng_exponential(struct cr_rng *rng);

/* Poisson with mean lambda in [0, 30] (multiplication, Knuth). */
unsigned cr_rng_poisson(struct cr_rng *rng, double lambda);

/* Gamma(shape ≥ 1, scale 1): Marsaglia and Tsang 2000. */
double cr_rng_gamma(struct cr_rng *rng, double shape);

/* Beta(a ≥ 1, b ≥ 1) as a ratio of gammas. */
double cr_rng_beta(struct cr_rng *rng, double a, double b);

/* Index i with probability weights[i] / Σ weights. */
size_t cr_rng_choice(struct cr_rng *rng, const double *weights, size_t n);

/* Fisher–Yates shuffle of n indices. */
void cr_rng_shuffle(struct cr_rng *rng, size_t *items, size_t n);

#endif
