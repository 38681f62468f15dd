// SPDX-License-Identifier: MIT
#include "rank.h"

#include <stdlib.h>

static int by_score_desc(const void *a, const void *b)
{
    const struct cr_ranked *x = a;
    const struct cr_ranked *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

static int by_score_asc(const void *a, const void *b)
{
    const struct cr_ranked *x = a;
    const struct cr_ranked *y = b;
    if (x->score != y->score) {
        return x->score < y->score ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

int cr_rank_rows(const double *score, const double *y, size_t n, struct cr_ranked **ret_rows,
                 size_t *ret_n_positive, struct cr_error *err)
{
    struct cr_ranked *rows = calloc(n + 1, sizeof *rows);
    if (rows == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the metrics of %zu rows", n);
    }
    size_t n_positive = 0;
    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct cr_ranked){score[i], y[i], i};
        n_positive += y[i] == 1.0;
    }
    if (n_positive == 0 || n_positive == n) {
        free(rows);
        return cr_error_set(err, CR_EINVAL, "metrics need both outcomes: '%zu' of %zu rows are bad",
                            n_positive, n);
    }
    qsort(rows, n, sizeof *rows, by_score_desc);
    *ret_rows = rows;
    *ret_n_positive = n_positive;
    return 0;
}

void cr_rank_ascending(struct cr_ranked *rows, size_t n)
{
    qsort(rows, n, sizeof *rows, by_score_asc);
}

static int by_key(const void *a, const void *b)
{
    const struct cr_keyed_row *x = a;
    const struct cr_keyed_row *y = b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

void cr_rank_keys(struct cr_keyed_row *rows, size_t n)
{
    qsort(rows, n, sizeof *rows, by_key);
}

size_t cr_rank_bin_len(size_t n, size_t bin)
{
    return n / CR_RANK_BINS + (bin < n % CR_RANK_BINS);
}
