// SPDX-License-Identifier: MIT
/* Random catalogues and frames: what was loaded applies bit for bit as what was saved; a row alone
 * gives what it gives in a batch; the order of the rows of a fit changes nothing; and everything is
 * what a plain version without plan, sort or JSON makes of it. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { MAX_FEATURES = 12, MAX_LEVELS = 5, MAX_ROWS = 40, MAX_INPUTS = 128 };

static const char *const level_texts[MAX_LEVELS] = {"a", "b", "c", "d e", "ü"};
static const struct cr_feature_set sets[] = {{"small", "Small", -1}, {"large", "Large", 0}};

struct world {
    char names[MAX_FEATURES][32];
    struct cr_feature features[MAX_FEATURES];
    struct cr_portfolio portfolio;
    struct cr_pipeline_options options;
    struct cr_frame frame;
    size_t rows[MAX_ROWS]; /* of the fit: shuffled, some twice, some never */
    size_t n_rows;
    size_t all[MAX_ROWS];
};

static bool is_text(const struct cr_feature *feature)
{
    return feature->kind == CR_ORDINAL || feature->kind == CR_NOMINAL;
}

static void make_catalogue(struct world *world, struct cr_rng *rng)
{
    size_t n = 1 + cr_rng_below(rng, MAX_FEATURES);
    struct cr_error err;

    for (size_t i = 0; i < n; i++) {
        struct cr_feature *feature = &world->features[i];

        (void)snprintf(world->names[i], sizeof(world->names[i]), "f%zu", i);
        *feature = (struct cr_feature){
            .name = world->names[i],
            .kind = (enum cr_kind)cr_rng_below(rng, 4),
            .scale = (enum cr_scale)cr_rng_below(rng, 3),
            .indicator = cr_rng_below(rng, 2) == 1,
            .set = cr_rng_below(rng, 2),
            .protection = (enum cr_protection)cr_rng_below(rng, 3),
        };
        if (is_text(feature)) {
            feature->levels.n = 1 + cr_rng_below(rng, MAX_LEVELS);
            feature->levels.texts = level_texts;
        }
        cr_assert_ok(cr_frame_add_column(&world->frame, feature->name,
                                         is_text(feature) ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER,
                                         &err),
                     &err);
    }
    world->features[0].set = 0;
    world->features[0].protection = CR_UNPROTECTED; /* so that an input is left */
    world->portfolio = (struct cr_portfolio){
        .name = "random", .n_sets = 2, .sets = sets, .n_features = n, .features = world->features};
    world->options = (struct cr_pipeline_options){cr_rng_below(rng, 2), cr_rng_below(rng, 2) == 1,
                                                  cr_rng_below(rng, 2) == 1, NULL};
}

/* Column styles: constant, few values, many values, huge and tiny. */
static double random_number(const struct cr_feature *feature, size_t style, struct cr_rng *rng)
{
    if (feature->kind == CR_FLAG) {
        return (double)cr_rng_below(rng, 2);
    }
    switch (style) {
    case 0:
        return 0.1;
    case 1:
        return (double)cr_rng_below(rng, 4) - 1;
    case 2:
        return cr_rng_normal(rng) * 1e6;
    default:
        return cr_rng_normal(rng) * pow(10, cr_rng_between(rng, -30, 30));
    }
}

static void make_rows(struct world *world, struct cr_rng *rng)
{
    size_t n = 1 + cr_rng_below(rng, MAX_ROWS);
    struct cr_error err;

    for (size_t row = 0; row < n; row++) {
        cr_assert_ok(cr_frame_add_row(&world->frame, &err), &err);
        world->all[row] = row;
    }
    for (size_t col = 0; col < world->portfolio.n_features; col++) {
        const struct cr_feature *feature = &world->features[col];
        double missing = (double)cr_rng_below(rng, 6) / 5; /* from never to always */
        size_t style = cr_rng_below(rng, 4);

        for (size_t row = 0; row < n; row++) {
            const char *text = level_texts[cr_rng_below(rng, MAX_LEVELS)]; /* may be no level */

            if (cr_rng_uniform(rng) < missing) {
                continue;
            }
            if (is_text(feature)) {
                cr_assert_ok(cr_frame_set_text(&world->frame, row, col, text, strlen(text), &err),
                             &err);
            } else {
                cr_frame_set_number(&world->frame, row, col, random_number(feature, style, rng));
            }
        }
    }
    world->n_rows = 1 + cr_rng_below(rng, MAX_ROWS);
    for (size_t i = 0; i < world->n_rows; i++) {
        world->rows[i] = cr_rng_below(rng, n);
    }
}

