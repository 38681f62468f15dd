// SPDX-License-Identifier: MIT
/* Scale: z = (x − center) / spread, over the imputed values x[0..n) of the fit's rows.
 *
 *     standard   center = mean, spread = √(Σ(x − mean)² / n)
 *     robust     center = median, spread = q(.75) − q(.25), where q(p) interpolates linearly
 * between the sorted values around position p·(n − 1)
 *
 * as scikit-learn's StandardScaler and RobustScaler (numpy's default quantile, type 7 of Hyndman
 * and Fan 1996). A spread of 0 becomes 1. */
#include <math.h>
#include <stdlib.h>

#include "step.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

void cr_step_sort(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), ascending);
}

/* values is sorted. From the nearer neighbour, as numpy does, so that the same data give the same
 * bits. */
static double quantile(const double *values, size_t n, double p)
{
    double position = p * (double)(n - 1);
    size_t below = (size_t)position;
    size_t above = below + 1 < n ? below + 1 : below;
    double t = position - (double)below;
    double step = values[above] - values[below];

    return t < 0.5 ? values[below] + step * t : values[above] - step * (1 - t);
}

/* Two passes; the second also takes out what rounding left of the mean. */
static void fit_standard(struct cr_step *step, const double *values, size_t n)
{
    double sum = 0;
    double rest = 0;
    double squares = 0;
    double mean;

    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = values[i] - mean;

        rest += d;
        squares += d * d;
    }
    step->center = mean + rest / (double)n;
    step->spread = sqrt(fmax(squares - rest * rest / (double)n, 0) / (double)n);
}

void cr_scale_fit(struct cr_step *step, double *values, size_t n)
{
    cr_step_sort(values, n);
    if (values[0] == values[n - 1]) {
        step->center = values[0]; /* a mean could miss it by a rounding, and the spread 0 */
        step->spread = 0;
    } else if (step->feature->scale == CR_SCALE_STANDARD) {
        fit_standard(step, values, n);
    } else {
        step->center = quantile(values, n, 0.5);
        step->spread = quantile(values, n, 0.75) - quantile(values, n, 0.25);
    }
    step->center += 0.0; /* −0 becomes 0 */
    if (step->spread == 0) {
        step->spread = 1;
    }
}

int cr_scale_save(const struct cr_step *step, json_t *entry, struct cr_error *err)
{
    int result = 0;

    if (step->scaled) {
        result = cr_step_put(entry, "center", json_real(step->center), err);
    }
    if (step->scaled && result == 0) {
        result = cr_step_put(entry, "spread", json_real(step->spread), err);
    }
    return result;
}

int cr_scale_load(struct cr_step *step, const json_t *entry, struct cr_error *err)
{
    double center = 0;
    double spread = 1;
    int result = 0;

    if (step->scaled) {
        result = cr_step_number(step, entry, "center", &center, err);
    }
    if (step->scaled && result == 0) {
        result = cr_step_number(step, entry, "spread", &spread, err);
    }
    if (result == 0 && spread <= 0) {
        result = cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                             "'spread' of feature '%s' is '%g', not positive", step->feature->name,
                             spread);
    }
    if (result == 0) {
        step->center = center;
        step->spread = spread;
    }
    return result;
}
