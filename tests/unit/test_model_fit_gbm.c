// SPDX-License-Identifier: MIT
/* A fit of the program's own gradient boosting: against a plain search of every cut, watched round
 * by round, on shared data, and against the model that is served. */
#include <math.h>
#include <pthread.h>

#include "../../src/model/gbm.h"
#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

/* What a plain reading of the rules says of a tree, from the residuals of its round. */
struct plain {
    const struct cr_fit_data *data;
    const struct cr_gbm_params *params;
    const struct cr_forest *forest;
    const double *residuals;
    double *margins;
};

static const double *sorted_by;

static int compare_values(const void *a, const void *b)
{
    double x = sorted_by[*(const size_t *)a], y = sorted_by[*(const size_t *)b];

    return (x > y) - (x < y);
}

/* Largest score of a cut of the rows by a column, −1 when there is none. */
static double plain_best(const struct plain *plain, size_t *rows, size_t n, size_t col)
{
    CR_CLEANUP(cr_freep) double *values = malloc(plain->data->n_rows * sizeof(*values));
    double sum = 0.0, left = 0.0, best = -1.0;

    assert_non_null(values);
    for (size_t i = 0; i < n; i++) {
        values[rows[i]] = (double)(float)plain->data->x[rows[i] * plain->data->n_cols + col];
        sum += plain->residuals[rows[i]];
    }
    sorted_by = values;
    qsort(rows, n, sizeof(*rows), compare_values);
    for (size_t i = 1; i < n; i++) {
        float a = (float)values[rows[i - 1]], b = (float)values[rows[i]];
        double n_l = (double)i, n_r = (double)(n - i), score;

        left += plain->residuals[rows[i - 1]];
        if (b > a + 1e-7f && i >= plain->params->min_samples_leaf &&
            n - i >= plain->params->min_samples_leaf) {
            score = pow(n_r * left - n_l * (sum - left), 2) / (n_l * n_r);
            best = score > best ? score : best;
        }
    }
    return best;
}

static void check_leaf(const struct plain *plain, const struct cr_forest_node *node, size_t *rows,
                       size_t n, size_t depth)
{
    double sum = 0.0, squares = 0.0, weight = 0.0;

    for (size_t i = 0; i < n; i++) {
        double r = plain->residuals[rows[i]], p = plain->data->y[rows[i]] - r;

        sum += r;
        squares += r * r;
        weight += p * (1.0 - p);
        plain->margins[rows[i]] += node->value;
    }
    cr_assert_close(node->value, plain->params->learning_rate * sum / weight,
                    1e-12 * (1.0 + fabs(node->value)));
    if (plain->params->max_features == plain->data->n_cols && depth < plain->params->max_depth &&
        n >= plain->params->min_samples_split &&
        squares / (double)n - pow(sum / (double)n, 2) > 1e-12) {
        for (size_t j = 0; j < plain->data->n_cols; j++) {
            assert_true(plain_best(plain, rows, n, j) < 0.0);
        }
    }
}

static void check_node(const struct plain *plain, int32_t index, size_t *rows, size_t n,
                       size_t depth)
{
    const struct cr_forest_node *node = &plain->forest->nodes[index];
    CR_CLEANUP(cr_freep) size_t *parted = malloc(n * sizeof(*parted));
    size_t n_left = 0, n_right = 0;
    double sum = 0.0, left = 0.0, n_l, n_r, score, best = -1.0;

    assert_non_null(parted);
    cr_assert_same(node->cover, (double)n);
    if (node->feature < 0) {
        check_leaf(plain, node, rows, n, depth);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const double *x = plain->data->x + rows[i] * plain->data->n_cols;
        bool goes_left = cr_forest_goes_left(plain->forest, node, x);

        parted[goes_left ? n_left++ : n - ++n_right] = rows[i];
        sum += plain->residuals[rows[i]];
        left += goes_left ? plain->residuals[rows[i]] : 0.0;
    }
    n_l = (double)n_left;
    n_r = (double)n_right;
    score = pow(n_r * left - n_l * (sum - left), 2) / (n_l * n_r);
    for (size_t j = 0; j < plain->data->n_cols; j++) {
        if (plain->params->max_features == plain->data->n_cols || (int32_t)j == node->feature) {
            double other = plain_best(plain, rows, n, j);

            best = other > best ? other : best;
        }
    }
    cr_assert_close(score, best, 1e-9 * (1.0 + best));
    assert_true(depth < plain->params->max_depth && n >= plain->params->min_samples_split &&
                n_left >= plain->params->min_samples_leaf &&
                n_right >= plain->params->min_samples_leaf);
    check_node(plain, node->left, parted, n_left, depth + 1);
    check_node(plain, node->right, parted + n_left, n_right, depth + 1);
}

