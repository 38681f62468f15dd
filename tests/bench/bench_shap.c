// SPDX-License-Identifier: MIT
/* Our contributions against libxgboost's pred_contribs of the same model: one row, one thread, and
 * for comparison the plain recursion; then the margin, fast against plain. One JSON line a forest.
 */
#include <math.h>

#include "../../src/explain/shap.h"
#include "bench.h"
#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum { N_TRAINING = 8000, N_COLS = 59, N_ROWS = 64, N_TREES = 500 };

struct sides {
    double x[N_ROWS * N_COLS];
    struct xgboost_peer *peer;
    struct cr_model *model;
    const struct cr_forest *forest;
    struct cr_shap_fast *fast;
    void *scratch;
    double contributions[N_COLS];
    double sink;
};

static const double *row(const struct sides *sides, size_t i)
{
    return sides->x + i % N_ROWS * N_COLS;
}

static void theirs(void *context, size_t i)
{
    struct sides *sides = context;

    sides->sink += (double)xgboost_peer_contributions(sides->peer, i % N_ROWS)[0];
}

static void ours(void *context, size_t i)
{
    struct sides *sides = context;

    (void)cr_shap_fast(sides->fast, row(sides, i), sides->scratch, sides->contributions);
    sides->sink += sides->contributions[0];
}

static void recursion(void *context, size_t i)
{
    struct sides *sides = context;

    cr_shap_forest(sides->forest, row(sides, i), sides->scratch, sides->contributions);
    sides->sink += sides->contributions[0];
}

static void margin(void *context, size_t i)
{
    struct sides *sides = context;

    sides->sink += cr_model_margin(sides->model, row(sides, i));
}

static void plain_margin(void *context, size_t i)
{
    struct sides *sides = context;

    sides->sink += cr_forest_margin(sides->forest, row(sides, i));
}

static void sides_init(struct sides *sides, const struct model_data *data, double depth)
{
    const struct cr_param params[] = {{"n_estimators", {N_TREES, NULL}},
                                      {"max_depth", {depth, NULL}},
                                      {"learning_rate", {0.05, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_error err;
    size_t len, recursion_len;

    model_data_fit("xgboost", data, params, CR_ARRAY_LEN(params), 42, &file);
    memcpy(sides->x, data->x, sizeof(sides->x));
    sides->peer = xgboost_peer_open(&file, sides->x, N_ROWS, N_COLS);
    sides->model = model_data_load("xgboost", &file, N_COLS);
    sides->forest = sides->model->ops->forest(sides->model);
    cr_assert_ok(
        cr_shap_fast_create(sides->model->ops->forest_fast(sides->model), &sides->fast, &err),
        &err);
    len = cr_shap_fast_scratch_len(sides->fast);
    recursion_len = cr_shap_forest_scratch_len(sides->forest);
    sides->scratch = malloc(len > recursion_len ? len : recursion_len);
    assert_non_null(sides->scratch);
}

static void sides_finish(struct sides *sides)
{
    xgboost_peer_close(sides->peer);
    cr_shap_fast_destroy(sides->fast);
    cr_model_destroy(sides->model);
    free(sides->scratch);
}

/* Both sides say the same before they are timed. */
static void check(struct sides *sides)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const float *wanted = xgboost_peer_contributions(sides->peer, i);
        double size = fmax(1.0, fabs(cr_model_margin(sides->model, row(sides, i))));

        ours(sides, i);
        for (size_t j = 0; j < N_COLS; j++) {
            cr_assert_close(sides->contributions[j], (double)wanted[j], 1e-5 * size);
        }
    }
}

static void compare(const struct model_data *data, double depth, double goal)
{
    static struct sides sides;
    double ratios[BENCH_TURNS], their_ns[BENCH_TURNS], our_ns[BENCH_TURNS];
    double recursion_ns[BENCH_TURNS], margin_ns[BENCH_TURNS], plain_ns[BENCH_TURNS];

    sides_init(&sides, data, depth);
    check(&sides);
    for (size_t turn = 0; turn < BENCH_TURNS; turn++) {
        their_ns[turn] = bench_ns(theirs, &sides, 2 * N_ROWS);
        our_ns[turn] = bench_ns(ours, &sides, 100 * N_ROWS);
        ratios[turn] = their_ns[turn] / our_ns[turn];
        recursion_ns[turn] = bench_ns(recursion, &sides, N_ROWS);
        margin_ns[turn] = bench_ns(margin, &sides, 100 * N_ROWS);
        plain_ns[turn] = bench_ns(plain_margin, &sides, 100 * N_ROWS);
    }
    printf("{\"bench\": \"shap\", \"trees\": %d, \"depth\": %.0f, \"nodes\": %zu, \"ratio\": %.1f, "
           "\"goal\": %.0f, \"libxgboost_us\": %.1f, \"ours_us\": %.2f, \"recursion_us\": %.1f, "
           "\"margin_us\": %.2f, \"plain_margin_us\": %.2f}\n",
           N_TREES, depth, sides.forest->n_nodes, bench_median(ratios), goal,
           bench_median(their_ns) / 1e3, bench_median(our_ns) / 1e3,
           bench_median(recursion_ns) / 1e3, bench_median(margin_ns) / 1e3,
           bench_median(plain_ns) / 1e3);
    (void)fflush(stdout); /* a lost line shows in the table */
    assert_true(isfinite(sides.sink));
    sides_finish(&sides);
}

static void contributions(void **state)
{
    struct model_data data;

    (void)state;
    model_data_init(&data, N_TRAINING, N_COLS, 42);
    compare(&data, 3, 55);
    compare(&data, 6, 25);
    model_data_finish(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(contributions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
