// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <math.h>

#include "../../src/train/search.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { MAX_CANDIDATES = 60, MAX_FOLDS = 5 };

/* tests/golden/auc_se.py; the third one is the paper's own size of sample: .0325. */
static void standard_error_is_hanley_and_mcneils(void **state)
{
    (void)state;
    static const double golden[][4] = {
        {0.8411, 126, 1474, 0.022300469284651177},
        {0.5, 10, 10, 0.13228756555322953},
        {0.893, 51, 58, 0.032511581767646616},
        {0.99, 3, 5000, 0.040522256481000115},
    };
    for (size_t i = 0; i < CR_ARRAY_LEN(golden); i++) {
        cr_assert_close(cr_race_auc_se(golden[i][0], golden[i][1], golden[i][2]), golden[i][3],
                        1e-12);
    }
}

/* A field of candidates and what the rule makes of it, computed the long way. */
struct field {
    struct cr_run_model model;
    struct cr_candidate candidates[MAX_CANDIDATES];
    double fold_auc[MAX_CANDIDATES][MAX_FOLDS];
    bool is_out[MAX_CANDIDATES]; /* dropped before this fold */
    size_t n_seen;
};

static void draw_field(struct field *field, struct cr_rng *rng)
{
    size_t n = 1 + (size_t)cr_rng_below(rng, MAX_CANDIDATES);
    double spread = cr_rng_uniform(rng) < 0.5 ? 0.001 : 0.05;
    *field = (struct field){.n_seen = 1 + (size_t)cr_rng_below(rng, MAX_FOLDS - 1)};
    field->model = (struct cr_run_model){.candidates = field->candidates, .n_candidates = n};
    for (size_t i = 0; i < n; i++) {
        struct cr_candidate *candidate = &field->candidates[i];
        candidate->fold_auc = field->fold_auc[i];
        field->is_out[i] = field->n_seen > 1 && cr_rng_uniform(rng) < 0.2;
        candidate->dropped_after = field->is_out[i] ? 1 : 0;
        candidate->n_seen = field->is_out[i] ? 1 : field->n_seen;
        for (size_t f = 0; f < candidate->n_seen; f++) {
            /* coarse, so that some are equal; those that are out may have been the best */
            double draw = floor(cr_rng_uniform(rng) * 20) / 20;
            field->fold_auc[i][f] = 0.8 + spread * draw;
        }
    }
}

static double mean_of(const struct field *field, size_t i)
{
    double sum = 0;
    for (size_t f = 0; f < field->n_seen; f++) {
        sum += field->fold_auc[i][f];
    }
    return sum / (double)field->n_seen;
}

/* By repeated search for the best: the first six are safe, then the rule. */
static void expect(const struct field *field, double n_bad, double n_good, bool *ret_is_out)
{
    bool is_ranked[MAX_CANDIDATES] = {false};
    double best = 0;
    memcpy(ret_is_out, field->is_out, sizeof field->is_out);
    for (size_t rank = 0;; rank++) {
        size_t next = SIZE_MAX;
        for (size_t i = 0; i < field->model.n_candidates; i++) {
            if (!field->is_out[i] && !is_ranked[i] &&
                (next == SIZE_MAX || mean_of(field, i) > mean_of(field, next))) {
                next = i;
            }
        }
        if (next == SIZE_MAX) {
            return;
        }
        is_ranked[next] = true;
        best = rank == 0 ? mean_of(field, next) : best;
        double a = best;
        double q1 = a / (2 - a);
        double q2 = 2 * a * a / (1 + a);
        double s = sqrt((a * (1 - a) + (n_bad - 1) * (q1 - a * a) + (n_good - 1) * (q2 - a * a)) /
                        n_bad / n_good);
        double behind = best - mean_of(field, next);
        ret_is_out[next] = rank >= 6 && behind > 0.25 * s / sqrt((double)field->n_seen);
    }
}

static void drops_what_the_rule_says(void **state)
{
    (void)state;
    struct cr_rng rng;
    size_t n_dropped = 0;
    size_t n_kept = 0;
    cr_rng_init(&rng, 11, 0);
    for (size_t c = 0; c < 2000; c++) {
        struct field field;
        bool is_out[MAX_CANDIDATES];
        double n_bad = (double)(20 + cr_rng_below(&rng, 400));
        double n_good = (double)(200 + cr_rng_below(&rng, 4000));
        draw_field(&field, &rng);
        expect(&field, n_bad, n_good, is_out);
        cr_race_drop(&field.model, field.n_seen, n_bad, n_good);
        for (size_t i = 0; i < field.model.n_candidates; i++) {
            const struct cr_candidate *candidate = &field.candidates[i];
            if ((candidate->dropped_after > 0) != is_out[i]) {
                fail_msg("case %zu: candidate %zu of %zu with mean %.17g", c, i,
                         field.model.n_candidates, mean_of(&field, i));
            }
            if (!field.is_out[i]) {
                assert_true(candidate->dropped_after == 0 ||
                            candidate->dropped_after == field.n_seen);
                n_dropped += is_out[i];
                n_kept += !is_out[i];
            }
        }
    }
    assert_true(n_dropped > 1000 && n_kept > 1000);
}

/* However far behind, six stay. */
static void six_survive(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 16; n++) {
        struct field field = {.n_seen = 1};
        size_t n_left = 0;
        field.model = (struct cr_run_model){.candidates = field.candidates, .n_candidates = n};
        for (size_t i = 0; i < n; i++) {
            field.fold_auc[i][0] = i == n - 1 ? 0.9 : 0.5;
            field.candidates[i].fold_auc = field.fold_auc[i];
            field.candidates[i].n_seen = 1;
        }
        cr_race_drop(&field.model, 1, 300, 3000);
        for (size_t i = 0; i < n; i++) {
            n_left += field.candidates[i].dropped_after == 0;
        }
        assert_int_equal(n_left, n < 6 ? n : 6);
        assert_int_equal(field.candidates[n - 1].dropped_after, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_error_is_hanley_and_mcneils),
        cmocka_unit_test(drops_what_the_rule_says),
        cmocka_unit_test(six_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