/* Follows the rounds of a fit on all rows, tree by tree. */
static void check_forest(const struct cr_fit_data *data, const struct cr_gbm_params *params,
                         const struct cr_forest *forest)
{
    CR_CLEANUP(cr_freep) double *residuals = malloc(data->n_rows * sizeof(*residuals));
    CR_CLEANUP(cr_freep) double *margins = malloc(data->n_rows * sizeof(*margins));
    CR_CLEANUP(cr_freep) size_t *rows = malloc(data->n_rows * sizeof(*rows));
    const struct plain plain = {data, params, forest, residuals, margins};

    assert_true(residuals != NULL && margins != NULL && rows != NULL);
    for (size_t i = 0; i < data->n_rows; i++) {
        margins[i] = forest->base_margin;
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        for (size_t i = 0; i < data->n_rows; i++) {
            residuals[i] = data->y[i] - 1.0 / (1.0 + exp(-margins[i]));
            rows[i] = i;
        }
        check_node(&plain, forest->roots[t], rows, data->n_rows, 0);
    }
}

static void every_cut_is_the_best(void **state)
{
    static const struct {
        size_t n_rows;
        size_t n_cols;
        struct cr_gbm_params params;
    } cases[] = {
        {900, 12, {6, 4, .1, 1, 12, 2, 1}},   {900, 12, {6, 4, .3, 1, 3, 2, 1}},
        {900, 12, {6, 7, .1, 1, 9, 12, 4}},   {150, 12, {6, 20, 1, 1, 12, 2, 1}},
        {2500, 5, {4, 3, .1, 1, 5, 2, 40}},   {40, 4, {10, 3, .1, 1, 1, 2, 2}},
        {1000, 6, {4, 6, .1, 1, 2, 200, 50}}, {8, 4, {10, 3, .1, 1, 4, 2, 1}},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_gbm_data_destroyp) struct cr_gbm_data *gbm = NULL;
        CR_CLEANUP(cr_forest_finish) struct cr_forest forest = {0};
        const struct cr_gbm_fit settings = {.params = cases[i].params, .seed = 3};
        struct model_data data;
        struct cr_error err;

        model_data_init(&data, cases[i].n_rows, cases[i].n_cols, i);
        cr_assert_ok(cr_gbm_data_create(&data.fit, &gbm, &err), &err);
        cr_assert_ok(cr_gbm_fit(gbm, &settings, &forest, &err), &err);
        cr_assert_ok(cr_forest_validate(&forest, &err), &err);
        check_forest(&data.fit, &cases[i].params, &forest);
        model_data_finish(&data);
    }
}

/* One data set, several fits: on some of its rows, watched from outside. */
enum { N_ROWS = 1500, N_COLS = 12 };

static struct model_data shared;

struct watch {
    size_t n_rounds;
    size_t stop_after;
    int result;
    double margins[N_ROWS];
};

static int on_round(void *context, const struct cr_forest *forest, const double *margins,
                    struct cr_error *err)
{
    struct watch *watch = context;

    watch->n_rounds++;
    assert_int_equal(forest->n_trees, watch->n_rounds);
    memcpy(watch->margins, margins, sizeof(watch->margins));
    if (watch->n_rounds < watch->stop_after) {
        return 0;
    }
    return watch->result < 0 ? cr_error_set(err, watch->result, "enough") : watch->result;
}

static void a_hook_sees_margins_of_all_rows(void **state)
{
    CR_CLEANUP(cr_gbm_data_destroyp) struct cr_gbm_data *gbm = NULL;
    CR_CLEANUP(cr_forest_finish) struct cr_forest forest = {0};
    uint32_t rows[N_ROWS];
    struct watch watch = {.stop_after = 7, .result = 1};
    struct cr_gbm_fit settings = {.params = {50, 4, .1, .6, 4, 2, 3},
                                  .seed = 5,
                                  .rows = rows,
                                  .on_round = on_round,
                                  .context = &watch};
    struct cr_error err;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (i % 3 != 0) {
            rows[settings.n_rows++] = (uint32_t)i;
        }
    }
    cr_assert_ok(cr_gbm_data_create(&shared.fit, &gbm, &err), &err);
    cr_assert_ok(cr_gbm_fit(gbm, &settings, &forest, &err), &err);
    assert_int_equal(forest.n_trees, 7);
    cr_assert_same(forest.nodes[0].cover, 600.0);
    for (size_t i = 0; i < N_ROWS; i++) {
        cr_assert_same(cr_forest_margin(&forest, shared.x + i * N_COLS), watch.margins[i]);
    }

    watch = (struct watch){.stop_after = 2, .result = CR_EIO};
    cr_forest_finish(&forest);
    assert_int_equal(cr_gbm_fit(gbm, &settings, &forest, &err), CR_EIO);
    assert_string_equal(err.message, "enough");
    assert_null(forest.nodes);
}

