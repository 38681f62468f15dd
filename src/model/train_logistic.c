// SPDX-License-Identifier: MIT
/* Logistic regression as scikit-learn's LogisticRegression(class_weight="balanced") defines it:
 *
 *   f(w, b) = (1/n) Σ_i s_i·log(1 + e^(−y_i z_i)) + penalty,  z_i = b + Σ_j w_j x_ij,  y_i = ±1,
 *   s_i = n / (2·number of rows with row i's outcome),
 *   penalty = ‖w‖²/(2·C·n) for l2, ‖w‖₁/(C·n) for l1; the intercept b goes free.
 *
 * x is n × d, row-major. L2 is minimised by L-BFGS (J. Nocedal, 1980), L1 by OWL-QN (G. Andrew and
 * J. Gao, "Scalable training of L1-regularized log-linear models", 2007), both of liblbfgs. */
#include <jansson.h>
#include <lbfgs.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "train.h"

enum { FORMAT = 1, MAX_ITERATIONS = 100000 };

enum { PENALTY, C, N_PARAMS };

enum penalty { L1, L2 };

static const char *const penalties[] = {[L1] = "l1", [L2] = "l2", NULL};

static const struct cr_param_spec specs[N_PARAMS] = {
    [PENALTY] = {.name = "penalty", .fallback = L2, .texts = penalties},
    [C] = {.name = "C", .fallback = 1.0, .max = 1e6, .above_min = true},
};

/* What |∂f| may be at the end. */
static const double optimality = 1e-6;

/* liblbfgs's epsilon: of a rough fit, and of a full one by penalty. */
static const double rough_epsilon = 1e-4;
static const double epsilons[] = {[L1] = 1e-7, [L2] = 1e-9};

/* vars is d weights, then the intercept; x is n × d, row-major. */
struct problem {
    const double *x;
    const double *y; /* 0 and 1 */
    size_t n;
    size_t d;
    double weights[2]; /* s_i / n by outcome */
    enum penalty penalty;
    double strength; /* 1/(C·n) */
};

/* The loss's share of row i and its derivative by z_i. */
static double row_loss(const struct problem *problem, size_t i, double z, double *ret_derivative)
{
    int outcome = problem->y[i] == 1.0;
    double margin = outcome ? -z : z; /* −y·z */
    double e = exp(-fabs(z));
    double probability = margin >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
    double weight = problem->weights[outcome];

    *ret_derivative = outcome ? -weight * probability : weight * probability;
    return weight * (fmax(margin, 0.0) + log1p(e));
}

