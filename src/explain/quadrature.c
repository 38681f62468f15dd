// SPDX-License-Identifier: MIT
/* The points on [−1, 1] are the roots of D = P_(n−1) − P_n, where P_k are the Legendre polynomials,
 * found by Newton's method from cos(2πi/(2n − 1)); the weights are (1 + x)/(n·P_(n−1)(x))². With
 * (P. J. Davis and P. Rabinowitz, "Methods of Numerical Integration", 1984, section 2.7)
 *
 *     k·P_k(x) = (2k − 1)·x·P_(k−1)(x) − (k − 1)·P_(k−2)(x)
 *     (1 + x)·D'(x) = −n·(P_(n−1)(x) + P_n(x)). */
#include "quadrature.h"

#include <math.h>

enum { MAX_STEPS = 20 };

/* P_n(x), and P_(n−1)(x). */
static double legendre(size_t n, double x, double *ret_before)
{
    double before = 1.0;
    double value = x;

    for (size_t k = 2; k <= n; k++) {
        double next = ((double)(2 * k - 1) * x * value - (double)(k - 1) * before) / (double)k;

        before = value;
        value = next;
    }
    *ret_before = before;
    return value;
}

void cr_quadrature_rule(size_t n, double *points, double *weights)
{
    for (size_t i = 0; i < n; i++) {
        double x = cos(2.0 * M_PI * (double)i / (double)(2 * n - 1));
        double before = 1.0;
        double step = 1.0;

        for (int k = 0; k < MAX_STEPS && fabs(step) > 1e-15; k++) {
            double value = legendre(n, x, &before);

            step = (1.0 + x) * (before - value) / ((double)n * (before + value));
            x += step;
        }
        (void)legendre(n, x, &before); /* for P_(n−1) there */
        points[n - 1 - i] = 0.5 + 0.5 * x;
        weights[n - 1 - i] = points[n - 1 - i] / pow((double)n * before, 2.0);
    }
}