/* What the trainer writes is what was fitted, to the last bit. */
static void a_served_model_is_the_trained_one(void **state)
{
    static const struct cr_param params[] = {
        {"n_estimators", {40, NULL}},    {"max_depth", {5, NULL}},
        {"learning_rate", {.05, NULL}},  {"subsample", {.7, NULL}},
        {"max_features", {NAN, "sqrt"}}, {"min_samples_split", {6, NULL}},
        {"min_samples_leaf", {2, NULL}}};
    CR_CLEANUP(cr_gbm_data_destroyp) struct cr_gbm_data *gbm = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    CR_CLEANUP(cr_forest_finish) struct cr_forest forest = {0};
    struct watch watch = {.stop_after = 1000};
    const struct cr_gbm_fit settings = {
        .params = {40, 5, .05, .7, 3, 6, 2}, .seed = 9, .on_round = on_round, .context = &watch};
    struct cr_model *model;
    double row[N_COLS];
    struct cr_error err;
    struct cr_rng rng;

    (void)state;
    model_data_fit("gbm", &shared, params, CR_ARRAY_LEN(params), 9, &file);
    model = model_data_load("gbm", &file, N_COLS);
    cr_assert_ok(cr_gbm_data_create(&shared.fit, &gbm, &err), &err);
    cr_assert_ok(cr_gbm_fit(gbm, &settings, &forest, &err), &err);
    for (size_t i = 0; i < N_ROWS; i++) {
        cr_assert_same(cr_model_margin(model, shared.x + i * N_COLS), watch.margins[i]);
    }
    cr_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < 2000; i++) {
        adversarial_row(&forest, &rng, row);
        cr_assert_same(cr_model_margin(model, row), cr_forest_margin(&forest, row));
    }
    cr_model_destroy(model);
}

struct job {
    const struct cr_gbm_data *data;
    struct cr_gbm_fit settings;
    struct cr_forest forest;
    int result;
    struct cr_error err;
};

static void *run_job(void *argument)
{
    struct job *job = argument;

    job->result = cr_gbm_fit(job->data, &job->settings, &job->forest, &job->err);
    return NULL;
}

static void threads_share_the_data(void **state)
{
    CR_CLEANUP(cr_gbm_data_destroyp) struct cr_gbm_data *gbm = NULL;
    struct job jobs[4];
    pthread_t threads[2];
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_gbm_data_create(&shared.fit, &gbm, &err), &err);
    for (size_t i = 0; i < 4; i++) { /* 0 and 2 alone, 1 and 3 the same together */
        jobs[i] = (struct job){
            .data = gbm,
            .settings = {.params = {40, 4, .1, .8, i < 2 ? 3 : 9, 2, 1}, .seed = i / 2},
        };
    }
    for (size_t i = 0; i < 2; i++) {
        (void)run_job(&jobs[2 * i]);
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[2 * i + 1]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct cr_forest *alone = &jobs[2 * i].forest, *together = &jobs[2 * i + 1].forest;

        assert_int_equal(pthread_join(threads[i], NULL), 0);
        cr_assert_ok(jobs[2 * i].result, &jobs[2 * i].err);
        cr_assert_ok(jobs[2 * i + 1].result, &jobs[2 * i + 1].err);
        assert_int_equal(alone->n_nodes, together->n_nodes);
        for (size_t k = 0; k < alone->n_nodes; k++) {
            assert_int_equal(alone->nodes[k].feature, together->nodes[k].feature);
            cr_assert_same(alone->nodes[k].threshold, together->nodes[k].threshold);
            cr_assert_same(alone->nodes[k].value, together->nodes[k].value);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        cr_forest_finish(&jobs[i].forest);
    }
}

static int setup(void **state)
{
    (void)state;
    model_data_init(&shared, N_ROWS, N_COLS, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_data_finish(&shared);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_is_the_best),
        cmocka_unit_test(a_hook_sees_margins_of_all_rows),
        cmocka_unit_test(a_served_model_is_the_trained_one),
        cmocka_unit_test(threads_share_the_data),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
