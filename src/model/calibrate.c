// SPDX-License-Identifier: MIT
/* Platt scaling (J. Platt, "Probabilistic outputs for support vector machines", 1999) with the
 * plain targets y ∈ {0, 1}, by Newton's method with step halving (H.-T. Lin, C.-J. Lin, R. Weng,
 * "A note on Platt's probabilistic outputs for support vector machines", 2007, algorithm 1):
 *
 *   f(a, b) = (1/n) Σ log(1 + e^m_i) − y_i·m_i,   m_i = a·t_i + b,   t_i = (raw_i − mean) / sd
 *
 * which is convex, and strictly so where the t_i differ. The standardised t make the 2 × 2 Hessian
 * well conditioned; the result is turned back to raw margins at the end. A finite minimum exists
 * exactly when the margins of the two outcomes overlap. */
#include "creditrisk/model/calibrate.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { FORMAT = 1, MAX_STEPS = 200, MAX_HALVINGS = 60 };

static const char file_name[] = "calibration.json";

/* What the fit reads: n raw margins with their mean and standard deviation, and outcomes. */
struct sample {
    const double *raw;
    const double *y;
    size_t n;
    double mean;
    double sd;
};

/* f at (a, b), its gradient and its Hessian. */
struct newton {
    double value;
    double da, db;
    double daa, dab, dbb;
};

static int check_rows(const double *raw, const double *y, size_t n, struct cr_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(raw[i])) {
            return cr_error_set(err, CR_EINVAL, "the raw margin of row %zu is not finite: '%g'", i,
                                raw[i]);
        }
        if (y[i] != 0.0 && y[i] != 1.0) {
            return cr_error_set(err, CR_EINVAL, "the outcome of row %zu is neither 0 nor 1: '%g'",
                                i, y[i]);
        }
    }
    return 0;
}

/* Whether the two outcomes' margins overlap, each reaching beyond the other's nearest. */
static int check_overlap(const double *raw, const double *y, size_t n, struct cr_error *err)
{
    double min[2] = {INFINITY, INFINITY};
    double max[2] = {-INFINITY, -INFINITY};

    for (size_t i = 0; i < n; i++) {
        int outcome = y[i] == 1.0;

        min[outcome] = fmin(min[outcome], raw[i]);
        max[outcome] = fmax(max[outcome], raw[i]);
    }
    if (min[0] > max[0] || min[1] > max[1]) {
        return cr_error_set(err, CR_EMODEL, "cannot calibrate on one outcome only");
    }
    if (fmin(min[0], min[1]) == fmax(max[0], max[1])) {
        return cr_error_set(
            err, CR_EMODEL,
            "cannot calibrate: all margins are equal, as no input tells the outcome");
    }
    if (max[0] <= min[1] || max[1] <= min[0]) {
        return cr_error_set(
            err, CR_EMODEL,
            "cannot calibrate: the margins separate the outcomes completely, as where "
            "an input knows the outcome");
    }
    return 0;
}

/* Mean and standard deviation of the raw margins; the scale keeps squares from overflowing. */
static void standardise(struct sample *sample)
{
    double scale = 0.0, sum = 0.0, squares = 0.0;
    double n = (double)sample->n;

    for (size_t i = 0; i < sample->n; i++) {
        scale = fmax(scale, fabs(sample->raw[i]));
    }
    for (size_t i = 0; i < sample->n; i++) {
        sum += sample->raw[i] / scale;
    }
    for (size_t i = 0; i < sample->n; i++) {
        double distance = sample->raw[i] / scale - sum / n;

        squares += distance * distance;
    }
    sample->mean = scale * (sum / n);
    sample->sd = scale * sqrt(squares / n);
}

static struct newton evaluate(const struct sample *sample, double a, double b)
{
    struct newton at = {0};
    double n = (double)sample->n;

    for (size_t i = 0; i < sample->n; i++) {
        double t = (sample->raw[i] - sample->mean) / sample->sd;
        double m = a * t + b;
        double e = exp(-fabs(m));
        double pd = m >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
        double curvature = e / ((1.0 + e) * (1.0 + e));

        at.value += fmax(m, 0.0) - sample->y[i] * m + log1p(e);
        at.da += (pd - sample->y[i]) * t;
        at.db += pd - sample->y[i];
        at.daa += curvature * t * t;
        at.dab += curvature * t;
        at.dbb += curvature;
    }
    return (struct newton){at.value / n, at.da / n, at.db / n, at.daa / n, at.dab / n, at.dbb / n};
}

