// SPDX-License-Identifier: MIT
/* The points on [−1, 1] are the roots of the Legendre polynomial P_n, found by Newton's method from
 * cos(π(i + 3/4)/(n + 1/2)); the weights are 2/((1 − x²)·P_n'(x)²). With (P. J. Davis and P.
 * Rabinowitz, "Methods of Numerical Integration", 1984, section 2.7)
 *
 *     k·P_k(x) = (2k − 1)·x·P_(k−1)(x) − (k − 1)·P_(k−2)(x)
 *     (1 − x²)·P_n'(x) = n·(P_(n−1)(x) − x·P_n(x)). */
#include "quadrature.h"

#include <math.h>

enum { MAX_STEPS = 20 };

/* P_n(x) and its derivative, |x| < 1. */
static double legendre(size_t n, double x, double *ret_slope)
{
    double before = 1.0;
    double value = x;

    for (size_t k = 2; k <= n; k++) {
        double next = ((double)(2 * k - 1) * x * value - (double)(k - 1) * before) / (double)k;

        before = value;
        value = next;
    }
    *ret_slope = (double)n * (before - x * value) / (1.0 - x * x);
    return value;
}

void cr_quadrature_rule(size_t n, double *points, double *weights)
{
    for (size_t i = 0; i < n; i++) {
        double x = cos(M_PI * ((double)i + 0.75) / ((double)n + 0.5));
        double slope = 0.0;
        double step = 1.0;

        for (int k = 0; k < MAX_STEPS && fabs(step) > 1e-15; k++) {
            step = legendre(n, x, &slope) / slope;
            x -= step;
        }
        (void)legendre(n, x, &slope); /* for the slope there */
        points[n - 1 - i] = 0.5 + 0.5 * x;
        weights[n - 1 - i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
}
