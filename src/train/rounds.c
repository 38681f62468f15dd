// SPDX-License-Identifier: MIT
#include <math.h>

#include "search.h"

size_t cr_rounds_patience(double learning_rate)
{
    double rounds = fmax(CR_ROUNDS_MIN_PATIENCE, ceil(CR_ROUNDS_STEPS / learning_rate));
    return rounds < (double)SIZE_MAX / 2 ? (size_t)rounds : SIZE_MAX / 2;
}

bool cr_rounds_look(struct cr_rounds *rounds, size_t n_rounds, double auc)
{
    if (auc > rounds->best_auc) {
        rounds->best_auc = auc;
        rounds->best_at = n_rounds;
    }
    bool is_over = rounds->patience > 0 && n_rounds - rounds->best_at >= rounds->patience;
    rounds->stopped_at = is_over ? n_rounds : 0;
    return is_over;
}
