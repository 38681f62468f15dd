// SPDX-License-Identifier: MIT
/* Quadrature: Gauss and Radau's rule on [0, 1] with the end 1 among its points. With n points,
 * ∫ p(t) dt = Σ_q weight_q·p(t_q) holds for every polynomial p of degree ≤ 2n − 2. Points ascend,
 * the last one is 1; weights are positive. */
#ifndef CREDITRISK_SRC_EXPLAIN_QUADRATURE_H
#define CREDITRISK_SRC_EXPLAIN_QUADRATURE_H

#include <stddef.h>

/* n ≥ 1. points[0..n), weights[0..n). */
void cr_quadrature_rule(size_t n, double *points, double *weights);

#endif