/* The plain version. */

static ptrdiff_t plain_level(const struct cr_feature *feature, const char *text)
{
    ptrdiff_t level = -1;

    for (size_t k = 0; k < feature->levels.n; k++) {
        level = strcmp(feature->levels.texts[k], text) == 0 ? (ptrdiff_t)k : level;
    }
    return level;
}

/* The value of rank k (from 0) by counting smaller ones. */
static double plain_rank(const double *x, size_t n, size_t k)
{
    for (size_t i = 0; i < n; i++) {
        size_t below = 0;
        size_t equal = 0;

        for (size_t j = 0; j < n; j++) {
            below += x[j] < x[i];
            equal += x[j] == x[i];
        }
        if (below <= k && k < below + equal) {
            return x[i];
        }
    }
    fail();
    return NAN;
}

static double plain_quantile(const double *x, size_t n, double p)
{
    double position = p * (double)(n - 1);
    size_t k = (size_t)floor(position);
    double low = plain_rank(x, n, k);
    double high = plain_rank(x, n, k + 1 < n ? k + 1 : k);

    return low * (1 - (position - (double)k)) + high * (position - (double)k);
}

static double plain_number(const struct cr_feature *feature, struct cr_value cell)
{
    if (!is_text(feature)) {
        return cell.number;
    }
    return cell.text == NULL ? NAN : (double)plain_level(feature, cell.text);
}

static double plain_impute(const struct world *world, size_t col)
{
    const struct cr_feature *feature = &world->features[col];
    size_t counts[MAX_LEVELS] = {0};
    double known[MAX_ROWS];
    size_t n = 0;
    size_t best = 0;

    for (size_t i = 0; i < world->n_rows; i++) {
        double x = plain_number(feature, cr_frame_get(&world->frame, world->rows[i], col));

        if (!isnan(x) && feature->kind == CR_NUMERIC) {
            known[n++] = x;
        } else if (x >= 0) {
            counts[(size_t)x]++;
        }
    }
    if (feature->kind == CR_NUMERIC) {
        return n == 0 ? 0 : (plain_rank(known, n, (n - 1) / 2) + plain_rank(known, n, n / 2)) / 2;
    }
    for (size_t k = 1; k < MAX_LEVELS; k++) {
        best = counts[k] > counts[best] ? k : best;
    }
    return (double)best;
}

static void plain_scale(const struct world *world, size_t col, double impute, double *ret_center,
                        double *ret_spread)
{
    const struct cr_feature *feature = &world->features[col];
    double x[MAX_ROWS];
    size_t n = world->n_rows;
    long double sum = 0;
    long double squares = 0;
    bool same = true;

    *ret_center = 0;
    *ret_spread = 1;
    if (!world->options.scale || feature->scale == CR_SCALE_NONE) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = plain_number(feature, cr_frame_get(&world->frame, world->rows[i], col));
        x[i] = isnan(x[i]) ? impute : x[i];
        sum += x[i];
        same = same && x[i] == x[0];
    }
    for (size_t i = 0; i < n; i++) {
        squares += (x[i] - sum / n) * (x[i] - sum / n);
    }
    if (feature->scale == CR_SCALE_STANDARD) {
        *ret_center = (double)(sum / n);
        *ret_spread = (double)sqrtl(squares / n);
    } else {
        *ret_center = plain_quantile(x, n, 0.5);
        *ret_spread = plain_quantile(x, n, 0.75) - plain_quantile(x, n, 0.25);
    }
    if (same || *ret_spread == 0) {
        *ret_spread = 1;
    }
}

static void check_input(const struct world *world, const struct cr_input *input, size_t row,
                        double got)
{
    const struct cr_feature *feature = &world->features[input->feature];
    double x = plain_number(feature, cr_frame_get(&world->frame, row, input->feature));
    double impute = plain_impute(world, input->feature);
    double center;
    double spread;

    if (input->kind == CR_INPUT_INDICATOR) {
        cr_assert_same(got, isnan(x) ? 1 : 0);
        return;
    }
    x = isnan(x) ? impute : x;
    if (input->kind == CR_INPUT_LEVEL) {
        cr_assert_same(got, x == (double)input->level ? 1 : 0);
        return;
    }
    plain_scale(world, input->feature, impute, &center, &spread);
    /* a center that cancels x leaves its rounding, measured against the spread */
    cr_assert_close(got, (x - center) / spread,
                    1e-9 * fmax(1, fmax(fabs(x), fabs(center)) / spread));
}