/* Halves the step until f has decreased enough; 0 when no step does. */
static double step_length(const struct sample *sample, const struct newton *at, double a, double b,
                          double da, double db)
{
    double slope = at->da * da + at->db * db;
    double length = 1.0;

    for (int halving = 0; halving < MAX_HALVINGS; halving++) {
        struct newton next = evaluate(sample, a + length * da, b + length * db);

        if (next.value <= at->value + 1e-4 * length * slope) {
            return length;
        }
        length /= 2.0;
    }
    return 0.0;
}

/* Minimises f; false when it does not settle. `gain` is the step's predicted gain, twice, and the
 * mean square of what the step changes at the margins, weighed by curvature: it judges convergence
 * in any units. Close to the minimum the full step is right, and rounding hides from a line search
 * what is left. */
static bool minimise(const struct sample *sample, double *ret_a, double *ret_b)
{
    double a = 0.0, b = 0.0;

    for (int step = 0; step < MAX_STEPS; step++) {
        struct newton at = evaluate(sample, a, b);
        double determinant = at.daa * at.dbb - at.dab * at.dab;
        double da = -(at.dbb * at.da - at.dab * at.db) / determinant;
        double db = -(at.daa * at.db - at.dab * at.da) / determinant;
        double gain = -(at.da * da + at.db * db);
        double length = 1.0;

        if (!(determinant > 0.0) || !isfinite(da) || !isfinite(db)) {
            return false;
        }
        if (gain > 1e-10) {
            length = step_length(sample, &at, a, b, da, db);
        }
        if (length == 0.0) {
            return false;
        }
        a += length * da;
        b += length * db;
        if (gain <= 1e-20) {
            *ret_a = a;
            *ret_b = b;
            return true;
        }
    }
    return false;
}

int cr_calibrate_fit(const double *raw, const double *y, size_t n,
                     struct cr_calibration *ret_calibration, struct cr_error *err)
{
    struct sample sample = {.raw = raw, .y = y, .n = n};
    struct cr_calibration fitted;
    double a, b;
    int result;

    result = check_rows(raw, y, n, err);
    if (result == 0) {
        result = check_overlap(raw, y, n, err);
    }
    if (result < 0) {
        return result;
    }
    standardise(&sample);
    if (!minimise(&sample, &a, &b)) {
        return cr_error_set(err, CR_EMODEL, "the calibration does not converge");
    }
    fitted.slope = a / sample.sd;
    fitted.intercept = b - fitted.slope * sample.mean;
    if (!isfinite(fitted.slope) || !isfinite(fitted.intercept) || fitted.slope <= 0.0) {
        return cr_error_set(err, CR_EMODEL,
                            "the slope of the calibration must be positive, not '%g': the model "
                            "ranks no better than chance, as when no input tells the outcome",
                            fitted.slope);
    }
    *ret_calibration = fitted;
    return 0;
}

double cr_calibrate_pd(double margin)
{
    double e = exp(-fabs(margin));

    return margin >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

int cr_calibrate_save(const struct cr_calibration *calibration, struct cr_strbuf *out,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = json_pack("{s:i, s:f, s:f}", "format", FORMAT, "slope", calibration->slope,
                             "intercept", calibration->intercept);

    if (json == NULL) {
        return cr_error_no_memory(err);
    }
    cr_json_write(json, true, out);
    return cr_strbuf_check(out, err);
}

int cr_calibrate_load(const char *text, size_t len, struct cr_calibration *ret_calibration,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    struct cr_calibration loaded;
    double format;
    int result;

    result = cr_json_parse(file_name, text, len, &json, err);
    if (result < 0) {
        return result;
    }
    result = cr_json_get_number(json, "format", file_name, false, &format, err);
    if (result == 0) {
        result = cr_json_get_number(json, "slope", file_name, false, &loaded.slope, err);
    }
    if (result == 0) {
        result = cr_json_get_number(json, "intercept", file_name, false, &loaded.intercept, err);
    }
    if (result < 0) {
        return result;
    }
    if (format != FORMAT) {
        return cr_error_set(err, CR_EMODEL, "%s: unknown format '%g'", file_name, format);
    }
    if (!isfinite(loaded.slope) || loaded.slope <= 0.0 || !isfinite(loaded.intercept)) {
        return cr_error_set(err, CR_EMODEL, "%s: slope '%g' or intercept '%g' is out of range",
                            file_name, loaded.slope, loaded.intercept);
    }
    *ret_calibration = loaded;
    return 0;
}