/* a·b, in four sums that the processor can work on at once. */
static double dot(const double *a, const double *b, size_t n)
{
    double sums[4] = {0};
    size_t j = 0;

    for (; j + 4 <= n; j += 4) {
        sums[0] += a[j] * b[j];
        sums[1] += a[j + 1] * b[j + 1];
        sums[2] += a[j + 2] * b[j + 2];
        sums[3] += a[j + 3] * b[j + 3];
    }
    for (; j < n; j++) {
        sums[0] += a[j] * b[j];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The smooth part of f and its gradient: liblbfgs itself adds the L1 norm. */
static double evaluate(const struct problem *problem, const double *vars, double *gradient)
{
    size_t d = problem->d;
    double loss = 0.0;

    for (size_t j = 0; j <= d; j++) {
        gradient[j] = 0.0;
    }
    for (size_t i = 0; i < problem->n; i++) {
        const double *row = problem->x + i * d;
        double derivative;

        loss += row_loss(problem, i, vars[d] + dot(row, vars, d), &derivative);
        for (size_t j = 0; j < d; j++) {
            gradient[j] += derivative * row[j];
        }
        gradient[d] += derivative;
    }
    if (problem->penalty == L2) {
        for (size_t j = 0; j < d; j++) {
            gradient[j] += problem->strength * vars[j];
        }
        loss += 0.5 * problem->strength * dot(vars, vars, d);
    }
    return loss;
}

/* lbfgs_evaluate_t; n may be rounded up, the variables beyond ours stay 0 */
static lbfgsfloatval_t on_evaluate(void *instance, const lbfgsfloatval_t *vars,
                                   lbfgsfloatval_t *gradient, const int n,
                                   const lbfgsfloatval_t step)
{
    (void)n;
    (void)step;
    return evaluate(instance, vars, gradient);
}

/* How far vars is from fulfilling the conditions of a minimum, as the largest excess of a partial
 * derivative; gradient is scratch. */
static double violation(const struct problem *problem, const double *vars, double *gradient)
{
    double lambda = problem->penalty == L1 ? problem->strength : 0.0;
    double worst;

    if (!isfinite(evaluate(problem, vars, gradient))) {
        return INFINITY;
    }
    worst = fabs(gradient[problem->d]);
    for (size_t j = 0; j < problem->d; j++) {
        double excess;

        if (vars[j] == 0.0) {
            excess = fabs(gradient[j]) - lambda;
        } else {
            excess = fabs(gradient[j] + copysign(lambda, vars[j]));
        }
        worst = fmax(worst, excess);
    }
    return worst;
}

static void problem_init(struct problem *problem, const struct cr_fit_data *data,
                         const double *params)
{
    size_t n_ones = 0;

    for (size_t i = 0; i < data->n_rows; i++) {
        n_ones += data->y[i] == 1.0;
    }
    *problem = (struct problem){
        .x = data->x,
        .y = data->y,
        .n = data->n_rows,
        .d = data->n_cols,
        .weights = {0.5 / (double)(data->n_rows - n_ones), 0.5 / (double)n_ones},
        .penalty = (enum penalty)params[PENALTY],
        .strength = 1.0 / (params[C] * (double)data->n_rows),
    };
}

static void free_vars(double **vars)
{
    lbfgs_free(*vars);
}

/* Minimises from vars on, which must come from lbfgs_malloc. A line search that rounding stops is
 * success where the conditions of a minimum hold. */
static int minimise(struct problem *problem, bool rough, double *vars, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) double *gradient = malloc((problem->d + 1) * sizeof(*gradient));
    lbfgs_parameter_t parameter;
    double excess;
    int result;

    if (gradient == NULL) {
        return cr_error_no_memory(err);
    }
    lbfgs_parameter_init(&parameter);
    parameter.m = 20;
    parameter.max_linesearch = 60;
    parameter.max_iterations = MAX_ITERATIONS;
    parameter.epsilon = rough ? rough_epsilon : epsilons[problem->penalty];
    if (problem->penalty == L1) {
        parameter.linesearch = LBFGS_LINESEARCH_BACKTRACKING;
        parameter.orthantwise_c = problem->strength;
        parameter.orthantwise_start = 0;
        parameter.orthantwise_end = (int)problem->d;
    }
    result = lbfgs((int)problem->d + 1, vars, NULL, on_evaluate, NULL, problem, &parameter);
    if (result == LBFGSERR_OUTOFMEMORY) {
        return cr_error_no_memory(err);
    }
    excess = violation(problem, vars, gradient);
    if (!isfinite(excess) || (result < 0 && !rough && excess > optimality)) {
        return cr_error_set(err, CR_EMODEL,
                            "the logistic fit does not converge (liblbfgs %d, a gradient of %g is "
                            "left)",
                            result, excess);
    }
    return 0;
}

/* means[j] of the inputs over the rows, the reference of their contributions. */
static void compute_means(const struct problem *problem, double *means)
{
    for (size_t j = 0; j < problem->d; j++) {
        means[j] = 0.0;
    }
    for (size_t i = 0; i < problem->n; i++) {
        for (size_t j = 0; j < problem->d; j++) {
            means[j] += problem->x[i * problem->d + j] / (double)problem->n;
        }
    }
}

static json_t *numbers_to_json(const double *values, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();

    for (size_t j = 0; j < n; j++) {
        if (json_array_append_new(array, json_real(values[j])) < 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static json_t *names_to_json(const char *const *names, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();

    for (size_t j = 0; j < n; j++) {
        if (json_array_append_new(array, json_string(names[j])) < 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static int write_model(const struct cr_fit_data *data, const double *params, const double *vars,
                       const double *means, struct cr_strbuf *out, struct cr_error *err)
{
    size_t d = data->n_cols;
    /* "o" takes the references over, also on failure */
    CR_CLEANUP(cr_json_decrefp)
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:o, s:o, s:f, s:{s:s, s:f}}", "format", FORMAT, "kind",
                  "logistic", "inputs", names_to_json(data->input_names, d), "weights",
                  numbers_to_json(vars, d), "means", numbers_to_json(means, d), "intercept",
                  vars[d], "params", "penalty", penalties[(size_t)params[PENALTY]], "C", params[C]);

    if (json == NULL) {
        return cr_error_no_memory(err);
    }
    cr_json_write(json, true, out);
    return cr_strbuf_check(out, err);
}

struct prepared_logistic {
    struct cr_prepared base;
    struct cr_fit_data data;
    double *rough[CR_ARRAY_LEN(epsilons)]; /* by penalty: where the last rough fit ended */
};

static void logistic_release(struct cr_prepared *base)
{
    struct prepared_logistic *prepared = (struct prepared_logistic *)base;

    if (prepared != NULL) {
        for (size_t i = 0; i < CR_ARRAY_LEN(prepared->rough); i++) {
            lbfgs_free(prepared->rough[i]);
        }
        free(prepared);
    }
}

static int logistic_prepare(const struct cr_fit_data *data, struct cr_prepared **ret_prepared,
                            struct cr_error *err)
{
    struct prepared_logistic *prepared;
    int result = cr_train_check_data(data, err);

    if (result < 0) {
        return result;
    }
    prepared = calloc(1, sizeof(*prepared));
    if (prepared == NULL) {
        return cr_error_no_memory(err);
    }
    prepared->base.trainer = &cr_logistic_trainer;
    prepared->data = *data;
    *ret_prepared = &prepared->base;
    return 0;
}

/* Where a fit starts: at zero, or where the last rough one with this penalty ended. *ret_vars stays
 * with the prepared data when rough, else it is the caller's. */
static int take_start(struct prepared_logistic *prepared, enum penalty penalty, bool rough,
                      double **ret_vars, struct cr_error *err)
{
    double *vars = rough ? prepared->rough[penalty] : NULL;

    if (vars == NULL) {
        vars = lbfgs_malloc((int)prepared->data.n_cols + 1); /* zeroed */
        if (vars == NULL) {
            return cr_error_no_memory(err);
        }
    }
    if (rough) {
        prepared->rough[penalty] = vars;
    }
    *ret_vars = vars;
    return 0;
}

static int show(const struct problem *problem, const double *vars, const struct cr_fit_watch *watch,
                struct cr_error *err)
{
    CR_CLEANUP(cr_freep) double *margins = malloc((watch->n_rows + 1) * sizeof(*margins));

    if (margins == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < watch->n_rows; i++) {
        margins[i] = vars[problem->d] + dot(watch->x + i * problem->d, vars, problem->d);
    }
    (void)watch->look(watch->context, 0, margins); /* there is nothing left to end */
    return 0;
}

static int write_fitted(const struct problem *problem, const struct cr_fit_data *data,
                        const double *params, const double *vars, struct cr_strbuf *out,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) double *means = malloc(problem->d * sizeof(*means));

    if (means == NULL) {
        return cr_error_no_memory(err);
    }
    compute_means(problem, means);
    return write_model(data, params, vars, means, out, err);
}

static int logistic_fit(struct cr_prepared *base, const struct cr_fit_options *options,
                        const struct cr_fit_watch *watch, struct cr_strbuf *out,
                        struct cr_error *err)
{
    struct prepared_logistic *prepared = (struct prepared_logistic *)base;
    CR_CLEANUP(free_vars) double *own = NULL;
    struct problem problem;
    double params[N_PARAMS];
    double *vars = NULL;
    int result;

    result = cr_train_read_params(&cr_logistic_trainer, options, params, err);
    if (result == 0) {
        problem_init(&problem, &prepared->data, params);
        result = take_start(prepared, problem.penalty, options->rough, &vars, err);
    }
    if (result < 0) {
        return result;
    }
    if (!options->rough) {
        own = vars;
    }
    result = minimise(&problem, options->rough, vars, err);
    if (result == 0 && watch != NULL) {
        result = show(&problem, vars, watch, err);
    }
    if (result == 0 && out != NULL) {
        result = write_fitted(&problem, &prepared->data, params, vars, out, err);
    }
    return result;
}

static const char *logistic_library_version(void)
{
    return "liblbfgs " CR_LBFGS_VERSION;
}

const struct cr_trainer cr_logistic_trainer = {
    .kind = "logistic",
    .params = specs,
    .n_params = N_PARAMS,
    .warm_param = "C",
    .prepare = logistic_prepare,
    .release = logistic_release,
    .fit = logistic_fit,
    .library_version = logistic_library_version,
};