static struct cr_pipeline *fit(const struct world *world, const size_t *rows)
{
    struct cr_pipeline *pipeline = NULL;
    struct cr_error err;

    cr_assert_ok(cr_pipeline_fit(&world->portfolio, &world->options, &world->frame, 0, rows,
                                 world->n_rows, &pipeline, &err),
                 &err);
    return pipeline;
}

static void check_saved(const struct world *world, const struct cr_pipeline *pipeline,
                        const struct cr_matrix *inputs)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *loaded = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(cr_matrix_finish) struct cr_matrix again = {0};
    struct cr_error err;

    cr_assert_ok(cr_pipeline_save(pipeline, &text, &err), &err);
    cr_assert_ok(cr_pipeline_load(&world->portfolio, text.data, text.len, &loaded, &err), &err);
    cr_assert_ok(cr_pipeline_apply_frame(loaded, &world->frame, 0, world->all, world->frame.n_rows,
                                         &again, &err),
                 &err);
    assert_int_equal(again.n_cols, inputs->n_cols);
    assert_memory_equal(again.values, inputs->values,
                        inputs->n_rows * inputs->n_cols * sizeof(double));
}

static void check_order(const struct world *world, const struct cr_pipeline *pipeline,
                        struct cr_rng *rng)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *other = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf a = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf b = CR_STRBUF_INIT;
    size_t rows[MAX_ROWS];
    struct cr_error err;

    memcpy(rows, world->rows, sizeof(rows));
    cr_rng_shuffle(rng, rows, world->n_rows);
    other = fit(world, rows);
    cr_assert_ok(cr_pipeline_save(pipeline, &a, &err), &err);
    cr_assert_ok(cr_pipeline_save(other, &b, &err), &err);
    assert_string_equal(a.data, b.data);
}

static void check_rows(const struct world *world, const struct cr_pipeline *pipeline,
                       const struct cr_matrix *inputs)
{
    for (size_t row = 0; row < world->frame.n_rows; row++) {
        struct cr_value cells[MAX_FEATURES];
        bool unknown[MAX_FEATURES] = {false};
        double alone[MAX_INPUTS];
        size_t n_unknown;

        assert_true(inputs->n_cols <= MAX_INPUTS);
        for (size_t col = 0; col < world->portfolio.n_features; col++) {
            cells[col] = cr_frame_get(&world->frame, row, col);
        }
        n_unknown = cr_pipeline_apply(pipeline, cells, alone, unknown);
        assert_memory_equal(alone, cr_matrix_row(inputs, row), inputs->n_cols * sizeof(double));
        for (size_t i = 0; i < inputs->n_cols; i++) {
            check_input(world, cr_pipeline_input(pipeline, i), row, alone[i]);
        }
        for (size_t col = 0; col < world->portfolio.n_features; col++) {
            assert_int_equal(unknown[col],
                             cr_pipeline_uses(pipeline, col) && cells[col].text != NULL &&
                                 plain_level(&world->features[col], cells[col].text) < 0);
            n_unknown -= unknown[col];
        }
        assert_int_equal(n_unknown, 0);
    }
}

static void run_case(struct cr_rng *rng)
{
    static struct world world;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    CR_CLEANUP(cr_matrix_finish) struct cr_matrix inputs = {0};
    struct cr_error err;

    cr_frame_init(&world.frame);
    make_catalogue(&world, rng);
    make_rows(&world, rng);
    pipeline = fit(&world, world.rows);
    cr_assert_ok(cr_pipeline_apply_frame(pipeline, &world.frame, 0, world.all, world.frame.n_rows,
                                         &inputs, &err),
                 &err);
    check_rows(&world, pipeline, &inputs);
    check_saved(&world, pipeline, &inputs);
    check_order(&world, pipeline, rng);
    cr_frame_finish(&world.frame);
}

static const uint64_t seed = 11;
static size_t case_number;

static void test_pipeline(void **state)
{
    size_t n = cr_test_cases(2000);

    (void)state;
    for (case_number = 0; case_number < n; case_number++) {
        struct cr_rng rng;

        cr_rng_init(&rng, seed, case_number);
        run_case(&rng);
    }
}

/* Runs after a failure, too. */
static int say_case(void **state)
{
    (void)state;
    print_message("seed %llu, stopped at case %zu\n", (unsigned long long)seed, case_number);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pipeline, say_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
